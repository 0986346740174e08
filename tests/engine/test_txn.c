/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_store.h"

static void put(tv_txn *txn, const char *store, const char *key, const char *value) {
  tv_store *s;
  test_ok(tv_store_open(txn, store, TV_CREATE, &s));
  test_ok(tv_store_put(s, tv_str(key), tv_str(value), 0));
}

static int get_is(tv_txn *txn, const char *store, const char *key, const char *value) {
  tv_store *s;
  tv_slice found;
  int status = tv_store_open(txn, store, 0, &s);
  if (status == TV_ENOSTORE) return value == NULL;
  test_ok(status);
  status = tv_store_get(s, tv_str(key), &found);
  if (status == TV_NOTFOUND) return value == NULL;
  test_ok(status);
  return value != NULL && test_slice_is(found, value);
}

static void commit_keeps_and_abort_forgets(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  (void)state;
  put(txn, "a", "k", "1");
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  put(txn, "a", "k", "2");
  put(txn, "b", "k", "3");
  assert_true(get_is(txn, "a", "k", "2"));
  tv_abort(txn);
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", "1"));
  assert_true(get_is(txn, "b", "k", NULL));
  tv_abort(txn);
  test_close(db);
}

static void a_reader_keeps_its_snapshot(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *reader, *writer = test_begin(db, TV_WRITE);
  uint64_t before;
  (void)state;
  put(writer, "a", "k", "old");
  test_commit(writer);
  reader = test_begin(db, TV_READ);
  before = tv_txn_snapshot(reader);
  writer = test_begin(db, TV_WRITE);
  assert_int_equal(tv_txn_snapshot(writer), before);
  put(writer, "a", "k", "new");
  put(writer, "fresh", "k", "x");
  test_commit(writer);
  assert_true(get_is(reader, "a", "k", "old"));
  assert_true(get_is(reader, "fresh", "k", NULL));
  test_ok(tv_refresh(reader));
  assert_int_equal(tv_txn_snapshot(reader), before + 1);
  assert_true(get_is(reader, "a", "k", "new"));
  assert_true(get_is(reader, "fresh", "k", "x"));
  tv_abort(reader);
  test_close(db);
}

static void a_write_in_a_reader_is_refused(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  unsigned depth;
  (void)state;
  put(txn, "a", "k", "1");
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "a", 0, &s));
  test_status(tv_store_put(s, tv_str("k"), tv_str("2"), 0), TV_EREADONLY);
  test_status(tv_store_delete(s, tv_str("k")), TV_EREADONLY);
  test_status(tv_store_drop(s), TV_EREADONLY);
  test_status(tv_store_clear(s), TV_EREADONLY);
  test_status(tv_savepoint(txn, &depth), TV_EREADONLY);
  test_status(tv_store_open(txn, "new", TV_CREATE, &s), TV_EREADONLY);
  assert_string_not_equal(tv_txn_error(txn)->message, "");
  tv_abort(txn);
  test_close(db);
}

static void savepoints_nest_and_roll_back(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned one, two;
  (void)state;
  put(txn, "a", "k", "0");
  test_ok(tv_savepoint(txn, &one));
  assert_int_equal(one, 1);
  put(txn, "a", "k", "1");
  test_ok(tv_savepoint(txn, &two));
  put(txn, "a", "k", "2");
  put(txn, "created", "k", "2");
  test_ok(tv_savepoint_rollback(txn, two));
  assert_true(get_is(txn, "a", "k", "1"));
  assert_true(get_is(txn, "created", "k", NULL));
  put(txn, "other", "k", "3"); /* takes the slot that "created" had */
  assert_true(get_is(txn, "created", "k", NULL));
  test_status(tv_savepoint_release(txn, two), TV_EINVAL);
  test_ok(tv_savepoint_release(txn, one));
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", "1"));
  assert_true(get_is(txn, "other", "k", "3"));
  assert_true(get_is(txn, "created", "k", NULL));
  tv_abort(txn);
  test_close(db);
}

static void too_many_savepoints_are_an_error(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned depth = 0;
  int i;
  (void)state;
  for (i = 0; i < TV_SAVEPOINTS_MAX; i++) test_ok(tv_savepoint(txn, &depth));
  test_status(tv_savepoint(txn, &depth), TV_ELIMIT);
  put(txn, "a", "k", "1");
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", "1"));
  tv_abort(txn);
  test_close(db);
}

static void a_second_writer_on_one_thread_is_misuse(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE), *second;
  tv_error err;
  (void)state;
  test_status(tv_begin(db, TV_WRITE, &second, &err), TV_EMISUSE);
  assert_null(second);
  tv_abort(txn);
  txn = test_begin(db, TV_WRITE);
  tv_abort(txn);
  test_close(db);
}

typedef struct other_thread {
  tv_db *db;
  tv_txn *txn;
  int status;
} other_thread;

