/* SPDX-License-Identifier: MIT */
/*
 * Bulk load of unsorted input: sorted runs (sorted_runs.c) put into a bucket in key order.
 * While the bucket's keys are all less than the next one, pairs are appended, which fills pages and
 * needs no search. Rejected: loading into a store of its own and swapping it in; it
 * would be as fast and could not add to a bucket that has entries.
 */
#include "bucket_internal.h"
#include "sorted_runs_internal.h"

#define LOAD_MEMORY_BYTES ((uint64_t)64 << 20)
#define LOAD_MEMORY_BYTES_MIN ((uint64_t)64 << 10)

struct tv_kv_load {
  tvi_runs *runs;
};

int tv_kv_load_open(const tv_kv_load_options *options, tv_kv_load **out, tv_error *err) {
  uint64_t memory = options != NULL ? options->memory_bytes : 0;
  tv_kv_load *load;

  *out = NULL;
  if (memory == 0) memory = LOAD_MEMORY_BYTES;
  if (memory < LOAD_MEMORY_BYTES_MIN || memory > SIZE_MAX / 4)
    return tvi_error_set(err, TV_EINVAL, 0, "memory_bytes of a load is %llu, less than %llu",
                         (unsigned long long)memory, (unsigned long long)LOAD_MEMORY_BYTES_MIN);
  load = tvi_zalloc(sizeof *load);
  if (load != NULL) load->runs = tvi_runs_make((size_t)memory, options ? options->folder : NULL);
  if (load == NULL || load->runs == NULL) {
    tvi_free(load);
    return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for a load");
  }
  *out = load;
  return TV_OK;
}

void tv_kv_load_close(tv_kv_load *load) {
  if (load == NULL) return;
  tvi_runs_free(load->runs);
  tvi_free(load);
}

int tv_kv_load_add(tv_kv_load *load, tv_slice key, tv_slice value, tv_error *err) {
  char shown[TVI_SHOW_BYTES];

  if (tvi_runs_reading(load->runs))
    return tvi_error_set(err, TV_EMISUSE, 0, "a load takes no more pairs once it is being put");
  if (key.size == 0) return tvi_error_set(err, TV_EKEYSIZE, 0, "a key is empty");
  if (key.size > TV_KEY_BYTES_MAX)
    return tvi_error_set(err, TV_EKEYSIZE, 0, "key %s has %zu bytes, more than %d",
                         tvi_show(key, shown), key.size, TV_KEY_BYTES_MAX);
  if (value.size > TVI_PAYLOAD_BYTES_MAX)
    return tvi_error_set(err, TV_ELIMIT, 0, "key %s: the value is too large", tvi_show(key, shown));
  return tvi_runs_add(load->runs, key, value, err);
}

/* 1 when `key` is greater than all keys of the bucket. */
static int load_appends(tv_bucket *bucket, tv_slice key, int *appends) {
  tv_cursor *cursor;
  tv_slice last;
  int status = tv_cursor_open(bucket->store, &cursor);

  if (status != TV_OK) return status;
  status = tv_cursor_last(cursor, &last, NULL);
  *appends = status == TV_END || (status == TV_OK && tvi_kv_compare(key, last) > 0);
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int load_put_pairs(tv_kv_load *load, tv_bucket *bucket, uint64_t limit, uint64_t *n) {
  tv_txn *txn = tvi_store_txn(bucket->store);
  int appends = 0;

  for (;;) {
    tv_slice key, value;
    tv_error err;
    int status;
    if (limit != 0 && *n == limit) return TV_OK;
    status = tvi_runs_next(load->runs, &key, &value, &err);
    if (status == TV_END) return TV_END;
    if (status != TV_OK) return tvi_txn_fail(txn, status, err.native, "%s", err.message);
    if (*n == 0) {
      status = load_appends(bucket, key, &appends);
      if (status != TV_OK) return status;
    }
    status = appends ? tv_kv_put_append(bucket, key, value) : tv_kv_put(bucket, key, value);
    if (status != TV_OK) return status;
    ++*n;
  }
}

int tv_kv_load_put(tv_kv_load *load, tv_bucket *bucket, uint64_t limit, uint64_t *put) {
  uint64_t n = 0;
  int status;

  tvi_runs_mark(load->runs);
  status = load_put_pairs(load, bucket, limit, &n);
  if (put != NULL) *put = n;
  return status;
}

void tv_kv_load_back(tv_kv_load *load) {
  tvi_runs_back(load->runs);
}
