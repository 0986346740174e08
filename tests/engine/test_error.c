/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layer_internal.h"
#include "lmdb_status_internal.h"
#include "test_store.h"

static void every_status_has_its_constants_name(void **state) {
  static const int statuses[] = {
      TV_OK,        TV_NOTFOUND,   TV_END,      TV_EXISTS,    TV_MISMATCH, TV_STOP,
      TV_EINVAL,    TV_EMISUSE,    TV_ENOMEM,   TV_EBUSY,     TV_EINTR,    TV_ERETRY,
      TV_ECONFLICT, TV_ELIMIT,     TV_EKEYSIZE, TV_EREADONLY, TV_EFORK,    TV_EUNSUPPORTED,
      TV_EIO,       TV_ENOSPC,     TV_EFULL,    TV_EACCES,    TV_ENOENT,   TV_EEXIST,
      TV_ENOTDB,    TV_ETRUNCATED, TV_EVERSION, TV_ECORRUPT,  TV_EREADERS, TV_ENOSTORE,
      TV_ENOBUCKET, TV_ENOGRAPH,   TV_ENOLABEL, TV_ENONODE,   TV_ESQL};
  size_t i, j;
  (void)state;
  for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    assert_int_equal(strncmp(tv_status_name(statuses[i]), "TV_", 3), 0);
    for (j = 0; j < i; j++)
      assert_string_not_equal(tv_status_name(statuses[i]), tv_status_name(statuses[j]));
  }
  assert_string_equal(tv_status_name(TV_ETRUNCATED), "TV_ETRUNCATED");
  assert_string_equal(tv_status_name(12345), "unknown status");
}

static void setting_an_error_fills_all_fields_and_returns_the_status(void **state) {
  tv_error err;
  (void)state;
  memset(&err, 0x55, sizeof err);
  assert_int_equal(tvi_error_set(&err, TV_EIO, 5, "cannot read '%s'", "a.tv"), TV_EIO);
  assert_int_equal(err.status, TV_EIO);
  assert_int_equal(err.native, 5);
  assert_string_equal(err.message, "cannot read 'a.tv'");
  assert_int_equal(tvi_error_set(NULL, TV_EFULL, 0, "%d", 1), TV_EFULL);
}

/* A plain and independent reading of RFC 3629, table 3-7 of the Unicode standard. */
static int is_utf8(const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  while (*p != 0) {
    unsigned low = 0x80, high = 0xbf, more;
    if (*p < 0x80) {
      p++;
      continue;
    }
    if (*p >= 0xc2 && *p <= 0xdf) {
      more = 1;
    } else if (*p >= 0xe0 && *p <= 0xef) {
      more = 2;
      if (*p == 0xe0) low = 0xa0;
      if (*p == 0xed) high = 0x9f;
    } else if (*p >= 0xf0 && *p <= 0xf4) {
      more = 3;
      if (*p == 0xf0) low = 0x90;
      if (*p == 0xf4) high = 0x8f;
    } else {
      return 0;
    }
    p++;
    if (*p < low || *p > high) return 0;
    for (p++; --more > 0; p++) {
      if (*p < 0x80 || *p > 0xbf) return 0;
    }
  }
  return 1;
}

static void a_message_too_long_is_cut_between_two_characters(void **state) {
  char text[600];
  tv_error err;
  size_t shift, i;
  (void)state;
  for (shift = 0; shift < 3; shift++) {
    memset(text, 'x', shift);
    for (i = shift; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x82\xac", 3);
    text[i] = '\0';
    tvi_error_set(&err, TV_EINVAL, 0, "%s", text);
    assert_true(strlen(err.message) >= sizeof err.message - 4);
    assert_true(is_utf8(err.message));
    assert_string_equal(err.message + strlen(err.message) - 3, "...");
  }
  memset(text, 'y', sizeof err.message - 1);
  text[sizeof err.message - 1] = '\0';
  tvi_error_set(&err, TV_EINVAL, 0, "%s", text);
  assert_string_equal(err.message, text);
}

static void a_message_is_utf8_whatever_it_names(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 20000; round++) {
    char text[300];
    tv_error err;
    size_t size = test_random(&seed) % sizeof text, i;
    for (i = 0; i < size; i++) {
      uint64_t r = test_random(&seed);
      text[i] = (char)(r % 3 == 0 ? 0xe0 + r / 3 % 32 : r % 3 == 1 ? 0x80 + r / 3 % 64 : r / 3);
      if (text[i] == '\0') text[i] = 'n';
    }
    if (size == sizeof text) size--;
    text[size] = '\0';
    tvi_error_set(&err, TV_EINVAL, 0, "%s", text);
    assert_true(is_utf8(err.message));
    for (i = 0; err.message[i] != '\0'; i++) assert_true((unsigned char)err.message[i] >= 0x20);
  }
}

