/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer_internal.h"
#include "test_store.h"

static char *folder;
static char path[4200];

static int set_up(void **state) {
  (void)state;
  folder = test_folder_make();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  test_folder_remove(folder);
  return 0;
}

static int open_status(const char *name, unsigned flags, tv_error *err) {
  tv_options options = {.flags = flags};
  tv_db *db;
  int status = tv_open(name, &options, &db, err);
  if (status == TV_OK) test_close(db);
  return status;
}

static void write_one(tv_db *db, const char *key, const char *value) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
  test_ok(tv_store_put(s, tv_str(key), tv_str(value), 0));
  test_commit(txn);
}

static int has(tv_db *db, const char *key) {
  tv_txn *txn = test_begin(db, TV_READ);
  tv_store *s;
  tv_slice value;
  int found =
      tv_store_open(txn, "s", 0, &s) == TV_OK && tv_store_get(s, tv_str(key), &value) == TV_OK;
  tv_abort(txn);
  return found;
}

static void a_store_is_created_and_found_again(void **state) {
  tv_db *db = test_open(path, 0);
  (void)state;
  assert_string_equal(tv_db_path(db), path);
  write_one(db, "k", "v");
  test_close(db);
  db = test_open(path, TV_OPEN_EXISTING);
  assert_true(has(db, "k"));
  test_close(db);
  db = test_open(path, TV_OPEN_READONLY);
  assert_true(has(db, "k"));
  test_close(db);
}

static void flags_decide_about_new_and_existing(void **state) {
  tv_error err;
  (void)state;
  test_status(open_status(path, TV_OPEN_EXISTING, &err), TV_ENOENT);
  test_status(open_status(path, TV_OPEN_READONLY, &err), TV_ENOENT);
  assert_non_null(strstr(err.message, "a.tv"));
  assert_int_not_equal(access(path, F_OK), 0);
  test_ok(open_status(path, TV_OPEN_NEW, &err));
  test_status(open_status(path, TV_OPEN_NEW, &err), TV_EEXIST);
  test_status(open_status("", 0, &err), TV_EINVAL);
  test_status(open_status(path, 1u << 30, &err), TV_EINVAL);
}

static void a_missing_folder_is_named(void **state) {
  char deep[4300];
  tv_error err;
  (void)state;
  test_path(deep, sizeof deep, folder, "missing/a.tv");
  test_status(open_status(deep, 0, &err), TV_ENOENT);
  assert_non_null(strstr(err.message, "missing"));
}

static void two_opens_share_one_environment(void **state) {
  tv_db *one = test_open(path, 0), *two = test_open(path, 0), *three;
  tv_txn *txn, *second;
  (void)state;
  assert_int_equal(tvi_db_id(one), tvi_db_id(two));
  write_one(one, "k", "v");
  assert_true(has(two, "k"));
  txn = test_begin(one, TV_WRITE);
  test_status(tv_begin(two, TV_WRITE, &second, NULL), TV_EMISUSE);
  test_ok(tvi_db_by_id(tvi_db_id(one), &three, NULL));
  test_close(three);
  test_close(two);
  assert_true(has(one, "k"));
  tv_abort(txn);
  test_close(one);
}

static void a_readonly_handle_does_not_write(void **state) {
  tv_db *db = test_open(path, 0), *reader = test_open(path, TV_OPEN_READONLY);
  tv_txn *txn;
  tv_error err;
  (void)state;
  write_one(db, "k", "v");
  assert_true(has(reader, "k"));
  test_status(tv_begin(reader, TV_WRITE, &txn, &err), TV_EREADONLY);
  test_close(db);
  test_close(reader);
}

static void read_only_first_and_writing_second_is_misuse(void **state) {
  tv_db *db = test_open(path, 0), *reader;
  tv_error err;
  (void)state;
  test_close(db);
  reader = test_open(path, TV_OPEN_READONLY);
  test_status(open_status(path, 0, &err), TV_EMISUSE);
  test_close(reader);
}

static void temporary_and_memory_stores_leave_nothing(void **state) {
  tv_db *one = test_open(NULL, TV_OPEN_TEMPORARY), *two = test_open(":memory:", 0);
  (void)state;
  assert_string_equal(tv_db_path(one), "");
  write_one(one, "k", "1");
  write_one(two, "k", "2");
  assert_true(has(one, "k") && has(two, "k"));
  test_close(one);
  test_close(two);
}

static void write_file(const char *name, const void *bytes, size_t size) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes, size), size);
  close(fd);
}

