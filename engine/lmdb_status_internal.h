/* SPDX-License-Identifier: MIT */
/*
 * The one place that knows what LMDB's codes and errno mean for a caller of Trivet.
 */
#ifndef TRIVET_LMDB_STATUS_INTERNAL_H
#define TRIVET_LMDB_STATUS_INTERNAL_H

#include "layer_internal.h"

/*
 * The tv_status of a code returned by LMDB, or of an errno. MDB_MAP_FULL is TV_EFULL here; a
 * transaction that may be run again in a larger map turns it into TV_ERETRY itself.
 */
int tvi_lmdb_status(int native);

/*
 * Fills *err (NULL is allowed) with the status of `native` and the sentence "FORMAT: what the code
 * means; what to do about it". FORMAT names the thing ("cannot open app.tv"). When all of it does
 * not fit, FORMAT is shortened. Returns the status.
 */
int tvi_lmdb_fail(tv_error *err, int native, const char *format, ...) TVI_PRINTF(3, 4);

#endif
