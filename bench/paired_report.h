/* SPDX-License-Identifier: MIT */
/* A run's results, told to a person, to a script (--bars) and to a program (JSON). */
#ifndef TRIVET_BENCH_PAIRED_REPORT_H
#define TRIVET_BENCH_PAIRED_REPORT_H

#include <stdio.h>

#include "machine.h"
#include "paired.h"

typedef struct paired_setting {
  char name[48];
  char value[400];
} paired_setting;

#define PAIRED_SETTINGS_MAX 16

/* Everything one command measured. */
typedef struct paired_report {
  const char *command; /* as typed */
  machine_facts machine;
  paired_setting settings[PAIRED_SETTINGS_MAX];
  size_t settings_n;
  paired_setting notes[PAIRED_SETTINGS_MAX]; /* what was found, told below the table */
  size_t notes_n;
  paired_result *results;
  size_t n, capacity;
  int wide;        /* 1: the table shows every side of the widest result, not only two */
  int interrupted; /* set by the command when it ended before its last measure */
} paired_report;

void paired_report_begin(paired_report *report, const char *command);
/* More than PAIRED_SETTINGS_MAX settings is an error in this program and stops it. */
void paired_report_setting(paired_report *report, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void paired_report_note(paired_report *report, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes over the result. */
void paired_report_add(paired_report *report, const paired_result *result);
/* 1: every measure there was to be ran to its end. */
int paired_report_complete(const paired_report *report);
/* The exit status: 0; 1 when a measure failed or answers differed; 130 after an interruption. */
int paired_report_status(const paired_report *report);

/* The aligned table for people. */
void paired_report_table(const paired_report *report, FILE *out);
/* A line per measure with a bar: ok|short, measure, ratio, bar, tab-separated. A measure that was
 * interrupted says "partial" and, when no round was complete, "-" for its ratio. */
void paired_report_bars(const paired_report *report, FILE *out);
/* Writes the JSON file. Returns 0, or an errno after saying so on stderr. */
int paired_report_json(const paired_report *report, const char *path);
void paired_report_free(paired_report *report);

#endif
