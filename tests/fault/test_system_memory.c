/* SPDX-License-Identifier: MIT */
/*
 * malloc itself fails: each allocation of the scenario in turn, LMDB's, SQLite's, liblz4's and the
 * C library's included, where test_memory.c reaches the library's own alone. The program defines
 * malloc and its kin, so the dynamic linker binds every library to them. Only what this thread asks
 * for while armed is counted.
 *
 * A sanitizer brings a malloc of its own; there the test is skipped.
 */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYSTEM_MEMORY_OURS 0
#else
#define SYSTEM_MEMORY_OURS 1
#endif

static _Thread_local int armed;
static _Thread_local long countdown, failures;

#if SYSTEM_MEMORY_OURS

/* NOLINTBEGIN(bugprone-reserved-identifier): glibc's names for what lies below */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *memory);
/* NOLINTEND(bugprone-reserved-identifier) */

static int memory_fails(void) {
  if (!armed || countdown-- > 0) return 0;
  armed = 0; /* one failure in each run */
  failures++;
  errno = ENOMEM;
  return 1;
}

#define MEMORY_EXPORT __attribute__((visibility("default")))

MEMORY_EXPORT void *malloc(size_t bytes) {
  return memory_fails() ? NULL : __libc_malloc(bytes);
}

MEMORY_EXPORT void *calloc(size_t n, size_t bytes) {
  return memory_fails() ? NULL : __libc_calloc(n, bytes);
}

MEMORY_EXPORT void *realloc(void *old, size_t bytes) {
  return memory_fails() ? NULL : __libc_realloc(old, bytes);
}

MEMORY_EXPORT int posix_memalign(void **out, size_t alignment, size_t bytes) {
  if (memory_fails()) return ENOMEM;
  *out = __libc_memalign(alignment, bytes);
  return *out == NULL ? ENOMEM : 0;
}

MEMORY_EXPORT void *aligned_alloc(size_t alignment, size_t bytes) {
  return memory_fails() ? NULL : __libc_memalign(alignment, bytes);
}

MEMORY_EXPORT void free(void *memory) {
  __libc_free(memory);
}

#endif

enum { KEEP_FOR = 30 }; /* failures that one store has to survive */

static char *folder, path[4200];

static int set_up(void **state) {
  (void)state;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  test_folder_remove(folder);
  return 0;
}

static void remove_store(void) {
  char lock[4300];
  snprintf(lock, sizeof lock, "%s-lock", path);
  (void)unlink(path);
  (void)unlink(lock);
}

static void check_file(long allocation) {
  tv_check_report report;
  tv_error err = {0};
  if (tv_check_file(path, NULL, NULL, &report, &err) != TV_OK)
    fail_msg("allocation %ld: %s", allocation, err.message);
}

/* What may come of a failed allocation: the failure by its name, or success in spite of it. */
static void check_status(long allocation, int status, const tv_error *err) {
  if (status != TV_OK && status != TV_ENOMEM)
    fail_msg("allocation %ld: %s (%s)", allocation, tv_status_name(status), err->message);
}

static void arm(long allocation) {
  failures = 0;
  countdown = allocation;
  armed = 1;
}

static int open_quickly(tv_db **db, tv_error *err) {
  tv_options options = {.durability = TV_LAZY};
  return tv_open(path, &options, db, err);
}

/* Creates, fills and closes a store while the allocation fails. Returns 1 when one did. */
static int new_store_at(long allocation) {
  tv_error err = {0};
  tv_db *db = NULL;
  int status, closed = TV_OK;
  arm(allocation);
  status = open_quickly(&db, &err);
  if (status == TV_OK) {
    status = scenario_run(db, &err);
    closed = tv_close(db, NULL);
  }
  armed = 0;
  test_ok(closed);
  check_status(allocation, status, &err);
  if (failures == 0) test_ok(status);
  if (access(path, F_OK) == 0) check_file(allocation);
  /* The next one succeeds, over what the failed one left. */
  test_ok(open_quickly(&db, &err));
  test_ok(scenario_run(db, &err));
  test_close(db);
  if (allocation % 16 == 0) check_file(allocation);
  remove_store();
  return failures != 0;
}

static void every_allocation_may_fail_while_a_store_is_made(void **state) {
  long allocation;
  (void)state;
  if (!SYSTEM_MEMORY_OURS) skip();
  for (allocation = 0; new_store_at(allocation); allocation++) assert_true(allocation < 100000);
  print_message("%ld allocations failed in turn\n", allocation);
  assert_true(allocation > 500);
}

/* The same store over many failures: what one leaves behind is what the next one meets. */
static void a_store_that_is_kept_survives_them_all(void **state) {
  tv_error err = {0};
  long allocation, survived = 0;
  tv_db *db = NULL;
  (void)state;
  if (!SYSTEM_MEMORY_OURS) skip();
  for (allocation = 0; allocation == 0 || failures != 0; allocation++) {
    int status;
    if (db == NULL) {
      test_ok(open_quickly(&db, &err));
      test_ok(scenario_run(db, &err));
    }
    arm(allocation);
    status = scenario_run(db, &err);
    armed = 0;
    check_status(allocation, status, &err);
    survived += status == TV_OK;
    if (failures == 0) test_ok(status);
    if (allocation % KEEP_FOR != KEEP_FOR - 1 && failures != 0) continue;
    test_ok(scenario_run(db, &err)); /* it grows with each success: begin anew now and then */
    test_close(db);
    db = NULL;
    check_file(allocation);
    remove_store();
  }
  print_message("%ld allocations failed in turn, %ld without harm\n", allocation - 1, survived - 1);
}

/* A connection with a transaction of its own, which stays on this thread. */
static int sql_run_once(tv_db *db, int commit, tv_error *err) {
  sqlite3 *sql = NULL;
  int status = tv_sql_open(db, TV_SQL_THREAD_BOUND, &sql, err);
  if (status == TV_ESQL && err->native == SQLITE_NOMEM) status = TV_ENOMEM;
  if (status != TV_OK) return status;
  status = scenario_sql_run(sql, "BEGIN IMMEDIATE");
  if (status == TV_OK) status = scenario_sql(sql);
  if (status == TV_OK) status = scenario_sql_run(sql, commit ? "COMMIT" : "ROLLBACK");
  (void)sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
  (void)sqlite3_close(sql);
  return status;
}

static void every_allocation_may_fail_where_sql_leads(void **state) {
  tv_error err = {0};
  long allocation;
  tv_db *db;
  (void)state;
  if (!SYSTEM_MEMORY_OURS) skip();
  test_ok(open_quickly(&db, &err));
  test_ok(scenario_run(db, &err));
  for (allocation = 0; allocation == 0 || failures != 0; allocation++) {
    int status;
    assert_true(allocation < 100000);
    arm(allocation);
    status = sql_run_once(db, allocation % 20 == 0, &err);
    armed = 0;
    check_status(allocation, status, &err);
    if (failures == 0) test_ok(status);
  }
  test_ok(sql_run_once(db, 1, &err));
  test_ok(scenario_run(db, &err));
  test_close(db);
  check_file(allocation);
  print_message("%ld allocations failed in turn\n", allocation - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_allocation_may_fail_while_a_store_is_made),
      TEST(a_store_that_is_kept_survives_them_all),
      TEST(every_allocation_may_fail_where_sql_leads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
