/* SPDX-License-Identifier: MIT */
/*
 * How a measure of the graph benchmark runs and is told. After Ctrl-C measures go on being
 * announced and run nothing: a table of all names beside the code that measures, kept equal by
 * hand, was rejected.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graph_run.h"
#include "interrupt.h"

static void graph_measure_tick(void *ctx, unsigned round) {
  const paired_plan *plan = ctx;
  fprintf(stderr, "\r\033[K%s, round %u ...", plan->name, round);
  fflush(stderr);
}

void graph_measure(const graph_bench *bench, const paired_plan *plan) {
  paired_plan own = *plan;
  paired_result result;
  int visible = isatty(STDERR_FILENO) && !interrupt_seen();
  if (bench->bars_only && own.bar_kind == PAIRED_NO_BAR) return;
  if (!bench->bars_only && interrupt_seen()) return;
  if (bench->csr.edges < GRAPH_EDGES_FEW) own.rounds_min = own.rounds_max = 2;
  if (visible) {
    own.tick = graph_measure_tick;
    own.tick_ctx = &own;
    fprintf(stderr, "\r\033[K%s, warming up ...", plan->name);
  }
  paired_run(&own, &result);
  if (visible) fputs("\r\033[K", stderr);
  paired_report_add(bench->report, &result);
}

void graph_figure(const graph_bench *bench, const char *name, double figure, paired_bar kind,
                  double bar) {
  paired_plan plan = {.name = name, .operation = "", .bar_kind = kind, .bar = bar};
  paired_result result;
  plan.sides = 1;
  plan.side[0].name = "trivet";
  if (interrupt_seen()) {
    graph_measure(bench, &plan); /* adds what Ctrl-C leaves of it */
    return;
  }
  if (bench->bars_only && kind == PAIRED_NO_BAR) return;
  paired_count(&plan, PAIRED_COUNT, figure, 0, &result);
  paired_report_add(bench->report, &result);
}

static int graph_median_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double graph_median(double *numbers, size_t n) {
  if (n == 0) return 0;
  qsort(numbers, n, sizeof *numbers, graph_median_compare);
  return numbers[n / 2];
}
