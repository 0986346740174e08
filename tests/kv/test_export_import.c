/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test_store.h"
#include "trivet_kv.h"

/* Memory that an export writes to and an import reads from, a few bytes at a time. */
typedef struct export_text {
  char *data;
  size_t size, capacity, at, piece;
  int writes_left; /* then refuse; -1: never */
} export_text;

static int export_take(void *ctx, const void *data, size_t size) {
  export_text *text = ctx;
  if (text->writes_left == 0) return 1;
  if (text->writes_left > 0) text->writes_left--;
  if (text->size + size > text->capacity) {
    text->capacity = 2 * (text->size + size);
    text->data = realloc(text->data, text->capacity);
    assert_non_null(text->data);
  }
  memcpy(text->data + text->size, data, size);
  text->size += size;
  return 0;
}

static int export_give(void *ctx, void *buffer, size_t capacity, size_t *size) {
  export_text *text = ctx;
  size_t n = text->size - text->at;
  if (text->piece > 0 && n > text->piece) n = text->piece;
  if (n > capacity) n = capacity;
  memcpy(buffer, text->data + text->at, n);
  text->at += n;
  *size = n;
  return 0;
}

static int export_refuse(void *ctx, void *buffer, size_t capacity, size_t *size) {
  (void)ctx;
  (void)buffer;
  (void)capacity;
  (void)size;
  return 1;
}

/* Keys and values of all kinds: text, escapes, bytes that are no UTF-8, empty, large. */
static void export_fill(tv_bucket *bucket, uint64_t *state) {
  static char big[100000];
  unsigned char bytes[64];
  size_t i, b;
  int n;
  memset(big, 'b', sizeof big);
  for (n = 0; n < 500; n++) {
    size_t size = 1 + (size_t)(test_random(state) % 40);
    for (i = 0; i < size; i++) bytes[i] = (unsigned char)(test_random(state) % (n % 2 ? 128 : 256));
    test_ok(tv_kv_put(bucket, tv_bytes(bytes, size), tv_bytes(bytes, size - 1)));
  }
  for (b = 0; b < 256; b++) {
    bytes[0] = (unsigned char)b;
    test_ok(tv_kv_put_ttl(bucket, tv_bytes(bytes, 1), tv_bytes(bytes, b % 2), 1000000));
    test_ok(tv_kv_put_ttl(bucket, tv_bytes(bytes, 1), tv_bytes(bytes, b % 2), 2000000));
  }
  test_ok(tv_kv_put_ttl(bucket, tv_str("h\xc3\xa9, \xe2\x82\xac and \xf0\x9f\x98\x80"),
                        tv_str("\"quoted\" \\ / \b\f\n\r\t"), 0));
  test_ok(tv_kv_put(bucket, tv_str("surrogate"), tv_str("\xed\xa0\x80")));
  test_ok(tv_kv_put(bucket, tv_str("big"), tv_bytes(big, sizeof big)));
  test_ok(tv_kv_put_ttl(bucket, tv_str("gone"), tv_str("soon"), 1));
}

static void export_all(tv_bucket *bucket, int format, uint64_t limit, export_text *text) {
  tv_range whole = {0};
  tv_kv_export *job;
  uint64_t n, sum = 0;
  int status;
  test_ok(tv_kv_export_open(bucket, whole, format, &job));
  do {
    status = tv_kv_export_some(job, limit, export_take, text, &n);
    assert_true(limit == 0 || n <= limit);
    sum += n;
  } while (status == TV_OK);
  test_status(status, TV_END);
  assert_true(sum > 700);
  tv_kv_export_close(job);
}