static void a_foreign_file_is_not_a_store_and_stays_as_it_is(void **state) {
  static char text[9000];
  char back[sizeof text];
  tv_error err;
  int fd;
  (void)state;
  memset(text, 'x', sizeof text);
  write_file(path, text, sizeof text);
  test_status(open_status(path, 0, &err), TV_ENOTDB);
  assert_non_null(strstr(err.message, "a.tv"));
  write_file(path, "SQLite format 3", 16);
  test_status(open_status(path, 0, &err), TV_ENOTDB);
  write_file(path, text, sizeof text);
  test_status(open_status(path, 0, &err), TV_ENOTDB);
  fd = open(path, O_RDONLY);
  assert_int_equal(read(fd, back, sizeof back), sizeof back);
  close(fd);
  assert_memory_equal(text, back, sizeof back);
  test_status(open_status(folder, 0, &err), TV_ENOTDB);
}

static void an_empty_file_becomes_a_store_unless_read_only(void **state) {
  tv_error err;
  (void)state;
  write_file(path, "", 0);
  assert_true(open_status(path, TV_OPEN_READONLY, &err) < 0);
  test_ok(open_status(path, 0, &err));
}

static void a_truncated_file_is_refused(void **state) {
  tv_db *db = test_open(path, 0);
  struct stat info;
  tv_error err;
  tv_txn *txn;
  tv_store *s;
  int i, status;
  (void)state;
  txn = test_begin(db, TV_WRITE);
  test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
  for (i = 0; i < 5000; i++) {
    char key[16];
    snprintf(key, sizeof key, "%06d", i);
    test_ok(tv_store_put(s, tv_str(key), tv_str("some value of some length"), 0));
  }
  test_commit(txn);
  test_close(db);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(truncate(path, info.st_size / 2), 0);
  status = open_status(path, 0, &err);
  assert_true(status == TV_ETRUNCATED || status == TV_ECORRUPT);
  assert_non_null(strstr(err.message, "a.tv"));
  assert_int_equal(truncate(path, 100), 0);
  assert_true(open_status(path, 0, &err) < 0);
}

static int in_child(int (*fn)(void), int drop_root) {
  int result;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (drop_root && getuid() == 0 && setuid(65534) != 0) _exit(99);
    _exit(fn());
  }
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_true(WIFEXITED(result));
  return WEXITSTATUS(result);
}

static int open_denied(void) {
  tv_error err = {0};
  tv_db *db;
  int status = tv_open(path, NULL, &db, &err);
  return status == TV_EACCES && strstr(err.message, "a.tv") != NULL ? 0 : 1;
}

static void a_read_only_folder_is_permission_denied(void **state) {
  char *own = test_folder_make_fast(); /* below folders that anybody may enter */
  test_path(path, sizeof path, own, "a.tv");
  (void)state;
  assert_int_equal(chmod(own, 0555), 0);
  assert_int_equal(in_child(open_denied, 1), 0);
  assert_int_equal(chmod(own, 0755), 0);
  test_folder_remove(own);
}

static int fill_disk(void) {
  struct rlimit limit = {400000, 400000};
  tv_error err = {0};
  tv_db *db;
  tv_txn *txn;
  tv_store *s;
  char value[3000];
  int i, status = TV_OK;
  signal(SIGXFSZ, SIG_IGN);
  if (tv_open(path, NULL, &db, &err) != TV_OK) return 2;
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
  memset(value, 'v', sizeof value);
  for (i = 0; i < 1000 && status == TV_OK; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%05d", i);
    if (tv_begin(db, TV_WRITE, &txn, &err) != TV_OK) return 4;
    if (tv_store_open(txn, "s", TV_CREATE, &s) != TV_OK) return 5;
    if (tv_store_put(s, tv_str(key), tv_bytes(value, sizeof value), 0) != TV_OK) return 6;
    status = tv_commit(txn, &err);
  }
  if (status != TV_ENOSPC) return 7;
  if (tv_begin(db, TV_WRITE, &txn, &err) != TV_EIO) return 8;
  if (tv_begin(db, TV_READ, &txn, &err) != TV_OK) return 9;
  tv_abort(txn);
  return tv_close(db, &err) == TV_OK ? 100 + (i % 100) / 2 : 10;
}

static void a_full_disk_loses_nothing_acknowledged(void **state) {
  tv_db *db;
  tv_txn *txn;
  tv_store *s;
  uint64_t count;
  int result;
  (void)state;
  result = in_child(fill_disk, 0);
  assert_in_range(result, 100, 149);
  db = test_open(path, TV_OPEN_EXISTING);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "s", 0, &s));
  test_ok(tv_store_count(s, &count));
  assert_int_equal((count + 1) % 100 / 2 + 100, result);
  tv_abort(txn);
  write_one(db, "more", "after the disk has room again");
  test_close(db);
}

