/* SPDX-License-Identifier: MIT */
/*
 * One line, carriage return, no cursor addressing: it works in every terminal and leaves nothing
 * behind. A thread of its own for the drawing was rejected: it would disturb what is measured.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "terminal.h"

#define PROGRESS_EVERY_NS UINT64_C(100000000)
#define PROGRESS_CELLS 30

void progress_begin(progress *bar, const char *label, uint64_t total) {
  bar->label = label;
  bar->total = total;
  bar->started_ns = clock_ns();
  bar->drawn_ns = 0;
  bar->visible = isatty(STDERR_FILENO);
  bar->width = 0;
}

void progress_at(progress *bar, uint64_t done) {
  char cells[PROGRESS_CELLS + 1], count[TERM_UNIT_BYTES], left[TERM_UNIT_BYTES];
  uint64_t now;
  int filled, i, width;
  if (!bar->visible) return;
  now = clock_ns();
  if (now - bar->drawn_ns < PROGRESS_EVERY_NS) return;
  bar->drawn_ns = now;
  if (bar->total == 0) {
    width = fprintf(stderr, "\r%s %s", bar->label, term_count(count, done)) - 1;
  } else {
    double part = done < bar->total ? (double)done / (double)bar->total : 1.0;
    double elapsed = (double)(now - bar->started_ns);
    filled = (int)(part * PROGRESS_CELLS);
    for (i = 0; i < PROGRESS_CELLS; i++) cells[i] = i < filled ? '#' : '.';
    cells[PROGRESS_CELLS] = '\0';
    term_time(left, part > 0.02 ? elapsed * (1 - part) / part : 0);
    width = fprintf(stderr, "\r%-28s [%s] %3.0f%% %s", bar->label, cells, 100 * part,
                    term_count(count, done)) -
            1;
    if (part > 0.02 && part < 1) width += fprintf(stderr, ", %s left", left);
  }
  for (i = width; i < bar->width; i++) fputc(' ', stderr);
  bar->width = width;
  fflush(stderr);
}

void progress_end(progress *bar) {
  if (bar->visible && bar->width > 0) fputs("\r\033[K", stderr);
  fflush(stderr);
}
