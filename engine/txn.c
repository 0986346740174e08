/* SPDX-License-Identifier: MIT */
/*
 * Transactions: begin and end of readers and of the writer.
 *
 * Idle read transactions are kept in a pool with their LMDB reader slot and the stores that they
 * know, so that a request may open one for itself: begin is a mutex, a renewal and two comparisons.
 * A writer passes the gate, lets the map grow, has slots topped up, and only then becomes LMDB's
 * writer.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define MAP_TRIES 100        /* another process may grow the file again and again meanwhile */
#define WRITER_AGAIN INT_MAX /* what stood in the way is done: no code of LMDB's */

/* ---- Errors ---- */

int tvi_txn_lmdb_fail(tv_txn *txn, int native, const char *what) {
  int status;
  if (txn->fatal != TV_OK && native == MDB_BAD_TXN)
    return tvi_error_set(&txn->error, txn->fatal, native,
                         "%s: the transaction failed earlier (%s); abort it", what,
                         tv_status_name(txn->fatal));
  if (native == MDB_MAP_FULL && (status = tvi_map_full_status(txn->env)) == TV_ERETRY)
    tvi_error_set(&txn->error, status, native,
                  "%s: the map must grow first; abort and run the transaction again", what);
  else
    status = tvi_lmdb_fail(&txn->error, native, "%s in '%s'", what, txn->env->path);
  if (txn->write && txn->fatal == TV_OK && status != TV_EKEYSIZE && status != TV_EINVAL) {
    txn->fatal = status;
    txn->fatal_depth = txn->depth;
  }
  return status;
}

int tvi_txn_writable(tv_txn *txn) {
  if (TVI_LIKELY(txn->write)) return TV_OK;
  return tvi_txn_fail(txn, TV_EREADONLY, 0,
                      "a write in a read transaction; begin it with TV_WRITE");
}

static int txn_forked(const tvi_env *env, tv_error *err) {
  if (TVI_LIKELY(env->forks == tvi_registry_forks())) return TV_OK;
  return tvi_error_set(err, TV_EFORK, 0, "'%s' was opened before fork(); open it anew in the child",
                       env->path);
}

/* ---- Memory ---- */

uint64_t tvi_txn_first_epoch(tvi_env *env) {
  return atomic_fetch_add(&env->stamps, 1) << 32;
}

static tv_txn *txn_new(tvi_env *env) {
  tv_txn *txn = tvi_zalloc(sizeof *txn);
  if (txn == NULL) return NULL;
  txn->env = env;
  txn->epoch = tvi_txn_first_epoch(env);
  return txn;
}

void tvi_txn_free(tv_txn *txn) {
  size_t i;
  for (i = 0; i < txn->store_count; i++) tvi_store_free(txn->stores[i]);
  tvi_free(txn->stores);
  tvi_free(txn);
}

static void txn_start(tv_txn *txn, tv_db *db, uint64_t snapshot) {
  txn->db = db;
  txn->metrics = tvi_metrics_of(txn->env);
  txn->snapshot = snapshot;
  txn->now = 0;
  txn->error.status = TV_OK;
  txn->error.message[0] = '\0';
  txn->epoch++;
}

/* ---- Readers ---- */

/* A renewed or new LMDB reader; slots of dead readers are freed when there is none left. */
static int txn_reader_renew(tv_txn *txn) {
  int dead = 0, tries, native = 0;
  for (tries = 0; tries < 2; tries++) {
    native = txn->mdb != NULL ? mdb_txn_renew(txn->mdb)
                              : mdb_txn_begin(txn->env->mdb, NULL, MDB_RDONLY, &txn->mdb);
    if (native != MDB_READERS_FULL || mdb_reader_check(txn->env->mdb, &dead) != 0 || dead == 0)
      break;
  }
  return native;
}

/* Slots that other processes added since: their handles are opened between transactions. */
static int txn_reader_catch_up(tv_txn *txn) {
  int native = 0;
  while (native == 0 && tvi_slots_in(txn->mdb) > atomic_load(&txn->env->slots)) {
    mdb_txn_reset(txn->mdb);
    native = tvi_slots_open(txn->env);
    if (native == 0) native = txn_reader_renew(txn);
  }
  return native;
}

