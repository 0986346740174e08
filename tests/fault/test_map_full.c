/* SPDX-License-Identifier: MIT */
/*
 * The file may not grow beyond its limit: for every limit from the smallest on, each write call in
 * turn is the one that finds no room. It says so, the transaction is aborted, what was committed
 * stays.
 */
#include "scenario.h"

static int run_with_pages(unsigned pages) {
  tv_options options = {.map_bytes = (uint64_t)pages * 4096,
                        .map_bytes_max = (uint64_t)pages * 4096};
  tv_error err = {0};
  tv_db *db = NULL;
  tv_txn *txn;
  tv_store *s;
  tv_slice value;
  int status = tv_open(":memory:", &options, &db, &err);
  if (status != TV_OK) {
    assert_true(status == TV_EFULL);
    assert_string_not_equal(err.message, "");
    return status;
  }
  txn = test_begin(db, TV_WRITE);
  status = tv_store_open(txn, "before", TV_CREATE, &s);
  if (status == TV_OK) status = tv_store_put(s, tv_str("k"), tv_str("v"), 0);
  if (status != TV_OK) {
    assert_int_equal(status, TV_EFULL);
    tv_abort(txn);
    test_close(db);
    return status;
  }
  status = tv_commit(txn, &err);
  if (status == TV_OK) {
    status = scenario_run(db, &err);
    if (status != TV_OK && status != TV_EFULL && status != TV_ESQL)
      fail_msg("%u pages: %s (%s)", pages, tv_status_name(status), err.message);
    txn = test_begin(db, TV_READ);
    test_ok(tv_store_open(txn, "before", 0, &s));
    test_ok(tv_store_get(s, tv_str("k"), &value));
    assert_true(test_slice_is(value, "v"));
    tv_abort(txn);
  } else {
    assert_int_equal(status, TV_EFULL);
  }
  test_close(db);
  return status;
}

static void every_write_may_find_the_map_full(void **state) {
  unsigned pages, full = 0;
  (void)state;
  for (pages = 20; pages < 600; pages++) {
    int status = run_with_pages(pages);
    if (status == TV_OK) break;
    full++;
  }
  print_message("full at %u sizes, enough at %u pages\n", full, pages);
  assert_true(full > 20 && pages < 600);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_write_may_find_the_map_full)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
