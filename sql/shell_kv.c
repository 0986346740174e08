/* SPDX-License-Identifier: MIT */
/*
 * .kv on entries: get, put, del, scan, incr, append, info. Keys and values are typed as text, as
 * x'00ff', or as numbers where the bucket's keys are integers. Results are rows like any other, so
 * that modes, .once and .export serve them too; an output format of .kv's own was rejected.
 */
#include <string.h>
#include <time.h>

#include "shell_internal.h"

/* One call of a .kv command. */
typedef struct shell_kv_call {
  shell *sh;
  const shell_args *args;
  tv_slice typed[SHELL_WORDS_MAX]; /* args->v[i] as bytes */
  tv_bucket *bucket;
  tv_bucket_options options;
  tv_slice prefix, end[2]; /* --prefix, --from, --to; data NULL: not given */
  int64_t number;
  uint64_t count;
  uint64_t limit;
} shell_kv_call;

/* ---- Keys and values ---- */

int shell_kv_open(tv_txn *txn, const char *name, unsigned flags, tv_bucket **bucket,
                  tv_bucket_options *options) {
  int status = tv_kv_open(txn, name, flags, NULL, bucket);
  if (status == TV_OK) tv_kv_options(*bucket, options);
  return status;
}

int shell_kv_key(shell *sh, const tv_bucket_options *options, tv_slice typed, unsigned char *room,
                 tv_slice *key) {
  int64_t number;
  *key = typed;
  if (options->key_type != TV_COLUMN_INTEGER) return TV_OK;
  char *text = shell_copy_bytes(typed);
  bool is_number = shell_is_integer(text, &number);
  shell_free(text);
  if (!is_number) return shell_refuse(sh, TV_EINVAL, "the bucket's keys are whole numbers");
  /* Big-endian with the sign bit flipped: bytes in the order of numbers. */
  uint64_t bits = (uint64_t)number ^ (UINT64_C(1) << 63);
  for (int i = 0; i < 8; i++) room[i] = (unsigned char)(bits >> (56 - 8 * i));
  *key = tv_bytes(room, 8);
  return TV_OK;
}

shell_cell shell_kv_key_cell(const tv_bucket_options *options, tv_slice key) {
  if (options->key_type != TV_COLUMN_INTEGER || key.size != 8) return shell_cell_bytes(key);
  const unsigned char *at = key.data;
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) bits = bits << 8 | at[i];
  return shell_cell_int((int64_t)(bits ^ (UINT64_C(1) << 63)));
}

shell_cell shell_kv_value_cell(const tv_bucket_options *options, tv_slice value) {
  int64_t number;
  if (options->value_type != TV_COLUMN_INTEGER || value.size > 20) return shell_cell_bytes(value);
  char *text = shell_copy_bytes(value);
  bool is_number = shell_is_integer(text, &number);
  shell_free(text);
  return is_number ? shell_cell_int(number) : shell_cell_bytes(value);
}

/* ---- Running a call ---- */

static shell_kv_call shell_kv_begin(shell *sh, const shell_args *args) {
  shell_kv_call call = {.sh = sh, .args = args};
  static const char *const ends[] = {"--from", "--to"};
  char *prefix = shell_option(args, "--prefix");
  /* Here and not in the work, which may run twice: unquoting changes the word. */
  for (int i = 1; i < args->n; i++) call.typed[i] = shell_unquote_bytes(args->v[i]);
  if (prefix != NULL) call.prefix = shell_unquote_bytes(prefix);
  if (prefix == NULL && args->n > 1) call.prefix = call.typed[1];
  for (int i = 0; i < 2; i++) {
    char *word = shell_option(args, ends[i]);
    if (word != NULL) call.end[i] = shell_unquote_bytes(word);
  }
  return call;
}

