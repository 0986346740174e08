/* SPDX-License-Identifier: MIT */
/*
 * Several processes on one file: readers find every snapshot whole while others write, each adopts
 * the map that another has grown, they may all create the file at once, and each writer gets its
 * turn. The processes are forked while this one has nothing open; they tell through shared memory.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "snapshot_hash.h"

enum { PROCESSES_MAX = 8 };

typedef struct shared {
  atomic_int ready, go, stop;
  atomic_int status[PROCESSES_MAX]; /* what failed first */
  atomic_long turns[PROCESSES_MAX], wait_ns[PROCESSES_MAX];
} shared;

static shared *common;
static char *folder, path[4200];
static pid_t children[PROCESSES_MAX];
static uint64_t seed;

static int set_up(void **state) {
  void *memory =
      mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)state;
  if (memory == MAP_FAILED) return -1;
  common = memory;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  munmap(common, sizeof *common);
  test_folder_remove(folder);
  return 0;
}

static long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void pause_ms(long ms) {
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
}

static void say(int i, int status) {
  int none = TV_OK;
  atomic_compare_exchange_strong(&common->status[i], &none, status);
}

/* ---- Starting and ending ---- */

static void start(int n, void (*run)(int i)) {
  int i;
  memset(common, 0, sizeof *common);
  for (i = 0; i < n; i++) {
    children[i] = fork();
    assert_true(children[i] >= 0);
    if (children[i] == 0) {
      atomic_fetch_add(&common->ready, 1);
      while (!atomic_load(&common->go)) pause_ms(0);
      run(i);
      _exit(0);
    }
  }
  while (atomic_load(&common->ready) < n) pause_ms(1);
  atomic_store(&common->go, 1);
}

static void end(int n) {
  int i, result;
  for (i = 0; i < n; i++) {
    assert_int_equal(waitpid(children[i], &result, 0), children[i]);
    if (result != 0) fail_msg("process %d ended with %#x", i, (unsigned)result);
    if (atomic_load(&common->status[i]) != TV_OK)
      fail_msg("process %d: %s", i, tv_status_name(atomic_load(&common->status[i])));
  }
}

static void check_file(void) {
  tv_check_report report;
  tv_error err = {0};
  if (tv_check_file(path, NULL, NULL, &report, &err) != TV_OK) fail_msg("%s", err.message);
}

static tv_db *open_small(int i, uint64_t map_bytes) {
  tv_options options = {.map_bytes = map_bytes,
                        .map_bytes_max = map_bytes == 0 ? 0 : (uint64_t)1 << 30,
                        .busy_wait_ms = 20000};
  tv_db *db = NULL;
  int status = tv_open(path, &options, &db, NULL);
  if (status != TV_OK) say(i, status);
  return db;
}

/* ---- A snapshot hash ---- */

enum { WRITERS = 3, READERS = 3, RUN_MS = 700 };

static uint64_t process_map_bytes; /* 0: as usual */

static int process_write_hash(tv_txn *txn, void *ctx) {
  tv_store *store;
  int status = tv_store_open(txn, "hash", TV_CREATE, &store);
  return status == TV_OK ? hash_write(store, ctx) : status;
}

static void process_writes(int i) {
  uint64_t random = seed + (uint64_t)i;
  tv_db *db = open_small(i, process_map_bytes);
  while (db != NULL && !atomic_load(&common->stop)) {
    int status = tv_db_write(db, process_write_hash, &random, NULL);
    if (status != TV_OK) {
      say(i, status);
      break;
    }
    atomic_fetch_add(&common->turns[i], 1);
  }
  (void)tv_close(db, NULL);
}

/* In turn a new transaction, and one that moves on. */
static void process_reads(int i) {
  tv_db *db = open_small(i, process_map_bytes);
  tv_txn *txn = NULL;
  uint64_t turns = 0;
  int status = TV_OK;
  while (db != NULL && !atomic_load(&common->stop) && status == TV_OK) {
    if (txn != NULL && turns % 2 == 0) {
      status = tv_refresh(txn);
    } else {
      tv_abort(txn);
      txn = NULL;
      status = tv_begin(db, TV_READ, &txn, NULL);
    }
    if (status == TV_OK) status = hash_look(txn, "hash", &turns);
    if (status == TV_ENOSTORE && turns == 0) status = TV_OK;
    if (turns > 0) atomic_fetch_add(&common->turns[i], 1);
  }
  if (status != TV_OK) say(i, status);
  tv_abort(txn);
  (void)tv_close(db, NULL);
}

