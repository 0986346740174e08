/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench sql`: options, data, engines, and what is printed. The data is made once as files
 * and every engine loads those, so that a user's own files take the same way.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "interrupt.h"
#include "progress.h"
#include "scratch.h"
#include "sql_bench.h"
#include "ssb.h"
#include "terminal.h"
#include "tool_heap.h"

typedef struct sql_options {
  const char *suite, *data, *scale, *engines, *json;
  uint64_t threads, rounds;
  int bars;
} sql_options;

static int sql_refuse(const char *what, const char *given) {
  fprintf(stderr, "trivet-bench sql: %s: %s\n", what, given);
  return -1;
}

/* ---- Data ---- */

static int sql_generate_tick(void *ctx, uint64_t rows) {
  progress_at(ctx, rows);
  return interrupt_seen();
}

/* Writes SSB's tables. Returns 1 when interrupted. */
static int sql_generate(sql_bench *bench) {
  char path[2300];
  int i;
  scratch_subfolder(bench->data, sizeof bench->data, scratch_folder(1), "data");
  for (i = 0; i < SSB_TABLES && !interrupt_seen(); i++) {
    progress bar;
    FILE *out;
    uint64_t rows;
    snprintf(path, sizeof path, "%s/%s.tbl", bench->data, ssb_tables[i].name);
    out = fopen(path, "w");
    if (out == NULL) heap_stop("trivet-bench sql: %s: %s", path, strerror(errno));
    progress_begin(&bar, ssb_tables[i].name,
                   ssb_rows(i, bench->scale) * (i == SSB_LINEORDER ? 4 : 1));
    rows = ssb_write(i, bench->scale, out, sql_generate_tick, &bar);
    progress_end(&bar);
    if (fclose(out) != 0 || rows == UINT64_MAX)
      heap_stop("trivet-bench sql: %s: %s", path, strerror(errno));
  }
  return interrupt_seen();
}

/* The user's own files. Returns 0, or -1 after saying which one is missing. */
static int sql_data_given(sql_bench *bench, const char *folder) {
  char path[2300];
  size_t i;
  struct stat st;
  snprintf(bench->data, sizeof bench->data, "%s", folder);
  for (i = 0; i < bench->tables_n; i++) {
    snprintf(path, sizeof path, "%s/%s.tbl", folder, bench->tables[i].name);
    if (stat(path, &st) != 0) return sql_refuse(path, strerror(errno));
  }
  return 0;
}

/* ---- Engines ---- */

static int sql_is_word(const char *list, const char *word) {
  size_t size = strlen(word);
  const char *at;
  for (at = list; (at = strstr(at, word)) != NULL; at++)
    if ((at == list || at[-1] == ',') && (at[size] == ',' || at[size] == '\0')) return 1;
  return 0;
}

static int sql_engines_known(const char *list) {
  char word[32];
  size_t size, i;
  for (; *list != '\0'; list += size + (list[size] == ',')) {
    size = strcspn(list, ",");
    snprintf(word, sizeof word, "%.*s", (int)(size < 31 ? size : 31), list);
    for (i = 0; i < SQL_KINDS; i++)
      if (strcmp(sql_kinds[i]->word, word) == 0) break;
    if (i == SQL_KINDS)
      return sql_refuse("--engines takes some of columnar,duckdb,rows,sqlite and not", word);
  }
  return 0;
}

/* Takes the engines that are asked for and installed. */
static int sql_engines(sql_bench *bench, const char *list) {
  char version[64], why[SQL_WHY_BYTES];
  size_t i;
  if (list != NULL && sql_engines_known(list) != 0) return -1;
  for (i = 0; i < SQL_KINDS; i++) {
    const sql_kind *kind = sql_kinds[i];
    if (list != NULL && !sql_is_word(list, kind->word)) continue;
    if (kind->version(version, sizeof version, why) != 0) {
      fprintf(stderr, "%s: %s\n", kind->name, why);
      continue;
    }
    bench->side[bench->sides++].kind = kind;
    paired_report_setting(bench->report, kind->name, "%s; %s", version, kind->settings);
  }
  return bench->sides > 0 ? 0 : sql_refuse("no engine is left", list != NULL ? list : "all");
}

/* ---- Options ---- */

static int sql_prepare_run(sql_bench *bench, const sql_options *given, sql_query *statements) {
  char *end = NULL;
  bench->scale = given->scale != NULL ? strtod(given->scale, &end) : 1;
  if (given->scale != NULL &&
      (*end != '\0' || end == given->scale || !(bench->scale >= 0.001 && bench->scale <= 100)))
    return sql_refuse("--sf takes a number from 0.001 to 100", given->scale);
  if (given->threads < 1 || given->threads > 64) {
    fputs("trivet-bench sql: --threads takes a number from 1 to 64\n", stderr);
    return -1;
  }
  bench->threads = (unsigned)given->threads;
  bench->rounds = given->rounds < 1 ? 1 : given->rounds > 1000 ? 1000 : (unsigned)given->rounds;
  bench->tables = ssb_tables;
  bench->tables_n = SSB_TABLES;
  bench->queries = ssb_queries;
  bench->queries_n = SSB_QUERIES;
  bench->bars_only = given->bars;
  if (given->suite != NULL && strcasecmp(given->suite, "ssb") != 0) {
    if (given->bars)
      return sql_refuse("--bars has measures of its own; leave out --suite", given->suite);
    bench->queries = statements;
    bench->queries_n = sql_statements_read(given->suite, statements);
  }
  if (given->bars && given->engines != NULL)
    return sql_refuse("--bars needs all engines; leave out --engines", given->engines);
  if (given->data != NULL && sql_data_given(bench, given->data) != 0) return -1;
  return sql_engines(bench, given->engines);
}

static void sql_settings(const sql_bench *bench, const sql_options *given) {
  if (given->data != NULL)
    paired_report_setting(bench->report, "data", "SSB from %s", given->data);
  else
    paired_report_setting(bench->report, "data", "SSB, scale factor %g, generated", bench->scale);
  paired_report_setting(bench->report, "method",
                        "statements prepared once, warm, alternating in one process");
}

static int sql_run(sql_bench *bench, const sql_options *given) {
  int stop = 0;
  if (given->data == NULL) stop = sql_generate(bench);
  if (!stop && bench->bars_only) return sql_bars(bench);
  if (!stop) stop = sql_load(bench);
  if (!stop) stop = sql_measure_suite(bench, bench->threads);
  return stop;
}

static void sql_print(const sql_bench *bench) {
  char text[TERM_UNIT_BYTES];
  if (bench->bars_only) {
    paired_report_bars(bench->report, stdout);
    return;
  }
  printf("SSB, scale factor %g: %s; %s memory\n", bench->scale, bench->report->machine.processor,
         term_bytes(text, (double)bench->report->machine.memory_bytes));
  sql_screen(bench, 0, bench->threads, stdout);
}

int sql_command(int argc, char **argv) {
  sql_options given = {.threads = 1, .rounds = 5};
  argument_option options[] = {
      {"--suite", ARGUMENT_TEXT, &given.suite, "ssb|FILE.sql",
       "what runs: SSB's 13 queries (default), or a file's statements over its tables"},
      {"--data", ARGUMENT_TEXT, &given.data, "DIR", "take lineorder.tbl, date.tbl, ... from there"},
      {"--sf", ARGUMENT_TEXT, &given.scale, "N", "scale factor of generated data (default 1)"},
      {"--threads", ARGUMENT_NUMBER, &given.threads, "N", "of every engine that has them (1)"},
      {"--rounds", ARGUMENT_NUMBER, &given.rounds, "N", "timed runs of each statement (5)"},
      {"--engines", ARGUMENT_TEXT, &given.engines, "LIST", "of columnar,duckdb,rows,sqlite (all)"},
      {"--json", ARGUMENT_TEXT, &given.json, "FILE", "write every sample there"},
      {"--bars", ARGUMENT_FLAG, &given.bars, NULL, "print only ok|short, measure, figure, bar"},
  };
  sql_query statements[SQL_STATEMENTS_MAX];
  sql_bench bench = {0};
  paired_report report;
  char command[512];
  int status, parsed;
  parsed = arguments_parse("trivet-bench sql",
                           "The same rows and statements in columnar tables, row tables, SQLite "
                           "and DuckDB.",
                           options, sizeof options / sizeof options[0], argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  bench.report = &report;
  paired_report_begin(&report, arguments_joined(command, sizeof command, argc, argv));
  if (sql_prepare_run(&bench, &given, statements) != 0) return 2;
  sql_settings(&bench, &given);
  interrupt_arm();
  report.interrupted = sql_run(&bench, &given);
  sql_print(&bench);
  status = paired_report_status(&report);
  if (given.json != NULL && paired_report_json(&report, given.json) != 0 && status == 0) status = 1;
  sql_unload(&bench);
  if (bench.queries == statements) sql_statements_free(statements, bench.queries_n);
  paired_report_free(&report);
  return status;
}
