/* SPDX-License-Identifier: MIT */
/*
 * SQL values as keys, and back. A constraint is narrowed to bytes only where SQLite's own
 * comparison could not let a row through that the bytes leave out: TEXT is compared with text keys,
 * BLOB with blob keys, numbers with integer keys. Everything else stays with SQLite, which checks
 * every row again anyway. Comparing bytes whatever the type was rejected: the same WHERE would find
 * a row through the index and lose it in a scan.
 */
#include <string.h>

#include "encode_internal.h"
#include "kv_table_internal.h"

#define KV_KEY_TWO63 9223372036854775808.0 /* 2^63: the first double beyond an int64 */

static tv_slice kv_key_text(sqlite3_value *value) {
  const void *text = sqlite3_value_text(value);
  int size = sqlite3_value_bytes(value);
  return text == NULL ? tv_bytes("", 0) : tv_bytes(text, (size_t)size);
}

static tv_slice kv_key_blob(sqlite3_value *value) {
  const void *blob = sqlite3_value_blob(value);
  return blob == NULL ? tv_bytes("", 0) : tv_bytes(blob, (size_t)sqlite3_value_bytes(value));
}

static tvi_kv_match kv_key_number(sqlite3_value *value,
                                  unsigned char number[TVI_KV_NUMBER_KEY_BYTES], tv_slice *key) {
  int64_t integer;

  if (sqlite3_value_type(value) == SQLITE_FLOAT) {
    double real = sqlite3_value_double(value);
    if (!(real >= -KV_KEY_TWO63 && real < KV_KEY_TWO63)) return TVI_KV_MATCH_NONE;
    integer = (int64_t)real;
    if ((double)integer != real) return TVI_KV_MATCH_NONE;
  } else {
    integer = sqlite3_value_int64(value);
  }
  tvi_store_key_i64(number, integer);
  *key = tv_bytes(number, TVI_KV_NUMBER_KEY_BYTES);
  return TVI_KV_MATCH_BYTES;
}

/* A text that affinity may turn into a number. The copy keeps the caller's value as it is. */
static tvi_kv_match kv_key_number_text(sqlite3_value *value,
                                       unsigned char number[TVI_KV_NUMBER_KEY_BYTES],
                                       tv_slice *key) {
  sqlite3_value *copy = sqlite3_value_dup(value);
  tvi_kv_match match = TVI_KV_MATCH_NONE;
  int type;

  if (copy == NULL) return TVI_KV_MATCH_ALL;
  type = sqlite3_value_numeric_type(copy);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) match = kv_key_number(copy, number, key);
  sqlite3_value_free(copy);
  return match;
}

tvi_kv_match tvi_kv_match_key(sqlite3_value *value, int key_type, int literal,
                              unsigned char number[TVI_KV_NUMBER_KEY_BYTES], tv_slice *key) {
  int type = sqlite3_value_type(value);
  tvi_kv_match match = TVI_KV_MATCH_NONE;

  if (type == SQLITE_NULL) return TVI_KV_MATCH_NONE;
  if (key_type == TV_COLUMN_INTEGER) {
    if (type == SQLITE_BLOB) return TVI_KV_MATCH_NONE;
    return type == SQLITE_TEXT ? kv_key_number_text(value, number, key)
                               : kv_key_number(value, number, key);
  }
  if (key_type == TV_COLUMN_TEXT) {
    if (type == SQLITE_BLOB) return TVI_KV_MATCH_NONE;
    /* A number from a column of numbers equals '7', '07' and '7.0' alike. */
    if (type != SQLITE_TEXT && !literal) return TVI_KV_MATCH_ALL;
    *key = kv_key_text(value);
    match = TVI_KV_MATCH_BYTES;
  } else if (type == SQLITE_BLOB) {
    *key = kv_key_blob(value);
    match = TVI_KV_MATCH_BYTES;
  }
  if (match == TVI_KV_MATCH_BYTES && (key->size == 0 || key->size > TV_KEY_BYTES_MAX))
    return TVI_KV_MATCH_NONE;
  return match;
}

/* ---- Ranges ---- */

/* The least key greater than `bytes`, among keys of at most TV_KEY_BYTES_MAX bytes. Returns its
 * size; 0: there is none. */
static size_t kv_key_successor(tv_slice bytes, unsigned char out[TV_KEY_BYTES_MAX]) {
  size_t size = bytes.size < TV_KEY_BYTES_MAX ? bytes.size : TV_KEY_BYTES_MAX;

  if (size > 0) memcpy(out, bytes.data, size);
  if (size < TV_KEY_BYTES_MAX) {
    out[size] = 0;
    return size + 1;
  }
  while (size > 0 && out[size - 1] == 0xFF) size--;
  if (size > 0) out[size - 1]++;
  return size;
}

