/* SPDX-License-Identifier: MIT */
/* Sound files, files that are no stores, versions, meta pages. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_damage.h"

static test_damage *damage;

static int setup(void **state) {
  (void)state;
  damage = test_damage_make();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  if (damage != NULL) test_damage_free(damage);
  return 0;
}

static int fresh_copy(void **state) {
  (void)state;
  test_damage_fresh(damage);
  return 0;
}

/* ---- Sound files ---- */

static void a_sound_file_has_no_problems(void **state) {
  tv_check_report report;
  tv_error err = {0};
  (void)state;
  test_damage_write(damage);
  test_ok(test_damage_check(damage, &report, &err));
  assert_int_equal(report.problems, 0);
  assert_int_equal(damage->sentence_count, 0);
  assert_int_equal(report.pages_lost, 0);
  assert_int_equal(report.pages_seen + report.pages_free,
                   tvi_meta_load(test_damage_meta(damage)).last_page + 1);
  assert_true(report.entries > 160 + 300 + 9 + 2);
  assert_true(report.pages_free > 100);
  test_ok(tvi_check_open(damage->path, damage->page_bytes, &err));
  test_ok(tv_check_file(damage->path, NULL, NULL, NULL, NULL));
}

static void a_file_is_sound_after_every_commit(void **state) {
  uint64_t seed = test_seed();
  tv_db *db;
  tv_error err = {0};
  int round;
  (void)state;
  test_file_write(damage->path, damage->bytes.data, 0);
  db = test_open(damage->path, 0);
  for (round = 0; round < 60; round++) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_check_report report;
    int i, writes = (int)(test_random(&seed) % 100);
    for (i = 0; i < writes; i++) {
      uint64_t r = test_random(&seed);
      char name[8], key[300], value[12000] = {0};
      size_t key_size;
      tv_store *store;
      snprintf(name, sizeof name, "st%u", (unsigned)(r % 7));
      test_ok(tv_store_open(txn, name, TV_CREATE, &store));
      memset(key, 'x', sizeof key);
      key_size = (size_t)snprintf(key, sizeof key, "%llu", (unsigned long long)(r / 7 % 3000));
      key[key_size] = 'x';
      if (r % 3 == 0) key_size = sizeof key;
      if (r / 11 % 4 == 0) {
        int status = tv_store_delete(store, tv_bytes(key, key_size));
        assert_true(status == TV_OK || status == TV_NOTFOUND);
      } else {
        size_t size = r / 13 % 40 == 0 ? r / 17 % sizeof value : r / 17 % 200;
        test_ok(tv_store_put(store, tv_bytes(key, key_size), tv_bytes(value, size), 0));
      }
      if (r / 19 % 500 == 0) test_ok(tv_store_drop(store));
    }
    if (test_random(&seed) % 5 == 0) {
      tv_abort(txn);
    } else {
      test_commit(txn);
    }
    test_ok(test_damage_check(damage, &report, &err));
    assert_int_equal(report.pages_lost, 0);
    test_ok(tvi_check_open(damage->path, damage->page_bytes, &err));
  }
  test_close(db);
}

static void a_backup_is_sound_compacted_or_not(void **state) {
  int compact;
  (void)state;
  for (compact = 0; compact < 2; compact++) {
    tv_check_report report;
    tv_error err = {0};
    tv_db *db = test_open(damage->sample_path, 0);
    (void)unlink(damage->path);
    test_ok(tv_backup(db, damage->path, compact, &err));
    test_close(db);
    test_ok(test_damage_check(damage, &report, &err));
    if (compact) assert_int_equal(report.pages_free, 0);
    test_ok(tvi_check_open(damage->path, damage->page_bytes, &err));
  }
}

typedef struct record_count {
  uint64_t records, bytes, large;
  int catalogue_done, stop_at;
} record_count;

static int count_record(void *ctx, tv_slice database, tv_slice key, tv_slice value) {
  record_count *count = ctx;
  const unsigned char *at = value.data;
  size_t i;
  int is_catalogue = test_slice_is(database, "trivet");
  if (!is_catalogue) count->catalogue_done = 1;
  assert_false(is_catalogue && count->catalogue_done);
  assert_true(key.size > 0);
  for (i = 0; i < value.size; i++) count->bytes += at[i] != 0;
  count->large += value.size > damage->page_bytes;
  count->records++;
  return count->stop_at != 0 && count->records == (uint64_t)count->stop_at ? TV_STOP : TV_OK;
}