static void process_writes_or_reads(int i) {
  if (i < WRITERS)
    process_writes(i);
  else
    process_reads(i);
}

static void every_snapshot_in_every_process_is_whole(void **state) {
  long wrote = 0, read = 0;
  uint64_t turns = 0;
  tv_db *db;
  tv_txn *txn;
  int i;
  (void)state;
  seed = test_seed();
  start(WRITERS + READERS, process_writes_or_reads);
  for (i = 0; i < RUN_MS / 20 || (i < 1000 && atomic_load(&common->turns[WRITERS]) < 5); i++)
    pause_ms(20);
  atomic_store(&common->stop, 1);
  end(WRITERS + READERS);
  for (i = 0; i < WRITERS; i++) wrote += atomic_load(&common->turns[i]);
  for (; i < WRITERS + READERS; i++) {
    assert_true(atomic_load(&common->turns[i]) > 0);
    read += atomic_load(&common->turns[i]);
  }
  db = test_open(path, 0);
  txn = test_begin(db, TV_READ);
  test_ok(hash_look(txn, "hash", &turns));
  assert_int_equal(turns, wrote); /* no transaction was lost or counted twice */
  tv_abort(txn);
  test_close(db);
  check_file();
  print_message("%ld transactions of %d writers, %ld looks of %d readers\n", wrote, (int)WRITERS,
                read, (int)READERS);
}

/* ---- The map grows ---- */

enum { GROWERS = 3, GROW_TURNS = 40, GROW_ROWS = 60, GROW_VALUE_BYTES = 2000 };

typedef struct growth {
  int process, turn;
} growth;

/* Adds rows, and how many there are now. */
static int grow_rows(tv_txn *txn, void *ctx) {
  static char value[GROW_VALUE_BYTES];
  const growth *g = ctx;
  tv_store *store;
  uint64_t count = 0;
  int i, status = tv_store_open(txn, "rows", TV_CREATE, &store);
  for (i = 0; i < GROW_ROWS && status == TV_OK; i++) {
    char key[32];
    snprintf(key, sizeof key, "%d-%03d-%03d", g->process, g->turn, i);
    status = tv_store_put(store, tv_str(key), tv_bytes(value, sizeof value), 0);
  }
  if (status == TV_OK) status = tv_store_put(store, tv_str("z"), tv_bytes(&count, 8), 0);
  if (status == TV_OK) status = tv_store_count(store, &count);
  return status == TV_OK ? tv_store_put(store, tv_str("z"), tv_bytes(&count, 8), 0) : status;
}

static int grown_is_whole(tv_db *db, uint64_t *seen) {
  tv_txn *txn;
  tv_store *store;
  tv_slice value = {NULL, 0};
  uint64_t count = 0, noted = 0;
  int status = tv_begin(db, TV_READ, &txn, NULL);
  if (status != TV_OK) return status;
  status = tv_store_open(txn, "rows", 0, &store);
  if (status == TV_OK) status = tv_store_get(store, tv_str("z"), &value);
  if (status == TV_OK && value.size == 8) memcpy(&noted, value.data, 8);
  if (status == TV_OK) status = tv_store_count(store, &count);
  if (status == TV_ENOSTORE && *seen == 0) status = TV_OK;
  if (status == TV_OK && (count != noted || count < *seen)) status = TV_ECORRUPT;
  *seen = count;
  tv_abort(txn);
  return status;
}