/* The newest commit that is visible in the file, acknowledged or not. */
static uint64_t txn_last_id(tvi_env *env) {
  MDB_envinfo info;
  mdb_env_info(env->mdb, &info);
  return info.me_last_txnid;
}

/*
 * 1 when the id of a reader that has just begun tells its snapshot: one that LMDB's commits
 * overtook meanwhile got a newer snapshot than its id says.
 */
static int txn_reader_certain(const tv_txn *txn) {
  return txn_last_id(txn->env) == txn->snapshot;
}

static int txn_reader_try(tv_txn *txn) {
  int native = txn_reader_renew(txn);
  if (TVI_UNLIKELY(native != 0)) return native;
  txn->snapshot = mdb_txn_id(txn->mdb);
  /* A snapshot whose catalogue is known needs no slot that is not open. */
  if (TVI_UNLIKELY(!txn_reader_certain(txn) || !tvi_catalogue_begin_known(txn))) {
    native = txn_reader_catch_up(txn);
    if (native != 0) return native;
    txn->snapshot = mdb_txn_id(txn->mdb);
    native = tvi_catalogue_begin(txn, txn_reader_certain(txn));
    if (native != 0) mdb_txn_reset(txn->mdb);
  }
  return native;
}

/* Another process made the file larger than our map: takes its size over. 1: try again. */
static int txn_adopt_map(tvi_env *env, int native, int *tries) {
  int status;
  if (native != MDB_MAP_RESIZED || ++*tries > MAP_TRIES) return 0;
  tvi_map_leave(env);
  status = tvi_map_adopt(env, NULL);
  tvi_map_enter(env);
  return status == TV_OK;
}

static int txn_reader_ready(tv_txn *txn) {
  int tries = 0, native = txn_reader_try(txn);
  while (TVI_UNLIKELY(native == MDB_MAP_RESIZED)) {
    tvi_pool_count_in(txn); /* one that lives in a nook would be waited for */
    if (!txn_adopt_map(txn->env, native, &tries)) break;
    native = txn_reader_try(txn);
  }
  txn->nest[0] = txn->mdb;
  if (native == 0) atomic_store_explicit(&txn->shown, txn->snapshot, memory_order_relaxed);
  return native;
}

static int txn_begin_read(tv_db *db, tv_txn **out, tv_error *err) {
  tv_txn *txn = tvi_pool_take(db);
  int native;
  if (TVI_UNLIKELY(txn == NULL))
    return tvi_error_set(err, TV_ENOMEM, 0, "out of memory beginning a transaction");
  native = txn_reader_ready(txn);
  if (TVI_UNLIKELY(native != 0)) {
    tvi_pool_discard(txn);
    return tvi_lmdb_fail(err, native, "cannot begin a read transaction on '%s'", db->env->path);
  }
  txn_start(txn, db, txn->snapshot);
  *out = txn;
  return TV_OK;
}

static void txn_end_read(tv_txn *txn) {
  mdb_txn_reset(txn->mdb);
  while (txn->store_count > TVI_POOL_STORES_MAX) tvi_store_free(txn->stores[--txn->store_count]);
  tvi_pool_give(txn);
}

int tv_refresh(tv_txn *txn) {
  int native, status = txn_forked(txn->env, &txn->error);
  if (status != TV_OK) return status;
  if (txn->write)
    return tvi_txn_fail(txn, TV_EMISUSE, 0, "a write transaction is always at the newest snapshot");
  tvi_cursors_free(txn);
  mdb_txn_reset(txn->mdb);
  native = txn_reader_ready(txn);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot renew a read transaction");
  txn->now = 0;
  atomic_store_explicit(&txn->since_ms, tvi_coarse_ms(), memory_order_relaxed);
  txn->epoch++;
  return TV_OK;
}

/* ---- The writer ---- */

static int txn_begin_job(void *ctx) {
  tv_txn *txn = ctx;
  return mdb_txn_begin(txn->env->mdb, NULL, 0, &txn->mdb);
}