static int shell_kv_end(shell_kv_call *call, int status) {
  shell *sh = call->sh;
  const char *bucket = call->args->v[0];
  const char *key = call->args->n > 1 ? call->args->v[1] : "";
  shell_text remedy = {0};
  int rc = 0;
  if (status == TV_NOTFOUND) {
    shell_text_format(&remedy, ".kv scan %s lists the keys", bucket);
    rc = shell_fail(sh, remedy.data, "no such key in %s: %s", bucket, key);
  } else if (status == TV_EXISTS) {
    rc = shell_fail(sh, "leave out --absent to replace it", "the key is there already: %s", key);
  } else if (status == TV_MISMATCH) {
    rc = shell_fail(sh, "read it again with .kv info or .kv get", "the entry has changed: %s", key);
  } else if (status != TV_OK) {
    rc = shell_fail_status(sh, status, &sh->error, bucket);
  }
  shell_text_free(&remedy);
  return rc;
}

static int shell_kv_call_open(tv_txn *txn, shell_kv_call *call) {
  return shell_kv_open(txn, call->args->v[0], 0, &call->bucket, &call->options);
}

static int shell_kv_call_key(shell_kv_call *call, int index, unsigned char *room, tv_slice *key) {
  return shell_kv_key(call->sh, &call->options, call->typed[index], room, key);
}

/* One number as a row. */
static int shell_kv_print_number(shell *sh, const char *title, int64_t number) {
  shell_cell cell = shell_cell_int(number);
  shell_rows_begin(sh, 1, &title);
  shell_rows_add(sh, &cell);
  return shell_rows_end(sh);
}

/* ---- get ---- */

static int shell_kv_get_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  unsigned char room[8];
  static const char *const titles[] = {"key", "value"};
  bool many = call->args->n > 2;
  int status = shell_kv_call_open(txn, call);
  if (status != TV_OK) return status;
  if (many) shell_rows_begin(call->sh, 2, titles);
  for (int i = 1; i < call->args->n; i++) {
    tv_slice key, value;
    status = shell_kv_call_key(call, i, room, &key);
    if (status == TV_OK) status = tv_kv_get(call->bucket, key, &value);
    if (status < 0 || (status == TV_NOTFOUND && !many)) return status;
    shell_cell cells[] = {
        shell_kv_key_cell(&call->options, key),
        status == TV_OK ? shell_kv_value_cell(&call->options, value) : shell_cell_null()};
    if (!many) shell_rows_begin(call->sh, 1, titles + 1);
    shell_rows_add(call->sh, many ? cells : cells + 1);
  }
  return TV_OK;
}

int shell_kv_get(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  int status = shell_read(sh, shell_kv_get_work, &call);
  if (status == TV_OK) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_kv_end(&call, status);
}

static int shell_kv_info_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  static const char *const titles[] = {"key", "bytes", "expires", "version"};
  unsigned char room[8];
  tv_slice key;
  tv_kv_entry entry;
  char when[40] = "";
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK) status = shell_kv_call_key(call, 1, room, &key);
  if (status == TV_OK) status = tv_kv_get_entry(call->bucket, key, &entry);
  if (status != TV_OK) return status;
  time_t seconds = (time_t)(entry.expires / 1000000);
  struct tm utc;
  if (entry.expires != 0 && gmtime_r(&seconds, &utc) != NULL)
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
  shell_cell cells[] = {shell_kv_key_cell(&call->options, key), shell_cell_count(entry.value.size),
                        shell_cell_str(entry.expires != 0 ? when : NULL),
                        entry.version != 0 ? shell_cell_count(entry.version) : shell_cell_null()};
  shell_rows_begin(call->sh, 4, titles);
  shell_rows_add(call->sh, cells);
  return TV_OK;
}

int shell_kv_info(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  int status = shell_read(sh, shell_kv_info_work, &call);
  return status == TV_OK ? shell_rows_end(sh) : shell_kv_end(&call, status);
}

/* ---- put, append, incr ---- */

static int shell_kv_put_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  const shell_args *args = call->args;
  unsigned char room[8];
  tv_slice key, value = call->typed[2];
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK) status = shell_kv_call_key(call, 1, room, &key);
  if (status != TV_OK) return status;
  if (shell_has(args, "--absent")) return tv_kv_put_absent(call->bucket, key, value);
  if (shell_has(args, "--ttl")) return tv_kv_put_ttl(call->bucket, key, value, call->number);
  if (shell_has(args, "--version"))
    return tv_kv_put_version(call->bucket, key, (uint64_t)call->number, value);
  if (shell_has(args, "--equal"))
    return tv_kv_put_equal(call->bucket, key, call->typed[args->n], value);
  return tv_kv_put(call->bucket, key, value);
}

