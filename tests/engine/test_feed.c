/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "test_store.h"

typedef struct heard {
  char text[2000];
  int count;
  uint64_t last_txn;
} heard;

static int hear(void *ctx, const tv_change *change) {
  static const char kinds[] = "?pdcDr";
  heard *h = ctx;
  size_t n = strlen(h->text);
  assert_true(change->txn >= h->last_txn);
  assert_true(change->time > 0);
  h->last_txn = change->txn;
  h->count++;
  if (n < 1900)
    snprintf(h->text + n, sizeof h->text - n, "%c:%.*s:%.*s ", kinds[change->kind],
             (int)change->name.size, (const char *)change->name.data, (int)change->key.size,
             (const char *)change->key.data);
  return 0;
}

static void put(tv_txn *txn, const char *name, const char *key) {
  tv_store *s;
  test_ok(tv_store_open(txn, name, TV_CREATE, &s));
  test_ok(tv_store_put(s, tv_str(key), tv_str("v"), 0));
}

static uint64_t enable(tv_db *db, const char *name) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  uint64_t id = tv_txn_snapshot(txn) + 1;
  test_ok(tv_store_open(txn, name, TV_CREATE, &s));
  test_ok(tv_store_log(s, 1));
  test_commit(txn);
  return id;
}

static void committed_changes_come_in_order_and_others_never(void **state) {
  tv_db *db = test_open_memory();
  uint64_t start = enable(db, "a"), middle;
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  unsigned depth;
  heard h = {0};
  (void)state;
  put(txn, "a", "1");
  put(txn, "silent", "x");
  test_ok(tv_savepoint(txn, &depth));
  put(txn, "a", "undone");
  test_ok(tv_savepoint_rollback(txn, depth));
  put(txn, "a", "2");
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  put(txn, "a", "aborted");
  tv_abort(txn);
  txn = test_begin(db, TV_WRITE);
  middle = tv_txn_snapshot(txn);
  test_ok(tv_store_open(txn, "a", 0, &s));
  test_ok(tv_store_delete(s, tv_str("1")));
  test_status(tv_store_delete(s, tv_str("none")), TV_NOTFOUND);
  test_ok(tv_store_clear(s));
  test_ok(tv_store_rename(s, "b"));
  test_ok(tv_store_open(txn, "b", 0, &s));
  put(txn, "b", "3");
  test_ok(tv_store_drop(s));
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_feed(txn, start, hear, &h));
  assert_string_equal(h.text, "p:a:1 p:a:2 d:a:1 c:a: r:a:b p:b:3 D:b: ");
  memset(&h, 0, sizeof h);
  test_ok(tv_feed(txn, middle, hear, &h));
  assert_string_equal(h.text, "d:a:1 c:a: r:a:b p:b:3 D:b: ");
  memset(&h, 0, sizeof h);
  test_ok(tv_feed(txn, tv_txn_snapshot(txn), hear, &h));
  assert_int_equal(h.count, 0);
  tv_abort(txn);
  test_close(db);
}

static void a_feed_from_before_the_log_is_incomplete(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  heard h = {0};
  (void)state;
  txn = test_begin(db, TV_WRITE);
  put(txn, "a", "1");
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_feed(txn, 0, hear, &h));
  tv_abort(txn);
  (void)enable(db, "a");
  txn = test_begin(db, TV_READ);
  test_status(tv_feed(txn, 0, hear, &h), TV_ELIMIT);
  tv_abort(txn);
  test_close(db);
}

static void the_log_is_bounded_by_size(void **state) {
  tv_db *db = test_open_memory();
  uint64_t start = enable(db, "a"), last;
  tv_txn *txn = test_begin(db, TV_WRITE);
  heard h = {0};
  int i, j;
  (void)state;
  test_ok(tv_feed_keep(txn, 100000, 0));
  test_commit(txn);
  for (i = 0; i < 40; i++) {
    txn = test_begin(db, TV_WRITE);
    for (j = 0; j < 500; j++) {
      char key[16];
      snprintf(key, sizeof key, "%d", j);
      put(txn, "a", key);
    }
    test_commit(txn);
  }
  txn = test_begin(db, TV_READ);
  test_status(tv_feed(txn, start, hear, &h), TV_ELIMIT);
  last = tv_txn_snapshot(txn) - 1;
  test_ok(tv_feed(txn, last, hear, &h));
  assert_int_equal(h.count, 500);
  tv_abort(txn);
  test_close(db);
}

static void the_log_is_bounded_by_age(void **state) {
  tv_db *db = test_open_memory();
  uint64_t start = enable(db, "a");
  tv_txn *txn = test_begin(db, TV_WRITE);
  struct timespec pause = {0, 30000000};
  heard h = {0};
  (void)state;
  test_ok(tv_feed_keep(txn, 0, 20));
  test_status(tv_feed_keep(txn, 0, -1), TV_EINVAL);
  put(txn, "a", "old");
  test_commit(txn);
  nanosleep(&pause, NULL);
  txn = test_begin(db, TV_WRITE);
  put(txn, "a", "new");
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_status(tv_feed(txn, start, hear, &h), TV_ELIMIT);
  test_ok(tv_feed(txn, tv_txn_snapshot(txn) - 1, hear, &h));
  assert_string_equal(h.text, "p:a:new ");
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(committed_changes_come_in_order_and_others_never),
      cmocka_unit_test(a_feed_from_before_the_log_is_incomplete),
      cmocka_unit_test(the_log_is_bounded_by_size),
      cmocka_unit_test(the_log_is_bounded_by_age),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