static void export_compare(tv_bucket *a, tv_bucket *b) {
  tv_range whole = {0};
  tv_kv_cursor *one, *two;
  tv_slice key_a, key_b;
  int status;
  test_ok(tv_kv_cursor_open(a, whole, &one));
  test_ok(tv_kv_cursor_open(b, whole, &two));
  for (;;) {
    tv_kv_entry entry_a, entry_b;
    status = tv_kv_cursor_next(one, &key_a, NULL);
    test_status(tv_kv_cursor_next(two, &key_b, NULL), status);
    if (status == TV_END) break;
    assert_int_equal(key_a.size, key_b.size);
    assert_memory_equal(key_a.data, key_b.data, key_a.size);
    test_ok(tv_kv_get_entry(a, key_a, &entry_a));
    test_ok(tv_kv_get_entry(b, key_b, &entry_b));
    assert_int_equal(entry_a.value.size, entry_b.value.size);
    assert_memory_equal(entry_a.value.data, entry_b.value.data, entry_a.value.size);
    assert_true(entry_a.expires == entry_b.expires);
    assert_true(entry_a.version == entry_b.version);
  }
  tv_kv_cursor_close(one);
  tv_kv_cursor_close(two);
}

static void an_import_gives_back_what_was_exported(void **unused) {
  static const tv_bucket_options kinds[] = {
      {0}, {.versioned = 1, .ttl_ms = 500000}, {.versioned = 1, .compression = TV_COMPRESS_LZ4}};
  struct timespec pause = {0, 3000000};
  uint64_t state = test_seed();
  size_t kind;
  int format, round;
  (void)unused;
  for (kind = 0; kind < 3; kind++) {
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_bucket *from, *to;
    test_ok(tv_kv_open(txn, "from", TV_CREATE, &kinds[kind], &from));
    export_fill(from, &state);
    test_commit(txn);
    nanosleep(&pause, NULL);
    for (format = TV_KV_JSONL; format <= TV_KV_DUMP; format++) {
      for (round = 0; round < 3; round++) {
        export_text text = {.writes_left = -1, .piece = round == 0 ? 0 : 7 + (size_t)round};
        tv_kv_import *job;
        tv_error err;
        int status = TV_OK, batch;
        txn = test_begin(db, TV_WRITE);
        test_ok(tv_kv_open(txn, "from", 0, NULL, &from));
        export_all(from, format, round == 0 ? 0 : 10, &text);
        test_ok(tv_kv_open(txn, "to", TV_CREATE, &kinds[kind], &to));
        test_ok(tv_kv_import_open(format, export_give, &text, &job, &err));
        /* Every fourth batch is rolled back and imported again. */
        for (batch = 0; status == TV_OK; batch++) {
          unsigned depth;
          test_ok(tv_savepoint(txn, &depth));
          status = tv_kv_import_some(job, to, round == 0 ? 0 : 33, NULL);
          if (batch % 4 == 1) {
            test_ok(tv_savepoint_rollback(txn, depth));
            tv_kv_import_back(job);
            status = TV_OK;
          } else {
            test_ok(tv_savepoint_release(txn, depth));
          }
        }
        test_status(status, TV_END);
        test_status(tv_kv_import_some(job, to, 0, NULL), TV_END);
        export_compare(from, to);
        tv_kv_import_close(job);
        tv_abort(txn);
        free(text.data);
      }
    }
    test_close(db);
  }
}

static void json_lines_look_as_documented(void **unused) {
  tv_bucket_options options = {.versioned = 1};
  export_text text = {.writes_left = -1};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range range = {tv_str("a"), tv_str("c")};
  tv_kv_export *job;
  tv_bucket *bucket;
  char expected[200];
  uint64_t n;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, &options, &bucket));
  test_ok(tv_kv_put(bucket, tv_str("a"), tv_str("say \"hi\"\n\x01")));
  test_ok(tv_kv_put_ttl(bucket, tv_str("b"), tv_str("\xff\xfe"), 1000));
  test_ok(tv_kv_put(bucket, tv_str("c"), tv_str("beyond")));
  test_ok(tv_kv_export_open(bucket, range, TV_KV_JSONL, &job));
  test_status(tv_kv_export_some(job, 0, export_take, &text, &n), TV_END);
  assert_int_equal(n, 2);
  snprintf(expected, sizeof expected,
           "{\"key\":\"a\",\"value\":\"say \\\"hi\\\"\\n\\u0001\",\"version\":1}\n"
           "{\"key\":\"b\",\"value64\":\"//4=\",\"expires\":%lld,\"version\":1}\n",
           (long long)tv_txn_now(txn) + 1000000);
  assert_int_equal(text.size, strlen(expected));
  assert_memory_equal(text.data, expected, text.size);
  tv_kv_export_close(job);
  free(text.data);
  test_status(tv_kv_export_open(bucket, range, 2, &job), TV_EINVAL);
  tv_abort(txn);
  test_close(db);
}