static void process_grows(int i) {
  tv_db *db = open_small(i, (uint64_t)1 << 20);
  growth g = {i, 0};
  uint64_t seen = 0;
  int status = db == NULL ? TV_EINVAL : TV_OK;
  if (i < GROWERS) {
    for (; g.turn < GROW_TURNS && status == TV_OK; g.turn++) {
      status = tv_db_write(db, grow_rows, &g, NULL);
      if (status == TV_OK) status = grown_is_whole(db, &seen);
    }
  } else {
    while (status == TV_OK && seen < GROWERS * GROW_TURNS * GROW_ROWS)
      status = grown_is_whole(db, &seen);
  }
  if (status != TV_OK) say(i, status);
  (void)tv_close(db, NULL);
}

static void a_map_grows_under_several_processes(void **state) {
  tv_db *db;
  uint64_t seen = 0;
  (void)state;
  start(GROWERS + 2, process_grows);
  end(GROWERS + 2);
  db = test_open(path, 0);
  test_ok(grown_is_whole(db, &seen));
  assert_int_equal(seen, GROWERS * GROW_TURNS * GROW_ROWS + 1);
  test_close(db);
  check_file();
}

static void snapshots_stay_whole_while_a_tiny_map_grows(void **state) {
  int i;
  (void)state;
  seed = test_seed();
  process_map_bytes = 1 << 17;
  start(WRITERS + READERS, process_writes_or_reads);
  pause_ms(300);
  atomic_store(&common->stop, 1);
  end(WRITERS + READERS);
  process_map_bytes = 0;
  for (i = 0; i < WRITERS; i++) assert_true(atomic_load(&common->turns[i]) > 0);
  check_file();
}

/* ---- All create it at once ---- */

enum { CREATORS = 8, CREATE_ROUNDS = 25 };

static unsigned create_flags;

static int create_mark(tv_txn *txn, void *ctx) {
  tv_store *store;
  char key[8];
  int status = tv_store_open(txn, "marks", TV_CREATE, &store);
  snprintf(key, sizeof key, "%d", *(const int *)ctx);
  return status == TV_OK ? tv_store_put(store, tv_str(key), tv_str("here"), 0) : status;
}

static void process_creates(int i) {
  tv_options options = {.flags = create_flags, .durability = TV_LAZY};
  tv_error err = {0};
  tv_db *db = NULL;
  int status = tv_open(path, &options, &db, &err);
  if (status == TV_OK) status = tv_db_write(db, create_mark, &i, &err);
  if (status == TV_OK) status = tv_close(db, &err);
  if (status != TV_OK && status != TV_EEXIST)
    print_message("process %d: %s: %s\n", i, tv_status_name(status), err.message);
  say(i, status);
}

static void remove_store(void) {
  char lock[4300];
  snprintf(lock, sizeof lock, "%s-lock", path);
  (void)unlink(path);
  (void)unlink(lock);
}

static uint64_t marks(void) {
  tv_db *db = test_open(path, TV_OPEN_EXISTING);
  tv_txn *txn = test_begin(db, TV_READ);
  tv_store *store;
  uint64_t count;
  test_ok(tv_store_open(txn, "marks", 0, &store));
  test_ok(tv_store_count(store, &count));
  tv_abort(txn);
  test_close(db);
  return count;
}

static void processes_that_create_the_file_at_once_all_open_it(void **state) {
  int round;
  (void)state;
  create_flags = 0;
  for (round = 0; round < CREATE_ROUNDS; round++) {
    start(CREATORS, process_creates);
    end(CREATORS);
    assert_int_equal(marks(), CREATORS);
    check_file();
    remove_store();
  }
}

static void of_processes_that_want_a_new_file_one_gets_it(void **state) {
  int round, i, result, made;
  (void)state;
  create_flags = TV_OPEN_NEW;
  for (round = 0; round < CREATE_ROUNDS; round++) {
    start(CREATORS, process_creates);
    for (i = made = 0; i < CREATORS; i++) {
      assert_int_equal(waitpid(children[i], &result, 0), children[i]);
      assert_int_equal(result, 0);
      if (atomic_load(&common->status[i]) == TV_OK)
        made++;
      else
        test_status(atomic_load(&common->status[i]), TV_EEXIST);
    }
    assert_int_equal(made, 1);
    assert_int_equal(marks(), 1);
    remove_store();
  }
}

/* ---- Turns ---- */

enum { FAIR_WRITERS = 4, FAIR_MS = 1000, FAIR_WAIT_MS = 1000 };

