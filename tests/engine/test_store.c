/* SPDX-License-Identifier: MIT */
/* Stores and cursors, by example and against a sorted array as the oracle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"

static tv_store *make(tv_txn *txn, const char *name) {
  tv_store *s;
  test_ok(tv_store_open(txn, name, TV_CREATE, &s));
  return s;
}

static void fill(tv_store *s, const char *keys) {
  for (; *keys != '\0'; keys++) test_ok(tv_store_put(s, tv_bytes(keys, 1), tv_bytes(keys, 1), 0));
}

static void keys_have_limits(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  char key[TV_KEY_BYTES_MAX + 1];
  tv_slice value;
  (void)state;
  memset(key, 'k', sizeof key);
  test_ok(tv_store_put(s, tv_bytes(key, TV_KEY_BYTES_MAX), tv_str(""), 0));
  test_ok(tv_store_get(s, tv_bytes(key, TV_KEY_BYTES_MAX), &value));
  assert_int_equal(value.size, 0);
  test_status(tv_store_put(s, tv_bytes(key, sizeof key), tv_str(""), 0), TV_EKEYSIZE);
  assert_non_null(strstr(tv_txn_error(txn)->message, "481"));
  test_status(tv_store_put(s, tv_str(""), tv_str("v"), 0), TV_EKEYSIZE);
  test_status(tv_store_get(s, tv_str(""), &value), TV_EKEYSIZE);
  test_status(tv_store_delete(s, tv_bytes(key, sizeof key)), TV_EKEYSIZE);
  test_commit(txn); /* a refused key does not spoil the transaction */
  test_close(db);
}

/* Steps within leaf pages and between them, in both directions, with values inside and outside the
 * leaf. */
static void a_reader_walks_as_a_writer_does(void **state) {
  uint64_t seed = test_seed();
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE), *reader;
  tv_store *s = make(txn, "s"), *rs;
  tv_cursor *c, *rc;
  tv_slice key, value, read_key, read_value;
  static char big[20000];
  int i;
  (void)state;
  for (i = 0; i < 3000; i++) {
    char text[16];
    snprintf(text, sizeof text, "%08llx", (unsigned long long)(test_random(&seed) >> 32));
    test_ok(tv_store_put(s, tv_str(text),
                         tv_bytes(big, test_random(&seed) % (i % 17 == 0 ? sizeof big : 200)), 0));
  }
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  reader = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "s", 0, &s));
  test_ok(tv_store_open(reader, "s", 0, &rs));
  test_ok(tv_cursor_open(s, &c));
  test_ok(tv_cursor_open(rs, &rc));
  for (i = 0; i < 100000; i++) {
    uint64_t r = test_random(&seed);
    int status, read_status;
    if (r % 64 == 0) {
      char at[16];
      snprintf(at, sizeof at, "%08llx", (unsigned long long)(r >> 32));
      status = r % 128 == 0 ? tv_cursor_seek(c, tv_str(at), &key, &value)
                            : tv_cursor_seek_before(c, tv_str(at), &key, &value);
      read_status = r % 128 == 0 ? tv_cursor_seek(rc, tv_str(at), &read_key, &read_value)
                                 : tv_cursor_seek_before(rc, tv_str(at), &read_key, &read_value);
    } else if ((r >> 16 & 63) < ((i / 1000) % 2 ? 50u : 14u)) {
      status = tv_cursor_next(c, &key, &value);
      read_status = tv_cursor_next(rc, &read_key, &read_value);
    } else {
      status = tv_cursor_prev(c, &key, &value);
      read_status = tv_cursor_prev(rc, &read_key, &read_value);
    }
    assert_int_equal(status, read_status);
    assert_int_equal(key.size, read_key.size);
    assert_int_equal(value.size, read_value.size);
    if (key.size > 0) assert_memory_equal(key.data, read_key.data, key.size);
    if (value.size > 0) assert_memory_equal(value.data, read_value.data, value.size);
  }
  tv_abort(reader);
  tv_abort(txn);
  test_close(db);
}