static void the_walk_gives_every_record_the_catalogue_first(void **state) {
  record_count count = {0};
  tvi_check_hooks hooks = {NULL, count_record, &count};
  tv_check_report report;
  tv_error err = {0};
  (void)state;
  test_ok(tvi_check_walk(damage->sample_path, &hooks, &report, &err));
  assert_true(count.catalogue_done);
  assert_int_equal(count.large, damage->large);
  assert_true(count.bytes >= damage->large * 9000 + 160 * 10 + 300 * 60);
  assert_true(count.records < report.entries); /* those of the main and the free tree are not */
  count = (record_count){.stop_at = 50};
  test_status(tvi_check_walk(damage->sample_path, &hooks, &report, &err), TV_STOP);
  assert_int_equal(count.records, 50);
}

/* ---- Out of memory ---- */

static int allocations_left;

static void *scarce_allocate(void *ctx, size_t size) {
  (void)ctx;
  return allocations_left-- > 0 ? malloc(size) : NULL;
}
static void *scarce_reallocate(void *ctx, void *old, size_t size) {
  (void)ctx;
  return allocations_left-- > 0 ? realloc(old, size) : NULL;
}
static void scarce_release(void *ctx, void *old) {
  (void)ctx;
  free(old);
}

static void each_failed_allocation_is_reported(void **state) {
  tv_allocator scarce = {scarce_allocate, scarce_reallocate, scarce_release, NULL};
  int which;
  (void)state;
  test_ok(tv_allocator_set(&scarce));
  for (which = 0; which < 2; which++) {
    int allowed, status = TV_ENOMEM;
    for (allowed = 0; status != TV_OK; allowed++) {
      record_count count = {0};
      tvi_check_hooks hooks = {NULL, count_record, &count};
      tv_error err = {0};
      allocations_left = allowed;
      status = which == 0 ? tvi_check_walk(damage->sample_path, &hooks, NULL, &err)
                          : tvi_check_open(damage->sample_path, damage->page_bytes, &err);
      if (status == TV_OK) break;
      test_status(status, TV_ENOMEM);
      assert_non_null(strstr(err.message, "out of memory"));
      assert_true(allowed < 1000);
    }
    assert_true(allowed > (which == 0 ? 8 : 2));
  }
  test_ok(tv_allocator_set(NULL));
}

/* ---- No store at all ---- */

static void assert_foreign(const char *part_of_message) {
  tv_check_report report;
  tv_error err = {0};
  test_status(test_damage_check(damage, &report, &err), TV_ENOTDB);
  assert_non_null(strstr(err.message, part_of_message));
  assert_non_null(strstr(err.message, "check.tv"));
  assert_int_equal(damage->sentence_count, 0);
}

static void files_of_other_programs_are_told_apart(void **state) {
  static const char text[] = "Once upon a time there was a file of text.\n";
  unsigned char sqlite[4096] = "SQLite format 3";
  (void)state;
  test_file_write(damage->path, text, sizeof text - 1);
  assert_foreign("is not a Trivet store");
  test_status(tvi_check_open(damage->path, damage->page_bytes, NULL), TV_ENOTDB);
  test_file_write(damage->path, sqlite, sizeof sqlite);
  assert_foreign("is not a Trivet store");
  test_status(tvi_check_open(damage->path, damage->page_bytes, NULL), TV_ENOTDB);
  memset(damage->bytes.data, 0, damage->bytes.size);
  test_damage_write(damage);
  assert_foreign("is not a Trivet store");
}

static void an_empty_file_is_new_to_open_and_no_store_to_check(void **state) {
  (void)state;
  test_file_write(damage->path, "", 0);
  test_ok(tvi_check_open(damage->path, damage->page_bytes, NULL));
  assert_foreign("is empty");
}

static void an_lmdb_file_without_the_catalogue_is_no_store(void **state) {
  size_t at;
  (void)state;
  for (at = 0; at + 6 <= damage->bytes.size; at++) {
    if (memcmp(damage->bytes.data + at, "trivet", 6) == 0) damage->bytes.data[at + 5] = 'x';
  }
  test_damage_found(damage, TV_ENOTDB, "is an LMDB file but not a Trivet store");
  test_damage_found_at_open(damage, TV_ENOTDB, "is an LMDB file but not a Trivet store");
}

