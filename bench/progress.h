/* SPDX-License-Identifier: MIT */
/*
 * A progress line on stderr, drawn over itself about ten times a second and removed at its end;
 * nothing at all when stderr is not a terminal.
 */
#ifndef TRIVET_BENCH_PROGRESS_H
#define TRIVET_BENCH_PROGRESS_H

#include <stdint.h>

typedef struct progress {
  const char *label;
  uint64_t total; /* 0: unknown, only the count is shown */
  uint64_t started_ns, drawn_ns;
  int visible; /* stderr is a terminal */
  int width;   /* columns drawn last */
} progress;

void progress_begin(progress *bar, const char *label, uint64_t total);
void progress_at(progress *bar, uint64_t done);
void progress_end(progress *bar);

#endif
