/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "layer_internal.h"
#include "test_store.h"

static int collect(void *ctx, tv_slice name) {
  char *list = ctx;
  size_t size = strlen(list);
  memcpy(list + size, name.data, name.size);
  strcpy(list + size + name.size, " ");
  return 0;
}

static const char *names_of(tv_txn *txn, char list[4096]) {
  list[0] = '\0';
  test_ok(tv_store_list(txn, collect, list));
  return list;
}

static tv_store *make(tv_txn *txn, const char *name) {
  tv_store *s;
  test_ok(tv_store_open(txn, name, TV_CREATE, &s));
  return s;
}

static void stores_are_created_listed_and_dropped(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s, *b;
  char list[4096];
  (void)state;
  make(txn, "b");
  make(txn, "a");
  make(txn, "ab");
  test_status(tv_store_open(txn, "a", TV_CREATE | TV_ONLY_NEW, &s), TV_EXISTS);
  test_status(tv_store_open(txn, "none", 0, &s), TV_ENOSTORE);
  assert_non_null(strstr(tv_txn_error(txn)->message, "none"));
  assert_string_equal(names_of(txn, list), "a ab b ");
  b = make(txn, "b");
  test_ok(tv_store_put(b, tv_str("k"), tv_str("v"), 0));
  test_ok(tv_store_drop(b));
  test_status(tv_store_put(b, tv_str("k"), tv_str("v"), 0), TV_ENOSTORE);
  assert_string_equal(names_of(txn, list), "a ab ");
  b = make(txn, "b");
  {
    tv_slice value;
    test_status(tv_store_get(b, tv_str("k"), &value), TV_NOTFOUND);
  }
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  assert_string_equal(names_of(txn, list), "a ab b ");
  tv_abort(txn);
  test_close(db);
}

static void renaming_keeps_entries_and_parts(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s, *part;
  tv_slice value;
  char list[4096];
  (void)state;
  s = make(txn, "old");
  test_ok(tv_store_put(s, tv_str("k"), tv_str("v"), 0));
  test_ok(tvi_store_open(txn, TVI_KIND_STORE, "old", "part", TV_CREATE, tv_str("opt"), &part));
  test_ok(tv_store_put(part, tv_str("p"), tv_str("q"), 0));
  make(txn, "old2");
  make(txn, "taken");
  test_status(tv_store_rename(s, "taken"), TV_EXISTS);
  test_ok(tv_store_rename(s, "new"));
  assert_string_equal(names_of(txn, list), "new old2 taken ");
  test_ok(tv_store_open(txn, "new", 0, &s));
  test_ok(tv_store_get(s, tv_str("k"), &value));
  assert_true(test_slice_is(value, "v"));
  test_ok(tvi_store_open(txn, TVI_KIND_STORE, "new", "part", 0, tv_str(""), &part));
  assert_true(test_slice_is(tvi_store_options(part), "opt"));
  test_ok(tv_store_get(part, tv_str("p"), &value));
  test_status(tvi_store_open(txn, TVI_KIND_STORE, "old", "part", 0, tv_str(""), &part),
              TV_NOTFOUND);
  test_commit(txn);
  test_close(db);
}

static void bad_names_are_refused_and_shown(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  char name[TV_NAME_BYTES_MAX + 2];
  (void)state;
  test_status(tv_store_open(txn, "", TV_CREATE, &s), TV_EINVAL);
  test_status(tv_store_open(txn, "a\nb", TV_CREATE, &s), TV_EINVAL);
  memset(name, 'n', sizeof name);
  name[TV_NAME_BYTES_MAX + 1] = '\0';
  test_status(tv_store_open(txn, name, TV_CREATE, &s), TV_EINVAL);
  name[TV_NAME_BYTES_MAX] = '\0';
  test_ok(tv_store_open(txn, name, TV_CREATE, &s));
  tv_abort(txn);
  test_close(db);
}

