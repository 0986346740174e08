/* SPDX-License-Identifier: MIT */
/* A bucket's changes in the engine's log: which are there, under which kind, and which are not. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test_store.h"
#include "trivet_kv.h"

typedef struct logged {
  char text[4000];
} logged;

static int logged_hear(void *ctx, const tv_change *change) {
  static const char kinds[] = "?pdcDr";
  logged *l = ctx;
  size_t used = strlen(l->text);
  assert_int_equal(change->model, 'k');
  assert_int_equal(change->part.size, 0);
  snprintf(l->text + used, sizeof l->text - used, "%c:%.*s:%.*s ", kinds[change->kind],
           (int)change->name.size, (const char *)change->name.data, (int)change->key.size,
           (const char *)change->key.data);
  return 0;
}

static void logged_expect(tv_db *db, uint64_t since, const char *expected) {
  tv_txn *txn = test_begin(db, TV_READ);
  logged l = {0};
  test_ok(tv_feed(txn, since, logged_hear, &l));
  assert_string_equal(l.text, expected);
  tv_abort(txn);
}

/* A new bucket "b" whose changes are logged; *since: its creation. */
static tv_db *logged_open(const tv_bucket_options *options, uint64_t *since) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  *since = tv_txn_snapshot(txn) + 1;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, options, &bucket));
  test_ok(tv_kv_log(bucket, 1));
  test_commit(txn);
  return db;
}

static tv_bucket *logged_bucket(tv_txn *txn) {
  tv_bucket *bucket;
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  return bucket;
}

static void every_way_to_write_is_a_put_or_a_delete(void **unused) {
  uint64_t since;
  tv_db *db = logged_open(&(tv_bucket_options){.versioned = 1}, &since);
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *b = logged_bucket(txn);
  tv_write writes[2] = {{.key = {"w", 1}, .value = {"1", 1}}, {.key = {"e", 1}, .erase = 1}};
  tv_range range = {{"n", 1}, {"o", 1}};
  tv_slice value;
  (void)unused;
  test_ok(tv_kv_put(b, tv_str("a"), tv_str("1")));
  test_ok(tv_kv_put_absent(b, tv_str("e"), tv_str("1")));
  test_status(tv_kv_put_absent(b, tv_str("e"), tv_str("2")), TV_EXISTS);
  test_ok(tv_kv_put_equal(b, tv_str("e"), tv_str("1"), tv_str("3")));
  test_status(tv_kv_put_version(b, tv_str("e"), 9, tv_str("2")), TV_MISMATCH);
  test_ok(tv_kv_add(b, tv_str("n"), 5, NULL));
  test_ok(tv_kv_append(b, tv_str("a"), tv_str("+")));
  test_ok(tv_kv_write_many(b, 2, writes));
  test_status(tv_kv_delete(b, tv_str("none")), TV_NOTFOUND);
  test_ok(tv_kv_delete(b, tv_str("w")));
  test_ok(tv_kv_delete_range(b, range, NULL));
  test_ok(tv_kv_get(b, tv_str("a"), &value));
  test_commit(txn);
  logged_expect(db, since, "p:b:a p:b:e p:b:e p:b:n p:b:a p:b:w d:b:e d:b:w d:b:n ");
  test_close(db);
}

static void sweeps_are_deletes_and_the_expiry_index_is_silent(void **unused) {
  uint64_t since, middle;
  tv_db *db = logged_open(NULL, &since);
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *b = logged_bucket(txn);
  (void)unused;
  test_ok(tv_kv_put_ttl(b, tv_str("x"), tv_str("1"), 1));
  test_ok(tv_kv_put_ttl(b, tv_str("y"), tv_str("1"), 1));
  test_ok(tv_kv_put_ttl(b, tv_str("z"), tv_str("1"), 2));
  test_ok(tv_kv_put_ttl(b, tv_str("stays"), tv_str("1"), 3600000));
  test_ok(tv_kv_put_ttl(b, tv_str("stays"), tv_str("2"), 7200000));
  test_commit(txn);
  logged_expect(db, since, "p:b:x p:b:y p:b:z p:b:stays p:b:stays ");
  usleep(5000);
  txn = test_begin(db, TV_WRITE);
  middle = tv_txn_snapshot(txn);
  test_ok(tv_kv_sweep(logged_bucket(txn), 1, NULL));
  test_commit(txn);
  logged_expect(db, middle, "d:b:x ");
  /* A put sweeps the rest. */
  txn = test_begin(db, TV_WRITE);
  middle = tv_txn_snapshot(txn);
  test_ok(tv_kv_put(logged_bucket(txn), tv_str("new"), tv_str("1")));
  test_commit(txn);
  logged_expect(db, middle, "p:b:new d:b:y d:b:z ");
  test_close(db);
}

static void clear_rename_drop_and_aborts(void **unused) {
  uint64_t since;
  tv_db *db = logged_open(NULL, &since);
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *b = logged_bucket(txn);
  tv_range whole = {{NULL, 0}, {NULL, 0}};
  (void)unused;
  test_ok(tv_kv_put(b, tv_str("k"), tv_str("1")));
  test_ok(tv_kv_delete_range(b, whole, NULL));
  test_ok(tv_kv_rename(txn, "b", "c"));
  test_ok(tv_kv_drop(txn, "c"));
  tv_abort(txn);
  logged_expect(db, since, "");
  txn = test_begin(db, TV_WRITE);
  b = logged_bucket(txn);
  test_ok(tv_kv_put(b, tv_str("k"), tv_str("1")));
  test_ok(tv_kv_delete_range(b, whole, NULL));
  test_ok(tv_kv_put_ttl(b, tv_str("t"), tv_str("1"), 100000)); /* makes the index */
  test_ok(tv_kv_rename(txn, "b", "c"));
  test_ok(tv_kv_drop(txn, "c"));
  test_commit(txn);
  logged_expect(db, since, "p:b:k c:b: p:b:t r:b:c D:c: ");
  test_close(db);
}

static void a_log_that_is_off_hears_nothing(void **unused) {
  uint64_t since;
  tv_db *db = logged_open(NULL, &since);
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *b = logged_bucket(txn);
  (void)unused;
  test_ok(tv_kv_put(b, tv_str("heard"), tv_str("1")));
  test_ok(tv_kv_log(b, 0));
  test_ok(tv_kv_put(b, tv_str("silent"), tv_str("1")));
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  b = logged_bucket(txn);
  test_ok(tv_kv_put(b, tv_str("silent too"), tv_str("1")));
  test_ok(tv_kv_log(b, 1));
  test_ok(tv_kv_put(b, tv_str("again"), tv_str("1")));
  test_commit(txn);
  logged_expect(db, since, "p:b:heard p:b:again ");
  txn = test_begin(db, TV_READ);
  test_status(tv_kv_log(logged_bucket(txn), 1), TV_EREADONLY);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_way_to_write_is_a_put_or_a_delete),
      cmocka_unit_test(sweeps_are_deletes_and_the_expiry_index_is_silent),
      cmocka_unit_test(clear_rename_drop_and_aborts),
      cmocka_unit_test(a_log_that_is_off_hears_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
