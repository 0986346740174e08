/* SPDX-License-Identifier: MIT */
/* The example of trivet_kv.h, as it stands there. */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

static void the_example_of_the_header_prints_the_value(void **unused) {
  tv_db *db = test_open_memory();
  char printed[64] = "";
  tv_error err;
  tv_txn *txn;
  (void)unused;

#define printf(...) snprintf(printed, sizeof printed, __VA_ARGS__)
  tv_bucket *users;
  tv_slice value;
  tv_begin(db, TV_WRITE, &txn, &err);
  tv_kv_open(txn, "users", TV_CREATE, NULL, &users);
  tv_kv_put(users, tv_str("ada"), tv_str("{\"born\":1815}"));
  if (tv_kv_get(users, tv_str("ada"), &value) == TV_OK)
    printf("%.*s\n", (int)value.size, (const char *)value.data);
  tv_commit(txn, &err);
#undef printf
  assert_string_equal(printed, "{\"born\":1815}\n");
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_example_of_the_header_prints_the_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
