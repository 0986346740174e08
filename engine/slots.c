/* SPDX-License-Identifier: MIT */
/*
 * Slots: empty LMDB databases "s0000", "s0001", ... made ahead, so that creating a store inside a
 * user's transaction opens no LMDB handle. A handle opened in a write transaction is invalid after
 * its abort, makes a concurrent commit fail, and one opened by a reader of the same name deadlocks:
 * none of that can happen between transactions. Slots are only ever added; each is known to LMDB's
 * main database, so its number of entries tells a process that others have added some.
 */

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define SLOTS_MAIN ((MDB_dbi)1) /* the handle of LMDB's main database */

/* Five characters: the slot in hexadecimal behind an s. */
static void slots_name(unsigned slot, char name[6]) {
  static const char digits[] = "0123456789abcdef";
  name[0] = 's';
  name[1] = digits[slot >> 12 & 15];
  name[2] = digits[slot >> 8 & 15];
  name[3] = digits[slot >> 4 & 15];
  name[4] = digits[slot & 15];
  name[5] = '\0';
}

int tvi_slots_record(MDB_txn *mdb, unsigned slot, MDB_val *record) {
  char name[6];
  MDB_val key = {5, name};
  int native;
  slots_name(slot, name);
  native = mdb_get(mdb, SLOTS_MAIN, &key, record);
  return native == 0 && record->mv_size != TVI_TREE_BYTES ? MDB_CORRUPTED : native;
}

unsigned tvi_slots_in(MDB_txn *mdb) {
  MDB_stat stat;
  if (mdb_stat(mdb, SLOTS_MAIN, &stat) != 0 || stat.ms_entries == 0) return 0;
  return (unsigned)stat.ms_entries - 1; /* less the catalogue */
}

int tvi_slots_open(tvi_env *env) {
  MDB_txn *mdb;
  unsigned slot, count;
  int native;
  pthread_mutex_lock(&env->handles_lock);
  native = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &mdb);
  if (native == 0) {
    count = tvi_slots_in(mdb);
    if (count > TV_STORES_MAX) native = MDB_CORRUPTED;
    for (slot = atomic_load(&env->slots); native == 0 && slot < count; slot++) {
      char name[6];
      slots_name(slot, name);
      native = mdb_dbi_open(mdb, name, 0, &env->slot_dbi[slot]);
    }
    if (native == 0) {
      native = mdb_txn_commit(mdb); /* an abort would close the new handles */
      if (native == 0 && count > atomic_load(&env->slots)) atomic_store(&env->slots, count);
    } else {
      mdb_txn_abort(mdb);
    }
  }
  pthread_mutex_unlock(&env->handles_lock);
  return native;
}

static int slots_create(tvi_env *env, MDB_txn *mdb, unsigned *created) {
  unsigned spares, there = tvi_slots_in(mdb), slot = atomic_load(&env->slots);
  int native = tvi_catalogue_spares(env, mdb, &spares);
  while (native == 0 && slot < TV_STORES_MAX && (slot < there || spares < TVI_SLOTS_SPARE)) {
    char name[6];
    slots_name(slot, name);
    native = mdb_dbi_open(mdb, name, MDB_CREATE, &env->slot_dbi[slot]);
    if (native == 0 && slot >= there) {
      native = tvi_catalogue_spare_put(env, mdb, slot);
      spares++;
    }
    slot++;
  }
  *created = slot;
  return native;
}

/* Begin, create and commit on one thread, which need not be the caller's. */
static int slots_top_up_job(void *ctx) {
  tvi_env *env = ctx;
  MDB_txn *mdb;
  unsigned slots = 0;
  int native;
  pthread_mutex_lock(&env->handles_lock);
  native = mdb_txn_begin(env->mdb, NULL, 0, &mdb);
  if (native == 0) {
    native = slots_create(env, mdb, &slots);
    if (native == 0)
      native = mdb_txn_commit(mdb);
    else
      mdb_txn_abort(mdb);
  }
  if (native == 0) atomic_store(&env->slots, slots);
  pthread_mutex_unlock(&env->handles_lock);
  return native;
}

int tvi_slots_top_up(tvi_env *env, tvi_keeper *keeper) {
  return keeper != NULL ? tvi_keeper_run(keeper, slots_top_up_job, env) : slots_top_up_job(env);
}