static void folders_pipes_and_devices_are_refused_at_once(void **state) {
  tv_error err = {0};
  (void)state;
  (void)unlink(damage->path);
  assert_int_equal(mkdir(damage->path, 0700), 0);
  assert_foreign("a folder");
  test_status(tvi_check_open(damage->path, damage->page_bytes, &err), TV_ENOTDB);
  assert_int_equal(rmdir(damage->path), 0);
  assert_int_equal(mkfifo(damage->path, 0600), 0);
  assert_foreign("a pipe");
  test_status(tvi_check_open(damage->path, damage->page_bytes, &err), TV_ENOTDB);
  assert_int_equal(unlink(damage->path), 0);
  test_status(tv_check_file("/dev/null", NULL, NULL, NULL, &err), TV_ENOTDB);
  assert_non_null(strstr(err.message, "a device"));
}

static void a_missing_file_is_said_to_be_missing(void **state) {
  tv_error err = {0};
  (void)state;
  (void)unlink(damage->path);
  test_status(tv_check_file(damage->path, NULL, NULL, NULL, &err), TV_ENOENT);
  assert_non_null(strstr(err.message, "check.tv"));
  test_status(tv_check_file(NULL, NULL, NULL, NULL, &err), TV_EINVAL);
  test_status(tv_check_file("", NULL, NULL, NULL, &err), TV_EINVAL);
  test_ok(tvi_check_open(damage->path, damage->page_bytes, &err));
}

