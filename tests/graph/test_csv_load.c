/* SPDX-License-Identifier: MIT */
/*
 * Graphs as CSV: what is loaded, what is refused and how, and that what the export writes comes
 * back as the same graph, whatever its keys, names and values are.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_sink.h"
#include "trivet_graph_algo.h"
#include "trivet_graph_index.h"
#include "trivet_graph_text.h"

typedef struct text_source {
  const char *at;
  size_t left, piece; /* at most `piece` bytes a time */
  int fails;
} text_source;

static int take(void *ctx, void *buffer, size_t capacity, size_t *got) {
  text_source *source = ctx;
  if (source->fails && source->left == 0) return 1;
  *got = source->left < source->piece ? source->left : source->piece;
  if (*got > capacity) *got = capacity;
  memcpy(buffer, source->at, *got);
  source->at += *got;
  source->left -= *got;
  return 0;
}

static char *export(tv_graph *g, int format) {
  text_sink sink = {NULL, 0, 0};
  tv_export_options options = {.format = format, .write = put, .ctx = &sink};
  test_ok(tv_graph_export(g, &options, NULL));
  return sink.text;
}

static int load_bytes(tv_graph *g, const tv_csv_options *options, const char *text, size_t size,
                      size_t piece, tv_csv_report *report) {
  text_source source = {text, size, piece, 0};
  tv_csv_options mine = *options;
  mine.read = take;
  mine.ctx = &source;
  return tv_graph_csv_load(g, &mine, report);
}

static int load(tv_graph *g, int kind, const char *text, tv_csv_report *report) {
  tv_csv_options options = {.kind = kind};
  return load_bytes(g, &options, text, strlen(text), 7, report);
}

static tv_graph *begin(tv_db *db, tv_txn **txn) {
  tv_graph *g;
  *txn = test_begin(db, TV_WRITE);
  test_ok(tv_graph_open(*txn, "g", TV_CREATE, &g));
  return g;
}

static tv_value get(tv_graph *g, const char *key, const char *name) {
  tv_value value = {.type = TV_NULL};
  tv_node node;
  test_ok(tv_graph_node_find(g, tv_str(key), &node));
  (void)tv_graph_node_get(g, node, name, &value);
  return value;
}

#define NODES                                                                \
  "key,labels,age:int64,\"na\"\"me\",ok:bool,w:double,raw:blob,a:b:text\r\n" \
  "ada,Person;Mathema\\;tician,36,\"Ada\r\nL\",true,0.1,00ff,x\r\n"          \
  "\"b,\"\"ob\",,,\"\",0,-inf,,\n"                                           \
  "\n"                                                                       \
  "c,Person,-9223372036854775808,plain,,1e3,,"

static void typed_columns_become_properties(void **state) {
  tv_db *db = test_open_memory();
  tv_csv_report report;
  tv_value value;
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  tv_node node;
  (void)state;
  test_ok(load(g, TV_CSV_NODES, NODES, &report));
  assert_int_equal(report.nodes, 3);
  assert_int_equal(report.bad_lines, 0);
  assert_int_equal(report.lines, 6);
  value = get(g, "ada", "age");
  assert_true(value.type == TV_INT64 && value.as.integer == 36);
  value = get(g, "c", "age");
  assert_true(value.type == TV_INT64 && value.as.integer == INT64_MIN);
  value = get(g, "ada", "na\"me");
  assert_int_equal(value.type, TV_TEXT);
  assert_int_equal(value.as.bytes.size, 6);
  assert_memory_equal(value.as.bytes.data, "Ada\r\nL", 6);
  value = get(g, "b,\"ob", "na\"me");
  assert_true(value.type == TV_TEXT &&
              value.as.bytes.size == 0); /* "" is a text, nothing is none */
  assert_int_equal(get(g, "b,\"ob", "age").type, TV_NULL);
  value = get(g, "b,\"ob", "ok");
  assert_true(value.type == TV_BOOL && value.as.integer == 0);
  assert_true(isinf(get(g, "b,\"ob", "w").as.real));
  assert_true(get(g, "c", "w").as.real == 1000.0);
  value = get(g, "ada", "raw");
  assert_int_equal(value.type, TV_BLOB);
  assert_memory_equal(value.as.bytes.data, "\x00\xff", 2);
  assert_int_equal(get(g, "ada", "a:b").type, TV_TEXT);
  test_ok(tv_graph_node_find(g, tv_str("ada"), &node));
  test_ok(tv_graph_label_has(g, node, "Mathema;tician"));
  /* A second file adds to what is there. */
  test_ok(load(g, TV_CSV_NODES, "labels,key,age:int64\nOld,ada,37\n,new,1", &report));
  assert_int_equal(get(g, "ada", "age").as.integer, 37);
  assert_int_equal(get(g, "ada", "ok").type, TV_BOOL);
  test_ok(tv_graph_label_has(g, node, "Person"));
  test_ok(tv_graph_label_has(g, node, "Old"));
  test_commit(txn);
  test_close(db);
}