int shell_kv_put(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  uint64_t number = 0;
  const char *option = args->options > 0 ? args->option[0] : "";
  if (args->options > 1)
    return shell_fail(sh, "give one of them", "%s and %s do not go together", args->option[0],
                      args->option[1]);
  bool counts = strcmp(option, "--ttl") == 0 || strcmp(option, "--version") == 0;
  if (counts && shell_option_count(sh, args, option, 0, &number) != 0) return 1;
  call.number = (int64_t)number;
  if (strcmp(option, "--equal") == 0) call.typed[args->n] = shell_unquote_bytes(args->value[0]);
  return shell_kv_end(&call, shell_write(sh, shell_kv_put_work, &call));
}

static int shell_kv_append_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  unsigned char room[8];
  tv_slice key;
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK) status = shell_kv_call_key(call, 1, room, &key);
  return status == TV_OK ? tv_kv_append(call->bucket, key, call->typed[2]) : status;
}

int shell_kv_append(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  return shell_kv_end(&call, shell_write(sh, shell_kv_append_work, &call));
}

static int shell_kv_incr_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  unsigned char room[8];
  tv_slice key;
  int64_t delta = 1;
  if (call->args->n > 2 && !shell_is_integer(call->args->v[2], &delta))
    return shell_refuse(call->sh, TV_EINVAL, "not a whole number: %s", call->args->v[2]);
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK) status = shell_kv_call_key(call, 1, room, &key);
  return status == TV_OK ? tv_kv_add(call->bucket, key, delta, &call->number) : status;
}

int shell_kv_incr(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  int status = shell_write(sh, shell_kv_incr_work, &call);
  return status == TV_OK ? shell_kv_print_number(sh, "sum", call.number)
                         : shell_kv_end(&call, status);
}

/* ---- Ranges: scan, del, count ---- */

/* Where the ends of a range stand. */
typedef struct shell_kv_ends {
  unsigned char number[2][8];
  unsigned char prefix[TV_KEY_BYTES_MAX];
} shell_kv_ends;

/* The range of PREFIX or --prefix, or of --from and --to; all without any. */
static int shell_kv_call_range(shell_kv_call *call, shell_kv_ends *room, tv_range *range) {
  tv_slice end[2] = {{NULL, 0}, {NULL, 0}};
  if (call->prefix.data != NULL) {
    if (call->options.key_type == TV_COLUMN_INTEGER)
      return shell_refuse(call->sh, TV_EINVAL,
                          "whole numbers have no prefix: give --from and --to");
    if (call->prefix.size > TV_KEY_BYTES_MAX)
      return shell_refuse(call->sh, TV_EKEYSIZE, "the prefix is longer than any key");
    *range = tv_range_prefix(call->prefix, room->prefix);
    return TV_OK;
  }
  for (int i = 0; i < 2; i++) {
    if (call->end[i].data == NULL) continue;
    int status = shell_kv_key(call->sh, &call->options, call->end[i], room->number[i], &end[i]);
    if (status != TV_OK) return status;
  }
  *range = (tv_range){end[0], end[1]};
  return TV_OK;
}

