/* SPDX-License-Identifier: MIT */
/*
 * tv_db_write: a write transaction as a function, run again when the map had to grow.
 */
#include "env_internal.h"

#define WRITE_TRIES 64 /* each try doubles the map */

static int write_once(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err) {
  tv_txn *txn;
  int status = tv_begin(db, TV_WRITE, &txn, err);
  if (status != TV_OK) return status;
  status = fn(txn, ctx);
  if (status == TV_OK) return tv_commit(txn, err);
  if (txn->fatal == TV_ERETRY) status = TV_ERETRY;
  if (err != NULL) {
    *err = txn->error;
    if (err->status != status) (void)tvi_error_set(err, status, 0, "the write was rolled back");
  }
  tv_abort(txn);
  return status;
}

int tv_db_write(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err) {
  int tries, status = TV_ERETRY;
  for (tries = 0; tries < WRITE_TRIES && status == TV_ERETRY; tries++)
    status = write_once(db, fn, ctx, err);
  return status;
}
