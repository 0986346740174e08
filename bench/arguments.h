/* SPDX-License-Identifier: MIT */
/* Command lines of the subcommands: long options only, described where they are declared. */
#ifndef TRIVET_BENCH_ARGUMENTS_H
#define TRIVET_BENCH_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

typedef enum argument_kind {
  ARGUMENT_FLAG = 0, /* into is an int *, set to 1 */
  ARGUMENT_NUMBER,   /* uint64_t *: decimal, with commas or underscores allowed */
  ARGUMENT_TEXT      /* const char ** */
} argument_kind;

typedef struct argument_option {
  const char *name; /* "--records" */
  argument_kind kind;
  void *into;
  const char *value; /* what the help calls its value; NULL for a flag */
  const char *help;
} argument_option;

/*
 * Parses argv[0..argc), the arguments behind the subcommand; "--name=value" works as well. Returns
 * 0; 1 after printing the help that --help asked for; -1 after saying on stderr what is wrong.
 */
int arguments_parse(const char *command, const char *about, const argument_option *options,
                    size_t n, int argc, char **argv);
/* "1,2,8": up to counts_most numbers from 1 to most. Returns 0, or -1 after saying what is wrong.
 */
int arguments_threads(const char *command, const char *text, unsigned most, size_t counts_most,
                      unsigned *counts, size_t *n);
/* The command as it could be typed: "trivet-bench SUBCOMMAND ...". argv[-1] is the subcommand.
 * Returns out. */
const char *arguments_joined(char *out, size_t size, int argc, char **argv);

#endif
