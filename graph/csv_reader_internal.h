/* SPDX-License-Identifier: MIT */
/* Records of CSV out of text that comes in pieces (csv_reader.c). */
#ifndef TRIVET_CSV_READER_INTERNAL_H
#define TRIVET_CSV_READER_INTERNAL_H

#include "layer_internal.h"

#define TVI_CSV_RECORD_BYTES_MAX ((size_t)1 << 24)

typedef struct tvi_csv_field {
  size_t at, size; /* in the reader's bytes */
  int quoted;
} tvi_csv_field;

typedef struct tvi_csv {
  int (*read)(void *ctx, void *buffer, size_t capacity, size_t *got);
  void *ctx;
  char separator;
  tvi_buffer text; /* read; records begin at `at` */
  size_t at;
  int ended;           /* nothing is to come behind the text */
  uint64_t line, next; /* first line of the record, and of the one behind it; from 1 */
  tvi_buffer bytes;    /* of the record's fields, without quotes */
  tvi_buffer fields;   /* tvi_csv_field */
  size_t n;
  const char *problem; /* of a bad record */
} tvi_csv;

/* The next record that is not an empty line. TV_OK, TV_END; TV_EINVAL: its quotes are wrong, see
 * `problem`, and the next record is the one on the following line; TV_EIO, TV_ENOMEM (no message),
 * TV_ELIMIT: the record is too long. */
int tvi_csv_next(tvi_csv *csv);
tv_slice tvi_csv_text(const tvi_csv *csv, size_t field);
int tvi_csv_quoted(const tvi_csv *csv, size_t field);
void tvi_csv_close(tvi_csv *csv);

#endif