static void a_small_map_grows_or_is_full(void **state) {
  tv_options options = {.map_bytes = 1u << 20, .map_bytes_max = 64u << 20};
  tv_error err;
  tv_db *db;
  tv_txn *txn;
  tv_store *s;
  char value[2000];
  int i, status = TV_OK, retries = 0;
  (void)state;
  memset(value, 'v', sizeof value);
  test_ok(tv_open(path, &options, &db, &err));
  for (i = 0; i < 100000 && status == TV_OK;) {
    int j, n = 1000;
    char key[16];
    status = tv_begin(db, TV_WRITE, &txn, &err);
    test_ok(status);
    test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
    for (j = 0; j < n && status == TV_OK; j++) {
      snprintf(key, sizeof key, "k%06d", i + j);
      status = tv_store_put(s, tv_str(key), tv_bytes(value, sizeof value), 0);
    }
    if (status == TV_OK)
      status = tv_commit(txn, &err);
    else
      tv_abort(txn);
    if (status == TV_OK) i += n;
    if (status == TV_ERETRY) {
      retries++;
      status = TV_OK;
    }
  }
  test_status(status, TV_EFULL);
  assert_in_range(i, 10000, 40000);
  txn = test_begin(db, TV_READ);
  {
    uint64_t count;
    test_ok(tv_store_open(txn, "s", 0, &s));
    test_ok(tv_store_count(s, &count));
    assert_int_equal(count, i);
  }
  tv_abort(txn);
  test_close(db);
}

typedef struct big_write {
  int runs;
} big_write;

static int write_much(tv_txn *txn, void *ctx) {
  tv_store *s;
  char value[2000] = {0};
  int i, status = tv_store_open(txn, "big", TV_CREATE, &s);
  ((big_write *)ctx)->runs++;
  for (i = 0; i < 20000 && status == TV_OK; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%06d", i);
    status = tv_store_put(s, tv_str(key), tv_bytes(value, sizeof value), 0);
  }
  return status;
}

static void db_write_runs_again_in_a_larger_map(void **state) {
  tv_options options = {.map_bytes = 1u << 20, .map_bytes_max = 256u << 20};
  big_write big = {0};
  tv_error err;
  tv_db *db;
  (void)state;
  test_ok(tv_open(path, &options, &db, &err));
  test_ok(tv_db_write(db, write_much, &big, &err));
  assert_true(big.runs > 1);
  test_close(db);
}

static int write_in_child(void) {
  tv_error err = {0};
  tv_db *db;
  int i;
  if (tv_open(path, NULL, &db, &err) != TV_OK) return 1;
  for (i = 0; i < 100; i++) {
    tv_txn *txn;
    tv_store *s;
    char name[32];
    uint64_t n = 0;
    tv_slice value;
    if (tv_begin(db, TV_WRITE, &txn, &err) != TV_OK) return 2;
    if (tv_store_open(txn, "counter", TV_CREATE, &s) != TV_OK) return 3;
    if (tv_store_get(s, tv_str("n"), &value) == TV_OK) memcpy(&n, value.data, sizeof n);
    n++;
    if (tv_store_put(s, tv_str("n"), tv_bytes(&n, sizeof n), 0) != TV_OK) return 4;
    snprintf(name, sizeof name, "child-%d", i);
    if (tv_store_open(txn, name, TV_CREATE, &s) != TV_OK) return 5;
    if (tv_store_put(s, tv_str("k"), tv_str("v"), 0) != TV_OK) return 6;
    if (tv_commit(txn, &err) != TV_OK) return 7;
  }
  return tv_close(db, &err) == TV_OK ? 0 : 8;
}

static void another_process_writes_and_creates_stores_meanwhile(void **state) {
  tv_db *db = test_open(path, 0);
  uint64_t n = 0;
  tv_txn *txn;
  tv_store *s;
  tv_slice value;
  pid_t child;
  int i, result;
  (void)state;
  child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(write_in_child());
  for (i = 0; i < 100; i++) {
    txn = test_begin(db, TV_WRITE);
    n = 0;
    test_ok(tv_store_open(txn, "counter", TV_CREATE, &s));
    if (tv_store_get(s, tv_str("n"), &value) == TV_OK) memcpy(&n, value.data, sizeof n);
    n++;
    test_ok(tv_store_put(s, tv_str("n"), tv_bytes(&n, sizeof n), 0));
    test_commit(txn);
  }
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "counter", 0, &s));
  test_ok(tv_store_get(s, tv_str("n"), &value));
  memcpy(&n, value.data, sizeof n);
  assert_int_equal(n, 200);
  test_ok(tv_store_open(txn, "child-99", 0, &s));
  test_ok(tv_store_get(s, tv_str("k"), &value));
  tv_abort(txn);
  test_close(db);
}