static void edges_have_types_weights_and_properties(void **state) {
  tv_db *db = test_open_memory();
  tv_csv_options options = {
      .kind = TV_CSV_EDGES, .create_nodes = 1, .type = "road", .separator = ';'};
  tv_csv_report report;
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  tv_graph_stat stat;
  double distances[8];
  char *csv;
  const char *text =
      "from;to;type;km:double;toll:bool\n"
      "a;b;;1.5;\nb;c;;2;\nb;c;rail;1;true\na;c;rail;9;\nc;d;;;\n";
  (void)state;
  test_ok(load_bytes(g, &options, text, strlen(text), 1000, &report));
  assert_int_equal(report.edges, 5);
  test_ok(tv_graph_stat_get(g, &stat));
  assert_int_equal(stat.nodes, 4);
  assert_int_equal(stat.edges, 5);
  csv = export(g, TV_EXPORT_EDGES_CSV);
  assert_non_null(strstr(csv, "a,b,road,1.5,\r\n"));
  assert_non_null(strstr(csv, "b,c,rail,1,true\r\n"));
  assert_non_null(strstr(csv, "c,d,road,,\r\n"));
  free(csv);
  test_ok(load(g, TV_CSV_EDGES, "source,target,type,km:double\nd,a,road,3", NULL));
  test_ok(tv_graph_distances(g, NULL, 0, TV_OUT, "km", distances, NULL, stat.node_ids));
  assert_true(distances[1] == 1.5 && distances[2] == 2.5 && distances[3] == 3.5);
  test_commit(txn);
  test_close(db);
}

typedef struct bad_line {
  int kind;
  const char *text, *problem;
  uint64_t line;
} bad_line;

static const bad_line bad_lines[] = {
    {TV_CSV_NODES, "key,n:int64\na,1\nb,x\nc,3", "line 3 has a value that is no int64", 3},
    {TV_CSV_NODES, "key,n:int64\na,9223372036854775808\nc,3", "line 2 has a value that is no int64",
     2},
    {TV_CSV_NODES, "key,n:double\na, 1\nc,3", "no double", 2},
    {TV_CSV_NODES, "key,n:double\na,0x10\nc,3", "no double", 2},
    {TV_CSV_NODES, "key,n:bool\na,yes\nc,1", "no bool", 2},
    {TV_CSV_NODES, "key,n:blob\na,0g\nc,00", "no blob", 2},
    {TV_CSV_NODES, "key,n:blob\na,012\nc,00", "no blob", 2},
    {TV_CSV_NODES, "key,n:int64,n:text\na,1,x\nc,,x", "two values for one property", 2},
    {TV_CSV_NODES, "key,n\n,1\nc,3", "line 2 has no key", 2},
    {TV_CSV_NODES, "key,n\na\nc,3", "line 2 has too few fields", 2},
    {TV_CSV_NODES, "key,n\na,1,2\nc,3", "line 2 has too many fields", 2},
    {TV_CSV_NODES, "key,labels\na,x;;y\nc,x", "label that is empty", 2},
    {TV_CSV_NODES, "key,n\na,\"x\"y\nc,3", "line 2 has text behind a closing quote", 2},
    {TV_CSV_NODES, "key,n\n\"a\n\",\"x\nc,3", "line 2 has a quote that is not closed", 2},
    {TV_CSV_EDGES, "source,target,type\na,,t\nc,c,t", "does not name two nodes", 2},
    {TV_CSV_EDGES, "source,target,type\na,z,t\nc,c,t", "line 2 has a target that is no node", 2},
    {TV_CSV_EDGES, "source,target,type\nc,c,\nc,c,t", "line 2 has no type", 2},
    {TV_CSV_EDGES, "source,target,type,w:int64\nc,c,t,1.5\nc,c,t,1", "no int64", 2},
};

