/* SPDX-License-Identifier: MIT */
/* Temporary files: what was written is read back, nothing is left behind, and what goes wrong is
 * said. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "layer_internal.h"
#include "test_store.h"

static int entries(const char *folder) {
  DIR *dir = opendir(folder);
  int n = 0;
  assert_non_null(dir);
  while (readdir(dir) != NULL) n++;
  closedir(dir);
  return n;
}

static void what_was_written_is_read_back_and_leaves_no_file(void **state) {
  char *folder = test_folder_make();
  const char *before = getenv("TMPDIR");
  char *kept = before == NULL ? NULL : strdup(before), bytes[5000], back[5000];
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_READ);
  tvi_spill spill = {0};
  int i, there;
  (void)state;
  setenv("TMPDIR", folder, 1);
  there = entries(folder);
  for (i = 0; i < 100; i++) {
    memset(bytes, i, sizeof bytes);
    test_ok(tvi_spill_append(txn, &spill, bytes, sizeof bytes));
  }
  assert_int_equal(spill.size, 100 * sizeof bytes);
  assert_int_equal(entries(folder), there);
  for (i = 99; i >= 0; i--) {
    test_ok(tvi_spill_read(txn, &spill, (uint64_t)i * sizeof bytes, back, sizeof back));
    assert_int_equal(back[0], i);
    assert_int_equal(back[sizeof back - 1], i);
  }
  test_status(tvi_spill_read(txn, &spill, spill.size - 10, back, 11), TV_EIO);
  tvi_spill_close(&spill);
  assert_int_equal(spill.size, 0);
  tvi_spill_close(&spill);
  setenv("TMPDIR", "/nowhere/at/all", 1);
  test_status(tvi_spill_append(txn, &spill, bytes, 1), TV_EIO);
  assert_non_null(strstr(tv_txn_error(txn)->message, "temporary file cannot be made"));
  if (kept != NULL)
    setenv("TMPDIR", kept, 1);
  else
    unsetenv("TMPDIR");
  free(kept);
  tv_abort(txn);
  test_close(db);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_written_is_read_back_and_leaves_no_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
