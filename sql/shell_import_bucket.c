/* SPDX-License-Identifier: MIT */
/*
 * .import into a bucket: JSON Lines or a dump, as .export writes them, or CSV of key and value. CSV
 * may come in any order: it is sorted first and then put in the order of keys, several times
 * faster than as it comes. All is one transaction, so that a bad line leaves nothing behind; with
 * --batch N each N entries are one, for files that are larger than memory. Batches by default were
 * rejected: half an import cannot be told from a whole one.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "shell_internal.h"

/* What goes on from one transaction to the next. */
typedef struct shell_import_job {
  shell_import_call *call;
  tv_kv_import *entries; /* JSON Lines or dump; else */
  tv_kv_load *pairs;     /* CSV */
  bool begun;            /* the transaction being run was run before: step back first */
  bool ended;
  uint64_t put; /* in this transaction */
} shell_import_job;

static bool shell_import_ends(const shell_import_call *call, const char *ending) {
  const char *dot = strrchr(call->path, '.');
  return dot != NULL && strcasecmp(dot, ending) == 0;
}

static bool shell_import_is_csv(const shell_import_call *call) {
  return shell_has(call->args, "--csv") || shell_import_ends(call, ".csv") ||
         shell_import_ends(call, ".tsv");
}

static const tv_bucket_options shell_import_text = {.key_type = TV_COLUMN_TEXT,
                                                    .value_type = TV_COLUMN_TEXT};

/* ---- What .export wrote ---- */

static int shell_import_read(void *ctx, void *buffer, size_t capacity, size_t *size) {
  FILE *file = ctx;
  *size = fread(buffer, 1, capacity, file);
  return ferror(file);
}

static int shell_import_open(shell_import_call *call, tv_kv_import **job) {
  long line;
  int format = shell_import_ends(call, ".dump") ? TV_KV_DUMP : TV_KV_JSONL;
  shell_import_rewind(call, &line);
  return tv_kv_import_open(format, shell_import_read, call->file, job, &call->sh->error);
}

/* Says where an import's failure is; returns status, or TV_EIO for a file that cannot be read. */
static int shell_import_explain(const shell_import_call *call, const tv_txn *txn, int status) {
  if (status == TV_STOP)
    return shell_refuse(call->sh, TV_EIO, "cannot read %s: %s", call->path, strerror(errno));
  if (status == TV_EINVAL || status == TV_ECORRUPT || status == TV_EKEYSIZE)
    return shell_refuse(call->sh, status, "%s: %s", call->path, tv_txn_error(txn)->message);
  return status;
}

/* All of a file in one transaction, which may be run twice and then begins anew. */
static int shell_import_whole_work(tv_txn *txn, void *ctx) {
  enum { STEP = 10000 };
  shell_import_call *call = ctx;
  tv_bucket *bucket;
  tv_kv_import *job = NULL;
  int status = tv_kv_open(txn, call->name, TV_CREATE, &shell_import_text, &bucket);
  if (status == TV_OK) status = shell_import_open(call, &job);
  while (status == TV_OK) {
    uint64_t entries = 0;
    status = tv_kv_import_some(job, bucket, STEP, &entries);
    for (uint64_t i = 0; i < entries; i++) shell_import_tick(call);
    if (status == TV_OK && shell_interrupted()) status = TV_EINTR;
  }
  tv_kv_import_close(job);
  return status == TV_END ? TV_OK : shell_import_explain(call, txn, status);
}

/* ---- CSV ---- */

static int shell_import_pair(const shell_import_call *call, tv_kv_load *load,
                             const tv_bucket_options *options, const shell_csv *csv) {
  unsigned char room[8];
  tv_slice bytes[2], key;
  if (csv->n != 2)
    return shell_import_line_bad(call, csv->line, "expected two fields, key and value");
  for (int i = 0; i < 2; i++) {
    /* x'00ff' are bytes, as in .kv; in quotes it is text. */
    bytes[i] = csv->bare[i] ? shell_unquote_bytes(csv->bytes.data + csv->starts[i])
                            : shell_csv_field(csv, i);
  }
  if (shell_kv_key(call->sh, options, bytes[0], room, &key) != TV_OK)
    return shell_import_line_bad(call, csv->line, "the key is no whole number");
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX)
    return shell_import_line_bad(call, csv->line, "a key has 1 to 480 bytes");
  return tv_kv_load_add(load, key, bytes[1], &call->sh->error);
}

