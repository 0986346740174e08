/* SPDX-License-Identifier: MIT */
/* Where a package index comes from: apt's own lists, a file, or standard input. */
#ifndef TRIVET_BENCH_DEB_SOURCE_H
#define TRIVET_BENCH_DEB_SOURCE_H

#include "trivet.h"

/*
 * Reads a whole index into memory. path NULL: `apt-cache dumpavail`; "-": standard input. Returns 0
 * and *text (free with deb_source_free), or -1 after filling why (256 bytes) with a sentence
 * that says what to do.
 */
int deb_source_read(const char *path, tv_slice *text, char *why);
void deb_source_free(tv_slice text);

#endif
