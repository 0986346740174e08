/* SPDX-License-Identifier: MIT */
/*
 * How many entries lie in a range, without counting them. LMDB's pages do not say how many entries
 * are below them, so the key space itself is measured: the range is cut into strata, each
 * known by its first and last key and by a short run of entries at either end. The share of
 * the stratum's key space that its runs cover says how many entries it holds; the stratum
 * with the largest estimate is cut again at its middle, up to STRATA_MAX of them, so that
 * samples go where the entries are.
 *
 * Distance between keys is that between numbers whose digits are the key's bytes, in a base of only
 * the classes of bytes that the sampled keys use: decimal text then counts by tens. Bytes as digits
 * of base 256 were tried first and take a gap between "09" and "10" for 24 times that between "08"
 * and "09", which made estimates of decimal keys wrong by orders of magnitude. Also rejected:
 * counters in the tree, which every write would pay for.
 */
#include <string.h>

#include "bucket_internal.h"

#define ESTIMATE_EXACT_ENTRIES 1000 /* up to here entries are counted */
#define ESTIMATE_STRATA_MAX 48
#define ESTIMATE_RUN_STEPS 8
#define ESTIMATE_DIGITS 12 /* as many as a double resolves, even in a small base */

typedef struct estimate_key {
  size_t size;
  unsigned char bytes[TV_KEY_BYTES_MAX];
} estimate_key;

/* A stretch of the range that begins and ends with an entry. */
typedef struct estimate_stratum {
  estimate_key first, head_end, tail_begin, last;
  unsigned head_steps, tail_steps;
  int whole; /* 1: cannot be cut further */
  double entries;
} estimate_stratum;

typedef struct estimate_state {
  tv_cursor *cursor;
  unsigned char seen[256];   /* bytes that occur in keys behind the range's common prefix */
  unsigned short digit[257]; /* digit[b]: how many seen bytes are less than b */
  size_t prefix;             /* common to all keys of the range */
  unsigned n;
  estimate_stratum strata[ESTIMATE_STRATA_MAX];
} estimate_state;

static void estimate_key_set(estimate_state *state, estimate_key *to, tv_slice key) {
  size_t i, end = state->prefix + ESTIMATE_DIGITS;
  to->size = key.size < sizeof to->bytes ? key.size : sizeof to->bytes;
  memmove(to->bytes, key.data, to->size); /* it may be set from itself */
  if (end > to->size) end = to->size;
  for (i = state->prefix; i < end; i++) state->seen[to->bytes[i]] = 1;
}

static tv_slice estimate_slice(const estimate_key *key) {
  return tv_bytes(key->bytes, key->size);
}

/* When one byte of a class was seen, the class is taken to be in use: the few samples of
 * a large range never hold all of it. */
static void estimate_class_complete(estimate_state *state, unsigned from, unsigned to) {
  unsigned i, any = 0;
  for (i = from; i <= to; i++) any |= state->seen[i];
  for (i = from; any != 0 && i <= to; i++) state->seen[i] = 1;
}

static void estimate_digits_assign(estimate_state *state) {
  unsigned i, binary = 0;
  for (i = 0; i < 256; i++)
    if (i < 0x20 || i >= 0x7f) binary |= state->seen[i];
  if (binary) {
    estimate_class_complete(state, 0, 255);
  } else {
    estimate_class_complete(state, '0', '9');
    estimate_class_complete(state, 'A', 'F'); /* with digits alone: hex */
    estimate_class_complete(state, 'a', 'f');
    for (i = 'g'; i <= 'z' && !state->seen[i]; i++) continue;
    if (i <= 'z') estimate_class_complete(state, 'a', 'z');
    for (i = 'G'; i <= 'Z' && !state->seen[i]; i++) continue;
    if (i <= 'Z') estimate_class_complete(state, 'A', 'Z');
  }
  state->digit[0] = 0;
  for (i = 0; i < 256; i++)
    state->digit[i + 1] = (unsigned short)(state->digit[i] + (state->seen[i] ? 1 : 0));
}

/* Digit 0 stands for the end of a key. */
static double estimate_base(const estimate_state *state) {
  return 1.0 + state->digit[256];
}

static size_t estimate_common(const estimate_key *a, const estimate_key *b) {
  size_t n = 0;
  while (n < a->size && n < b->size && a->bytes[n] == b->bytes[n]) n++;
  return n;
}

/* A key's place between 0 and 1 among the keys with the same first `prefix` bytes. */
static double estimate_place(const estimate_state *state, const estimate_key *key, size_t prefix) {
  double base = estimate_base(state), scale = 1.0, place = 0.0;
  size_t i;
  for (i = prefix; i < key->size && i < prefix + ESTIMATE_DIGITS; i++) {
    scale /= base;
    place += scale * (1.0 + state->digit[key->bytes[i]]);
  }
  return place;
}