static void put_flags_are_obeyed(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  tv_slice value;
  (void)state;
  test_ok(tv_store_put(s, tv_str("b"), tv_str("1"), TV_PUT_ABSENT));
  test_status(tv_store_put(s, tv_str("b"), tv_str("2"), TV_PUT_ABSENT), TV_EXISTS);
  test_ok(tv_store_get(s, tv_str("b"), &value));
  assert_true(test_slice_is(value, "1"));
  test_status(tv_store_put(s, tv_str("a"), tv_str("2"), TV_PUT_APPEND), TV_EINVAL);
  test_ok(tv_store_put(s, tv_str("c"), tv_str("2"), TV_PUT_APPEND));
  test_status(tv_store_delete(s, tv_str("zz")), TV_NOTFOUND);
  test_ok(tv_store_clear(s));
  test_status(tv_store_get(s, tv_str("b"), &value), TV_NOTFOUND);
  test_commit(txn);
  test_close(db);
}

static void cursors_go_both_ways_and_end(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_cursor *c;
  tv_slice key;
  int write;
  (void)state;
  fill(make(txn, "s"), "bdfh");
  make(txn, "empty");
  test_commit(txn);
  for (write = 0; write <= 1; write++) {
    tv_store *s;
    txn = test_begin(db, write ? TV_WRITE : TV_READ);
    test_ok(tv_store_open(txn, "s", 0, &s));
    test_ok(tv_cursor_open(s, &c));
    test_ok(tv_cursor_next(c, &key, NULL));
    assert_true(test_slice_is(key, "b"));
    test_ok(tv_cursor_next(c, &key, NULL));
    test_ok(tv_cursor_prev(c, &key, NULL));
    assert_true(test_slice_is(key, "b"));
    test_status(tv_cursor_prev(c, &key, NULL), TV_END);
    test_status(tv_cursor_prev(c, &key, NULL), TV_END);
    test_status(tv_cursor_next(c, &key, NULL), TV_END);
    test_ok(tv_cursor_seek(c, tv_str("c"), &key, NULL));
    assert_true(test_slice_is(key, "d"));
    test_ok(tv_cursor_seek(c, tv_str("d"), &key, NULL));
    assert_true(test_slice_is(key, "d"));
    test_status(tv_cursor_seek(c, tv_str("i"), &key, NULL), TV_END);
    test_ok(tv_cursor_seek_before(c, tv_str("d"), &key, NULL));
    assert_true(test_slice_is(key, "b"));
    test_ok(tv_cursor_seek_before(c, tv_str("z"), &key, NULL));
    assert_true(test_slice_is(key, "h"));
    test_ok(tv_cursor_seek_before(c, tv_str(""), &key, NULL));
    assert_true(test_slice_is(key, "h"));
    test_status(tv_cursor_seek_before(c, tv_str("b"), &key, NULL), TV_END);
    test_ok(tv_cursor_last(c, &key, NULL));
    test_ok(tv_cursor_first(c, &key, NULL));
    assert_true(test_slice_is(key, "b"));
    tv_cursor_close(c);
    test_ok(tv_cursor_open(s, &c));
    test_ok(tv_cursor_prev(c, &key, NULL));
    assert_true(test_slice_is(key, "h"));
    test_ok(tv_store_open(txn, "empty", 0, &s));
    test_ok(tv_cursor_open(s, &c));
    test_status(tv_cursor_next(c, &key, NULL), TV_END);
    test_status(tv_cursor_last(c, &key, NULL), TV_END);
    tv_abort(txn); /* closes both cursors */
  }
  test_close(db);
}

