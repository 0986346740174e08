/* SPDX-License-Identifier: MIT */
/*
 * The check of buckets: what tv_check_file cannot know, since it sees records and not what they
 * mean. It goes on behind a problem, so that one run tells all that is wrong. Rejected: reading
 * through tv_kv_cursor; that passes expired entries over, which take space and can be damaged
 * like any other.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bucket_internal.h"
#include "encode_internal.h"

#define BUCKET_CHECK_REPORTS_MAX 100
#define BUCKET_CHECK_PROGRESS_EVERY 10000
#define BUCKET_CHECK_TIME_BYTES 8

typedef struct bucket_check_run {
  tv_txn *txn;
  const tv_kv_check_hooks *hooks;
  tv_kv_check_report report;
  tv_bucket *bucket;
  uint64_t expiring; /* of this bucket: entries that have their row in the index */
  char first[sizeof((tv_error *)0)->message];
  unsigned char row[BUCKET_CHECK_TIME_BYTES + TV_KEY_BYTES_MAX];
} bucket_check_run;

static void bucket_check_problem(bucket_check_run *run, const char *format, ...) TVI_PRINTF(2, 3);
static void bucket_check_problem(bucket_check_run *run, const char *format, ...) {
  char sentence[sizeof run->first];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  if (run->report.problems++ == 0) memcpy(run->first, sentence, sizeof sentence);
  if (run->report.problems <= BUCKET_CHECK_REPORTS_MAX && run->hooks != NULL &&
      run->hooks->report != NULL)
    run->hooks->report(run->hooks->ctx, sentence);
}

static void bucket_check_entry_problem(bucket_check_run *run, tv_slice key, const char *what) {
  char shown[TVI_SHOW_BYTES];
  bucket_check_problem(run, "bucket '%s', key %s: %s", tvi_store_name(run->bucket->store),
                       tvi_show(key, shown), what);
}

/* The row that an expiring entry must have. */
static int bucket_check_entry_row(bucket_check_run *run, tv_slice key, int64_t expiry) {
  tv_store *index = run->bucket->handle->expiry_store;
  tv_slice value;
  int status = TV_NOTFOUND;
  run->report.expiring++;
  tvi_store_be64(run->row, (uint64_t)expiry);
  memcpy(run->row + BUCKET_CHECK_TIME_BYTES, key.data, key.size);
  if (index != NULL)
    status = tv_store_get(index, tv_bytes(run->row, BUCKET_CHECK_TIME_BYTES + key.size), &value);
  if (status == TV_OK) run->expiring++;
  if (status == TV_NOTFOUND)
    bucket_check_entry_problem(run, key, "its expiry time is not in the index: it is never swept");
  return status == TV_NOTFOUND ? TV_OK : status;
}

static int bucket_check_entry(bucket_check_run *run, tv_slice key, tv_slice wrapped) {
  tvi_envelope envelope;
  int versioned = run->bucket->handle->options.versioned;
  int status;
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX) {
    bucket_check_entry_problem(run, key, "no key is of this size");
    return TV_OK;
  }
  status = tvi_envelope_unwrap(&run->bucket->codec, key, wrapped, 1, &envelope);
  if (status == TV_ECORRUPT) {
    bucket_check_entry_problem(run, key, "the stored value is damaged");
    return TV_OK;
  }
  if (status != TV_OK) return tvi_kv_fail(run->bucket, key, status);
  if ((envelope.version != 0) != (versioned != 0))
    bucket_check_entry_problem(
        run, key, versioned ? "it has no version" : "it has a version in a bucket without");
  return envelope.expiry != 0 ? bucket_check_entry_row(run, key, envelope.expiry) : TV_OK;
}

static int bucket_check_entries(bucket_check_run *run) {
  tv_slice name = tv_str(tvi_store_name(run->bucket->store)), key, wrapped;
  uint64_t counted = 0, stored;
  tv_cursor *cursor;
  int status = tv_cursor_open(run->bucket->store, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &wrapped)) == TV_OK) {
    status = bucket_check_entry(run, key, wrapped);
    if (status != TV_OK) break;
    run->report.entries++;
    if (++counted % BUCKET_CHECK_PROGRESS_EVERY == 0 && run->hooks != NULL &&
        run->hooks->progress != NULL && run->hooks->progress(run->hooks->ctx, name, counted) != 0) {
      status = TV_STOP;
      break;
    }
  }
  tv_cursor_close(cursor);
  if (status != TV_END) return status;
  status = tv_store_count(run->bucket->store, &stored);
  if (status == TV_OK && stored != counted)
    bucket_check_problem(run, "bucket '%s': %llu entries are counted but %llu are there",
                         tvi_store_name(run->bucket->store), (unsigned long long)stored,
                         (unsigned long long)counted);
  return status;
}