static void a_forked_child_does_not_keep_its_parents_turn(void **state) {
  tv_begin_options options = {TV_WRITE, 5000, NULL, NULL};
  tv_txn *txn;
  tv_db *db;
  pid_t writer, idler = 0;
  int pipes[2], result;
  (void)state;
  assert_int_equal(pipe(pipes), 0);
  writer = fork();
  assert_true(writer >= 0);
  if (writer == 0) {
    if (tv_open(path, NULL, &db, NULL) != TV_OK || tv_begin(db, TV_WRITE, &txn, NULL) != TV_OK)
      _exit(1);
    idler = fork();
    if (idler > 0 && write(pipes[1], &idler, sizeof idler) != sizeof idler) _exit(2);
    for (;;) pause();
  }
  assert_int_equal(read(pipes[0], &idler, sizeof idler), sizeof idler);
  assert_int_equal(kill(writer, SIGKILL), 0);
  assert_int_equal(waitpid(writer, &result, 0), writer);
  db = test_open(path, 0);
  test_ok(tv_begin_with(db, &options, &txn, NULL));
  tv_abort(txn);
  test_close(db);
  assert_int_equal(kill(idler, SIGKILL), 0);
  close(pipes[0]);
  close(pipes[1]);
}

static void stat_counts_what_is_there(void **state) {
  tv_db *db = test_open(path, 0);
  tv_db_stat stat;
  tv_txn *txn;
  (void)state;
  write_one(db, "k", "v");
  txn = test_begin(db, TV_READ);
  test_ok(tv_stat(txn, &stat));
  assert_int_equal(stat.stores, 1);
  assert_true(stat.stores_spare >= TV_STORES_PER_TXN_MAX);
  assert_int_equal(stat.last_txn_id, tv_txn_snapshot(txn));
  assert_int_equal(stat.oldest_reader_txn_id, tv_txn_snapshot(txn));
  assert_true(stat.readers >= 1 && stat.readers_max >= stat.readers);
  assert_int_equal(stat.file_bytes, stat.pages_used * stat.page_bytes);
  assert_true(stat.pages_free < stat.pages_used);
  tv_abort(txn);
  test_close(db);
}

static void a_backup_is_a_store_of_the_same_data(void **state) {
  char copy[4200], compact[4200];
  tv_db *db = test_open(path, 0);
  tv_error err;
  (void)state;
  test_path(copy, sizeof copy, folder, "copy.tv");
  test_path(compact, sizeof compact, folder, "compact.tv");
  write_one(db, "k", "v");
  test_ok(tv_backup(db, copy, 0, &err));
  test_ok(tv_backup(db, compact, 1, &err));
  test_status(tv_backup(db, copy, 0, &err), TV_EEXIST);
  write_one(db, "later", "v");
  test_close(db);
  db = test_open(copy, TV_OPEN_EXISTING);
  assert_true(has(db, "k") && !has(db, "later"));
  test_close(db);
  db = test_open(compact, TV_OPEN_EXISTING);
  assert_true(has(db, "k") && !has(db, "later"));
  write_one(db, "more", "v");
  test_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_store_is_created_and_found_again),
      TEST(flags_decide_about_new_and_existing),
      TEST(a_missing_folder_is_named),
      TEST(two_opens_share_one_environment),
      TEST(a_readonly_handle_does_not_write),
      TEST(read_only_first_and_writing_second_is_misuse),
      TEST(temporary_and_memory_stores_leave_nothing),
      TEST(a_foreign_file_is_not_a_store_and_stays_as_it_is),
      TEST(an_empty_file_becomes_a_store_unless_read_only),
      TEST(a_truncated_file_is_refused),
      TEST(a_read_only_folder_is_permission_denied),
      TEST(a_full_disk_loses_nothing_acknowledged),
      TEST(a_small_map_grows_or_is_full),
      TEST(db_write_runs_again_in_a_larger_map),
      TEST(another_process_writes_and_creates_stores_meanwhile),
      TEST(a_forked_child_does_not_keep_its_parents_turn),
      TEST(stat_counts_what_is_there),
      TEST(a_backup_is_a_store_of_the_same_data),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