static void a_bad_line_is_named_and_stops_or_is_passed_over(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
    const bad_line *bad = &bad_lines[i];
    tv_csv_options skipping = {.kind = bad->kind, .skip_bad_lines = 1};
    tv_db *db = test_open_memory();
    tv_csv_report report;
    tv_graph_stat stat;
    char message[300];
    tv_txn *txn;
    tv_graph *g = begin(db, &txn);
    tv_node node;
    test_ok(tv_graph_node_put(g, tv_str("c"), NULL, &node));
    test_ok(tv_graph_node_put(g, tv_str("a"), NULL, &node));
    if (load(g, bad->kind, bad->text, &report) != TV_EINVAL ||
        strstr(tv_txn_error(txn)->message, bad->problem) == NULL)
      fail_msg("%s\n  gave: %s", bad->text, tv_txn_error(txn)->message);
    snprintf(message, sizeof message, "%s", tv_txn_error(txn)->message);
    assert_int_equal(report.bad_lines, 1);
    assert_int_equal(report.first_bad_line, bad->line);
    if (load_bytes(g, &skipping, bad->text, strlen(bad->text), 5, &report) != TV_OK)
      fail_msg("%s\n  gave: %s", bad->text, tv_txn_error(txn)->message);
    assert_true(report.bad_lines >= 1 && report.first_bad_line == bad->line);
    assert_non_null(strstr(message, report.problem));
    test_ok(tv_graph_stat_get(g, &stat));
    if (bad->kind == TV_CSV_EDGES) assert_int_equal(stat.edges, 1);
    tv_abort(txn);
    test_close(db);
  }
}

static void a_bad_header_is_always_an_error(void **state) {
  static const struct {
    int kind;
    const char *text, *problem;
  } bad[] = {
      {TV_CSV_NODES, "", "the header is missing"},
      {TV_CSV_NODES, "name,labels\n", "no column \"key\""},
      {TV_CSV_NODES, "key,key\n", "a column twice: key"},
      {TV_CSV_NODES, "key,a:int64,a:int64\n", "a column twice: a"},
      {TV_CSV_NODES, "key,:int64\n", "names no property"},
      {TV_CSV_NODES, "key,\"a\n", "quote that is not closed"},
      {TV_CSV_EDGES, "source,type\n", "no columns \"source\" and \"target\""},
      {TV_CSV_EDGES, "source,target\n", "no column \"type\", and no type was given"},
  };
  tv_db *db = test_open_memory();
  tv_csv_options none = {.kind = TV_CSV_NODES};
  text_source broken = {"key\na\n", 6, 100, 1};
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  size_t i;
  (void)state;
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    tv_csv_options options = {.kind = bad[i].kind, .skip_bad_lines = 1};
    assert_int_equal(load_bytes(g, &options, bad[i].text, strlen(bad[i].text), 100, NULL),
                     TV_EINVAL);
    assert_non_null(strstr(tv_txn_error(txn)->message, bad[i].problem));
  }
  assert_int_equal(tv_graph_csv_load(g, &none, NULL), TV_EINVAL);
  none.read = take;
  none.ctx = &broken;
  assert_int_equal(tv_graph_csv_load(g, &none, NULL), TV_EIO);
  assert_non_null(strstr(tv_txn_error(txn)->message, "could not be read"));
  test_commit(txn);
  test_close(db);
}