/* The key at a place: the inverse of estimate_place. */
static void estimate_key_at(const estimate_state *state, double place, const estimate_key *like,
                            size_t prefix, estimate_key *out) {
  unsigned char bytes[257];
  double base = estimate_base(state);
  unsigned i, n = 0;

  for (i = 0; i < 256; i++)
    if (state->seen[i]) bytes[n++] = (unsigned char)i;
  memcpy(out->bytes, like->bytes, prefix);
  out->size = prefix;
  for (i = 0; i < ESTIMATE_DIGITS && out->size < sizeof out->bytes; i++) {
    unsigned digit;
    place *= base;
    digit = (unsigned)place;
    place -= digit;
    if (digit == 0) break;
    out->bytes[out->size++] = bytes[digit <= n ? digit - 1 : n - 1];
  }
}

/* Estimates the entries of a stratum from what its two runs cover. */
static void estimate_weigh(const estimate_state *state, estimate_stratum *s) {
  size_t prefix = estimate_common(&s->first, &s->last);
  double first = estimate_place(state, &s->first, prefix);
  double span = estimate_place(state, &s->last, prefix) - first;
  double covered = estimate_place(state, &s->head_end, prefix) - first;
  double steps = s->head_steps + s->tail_steps;

  covered += span - (estimate_place(state, &s->tail_begin, prefix) - first);
  s->entries = 1.0 + steps;
  if (covered > 0 && covered < span) s->entries = 1.0 + steps * (span / covered);
  if (covered <= 0) s->whole = 1; /* the runs are too close together to be told apart */
}

/* Walks a few entries from where the cursor stands on `at`, not beyond `end`. */
static int estimate_run(estimate_state *state, int forward, const estimate_key *at,
                        const estimate_key *end, estimate_key *out, unsigned *steps) {
  tv_slice key = estimate_slice(at);
  unsigned n;

  *out = *at;
  for (n = 0; n < ESTIMATE_RUN_STEPS; n++) {
    int status = forward ? tv_cursor_next(state->cursor, &key, NULL)
                         : tv_cursor_prev(state->cursor, &key, NULL);
    int order;
    if (status == TV_END) break;
    if (status != TV_OK) return status;
    order = tvi_kv_compare(key, estimate_slice(end));
    if (forward ? order > 0 : order < 0) break;
    estimate_key_set(state, out, key);
  }
  *steps = n;
  return TV_OK;
}

/* Cuts stratum `at` in two at the middle of its key space. */
static int estimate_cut(estimate_state *state, unsigned at) {
  estimate_stratum *left = &state->strata[at];
  estimate_stratum *right = &state->strata[state->n];
  size_t prefix = estimate_common(&left->first, &left->last);
  double low = estimate_place(state, &left->first, prefix);
  double high = estimate_place(state, &left->last, prefix);
  estimate_key middle;
  tv_slice key;
  int status;

  estimate_key_at(state, low + (high - low) / 2, &left->first, prefix, &middle);
  left->whole = 1; /* unless the cut succeeds */
  if (middle.size == 0) return TV_OK;
  status = tv_cursor_seek(state->cursor, estimate_slice(&middle), &key, NULL);
  if (status != TV_OK) return status == TV_END ? TV_OK : status;
  if (tvi_kv_compare(key, estimate_slice(&left->first)) <= 0 ||
      tvi_kv_compare(key, estimate_slice(&left->last)) > 0)
    return TV_OK;
  right->last = left->last;
  right->tail_begin = left->tail_begin;
  right->tail_steps = left->tail_steps;
  estimate_key_set(state, &right->first, key);
  status =
      estimate_run(state, 1, &right->first, &right->last, &right->head_end, &right->head_steps);
  if (status != TV_OK) return status;
  status = tv_cursor_seek_before(state->cursor, estimate_slice(&right->first), &key, NULL);
  if (status != TV_OK) return status == TV_END ? TV_OK : status;
  estimate_key_set(state, &left->last, key);
  status = estimate_run(state, 0, &left->last, &left->first, &left->tail_begin, &left->tail_steps);
  if (status != TV_OK) return status;
  left->whole = 0;
  right->whole = 0;
  state->n++;
  return TV_OK;
}

static void estimate_weigh_all(estimate_state *state) {
  unsigned i, known = state->digit[256];
  estimate_digits_assign(state);
  for (i = 0; i < state->n; i++) {
    /* Old weights stay right while the digits mean the same. */
    if (state->digit[256] == known && i != state->n - 1 && state->strata[i].entries > 0) continue;
    estimate_weigh(state, &state->strata[i]);
  }
}

