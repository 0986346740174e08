/* SPDX-License-Identifier: MIT */
/*
 * Dictionaries from samples, by the idea of zstd's FASTCOVER: count in how many samples each
 * stretch of 8 bytes occurs (in a hash table, collisions accepted), then take from each part of the
 * samples the segment whose stretches are the most frequent ones, strike those stretches
 * out, and go round again until the dictionary is full. The length of the segments matters and
 * depends on the data: several are tried on some samples and judged by compressing others.
 * Rejected: the suffix-array version, slightly better and much longer; simply joining
 * samples, which compresses records some tenth worse and fills up with repetition.
 */
#include <string.h>

#include "bucket_internal.h"
#include "encode_internal.h"

#define TRAIN_STRETCH 8         /* bytes counted together */
#define TRAIN_TABLE_BITS_MIN 20 /* the table has 4 places for each byte of the samples, ... */
#define TRAIN_TABLE_BITS_MAX 22 /* ... but no more than this */
#define TRAIN_JUDGES_MAX 400    /* samples compressed to judge a dictionary */
#define TRAIN_SAMPLES_TO_SPLIT 20
#define TRAIN_BYTES_MAX ((size_t)1 << 31)
#define TRAIN_EMPTY_PARTS 8 /* so many parts in a row without a find: nothing is left */

typedef struct train_state {
  unsigned table_bits;
  size_t table_size;
  unsigned char *text;  /* the samples, one behind the other */
  size_t *starts;       /* where each begins; starts[n] is the end */
  uint32_t *frequency;  /* of each stretch, by hash */
  uint32_t *last;       /* the last sample that had it, + 1; then: how often in the window */
  unsigned char *built; /* the dictionary in work, filled from its end */
  size_t capacity;
} train_state;

static size_t train_hash(const train_state *state, const unsigned char *p) {
  return (size_t)((tvi_load_le64(p) * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - state->table_bits));
}

/* Counts the samples that hold each stretch; with `hold` every fourth is left out for judging. */
static void train_count(train_state *state, size_t n, int hold) {
  size_t i, at;
  memset(state->frequency, 0, state->table_size * sizeof *state->frequency);
  memset(state->last, 0, state->table_size * sizeof *state->last);
  for (i = 0; i < n; i++) {
    if (hold && i % 4 == 3) continue;
    for (at = state->starts[i]; at + TRAIN_STRETCH <= state->starts[i + 1]; at++) {
      size_t h = train_hash(state, state->text + at);
      if (state->last[h] == (uint32_t)(i + 1)) continue;
      state->last[h] = (uint32_t)(i + 1);
      state->frequency[h]++;
    }
  }
  /* What one sample alone has is of no use to others. */
  for (i = 0; i < state->table_size; i++)
    if (state->frequency[i] == 1) state->frequency[i] = 0;
  memset(state->last, 0, state->table_size * sizeof *state->last);
}

/* The best window of `segment` bytes that begins in [begin, end): its stretches, each counted once,
 * have the highest sum of frequencies. Returns the sum; leaves state->last all zero. */
static uint64_t train_best(train_state *state, size_t begin, size_t end, size_t segment,
                           size_t *best) {
  size_t width = segment - TRAIN_STRETCH + 1; /* stretches in a window */
  uint64_t sum = 0, most = 0;
  size_t at, low = begin;

  *best = begin;
  for (at = begin; at < end; at++) {
    size_t h = train_hash(state, state->text + at);
    if (state->last[h]++ == 0) sum += state->frequency[h];
    if (at - low == width) {
      h = train_hash(state, state->text + low++);
      if (--state->last[h] == 0) sum -= state->frequency[h];
    }
    if (sum > most) {
      most = sum;
      *best = low;
    }
  }
  for (; low < end; low++) state->last[train_hash(state, state->text + low)] = 0;
  return most;
}

/* Fills the dictionary from its end; returns how many bytes it has. */
static size_t train_build(train_state *state, size_t total, size_t segment) {
  size_t stretches = total < TRAIN_STRETCH ? 0 : total - TRAIN_STRETCH + 1;
  size_t parts = state->capacity / segment / 4, part = 0, length, free_bytes = state->capacity;
  unsigned empty = 0;

  if (parts == 0) parts = 1;
  length = stretches / parts;
  if (length < 10 * segment) length = 10 * segment;
  parts = stretches / length;
  if (parts == 0) parts = 1;
  while (free_bytes >= TRAIN_STRETCH && stretches > 0 && empty < TRAIN_EMPTY_PARTS + parts) {
    size_t begin = part * length, end = part + 1 == parts ? stretches : begin + length;
    size_t at, stop, i;
    uint64_t sum = train_best(state, begin, end, segment, &at);
    part = (part + 1) % parts;
    stop = at + segment < total ? at + segment : total;
    /* Bytes at either end that belong to no frequent stretch are left out. */
    while (at + TRAIN_STRETCH < stop && state->frequency[train_hash(state, state->text + at)] == 0)
      at++;
    while (stop - at > TRAIN_STRETCH &&
           state->frequency[train_hash(state, state->text + stop - TRAIN_STRETCH)] == 0)
      stop--;
    /* Less than one use for each byte is chance: stretches that share a place in the table. */
    if (sum < stop - at) {
      empty++;
      continue;
    }
    empty = 0;
    if (stop - at > free_bytes) stop = at + free_bytes;
    free_bytes -= stop - at;
    memcpy(state->built + free_bytes, state->text + at, stop - at);
    for (i = at; i + TRAIN_STRETCH <= stop; i++)
      state->frequency[train_hash(state, state->text + i)] = 0;
  }
  return state->capacity - free_bytes;
}