static void process_takes_turns(int i) {
  tv_db *db = open_small(i, process_map_bytes);
  while (db != NULL && !atomic_load(&common->stop)) {
    long begun = now_ns(), waited;
    tv_txn *txn;
    tv_store *store;
    int status = tv_begin(db, TV_WRITE, &txn, NULL);
    waited = now_ns() - begun;
    if (waited > atomic_load(&common->wait_ns[i])) atomic_store(&common->wait_ns[i], waited);
    if (status == TV_OK) status = tv_store_open(txn, "s", TV_CREATE, &store);
    if (status == TV_OK) status = tv_store_put(store, tv_str("k"), tv_str("v"), 0);
    pause_ms(1); /* and at once it wants the next turn */
    if (status == TV_OK) status = tv_commit(txn, NULL);
    if (status != TV_OK) {
      say(i, status);
      break;
    }
    atomic_fetch_add(&common->turns[i], 1);
  }
  (void)tv_close(db, NULL);
}

static void every_writing_process_gets_its_turn(void **state) {
  long total = 0;
  int i;
  (void)state;
  start(FAIR_WRITERS, process_takes_turns);
  pause_ms(FAIR_MS);
  atomic_store(&common->stop, 1);
  end(FAIR_WRITERS);
  for (i = 0; i < FAIR_WRITERS; i++) total += atomic_load(&common->turns[i]);
  for (i = 0; i < FAIR_WRITERS; i++) {
    long turns = atomic_load(&common->turns[i]), wait = atomic_load(&common->wait_ns[i]) / 1000000;
    print_message("writer %d: %ld of %ld turns, longest wait %ld ms\n", i, turns, total, wait);
    if (turns < total / (4 * FAIR_WRITERS)) fail_msg("writer %d starves", i);
    if (wait > FAIR_WAIT_MS) fail_msg("writer %d waited %ld ms", i, wait);
  }
}

/* Process 0 is killed in the middle of its turn; the others wait for it until then. */
static void process_holds_or_waits(int i) {
  tv_db *db = open_small(i, process_map_bytes);
  if (i == 0) {
    tv_txn *txn;
    tv_store *store;
    int status = tv_begin(db, TV_WRITE, &txn, NULL);
    if (status == TV_OK) status = tv_store_open(txn, "lost", TV_CREATE, &store);
    if (status == TV_OK) status = tv_store_put(store, tv_str("k"), tv_str("v"), 0);
    say(i, status);
    atomic_store(&common->stop, 1);
    for (;;) pause();
  }
  while (!atomic_load(&common->stop)) pause_ms(1);
  say(i, tv_db_write(db, create_mark, &i, NULL));
  (void)tv_close(db, NULL);
}

static void a_writer_killed_in_its_turn_holds_nobody_up(void **state) {
  tv_db *db;
  tv_txn *txn;
  tv_store *store;
  int i, result;
  (void)state;
  start(FAIR_WRITERS, process_holds_or_waits);
  while (!atomic_load(&common->stop)) pause_ms(1);
  pause_ms(30);
  assert_int_equal(kill(children[0], SIGKILL), 0);
  for (i = 0; i < FAIR_WRITERS; i++) {
    assert_int_equal(waitpid(children[i], &result, 0), children[i]);
    assert_true(i == 0 ? WIFSIGNALED(result) : result == 0);
    test_ok(atomic_load(&common->status[i]));
  }
  assert_int_equal(marks(), FAIR_WRITERS - 1);
  db = test_open(path, 0);
  txn = test_begin(db, TV_READ);
  test_status(tv_store_open(txn, "lost", 0, &store), TV_ENOSTORE);
  tv_abort(txn);
  test_close(db);
  check_file();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_snapshot_in_every_process_is_whole),
      TEST(a_map_grows_under_several_processes),
      TEST(snapshots_stay_whole_while_a_tiny_map_grows),
      TEST(processes_that_create_the_file_at_once_all_open_it),
      TEST(of_processes_that_want_a_new_file_one_gets_it),
      TEST(every_writing_process_gets_its_turn),
      TEST(a_writer_killed_in_its_turn_holds_nobody_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
