/* SPDX-License-Identifier: MIT */
/*
 * Eight readers and a writer, on threads. The writer changes a store under a hash, undoes parts by
 * savepoints, and makes, renames and drops other stores; the readers find each snapshot whole, by
 * new transactions, by ones that move on and by ones that move to another thread. Made for the
 * thread sanitizer, and for a look at what it cannot see: torn snapshots.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "snapshot_hash.h"

enum { READERS = 8, COMMITS = 400, LOOKS_LEAST = 20 };

typedef struct scene {
  tv_db *db;
  atomic_int stop, failed; /* failed: a status that should not have been */
  atomic_long looks;
  /* A transaction on its way from one thread to another. */
  pthread_mutex_t lock;
  tv_txn *moving;
  uint64_t moving_turns;
} scene;

static void scene_fail(scene *s, int status) {
  int none = TV_OK;
  atomic_compare_exchange_strong(&s->failed, &none, status);
  atomic_store(&s->stop, 1);
}

/* ---- Readers ---- */

/* The other stores come and go: each that is listed in a snapshot can be opened in it. */
static int read_listed(void *ctx, tv_slice name) {
  tv_txn *txn = ctx;
  char text[TV_NAME_BYTES_MAX + 1];
  tv_store *store;
  uint64_t count;
  int status;
  memcpy(text, name.data, name.size);
  text[name.size] = '\0';
  status = tv_store_open(txn, text, 0, &store);
  if (status == TV_OK) status = tv_store_count(store, &count);
  return status != TV_OK || count == 0; /* none of them is ever committed empty */
}

static int read_look(tv_txn *txn, uint64_t *turns) {
  int status = hash_look(txn, "hash", turns);
  if (status == TV_OK) status = tv_store_list(txn, read_listed, txn);
  return status == TV_STOP ? TV_ENOSTORE : status;
}

/* Leaves its transaction for another thread and goes on with the one that it finds. */
static tv_txn *read_exchange(scene *s, tv_txn *txn, uint64_t *turns) {
  tv_txn *found;
  uint64_t found_turns;
  pthread_mutex_lock(&s->lock);
  found = s->moving;
  found_turns = s->moving_turns;
  s->moving = txn;
  s->moving_turns = *turns;
  pthread_mutex_unlock(&s->lock);
  *turns = found_turns;
  return found;
}

static void *read_main(void *arg) {
  scene *s = arg;
  uint64_t turns = 0;
  tv_txn *txn = NULL;
  int round, status = TV_OK;
  for (round = 0; !atomic_load(&s->stop) && status == TV_OK; round++) {
    if (txn == NULL) {
      turns = 0;
      status = tv_begin(s->db, TV_READ, &txn, NULL);
    } else if (round % 3 == 0) {
      status = tv_refresh(txn);
    }
    if (status == TV_OK) status = read_look(txn, &turns);
    if (round % 4 == 1) {
      tv_abort(txn);
      txn = NULL;
    } else if (round % 4 == 2) {
      txn = read_exchange(s, txn, &turns);
    }
    atomic_fetch_add(&s->looks, 1);
  }
  if (status != TV_OK) scene_fail(s, status);
  tv_abort(txn);
  return NULL;
}

/* ---- The writer ---- */

static int write_hash(tv_txn *txn, uint64_t *random) {
  tv_store *store;
  int status = tv_store_open(txn, "hash", TV_CREATE, &store);
  return status == TV_OK ? hash_write(store, random) : status;
}

/* Makes, renames or drops one of a few stores. */
static int write_stores(tv_txn *txn, uint64_t *random) {
  uint64_t draw = test_random(random);
  char name[16], other[16];
  tv_store *store;
  int status;
  snprintf(name, sizeof name, "s%d", (int)(draw % 6));
  snprintf(other, sizeof other, "s%d", (int)((draw >> 8) % 6));
  status = tv_store_open(txn, name, 0, &store);
  if (status == TV_ENOSTORE) {
    status = tv_store_open(txn, name, TV_CREATE, &store);
    return status == TV_OK ? tv_store_put(store, tv_str("k"), tv_str(name), 0) : status;
  }
  if (status != TV_OK) return status;
  if (draw >> 16 & 1) return tv_store_drop(store);
  status = tv_store_rename(store, other);
  return status == TV_EXISTS ? TV_OK : status;
}

