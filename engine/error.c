/* SPDX-License-Identifier: MIT */
/*
 * Failures as fixed-size records that never allocate, so that running out of memory can be
 * reported too. The sentence is always valid UTF-8: bytes of a path or a key that are not are
 * replaced, and a sentence that is too long is cut between two characters. Rejected: a chain of
 * causes as some libraries keep; the place that finds the cause names everything that is needed.
 *
 * Of stdio only vsnprintf is used, which formats and touches no stream.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layer_internal.h"

const char *tv_status_name(int status) {
  switch (status) {
#define ERROR_NAME(name) \
  case name:             \
    return #name
    ERROR_NAME(TV_OK);
    ERROR_NAME(TV_NOTFOUND);
    ERROR_NAME(TV_END);
    ERROR_NAME(TV_EXISTS);
    ERROR_NAME(TV_MISMATCH);
    ERROR_NAME(TV_STOP);
    ERROR_NAME(TV_EINVAL);
    ERROR_NAME(TV_EMISUSE);
    ERROR_NAME(TV_ENOMEM);
    ERROR_NAME(TV_EBUSY);
    ERROR_NAME(TV_EINTR);
    ERROR_NAME(TV_ERETRY);
    ERROR_NAME(TV_ECONFLICT);
    ERROR_NAME(TV_ELIMIT);
    ERROR_NAME(TV_EKEYSIZE);
    ERROR_NAME(TV_EREADONLY);
    ERROR_NAME(TV_EFORK);
    ERROR_NAME(TV_EUNSUPPORTED);
    ERROR_NAME(TV_EIO);
    ERROR_NAME(TV_ENOSPC);
    ERROR_NAME(TV_EFULL);
    ERROR_NAME(TV_EACCES);
    ERROR_NAME(TV_ENOENT);
    ERROR_NAME(TV_EEXIST);
    ERROR_NAME(TV_ENOTDB);
    ERROR_NAME(TV_ETRUNCATED);
    ERROR_NAME(TV_EVERSION);
    ERROR_NAME(TV_ECORRUPT);
    ERROR_NAME(TV_EREADERS);
    ERROR_NAME(TV_ENOSTORE);
    ERROR_NAME(TV_ENOBUCKET);
    ERROR_NAME(TV_ENOGRAPH);
    ERROR_NAME(TV_ENOLABEL);
    ERROR_NAME(TV_ENONODE);
    ERROR_NAME(TV_ESQL);
#undef ERROR_NAME
    default:
      return "unknown status";
  }
}

/* Replaces what is not UTF-8, and control characters, by '?'; a cut-off end by "...". */
static void error_clean(char *message, size_t size, int cut) {
  unsigned char *text = (unsigned char *)message;
  size_t length = strlen(message);
  size_t room = cut && length > size - 4 ? size - 4 : length;
  size_t at = 0;

  while (at < room) {
    size_t step = tvi_utf8_length(text + at, length - at);
    if (at + (step == 0 ? 1 : step) > room) break;
    if (step == 0 || text[at] < 0x20 || text[at] == 0x7f) {
      text[at] = '?';
      step = 1;
    }
    at += step;
  }
  memcpy(message + at, "...", cut ? 3 : 0);
  message[at + (cut ? 3 : 0)] = '\0';
}

int tvi_error_set(tv_error *err, int status, int native, const char *format, ...) {
  va_list arguments;
  int length;

  if (err == NULL) return status;
  err->status = status;
  err->native = native;
  va_start(arguments, format);
  length = vsnprintf(err->message, sizeof err->message, format, arguments);
  va_end(arguments);
  if (length < 0) {
    /* Only an argument that cannot be encoded leads here; the status must not be lost for it. */
    (void)snprintf(err->message, sizeof err->message, "%s", tv_status_name(status));
    length = 0;
  }
  error_clean(err->message, sizeof err->message, (size_t)length >= sizeof err->message);
  return status;
}

#define ERROR_SHOWN_BYTES 40

static int error_is_text(tv_slice bytes, size_t *shown) {
  const unsigned char *text = bytes.data;
  size_t at = 0;

  *shown = 0;
  while (at < bytes.size) {
    size_t step = tvi_utf8_length(text + at, bytes.size - at);
    if (step == 0 || text[at] < 0x20 || text[at] == 0x7f) return 0;
    if (step == 2 && text[at] == 0xc2 && text[at + 1] < 0xa0) return 0; /* C1 controls */
    if (at + step > ERROR_SHOWN_BYTES) break;
    at += step;
    *shown = at;
  }
  return 1;
}

const char *tvi_show(tv_slice bytes, char buffer[TVI_SHOW_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *from = bytes.data;
  char *to = buffer;
  size_t shown, i;

  _Static_assert(2 + 2 * ERROR_SHOWN_BYTES + 3 + 1 <= TVI_SHOW_BYTES, "hex fits the buffer");
  if (error_is_text(bytes, &shown)) {
    if (shown > 0) memcpy(to, from, shown);
    to += shown;
  } else {
    shown = bytes.size < ERROR_SHOWN_BYTES ? bytes.size : ERROR_SHOWN_BYTES;
    *to++ = '0';
    *to++ = 'x';
    for (i = 0; i < shown; i++) {
      *to++ = digits[from[i] >> 4];
      *to++ = digits[from[i] & 0x0f];
    }
  }
  if (shown < bytes.size) {
    memcpy(to, "...", 3);
    to += 3;
  }
  *to = '\0';
  return buffer;
}