static int stop_at(void *ctx, const tv_csv_report *report) {
  (void)ctx;
  return report->nodes >= 5000;
}

static void a_load_tells_its_progress_and_can_be_ended(void **state) {
  tv_db *db = test_open_memory();
  size_t room = 20000 * 8, size, i;
  char *text = malloc(room);
  tv_csv_options options = {.kind = TV_CSV_NODES, .progress = stop_at};
  tv_csv_report report;
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  (void)state;
  size = (size_t)snprintf(text, room, "key\n");
  for (i = 0; i < 15000; i++) size += (size_t)snprintf(text + size, room - size, "n%zu\n", i);
  assert_int_equal(load_bytes(g, &options, text, size, 1 << 20, &report), TV_EINTR);
  assert_true(report.nodes >= 5000 && report.nodes < 15000);
  free(text);
  tv_abort(txn);
  test_close(db);
}

static void a_unique_index_makes_a_line_bad(void **state) {
  tv_db *db = test_open_memory();
  tv_index by_name = {TV_INDEX_NODES, NULL, "name"};
  tv_csv_options options = {.kind = TV_CSV_NODES, .skip_bad_lines = 1};
  const char *text = "key,name\na,x\nb,x\nc,y\n";
  tv_csv_report report;
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  tv_node node;
  (void)state;
  test_ok(tv_graph_index_create(g, &by_name, TV_INDEX_UNIQUE));
  test_ok(load_bytes(g, &options, text, strlen(text), 100, &report));
  assert_int_equal(report.bad_lines, 1);
  assert_int_equal(report.first_bad_line, 3);
  assert_string_equal(report.problem, "has a value that a unique index has already");
  assert_int_equal(tv_graph_node_find(g, tv_str("b"), &node), TV_NOTFOUND);
  test_ok(tv_graph_node_find(g, tv_str("c"), &node));
  tv_abort(txn);
  test_close(db);
}

/* ---- There and back ---- */

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct listing {
  tv_graph *g;
  char *lines[4000];
  size_t n;
  char row[8192], *parts[64];
  size_t count;
} listing;

static void hex(char *out, tv_slice bytes) {
  const unsigned char *p = bytes.data;
  size_t i;
  for (i = 0; i < bytes.size; i++) sprintf(out + 2 * i, "%02x", p[i]);
  out[2 * bytes.size] = '\0';
}

static int list_label(void *ctx, const char *label) {
  listing *l = ctx;
  l->parts[l->count] = malloc(strlen(label) + 2);
  sprintf(l->parts[l->count++], ":%s", label);
  return 0;
}

static int list_property(void *ctx, const char *name, tv_value value) {
  listing *l = ctx;
  char *part = malloc(strlen(name) + 2100);
  int at = sprintf(part, "%s=%d:", name, value.type);
  if (value.type == TV_TEXT || value.type == TV_BLOB)
    hex(part + at, value.as.bytes);
  else if (value.type == TV_DOUBLE && isnan(value.as.real))
    strcpy(part + at, "nan");
  else
    hex(part + at, tv_bytes(&value.as, 8));
  l->parts[l->count++] = part;
  return 0;
}

static void list_end(listing *l) {
  size_t i;
  qsort(l->parts, l->count, sizeof l->parts[0], by_text);
  for (i = 0; i < l->count; i++) {
    strcat(strcat(l->row, " "), l->parts[i]);
    free(l->parts[i]);
  }
  l->count = 0;
  l->lines[l->n] = malloc(strlen(l->row) + 1);
  strcpy(l->lines[l->n++], l->row);
}

static int list_node(void *ctx, tv_node node) {
  listing *l = ctx;
  tv_slice key;
  test_ok(tv_graph_node_key(l->g, node, &key));
  hex(l->row, key);
  test_ok(tv_graph_node_labels(l->g, node, list_label, l));
  test_ok(tv_graph_node_properties(l->g, node, list_property, l));
  list_end(l);
  return 0;
}