static int import_json(tv_bucket *bucket, const char *input, uint64_t *entries) {
  export_text text = {.data = (char *)(uintptr_t)input, .size = strlen(input), .piece = 3};
  tv_kv_import *job;
  int status;
  test_ok(tv_kv_import_open(TV_KV_JSONL, export_give, &text, &job, NULL));
  status = tv_kv_import_some(job, bucket, 0, entries);
  tv_kv_import_close(job);
  return status;
}

static void hand_written_lines_are_read(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  tv_slice value;
  uint64_t n;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_status(import_json(bucket,
                          "\n  \r\n { \"value\" : \"v\\u00e9\\ud83d\\ude00\\/\" , \"key\" : \"k\" "
                          "}\r\n{\"key64\":\"YQ==\",\"value64\":\"\"}\n"
                          "{\"key\":\"past\",\"value\":\"v\",\"expires\":5}\n"
                          "{\"key\":\"last\",\"value\":\"no newline\",\"expires\":0,\"version\":3}",
                          &n),
              TV_END);
  assert_int_equal(n, 3);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  assert_true(test_slice_is(value, "v\xc3\xa9\xf0\x9f\x98\x80/"));
  test_ok(tv_kv_get(bucket, tv_str("a"), &value));
  assert_int_equal(value.size, 0);
  test_ok(tv_kv_get(bucket, tv_str("last"), &value));
  test_status(tv_kv_get(bucket, tv_str("past"), &value), TV_NOTFOUND);
  test_status(import_json(bucket, "", &n), TV_END);
  assert_int_equal(n, 0);
  tv_abort(txn);
  test_close(db);
}

static void a_bad_line_is_reported_with_its_number(void **unused) {
  static const struct {
    const char *line, *word;
  } bad[] = {
      {"nonsense", "braces"},
      {"{", "quotes"},
      {"{}", "quotes"},
      {"{\"key\":\"k\"}", "value"},
      {"{\"value\":\"k\"}", "key"},
      {"{\"key\":\"\",\"value\":\"v\"}", "0 bytes"},
      {"{\"key\":\"k\",\"value\":\"v\",\"other\":\"x\"}", "none of"},
      {"{\"key\":\"k\",\"value\":\"v\"} x", "follows"},
      {"{\"key\":\"k\",\"value\":\"v\"", "expected"},
      {"{\"key\":\"k\",\"value\":\"v\",}", "quotes"},
      {"{\"key\":\"k\" \"value\":\"v\"}", "expected"},
      {"{\"key\" \"k\"}", "':'"},
      {"{\"key\":\"k\",\"key64\":\"YQ==\",\"value\":\"v\"}", "twice"},
      {"{\"key\":\"k\",\"value64\":\"YQ=\"}", "base64"},
      {"{\"key\":\"k\",\"value64\":\"Y===\"}", "base64"},
      {"{\"key\":\"k\",\"value64\":\"Y*==\"}", "base64"},
      {"{\"key\":\"k\",\"value\":12}", "quotes"},
      {"{\"key\":\"k\",\"value\":\"\xff\"}", "UTF-8"},
      {"{\"key\":\"k\",\"value\":\"\xed\xa0\x80\"}", "UTF-8"},
      {"{\"key\":\"k\",\"value\":\"\xc0\x80\"}", "UTF-8"},
      {"{\"key\":\"k\",\"value\":\"\\x\"}", "escape"},
      {"{\"key\":\"k\",\"value\":\"\\u12g4\"}", "hex"},
      {"{\"key\":\"k\",\"value\":\"\\u12", "cut"},
      {"{\"key\":\"k\",\"value\":\"\\ud800x\"}", "surrogate"},
      {"{\"key\":\"k\",\"value\":\"\\udc00\"}", "surrogate"},
      {"{\"key\":\"k\",\"value\":\"a\tb\"}", "control"},
      {"{\"key\":\"k\",\"value\":\"v\",\"expires\":-1}", "number"},
      {"{\"key\":\"k\",\"value\":\"v\",\"expires\":9223372036854775808}", "large"},
      {"{\"key\":\"k\",\"value\":\"v\",\"version\":18446744073709551616}", "large"},
      {"{\"key\":\"k\",\"value\":\"v\",\"version\":}", "number"},
      {"{\"key\":\"k\",\"value\":\"v", "end"},
  };
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  uint64_t n;
  size_t i;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char input[400];
    const char *message;
    snprintf(input, sizeof input, "{\"key\":\"one\",\"value\":\"1\"}\n\n%s\n", bad[i].line);
    test_status(import_json(bucket, input, &n), TV_EINVAL);
    message = tv_txn_error(txn)->message;
    if (strstr(message, "line 3:") == NULL || strstr(message, bad[i].word) == NULL)
      fail_msg("%s: \"%s\" tells neither line 3 nor %s", bad[i].line, message, bad[i].word);
    assert_int_equal(n, 1);
  }
  tv_abort(txn);
  test_close(db);
}