static void a_cursor_survives_writes_and_savepoints(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  tv_cursor *c;
  tv_slice key;
  unsigned depth;
  (void)state;
  fill(s, "bdfh");
  test_ok(tv_cursor_open(s, &c));
  test_ok(tv_cursor_seek(c, tv_str("d"), &key, NULL));
  test_ok(tv_store_delete(s, tv_str("d")));
  test_ok(tv_store_put(s, tv_str("e"), tv_str("e"), 0));
  test_ok(tv_cursor_next(c, &key, NULL));
  assert_true(test_slice_is(key, "e"));
  test_ok(tv_store_delete(s, tv_str("e")));
  test_ok(tv_cursor_prev(c, &key, NULL));
  assert_true(test_slice_is(key, "b"));
  test_ok(tv_savepoint(txn, &depth));
  fill(s, "c");
  test_ok(tv_cursor_next(c, &key, NULL));
  assert_true(test_slice_is(key, "c"));
  test_ok(tv_savepoint_rollback(txn, depth));
  test_ok(tv_cursor_next(c, &key, NULL));
  assert_true(test_slice_is(key, "f"));
  test_ok(tv_store_clear(s));
  test_status(tv_cursor_next(c, &key, NULL), TV_END);
  test_commit(txn);
  test_close(db);
}

static void deleting_all_while_scanning_visits_each_once(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  tv_cursor *c;
  tv_slice key;
  uint64_t count;
  int i, seen = 0;
  (void)state;
  for (i = 0; i < 5000; i++) {
    char text[16];
    snprintf(text, sizeof text, "%05d", i);
    test_ok(tv_store_put(s, tv_str(text), tv_str("value"), 0));
  }
  test_ok(tv_cursor_open(s, &c));
  while (tv_cursor_next(c, &key, NULL) == TV_OK) {
    char copy[16];
    memcpy(copy, key.data, key.size);
    test_ok(tv_store_delete(s, tv_bytes(copy, key.size)));
    seen++;
  }
  assert_int_equal(seen, 5000);
  test_ok(tv_store_count(s, &count));
  assert_int_equal(count, 0);
  tv_abort(txn);
  test_close(db);
}

static int note_row(void *ctx, size_t range, tv_slice key, tv_slice value) {
  char *out = ctx;
  size_t n = strlen(out);
  (void)value;
  snprintf(out + n, 100 - n, "%zu%.*s ", range, (int)key.size, (const char *)key.data);
  return key.size == 1 && *(const char *)key.data == 'x';
}

static void batches_do_what_single_calls_do(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  tv_write writes[] = {{tv_str("a"), tv_str("1"), 0}, {tv_str("b"), tv_str("2"), 0},
                       {tv_str("a"), tv_str(""), 1},  {tv_str("gone"), tv_str(""), 1},
                       {tv_str("c"), tv_str("3"), 0}, {tv_str("x"), tv_str("4"), 0}};
  tv_slice keys[] = {tv_str("c"), tv_str("a"), tv_str("b")}, values[3];
  tv_range ranges[] = {
      {tv_str("b"), tv_str("c")}, {tv_str(""), tv_str("c")}, {tv_str("c"), tv_str("")}};
  int statuses[3];
  char out[100] = "";
  (void)state;
  test_ok(tv_store_write_many(s, 6, writes));
  test_ok(tv_store_get_many(s, 3, keys, values, statuses));
  assert_int_equal(statuses[0], TV_OK);
  assert_int_equal(statuses[1], TV_NOTFOUND);
  assert_true(test_slice_is(values[0], "3") && test_slice_is(values[2], "2"));
  assert_int_equal(values[1].size, 0);
  test_status(tv_store_scan_many(s, 3, ranges, note_row, out), TV_STOP);
  assert_string_equal(out, "0b 1b 2c 2x ");
  tv_abort(txn);
  test_close(db);
}

static void the_range_of_a_prefix_ends_behind_it(void **state) {
  unsigned char buffer[TV_KEY_BYTES_MAX];
  tv_range range = tv_range_prefix(tv_str("ab"), buffer);
  (void)state;
  assert_true(test_slice_is(range.from, "ab") && test_slice_is(range.to, "ac"));
  range = tv_range_prefix(tv_bytes("a\xff\xff", 3), buffer);
  assert_true(test_slice_is(range.to, "b"));
  range = tv_range_prefix(tv_bytes("\xff\xff", 2), buffer);
  assert_int_equal(range.to.size, 0);
  range = tv_range_prefix(tv_str(""), buffer);
  assert_int_equal(range.to.size, 0);
}

/* ---- Random operations against an array of 1,000 possible keys ---- */