static int txn_commit_job(void *ctx) {
  return mdb_txn_commit(((tv_txn *)ctx)->nest[0]);
}

static int txn_abort_job(void *ctx) {
  mdb_txn_abort(((tv_txn *)ctx)->nest[0]);
  return 0;
}

/* On the caller's thread, or on the keeper's for a movable transaction. */
static int txn_run(tv_txn *txn, int (*job)(void *ctx)) {
  return txn->movable ? tvi_keeper_run(&txn->env->keeper, job, txn) : job(txn);
}

/* 1 when too few spare slots are left and more can be made. */
static int txn_spares_low(tv_txn *txn) {
  tvi_env *env = txn->env;
  unsigned spares;
  if (env->spares_at != txn->stamp) {
    if (tvi_catalogue_spares(env, txn->mdb, &spares) != 0) return 0;
    env->spares = spares;
    env->spares_at = txn->stamp;
  }
  return env->spares < TVI_SLOTS_LOW && tvi_slots_in(txn->mdb) < TV_STORES_MAX;
}

/* One try to become LMDB's writer. Returns an LMDB code, or WRITER_AGAIN. */
static int txn_writer_try(tv_txn *txn) {
  tvi_env *env = txn->env;
  int native = txn_run(txn, txn_begin_job);
  if (native != 0) return native;
  txn->nest[0] = txn->mdb;
  txn->snapshot = mdb_txn_id(txn->mdb) - 1;
  if (tvi_slots_in(txn->mdb) > atomic_load(&env->slots)) {
    (void)txn_run(txn, txn_abort_job);
    native = tvi_slots_open(env);
    return native == 0 ? WRITER_AGAIN : native;
  }
  native = tvi_catalogue_begin(txn, 1);
  if (native == 0 && !txn_spares_low(txn)) return 0;
  (void)txn_run(txn, txn_abort_job);
  if (native == 0) native = tvi_slots_top_up(env, txn->movable ? &env->keeper : NULL);
  env->spares_at = 0;
  return native == 0 ? WRITER_AGAIN : native;
}

/* The caller holds the gate and is counted in. Returns an LMDB code. */
static int txn_writer_ready(tv_txn *txn) {
  int tries = 0, native;
  do native = txn_writer_try(txn);
  while (native == WRITER_AGAIN || txn_adopt_map(txn->env, native, &tries));
  return native;
}

int tvi_writer_allowed(tv_db *db, tv_error *err) {
  tvi_env *env = db->env;
  int same, status = txn_forked(env, err);
  if (status != TV_OK) return status;
  if (db->readonly)
    return tvi_error_set(err, TV_EREADONLY, 0, "'%s' is open for reading only", env->path);
  if (atomic_load(&env->failed))
    return tvi_error_set(err, TV_EIO, 0,
                         "a write to '%s' failed earlier; close the database and reopen it",
                         env->path);
  pthread_mutex_lock(&env->lock);
  same = env->writer_bound && pthread_equal(env->writer_thread, pthread_self());
  pthread_mutex_unlock(&env->lock);
  if (same)
    return tvi_error_set(
        err, TV_EMISUSE, 0,
        "this thread has a write transaction open already and would wait for itself");
  return TV_OK;
}

/* Counts the writer in or out, and remembers the thread that must not begin a second one. */
static void txn_writer_mark(tv_db *db, int open, int bound) {
  tvi_env *env = db->env;
  pthread_mutex_lock(&env->lock);
  if (open)
    db->transactions++;
  else
    db->transactions--;
  if (bound) {
    env->writer_bound = open;
    env->writer_thread = pthread_self();
  }
  pthread_mutex_unlock(&env->lock);
}

static int txn_writer_open(tv_txn *txn, const tvi_wait *wait, tv_error *err) {
  tvi_env *env = txn->env;
  int native, status = tvi_map_prepare_write(env, wait, err);
  if (status != TV_OK) return status;
  tvi_map_enter(env);
  native = txn_writer_ready(txn);
  if (native == 0) return TV_OK;
  tvi_map_leave(env);
  return tvi_lmdb_fail(err, native, "cannot begin a write transaction on '%s'", env->path);
}

