/* SPDX-License-Identifier: MIT */
/*
 * Merge operations: read, change, write under one call. Since there is one writer at a time, they
 * are done at once. Rejected: storing the operations and merging on read, as log-structured
 * stores must; it would put the cost on every get.
 */
#include <string.h>

#include "bucket_internal.h"

#define MERGE_DIGITS_MAX 20 /* "-9223372036854775808" */

/* Decimal text, an optional '-' and 1 to 19 digits, that fits 64 bits. */
static int merge_parse(tv_slice text, int64_t *out) {
  const char *p = text.data;
  size_t i = 0;
  int negative;
  uint64_t sum = 0, limit;

  if (text.size == 0 || text.size > MERGE_DIGITS_MAX) return TV_EINVAL;
  negative = p[0] == '-';
  i = negative ? 1 : 0;
  if (i == text.size || text.size - i > MERGE_DIGITS_MAX - 1) return TV_EINVAL;
  for (; i < text.size; i++) {
    if (p[i] < '0' || p[i] > '9') return TV_EINVAL;
    sum = sum * 10 + (uint64_t)(p[i] - '0'); /* 19 digits fit 64 bits without a sign */
  }
  limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (sum > limit) return TV_EINVAL;
  *out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
  return TV_OK;
}

static size_t merge_print(int64_t value, char text[MERGE_DIGITS_MAX]) {
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  char digits[MERGE_DIGITS_MAX];
  size_t n = 0, at = 0;

  do {
    digits[n++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) text[at++] = '-';
  while (n > 0) text[at++] = digits[--n];
  return at;
}

/* Writes what a merge made of `present`, whose expiry time stays. */
static int merge_write(tv_bucket *bucket, tv_slice key, tv_slice value,
                       const tvi_kv_present *present) {
  tvi_kv_write write = {.key = key, .value = value, .present = present};
  if (present->live) {
    write.expiry = present->expiry;
  } else {
    int status = tvi_kv_expiry_of(bucket, bucket->handle->options.ttl_ms, &write.expiry);
    if (status != TV_OK) return status;
  }
  return tvi_kv_put_write(bucket, &write);
}

int tv_kv_add(tv_bucket *bucket, tv_slice key, int64_t delta, int64_t *sum) {
  char shown[TVI_SHOW_BYTES], shown_value[TVI_SHOW_BYTES];
  char text[MERGE_DIGITS_MAX];
  tvi_kv_present present;
  tv_slice current;
  int64_t value = 0;
  int status = tvi_kv_present_read(bucket, key, &present, &current);

  if (status != TV_OK) return status;
  if (present.live && merge_parse(current, &value) != TV_OK)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_EINVAL, 0,
                        "bucket '%s', key %s: the value %s is no number of 64 bits",
                        tvi_store_name(bucket->store), tvi_show(key, shown),
                        tvi_show(current, shown_value));
  if (__builtin_add_overflow(value, delta, &value))
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_EINVAL, 0,
                        "bucket '%s', key %s: the sum does not fit 64 bits",
                        tvi_store_name(bucket->store), tvi_show(key, shown));
  status = merge_write(bucket, key, tv_bytes(text, merge_print(value, text)), &present);
  if (status == TV_OK && sum != NULL) *sum = value;
  return status;
}

int tv_kv_append(tv_bucket *bucket, tv_slice key, tv_slice tail) {
  tvi_buffer *joined = &bucket->handle->joined;
  tvi_kv_present present;
  tv_slice current;
  int status = tvi_kv_present_read(bucket, key, &present, &current);

  if (status != TV_OK) return status;
  if (current.size > TVI_PAYLOAD_BYTES_MAX || tail.size > TVI_PAYLOAD_BYTES_MAX - current.size)
    return tvi_kv_fail(bucket, key, TV_ELIMIT);
  joined->size = 0;
  status = tvi_buffer_append(joined, current.data, current.size);
  if (status == TV_OK) status = tvi_buffer_append(joined, tail.data, tail.size);
  if (status != TV_OK) return tvi_kv_fail(bucket, key, status);
  return merge_write(bucket, key, tv_bytes(joined->data, joined->size), &present);
}
