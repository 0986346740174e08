/* SPDX-License-Identifier: MIT */
/* Where a test lets text go that is written through a callback. */
#ifndef TRIVET_TEXT_SINK_H
#define TRIVET_TEXT_SINK_H

#include <stdlib.h>
#include <string.h>

#include "test_store.h"

typedef struct text_sink {
  char *text; /* ends in NUL; to be freed */
  size_t size;
  size_t room; /* fails beyond; 0: no limit */
} text_sink;

static inline int put(void *ctx, const void *data, size_t size) {
  text_sink *sink = ctx;
  if (sink->room > 0 && sink->size + size > sink->room) return 1;
  sink->text = realloc(sink->text, sink->size + size + 1);
  assert_non_null(sink->text);
  memcpy(sink->text + sink->size, data, size);
  sink->size += size;
  sink->text[sink->size] = '\0';
  return 0;
}

#endif
