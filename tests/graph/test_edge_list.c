/* SPDX-License-Identifier: MIT */
/* Loading edge lists: formats, bad lines, text that comes in pieces, loads beside existing edges.
 */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

typedef struct text {
  const char *at;
  size_t piece; /* bytes given at a time */
  int calls;
} text;

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static int read_text(void *ctx, void *buffer, size_t capacity, size_t *got) {
  text *t = ctx;
  *got = strlen(t->at);
  if (*got > t->piece) *got = t->piece;
  if (*got > capacity) *got = capacity;
  memcpy(buffer, t->at, *got);
  t->at += *got;
  t->calls++;
  return 0;
}

static int fail_to_read(void *ctx, void *buffer, size_t capacity, size_t *got) {
  (void)ctx, (void)buffer, (void)capacity, (void)got;
  return -1;
}

static int stop_soon(void *ctx, const tv_load_report *report) {
  (void)ctx;
  return report->lines >= 2;
}

typedef struct listing {
  tv_graph *g;
  char text[512];
} listing;

static int list_edge(void *ctx, const tv_edge_ref *edge) {
  listing *l = ctx;
  tv_slice from, to;
  char one[64];
  test_ok(tv_graph_node_key(l->g, edge->from, &from));
  test_ok(tv_graph_node_key(l->g, edge->to, &to));
  snprintf(one, sizeof one, "%.*s>%.*s ", (int)from.size, (const char *)from.data, (int)to.size,
           (const char *)to.data);
  strncat(l->text, one, sizeof l->text - strlen(l->text) - 1);
  return 0;
}

static int load(fixture *f, int format, const char *content, size_t piece, int skip,
                tv_load_report *report) {
  text t = {content, piece, 0};
  tv_load_options options = {.format = format,
                             .skip_bad_lines = skip,
                             .type = "e",
                             .label = "N",
                             .read = read_text,
                             .ctx = &t};
  return tv_graph_load(f->g, &options, report);
}

static void check_edges(fixture *f, const char *expected) {
  listing l = {f->g, ""};
  test_ok(tv_graph_edges(f->g, "e", list_edge, &l));
  assert_string_equal(l.text, expected);
}

static void words_of_a_snap_list_are_keys(void **state) {
  fixture *f = *state;
  static const char content[] = "# a comment\n1\t2\r\n2 3 0.5\n\n1 2\n3,1";
  tv_load_report report;
  tv_node node;
  test_ok(load(f, TV_LOAD_SNAP, content, 3, 0, &report));
  assert_int_equal(report.lines, 6);
  assert_int_equal(report.edges, 4);
  assert_int_equal(report.bad_lines, 0);
  check_edges(f, "1>2 1>2 2>3 3>1 ");
  test_ok(tv_graph_node_find(f->g, tv_str("3"), &node));
  test_ok(tv_graph_label_has(f->g, node, "N"));
}

static void fields_of_csv_may_be_quoted(void **state) {
  fixture *f = *state;
  tv_load_report report;
  test_ok(load(f, TV_LOAD_CSV, "source,target,weight\n\"a,b\",\"say \"\"hi\"\"\",1\nx,\"a,b\"\n",
               1000, 0, &report));
  check_edges(f, "a,b>say \"hi\" x>a,b ");
  test_status(load(f, TV_LOAD_CSV, "h,h\n\"open,b\n", 1000, 0, &report), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "line 2"));
  test_status(load(f, TV_LOAD_CSV, "h,h\n\"a\"b,c\n", 1000, 0, &report), TV_EINVAL);
}

static void a_matrix_gives_numbered_nodes_and_symmetry_both_directions(void **state) {
  fixture *f = *state;
  tv_graph_stat stat;
  test_ok(load(f, TV_LOAD_MATRIX_MARKET,
               "%%MatrixMarket matrix coordinate pattern symmetric\n% c\n4 4 3\n2 1\n3 3\n3 2\n", 7,
               0, NULL));
  check_edges(f, "1>2 2>1 2>3 3>2 3>3 ");
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 4);
  assert_int_equal(stat.edges, 5);
}

