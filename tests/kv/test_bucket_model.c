/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a bucket with each combination of options, compared with an oracle in
 * memory: savepoints, rollbacks, reopening, expiry by the clock. The seed is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer_internal.h"
#include "test_store.h"
#include "trivet_kv.h"

#define MODEL_KEYS 150
#define MODEL_VALUE_MAX 700
#define MODEL_DEPTH_MAX 3
#define MODEL_TXNS 50
#define MODEL_STEPS 60

typedef struct model_entry {
  int present;
  int64_t expiry;
  uint64_t version;
  size_t size;
  unsigned char value[MODEL_VALUE_MAX];
} model_entry;

typedef struct model_key {
  size_t size;
  unsigned char bytes[TV_KEY_BYTES_MAX];
} model_key;

typedef struct model {
  uint64_t random;
  tv_bucket_options options;
  tv_txn *txn;
  tv_bucket *bucket;
  int64_t now;
  unsigned depth;
  model_key keys[MODEL_KEYS]; /* in order */
  model_entry entries[MODEL_KEYS];
  model_entry saved[1 + MODEL_DEPTH_MAX][MODEL_KEYS]; /* [0]: as committed */
} model;

static uint64_t model_pick(model *m, uint64_t n) {
  return test_random(&m->random) % n;
}

