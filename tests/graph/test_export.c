/* SPDX-License-Identifier: MIT */
/*
 * Export of graphs and of parts of them: exact text for a small one, escapes, what is in a part,
 * and that other programs read it (dot and xmllint, where they are installed).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text_sink.h"
#include "trivet_graph_text.h"

static char *written(tv_graph *g, tv_export_options options, tv_export_report *report) {
  text_sink sink = {NULL, 0, 0};
  options.write = put;
  options.ctx = &sink;
  test_ok(tv_graph_export(g, &options, report));
  return sink.text;
}

static void text_is(tv_graph *g, tv_export_options options, const char *expected) {
  char *text = written(g, options, NULL);
  if (strcmp(text, expected) != 0) fail_msg("gave:\n%s\nexpected:\n%s", text, expected);
  free(text);
}

static tv_value text_value(const char *text) {
  return (tv_value){.type = TV_TEXT, .as = {.bytes = tv_str(text)}};
}

/* a -x-> b -y-> c, a -x-> c; a is an L, b an L and M. */
static tv_graph *make(tv_txn *txn, tv_node nodes[3]) {
  static const char *const keys[] = {"a", "b", "c"};
  tv_value number = {.type = TV_INT64, .as = {.integer = 7}};
  tv_value real = {.type = TV_DOUBLE, .as = {.real = 0.5}};
  tv_property km = {"km", real};
  tv_graph *g;
  int i;
  test_ok(tv_graph_open(txn, "map", TV_CREATE, &g));
  for (i = 0; i < 3; i++)
    test_ok(tv_graph_node_put(g, tv_str(keys[i]), i < 2 ? "L" : NULL, &nodes[i]));
  test_ok(tv_graph_label_add(g, nodes[1], "M"));
  test_ok(tv_graph_node_set(g, nodes[0], "n", number));
  test_ok(tv_graph_node_set(g, nodes[1], "n", text_value("seven")));
  test_ok(tv_graph_edge_add(g, nodes[0], nodes[1], "x", 1, &km, NULL));
  test_ok(tv_graph_edge_add(g, nodes[1], nodes[2], "y", 0, NULL, NULL));
  test_ok(tv_graph_edge_add(g, nodes[0], nodes[2], "x", 0, NULL, NULL));
  return g;
}

static void each_format_says_the_whole_graph(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_node nodes[3];
  tv_graph *g = make(txn, nodes);
  tv_export_report report;
  char *text;
  (void)state;
  text_is(g, (tv_export_options){.format = TV_EXPORT_NODES_CSV},
          "key,labels,n:int64,n:text\r\na,L,7,\r\nb,L;M,,seven\r\nc,,,\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_EDGES_CSV},
          "source,target,type,km:double\r\na,b,x,0.5\r\na,c,x,\r\nb,c,y,\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_DOT},
          "digraph \"map\" {\n"
          "  n0 [label=\"a\", tooltip=\"L\\nn = 7\"];\n"
          "  n1 [label=\"b\", tooltip=\"L;M\\nn = seven\"];\n"
          "  n2 [label=\"c\", tooltip=\"\"];\n"
          "  n0 -> n1 [label=\"x\", tooltip=\"km = 0.5\"];\n"
          "  n0 -> n2 [label=\"x\", tooltip=\"\"];\n"
          "  n1 -> n2 [label=\"y\", tooltip=\"\"];\n"
          "}\n");
  text = written(g, (tv_export_options){.format = TV_EXPORT_GRAPHML}, &report);
  assert_int_equal(report.nodes, 3);
  assert_int_equal(report.edges, 3);
  assert_non_null(strstr(text, "<key id=\"n0\" for=\"node\" attr.name=\"n\" attr.type=\"long\"/>"));
  assert_non_null(
      strstr(text, "<key id=\"n1\" for=\"node\" attr.name=\"n\" attr.type=\"string\"/>"));
  assert_non_null(strstr(text,
                         "<node id=\"n1\"><data key=\"key\">b</data><data key=\"labels\">L;M"
                         "</data><data key=\"n1\">seven</data></node>"));
  assert_non_null(strstr(text,
                         "<edge id=\"e0\" source=\"n0\" target=\"n1\"><data key=\"type\">x"
                         "</data><data key=\"e0\">0.5</data></edge>"));
  free(text);
  tv_abort(txn);
  test_close(db);
}