/* Reads the whole file, before there is a transaction that others would wait for. */
static int shell_import_pairs(shell_import_call *call, const tv_bucket_options *options,
                              tv_kv_load *load) {
  shell_csv csv = {.file = call->file, .separator = call->separator};
  int status = TV_OK, got = 0;
  shell_import_rewind(call, &csv.next);
  for (bool first = true; status == TV_OK && (got = shell_csv_next(&csv)) != 0; first = false) {
    if (got < 0) {
      status = shell_import_line_bad(call, csv.line, csv.problem);
    } else if (!first || !shell_import_is_title(&csv, "key", "value")) {
      status = shell_import_pair(call, load, options, &csv);
      if (status == TV_OK && shell_import_tick(call)) status = TV_EINTR;
    }
  }
  shell_csv_free(&csv);
  return status;
}

typedef struct shell_import_options {
  const char *name;
  tv_bucket_options options;
} shell_import_options;

static int shell_import_options_work(tv_txn *txn, void *ctx) {
  shell_import_options *of = ctx;
  tv_bucket *bucket;
  return shell_kv_open(txn, of->name, 0, &bucket, &of->options);
}

/* How the bucket types its keys, or will once it is made. */
static int shell_import_sort(shell_import_call *call, tv_kv_load **load) {
  shell_import_options of = {.name = call->name};
  int status = shell_read(call->sh, shell_import_options_work, &of);
  if (status == TV_ENOBUCKET) {
    of.options = shell_import_text;
    status = TV_OK;
  }
  if (status == TV_OK) status = tv_kv_load_open(NULL, load, &call->sh->error);
  return status == TV_OK ? shell_import_pairs(call, &of.options, *load) : status;
}

/* ---- Transactions ---- */

static int shell_import_job_work(tv_txn *txn, void *ctx) {
  shell_import_job *job = ctx;
  const shell_import_call *call = job->call;
  tv_bucket *bucket;
  int status = tv_kv_open(txn, call->name, TV_CREATE, &shell_import_text, &bucket);
  if (status != TV_OK) return status;
  if (job->begun && job->pairs != NULL) tv_kv_load_back(job->pairs);
  if (job->begun && job->entries != NULL) tv_kv_import_back(job->entries);
  job->begun = true;
  job->put = 0;
  status = job->pairs != NULL ? tv_kv_load_put(job->pairs, bucket, call->batch, &job->put)
                              : tv_kv_import_some(job->entries, bucket, call->batch, &job->put);
  job->ended = status == TV_END;
  if (job->ended) return TV_OK;
  return job->entries != NULL ? shell_import_explain(call, txn, status) : status;
}

/* Transaction after transaction; without batches one. call->rows: entries that were committed. */
static int shell_import_job_run(shell_import_job *job) {
  int status = TV_OK;
  job->call->rows = 0;
  while (status == TV_OK && !job->ended) {
    job->begun = false;
    status = shell_write(job->call->sh, shell_import_job_work, job);
    for (uint64_t i = 0; i < job->put && status == TV_OK; i++) shell_import_tick(job->call);
    if (status == TV_OK && !job->ended && shell_interrupted()) status = TV_EINTR;
  }
  return status;
}

/* What was committed stays: say how much. */
static int shell_import_batch_fail(shell_import_call *call, int status) {
  char remedy[120];
  if (call->rows == 0) return shell_import_fail(call, status);
  snprintf(remedy, sizeof remedy, "the first %llu entries are imported and stay",
           (unsigned long long)call->rows);
  if (status == TV_EINTR) return shell_fail(call->sh, remedy, "interrupted");
  return shell_fail(
      call->sh, remedy, "%s",
      call->sh->error.message[0] != '\0' ? call->sh->error.message : tv_status_name(status));
}

int shell_import_bucket(shell_import_call *call) {
  shell_import_job job = {.call = call};
  bool is_csv = shell_import_is_csv(call);
  int status = TV_OK;
  if (call->skip > 0 && !is_csv) return shell_fail(call->sh, "leave it out", "--skip is for CSV");
  if (call->batch > 0 && !sqlite3_get_autocommit(call->sh->sql))
    return shell_fail(call->sh, "leave out --batch, or end it with COMMIT or ROLLBACK first",
                      "a transaction is open");
  if (!is_csv && call->batch == 0) {
    status = shell_write(call->sh, shell_import_whole_work, call);
    return status == TV_OK ? 0 : shell_import_fail(call, status);
  }
  status = is_csv ? shell_import_sort(call, &job.pairs) : shell_import_open(call, &job.entries);
  if (status != TV_OK) {
    call->rows = 0;
  } else {
    status = shell_import_job_run(&job);
  }
  tv_kv_load_close(job.pairs);
  tv_kv_import_close(job.entries);
  return status == TV_OK ? 0 : shell_import_batch_fail(call, status);
}