static int kv_key_compare(const unsigned char *a, size_t a_size, const unsigned char *b,
                          size_t b_size) {
  int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
  if (order != 0) return order;
  return a_size < b_size ? -1 : a_size > b_size;
}

/* Keys from `bytes` on, or only those beyond. */
static void kv_key_from(tvi_kv_bounds *bounds, tv_slice bytes, int open) {
  unsigned char key[TV_KEY_BYTES_MAX];
  size_t size = bytes.size;

  if (open || size > TV_KEY_BYTES_MAX) {
    size = kv_key_successor(bytes, key);
    if (size == 0) bounds->none = 1;
  } else if (size > 0) {
    memcpy(key, bytes.data, size);
  }
  if (size == 0) return;
  if (bounds->from_size > 0 && kv_key_compare(key, size, bounds->from, bounds->from_size) <= 0)
    return;
  memcpy(bounds->from, key, size);
  bounds->from_size = size;
}

/* Keys before `bytes` (open), or up to it. */
static void kv_key_to(tvi_kv_bounds *bounds, tv_slice bytes, int open) {
  unsigned char key[TV_KEY_BYTES_MAX];
  size_t size = bytes.size;

  if (!open || size > TV_KEY_BYTES_MAX) {
    size = kv_key_successor(bytes, key);
    if (size == 0) return; /* beyond every key */
  } else if (size > 0) {
    memcpy(key, bytes.data, size);
  } else {
    bounds->none = 1; /* nothing is before the empty text */
    return;
  }
  if (bounds->to_size > 0 && kv_key_compare(key, size, bounds->to, bounds->to_size) >= 0) return;
  memcpy(bounds->to, key, size);
  bounds->to_size = size;
}

/* The integer part of a bound. Returns -1 below all integers, 1 above, 0 within; *whole is 1 when
 * the bound itself is an integer. */
static int kv_key_floor(sqlite3_value *value, int64_t *floor, int *whole) {
  double real;

  *whole = 1;
  if (sqlite3_value_type(value) == SQLITE_INTEGER) {
    *floor = sqlite3_value_int64(value);
    return 0;
  }
  real = sqlite3_value_double(value);
  if (real >= KV_KEY_TWO63) return 1;
  if (!(real >= -KV_KEY_TWO63)) return -1;
  *floor = (int64_t)real;
  *whole = (double)*floor == real;
  if (!*whole && real < 0) (*floor)--;
  return 0;
}

/* 1 when text, blob or number compares with keys of that type by its bytes. */
static int kv_key_comparable(int value_type, int key_type) {
  if (key_type == TV_COLUMN_INTEGER)
    return value_type == SQLITE_INTEGER || value_type == SQLITE_FLOAT;
  return value_type == (key_type == TV_COLUMN_TEXT ? SQLITE_TEXT : SQLITE_BLOB);
}

static tv_slice kv_key_bytes(sqlite3_value *value, int key_type) {
  return key_type == TV_COLUMN_TEXT ? kv_key_text(value) : kv_key_blob(value);
}

void tvi_kv_bound_lower(tvi_kv_bounds *bounds, sqlite3_value *value, int key_type, int open) {
  unsigned char number[TVI_KV_NUMBER_KEY_BYTES];
  int64_t floor;
  int whole, side;

  if (sqlite3_value_type(value) == SQLITE_NULL) bounds->none = 1;
  if (!kv_key_comparable(sqlite3_value_type(value), key_type)) return;
  if (key_type != TV_COLUMN_INTEGER) {
    kv_key_from(bounds, kv_key_bytes(value, key_type), open);
    return;
  }
  side = kv_key_floor(value, &floor, &whole);
  if (side > 0) bounds->none = 1;
  if (side != 0) return;
  tvi_store_key_i64(number, floor);
  kv_key_from(bounds, tv_bytes(number, sizeof number), open || !whole);
}

void tvi_kv_bound_upper(tvi_kv_bounds *bounds, sqlite3_value *value, int key_type, int open) {
  unsigned char number[TVI_KV_NUMBER_KEY_BYTES];
  int64_t floor;
  int whole, side;

  if (sqlite3_value_type(value) == SQLITE_NULL) bounds->none = 1;
  if (!kv_key_comparable(sqlite3_value_type(value), key_type)) return;
  if (key_type != TV_COLUMN_INTEGER) {
    kv_key_to(bounds, kv_key_bytes(value, key_type), open);
    return;
  }
  side = kv_key_floor(value, &floor, &whole);
  if (side < 0) bounds->none = 1;
  if (side != 0) return;
  tvi_store_key_i64(number, floor);
  kv_key_to(bounds, tv_bytes(number, sizeof number), open && whole);
}

/* Narrows to keys between two beginnings of the same size: `low` and everything that begins with
 * `high`. */
