/* SPDX-License-Identifier: MIT */
/*
 * The check of SQL's pages: each one's size and checksum, read from the store itself. SQLite's own
 * integrity check comes after it: that knows trees and rows, but reads pages in place, where they
 * are not verified, and never those that are free. Rejected: PRAGMA tv_verify and a read of all
 * tables, which ends at the first damaged page of each.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "encode_internal.h"
#include "envelope_internal.h"
#include "trivet_sql.h"
#include "vfs_internal.h"

#define PAGE_CHECK_REPORTS_MAX 100
#define PAGE_CHECK_PROGRESS_EVERY 10000

typedef struct page_check {
  const tv_sql_check_hooks *hooks;
  tv_sql_check_report report;
  char first[sizeof((tv_error *)0)->message];
} page_check;

static void page_check_problem(page_check *check, uint32_t page, const char *format, ...)
    TVI_PRINTF(3, 4);
static void page_check_problem(page_check *check, uint32_t page, const char *format, ...) {
  char sentence[sizeof check->first];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  if (check->report.problems++ == 0) memcpy(check->first, sentence, sizeof sentence);
  if (check->report.problems <= PAGE_CHECK_REPORTS_MAX && check->hooks != NULL &&
      check->hooks->report != NULL)
    check->hooks->report(check->hooks->ctx, page, sentence);
}

static void page_check_one(page_check *check, tv_slice key, tv_slice value, size_t body) {
  uint32_t page;
  if (key.size != 4) {
    page_check_problem(check, 0, "a SQL page's number has %zu bytes instead of 4", key.size);
    return;
  }
  page = tvi_load_be32(key.data);
  if (value.size != body + TVI_PAGE_SUM) {
    page_check_problem(check, page, "SQL page %u has %zu bytes instead of %zu", page, value.size,
                       body + TVI_PAGE_SUM);
  } else if (tvi_checksum(value.data, body) !=
             tvi_load_le64((const unsigned char *)value.data + body)) {
    page_check_problem(check, page, "the checksum of SQL page %u is wrong", page);
  }
}

static int page_check_store(page_check *check, tv_store *store, size_t body) {
  const tv_sql_check_hooks *hooks = check->hooks;
  tv_slice key, value;
  tv_cursor *cursor;
  int status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    page_check_one(check, key, value, body);
    if (++check->report.pages % PAGE_CHECK_PROGRESS_EVERY == 0 && hooks != NULL &&
        hooks->progress != NULL && hooks->progress(hooks->ctx, check->report.pages) != 0) {
      status = TV_STOP;
      break;
    }
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tv_sql_check_pages(tv_txn *txn, const tv_sql_check_hooks *hooks, tv_sql_check_report *out) {
  page_check check = {.hooks = hooks};
  tv_store *store;
  int status = tvi_store_open(txn, TVI_KIND_SQL, "main", NULL, 0, tv_bytes(NULL, 0), &store);
  if (status == TV_OK)
    status = page_check_store(&check, store, tvi_page_bytes(tv_txn_db(txn)) - TVI_PAGE_RESERVED);
  if (status == TV_NOTFOUND) status = TV_OK; /* no table was ever made */
  if (out != NULL) *out = check.report;
  if (status != TV_OK || check.report.problems == 0) return status;
  return tvi_txn_fail(txn, TV_ECORRUPT, 0, "%s", check.first);
}
