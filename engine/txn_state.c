/* SPDX-License-Identifier: MIT */
/*
 * What may be asked of an open transaction, and its savepoints. A savepoint is a nested LMDB
 * transaction. LMDB frees cursors with the nested transaction they were opened in, so all cursors
 * are let go before one begins or ends and find their place again by key.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

uint64_t tv_txn_snapshot(const tv_txn *txn) {
  return txn->snapshot;
}

/* Asked for lazily: most read transactions never look at the clock. */
int64_t tv_txn_now(tv_txn *txn) {
  if (txn->now == 0) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    txn->now = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
  }
  return txn->now;
}

tv_db *tv_txn_db(const tv_txn *txn) {
  return txn->db;
}

int tv_txn_is_write(const tv_txn *txn) {
  return txn->write;
}

const tv_error *tv_txn_error(const tv_txn *txn) {
  return &txn->error;
}

int tvi_txn_fail(tv_txn *txn, int status, int native, const char *format, ...) {
  char message[sizeof txn->error.message];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return tvi_error_set(&txn->error, status, native, "%s", message);
}

uint64_t tvi_txn_epoch(const tv_txn *txn) {
  return txn->epoch;
}

unsigned tvi_txn_depth(const tv_txn *txn) {
  return txn->depth;
}

int tvi_txn_on_end(tv_txn *txn, tvi_txn_end_fn fn, void *ctx) {
  tvi_end_hook *hook = tvi_alloc(sizeof *hook);
  if (hook == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory");
  hook->fn = fn;
  hook->ctx = ctx;
  hook->next = txn->hooks;
  txn->hooks = hook;
  return TV_OK;
}

void tvi_txn_forget_on_end(tv_txn *txn, tvi_txn_end_fn fn, void *ctx) {
  tvi_end_hook **link = &txn->hooks;
  while (*link != NULL && ((*link)->fn != fn || (*link)->ctx != ctx)) link = &(*link)->next;
  if (*link != NULL) {
    tvi_end_hook *gone = *link;
    *link = gone->next;
    tvi_free(gone);
  }
}

/* ---- Savepoints ---- */

int tv_savepoint(tv_txn *txn, unsigned *depth) {
  int native, status = tvi_txn_writable(txn);
  MDB_txn *child;
  if (status != TV_OK) return status;
  if (txn->depth == TV_SAVEPOINTS_MAX)
    return tvi_txn_fail(txn, TV_ELIMIT, 0, "more than %d nested savepoints", TV_SAVEPOINTS_MAX);
  tvi_cursors_detach(txn);
  native = mdb_txn_begin(txn->env->mdb, txn->mdb, 0, &child);
  if (native == ENOMEM) return tvi_txn_fail(txn, TV_ENOMEM, native, "out of memory");
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot open a savepoint");
  txn->mdb = txn->nest[++txn->depth] = child;
  *depth = txn->depth;
  return TV_OK;
}

static int savepoint_check(tv_txn *txn, unsigned depth) {
  int status = tvi_txn_writable(txn);
  if (status == TV_OK && (depth == 0 || depth > txn->depth))
    status = tvi_txn_fail(txn, TV_EINVAL, 0, "no savepoint of depth %u is open", depth);
  if (status == TV_OK) tvi_cursors_detach(txn);
  return status;
}

int tv_savepoint_release(tv_txn *txn, unsigned depth) {
  int status = savepoint_check(txn, depth);
  while (status == TV_OK && txn->depth >= depth) {
    int native = mdb_txn_commit(txn->mdb); /* on failure LMDB has aborted it */
    txn->mdb = txn->nest[--txn->depth];
    if (native != 0) status = tvi_txn_lmdb_fail(txn, native, "cannot release a savepoint");
  }
  return status;
}

int tv_savepoint_rollback(tv_txn *txn, unsigned depth) {
  int status = savepoint_check(txn, depth);
  if (status != TV_OK) return status;
  while (txn->depth >= depth) {
    mdb_txn_abort(txn->mdb);
    txn->mdb = txn->nest[--txn->depth];
  }
  if (txn->fatal != TV_OK && txn->fatal_depth >= depth) txn->fatal = TV_OK;
  txn->epoch++;
  if (txn->catalogue_changed) tvi_catalogue_restamp(txn);
  return TV_OK;
}
