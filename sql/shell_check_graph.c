/* SPDX-License-Identifier: MIT */
/*
 * .check's part for graphs. What a graph consists of, its segments, its delta and its indexes, only
 * the graph layer knows, so that it checks itself and the shell passes its sentences on. A walk
 * through the public interface, as this once was, would have seen what readers see and missed what
 * they pass over.
 */
#include <string.h>

#include "shell_internal.h"

typedef struct shell_check_graph {
  shell_check_run *run;
  const char *name;
} shell_check_graph;

/* A sentence of the check, with the graph's name where it does not say it. */
static int shell_check_graph_note(void *ctx, const char *sentence) {
  const shell_check_graph *check = ctx;
  shell_text text = {0};
  shell_text_format(&text, "graph \"%s\"", check->name);
  if (strncmp(sentence, text.data, text.size) == 0) text.size = 0;
  if (text.size > 0) shell_text_str(&text, ": ");
  shell_text_str(&text, sentence);
  shell_check_problem(check->run, text.data);
  shell_text_free(&text);
  return shell_interrupted();
}

static int shell_check_graph_run(shell_check_graph *check) {
  shell_check_run *run = check->run;
  uint64_t before = run->problems, problems = 0;
  tv_graph_stat stat = {0};
  tv_graph *graph;
  int status = tv_graph_open(run->txn, check->name, 0, &graph);
  if (status == TV_OK) status = tv_graph_stat_get(graph, &stat);
  run->records += stat.nodes + stat.edges;
  if (status == TV_OK) status = tv_graph_check(graph, shell_check_graph_note, check, &problems);
  if (run->problems - before < problems) run->problems = before + problems; /* not all are told */
  if (status >= 0 || (status == TV_ECORRUPT && run->problems > before)) return TV_OK;
  const tv_error *error = tv_txn_error(run->txn);
  shell_check_graph_note(check, error->status == status && error->message[0] != '\0'
                                    ? error->message
                                    : tv_status_name(status));
  return TV_OK;
}

static int shell_check_graph_one(void *ctx, tv_slice name) {
  shell_check_run *run = ctx;
  char *text = shell_copy_bytes(name);
  shell_check_graph check = {run, text};
  shell_check_progress(run, "graph", text, 0);
  shell_check_graph_run(&check);
  run->things++;
  shell_free(text);
  return shell_interrupted();
}

int shell_check_graphs(shell_check_run *run) {
  return tv_graph_list(run->txn, shell_check_graph_one, run);
}