static void a_part_has_its_nodes_and_the_edges_between_them(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_node nodes[3], some[3], gone = 99;
  tv_graph *g = make(txn, nodes);
  uint32_t x;
  tv_export_options options;
  text_sink sink = {NULL, 0, 0};
  (void)state;
  test_ok(tv_graph_type_find(g, "x", &x));
  some[0] = nodes[2];
  some[1] = nodes[0];
  some[2] = nodes[2];
  text_is(g, (tv_export_options){.format = TV_EXPORT_EDGES_CSV, .nodes = some, .node_count = 3},
          "source,target,type\r\na,c,x\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_NODES_CSV, .nodes = some, .node_count = 3},
          "key,labels,n:int64\r\na,L,7\r\nc,,\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_EDGES_CSV, .label = "L"},
          "source,target,type,km:double\r\na,b,x,0.5\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_NODES_CSV, .label = "M"},
          "key,labels,n:text\r\nb,L;M,seven\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_EDGES_CSV, .types = {1, &x}},
          "source,target,type,km:double\r\na,b,x,0.5\r\na,c,x,\r\n");
  text_is(g,
          (tv_export_options){
              .format = TV_EXPORT_EDGES_CSV, .nodes = some, .node_count = 3, .label = "L"},
          "source,target,type\r\n");
  text_is(g, (tv_export_options){.format = TV_EXPORT_DOT, .nodes = some, .node_count = 0},
          "digraph \"map\" {\n}\n");
  options = (tv_export_options){.nodes = &gone, .node_count = 1, .write = put, .ctx = &sink};
  assert_int_equal(tv_graph_export(g, &options, NULL), TV_ENONODE);
  options = (tv_export_options){.label = "none", .write = put, .ctx = &sink};
  assert_int_equal(tv_graph_export(g, &options, NULL), TV_ENOLABEL);
  options = (tv_export_options){.format = 9, .write = put, .ctx = &sink};
  assert_int_equal(tv_graph_export(g, &options, NULL), TV_EINVAL);
  options = (tv_export_options){.format = 0};
  assert_int_equal(tv_graph_export(g, &options, NULL), TV_EINVAL);
  sink.room = 10;
  options = (tv_export_options){.write = put, .ctx = &sink};
  assert_int_equal(tv_graph_export(g, &options, NULL), TV_EIO);
  free(sink.text);
  tv_abort(txn);
  test_close(db);
}

static int write_to_graph(void *ctx, const void *data, size_t size) {
  tv_node node;
  (void)data;
  (void)size;
  return tv_graph_node_put(ctx, tv_str("new"), NULL, &node) != TV_EMISUSE;
}

static void the_callback_must_not_write_to_the_graph(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_node nodes[3];
  tv_graph *g = make(txn, nodes);
  tv_export_options options = {.write = write_to_graph, .ctx = g};
  (void)state;
  test_ok(tv_graph_export(g, &options, NULL));
  tv_abort(txn);
  test_close(db);
}

/* ---- Text that is hard to quote ---- */

static tv_graph *make_odd(tv_txn *txn) {
  static const char *const odd[] = {"\\",
                                    "a\\",
                                    "\"",
                                    "a\nb",
                                    "<&amp;>",
                                    "\x01",
                                    "\xc3\xa9\t]]>",
                                    "\\N",
                                    "\\n\\l",
                                    "&quot;\"",
                                    "\xf0\x9f\x98\x80",
                                    "\xef\xbf\xbf"};
  tv_value blob = {.type = TV_BLOB, .as = {.bytes = {"\x00\xff", 2}}};
  tv_value nan = {.type = TV_DOUBLE, .as = {.real = (double)NAN}};
  tv_graph *g;
  tv_node last = 0, node;
  size_t i;
  test_ok(tv_graph_open(txn, "odd \"<&>\" \\", TV_CREATE, &g));
  for (i = 0; i < sizeof odd / sizeof odd[0]; i++, last = node) {
    test_ok(tv_graph_node_put(g, tv_str(odd[i]), odd[i], &node));
    test_ok(tv_graph_node_set(g, node, odd[i], text_value(odd[i])));
    test_ok(tv_graph_node_set(g, node, "width", text_value("no number")));
    if (i > 0) test_ok(tv_graph_edge_add(g, last, node, odd[i], 0, NULL, NULL));
  }
  test_ok(tv_graph_node_put(g, tv_bytes("\x00\xff", 2), NULL, &node));
  test_ok(tv_graph_node_set(g, node, "blob", blob));
  test_ok(tv_graph_node_set(g, node, "nan", nan));
  test_ok(tv_graph_node_set(g, node, "bad", text_value("\xff-\xed\xa0\x80")));
  return g;
}