/* A row must be about an entry that expires at that time. */
static int bucket_check_row(bucket_check_run *run, tv_slice row) {
  tvi_envelope envelope;
  tv_slice key, wrapped;
  int64_t expiry;
  int status;
  if (row.size <= BUCKET_CHECK_TIME_BYTES || row.size > sizeof run->row) {
    bucket_check_problem(run, "bucket '%s': a row of its index of expiry times has %zu bytes",
                         tvi_store_name(run->bucket->store), row.size);
    return TV_OK;
  }
  expiry = (int64_t)tvi_load_be64(row.data);
  key = tv_bytes((const unsigned char *)row.data + BUCKET_CHECK_TIME_BYTES,
                 row.size - BUCKET_CHECK_TIME_BYTES);
  status = tv_store_get(run->bucket->store, key, &wrapped);
  if (status == TV_NOTFOUND) {
    bucket_check_entry_problem(run, key,
                               "the index of expiry times has it, but the bucket has not");
    return TV_OK;
  }
  if (status != TV_OK) return status;
  status = tvi_envelope_unwrap(&run->bucket->codec, key, wrapped, 1, &envelope);
  if (status == TV_ECORRUPT) return TV_OK; /* told already */
  if (status != TV_OK) return tvi_kv_fail(run->bucket, key, status);
  if (envelope.expiry != expiry)
    bucket_check_entry_problem(run, key,
                               "the index of expiry times has another time than the entry");
  return TV_OK;
}

/* As many rows as entries that have one: then each row has its entry. Else find those without. */
static int bucket_check_index(bucket_check_run *run) {
  tv_store *index = run->bucket->handle->expiry_store;
  tv_cursor *cursor;
  tv_slice row;
  uint64_t rows = 0;
  int status = index != NULL ? tv_store_count(index, &rows) : TV_OK;
  if (status != TV_OK || rows == run->expiring) return status;
  status = tv_cursor_open(index, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &row, NULL)) == TV_OK) {
    status = bucket_check_row(run, row);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int bucket_check_one(bucket_check_run *run, const char *name) {
  int status = tv_kv_open(run->txn, name, 0, NULL, &run->bucket);
  run->expiring = 0;
  if (status == TV_ECORRUPT || status == TV_EVERSION) {
    run->report.buckets++;
    bucket_check_problem(run, "%s", tv_txn_error(run->txn)->message);
    return TV_OK;
  }
  if (status == TV_OK) status = tvi_kv_expiry_find(run->bucket->handle, 0);
  if (status != TV_OK) return status;
  run->report.buckets++;
  status = bucket_check_entries(run);
  return status == TV_OK ? bucket_check_index(run) : status;
}

/* ---- All buckets ---- */

typedef struct bucket_check_list {
  bucket_check_run *run;
  int status;
} bucket_check_list;

static int bucket_check_listed(void *ctx, tv_slice name) {
  bucket_check_list *list = ctx;
  char text[TV_NAME_BYTES_MAX + 1];
  if (name.size > TV_NAME_BYTES_MAX) {
    bucket_check_problem(list->run, "a bucket's name has %zu bytes", name.size);
    return 0;
  }
  memcpy(text, name.data, name.size);
  text[name.size] = '\0';
  list->status = bucket_check_one(list->run, text);
  return list->status != TV_OK;
}

int tv_kv_check(tv_txn *txn, const char *name, const tv_kv_check_hooks *hooks,
                tv_kv_check_report *out) {
  bucket_check_run run = {.txn = txn, .hooks = hooks};
  bucket_check_list list = {&run, TV_OK};
  int status;
  if (name != NULL) {
    status = bucket_check_one(&run, name);
  } else {
    status = tv_kv_list(txn, bucket_check_listed, &list);
    if (status == TV_STOP) status = list.status;
  }
  if (out != NULL) *out = run.report;
  if (status != TV_OK || run.report.problems == 0) return status;
  return tvi_txn_fail(txn, TV_ECORRUPT, 0, "%s", run.first);
}
