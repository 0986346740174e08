/* SPDX-License-Identifier: MIT */
/*
 * Debian control data: stanzas of "Name: value" fields, parted by blank lines (deb822(5)). Names
 * are matched without regard to case; lines that begin with a space or tab continue the field
 * before; lines that begin with # are comments. Everything is a slice of the text given: nothing is
 * copied.
 */
#ifndef TRIVET_BENCH_DEB_CONTROL_H
#define TRIVET_BENCH_DEB_CONTROL_H

#include "trivet.h"

typedef struct deb_reader {
  const char *at, *end;
} deb_reader;

deb_reader deb_reader_of(tv_slice text);
/* The next stanza, without the blank lines around it. Returns 1; 0 at the end. */
int deb_stanza_next(deb_reader *reader, tv_slice *stanza);

typedef struct deb_field {
  tv_slice name;
  tv_slice value; /* trimmed; continuation lines with their line ends are inside */
} deb_field;

/*
 * The next field of a stanza (a reader of it). Returns 1; 0 at the end; -1 for a line that is no
 * field (no colon, an empty name, a continuation of nothing): it is passed over and
 * the next call goes on behind it.
 */
int deb_field_next(deb_reader *reader, deb_field *field);
/* The first field of that name. Returns 1, or 0 and an empty value. */
int deb_field_find(tv_slice stanza, const char *name, tv_slice *value);

/* 1: the two are the same text but for ASCII case. */
int deb_same_name(tv_slice a, const char *b);
/* Leading decimal digits as a number; -1 when there are none or they do not fit. */
int64_t deb_number(tv_slice text);
/* The text up to its first line end. */
tv_slice deb_first_line(tv_slice text);

#endif