static int shell_kv_scan_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  static const char *const titles[] = {"key", "value"};
  bool reverse = shell_has(call->args, "--reverse");
  shell_kv_ends room;
  tv_range range = {{NULL, 0}, {NULL, 0}};
  tv_kv_cursor *cursor = NULL;
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK) status = shell_kv_call_range(call, &room, &range);
  if (status == TV_OK) status = tv_kv_cursor_open(call->bucket, range, &cursor);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, shell_has(call->args, "--keys") ? 1 : 2, titles);
  for (uint64_t n = 0; n < call->limit && status == TV_OK; n++) {
    tv_slice key, value;
    status =
        reverse ? tv_kv_cursor_prev(cursor, &key, &value) : tv_kv_cursor_next(cursor, &key, &value);
    if (status == TV_OK && shell_interrupted()) status = TV_EINTR;
    if (status != TV_OK) break;
    shell_cell cells[] = {shell_kv_key_cell(&call->options, key),
                          shell_kv_value_cell(&call->options, value)};
    shell_rows_add(call->sh, cells);
  }
  tv_kv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int shell_kv_scan(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  bool bounded = shell_has(args, "--from") || shell_has(args, "--to");
  if (args->n > 1 && bounded)
    return shell_fail(sh, "give one of them", "PREFIX and --from or --to do not go together");
  if (shell_option_count(sh, args, "--limit", UINT64_MAX, &call.limit) != 0) return 1;
  int status = shell_read(sh, shell_kv_scan_work, &call);
  if (status == TV_OK) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_kv_end(&call, status);
}

static bool shell_kv_has_range(const shell_args *args) {
  return shell_has(args, "--prefix") || shell_has(args, "--from") || shell_has(args, "--to");
}

static int shell_kv_del_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  shell_kv_ends room;
  tv_range range = {{NULL, 0}, {NULL, 0}};
  int status = shell_kv_call_open(txn, call);
  call->count = 0;
  if (status == TV_OK && shell_kv_has_range(call->args)) {
    status = shell_kv_call_range(call, &room, &range);
    return status == TV_OK ? tv_kv_delete_range(call->bucket, range, &call->count) : status;
  }
  for (int i = 1; i < call->args->n && status == TV_OK; i++) {
    tv_slice key;
    status = shell_kv_call_key(call, i, room.number[0], &key);
    if (status == TV_OK) status = tv_kv_delete(call->bucket, key);
    if (status == TV_OK) call->count++;
    if (status == TV_NOTFOUND) status = TV_OK;
  }
  return status;
}

int shell_kv_del(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  bool ranged = shell_kv_has_range(args);
  if (ranged == (args->n > 1))
    return shell_fail(sh, "usage: .kv del BUCKET KEY... or --prefix PREFIX or --from KEY --to KEY",
                      ranged ? "keys and a range do not go together" : "KEY is missing");
  if (shell_has(args, "--prefix") && args->options > 1)
    return shell_fail(sh, "give one of them", "--prefix and --from or --to do not go together");
  int status = shell_write(sh, shell_kv_del_work, &call);
  return status == TV_OK ? shell_kv_print_number(sh, "deleted", (int64_t)call.count)
                         : shell_kv_end(&call, status);
}

static int shell_kv_count_work(tv_txn *txn, void *ctx) {
  shell_kv_call *call = ctx;
  shell_kv_ends room;
  tv_range range = {{NULL, 0}, {NULL, 0}};
  tv_kv_cursor *cursor = NULL;
  bool ranged = call->args->n > 1 || shell_kv_has_range(call->args);
  int status = shell_kv_call_open(txn, call);
  if (status == TV_OK && !ranged) return tv_kv_count(call->bucket, &call->count);
  if (status == TV_OK) status = shell_kv_call_range(call, &room, &range);
  if (status == TV_OK && shell_has(call->args, "--estimate"))
    return tv_kv_count_estimate(call->bucket, range, &call->count);
  if (status == TV_OK) status = tv_kv_cursor_open(call->bucket, range, &cursor);
  while (status == TV_OK) {
    status = shell_interrupted() ? TV_EINTR : tv_kv_cursor_next(cursor, NULL, NULL);
    if (status == TV_OK) call->count++;
  }
  tv_kv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int shell_kv_count(shell *sh, const shell_args *args) {
  shell_kv_call call = shell_kv_begin(sh, args);
  if (args->n > 1 && shell_kv_has_range(args))
    return shell_fail(sh, "give one of them", "PREFIX and --from or --to do not go together");
  int status = shell_read(sh, shell_kv_count_work, &call);
  return status == TV_OK ? shell_kv_print_number(sh, "entries", (int64_t)call.count)
                         : shell_kv_end(&call, status);
}