static void *commit_there(void *arg) {
  other_thread *other = arg;
  other->status = tv_commit(other->txn, NULL);
  return NULL;
}

static void *try_to_write(void *arg) {
  other_thread *other = arg;
  tv_begin_options options = {TV_WRITE, 20, NULL, NULL};
  other->status = tv_begin_with(other->db, &options, &other->txn, NULL);
  if (other->status == TV_OK) tv_abort(other->txn);
  return NULL;
}

static int run_thread(void *(*fn)(void *), other_thread *other) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, fn, other), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  return other->status;
}

static void a_commit_on_another_thread_is_misuse_and_harmless(void **state) {
  tv_db *db = test_open_memory();
  other_thread other = {db, test_begin(db, TV_WRITE), TV_OK};
  (void)state;
  put(other.txn, "a", "k", "1");
  test_status(run_thread(commit_there, &other), TV_EMISUSE);
  test_commit(other.txn);
  other.txn = test_begin(db, TV_WRITE);
  assert_true(get_is(other.txn, "a", "k", "1"));
  tv_abort(other.txn);
  test_close(db);
}

static void a_movable_writer_commits_on_another_thread(void **state) {
  tv_db *db = test_open_memory();
  other_thread other = {db, test_begin(db, TV_WRITE | TV_MOVABLE), TV_OK};
  int i;
  (void)state;
  for (i = 0; i < 20; i++) {
    put(other.txn, "a", "k", i % 2 ? "odd" : "even");
    test_ok(run_thread(commit_there, &other));
    other.txn = test_begin(db, TV_WRITE | TV_MOVABLE);
    assert_true(get_is(other.txn, "a", "k", i % 2 ? "odd" : "even"));
  }
  tv_abort(other.txn);
  test_close(db);
}

static void a_waiting_writer_gives_up_at_its_deadline(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  other_thread other = {db, NULL, TV_OK};
  (void)state;
  test_status(run_thread(try_to_write, &other), TV_EBUSY);
  tv_abort(txn);
  test_ok(run_thread(try_to_write, &other));
  test_close(db);
}

static int always(void *ctx) {
  ++*(int *)ctx;
  return 1;
}

static void a_waiting_writer_can_be_interrupted(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE | TV_MOVABLE), *second;
  int asked = 0;
  tv_begin_options options = {TV_WRITE, -1, always, &asked};
  (void)state;
  test_status(tv_begin_with(db, &options, &second, NULL), TV_EINTR);
  assert_int_equal(asked, 1);
  tv_abort(txn);
  test_close(db);
}

static void *count_up(void *arg) {
  tv_db *db = arg;
  int i;
  for (i = 0; i < 200; i++) {
    tv_txn *txn;
    tv_store *s;
    tv_slice value;
    uint64_t n = 0;
    if (tv_begin(db, TV_WRITE, &txn, NULL) != TV_OK) return arg;
    if (tv_store_open(txn, "n", TV_CREATE, &s) != TV_OK) return arg;
    if (tv_store_get(s, tv_str("n"), &value) == TV_OK) memcpy(&n, value.data, sizeof n);
    n++;
    if (tv_store_put(s, tv_str("n"), tv_bytes(&n, sizeof n), 0) != TV_OK) return arg;
    if (tv_commit(txn, NULL) != TV_OK) return arg;
  }
  return NULL;
}

static void *read_on(void *arg) {
  tv_db *db = arg;
  uint64_t last = 0;
  int i;
  for (i = 0; i < 2000; i++) {
    tv_txn *txn;
    tv_store *s;
    tv_slice value;
    uint64_t n = 0;
    if (tv_begin(db, TV_READ, &txn, NULL) != TV_OK) return arg;
    if (tv_store_open(txn, "n", 0, &s) == TV_OK && tv_store_get(s, tv_str("n"), &value) == TV_OK)
      memcpy(&n, value.data, sizeof n);
    tv_abort(txn);
    if (n < last) return arg;
    last = n;
  }
  return NULL;
}

static void writers_take_turns_and_readers_never_go_back(void **state) {
  tv_db *db = test_open_memory();
  pthread_t threads[8];
  tv_txn *txn;
  tv_store *s;
  tv_slice value;
  uint64_t n;
  int i;
  (void)state;
  for (i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, i < 4 ? count_up : read_on, db), 0);
  for (i = 0; i < 8; i++) {
    void *failed;
    assert_int_equal(pthread_join(threads[i], &failed), 0);
    assert_null(failed);
  }
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "n", 0, &s));
  test_ok(tv_store_get(s, tv_str("n"), &value));
  memcpy(&n, value.data, sizeof n);
  assert_int_equal(n, 800);
  tv_abort(txn);
  test_close(db);
}

static void note_end(void *ctx, tv_txn *txn, int committed) {
  (void)txn;
  *(int *)ctx = committed + 10;
}

