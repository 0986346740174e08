/* SPDX-License-Identifier: MIT */
/* The example of engine/trivet.h, as it stands there, in a folder of its own. */
#include <stdio.h>
#include <unistd.h>

#include "test_store.h"

static int example(void) {
  tv_error err;
  tv_db *db;
  tv_txn *txn;
  tv_store *store;
  tv_slice value;

  if (tv_open("app.tv", NULL, &db, &err) != TV_OK) {
    fprintf(stderr, "%s\n", err.message);
    return 1;
  }
  tv_begin(db, TV_WRITE, &txn, &err);
  tv_store_open(txn, "settings", TV_CREATE, &store);
  tv_store_put(store, tv_str("colour"), tv_str("green"), 0);
  tv_commit(txn, &err);

  tv_begin(db, TV_READ, &txn, &err);
  tv_store_open(txn, "settings", 0, &store);
  if (tv_store_get(store, tv_str("colour"), &value) == TV_OK)
    printf("%.*s\n", (int)value.size, (const char *)value.data);
  tv_abort(txn);
  return tv_close(db, &err) == TV_OK && value.size == 5 ? 0 : 1;
}

static void the_example_of_the_header_runs(void **state) {
  char *folder = test_folder_make();
  (void)state;
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(example(), 0);
  assert_int_equal(chdir("/"), 0);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_of_the_header_runs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
