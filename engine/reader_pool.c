/* SPDX-License-Identifier: MIT */
/*
 * Idle read transactions, kept with their LMDB reader slot and the stores that they know, so that a
 * request may open one for itself.
 *
 * There are two ways to one. The nook: one transaction for each of a few groups of threads, taken
 * and put back with a single atomic exchange; whoever finds it empty goes to the pool, a list under
 * env->lock. A transaction of a nook is in use exactly while its nook is empty; the others are
 * counted in env->active. Growing the map needs all of them idle: it takes the nooks' transactions
 * away meanwhile. The rejected alternative, thread-local transactions, would leave a reader slot
 * taken by every thread that ever read, and need a destructor when a thread ends.
 */
#include "env_internal.h"

/* ---- Lists; env->lock is held ---- */

static void pool_link(tv_txn *txn) {
  tvi_env *env = txn->env;
  txn->next = env->readers;
  txn->link = &env->readers;
  if (txn->next != NULL) txn->next->link = &txn->next;
  env->readers = txn;
}

static void pool_unlink(tv_txn *txn) {
  *txn->link = txn->next;
  if (txn->next != NULL) txn->next->link = txn->link;
}

static void pool_in_use(tv_txn *txn, tv_db *db) {
  atomic_store_explicit(&txn->shown, 0, memory_order_relaxed);
  atomic_store_explicit(&txn->since_ms, tvi_coarse_ms(), memory_order_relaxed);
  atomic_store_explicit(&txn->user, db, memory_order_relaxed);
}

/* ---- Nooks ---- */

static tvi_nook *pool_nook(tvi_env *env) {
  uintptr_t self = (uintptr_t)pthread_self();
  return &env->nooks[(self >> 12 ^ self >> 20) % TVI_NOOKS];
}

static tv_txn *pool_take_nook(tvi_nook *nook, tv_db *db) {
  tv_txn *txn = atomic_load_explicit(&nook->idle, memory_order_relaxed);
  if (txn == NULL) return NULL;
  txn = atomic_exchange_explicit(&nook->idle, NULL, memory_order_acquire);
  if (txn != NULL) pool_in_use(txn, db);
  return txn;
}

/* A transaction that its nook no longer keeps: counted like any other. env->lock is held. */
static void pool_leave_nook(tv_txn *txn) {
  tv_db *db = atomic_load_explicit(&txn->user, memory_order_relaxed);
  if (txn->nook == NULL) return;
  txn->nook->txn = NULL;
  txn->nook = NULL;
  txn->env->active++;
  db->transactions++;
}

void tvi_pool_count_in(tv_txn *txn) {
  pthread_mutex_lock(&txn->env->lock);
  pool_leave_nook(txn);
  pthread_mutex_unlock(&txn->env->lock);
}

/* All nooks' transactions, for as long as the map is moved; 0: one is in use. env->lock is held. */
int tvi_pool_hold_nooks(tvi_env *env) {
  int i, all = 1;
  for (i = 0; i < TVI_NOOKS; i++) {
    tvi_nook *nook = &env->nooks[i];
    if (nook->held == NULL)
      nook->held = atomic_exchange_explicit(&nook->idle, NULL, memory_order_acquire);
    if (nook->txn != NULL && nook->held == NULL) all = 0;
  }
  return all;
}

void tvi_pool_let_nooks_go(tvi_env *env) {
  int i;
  for (i = 0; i < TVI_NOOKS; i++) {
    tv_txn *txn = env->nooks[i].held;
    env->nooks[i].held = NULL;
    if (txn != NULL) atomic_store_explicit(&env->nooks[i].idle, txn, memory_order_release);
  }
}

/* ---- Taking and giving back ---- */