static void stores_of_one_transaction_and_of_the_file_are_limited(void **state) {
  tv_db *db = test_open_memory();
  tv_store *s;
  tv_txn *txn;
  tv_slice value;
  char name[16];
  int total = 0, status = TV_OK;
  (void)state;
  while (status == TV_OK && total < TV_STORES_MAX + 10) {
    int i;
    txn = test_begin(db, TV_WRITE);
    for (i = 0; i < TV_STORES_PER_TXN_MAX && status == TV_OK; i++) {
      snprintf(name, sizeof name, "s%d", total);
      status = tv_store_open(txn, name, TV_CREATE, &s);
      if (status == TV_OK) {
        test_ok(tv_store_put(s, tv_str("name"), tv_str(name), 0));
        total++;
      }
    }
    test_commit(txn);
  }
  test_status(status, TV_ELIMIT);
  assert_int_equal(total, TV_STORES_MAX);
  txn = test_begin(db, TV_WRITE);
  test_ok(tv_store_open(txn, "s500", 0, &s));
  test_ok(tv_store_get(s, tv_str("name"), &value));
  assert_true(test_slice_is(value, "s500"));
  test_ok(tv_store_drop(s));
  test_ok(tv_store_open(txn, "again", TV_CREATE, &s));
  test_commit(txn);
  test_close(db);
}

static void a_pooled_reader_notices_a_recreated_store(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  tv_store *s;
  tv_slice value;
  int round;
  (void)state;
  for (round = 0; round < 5; round++) {
    char text[16];
    snprintf(text, sizeof text, "%d", round);
    txn = test_begin(db, TV_WRITE);
    if (round > 0) {
      test_ok(tv_store_open(txn, "s", 0, &s));
      test_ok(tv_store_drop(s));
      make(txn, text); /* takes the slot */
    }
    s = make(txn, "s");
    test_ok(tv_store_put(s, tv_str("k"), tv_str(text), 0));
    test_commit(txn);
    txn = test_begin(db, TV_READ);
    test_ok(tv_store_open(txn, "s", 0, &s));
    test_ok(tv_store_get(s, tv_str("k"), &value));
    assert_true(test_slice_is(value, text));
    tv_abort(txn);
  }
  test_close(db);
}

static int released;
static void count_release(void *data) {
  (void)data;
  released++;
}

static void what_a_layer_attaches_lives_as_long_as_the_record(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  int token;
  (void)state;
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, TV_CREATE, tv_str("one"), &s));
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, 0, tv_str(""), &s));
  tvi_store_attach(s, &token, count_release);
  tv_abort(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, 0, tv_str(""), &s));
  assert_ptr_equal(tvi_store_attached(s), &token);
  tv_abort(txn);
  txn = test_begin(db, TV_WRITE);
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, 0, tv_str(""), &s));
  test_ok(tvi_store_set_options(s, tv_str("two")));
  test_commit(txn);
  assert_int_equal(released, 0);
  txn = test_begin(db, TV_READ);
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, 0, tv_str(""), &s));
  assert_null(tvi_store_attached(s));
  assert_true(test_slice_is(tvi_store_options(s), "two"));
  assert_int_equal(released, 1);
  tv_abort(txn);
  test_close(db);
}

static void what_a_layer_attaches_goes_with_a_drop(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  int token, before = released;
  (void)state;
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, TV_CREATE, tv_str("same"), &s));
  tvi_store_attach(s, &token, count_release);
  test_ok(tv_store_drop(s));
  assert_int_equal(released, before + 1);
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", NULL, TV_CREATE, tv_str("same"), &s));
  assert_null(tvi_store_attached(s)); /* though slot and options are the same */
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stores_are_created_listed_and_dropped),
      cmocka_unit_test(renaming_keeps_entries_and_parts),
      cmocka_unit_test(bad_names_are_refused_and_shown),
      cmocka_unit_test(stores_of_one_transaction_and_of_the_file_are_limited),
      cmocka_unit_test(a_pooled_reader_notices_a_recreated_store),
      cmocka_unit_test(what_a_layer_attaches_lives_as_long_as_the_record),
      cmocka_unit_test(what_a_layer_attaches_goes_with_a_drop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