static void a_file_that_may_not_be_read_is_said_so(void **state) {
  pid_t child;
  int result;
  (void)state;
  test_damage_write(damage);
  assert_int_equal(chmod(damage->path, 0), 0);
  assert_int_equal(chmod(damage->folder, 0755), 0);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    tv_error err = {0};
    int denied;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
    denied = tv_check_file(damage->path, NULL, NULL, NULL, &err) == TV_EACCES &&
             strstr(err.message, "check.tv") != NULL &&
             tvi_check_open(damage->path, damage->page_bytes, &err) == TV_EACCES;
    _exit(denied ? 0 : 1);
  }
  assert_true(waitpid(child, &result, 0) == child);
  assert_int_equal(chmod(damage->path, 0600), 0);
  assert_true(WIFEXITED(result));
  if (WEXITSTATUS(result) == 2) {
    print_message("root could not be dropped here\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(result), 0);
}

/* ---- Versions ---- */

static void another_lmdb_format_is_a_version(void **state) {
  (void)state;
  tvi_store_le32(test_damage_page(damage, 0) + 20, 2);
  tvi_store_le32(test_damage_page(damage, 1) + 20, 2);
  test_damage_found(damage, TV_EVERSION, "LMDB's format 2");
  test_damage_found_at_open(damage, TV_EVERSION, "LMDB's format 2");
}

static void another_page_size_is_a_version_to_open(void **state) {
  tv_error err = {0};
  unsigned char meta[TVI_META_BYTES];
  (void)state;
  memcpy(meta, test_damage_page(damage, 1), sizeof meta);
  tvi_store_le32(test_damage_page(damage, 0) + 40, (uint32_t)damage->page_bytes / 2);
  tvi_store_le32(meta + 40, (uint32_t)damage->page_bytes / 2);
  memcpy(damage->bytes.data + damage->page_bytes / 2, meta, sizeof meta);
  test_damage_write(damage);
  test_status(tvi_check_open(damage->path, damage->page_bytes, &err), TV_EVERSION);
  assert_non_null(strstr(err.message, "pages of"));
}

static void a_newer_trivet_format_is_a_version(void **state) {
  size_t at;
  (void)state;
  for (at = 0; at + 12 <= damage->bytes.size; at++) {
    if (memcmp(damage->bytes.data + at, "TRIVET\r\n", 8) == 0)
      tvi_store_le32(damage->bytes.data + at + 8, 2);
  }
  test_damage_found(damage, TV_EVERSION, "format 2");
}

/* ---- Meta pages ---- */

static void a_damaged_meta_page_is_found_whichever_it_is(void **state) {
  unsigned index;
  (void)state;
  for (index = 0; index < 2; index++) {
    test_damage_fresh(damage);
    memset(test_damage_page(damage, index), 0, damage->page_bytes);
    test_damage_found(damage, TV_ECORRUPT, "meta page");
    test_damage_found_at_open(damage, TV_ECORRUPT, "meta page");
    test_damage_fresh(damage);
    tvi_store_le32(test_damage_page(damage, index) + 16, 1);
    test_damage_found(damage, TV_ECORRUPT, "its magic number is missing");
    test_damage_found_at_open(damage, TV_ECORRUPT, "its magic number is missing");
    test_damage_fresh(damage);
    tvi_store_le32(test_damage_page(damage, index) + 20, 7);
    test_damage_found_at_open(damage, TV_ECORRUPT, "its version is wrong");
    test_damage_fresh(damage);
    test_damage_page(damage, index)[10] = 1;
    test_damage_found_at_open(damage, TV_ECORRUPT, "another kind of page");
    test_damage_fresh(damage);
    test_damage_page(damage, index)[0] = 5;
    test_damage_found_at_open(damage, TV_ECORRUPT, "names another page");
  }
  test_damage_fresh(damage);
  tvi_store_le32(test_damage_page(damage, 0) + 16, 1);
  tvi_store_le32(test_damage_page(damage, 1) + 20, 3);
  test_damage_found(damage, TV_ECORRUPT, "meta page 0");
  test_damage_fresh(damage);
  tvi_store_le32(test_damage_page(damage, 0) + 40, 3000);
  test_damage_found_at_open(damage, TV_ECORRUPT, "page size");
}

static void transactions_out_of_step_are_found(void **state) {
  uint64_t id = tvi_meta_load(test_damage_meta(damage)).txn_id;
  (void)state;
  tvi_store_le64(test_damage_meta(damage) + 144, id + 2);
  test_damage_found_at_open(damage, TV_ECORRUPT, "do not follow each other");
  test_damage_fresh(damage);
  tvi_store_le64(test_damage_meta(damage) + 144, id + 1);
  test_damage_found_at_open(damage, TV_ECORRUPT, "wrong places");
}

static void wrong_numbers_in_the_newest_meta_page_are_found(void **state) {
  static const struct {
    size_t offset;
    uint64_t value;
  } rows[] = {{136, 0},           {136, UINT64_MAX}, {88 + 40, 0},       {88 + 40, 1},
              {88 + 40, 1000000}, {40 + 40, 1},      {40 + 40, 1000000}, {88 + 24, 1000000}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    test_damage_fresh(damage);
    tvi_store_le64(test_damage_meta(damage) + rows[i].offset, rows[i].value);
    test_damage_found(damage, TV_ECORRUPT, "is damaged");
    test_damage_found_at_open(damage, TV_ECORRUPT, "is damaged");
  }
  test_damage_fresh(damage);
  tvi_store_le16(test_damage_meta(damage) + 88 + 6, 33);
  test_damage_found_at_open(damage, TV_ECORRUPT, "depth");
  test_damage_fresh(damage);
  tvi_store_le64(test_damage_meta(damage) + 136, UINT64_C(1) << 30);
  test_damage_found(damage, TV_ETRUNCATED, "is cut off");
  test_damage_found_at_open(damage, TV_ETRUNCATED, "is cut off");
}

static void the_older_meta_page_matters_to_check_only(void **state) {
  unsigned char *newest = test_damage_meta(damage), *older = newest == test_damage_page(damage, 0)
                                                                 ? test_damage_page(damage, 1)
                                                                 : test_damage_page(damage, 0);
  tv_error err = {0};
  (void)state;
  tvi_store_le64(older + 88 + 40, 0);
  test_damage_found(damage, TV_ECORRUPT, "the older meta page");
  test_ok(tvi_check_open(damage->path, damage->page_bytes, &err));
}

int main(void) {
#define CHECK_TEST(name) cmocka_unit_test_setup(name, fresh_copy)
  const struct CMUnitTest tests[] = {
      CHECK_TEST(a_sound_file_has_no_problems),
      CHECK_TEST(a_file_is_sound_after_every_commit),
      CHECK_TEST(a_backup_is_sound_compacted_or_not),
      CHECK_TEST(the_walk_gives_every_record_the_catalogue_first),
      CHECK_TEST(each_failed_allocation_is_reported),
      CHECK_TEST(files_of_other_programs_are_told_apart),
      CHECK_TEST(an_empty_file_is_new_to_open_and_no_store_to_check),
      CHECK_TEST(an_lmdb_file_without_the_catalogue_is_no_store),
      CHECK_TEST(folders_pipes_and_devices_are_refused_at_once),
      CHECK_TEST(a_missing_file_is_said_to_be_missing),
      CHECK_TEST(a_file_that_may_not_be_read_is_said_so),
      CHECK_TEST(another_lmdb_format_is_a_version),
      CHECK_TEST(another_page_size_is_a_version_to_open),
      CHECK_TEST(a_newer_trivet_format_is_a_version),
      CHECK_TEST(a_damaged_meta_page_is_found_whichever_it_is),
      CHECK_TEST(transactions_out_of_step_are_found),
      CHECK_TEST(wrong_numbers_in_the_newest_meta_page_are_found),
      CHECK_TEST(the_older_meta_page_matters_to_check_only),
  };
  (void)alarm(120); /* a check that hangs is a failure too */
  return cmocka_run_group_tests(tests, setup, teardown);
}
