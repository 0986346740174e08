/* SPDX-License-Identifier: MIT */
/*
 * Export of a bucket through a callback, as JSON Lines or as a binary dump (dump_internal.h). The
 * output is gathered to pieces of some 64 KiB, since a callback per entry would cost more
 * than the entry. Rejected: writing to a file descriptor; the caller may want a socket, a
 * compressor or memory.
 */
#include "bucket_internal.h"
#include "dump_internal.h"
#include "encode_internal.h"
#include "json_line_internal.h"

#define EXPORT_PIECE_BYTES ((size_t)64 * 1024)

struct tv_kv_export {
  tv_bucket *bucket;
  tv_kv_cursor *cursor;
  int format;
  int complete;
  uint64_t entries;
  tvi_buffer out;
};

int tv_kv_export_open(tv_bucket *bucket, tv_range range, int format, tv_kv_export **out) {
  tv_txn *txn = tvi_store_txn(bucket->store);
  tv_kv_export *job;
  int status;

  *out = NULL;
  if (format != TV_KV_JSONL && format != TV_KV_DUMP)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "%d is no format of an export", format);
  job = tvi_zalloc(sizeof *job);
  if (job == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory for an export");
  job->bucket = bucket;
  job->format = format;
  status = tv_kv_cursor_open(bucket, range, &job->cursor);
  if (status == TV_OK && format == TV_KV_DUMP) {
    static const unsigned char head[TVI_DUMP_HEAD_BYTES + 1] = TVI_DUMP_MAGIC "\x01";
    status = tvi_buffer_append(&job->out, head, TVI_DUMP_HEAD_BYTES);
    if (status != TV_OK) (void)tvi_txn_fail(txn, status, 0, "out of memory for an export");
  }
  if (status != TV_OK) {
    tv_kv_export_close(job);
    return status;
  }
  *out = job;
  return TV_OK;
}

void tv_kv_export_close(tv_kv_export *job) {
  if (job == NULL) return;
  tv_kv_cursor_close(job->cursor);
  tvi_buffer_free(&job->out);
  tvi_free(job);
}

static int export_dump_entry(tvi_buffer *out, tv_slice key, const tv_kv_entry *entry) {
  unsigned char head[4 * TVI_VARINT_BYTES_MAX], sum[8];
  size_t start = out->size, n = tvi_varint_put(head, key.size);
  int status;

  n += tvi_varint_put(head + n, entry->value.size);
  n += tvi_varint_put(head + n, (uint64_t)entry->expires);
  n += tvi_varint_put(head + n, entry->version);
  status = tvi_buffer_append(out, head, n);
  if (status == TV_OK) status = tvi_buffer_append(out, key.data, key.size);
  if (status == TV_OK) status = tvi_buffer_append(out, entry->value.data, entry->value.size);
  if (status != TV_OK) return status;
  tvi_store_le64(sum, tvi_checksum(out->data + start, out->size - start));
  return tvi_buffer_append(out, sum, sizeof sum);
}

static int export_entry(tv_kv_export *job, tv_slice key, const tv_kv_entry *entry) {
  tvi_json_entry line = {key, entry->value, entry->expires, entry->version};
  size_t size = job->out.size;
  int status;

  if (job->format == TV_KV_DUMP) {
    status = export_dump_entry(&job->out, key, entry);
  } else {
    /* "For ever" is the default where the bucket has no time to live. */
    if (line.expires == 0 && job->bucket->handle->options.ttl_ms == 0) line.expires = -1;
    status = tvi_json_line_write(&job->out, &line);
  }
  if (status == TV_OK) return TV_OK;
  job->out.size = size;
  return tvi_kv_fail(job->bucket, key, status);
}

static int export_flush(tv_kv_export *job, tv_kv_write_fn write, void *ctx) {
  if (job->out.size > 0 && write(ctx, job->out.data, job->out.size) != 0) return TV_STOP;
  job->out.size = 0;
  return TV_OK;
}

static int export_end(tv_kv_export *job) {
  unsigned char tail[TVI_DUMP_TAIL_BYTES] = {0};
  if (job->complete) return TV_OK;
  job->complete = 1;
  if (job->format != TV_KV_DUMP) return TV_OK;
  tvi_store_le64(tail + 1, job->entries);
  return tvi_buffer_append(&job->out, tail, sizeof tail);
}

int tv_kv_export_some(tv_kv_export *job, uint64_t limit, tv_kv_write_fn write, void *ctx,
                      uint64_t *entries) {
  uint64_t n = 0;
  int status = TV_OK, flushed;

  while (!job->complete && status == TV_OK && (limit == 0 || n < limit)) {
    tv_kv_entry entry;
    tv_slice key;
    status = tvi_kv_cursor_next_entry(job->cursor, &key, &entry);
    if (status != TV_OK) break;
    status = export_entry(job, key, &entry);
    if (status != TV_OK) break;
    n++;
    job->entries++;
    if (job->out.size >= EXPORT_PIECE_BYTES) status = export_flush(job, write, ctx);
  }
  if (job->complete) status = TV_END;
  if (status == TV_END && export_end(job) != TV_OK)
    status = tvi_txn_fail(tvi_store_txn(job->bucket->store), TV_ENOMEM, 0,
                          "out of memory for an export");
  if (status == TV_OK || status == TV_END) {
    flushed = export_flush(job, write, ctx);
    if (flushed != TV_OK) status = flushed;
  }
  if (entries != NULL) *entries = n;
  return status;
}
