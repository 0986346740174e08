/* SPDX-License-Identifier: MIT */
/*
 * Import of JSON Lines or a binary dump through a callback. The input of one call stays in memory
 * until the next, so that a batch whose transaction failed can be put again though the
 * input cannot be read again. Rejected: one call that commits batches itself; the caller's
 * transaction may hold other writes.
 */
#include <string.h>

#include "bucket_internal.h"
#include "dump_internal.h"
#include "encode_internal.h"
#include "json_line_internal.h"

#define IMPORT_PIECE_BYTES ((size_t)64 * 1024)

struct tv_kv_import {
  int format;
  tv_kv_read_fn read;
  void *ctx;
  tvi_buffer input; /* from the beginning of the last call on */
  size_t at;        /* of what comes next */
  int ended;        /* nothing more to read */
  int headed;       /* the head of a dump is behind us */
  int complete;
  uint64_t line;
  tvi_buffer room; /* decoded strings */
  /* as the last call found them */
  int headed_mark, complete_mark;
  uint64_t line_mark;
};

int tv_kv_import_open(int format, tv_kv_read_fn read, void *ctx, tv_kv_import **out,
                      tv_error *err) {
  tv_kv_import *job;

  *out = NULL;
  if (format != TV_KV_JSONL && format != TV_KV_DUMP)
    return tvi_error_set(err, TV_EINVAL, 0, "%d is no format of an import", format);
  job = tvi_zalloc(sizeof *job);
  if (job == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory for an import");
  job->format = format;
  job->read = read;
  job->ctx = ctx;
  *out = job;
  return TV_OK;
}

void tv_kv_import_close(tv_kv_import *job) {
  if (job == NULL) return;
  tvi_buffer_free(&job->input);
  tvi_buffer_free(&job->room);
  tvi_free(job);
}

uint64_t tv_kv_import_line(const tv_kv_import *job) {
  return job->line;
}

void tv_kv_import_back(tv_kv_import *job) {
  job->at = 0;
  job->line = job->line_mark;
  job->headed = job->headed_mark;
  job->complete = job->complete_mark;
}

/* A batch begins: what earlier ones used is let go. */
static void import_mark(tv_kv_import *job) {
  if (job->at > 0) {
    memmove(job->input.data, job->input.data + job->at, job->input.size - job->at);
    job->input.size -= job->at;
    job->at = 0;
  }
  job->line_mark = job->line;
  job->headed_mark = job->headed;
  job->complete_mark = job->complete;
}

/* Reads a further piece; at the end of the input job->ended is set. */
static int import_more(tv_kv_import *job, tv_txn *txn) {
  size_t got = 0;
  if (job->ended) return TV_OK;
  if (tvi_buffer_reserve(&job->input, job->input.size + IMPORT_PIECE_BYTES) != TV_OK)
    return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory for an import");
  if (job->read(job->ctx, job->input.data + job->input.size, IMPORT_PIECE_BYTES, &got) != 0)
    return TV_STOP;
  if (got > IMPORT_PIECE_BYTES)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "the import's read callback gave more than asked for");
  job->input.size += got;
  job->ended = got == 0;
  return TV_OK;
}

/* ---- JSON Lines ---- */

static int import_blank(tv_slice line) {
  const char *p = line.data;
  size_t i;
  for (i = 0; i < line.size; i++)
    if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r') return 0;
  return 1;
}

/* The next line that is not blank. TV_END at the end. */
static int import_line_next(tv_kv_import *job, tv_txn *txn, tv_slice *line) {
  size_t seen = 0; /* bytes behind job->at known to hold no newline */
  for (;;) {
    const unsigned char *from = job->input.data + job->at;
    size_t left = job->input.size - job->at;
    const unsigned char *end = left > seen ? memchr(from + seen, '\n', left - seen) : NULL;
    if (end == NULL && !job->ended) {
      int status;
      seen = left;
      status = import_more(job, txn);
      if (status != TV_OK) return status;
      continue;
    }
    if (end == NULL && left == 0) return TV_END;
    *line = tv_bytes(from, end == NULL ? left : (size_t)(end - from));
    job->at += line->size + (end == NULL ? 0 : 1);
    job->line++;
    seen = 0;
    if (!import_blank(*line)) return TV_OK;
  }
}

static int import_json(tv_kv_import *job, tv_txn *txn, tvi_json_entry *entry) {
  const char *what = NULL;
  tv_slice line;
  int status = import_line_next(job, txn, &line);

  if (status != TV_OK) return status;
  status = tvi_json_line_read(line, &job->room, entry, &what);
  if (status == TV_ENOMEM) return tvi_txn_fail(txn, status, 0, "out of memory for an import");
  if (status != TV_OK)
    return tvi_txn_fail(txn, status, 0, "line %llu: %s", (unsigned long long)job->line, what);
  if (entry->key.size == 0 || entry->key.size > TV_KEY_BYTES_MAX)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "line %llu: the key has %zu bytes, not 1 to %d",
                        (unsigned long long)job->line, entry->key.size, TV_KEY_BYTES_MAX);
  return TV_OK;
}

/* ---- Dump ---- */

static int import_cut(tv_kv_import *job, tv_txn *txn) {
  return tvi_txn_fail(txn, TV_ECORRUPT, 0, "the dump is cut off or damaged after entry %llu",
                      (unsigned long long)job->line);
}

