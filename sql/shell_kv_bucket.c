/* SPDX-License-Identifier: MIT */
/*
 * .kv on whole buckets: create, drop, rename, sweep. A bucket made here has text keys and values
 * unless told otherwise, although the C interface's default is blob: what a person types is text,
 * and SQL's LIKE and = compare text with text.
 */
#include <string.h>

#include "shell_internal.h"

typedef struct shell_kv_bucket_call {
  const shell_args *args;
  tv_bucket_options options;
  uint64_t limit, count;
} shell_kv_bucket_call;

static int shell_kv_bucket_type(shell *sh, const char *word, int32_t *type) {
  static const char *const names[] = {"blob", "text", "integer"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(word, names[i]) != 0) continue;
    *type = i; /* TV_COLUMN_BLOB, _TEXT, _INTEGER */
    return 0;
  }
  return shell_fail(sh, "say text, blob or integer", "no such type: %s", word);
}

static int shell_kv_bucket_codec(shell *sh, const char *word, int32_t *compression) {
  static const char *const names[] = {"none", "lz4", "lz4hc"};
  if (strcmp(word, "lz4-hc") == 0) word = "lz4hc";
  for (int i = 0; i < 3; i++) {
    if (strcmp(word, names[i]) != 0) continue;
    *compression = i; /* TV_COMPRESS_NONE, _LZ4, _LZ4_HC */
    return 0;
  }
  return shell_fail(sh, "say none, lz4 or lz4hc", "no such compression: %s", word);
}

static int shell_kv_bucket_end(shell *sh, const shell_args *args, int status) {
  if (status == TV_OK) return 0;
  const char *name = args->n > 1 ? args->v[1] : args->v[0];
  if (status == TV_EXISTS)
    return shell_fail(sh, ".buckets lists them", "a bucket of that name is there already: %s",
                      name);
  return shell_fail_status(sh, status, &sh->error, args->v[0]);
}

static int shell_kv_create_work(tv_txn *txn, void *ctx) {
  const shell_kv_bucket_call *call = ctx;
  tv_bucket *bucket;
  return tv_kv_open(txn, call->args->v[0], TV_CREATE | TV_ONLY_NEW, &call->options, &bucket);
}

/* A dictionary of samples helps only where values are compressed. */
static int shell_kv_create_dictionary(shell *sh, const shell_args *args,
                                      tv_bucket_options *options) {
  const char *file = shell_option(args, "--samples");
  const char *bucket = shell_option(args, "--samples-of");
  if (file == NULL && bucket == NULL) return 0;
  if (file != NULL && bucket != NULL)
    return shell_fail(sh, "give one of them", "--samples and --samples-of do not go together");
  if (options->compression == TV_COMPRESS_NONE)
    return shell_fail(sh, "add --compress lz4hc", "a dictionary is of use to compression only");
  return shell_samples_train(sh, file, bucket, &options->dictionary);
}

int shell_kv_create(shell *sh, const shell_args *args) {
  shell_kv_bucket_call call = {.args = args};
  uint64_t ttl;
  const char *codec = shell_option(args, "--compress");
  const char *key = shell_option(args, "--key");
  const char *value = shell_option(args, "--value");
  call.options.versioned = shell_has(args, "--versioned");
  if (shell_kv_bucket_type(sh, key != NULL ? key : "text", &call.options.key_type) != 0 ||
      shell_kv_bucket_type(sh, value != NULL ? value : "text", &call.options.value_type) != 0 ||
      shell_kv_bucket_codec(sh, codec != NULL ? codec : "none", &call.options.compression) != 0 ||
      shell_option_count(sh, args, "--ttl", 0, &ttl) != 0)
    return 1;
  call.options.ttl_ms = (int64_t)ttl;
  if (shell_kv_create_dictionary(sh, args, &call.options) != 0) return 1;
  int status = shell_write(sh, shell_kv_create_work, &call);
  shell_free((void *)call.options.dictionary.data);
  return shell_kv_bucket_end(sh, args, status);
}

static int shell_kv_drop_work(tv_txn *txn, void *ctx) {
  const shell_kv_bucket_call *call = ctx;
  return tv_kv_drop(txn, call->args->v[0]);
}

int shell_kv_drop(shell *sh, const shell_args *args) {
  shell_kv_bucket_call call = {.args = args};
  return shell_kv_bucket_end(sh, args, shell_write(sh, shell_kv_drop_work, &call));
}

static int shell_kv_rename_work(tv_txn *txn, void *ctx) {
  const shell_kv_bucket_call *call = ctx;
  return tv_kv_rename(txn, call->args->v[0], call->args->v[1]);
}

int shell_kv_rename(shell *sh, const shell_args *args) {
  shell_kv_bucket_call call = {.args = args};
  return shell_kv_bucket_end(sh, args, shell_write(sh, shell_kv_rename_work, &call));
}

static int shell_kv_sweep_work(tv_txn *txn, void *ctx) {
  shell_kv_bucket_call *call = ctx;
  tv_bucket *bucket;
  int status = tv_kv_open(txn, call->args->v[0], 0, NULL, &bucket);
  call->count = 0;
  if (status == TV_OK) status = tv_kv_sweep(bucket, call->limit, &call->count);
  return status == TV_END ? TV_OK : status;
}

int shell_kv_sweep(shell *sh, const shell_args *args) {
  static const char *const title = "swept";
  shell_kv_bucket_call call = {.args = args};
  if (shell_option_count(sh, args, "--limit", UINT64_MAX, &call.limit) != 0) return 1;
  int status = shell_write(sh, shell_kv_sweep_work, &call);
  if (status != TV_OK) return shell_kv_bucket_end(sh, args, status);
  shell_cell cell = shell_cell_count(call.count);
  shell_rows_begin(sh, 1, &title);
  shell_rows_add(sh, &cell);
  return shell_rows_end(sh);
}
