/* SPDX-License-Identifier: MIT */
/*
 * The arguments of CREATE VIRTUAL TABLE t USING kv('bucket', key=text, ...). They describe a bucket
 * that has yet to be made; a bucket that exists keeps its own options, and contradicting it
 * is no error: a table whose arguments could fail on reconnect could not even be dropped.
 */
#include <string.h>

#include "kv_table_internal.h"

typedef struct kv_args_word {
  const char *text;
  int number;
} kv_args_word;

static const kv_args_word kv_args_types[] = {
    {"blob", TV_COLUMN_BLOB}, {"text", TV_COLUMN_TEXT}, {"integer", TV_COLUMN_INTEGER}, {NULL, 0}};
static const kv_args_word kv_args_compressions[] = {{"none", TV_COMPRESS_NONE},
                                                    {"lz4", TV_COMPRESS_LZ4},
                                                    {"lz4_hc", TV_COMPRESS_LZ4_HC},
                                                    {"lz4-hc", TV_COMPRESS_LZ4_HC},
                                                    {NULL, 0}};
static int kv_args_choose(const kv_args_word *words, const char *value, int32_t *out) {
  for (; words->text != NULL; words++) {
    if (sqlite3_stricmp(words->text, value) == 0) {
      *out = words->number;
      return 1;
    }
  }
  return 0;
}

static int kv_args_milliseconds(const char *value, int64_t *out) {
  int64_t sum = 0;

  if (*value == '\0') return 0;
  for (; *value != '\0'; value++) {
    int digit = *value - '0';
    if (digit < 0 || digit > 9 || sum > (INT64_MAX - digit) / 10) return 0;
    sum = sum * 10 + digit;
  }
  *out = sum;
  return 1;
}

/* Returns NULL when the option is understood, else what it should have been. */
static const char *kv_args_apply(const char *name, size_t size, const char *value,
                                 tv_bucket_options *options) {
  if (size == 3 && sqlite3_strnicmp(name, "key", 3) == 0)
    return kv_args_choose(kv_args_types, value, &options->key_type) ? NULL
                                                                    : "blob, text or integer";
  if (size == 5 && sqlite3_strnicmp(name, "value", 5) == 0)
    return kv_args_choose(kv_args_types, value, &options->value_type) ? NULL
                                                                      : "blob, text or integer";
  if (size == 11 && sqlite3_strnicmp(name, "compression", 11) == 0)
    return kv_args_choose(kv_args_compressions, value, &options->compression)
               ? NULL
               : "none, lz4 or lz4_hc";
  if (size == 9 && sqlite3_strnicmp(name, "versioned", 9) == 0)
    return tvi_word_switch(value, &options->versioned);
  if (size == 6 && sqlite3_strnicmp(name, "ttl_ms", 6) == 0)
    return kv_args_milliseconds(value, &options->ttl_ms) ? NULL : "a number of milliseconds";
  return "";
}

static int kv_args_option(const char *argument, tv_bucket_options *options, char **message) {
  const char *expected, *name;
  char *value;
  size_t size;
  int code = tvi_word_option(argument, &name, &size, &value);

  if (code == SQLITE_ERROR)
    *message = sqlite3_mprintf("kv: \"%s\" is no option; write it as name=value", argument);
  if (code != SQLITE_OK) return code;
  expected = kv_args_apply(name, size, value, options);
  if (expected != NULL && *expected == '\0')
    *message = sqlite3_mprintf(
        "kv: unknown option \"%.*s\"; there are key, value, compression, ttl_ms and versioned",
        (int)size, name);
  else if (expected != NULL)
    *message = sqlite3_mprintf("kv: %.*s is %s, not \"%s\"", (int)size, name, expected, value);
  tvi_free(value);
  return expected == NULL ? SQLITE_OK : SQLITE_ERROR;
}

int tvi_kv_args_parse(int argc, const char *const *argv, char **bucket, tv_bucket_options *options,
                      char **message) {
  int i, code;

  memset(options, 0, sizeof *options);
  /* SQL's strings are TEXT, so that is what a bucket made by SQL holds unless told otherwise. */
  options->key_type = TV_COLUMN_TEXT;
  options->value_type = TV_COLUMN_TEXT;
  if (argc < 1 || argv[0][0] == '\0') {
    *message = sqlite3_mprintf("kv: name the bucket, as in USING kv('users')");
    return SQLITE_ERROR;
  }
  *bucket = tvi_word_unquote(argv[0]);
  if (*bucket == NULL) return SQLITE_NOMEM;
  if (**bucket == '\0' || strlen(*bucket) > TV_NAME_BYTES_MAX) {
    *message = sqlite3_mprintf("kv: the bucket's name has 1 to %d bytes: \"%s\"", TV_NAME_BYTES_MAX,
                               *bucket);
    return SQLITE_ERROR;
  }
  for (i = 1; i < argc; i++) {
    code = kv_args_option(argv[i], options, message);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