/* The size of the samples that were held back, compressed with the dictionary. */
static int train_judge(train_state *state, size_t n, size_t size, uint64_t *bytes) {
  tvi_codec codec = {.compression = TVI_COMPRESS_LZ4};
  size_t i, judged = 0;
  int status = TV_OK;

  codec.dictionary = tv_bytes(state->built + (state->capacity - size), size);
  *bytes = 0;
  for (i = 3; i < n && judged < TRAIN_JUDGES_MAX && status == TV_OK; i += 4, judged++) {
    tv_slice sample =
        tv_bytes(state->text + state->starts[i], state->starts[i + 1] - state->starts[i]);
    tv_slice wrapped;
    status = tvi_envelope_wrap(&codec, tv_bytes(NULL, 0), sample, 0, 0, &wrapped);
    *bytes += wrapped.size;
  }
  tvi_codec_free(&codec);
  return status;
}

/* Tries lengths of segments on three quarters of the samples and judges by the last quarter. */
static int train_choose(train_state *state, size_t n, size_t *segment) {
  static const size_t lengths[] = {1024, 512, 256, 128, 64, 32};
  uint64_t least = UINT64_MAX, bytes;
  size_t i;

  *segment = 256;
  if (n < TRAIN_SAMPLES_TO_SPLIT) return TV_OK;
  for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    size_t size;
    int status;
    train_count(state, n, 1);
    size = train_build(state, state->starts[n], lengths[i]);
    status = train_judge(state, n, size, &bytes);
    if (status != TV_OK) return status;
    if (bytes < least) {
      least = bytes;
      *segment = lengths[i];
    }
  }
  return TV_OK;
}

static void train_free(train_state *state) {
  tvi_free(state->text);
  tvi_free(state->starts);
  tvi_free(state->frequency);
  tvi_free(state->last);
  tvi_free(state->built);
}

static int train_make(train_state *state, size_t n, const tv_slice *samples, size_t total,
                      size_t capacity) {
  size_t i, at = 0;

  state->capacity = capacity;
  state->table_bits = TRAIN_TABLE_BITS_MIN;
  while (state->table_bits < TRAIN_TABLE_BITS_MAX && (size_t)1 << state->table_bits < 4 * total)
    state->table_bits++;
  state->table_size = (size_t)1 << state->table_bits;
  state->text = tvi_alloc(total + 1);
  state->starts = tvi_alloc((n + 1) * sizeof *state->starts);
  state->frequency = tvi_alloc(state->table_size * sizeof *state->frequency);
  state->last = tvi_alloc(state->table_size * sizeof *state->last);
  state->built = tvi_alloc(capacity);
  if (state->text == NULL || state->starts == NULL || state->frequency == NULL ||
      state->last == NULL || state->built == NULL)
    return TV_ENOMEM;
  for (i = 0; i < n; i++) {
    state->starts[i] = at;
    if (samples[i].size > 0) memcpy(state->text + at, samples[i].data, samples[i].size);
    at += samples[i].size;
  }
  state->starts[n] = at;
  return TV_OK;
}

int tv_kv_train(size_t n, const tv_slice *samples, void *dictionary, size_t capacity, size_t *size,
                tv_error *err) {
  train_state state = {0};
  size_t i, total = 0, segment;
  int status;

  *size = 0;
  if (n == 0 || capacity == 0)
    return tvi_error_set(err, TV_EINVAL, 0, "a dictionary needs samples and a capacity");
  if (capacity > TV_DICTIONARY_BYTES_MAX)
    return tvi_error_set(err, TV_EINVAL, 0, "a dictionary of %zu bytes is larger than %zu",
                         capacity, TV_DICTIONARY_BYTES_MAX);
  for (i = 0; i < n; i++) {
    if (samples[i].size > TRAIN_BYTES_MAX - total)
      return tvi_error_set(err, TV_ELIMIT, 0, "the samples are larger than %zu bytes together",
                           TRAIN_BYTES_MAX);
    total += samples[i].size;
  }
  if (n > UINT32_MAX - 1) return tvi_error_set(err, TV_ELIMIT, 0, "%zu samples are too many", n);
  status = train_make(&state, n, samples, total, capacity);
  if (status == TV_OK) status = train_choose(&state, n, &segment);
  if (status == TV_OK) {
    train_count(&state, n, 0);
    *size = train_build(&state, total, segment);
    memcpy(dictionary, state.built + (capacity - *size), *size);
  } else {
    (void)tvi_error_set(err, status, 0, "out of memory for a dictionary");
  }
  train_free(&state);
  return status;
}