#include "layer_internal.h"

static void hooks_learn_how_it_ended(void **state) {
  tv_db *db = test_open_memory();
  int ended = 0, forgotten = 0;
  tv_txn *txn = test_begin(db, TV_WRITE);
  (void)state;
  test_ok(tvi_txn_on_end(txn, note_end, &ended));
  test_ok(tvi_txn_on_end(txn, note_end, &forgotten));
  tvi_txn_forget_on_end(txn, note_end, &forgotten);
  test_commit(txn);
  assert_int_equal(ended, 11);
  assert_int_equal(forgotten, 0);
  txn = test_begin(db, TV_READ);
  test_ok(tvi_txn_on_end(txn, note_end, &ended));
  tv_abort(txn);
  assert_int_equal(ended, 10);
  test_close(db);
}

static void the_gate_can_be_held_over_a_commit(void **state) {
  tv_db *db = test_open_memory();
  tv_begin_options options = {TV_WRITE | TVI_HAVE_GATE, 0, NULL, NULL};
  tv_txn *writer, *reader;
  other_thread other = {db, NULL, TV_OK};
  uint64_t base;
  (void)state;
  test_ok(tvi_gate_enter(db, 0, NULL, NULL, NULL));
  test_ok(tv_begin_with(db, &options, &writer, NULL));
  base = tv_txn_snapshot(writer);
  put(writer, "a", "k", "1");
  test_ok(tvi_commit_keep_gate(writer, NULL));
  test_status(run_thread(try_to_write, &other), TV_EBUSY);
  reader = test_begin(db, TV_READ);
  assert_int_equal(tv_txn_snapshot(reader), base + 1);
  tvi_gate_leave(db);
  test_ok(run_thread(try_to_write, &other));
  tv_abort(reader);
  test_close(db);
}

static int put_or_fail(tv_txn *txn, void *ctx) {
  put(txn, "a", "k", "written");
  return *(int *)ctx;
}

static void db_write_commits_or_rolls_back(void **state) {
  tv_db *db = test_open_memory();
  int outcome = TV_MISMATCH;
  tv_txn *txn;
  (void)state;
  test_status(tv_db_write(db, put_or_fail, &outcome, NULL), TV_MISMATCH);
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", NULL));
  tv_abort(txn);
  outcome = TV_OK;
  test_ok(tv_db_write(db, put_or_fail, &outcome, NULL));
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", "written"));
  tv_abort(txn);
  test_close(db);
}

static void a_child_process_is_refused_after_fork(void **state) {
  char *folder = test_folder_make(), path[4200];
  tv_db *db;
  tv_txn *txn;
  pid_t child;
  int result;
  (void)state;
  test_path(path, sizeof path, folder, "a.tv");
  db = test_open(path, 0);
  txn = test_begin(db, TV_WRITE);
  put(txn, "a", "k", "1");
  test_commit(txn);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    tv_error err = {0};
    int ok = tv_begin(db, TV_READ, &txn, &err) == TV_EFORK &&
             tv_begin(db, TV_WRITE, &txn, &err) == TV_EFORK && tv_close(db, &err) == TV_OK &&
             tv_open(path, NULL, &db, &err) == TV_OK &&
             tv_begin(db, TV_READ, &txn, &err) == TV_OK && get_is(txn, "a", "k", "1");
    _exit(ok ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  txn = test_begin(db, TV_READ);
  assert_true(get_is(txn, "a", "k", "1"));
  tv_abort(txn);
  test_close(db);
  test_folder_remove(folder);
}

static void closing_with_an_open_transaction_is_refused(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_READ);
  tv_error err;
  (void)state;
  test_status(tv_close(db, &err), TV_EMISUSE);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(commit_keeps_and_abort_forgets),
      cmocka_unit_test(a_reader_keeps_its_snapshot),
      cmocka_unit_test(a_write_in_a_reader_is_refused),
      cmocka_unit_test(savepoints_nest_and_roll_back),
      cmocka_unit_test(too_many_savepoints_are_an_error),
      cmocka_unit_test(a_second_writer_on_one_thread_is_misuse),
      cmocka_unit_test(a_commit_on_another_thread_is_misuse_and_harmless),
      cmocka_unit_test(a_movable_writer_commits_on_another_thread),
      cmocka_unit_test(a_waiting_writer_gives_up_at_its_deadline),
      cmocka_unit_test(a_waiting_writer_can_be_interrupted),
      cmocka_unit_test(writers_take_turns_and_readers_never_go_back),
      cmocka_unit_test(hooks_learn_how_it_ended),
      cmocka_unit_test(the_gate_can_be_held_over_a_commit),
      cmocka_unit_test(db_write_commits_or_rolls_back),
      cmocka_unit_test(a_child_process_is_refused_after_fork),
      cmocka_unit_test(closing_with_an_open_transaction_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