enum { KEYS = 1000 };

typedef struct oracle {
  int version[KEYS]; /* 0: absent */
} oracle;

static void oracle_check(tv_store *s, const oracle *o) {
  tv_cursor *c;
  tv_slice key, value;
  uint64_t count, expected = 0;
  int i;
  test_ok(tv_cursor_open(s, &c));
  for (i = 0; i < KEYS; i++) {
    int k = -1, version = -1;
    if (o->version[i] == 0) continue;
    expected++;
    test_ok(tv_cursor_next(c, &key, &value));
    assert_int_equal(sscanf(key.data, "key%5d", &k), 1);
    memcpy(&version, value.data, sizeof version);
    assert_int_equal(k, i);
    assert_int_equal(version, o->version[i]);
  }
  test_status(tv_cursor_next(c, &key, &value), TV_END);
  tv_cursor_close(c);
  test_ok(tv_cursor_open(s, &c));
  for (i = KEYS - 1; i >= 0; i--) {
    int k = -1;
    if (o->version[i] == 0) continue;
    test_ok(tv_cursor_prev(c, &key, &value));
    assert_int_equal(sscanf(key.data, "key%5d", &k), 1);
    assert_int_equal(k, i);
  }
  test_status(tv_cursor_prev(c, &key, &value), TV_END);
  tv_cursor_close(c);
  test_ok(tv_store_count(s, &count));
  assert_int_equal(count, expected);
}

static void random_operations_match_the_oracle(void **state) {
  uint64_t seed = test_seed();
  tv_db *db = test_open_memory();
  static oracle now, saved[8];
  oracle committed;
  unsigned depths[8], depth = 0;
  int step, version = 0;
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s = make(txn, "s");
  (void)state;
  memset(&committed, 0, sizeof committed);
  memset(&now, 0, sizeof now);
  for (step = 0; step < 60000; step++) {
    uint64_t r = test_random(&seed);
    int k = (int)(r >> 8) % KEYS;
    char key[16], value[300];
    if (k < 0) k = -k;
    snprintf(key, sizeof key, "key%05d", k);
    switch (r % 64) {
      case 0:
        if (depth < 8) {
          saved[depth] = now;
          test_ok(tv_savepoint(txn, &depths[depth]));
          depth++;
        }
        break;
      case 1:
        if (depth > 0) test_ok(tv_savepoint_release(txn, depths[--depth]));
        break;
      case 2:
        if (depth > 0) {
          test_ok(tv_savepoint_rollback(txn, depths[--depth]));
          now = saved[depth];
        }
        break;
      case 3:
        if (r >> 60 == 0) {
          test_commit(txn);
          committed = now;
        } else if (r >> 60 == 1) {
          tv_abort(txn);
          now = committed;
        } else {
          break;
        }
        depth = 0;
        txn = test_begin(db, TV_WRITE);
        s = make(txn, "s");
        oracle_check(s, &now);
        break;
      default:
        if (r % 3 == 0) {
          test_status(tv_store_delete(s, tv_str(key)), now.version[k] ? TV_OK : TV_NOTFOUND);
          now.version[k] = 0;
        } else {
          memset(value, 'x', sizeof value);
          version++;
          memcpy(value, &version, sizeof version);
          test_ok(tv_store_put(s, tv_str(key), tv_bytes(value, 4 + (r >> 40) % 290), 0));
          now.version[k] = version;
        }
    }
    if (step % 5000 == 0) oracle_check(s, &now);
  }
  oracle_check(s, &now);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_have_limits),
      cmocka_unit_test(put_flags_are_obeyed),
      cmocka_unit_test(a_reader_walks_as_a_writer_does),
      cmocka_unit_test(cursors_go_both_ways_and_end),
      cmocka_unit_test(a_cursor_survives_writes_and_savepoints),
      cmocka_unit_test(deleting_all_while_scanning_visits_each_once),
      cmocka_unit_test(batches_do_what_single_calls_do),
      cmocka_unit_test(the_range_of_a_prefix_ends_behind_it),
      cmocka_unit_test(random_operations_match_the_oracle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