/* What is rolled back would break every hash. */
static int write_in_vain(tv_txn *txn, uint64_t *random) {
  unsigned depth;
  tv_store *store;
  int status = tv_savepoint(txn, &depth);
  if (status == TV_OK) status = tv_store_open(txn, "hash", TV_CREATE, &store);
  if (status == TV_OK) status = tv_store_put(store, tv_str("k00"), tv_str("torn"), 0);
  if (status == TV_OK) status = write_stores(txn, random);
  if (status == TV_OK) status = tv_store_open(txn, "empty", TV_CREATE, &store);
  if (status == TV_OK) status = tv_savepoint_rollback(txn, depth);
  return status;
}

static int write_turn(scene *s, uint64_t *random) {
  uint64_t draw = test_random(random);
  tv_txn *txn;
  int status =
      tv_begin(s->db, draw % 4 == 0 ? TV_WRITE | TV_MOVABLE : (unsigned)TV_WRITE, &txn, NULL);
  if (status != TV_OK) return status;
  status = write_hash(txn, random);
  if (status == TV_OK && draw % 3 == 0) status = write_in_vain(txn, random);
  if (status == TV_OK) status = write_stores(txn, random);
  if (status == TV_OK && draw % 7 != 0) return tv_commit(txn, NULL);
  tv_abort(txn);
  return status;
}

static void eight_readers_and_a_writer_see_whole_snapshots(void **state) {
  scene s = {.lock = PTHREAD_MUTEX_INITIALIZER};
  pthread_t readers[READERS];
  uint64_t random = test_seed();
  int i, n;
  (void)state;
  s.db = test_open_memory();
  test_ok(tv_metrics_enable(s.db, 1, NULL));
  {
    tv_txn *txn = test_begin(s.db, TV_WRITE);
    test_ok(write_hash(txn, &random));
    test_commit(txn);
  }
  for (i = 0; i < READERS; i++)
    assert_int_equal(pthread_create(&readers[i], NULL, read_main, &s), 0);
  for (n = 0; !atomic_load(&s.stop) &&
              (n < COMMITS || atomic_load(&s.looks) < (long)LOOKS_LEAST * READERS);
       n++) {
    int status = write_turn(&s, &random);
    if (status != TV_OK) scene_fail(&s, status);
  }
  atomic_store(&s.stop, 1);
  for (i = 0; i < READERS; i++) assert_int_equal(pthread_join(readers[i], NULL), 0);
  tv_abort(s.moving);
  test_ok(atomic_load(&s.failed));
  print_message("%ld looks during %d transactions\n", atomic_load(&s.looks), n);
  test_close(s.db);
}

/* ---- Opening and closing beside it ---- */

enum { OPENERS = 4, OPENS = 60 };

typedef struct opener {
  const char *path;
  int number, status;
} opener;

static int open_write(tv_txn *txn, void *ctx) {
  uint64_t *random = ctx;
  return write_hash(txn, random);
}

static void *open_main(void *arg) {
  opener *o = arg;
  uint64_t random = (uint64_t)o->number;
  int i;
  for (i = 0; i < OPENS && o->status == TV_OK; i++) {
    uint64_t turns = 0;
    tv_txn *txn = NULL;
    tv_db *db;
    o->status = tv_open(o->path, NULL, &db, NULL);
    if (o->status != TV_OK) break;
    o->status = tv_db_write(db, open_write, &random, NULL);
    if (o->status == TV_OK) o->status = tv_begin(db, TV_READ, &txn, NULL);
    if (o->status == TV_OK) o->status = hash_look(txn, "hash", &turns);
    if (o->status == TV_OK && turns == 0) o->status = TV_ECORRUPT;
    tv_abort(txn);
    if (o->status == TV_OK) o->status = tv_close(db, NULL);
  }
  return NULL;
}

/* The last close and the next open of a file may meet. */
static void threads_open_and_close_one_file_as_they_like(void **state) {
  char *folder = test_folder_make_fast(), path[4200];
  pthread_t threads[OPENERS];
  opener openers[OPENERS];
  int i;
  (void)state;
  test_path(path, sizeof path, folder, "a.tv");
  for (i = 0; i < OPENERS; i++) {
    openers[i] = (opener){.path = path, .number = i};
    assert_int_equal(pthread_create(&threads[i], NULL, open_main, &openers[i]), 0);
  }
  for (i = 0; i < OPENERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (i = 0; i < OPENERS; i++) test_ok(openers[i].status);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(eight_readers_and_a_writer_see_whole_snapshots),
      cmocka_unit_test(threads_open_and_close_one_file_as_they_like),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