static int list_edge(void *ctx, const tv_edge_ref *edge) {
  listing *l = ctx;
  tv_slice key;
  test_ok(tv_graph_node_key(l->g, edge->from, &key));
  hex(l->row, key);
  strcat(l->row, " -> ");
  test_ok(tv_graph_node_key(l->g, edge->to, &key));
  hex(l->row + strlen(l->row), key);
  strcat(strcat(l->row, " "), tv_graph_type_name(l->g, edge->type));
  test_ok(tv_graph_edge_properties(l->g, edge, list_property, l));
  list_end(l);
  return 0;
}

/* Nodes and edges by what they are, in order; ids and numbers do not count. */
static listing *list(tv_graph *g) {
  listing *l = calloc(1, sizeof *l);
  l->g = g;
  test_ok(tv_graph_nodes(g, NULL, list_node, l));
  test_ok(tv_graph_edges(g, NULL, list_edge, l));
  qsort(l->lines, l->n, sizeof l->lines[0], by_text);
  return l;
}

static void list_free(listing *l) {
  size_t i;
  for (i = 0; i < l->n; i++) free(l->lines[i]);
  free(l);
}

static tv_slice random_bytes(uint64_t *seed, char *room, size_t max) {
  static const char odd[] = ",\";\\:\n\r\t\0\xff\xc3\xa9 'ab";
  size_t n = 1 + test_random(seed) % max, i;
  for (i = 0; i < n; i++) room[i] = odd[test_random(seed) % (sizeof odd - 1)];
  return tv_bytes(room, n);
}

static tv_value random_value(uint64_t *seed, char *room) {
  tv_value value = {.type = (int32_t)(TV_BOOL + test_random(seed) % 5)};
  static const double reals[] = {0.1, -0.0, 1e300, 5e-324, 1.0 / 3, HUGE_VAL, -HUGE_VAL};
  switch (value.type) {
    case TV_BOOL:
      value.as.integer = (int64_t)(test_random(seed) & 1);
      break;
    case TV_INT64:
      value.as.integer = (int64_t)(test_random(seed) << (test_random(seed) % 60));
      break;
    case TV_DOUBLE:
      value.as.real = test_random(seed) % 9 == 0 ? (double)NAN : reals[test_random(seed) % 7];
      break;
    default:
      value.as.bytes = random_bytes(seed, room, 9);
      if (test_random(seed) % 4 == 0) value.as.bytes.size = 0;
      break;
  }
  return value;
}

static const char *const names[] = {"a", "b:int64", "key", "with \"quotes\"", "n,m", "labels"};
static const char *const words[] = {"road", "a;b", "\\", "rail,way", "type \"x\""};

static void random_graph(tv_graph *g, uint64_t *seed) {
  tv_node nodes[60];
  char room[64], other[64];
  size_t i, j;
  for (i = 0; i < 60; i++) {
    test_ok(tv_graph_node_put(g, random_bytes(seed, room, 40), NULL, &nodes[i]));
    for (j = 0; j < test_random(seed) % 4; j++)
      test_ok(tv_graph_label_add(g, nodes[i], words[test_random(seed) % 5]));
    for (j = 0; j < test_random(seed) % 4; j++)
      test_ok(
          tv_graph_node_set(g, nodes[i], names[test_random(seed) % 6], random_value(seed, room)));
  }
  for (i = 0; i < 400; i++) {
    tv_property properties[2] = {{names[0], random_value(seed, room)},
                                 {names[1], random_value(seed, other)}};
    test_ok(tv_graph_edge_add(g, nodes[test_random(seed) % 60], nodes[test_random(seed) % 60],
                              words[test_random(seed) % 5], test_random(seed) % 3, properties,
                              NULL));
    if (i == 200) test_ok(tv_graph_compact(g, UINT64_MAX, NULL));
  }
  for (i = 0; i < 5; i++) (void)tv_graph_node_delete(g, nodes[test_random(seed) % 60]);
  for (i = 0; i < 40; i++) (void)tv_graph_edge_delete(g, test_random(seed) % 400);
}

