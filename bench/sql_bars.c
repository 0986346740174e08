/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench sql --bars`: the measures that have a bar, each a figure that must not be above it.
 * Loading is measured by loading every engine anew in each round, by turns; the stores of the last
 * round then serve for the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "interrupt.h"
#include "scratch.h"
#include "sql_bench.h"
#include "ssb.h"
#include "tool_heap.h"

#define BARS_LOADS 3 /* rounds */
#define BARS_KEYS 1000

enum { BARS_COLUMNAR = 0, BARS_DUCKDB, BARS_ROWS, BARS_SQLITE };

/* Adds a figure with its bar. */
static void bars_figure(sql_bench *bench, const char *name, double figure, double bar) {
  paired_plan plan = {.name = name, .operation = "figure", .operations = 1, .sides = 1};
  paired_result result;
  plan.side[0].name = "figure";
  plan.bar_kind = PAIRED_AT_MOST;
  plan.bar = bar;
  paired_count(&plan, PAIRED_COUNT, figure, 0, &result);
  paired_report_add(bench->report, &result);
}

/* A measure that came to nothing is told under its own name. */
static void bars_none(sql_bench *bench, const char *name, double bar, const paired_result *of) {
  paired_result result = {0};
  snprintf(result.name, sizeof result.name, "%s", name);
  result.state = of != NULL ? of->state : PAIRED_INTERRUPTED;
  if (of != NULL) snprintf(result.why, sizeof result.why, "%s", of->why);
  result.bar_kind = PAIRED_AT_MOST;
  result.bar = bar;
  paired_report_add(bench->report, &result);
}

/* The figure of result `at`: time of side `ours` as a multiple of `theirs`. */
static void bars_ratio(sql_bench *bench, const char *name, const paired_result *result, size_t ours,
                       size_t theirs, double bar) {
  if (result->state != PAIRED_DONE)
    bars_none(bench, name, bar, result);
  else
    bars_figure(bench, name, paired_ratio(result, theirs, ours).median, bar);
}

/* ---- Loading ---- */

typedef struct bars_loader {
  sql_bench *bench;
  size_t side;
} bars_loader;

static int bars_load_prepare(void *ctx, unsigned round, char *why) {
  bars_loader *loader = ctx;
  sql_side *side = &loader->bench->side[loader->side];
  (void)round, (void)why;
  if (side->engine != NULL) side->kind->close(side->engine);
  side->engine = NULL;
  return 0;
}

static int bars_load_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  bars_loader *loader = ctx;
  sql_side *side = &loader->bench->side[loader->side];
  (void)round, (void)why;
  *answer = 0;
  return sql_load_side(loader->bench, side, side->kind->word);
}

static int bars_load_answer(void *ctx, unsigned round, uint64_t *answer, char *why) {
  bars_loader *loader = ctx;
  sql_side *side = &loader->bench->side[loader->side];
  sql_answer got = {0};
  sql_statement *statement;
  (void)round;
  sql_answer_begin(&got, 0);
  if (side->kind->prepare(side->engine,
                          "SELECT count(*), sum(lo_revenue), max(lo_shipmode) FROM lineorder",
                          &statement, why) != 0)
    return -1;
  if (side->kind->execute(statement, &got, why) != 0) return -1;
  side->kind->finish(statement);
  *answer = got.digest;
  sql_answer_free(&got);
  return 0;
}

static int bars_load(sql_bench *bench) {
  bars_loader loaders[SQL_KINDS];
  paired_plan plan = {.name = "load", .operation = "load", .operations = 1};
  paired_result result;
  size_t s;
  plan.rounds_min = bench->rounds < BARS_LOADS ? bench->rounds : BARS_LOADS;
  plan.sides = bench->sides;
  for (s = 0; s < bench->sides; s++) {
    loaders[s] = (bars_loader){bench, s};
    plan.side[s] = (paired_side){bench->side[s].kind->name, bars_load_prepare, bars_load_run,
                                 bars_load_answer, &loaders[s]};
  }
  paired_run(&plan, &result);
  bars_ratio(bench, "load, of DuckDB's time", &result, BARS_COLUMNAR, BARS_DUCKDB, 1);
  bars_ratio(bench, "bulk insert, row tables, of SQLite's time", &result, BARS_ROWS, BARS_SQLITE,
             1.3);
  if (result.state == PAIRED_DONE) {
    const sql_side *side = bench->side;
    bars_figure(bench, "file, of DuckDB's size",
                side[BARS_COLUMNAR].bytes / side[BARS_DUCKDB].bytes, 1);
    bars_figure(bench, "file, row tables, of SQLite's size",
                side[BARS_ROWS].bytes / side[BARS_SQLITE].bytes, 1.15);
  }
  paired_report_add(bench->report, &result);
  return interrupt_seen() || result.state != PAIRED_DONE;
}

/* ---- SSB ---- */

static int bars_ssb(sql_bench *bench, unsigned threads) {
  sql_bench three = *bench;
  size_t from = bench->report->n, i;
  double worst = 0, mean;
  char name[80];
  const char *plural = threads == 1 ? "" : "s";
  three.sides = BARS_ROWS + 1;
  if (sql_measure_suite(&three, threads)) return 1;
  for (i = from; i < bench->report->n; i++) {
    const paired_result *result = &bench->report->results[i];
    double ratio;
    if (result->state != PAIRED_DONE) return 1;
    ratio = result->side[BARS_COLUMNAR].spread.median / result->side[BARS_DUCKDB].spread.median;
    if (ratio > worst) worst = ratio;
  }
  mean = sql_geomean(bench->report, from, BARS_COLUMNAR);
  snprintf(name, sizeof name, "SSB, %u thread%s, of DuckDB's time", threads, plural);
  bars_figure(bench, name, mean / sql_geomean(bench->report, from, BARS_DUCKDB), 0.5);
  snprintf(name, sizeof name, "SSB, %u thread%s, its slowest query, of DuckDB's", threads, plural);
  bars_figure(bench, name, worst, 1);
  snprintf(name, sizeof name, "SSB, %u thread%s, of row tables' time", threads, plural);
  bars_figure(bench, name, mean / sql_geomean(bench->report, from, BARS_ROWS), 1.0 / 12);
  return interrupt_seen();
}

/* The same with every hundredth row in the delta, beside the clean one. */
static int bars_delta(sql_bench *bench) {
  sql_bench two = *bench;
  char why[SQL_WHY_BYTES];
  size_t from;
  int stop;
  two.sides = 2;
  two.side[1] = (sql_side){.kind = &sql_kind_columnar};
  stop = sql_load_side(&two, &two.side[1], "delta");
  if (!stop && sql_kind_columnar.run(two.side[1].engine,
                                     "UPDATE lineorder SET lo_tax = lo_tax WHERE rowid % 100 = 50",
                                     why) != 0)
    heap_stop("trivet-bench sql: a hundredth into the delta: %s", why);
  from = bench->report->n;
  if (!stop) stop = sql_measure_suite(&two, bench->threads);
  if (!stop)
    bars_figure(bench, "SSB, 1 % of rows in the delta, of the clean time",
                sql_geomean(bench->report, from, 1) / sql_geomean(bench->report, from, 0), 1.3);
  if (two.side[1].engine != NULL) sql_kind_columnar.close(two.side[1].engine);
  return stop;
}

/* ---- Row tables, single rows ---- */

typedef struct bars_asker {
  const sql_side *side;
  const char *text;
  int64_t keys[BARS_KEYS];
  int64_t step; /* added to the keys before each run, so that none is asked for twice; 0: as is */
} bars_asker;

static int bars_ask_prepare(void *ctx, unsigned round, char *why) {
  bars_asker *asker = ctx;
  size_t i;
  (void)round, (void)why;
  for (i = 0; i < BARS_KEYS; i++) asker->keys[i] += asker->step;
  return 0;
}

static int bars_ask_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  bars_asker *asker = ctx;
  (void)round;
  return asker->side->kind->ask(asker->side->engine, asker->text, asker->keys, BARS_KEYS, answer,
                                why);
}

/* Two sides ask the same; each key is a multiple of `stride` below `range`, or goes up. */
static void bars_ask(const sql_bench *bench, const size_t *sides, size_t n, const char *name,
                     const char *text, int64_t first, uint64_t range, paired_result *result) {
  bars_asker *askers = heap_take(n * sizeof *askers);
  paired_plan plan = {.name = name, .operation = "statement", .operations = BARS_KEYS};
  uint64_t random = 1;
  size_t s, i;
  plan.rounds_min = bench->rounds > 9 ? bench->rounds : 9;
  plan.sides = n;
  for (i = 0; i < BARS_KEYS; i++) {
    random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    askers[0].keys[i] = first + (int64_t)(range > 0 ? (random >> 33) % range : i);
  }
  for (s = 0; s < n; s++) {
    if (s > 0) memcpy(askers[s].keys, askers[0].keys, sizeof askers[0].keys);
    askers[s].side = &bench->side[sides[s]];
    askers[s].text = text;
    askers[s].step = range > 0 ? 0 : BARS_KEYS;
    plan.side[s] =
        (paired_side){askers[s].side->kind->name, bars_ask_prepare, bars_ask_run, NULL, &askers[s]};
  }
  paired_run(&plan, result);
  free(askers);
}

static int bars_run_on(const sql_side *side, const char *text) {
  char why[SQL_WHY_BYTES];
  if (side->kind->run(side->engine, text, why) == 0) return 0;
  if (interrupt_seen()) return 1;
  heap_stop("trivet-bench sql: %s: %s: %s", side->kind->name, text, why);
}

static int bars_rows(sql_bench *bench) {
  static const sql_query scan = {
      "scan of row tables", "SELECT count(*), sum(lo_revenue), max(lo_commitdate) FROM lineorder"};
  static const char index[] = "CREATE INDEX by_order ON lineorder(lo_orderkey)";
  const size_t sides[2] = {BARS_ROWS, BARS_SQLITE};
  sql_bench two = *bench;
  paired_result result;
  int stop;
  two.side[0] = bench->side[BARS_ROWS];
  two.side[1] = bench->side[BARS_SQLITE];
  two.sides = 2;
  stop = sql_measure(&two, &scan, 1);
  result = bench->report->results[bench->report->n - 1];
  if (!stop) bars_ratio(bench, "scan, row tables, of SQLite's time", &result, 0, 1, 1.05);
  if (!stop) stop = bars_run_on(&two.side[0], index) || bars_run_on(&two.side[1], index);
  if (stop) return 1;
  bars_ask(bench, sides, 2, "lookups by an index",
           "SELECT sum(lo_revenue) FROM lineorder WHERE lo_orderkey = ?1", 1,
           ssb_rows(SSB_LINEORDER, bench->scale) * 4, &result);
  bars_ratio(bench, "index lookup, row tables, of SQLite's time", &result, 0, 1, 1.3);
  paired_report_add(bench->report, &result);
  return interrupt_seen();
}

static int bars_points(sql_bench *bench) {
  const size_t sides[2] = {BARS_COLUMNAR, BARS_ROWS};
  uint64_t parts = ssb_rows(SSB_PART, bench->scale);
  char why[SQL_WHY_BYTES];
  paired_result result;
  size_t i;
  bars_ask(bench, sides, 2, "point query", "SELECT p_size FROM part WHERE p_partkey = ?1", 1, parts,
           &result);
  if (result.state == PAIRED_DONE)
    bars_figure(bench, "point query, columnar, microseconds", result.side[0].spread.median / 1000,
                20);
  else
    bars_none(bench, "point query, columnar, microseconds", 20, &result);
  paired_report_add(bench->report, &result);
  for (i = 0; i < 2; i++)
    if (bench->side[sides[i]].kind->unsynced(bench->side[sides[i]].engine, why) != 0)
      heap_stop("trivet-bench sql: %s", why);
  bars_ask(bench, sides, 2, "insert of one row",
           "INSERT INTO part VALUES (?1, 'red snow', 'MFGR#1', 'MFGR#12', 'MFGR#1203', 'red',"
           " 'SMALL PLATED TIN', 7, 'SM BOX')",
           (int64_t)parts + 1, 0, &result);
  bars_ratio(bench, "insert of one row, of a row table's time", &result, 0, 1, 2);
  paired_report_add(bench->report, &result);
  return interrupt_seen();
}

/* ---- All ---- */

static int bars_reported(const sql_bench *bench, const char *name) {
  size_t i;
  for (i = 0; i < bench->report->n; i++)
    if (strcmp(bench->report->results[i].name, name) == 0) return 1;
  return 0;
}

/* Measures that were not reached are told as such. */
static void bars_missing(sql_bench *bench) {
  static const struct {
    const char *name;
    double bar;
  } all[] = {
      {"load, of DuckDB's time", 1},
      {"file, of DuckDB's size", 1},
      {"bulk insert, row tables, of SQLite's time", 1.3},
      {"file, row tables, of SQLite's size", 1.15},
      {"SSB, 1 thread, of DuckDB's time", 0.5},
      {"SSB, 1 thread, its slowest query, of DuckDB's", 1},
      {"SSB, 1 thread, of row tables' time", 1.0 / 12},
      {"SSB, 2 threads, of DuckDB's time", 0.5},
      {"SSB, 2 threads, its slowest query, of DuckDB's", 1},
      {"SSB, 2 threads, of row tables' time", 1.0 / 12},
      {"SSB, 1 % of rows in the delta, of the clean time", 1.3},
      {"scan, row tables, of SQLite's time", 1.05},
      {"index lookup, row tables, of SQLite's time", 1.3},
      {"point query, columnar, microseconds", 20},
      {"insert of one row, of a row table's time", 2},
  };
  size_t i;
  for (i = 0; i < sizeof all / sizeof all[0]; i++)
    if (!bars_reported(bench, all[i].name)) bars_none(bench, all[i].name, all[i].bar, NULL);
}

int sql_bars(sql_bench *bench) {
  int stop;
  if (bench->sides < SQL_KINDS)
    heap_stop("trivet-bench sql: --bars compares with DuckDB: make deps-peers");
  stop = bars_load(bench) || bars_ssb(bench, 1) || bars_ssb(bench, 2) || bars_delta(bench) ||
         bars_rows(bench) || bars_points(bench);
  if (stop) bars_missing(bench);
  return stop && interrupt_seen();
}