static void bytes_are_quoted_for_each_format(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g = make_odd(txn);
  char *dot = written(g, (tv_export_options){.format = TV_EXPORT_DOT}, NULL);
  char *xml = written(g, (tv_export_options){.format = TV_EXPORT_GRAPHML}, NULL);
  (void)state;
  assert_non_null(strstr(dot, "digraph \"odd \\\"<&amp;>\\\" \\\\\" {\n"));
  assert_non_null(strstr(dot, "label=\"a\\\\\""));
  assert_non_null(strstr(dot, "label=\"x'610a62'\"")); /* a line end is not shown as one */
  assert_non_null(strstr(dot, "label=\"<&amp;amp;>\""));
  assert_non_null(strstr(dot, "label=\"x'00ff'\""));
  assert_non_null(strstr(dot, "bad = \xEF\xBF\xBD-\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
  assert_non_null(strstr(xml, "<graph id=\"odd &quot;&lt;&amp;&gt;&quot; \\\" edgedefault"));
  assert_non_null(strstr(xml, "&lt;&amp;amp;&gt;"));
  assert_non_null(strstr(xml, ">00ff</data>"));
  assert_null(strchr(xml, '\x01'));
  assert_null(strstr(xml, "\xef\xbf\xbf"));
  free(dot);
  free(xml);
  tv_abort(txn);
  test_close(db);
}

/* Runs a program over a text; -1 when it is not installed. What it says goes to `said`. */
static int program_reads(const char *program, const char *arguments, const char *text, char *said,
                         size_t room) {
  char command[512], path[] = "export-XXXXXX";
  FILE *pipe;
  size_t got;
  int fd = mkstemp(path), status;
  snprintf(command, sizeof command, "command -v %s >/dev/null", program);
  if (system(command) != 0) {
    unlink(path);
    close(fd);
    return -1;
  }
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
  snprintf(command, sizeof command, "%s %s %s 2>&1", program, arguments, path);
  pipe = popen(command, "r");
  assert_non_null(pipe);
  got = fread(said, 1, room - 1, pipe);
  said[got] = '\0';
  status = pclose(pipe);
  unlink(path);
  return status;
}

static void graphviz_and_an_xml_parser_read_it(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g = make_odd(txn);
  char *dot = written(g, (tv_export_options){.format = TV_EXPORT_DOT}, NULL);
  char *xml = written(g, (tv_export_options){.format = TV_EXPORT_GRAPHML}, NULL);
  char *said = calloc(1, 1 << 20);
  int reads;
  (void)state;
  reads = program_reads("dot", "-Tplain", dot, said, 1 << 20);
  if (reads == 0) {
    const char *at = said;
    int nodes = 0;
    while ((at = strstr(at, "\nnode n"))) nodes++, at++;
    assert_int_equal(nodes, 13);
    assert_null(strstr(said, "Warning"));
  } else if (reads > 0) {
    fail_msg("dot: %s", said);
  } else {
    print_message("dot is not installed: not asked\n");
  }
  reads = program_reads("xmllint", "--noout", xml, said, 1 << 20);
  if (reads > 0) fail_msg("xmllint: %s", said);
  if (reads < 0) print_message("xmllint is not installed: not asked\n");
  free(said);
  free(dot);
  free(xml);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_format_says_the_whole_graph),
      cmocka_unit_test(a_part_has_its_nodes_and_the_edges_between_them),
      cmocka_unit_test(the_callback_must_not_write_to_the_graph),
      cmocka_unit_test(bytes_are_quoted_for_each_format),
      cmocka_unit_test(graphviz_and_an_xml_parser_read_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