static void kv_key_between(tvi_kv_bounds *bounds, tv_slice low, unsigned char *high, size_t size) {
  kv_key_from(bounds, low, 0);
  while (size > 0 && high[size - 1] == 0xFF) size--;
  if (size == 0) return;
  high[size - 1]++;
  kv_key_to(bounds, tv_bytes(high, size), 1);
}

/* LIKE ignores the case of ASCII letters: its matches lie between the beginning in capitals and
 * the one in small letters. It ends before the first byte beyond ASCII, whose case an extension's
 * LIKE may ignore too. */
void tvi_kv_bound_like(tvi_kv_bounds *bounds, sqlite3_value *pattern, int key_type) {
  unsigned char low[TV_KEY_BYTES_MAX], high[TV_KEY_BYTES_MAX];
  tv_slice text;
  const unsigned char *p;
  size_t size;

  if (key_type != TV_COLUMN_TEXT || sqlite3_value_type(pattern) != SQLITE_TEXT) return;
  text = kv_key_text(pattern);
  p = text.data;
  for (size = 0; size < text.size && size < TV_KEY_BYTES_MAX; size++) {
    unsigned char byte = p[size];
    if (byte == '%' || byte == '_' || byte == 0 || byte >= 0x80) break;
    low[size] = byte >= 'a' && byte <= 'z' ? (unsigned char)(byte - 'a' + 'A') : byte;
    high[size] = byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte - 'A' + 'a') : byte;
  }
  if (size > 0) kv_key_between(bounds, tv_bytes(low, size), high, size);
}

/* GLOB's beginning is exact. It ends before a byte that may begin U+FFFD, which is how SQLite reads
 * bytes that are no UTF-8. */
void tvi_kv_bound_glob(tvi_kv_bounds *bounds, sqlite3_value *pattern, int key_type) {
  unsigned char high[TV_KEY_BYTES_MAX];
  tv_slice text;
  const unsigned char *p;
  size_t size;

  if (key_type != TV_COLUMN_TEXT || sqlite3_value_type(pattern) != SQLITE_TEXT) return;
  text = kv_key_text(pattern);
  p = text.data;
  for (size = 0; size < text.size && size < TV_KEY_BYTES_MAX; size++) {
    if (p[size] == '*' || p[size] == '?' || p[size] == '[' || p[size] == 0 || p[size] == 0xEF)
      break;
    high[size] = p[size];
  }
  if (size > 0) kv_key_between(bounds, tv_bytes(p, size), high, size);
}

tv_range tvi_kv_bounds_range(const tvi_kv_bounds *bounds) {
  tv_range range;
  range.from = tv_bytes(bounds->from, bounds->from_size);
  range.to = tv_bytes(bounds->to, bounds->to_size);
  return range;
}

/* ---- Back to SQL ---- */

static void kv_key_result_text(sqlite3_context *context, tv_slice text) {
  sqlite3_result_text64(context, text.size > 0 ? text.data : "", text.size, SQLITE_TRANSIENT,
                        SQLITE_UTF8);
}

static void kv_key_result_blob(sqlite3_context *context, tv_slice blob) {
  if (blob.size == 0) {
    sqlite3_result_zeroblob(context, 0);
  } else {
    sqlite3_result_blob64(context, blob.data, blob.size, SQLITE_TRANSIENT);
  }
}

int tvi_kv_result_key(sqlite3_context *context, tv_slice key, int key_type) {
  if (key_type == TV_COLUMN_INTEGER) {
    if (key.size != TVI_KV_NUMBER_KEY_BYTES) return TV_ECORRUPT;
    sqlite3_result_int64(context, tvi_load_key_i64(key.data));
  } else if (key_type == TV_COLUMN_TEXT) {
    kv_key_result_text(context, key);
  } else {
    kv_key_result_blob(context, key);
  }
  return TV_OK;
}

/* Decimal text as tv_kv_add keeps it. Returns 0 when it is something else. */
static int kv_key_decimal(tv_slice text, int64_t *out) {
  const unsigned char *p = text.data;
  size_t at = text.size > 0 && p[0] == '-';
  uint64_t sum = 0, limit = (uint64_t)INT64_MAX + at;
  int negative = (int)at;

  if (at == text.size || text.size > 20) return 0;
  for (; at < text.size; at++) {
    unsigned digit = (unsigned)p[at] - '0';
    if (digit > 9 || sum > (limit - digit) / 10) return 0;
    sum = sum * 10 + digit;
  }
  *out = negative ? (int64_t)(UINT64_C(0) - sum) : (int64_t)sum;
  return 1;
}

void tvi_kv_result_value(sqlite3_context *context, tv_slice value, int value_type) {
  int64_t number;

  if (value_type == TV_COLUMN_INTEGER && kv_key_decimal(value, &number)) {
    sqlite3_result_int64(context, number);
  } else if (value_type == TV_COLUMN_BLOB) {
    kv_key_result_blob(context, value);
  } else {
    kv_key_result_text(context, value); /* also a value that is no number: nothing is hidden */
  }
}