static void what_is_exported_comes_back_as_the_same_graph(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 12; round++) {
    tv_db *db = test_open_memory();
    text_sink nodes = {NULL, 0, 0}, edges = {NULL, 0, 0};
    tv_export_options as_nodes = {.format = TV_EXPORT_NODES_CSV, .write = put, .ctx = &nodes};
    tv_export_options as_edges = {.format = TV_EXPORT_EDGES_CSV, .write = put, .ctx = &edges};
    tv_csv_options load_nodes = {.kind = TV_CSV_NODES}, load_edges = {.kind = TV_CSV_EDGES};
    tv_export_report written;
    tv_csv_report read;
    listing *before, *after;
    tv_txn *txn;
    tv_graph *g = begin(db, &txn), *copy;
    size_t i;
    random_graph(g, &seed);
    test_ok(tv_graph_export(g, &as_nodes, NULL));
    test_ok(tv_graph_export(g, &as_edges, &written));
    test_ok(tv_graph_open(txn, "copy", TV_CREATE, &copy));
    test_ok(
        load_bytes(copy, &load_nodes, nodes.text, nodes.size, 1 + test_random(&seed) % 50, NULL));
    test_ok(
        load_bytes(copy, &load_edges, edges.text, edges.size, 1 + test_random(&seed) % 50, &read));
    assert_int_equal(written.edges, read.edges);
    before = list(g);
    after = list(copy);
    assert_int_equal(before->n, after->n);
    for (i = 0; i < before->n; i++) assert_string_equal(before->lines[i], after->lines[i]);
    list_free(before);
    list_free(after);
    free(nodes.text);
    free(edges.text);
    tv_abort(txn);
    test_close(db);
  }
}

/* Whatever bytes follow a header, each record is a node or a bad line, in pieces of any size. */
static void no_bytes_are_too_strange_to_be_read(void **state) {
  static const char pieces[] = "a1,,\"\"\n\n\r;:\\-";
  uint64_t seed = test_seed();
  tv_csv_options options = {.kind = TV_CSV_NODES, .skip_bad_lines = 1};
  tv_db *db = test_open_memory();
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  int round;
  (void)state;
  for (round = 0; round < 3000; round++) {
    char text[120] = "key,labels,n:int64,b:blob\n";
    size_t size = strlen(text), i;
    tv_csv_report whole, piecewise;
    for (i = size + test_random(&seed) % 90; size < i; size++)
      text[size] = pieces[test_random(&seed) % (sizeof pieces - 1)];
    test_ok(load_bytes(g, &options, text, size, sizeof text, &whole));
    test_ok(load_bytes(g, &options, text, size, 1 + test_random(&seed) % 3, &piecewise));
    assert_true(whole.nodes + whole.bad_lines <= whole.lines);
    assert_memory_equal(&whole, &piecewise, offsetof(tv_csv_report, problem));
  }
  tv_abort(txn);
  test_close(db);
}

/* ---- The example of the header ---- */

static int example_put(void *ctx, const void *data, size_t size) {
  return fwrite(data, 1, size, ctx) != size;
}

static void the_headers_example_works(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  tv_graph *g = begin(db, &txn);
  FILE *file = tmpfile();
  char line[32];
  (void)state;
  assert_non_null(file);
  {
    tv_export_options dot = {.format = TV_EXPORT_DOT, .write = example_put, .ctx = file};
    test_ok(tv_graph_export(g, &dot, NULL));
  }
  rewind(file);
  assert_non_null(fgets(line, sizeof line, file));
  assert_string_equal(line, "digraph \"g\" {\n");
  fclose(file);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(typed_columns_become_properties),
      cmocka_unit_test(edges_have_types_weights_and_properties),
      cmocka_unit_test(a_bad_line_is_named_and_stops_or_is_passed_over),
      cmocka_unit_test(a_bad_header_is_always_an_error),
      cmocka_unit_test(a_load_tells_its_progress_and_can_be_ended),
      cmocka_unit_test(a_unique_index_makes_a_line_bad),
      cmocka_unit_test(what_is_exported_comes_back_as_the_same_graph),
      cmocka_unit_test(no_bytes_are_too_strange_to_be_read),
      cmocka_unit_test(the_headers_example_works),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
