/* SPDX-License-Identifier: MIT */
/* .kv log and .feed: what is listed, since when, and as it comes. */
#include "test_shell_drive.h"
#include "trivet_kv.h"

/* Lines of .feed without their number and time: "put|bucket|u||k". */
static void feed_expect(const char *folder, const char *script, const char *expected) {
  char text[2000] = "";
  drive_run run = drive_script(folder, script);
  if (run.code != 0) fail_msg("%s", run.err);
  for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    char *at = strchr(line, '|');
    assert_non_null(at);
    at = strchr(at + 1, '|');
    assert_non_null(at);
    strcat(strcat(text, at + 1), "\n");
  }
  assert_string_equal(text, expected);
  drive_free(&run);
}

static void feed_lists_what_is_logged_and_nothing_else(void **state) {
  feed_expect(*state, ".kv create u\n.kv put u before x\n.feed\n", "");
  drive_expect(*state,
               ".kv log u on\n.kv put u a 1\n.kv incr u n\n.kv append u a 2\n.kv del u a\n"
               ".kv create quiet\n.kv put quiet k v\n.kv put u t x --ttl 3600000\n"
               "create table t(a);\n",
               "1\n1\n");
  feed_expect(*state, ".feed\n",
              "put|bucket|u||a\nput|bucket|u||n\nput|bucket|u||a\ndelete|bucket|u||a\n"
              "put|bucket|u||t\n");
}

static void feed_begins_where_it_is_told(void **state) {
  char script[200];
  feed_expect(*state, ".kv create u\n.kv log u on\n.kv put u a 1\n.kv put u b 1\n.feed\n",
              "put|bucket|u||a\nput|bucket|u||b\n");
  drive_run run = drive_script(*state, ".feed --limit 1\n");
  long long first = atoll(run.out);
  assert_true(first > 0);
  drive_free(&run);
  snprintf(script, sizeof script, ".feed %lld\n", first);
  feed_expect(*state, script, "put|bucket|u||b\n");
  snprintf(script, sizeof script, ".feed --since %lld\n", first);
  feed_expect(*state, script, "put|bucket|u||b\n");
  feed_expect(*state, ".kv log u off\n.kv put u c 1\n.kv drop u\n.feed\n",
              "put|bucket|u||a\nput|bucket|u||b\n");
  drive_expect_error(*state, ".feed 0\n", "changes are kept after transaction");
  drive_expect_error(*state, ".feed x\n", "not a number: x");
  drive_expect_error(*state, ".feed 1 --since 1\n", "do not go together");
  drive_expect_error(*state, ".kv log nob on\n", "there is no bucket 'nob'");
  drive_expect_error(*state, "begin;\n.feed --follow\n", "a transaction is open");
}

/* Writes two changes from another process, some time from now. */
static void feed_write_later(const char *path) {
  usleep(400000);
  tv_db *db = test_open(path, TV_OPEN_EXISTING);
  for (int i = 0; i < 2; i++) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_bucket *bucket;
    test_ok(tv_kv_open(txn, "u", 0, NULL, &bucket));
    test_ok(tv_kv_put(bucket, tv_str(i == 0 ? "later" : "latest"), tv_str("1")));
    test_commit(txn);
  }
  test_close(db);
}

static void feed_follows_other_processes(void **state) {
  char path[512];
  int ended;
  feed_expect(*state, ".kv create u\n.kv log u on\n.kv put u now 1\n", "");
  test_path(path, sizeof path, *state, "s.tv");
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    feed_write_later(path);
    _exit(0);
  }
  feed_expect(*state, ".feed --follow --limit 3\n",
              "put|bucket|u||now\nput|bucket|u||later\nput|bucket|u||latest\n");
  assert_int_equal(waitpid(pid, &ended, 0), pid);
  assert_int_equal(ended, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(feed_lists_what_is_logged_and_nothing_else),
      drive_test(feed_begins_where_it_is_told),
      drive_test(feed_follows_other_processes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