/* Finds the first stratum, the range itself. `to` empty: to the end. */
static int estimate_begin(estimate_state *state, tv_range range) {
  estimate_stratum *s = &state->strata[0];
  tv_slice key;
  int status;

  state->prefix = TV_KEY_BYTES_MAX; /* no digits are taken before it is known */
  status = range.to.size > 0 ? tv_cursor_seek_before(state->cursor, range.to, &key, NULL)
                             : tv_cursor_last(state->cursor, &key, NULL);
  if (status != TV_OK) return status;
  estimate_key_set(state, &s->last, key);
  status = range.from.size > 0 ? tv_cursor_seek(state->cursor, range.from, &key, NULL)
                               : tv_cursor_first(state->cursor, &key, NULL);
  if (status != TV_OK) return status;
  estimate_key_set(state, &s->first, key);
  state->prefix = estimate_common(&s->first, &s->last);
  estimate_key_set(state, &s->first, estimate_slice(&s->first));
  estimate_key_set(state, &s->last, estimate_slice(&s->last));
  status = estimate_run(state, 1, &s->first, &s->last, &s->head_end, &s->head_steps);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(state->cursor, estimate_slice(&s->last), &key, NULL);
  if (status != TV_OK) return status;
  status = estimate_run(state, 0, &s->last, &s->first, &s->tail_begin, &s->tail_steps);
  state->n = 1;
  return status;
}

static int estimate_sample(tv_bucket *bucket, tv_cursor *cursor, tv_range range, double *sum) {
  estimate_state *state = tvi_zalloc(sizeof *state);
  unsigned i, tries;
  int status;

  if (state == NULL)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_ENOMEM, 0,
                        "bucket '%s': out of memory for an estimate",
                        tvi_store_name(bucket->store));
  state->cursor = cursor;
  status = estimate_begin(state, range);
  for (tries = 0; status == TV_OK && tries < 2 * ESTIMATE_STRATA_MAX; tries++) {
    unsigned most = state->n;
    estimate_weigh_all(state);
    for (i = 0; i < state->n; i++) {
      if (state->strata[i].whole) continue;
      if (most == state->n || state->strata[i].entries > state->strata[most].entries) most = i;
    }
    if (most == state->n || state->n == ESTIMATE_STRATA_MAX) break;
    status = estimate_cut(state, most);
    state->strata[most].entries = 0; /* to be weighed again */
  }
  *sum = 0;
  for (i = 0; i < state->n; i++) {
    estimate_weigh(state, &state->strata[i]);
    *sum += state->strata[i].entries;
  }
  tvi_free(state);
  return status;
}

/* Counts entries up to the bound; *n becomes one more when there are more. */
static int estimate_exact(tv_cursor *cursor, tv_range range, uint64_t *n) {
  tv_slice key;
  int status = range.from.size > 0 ? tv_cursor_seek(cursor, range.from, &key, NULL)
                                   : tv_cursor_first(cursor, &key, NULL);
  *n = 0;
  while (status == TV_OK && *n <= ESTIMATE_EXACT_ENTRIES) {
    if (range.to.size > 0 && tvi_kv_compare(key, range.to) >= 0) return TV_OK;
    ++*n;
    status = tv_cursor_next(cursor, &key, NULL);
  }
  return status == TV_END ? TV_OK : status;
}

int tv_kv_count_estimate(tv_bucket *bucket, tv_range range, uint64_t *count) {
  tv_cursor *cursor;
  uint64_t n, all;
  double sum = 0;
  int status;

  *count = 0;
  status = tv_store_count(bucket->store, &all);
  if (status == TV_OK && range.from.size > 0) status = tvi_kv_key_check(bucket, range.from);
  if (status == TV_OK && range.to.size > 0) status = tvi_kv_key_check(bucket, range.to);
  if (status != TV_OK) return status;
  if (range.from.size == 0 && range.to.size == 0) {
    *count = all;
    return TV_OK;
  }
  status = tv_cursor_open(bucket->store, &cursor);
  if (status != TV_OK) return status;
  status = estimate_exact(cursor, range, &n);
  if (status == TV_OK && n > ESTIMATE_EXACT_ENTRIES) {
    status = estimate_sample(bucket, cursor, range, &sum);
    if (sum > (double)n) n = sum < (double)all ? (uint64_t)sum : all;
  }
  tv_cursor_close(cursor);
  if (status == TV_OK) *count = n;
  return status;
}
