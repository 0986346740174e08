/* SPDX-License-Identifier: MIT */
/*
 * trivet-bench: finds the subcommand and hands over. One program with subcommands rather than one
 * per benchmark: they share harness, peers and report, and a user finds them all in one place.
 */
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "graph_run.h"
#include "kv_bench.h"
#include "sql_bench.h"
#include "trivet.h"
#include "ycsb.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *about;
} bench_commands[] = {
    {"demo", demo_command, "load the machine's package index as three models and ask it questions"},
    {"graph", graph_command, "algorithms over whole graphs beside the same in memory"},
    {"kv", kv_command, "key-value operations beside raw LMDB"},
    {"sql", sql_command, "columnar and row tables beside DuckDB and SQLite"},
    {"ycsb", ycsb_command, "YCSB's workloads A to F on key-value engines, open and closed loop"},
};

static void bench_usage(FILE *out) {
  size_t i;
  fprintf(out, "trivet-bench %s: benchmarks of Trivet and what it is measured against\n\n",
          TV_VERSION_STRING);
  for (i = 0; i < sizeof bench_commands / sizeof bench_commands[0]; i++)
    fprintf(out, "  trivet-bench %-8s %s\n", bench_commands[i].name, bench_commands[i].about);
  fprintf(out, "\nEach takes --help.\n");
}

int main(int argc, char **argv) {
  size_t i;
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    bench_usage(stdout);
    return 0;
  }
  for (i = 0; i < sizeof bench_commands / sizeof bench_commands[0]; i++)
    if (strcmp(argv[1], bench_commands[i].name) == 0)
      return bench_commands[i].run(argc - 2, argv + 2);
  fprintf(stderr, "trivet-bench: no such subcommand: %s\n\n", argv[1]);
  bench_usage(stderr);
  return 2;
}