/* From the pool, or new. Counted in. NULL: out of memory. */
static tv_txn *pool_take_slow(tv_db *db, tvi_nook *nook) {
  tvi_env *env = db->env;
  tv_txn *txn;
  pthread_mutex_lock(&env->lock);
  while (env->growing) pthread_cond_wait(&env->idle, &env->lock);
  txn = env->pool;
  if (txn != NULL) {
    env->pool = txn->next;
    env->pool_count--;
  } else if ((txn = tvi_zalloc(sizeof *txn)) != NULL) {
    txn->env = env;
    txn->epoch = tvi_txn_first_epoch(env);
  }
  if (txn != NULL) {
    pool_in_use(txn, db);
    pool_link(txn);
    if (nook->txn == NULL) { /* moves in: its nook, empty now, says that it is in use */
      nook->txn = txn;
      txn->nook = nook;
    } else {
      env->active++;
      db->transactions++;
    }
  }
  pthread_mutex_unlock(&env->lock);
  return txn;
}

tv_txn *tvi_pool_take(tv_db *db) {
  tvi_nook *nook = pool_nook(db->env);
  tv_txn *txn = pool_take_nook(nook, db);
  return TVI_LIKELY(txn != NULL) ? txn : pool_take_slow(db, nook);
}

/* Out of all lists and counts. */
static void pool_forget(tv_txn *txn) {
  tvi_env *env = txn->env;
  pthread_mutex_lock(&env->lock);
  pool_leave_nook(txn);
  pool_unlink(txn);
  atomic_load_explicit(&txn->user, memory_order_relaxed)->transactions--;
  if (--env->active == 0) pthread_cond_broadcast(&env->idle);
  pthread_mutex_unlock(&env->lock);
}

void tvi_pool_discard(tv_txn *txn) {
  if (txn->mdb != NULL)
    mdb_txn_abort(txn->mdb); /* still counted: the database stays open meanwhile */
  txn->mdb = NULL;
  pool_forget(txn);
  tvi_txn_free(txn);
}

static int pool_keep(tv_txn *txn) {
  tvi_env *env = txn->env;
  int keep;
  pthread_mutex_lock(&env->lock);
  keep = env->pool_count < TVI_POOL_MAX;
  if (keep) {
    pool_unlink(txn);
    atomic_load_explicit(&txn->user, memory_order_relaxed)->transactions--;
    if (--env->active == 0) pthread_cond_broadcast(&env->idle);
    txn->next = env->pool;
    env->pool = txn;
    env->pool_count++;
  }
  pthread_mutex_unlock(&env->lock);
  return keep;
}

void tvi_pool_give(tv_txn *txn) {
  tvi_nook *nook = txn->nook;
  if (TVI_LIKELY(nook != NULL)) {
    atomic_store_explicit(&txn->shown, 0, memory_order_relaxed);
    atomic_store_explicit(&nook->idle, txn, memory_order_release);
  } else if (!pool_keep(txn)) {
    tvi_pool_discard(txn);
  }
}

/* ---- The database's end ---- */

int tvi_pool_in_use(tv_db *db) {
  tvi_env *env = db->env;
  int i, used;
  pthread_mutex_lock(&env->lock);
  used = db->transactions != 0;
  for (i = 0; i < TVI_NOOKS && !used; i++) {
    tv_txn *txn = env->nooks[i].txn;
    used = txn != NULL && atomic_load_explicit(&env->nooks[i].idle, memory_order_acquire) == NULL &&
           atomic_load_explicit(&txn->user, memory_order_relaxed) == db;
  }
  pthread_mutex_unlock(&env->lock);
  return used;
}

void tvi_pool_free(tvi_env *env) {
  int i;
  for (i = 0; i < TVI_NOOKS; i++) {
    tv_txn *txn = env->nooks[i].txn;
    env->nooks[i].txn = NULL;
    if (txn == NULL) continue;
    if (txn->mdb != NULL) mdb_txn_abort(txn->mdb);
    tvi_txn_free(txn);
  }
  while (env->pool != NULL) {
    tv_txn *txn = env->pool;
    env->pool = txn->next;
    mdb_txn_abort(txn->mdb);
    tvi_txn_free(txn);
  }
  env->pool_count = 0;
}