static void damaged_matrices_are_refused(void **state) {
  fixture *f = *state;
  static const char *const bad[] = {"1 2\n",
                                    "%%MatrixMarket matrix array real general\n1 1\n",
                                    "%%MatrixMarket matrix coordinate real hermitian\n1 1 0\n",
                                    "%%MatrixMarket matrix coordinate real general\n2 3 1\n1 1\n",
                                    "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 3 1\n",
                                    "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1\n",
                                    ""};
  size_t i;
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
    test_status(load(f, TV_LOAD_MATRIX_MARKET, bad[i], 100, 0, NULL), TV_EINVAL);
}

static void a_bad_line_is_named_or_counted(void **state) {
  fixture *f = *state;
  tv_load_report report;
  test_status(load(f, TV_LOAD_SNAP, "a b\nonly\nc d\n", 100, 0, &report), TV_EINVAL);
  assert_int_equal(report.first_bad_line, 2);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "line 2"));
  test_status(tv_graph_edges(f->g, "e", list_edge, &(listing){f->g, ""}), TV_ENOLABEL);
  test_ok(load(f, TV_LOAD_SNAP, "a b\nonly\nc d\nthis\n", 100, 1, &report));
  assert_int_equal(report.bad_lines, 2);
  assert_int_equal(report.first_bad_line, 2);
  assert_int_equal(report.edges, 2);
  check_edges(f, "a>b c>d ");
}

static void loads_add_to_what_is_there(void **state) {
  fixture *f = *state;
  tv_edge_ref ref;
  tv_node a, b;
  tv_edge edge;
  test_ok(tv_graph_node_put(f->g, tv_str("a"), NULL, &a));
  test_ok(tv_graph_node_put(f->g, tv_str("b"), NULL, &b));
  test_ok(tv_graph_edge_add(f->g, b, a, "e", 0, NULL, &edge));
  test_ok(load(f, TV_LOAD_SNAP, "a b\na c\n", 100, 0, NULL));
  test_ok(load(f, TV_LOAD_SNAP, "c a\na b\n", 100, 0, NULL));
  check_edges(f, "a>b a>b a>c b>a c>a ");
  test_ok(tv_graph_edge_set(f->g, edge + 1, "x", (tv_value){TV_INT64, {5}}));
  test_ok(tv_graph_edge_find(f->g, edge + 1, &ref));
  test_ok(tv_graph_edge_get(f->g, &ref, "x", &(tv_value){0}));
  test_ok(tv_graph_compact(f->g, UINT64_MAX, NULL));
  test_ok(tv_graph_edge_get(f->g, &ref, "x", &(tv_value){0}));
  test_ok(tv_graph_edge_delete(f->g, edge + 1));
  test_status(tv_graph_edge_find(f->g, edge + 1, &ref), TV_NOTFOUND);
  check_edges(f, "a>b a>c b>a c>a ");
  test_ok(tv_graph_edge_add(f->g, a, b, "e", 0, NULL, &edge));
  assert_int_equal(edge, 5);
}

static void failures_of_the_reader_and_interruptions_end_a_load(void **state) {
  fixture *f = *state;
  text t = {"a b\nc d\ne f\n", 4, 0};
  tv_load_options options = {.type = "e", .read = fail_to_read, .ctx = &t};
  test_status(tv_graph_load(f->g, &options, NULL), TV_EIO);
  options.read = read_text;
  options.progress = stop_soon;
  test_status(tv_graph_load(f->g, &options, NULL), TV_EINTR);
  assert_int_equal(t.calls, 2);
  options.format = 3;
  test_status(tv_graph_load(f->g, &options, NULL), TV_EINVAL);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(words_of_a_snap_list_are_keys),
      with_graph(fields_of_csv_may_be_quoted),
      with_graph(a_matrix_gives_numbered_nodes_and_symmetry_both_directions),
      with_graph(damaged_matrices_are_refused),
      with_graph(a_bad_line_is_named_or_counted),
      with_graph(loads_add_to_what_is_there),
      with_graph(failures_of_the_reader_and_interruptions_end_a_load),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