static void keys_are_shown_as_text_or_as_hex_and_cut(void **state) {
  char buffer[TVI_SHOW_BYTES], longest[200];
  size_t i;
  (void)state;
  assert_string_equal(tvi_show(tv_str("users"), buffer), "users");
  assert_string_equal(tvi_show(tv_bytes(NULL, 0), buffer), "");
  assert_string_equal(tvi_show(tv_str("h\xc3\xa9"), buffer), "h\xc3\xa9");
  assert_string_equal(tvi_show(tv_bytes("a\0b", 3), buffer), "0x610062");
  assert_string_equal(tvi_show(tv_str("\xff"), buffer), "0xff");
  assert_string_equal(tvi_show(tv_str("\xc2\x85"), buffer), "0xc285"); /* a control character */
  memset(longest, 'k', sizeof longest);
  assert_string_equal(tvi_show(tv_bytes(longest, 40), buffer),
                      "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
  assert_string_equal(tvi_show(tv_bytes(longest, 41), buffer),
                      "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...");
  memset(longest, 0, sizeof longest);
  assert_int_equal(strlen(tvi_show(tv_bytes(longest, sizeof longest), buffer)), 2 + 80 + 3);
  for (i = 0; i < 4; i++) { /* a character across the cut is left out whole */
    memset(longest, 'k', sizeof longest);
    memcpy(longest + 36 + i, "\xf0\x9f\xa5\xa7", 4);
    (void)tvi_show(tv_bytes(longest, 60), buffer);
    assert_true(is_utf8(buffer));
    assert_int_equal(strlen(buffer), (i == 0 ? 40 : 36 + i) + 3);
  }
}

static void codes_of_lmdb_and_errno_become_statuses(void **state) {
  static const struct {
    int native, status;
  } rows[] = {{0, TV_OK},
              {-30798, TV_NOTFOUND},
              {-30799, TV_EXISTS},
              {-30797, TV_ECORRUPT},
              {-30796, TV_ECORRUPT},
              {-30795, TV_EIO},
              {-30794, TV_EVERSION},
              {-30793, TV_ENOTDB},
              {-30792, TV_EFULL},
              {-30790, TV_EREADERS},
              {-30788, TV_ELIMIT},
              {-30785, TV_ERETRY},
              {-30781, TV_EKEYSIZE},
              {ENOMEM, TV_ENOMEM},
              {EACCES, TV_EACCES},
              {EROFS, TV_EACCES},
              {ENOENT, TV_ENOENT},
              {ENOSPC, TV_ENOSPC},
              {EDQUOT, TV_ENOSPC},
              {EIO, TV_EIO},
              {ENOTTY, TV_EIO},
              {-1, TV_EIO}};
  size_t i;
  int native;
  (void)state;
  for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_int_equal(tvi_lmdb_status(rows[i].native), rows[i].status);
  for (native = -30799; native <= -30780; native++) {
    tv_error err;
    assert_int_equal(tvi_lmdb_fail(&err, native, "x"), tvi_lmdb_status(native));
    assert_int_equal(err.native, native);
    assert_null(strstr(err.message, "Unknown error")); /* every code of LMDB's has its own words */
  }
}

static void a_failure_says_what_happened_and_what_to_do(void **state) {
  tv_error err;
  char path[400];
  (void)state;
  assert_int_equal(tvi_lmdb_fail(&err, ENOSPC, "cannot write '%s'", "a.tv"), TV_ENOSPC);
  assert_string_equal(err.message,
                      "cannot write 'a.tv': No space left on device; make room on the disk");
  assert_int_equal(tvi_lmdb_fail(NULL, ENOENT, "x"), TV_ENOENT);
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  tvi_lmdb_fail(&err, ENOSPC, "cannot write '%s'", path);
  assert_non_null(strstr(err.message, "...: No space left on device; make room on the disk"));
  assert_int_equal(strncmp(err.message, "cannot write 'ppp", 17), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_status_has_its_constants_name),
      cmocka_unit_test(setting_an_error_fills_all_fields_and_returns_the_status),
      cmocka_unit_test(a_message_too_long_is_cut_between_two_characters),
      cmocka_unit_test(a_message_is_utf8_whatever_it_names),
      cmocka_unit_test(keys_are_shown_as_text_or_as_hex_and_cut),
      cmocka_unit_test(codes_of_lmdb_and_errno_become_statuses),
      cmocka_unit_test(a_failure_says_what_happened_and_what_to_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
