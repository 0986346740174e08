/* SPDX-License-Identifier: MIT */
/* The questions of the demo on the screen: who they are about, and how a line looks. */
#ifndef TRIVET_BENCH_DEMO_SCREEN_H
#define TRIVET_BENCH_DEMO_SCREEN_H

#include "demo.h"

#define DEMO_NAME_BYTES (TV_KEY_BYTES_MAX + 1)

/* The packages that the questions are about. */
typedef struct demo_cast {
  char point[DEMO_NAME_BYTES];  /* one to get */
  char prefix[DEMO_NAME_BYTES]; /* of names to scan */
  char base[DEMO_NAME_BYTES];   /* one that many lean on */
  char path_from[DEMO_NAME_BYTES], path_to[DEMO_NAME_BYTES];
  char server[DEMO_NAME_BYTES]; /* a web server, where there is one */
  int server_known;             /* 1: it is one */
} demo_cast;

/*
 * Chooses packages that are there: the well-known ones first; else the one with most dependants
 * as base, and the one farthest from it for the others. Returns a tv_status.
 */
int demo_cast_choose(demo_store *store, demo_cast *cast);

/* Asks once; a short question again, some 2 ms in all. Returns the nanoseconds of one; *status is
 * the last answer's. */
double demo_timed(int (*ask)(void *ctx), void *ctx, int *status);

void demo_heading(const char *title, const char *about);
/* A question, its time at the right margin (ns < 0: none). */
void demo_asked(double ns, const char *format, ...) __attribute__((format(printf, 2, 3)));
void demo_told(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The sections KV and Graph, then demo_screen_sql. Returns 0, or -1 and why (PAIRED_TEXT_BYTES). */
int demo_screen(demo_store *store, const demo_cast *cast, char *why);
/* The sections SQL and Across. */
int demo_screen_sql(demo_store *store, const demo_cast *cast, char *why);

#endif
