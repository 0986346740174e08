/* SPDX-License-Identifier: MIT */
/*
 * One entry of a bucket as one line of JSON, and back. See tv_kv_format.
 */
#ifndef TRIVET_JSON_LINE_INTERNAL_H
#define TRIVET_JSON_LINE_INTERNAL_H

#include "layer_internal.h"

typedef struct tvi_json_entry {
  tv_slice key, value;
  int64_t expires; /* -1: the line has none */
  uint64_t version;
} tvi_json_entry;

/* Appends the line with its newline. expires below 0 and version 0 are left out. TV_OK, TV_ENOMEM.
 */
int tvi_json_line_write(tvi_buffer *out, const tvi_json_entry *entry);
/* Reads a line (without its newline) that is not blank. Slices of *entry lie in `room`, which is
 * emptied first. Returns TV_OK, TV_ENOMEM, or TV_EINVAL and in *what what is wrong: static text. */
int tvi_json_line_read(tv_slice line, tvi_buffer *room, tvi_json_entry *entry, const char **what);

#endif