/* Makes n bytes at job->at available. */
static int import_need(tv_kv_import *job, tv_txn *txn, uint64_t n) {
  while (job->input.size - job->at < n) {
    int status;
    if (job->ended) return import_cut(job, txn);
    status = import_more(job, txn);
    if (status != TV_OK) return status;
  }
  return TV_OK;
}

static int import_dump_head(tv_kv_import *job, tv_txn *txn) {
  const unsigned char *p;
  int status = import_need(job, txn, TVI_DUMP_HEAD_BYTES);

  if (status == TV_ECORRUPT || (status == TV_OK && memcmp(job->input.data + job->at, TVI_DUMP_MAGIC,
                                                          TVI_DUMP_HEAD_BYTES - 1) != 0))
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "the input is no dump of a bucket");
  if (status != TV_OK) return status;
  p = job->input.data + job->at;
  if (p[TVI_DUMP_HEAD_BYTES - 1] != TVI_DUMP_LAYOUT)
    return tvi_txn_fail(txn, TV_EVERSION, 0, "the dump has layout %u; only %d is known",
                        p[TVI_DUMP_HEAD_BYTES - 1], TVI_DUMP_LAYOUT);
  job->at += TVI_DUMP_HEAD_BYTES;
  job->headed = 1;
  return TV_OK;
}

static int import_dump_tail(tv_kv_import *job, tv_txn *txn) {
  uint64_t entries;
  int status = import_need(job, txn, TVI_DUMP_TAIL_BYTES);
  if (status != TV_OK) return status;
  entries = tvi_load_le64(job->input.data + job->at + 1);
  if (entries != job->line)
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "the dump had %llu entries, but %llu were found",
                        (unsigned long long)entries, (unsigned long long)job->line);
  job->at += TVI_DUMP_TAIL_BYTES;
  return TV_END;
}

/* The four numbers of an entry; *size: their bytes. */
static int import_dump_numbers(tv_kv_import *job, tv_txn *txn, uint64_t numbers[4], size_t *size) {
  size_t n = 0;
  int i, status;
  for (i = 0; i < 4; i++) {
    size_t used;
    for (;;) {
      size_t left = job->input.size - job->at - n;
      used = left == 0 ? 0 : tvi_varint_get(job->input.data + job->at + n, left, &numbers[i]);
      if (used > 0) break;
      if (left >= TVI_VARINT_BYTES_MAX || job->ended) return import_cut(job, txn);
      status = import_more(job, txn);
      if (status != TV_OK) return status;
    }
    n += used;
  }
  *size = n;
  return TV_OK;
}

static int import_dump(tv_kv_import *job, tv_txn *txn, tvi_json_entry *entry) {
  uint64_t numbers[4] = {0};
  const unsigned char *p;
  size_t head = 0, body;
  int status = job->headed ? TV_OK : import_dump_head(job, txn);

  if (status == TV_OK) status = import_need(job, txn, 1);
  if (status != TV_OK) return status;
  if (job->input.data[job->at] == 0) return import_dump_tail(job, txn);
  status = import_dump_numbers(job, txn, numbers, &head);
  if (status != TV_OK) return status;
  if (numbers[0] == 0 || numbers[0] > TV_KEY_BYTES_MAX || numbers[1] > TVI_PAYLOAD_BYTES_MAX ||
      numbers[2] > INT64_MAX)
    return import_cut(job, txn);
  body = head + (size_t)numbers[0] + (size_t)numbers[1];
  status = import_need(job, txn, body + 8);
  if (status != TV_OK) return status;
  p = job->input.data + job->at;
  if (tvi_load_le64(p + body) != tvi_checksum(p, body)) return import_cut(job, txn);
  entry->key = tv_bytes(p + head, (size_t)numbers[0]);
  entry->value = tv_bytes(p + head + numbers[0], (size_t)numbers[1]);
  entry->expires = (int64_t)numbers[2];
  entry->version = numbers[3];
  job->at += body + 8;
  job->line++;
  return TV_OK;
}

/* ---- Putting ---- */

/* *put: 1 unless the entry has expired already. */
static int import_put(tv_bucket *bucket, const tvi_json_entry *entry, int *put) {
  tvi_kv_write write = {.key = entry->key, .value = entry->value, .version = entry->version};
  *put = entry->expires <= 0 || !tvi_kv_expired(bucket, entry->expires);
  if (!*put) return TV_OK;
  if (entry->expires < 0) {
    int status = tvi_kv_expiry_of(bucket, bucket->handle->options.ttl_ms, &write.expiry);
    if (status != TV_OK) return status;
  } else {
    write.expiry = entry->expires;
  }
  return tvi_kv_put_write(bucket, &write);
}

int tv_kv_import_some(tv_kv_import *job, tv_bucket *bucket, uint64_t limit, uint64_t *entries) {
  tv_txn *txn = tvi_store_txn(bucket->store);
  uint64_t read = 0, written = 0;
  int status = TV_OK;

  import_mark(job);
  if (job->complete) status = TV_END;
  while (status == TV_OK && (limit == 0 || read < limit)) {
    tvi_json_entry entry;
    int put;
    status =
        job->format == TV_KV_DUMP ? import_dump(job, txn, &entry) : import_json(job, txn, &entry);
    if (status != TV_OK) break;
    status = import_put(bucket, &entry, &put);
    read++;
    written += (uint64_t)put;
  }
  if (status == TV_END) job->complete = 1;
  if (entries != NULL) *entries = written;
  return status;
}