static int model_key_order(const void *a, const void *b) {
  const model_key *x = a, *y = b;
  int order = memcmp(x->bytes, y->bytes, x->size < y->size ? x->size : y->size);
  return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

static void model_key_make(model *m, model_key *key, size_t size) {
  size_t b;
  key->size = size;
  for (b = 0; b < size; b++)
    key->bytes[b] = (unsigned char)(model_pick(m, 4) == 0 ? 255 : model_pick(m, 3));
}

/* Keys that share prefixes, short ones too; of equal ones all but one are made again, longer. */
static void model_keys_make(model *m) {
  size_t i, equal;
  for (i = 0; i < MODEL_KEYS; i++)
    model_key_make(m, &m->keys[i], 1 + model_pick(m, i % 10 == 0 ? TV_KEY_BYTES_MAX : 12));
  do {
    qsort(m->keys, MODEL_KEYS, sizeof m->keys[0], model_key_order);
    for (i = 1, equal = 0; i < MODEL_KEYS; i++) {
      if (model_key_order(&m->keys[i - 1], &m->keys[i]) != 0) continue;
      model_key_make(m, &m->keys[i - 1], 12 + model_pick(m, 12));
      equal++;
    }
  } while (equal > 0);
}

static tv_slice model_key_slice(const model *m, size_t i) {
  return tv_bytes(m->keys[i].bytes, m->keys[i].size);
}

static int model_live(const model *m, size_t i) {
  const model_entry *e = &m->entries[i];
  return e->present && (e->expiry == 0 || e->expiry > m->now);
}

/* A value that compresses, or one that does not, or a number. */
static size_t model_value_make(model *m, unsigned char *value) {
  size_t size = model_pick(m, model_pick(m, 5) == 0 ? MODEL_VALUE_MAX : 60), i;
  int noise = model_pick(m, 3) == 0;
  if (model_pick(m, 4) == 0)
    return (size_t)snprintf((char *)value, 30, "%lld", (long long)model_pick(m, 2000) - 1000);
  for (i = 0; i < size; i++)
    value[i] = noise ? (unsigned char)model_pick(m, 256)
                     : (unsigned char)"the dictionary knows this"[i % 25];
  return size;
}

static void model_set(model *m, size_t i, const unsigned char *value, size_t size, int64_t expiry) {
  model_entry *e = &m->entries[i];
  uint64_t version = model_live(m, i) ? e->version : 0;
  e->present = 1;
  e->expiry = expiry;
  e->version = m->options.versioned ? version + 1 : 0;
  e->size = size;
  memcpy(e->value, value, size);
}

static int64_t model_expiry(const model *m, int64_t ttl_ms) {
  return ttl_ms == 0 ? 0 : m->now + ttl_ms * 1000;
}

static void model_equals(const model *m, size_t i, tv_slice value) {
  assert_int_equal(value.size, m->entries[i].size);
  assert_memory_equal(value.data, m->entries[i].value, value.size);
}

/* ---- Reads ---- */

static void model_scan(model *m) {
  int backward = model_pick(m, 2) == 0, status;
  size_t from = model_pick(m, MODEL_KEYS), to = model_pick(m, MODEL_KEYS), i;
  tv_range range = {0};
  tv_kv_cursor *cursor;
  tv_slice key, value;
  if (model_pick(m, 3) == 0) from = 0;
  if (model_pick(m, 3) == 0) to = MODEL_KEYS;
  if (from > 0) range.from = model_key_slice(m, from);
  if (to < MODEL_KEYS) range.to = model_key_slice(m, to);
  test_ok(tv_kv_cursor_open(m->bucket, range, &cursor));
  if (to < from) to = from;
  for (i = from; i < to; i++) {
    size_t at = backward ? to - 1 - (i - from) : i;
    if (!model_live(m, at)) continue;
    test_ok(backward ? tv_kv_cursor_prev(cursor, &key, &value)
                     : tv_kv_cursor_next(cursor, &key, &value));
    assert_int_equal(key.size, m->keys[at].size);
    assert_memory_equal(key.data, m->keys[at].bytes, key.size);
    model_equals(m, at, value);
  }
  status =
      backward ? tv_kv_cursor_prev(cursor, &key, &value) : tv_kv_cursor_next(cursor, &key, &value);
  test_status(status, TV_END);
  tv_kv_cursor_close(cursor);
}

static void model_seek(model *m) {
  size_t at = model_pick(m, MODEL_KEYS), i;
  tv_range whole = {0};
  tv_kv_cursor *cursor;
  tv_slice key;
  int status;
  test_ok(tv_kv_cursor_open(m->bucket, whole, &cursor));
  for (i = at; i < MODEL_KEYS && !model_live(m, i); i++) continue;
  status = tv_kv_cursor_seek(cursor, model_key_slice(m, at), &key, NULL);
  test_status(status, i < MODEL_KEYS ? TV_OK : TV_END);
  if (status == TV_OK) assert_memory_equal(key.data, m->keys[i].bytes, m->keys[i].size);
  for (i = at + 1; i > 0 && !model_live(m, i - 1); i--) continue;
  status = tv_kv_cursor_seek_prev(cursor, model_key_slice(m, at), &key, NULL);
  test_status(status, i > 0 ? TV_OK : TV_END);
  if (status == TV_OK) assert_memory_equal(key.data, m->keys[i - 1].bytes, m->keys[i - 1].size);
  tv_kv_cursor_close(cursor);
}

static void model_get(model *m, size_t i) {
  tv_kv_entry entry;
  tv_slice value;
  test_status(tv_kv_get(m->bucket, model_key_slice(m, i), &value),
              model_live(m, i) ? TV_OK : TV_NOTFOUND);
  if (!model_live(m, i)) return;
  model_equals(m, i, value);
  test_ok(tv_kv_get_entry(m->bucket, model_key_slice(m, i), &entry));
  model_equals(m, i, entry.value);
  assert_true(entry.expires == m->entries[i].expiry);
  assert_true(entry.version == m->entries[i].version);
}

static void model_get_many(model *m) {
  tv_slice keys[20], values[20];
  size_t at[20], i;
  int statuses[20];
  for (i = 0; i < 20; i++) {
    at[i] = model_pick(m, MODEL_KEYS);
    keys[i] = model_key_slice(m, at[i]);
  }
  test_ok(tv_kv_get_many(m->bucket, 20, keys, values, statuses));
  for (i = 0; i < 20; i++) {
    assert_int_equal(statuses[i], model_live(m, at[i]) ? TV_OK : TV_NOTFOUND);
    if (statuses[i] == TV_OK) model_equals(m, at[i], values[i]);
  }
}

/* ---- Writes ---- */

static void model_put(model *m, size_t i) {
  static const int64_t ttls[] = {0, 2, 5, 1000000};
  unsigned char bytes[MODEL_VALUE_MAX];
  size_t size = model_value_make(m, bytes);
  tv_slice key = model_key_slice(m, i), value = tv_bytes(bytes, size);
  int64_t ttl = m->options.ttl_ms, chosen = ttls[model_pick(m, 4)];
  const model_entry *e = &m->entries[i];
  int live = model_live(m, i), equal, guess;
  switch (model_pick(m, 6)) {
    case 0:
      test_ok(tv_kv_put(m->bucket, key, value));
      model_set(m, i, bytes, size, model_expiry(m, ttl));
      break;
    case 1:
      if (m->options.ttl_ms == 0 && model_pick(m, 10) != 0) break;
      test_ok(tv_kv_put_ttl(m->bucket, key, value, chosen));
      model_set(m, i, bytes, size, model_expiry(m, chosen));
      break;
    case 2:
      test_status(tv_kv_put_absent(m->bucket, key, value), live ? TV_EXISTS : TV_OK);
      if (!live) model_set(m, i, bytes, size, model_expiry(m, ttl));
      break;
    case 3:
      equal = live && model_pick(m, 2) == 0;
      test_status(tv_kv_put_equal(m->bucket, key,
                                  equal ? tv_bytes(e->value, e->size) : tv_str("not this"), value),
                  !live   ? TV_NOTFOUND
                  : equal ? TV_OK
                          : TV_MISMATCH);
      if (equal) model_set(m, i, bytes, size, model_expiry(m, ttl));
      break;
    case 4:
      if (!m->options.versioned) break;
      guess = (int)model_pick(m, 3);
      equal = (live ? e->version : 0) == (uint64_t)guess;
      test_status(tv_kv_put_version(m->bucket, key, (uint64_t)guess, value),
                  equal ? TV_OK : TV_MISMATCH);
      if (equal) model_set(m, i, bytes, size, model_expiry(m, ttl));
      break;
    default: {
      tv_write writes[2] = {{key, {0}, 1}, {key, value, 0}};
      test_ok(tv_kv_write_many(m->bucket, 2, writes));
      m->entries[i].present = 0;
      model_set(m, i, bytes, size, model_expiry(m, ttl));
    }
  }
}

/* 1 when the value is what model_value_make prints as a number. */
static int model_number(const model_entry *e, long long *number) {
  char text[21] = "";
  size_t digits;
  if (e->size == 0 || e->size >= sizeof text) return 0;
  memcpy(text, e->value, e->size);
  digits = text[0] == '-' ? 1 : 0;
  if (e->size == digits || strspn(text + digits, "0123456789") != e->size - digits) return 0;
  *number = strtoll(text, NULL, 10);
  return 1;
}

static void model_merge(model *m, size_t i) {
  unsigned char bytes[MODEL_VALUE_MAX];
  model_entry *e = &m->entries[i];
  int live = model_live(m, i);
  int64_t expiry = live ? e->expiry : model_expiry(m, m->options.ttl_ms);
  size_t size = live ? e->size : 0;
  if (model_pick(m, 2) == 0) {
    long long number = 0;
    int64_t sum;
    int status, is_number = !live || model_number(e, &number);
    status = tv_kv_add(m->bucket, model_key_slice(m, i), 3, &sum);
    if (!is_number) {
      test_status(status, TV_EINVAL);
      return;
    }
    test_ok(status);
    assert_true(sum == number + 3);
    size = (size_t)snprintf((char *)bytes, 30, "%lld", number + 3);
  } else {
    tv_slice tail = tv_str("tail");
    if (size + tail.size > MODEL_VALUE_MAX) return;
    test_ok(tv_kv_append(m->bucket, model_key_slice(m, i), tail));
    memcpy(bytes, e->value, size);
    memcpy(bytes + size, tail.data, tail.size);
    size += tail.size;
  }
  model_set(m, i, bytes, size, expiry);
}

static void model_delete(model *m, size_t i) {
  test_status(tv_kv_delete(m->bucket, model_key_slice(m, i)),
              model_live(m, i) ? TV_OK : TV_NOTFOUND);
  m->entries[i].present = 0;
}

static void model_delete_range(model *m) {
  size_t from = model_pick(m, MODEL_KEYS), to = from + model_pick(m, 12), i;
  tv_range range = {0};
  uint64_t deleted, expected = 0;
  if (model_pick(m, 30) == 0) {
    from = 0;
    to = MODEL_KEYS;
  }
  if (to > MODEL_KEYS) to = MODEL_KEYS;
  if (from > 0) range.from = model_key_slice(m, from);
  if (to < MODEL_KEYS) range.to = model_key_slice(m, to);
  for (i = from; i < to; i++) {
    expected += (uint64_t)model_live(m, i);
    m->entries[i].present = 0;
  }
  test_ok(tv_kv_delete_range(m->bucket, range, &deleted));
  assert_true(deleted == expected);
}

/* ---- Savepoints, counts ---- */

static void model_savepoint(model *m) {
  unsigned depth;
  if (m->depth < MODEL_DEPTH_MAX && model_pick(m, 2) == 0) {
    test_ok(tv_savepoint(m->txn, &depth));
    assert_int_equal(depth, ++m->depth);
    memcpy(m->saved[m->depth], m->entries, sizeof m->entries);
  } else if (m->depth > 0) {
    depth = 1 + (unsigned)model_pick(m, m->depth);
    if (model_pick(m, 2) == 0) {
      test_ok(tv_savepoint_release(m->txn, depth));
    } else {
      test_ok(tv_savepoint_rollback(m->txn, depth));
      memcpy(m->entries, m->saved[depth], sizeof m->entries);
    }
    m->depth = depth - 1;
  }
}

/* After a whole sweep the bucket and its index hold the living and nothing else. */
static void model_sweep(model *m) {
  uint64_t n, live = 0, expiring = 0, rows = 0, swept;
  tv_store *store;
  size_t i;
  int status;
  do {
    status = tv_kv_sweep(m->bucket, 7, &swept);
    assert_true(swept <= 7);
  } while (status == TV_OK);
  test_status(status, TV_END);
  for (i = 0; i < MODEL_KEYS; i++) {
    if (!model_live(m, i)) m->entries[i].present = 0;
    live += (uint64_t)model_live(m, i);
    expiring += (uint64_t)(model_live(m, i) && m->entries[i].expiry != 0);
  }
  test_ok(tv_kv_count(m->bucket, &n));
  assert_true(n == live);
  status = tvi_store_open(m->txn, TVI_KIND_BUCKET, "model", "expiry", 0, tv_bytes(NULL, 0), &store);
  if (status == TV_OK) test_ok(tv_store_count(store, &rows));
  assert_true(rows == expiring);
}

static void model_step(model *m) {
  size_t i = model_pick(m, MODEL_KEYS);
  uint64_t dice = model_pick(m, 100);
  if (dice < 45)
    model_put(m, i);
  else if (dice < 55)
    model_merge(m, i);
  else if (dice < 63)
    model_delete(m, i);
  else if (dice < 65)
    model_delete_range(m);
  else if (dice < 73)
    model_savepoint(m);
  else if (dice < 75)
    model_sweep(m);
  else if (dice < 88)
    model_get(m, i);
  else if (dice < 92)
    model_get_many(m);
  else if (dice < 96)
    model_seek(m);
  else
    model_scan(m);
}

static tv_db *model_open(const char *path) {
  tv_options options = {.durability = TV_BULK};
  tv_error err;
  tv_db *db;
  test_ok(tv_open(path, &options, &db, &err));
  return db;
}

static void model_begin(model *m, tv_db *db, unsigned mode) {
  static const unsigned flags[] = {0, TV_KV_UNVERIFIED, TV_KV_VERIFY_SCANS};
  m->txn = test_begin(db, mode);
  test_ok(tv_kv_open(m->txn, "model", (mode == TV_WRITE ? TV_CREATE : 0) | flags[model_pick(m, 3)],
                     &m->options, &m->bucket));
  m->now = tv_txn_now(m->txn);
  m->depth = 0;
}

static void model_run(model *m, const char *path) {
  tv_db *db = model_open(path);
  int txn, step;
  size_t i;
  memset(m->entries, 0, sizeof m->entries);
  model_begin(m, db, TV_WRITE);
  test_commit(m->txn);
  for (txn = 0; txn < MODEL_TXNS; txn++) {
    model_begin(m, db, TV_WRITE);
    memcpy(m->saved[0], m->entries, sizeof m->entries);
    for (step = 0; step < MODEL_STEPS; step++) model_step(m);
    test_ok(tv_kv_check(m->txn, "model", NULL, NULL));
    if (model_pick(m, 5) == 0) {
      tv_abort(m->txn);
      memcpy(m->entries, m->saved[0], sizeof m->entries);
    } else {
      test_commit(m->txn);
    }
    if (model_pick(m, 8) == 0) {
      test_close(db);
      db = model_open(path);
    }
    model_begin(m, db, TV_READ);
    for (i = 0; i < MODEL_KEYS; i++) model_get(m, i);
    model_scan(m);
    test_ok(tv_kv_check(m->txn, "model", NULL, NULL));
    tv_abort(m->txn);
  }
  model_begin(m, db, TV_WRITE);
  model_sweep(m);
  test_ok(tv_kv_drop(m->txn, "model"));
  test_commit(m->txn);
  test_close(db);
}

static void a_bucket_behaves_as_its_model_with_every_option(void **unused) {
  static const int64_t ttls[] = {0, 3, 1000000};
  static const char dictionary[] = "the dictionary knows this the dictionary knows";
  char *folder = test_folder_make();
  model *m = malloc(sizeof *m);
  uint64_t seed = test_seed();
  char path[4096];
  unsigned combination;
  (void)unused;
  assert_non_null(m);
  test_path(path, sizeof path, folder, "model.tv");
  for (combination = 0; combination < 3 * 3 * 2 * 2; combination++) {
    int compression = (int)(combination % 3), with_dictionary = (int)(combination / 18);
    memset(&m->options, 0, sizeof m->options);
    if (with_dictionary && compression == 0) continue;
    m->options.compression = compression;
    m->options.ttl_ms = ttls[combination / 3 % 3];
    m->options.versioned = (int)(combination / 9 % 2);
    if (with_dictionary) m->options.dictionary = tv_bytes(dictionary, sizeof dictionary - 1);
    m->random = seed + combination;
    model_keys_make(m);
    model_run(m, path);
  }
  free(m);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bucket_behaves_as_its_model_with_every_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