static void a_damaged_or_cut_dump_is_found_out(void **unused) {
  export_text text = {.writes_left = -1};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket, *to;
  tv_range whole = {0};
  tv_kv_export *job;
  char key[8];
  size_t i;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_open(txn, "to", TV_CREATE, NULL, &to));
  for (i = 0; i < 5; i++) {
    snprintf(key, sizeof key, "key%zu", i);
    test_ok(tv_kv_put(bucket, tv_str(key), tv_str("some value")));
  }
  test_ok(tv_kv_export_open(bucket, whole, TV_KV_DUMP, &job));
  test_status(tv_kv_export_some(job, 0, export_take, &text, NULL), TV_END);
  tv_kv_export_close(job);
  for (i = 0; i < 2 * text.size; i++) {
    export_text mutant = text;
    tv_kv_import *import;
    int status;
    if (i < text.size)
      mutant.size = i; /* cut off */
    else
      text.data[i - text.size] ^= 0x10; /* flipped */
    mutant.piece = 5;
    test_ok(tv_kv_import_open(TV_KV_DUMP, export_give, &mutant, &import, NULL));
    status = tv_kv_import_some(import, to, 0, NULL);
    if (i >= text.size) text.data[i - text.size] ^= 0x10;
    if (i == text.size + 8)
      test_status(status, TV_EVERSION);
    else
      test_status(status, TV_ECORRUPT);
    assert_true(strstr(tv_txn_error(txn)->message, "dump") != NULL);
    tv_kv_import_close(import);
  }
  free(text.data);
  tv_abort(txn);
  test_close(db);
}

static void callbacks_may_stop_either_way(void **unused) {
  export_text text = {.writes_left = 0};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range whole = {0};
  tv_kv_export *job;
  tv_kv_import *import;
  tv_bucket *bucket;
  tv_error err;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_put(bucket, tv_str("k"), tv_str("v")));
  test_ok(tv_kv_export_open(bucket, whole, TV_KV_JSONL, &job));
  test_status(tv_kv_export_some(job, 0, export_take, &text, NULL), TV_STOP);
  text.writes_left = -1; /* nothing is lost by it */
  test_status(tv_kv_export_some(job, 0, export_take, &text, NULL), TV_END);
  assert_memory_equal(text.data, "{\"key\":\"k\",\"value\":\"v\"}\n", text.size);
  tv_kv_export_close(job);
  tv_kv_export_close(NULL);
  free(text.data);
  test_ok(tv_kv_import_open(TV_KV_JSONL, export_refuse, NULL, &import, &err));
  test_status(tv_kv_import_some(import, bucket, 0, NULL), TV_STOP);
  tv_kv_import_close(import);
  tv_kv_import_close(NULL);
  test_status(tv_kv_import_open(7, export_refuse, NULL, &import, &err), TV_EINVAL);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_import_gives_back_what_was_exported),
      cmocka_unit_test(json_lines_look_as_documented),
      cmocka_unit_test(hand_written_lines_are_read),
      cmocka_unit_test(a_bad_line_is_reported_with_its_number),
      cmocka_unit_test(a_damaged_or_cut_dump_is_found_out),
      cmocka_unit_test(callbacks_may_stop_either_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