static int txn_begin_write(tv_db *db, const tv_begin_options *options, tv_txn **out,
                           tv_error *err) {
  tvi_env *env = db->env;
  tvi_wait wait = {options->wait_ms == TV_WAIT_DEFAULT ? db->busy_wait_ms : options->wait_ms,
                   options->interrupted, options->ctx};
  int have_gate = (options->mode & TVI_HAVE_GATE) != 0;
  int status = tvi_writer_allowed(db, err);
  tv_txn *txn;
  if (status != TV_OK) return status;
  txn = txn_new(env);
  if (txn == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory beginning a transaction");
  txn->write = 1;
  txn->movable = (options->mode & TV_MOVABLE) != 0;
  txn->owner = pthread_self();
  if (!have_gate) status = tvi_env_gate_enter(env, &wait, err);
  if (status == TV_OK) {
    status = txn_writer_open(txn, &wait, err);
    if (status != TV_OK && !have_gate) tvi_env_gate_leave(env);
  }
  if (status != TV_OK) {
    tvi_txn_free(txn);
    return status;
  }
  txn_writer_mark(db, 1, !txn->movable);
  txn_start(txn, db, txn->snapshot);
  *out = txn;
  return TV_OK;
}

/* ---- Public: begin ---- */

static int txn_begin(tv_db *db, const tv_begin_options *options, tv_txn **out, tv_error *err) {
  if ((options->mode & TV_WRITE) != 0) return txn_begin_write(db, options, out, err);
  return txn_begin_read(db, out, err);
}

static int txn_begin_metered(tv_db *db, const tv_begin_options *options, tv_txn **out,
                             tv_error *err) {
  uint64_t since = tvi_metric_clock();
  tv_txn *txn = NULL;
  int status = txn_begin(db, options, &txn, err);
  *out = txn;
  if (txn != NULL && txn->metrics != NULL)
    tvi_metric_record(
        txn->metrics,
        (options->mode & TV_WRITE) != 0 ? TVI_METRIC_BEGIN_WRITE : TVI_METRIC_BEGIN_READ, since);
  return status;
}

int tv_begin_with(tv_db *db, const tv_begin_options *options, tv_txn **out, tv_error *err) {
  int status = txn_forked(db->env, err);
  *out = NULL;
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  if (TVI_UNLIKELY(tvi_metrics_of(db->env) != NULL))
    return txn_begin_metered(db, options, out, err);
  return txn_begin(db, options, out, err);
}

static int txn_begin_default(tv_db *db, unsigned mode, tv_txn **out, tv_error *err) {
  tv_begin_options options = {mode, TV_WAIT_DEFAULT, NULL, NULL};
  return tv_begin_with(db, &options, out, err);
}

int tv_begin(tv_db *db, unsigned mode, tv_txn **out, tv_error *err) {
  if (TVI_LIKELY(mode == TV_READ && db->env->forks == tvi_registry_forks() &&
                 tvi_metrics_of(db->env) == NULL)) {
    *out = NULL;
    return txn_begin_read(db, out, err);
  }
  return txn_begin_default(db, mode, out, err);
}

/* ---- End ---- */

static void txn_run_hooks(tv_txn *txn, int committed) {
  while (txn->hooks != NULL) {
    tvi_end_hook *hook = txn->hooks;
    txn->hooks = hook->next;
    hook->fn(hook->ctx, txn, committed);
    tvi_free(hook);
  }
}

/* What a writer leaves behind after LMDB's part is done. */
static void txn_writer_done(tv_txn *txn, int committed, int keep_gate) {
  tvi_env *env = txn->env;
  tv_db *db = txn->db;
  int bound = !txn->movable;
  if (bound) { /* before the gate opens: the next writer may be on this thread */
    pthread_mutex_lock(&env->lock);
    env->writer_bound = 0;
    pthread_mutex_unlock(&env->lock);
  }
  tvi_map_leave(env);
  if (!keep_gate) tvi_env_gate_leave(env);
  txn_run_hooks(txn, committed);
  tvi_txn_free(txn);
  if (committed) tvi_readers_watch_run(env);
  txn_writer_mark(db, 0, 0);
}

static int txn_wrong_thread(const tv_txn *txn) {
  return txn->write && !txn->movable && !pthread_equal(txn->owner, pthread_self());
}

static void txn_end_reader(tv_txn *txn, int committed) {
  tvi_cursors_free(txn);
  if (txn->hooks != NULL) txn_run_hooks(txn, committed);
  txn_end_read(txn);
}

static int txn_commit_failed(tvi_env *env, int native, tv_error *err) {
  int status = tvi_lmdb_fail(err, native == EIO && tvi_env_is_full(env) ? ENOSPC : native,
                             "cannot commit to '%s'", env->path);
  /* A failed write or sync leaves unknown what the disk holds: nothing more is built on it. */
  if (status == TV_EIO || status == TV_ENOSPC || status == TV_EACCES) atomic_store(&env->failed, 1);
  return status;
}

static int txn_commit_writer(tv_txn *txn, int keep_gate, tv_error *err) {
  tvi_env *env = txn->env;
  uint64_t generation = txn->stamp, snapshot = txn->snapshot + 1;
  unsigned spares = TVI_SLOTS_LOW;
  int native = 0, status = TV_OK;
  tvi_cursors_free(txn);
  if (txn->fatal != TV_OK) {
    status = tvi_error_set(err, txn->fatal, 0, "nothing was committed: %s", txn->error.message);
    (void)txn_run(txn, txn_abort_job);
    txn_writer_done(txn, 0, keep_gate);
    return status;
  }
  if (txn->catalogue_changed) {
    native = tvi_catalogue_generation(env, txn->mdb, &generation);
    if (native == 0) native = tvi_catalogue_spares(env, txn->mdb, &spares);
  }
  if (native == 0)
    native = txn_run(txn, txn_commit_job); /* nested ones are committed with it */
  else
    (void)txn_run(txn, txn_abort_job);
  if (native != 0)
    status = txn_commit_failed(env, native, err);
  else if (txn_last_id(env) == snapshot) /* one that changed nothing makes no new snapshot */
    tvi_catalogue_committed(env, snapshot, generation);
  /* Here rather than at the next begin, which would find its snapshot overtaken by the topping up.
   */
  if (status == TV_OK && spares < TVI_SLOTS_LOW)
    (void)tvi_slots_top_up(env, txn->movable ? &env->keeper : NULL);
  txn_writer_done(txn, status == TV_OK, keep_gate);
  return status;
}

static int txn_commit(tv_txn *txn, int keep_gate, tv_error *err) {
  int status = txn_forked(txn->env, err);
  if (status != TV_OK) return status;
  if (txn_wrong_thread(txn))
    return tvi_error_set(
        err, TV_EMISUSE, 0,
        "a write transaction is ended by the thread that began it (or use TV_MOVABLE)");
  if (txn->write) {
    tvi_metrics *metrics = txn->metrics; /* outlives the transaction */
    uint64_t since = metrics != NULL ? tvi_metric_clock() : 0;
    status = txn_commit_writer(txn, keep_gate, err);
    if (metrics != NULL) tvi_metric_record(metrics, TVI_METRIC_COMMIT, since);
    return status;
  }
  txn_end_reader(txn, 1);
  return TV_OK;
}

int tv_commit(tv_txn *txn, tv_error *err) {
  return txn_commit(txn, 0, err);
}

int tvi_commit_keep_gate(tv_txn *txn, tv_error *err) {
  return txn_commit(txn, 1, err);
}

void tv_abort(tv_txn *txn) {
  if (txn == NULL || txn_forked(txn->env, &txn->error) != TV_OK) return;
  if (txn_wrong_thread(txn)) {
    (void)tvi_txn_fail(txn, TV_EMISUSE, 0,
                       "aborted on another thread than it was begun on: ignored");
    return;
  }
  if (!txn->write) {
    txn_end_reader(txn, 0);
    return;
  }
  tvi_cursors_free(txn);
  (void)txn_run(txn, txn_abort_job);
  txn_writer_done(txn, 0, 0);
}
