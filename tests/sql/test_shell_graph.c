/* SPDX-License-Identifier: MIT */
/*
 * The shell's commands for whole graphs: files in and out, compaction, sizes, and what .check says
 * of segments, deltas and indexes that are damaged.
 */
#include "layer_internal.h"
#include "test_shell_drive.h"

#define NODES                                                                                 \
  "key,labels,pop:int64,name:text\r\na,Town;Port,100,\"A, \"\"town\"\"\"\r\nb,Town,,\"\"\r\n" \
  "c,,7,x\r\n"
#define EDGES "source,target,type,km:double\r\na,b,road,1.5\r\nb,c,road,2\r\nc,a,rail,\r\n"

static void a_graph_comes_back_from_its_files(void **state) {
  files_write(state, "n.csv", NODES);
  files_write(state, "e.csv", EDGES);
  drive_expect(*state,
               ".graph load g n.csv --nodes\n.graph load g e.csv\n.graph export g n2.csv --nodes\n"
               ".graph export g e2.csv\n.graph load h n2.csv --nodes\n.graph load h e2.csv\n"
               ".graph nodes h\n.graph edges h --type road\n",
               "3|0|0|\n0|3|0|\n3|0|0|\n0|3|0|\n"
               "a|Town,Port|{\"pop\":100,\"name\":\"A, \\\"town\\\"\"}\nb|Town|{\"name\":\"\"}\n"
               "c||{\"pop\":7,\"name\":\"x\"}\n0|a|b|road|{\"km\":1.5}\n1|b|c|road|{\"km\":2.0}\n");
  drive_run run = drive_script(*state, ".check\n");
  assert_non_null(strstr(run.out, "\ngraphs|2|12|0\n"));
  drive_free(&run);
  files_expect(state, "n2.csv", NODES);
  files_expect(state, "e2.csv", EDGES);
}

static void a_part_around_a_node_is_exported(void **state) {
  files_write(state, "n.csv", NODES);
  files_write(state, "e.csv", EDGES);
  drive_expect(*state,
               ".graph load g n.csv --nodes\n.graph load g e.csv\n"
               ".graph export g g.dot --from a --depth 1\n"
               ".graph export g in.csv --from a --depth 1 --in\n"
               ".graph export g towns.csv --nodes --label Town\n"
               ".graph export g all.graphml --type rail\n",
               "3|0|0|\n0|3|0|\n");
  files_expect(state, "g.dot",
               "digraph \"g\" {\n"
               "  n0 [label=\"a\", tooltip=\"Town;Port\\npop = 100\\nname = A, \\\"town\\\"\"];\n"
               "  n1 [label=\"b\", tooltip=\"Town\\nname = \"];\n"
               "  n0 -> n1 [label=\"road\", tooltip=\"km = 1.5\"];\n}\n");
  files_expect(state, "in.csv", "source,target,type\r\nc,a,rail\r\n");
  files_expect(state, "towns.csv",
               "key,labels,pop:int64,name:text\r\na,Town;Port,100,\"A, \"\"town\"\"\"\r\n"
               "b,Town,,\"\"\r\n");
}

static void bad_lines_stop_a_load_or_are_counted(void **state) {
  files_write(state, "e.csv", "source,target,type,km:double\na,b,road,1\na,z,road,1\na,b,road,x\n");
  files_write(state, "n.csv", "key\na\nb\n");
  files_write(state, "l.txt", "# made up\n1 2\n2\n2 3\n");
  files_write(state, "m.mtx",
              "%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n2 3\n");
  drive_expect(*state,
               ".graph load g n.csv --nodes --label P\n.graph load g e.csv --skip-bad\n"
               ".graph load s l.txt --skip-bad\n.graph load m m.mtx\n.graph load m m.mtx --type t\n"
               ".graph nodes g --label P\n",
               "2|0|0|\n0|1|2|3\n0|2|1|3\n0|2|0|\n0|2|0|\na|P|\nb|P|\n");
  drive_expect_error(*state, ".graph load g e.csv\n", "e.csv: line 3 has a target that is no node");
  drive_expect_error(*state, ".graph load g e.csv --create-nodes\n", "e.csv: line 4 has a value");
  drive_expect(*state, ".graph edges g\n", "0|a|b|road|{\"km\":1.0}\n");
  drive_expect_error(*state, ".graph load s l.txt\n", "line 3 does not name two nodes");
  drive_expect_error(*state, ".graph load s l.txt --nodes\n", "are for CSV");
  drive_expect_error(*state, ".graph load s e.csv --weight km\n", "--weight is for edge lists");
  files_write(state, "w.txt", "1 2 0.5\n2 3 4\n");
  drive_expect(*state, ".graph load w w.txt --weight km --type t\n.graph edges w\n",
               "0|2|0|\n0|1|2|t|{\"km\":0.5}\n1|2|3|t|{\"km\":4.0}\n");
  drive_expect_error(*state, ".graph load s no.csv\n", "cannot open no.csv");
  drive_expect_error(*state, ".graph load g n.csv --nodes --separator xy\n", "no separator: xy");
  drive_expect_error(*state, ".graph export g x.png\n", "no format of that ending: x.png");
  drive_expect_error(*state, ".graph export g x.dot --nodes\n", "--nodes is for .csv");
  drive_expect_error(*state, ".graph export g x.dot --depth 2\n", "add --from NODE");
  drive_expect_error(*state, ".graph export g x.dot --from zed\n", "no such node in g: zed");
  drive_expect_error(*state, ".graph export g x.dot --label zed\n", "zed");
  drive_expect_error(*state, ".graph export nog x.dot\n", "create it with .graph create nog");
  char path[512];
  test_path(path, sizeof path, *state, "x.dot");
  assert_int_not_equal(access(path, F_OK), 0); /* half an export is no export */
}

static void compact_merges_the_delta_and_stat_shows_it(void **state) {
  drive_run run;
  drive_expect(*state,
               ".graph create g\n.graph add-node g a\n.graph add-node g b\n"
               ".graph add-edge g a b t\n.graph add-edge g b a t\n",
               "0\n1\n");
  run = drive_script(*state, ".mode jsonl\n.graph stat g\n");
  assert_non_null(strstr(run.out, "{\"nodes\":2,\"edges\":2,\"labels\":0,\"types\":1,"));
  assert_non_null(strstr(run.out, "\"segments\":0,\"segment_bytes\":0,\"delta_edges\":2,"));
  drive_free(&run);
  drive_expect(*state, ".graph compact g\n.graph compact g\n.graph edges g\n",
               "2\n0\n0|a|b|t|\n1|b|a|t|\n");
  run = drive_script(*state, ".mode jsonl\n.graph stat g\n");
  assert_non_null(strstr(run.out, "\"segments\":2,")); /* both directions of one block */
  assert_non_null(strstr(run.out, "\"delta_edges\":0,"));
  drive_free(&run);
  drive_expect_error(*state, ".graph compact nog\n", "create it with .graph create nog");
}

static void indexes_are_made_listed_and_dropped(void **state) {
  files_write(state, "n.csv", NODES);
  drive_expect(*state,
               ".graph load g n.csv --nodes\n.graph index g pop --label Town\n"
               ".graph index g name --unique\n.graph index g km --type road\n.graph indexes g\n"
               "select key from graph_find('g', 'Town', 'pop', 100);\n"
               ".graph unindex g pop --label Town\n.graph unindex g km --type road\n"
               ".graph indexes g\n",
               "3|0|0|\nnodes|Town|pop|\nnodes||name|unique\nedges|road|km|\na\n"
               "nodes||name|unique\n");
  drive_expect_error(*state, ".graph index g name\n", "name");
  drive_expect_error(*state, ".graph unindex g pop\n", "no such index in g: pop");
  drive_expect_error(*state, ".graph index g pop --label a --edges\n", "--label is for nodes");
  files_write(state, "twice.csv", "key,name\nx,y\nz,y\n");
  drive_expect_error(*state, ".graph load g twice.csv --nodes\n",
                     "line 3 has a value that a unique index has already");
  drive_expect_error(*state, ".graph indexes nog\n", "create it with .graph create nog");
}

/* Changes one byte of a value whose key begins with `first` in a part of graph g. */
static void damage(void **state, const char *part, char first, size_t at) {
  char path[512];
  tv_error err = {0};
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key, value;
  unsigned char *bytes, copy[64];
  tv_db *db;
  tv_txn *txn;
  size_t size;
  test_path(path, sizeof path, *state, "s.tv");
  test_ok(tv_open(path, NULL, &db, &err));
  txn = test_begin(db, TV_WRITE);
  test_ok(tvi_store_open(txn, TVI_KIND_GRAPH, "g", part, 0, tv_bytes(NULL, 0), &store));
  test_ok(tv_cursor_open(store, &cursor));
  test_ok(tv_cursor_seek(cursor, tv_bytes(&first, 1), &key, &value));
  assert_true(key.size <= sizeof copy && value.size > at);
  memcpy(copy, key.data, size = key.size);
  bytes = malloc(value.size);
  assert_non_null(bytes);
  memcpy(bytes, value.data, value.size);
  bytes[at] ^= 0x10;
  value.data = bytes;
  tv_cursor_close(cursor);
  test_ok(tv_store_put(store, tv_bytes(copy, size), value, 0));
  free(bytes);
  test_commit(txn);
  test_ok(tv_close(db, &err));
}

static void check_names_graph_part_and_block_of_a_damaged_segment(void **state) {
  files_write(state, "l.txt", "1 2\n2 3\n3 1\n");
  drive_expect(*state, ".graph load g l.txt\n", "0|3|0|\n");
  damage(state, "segments", 'o', 20);
  drive_run run = drive_script(*state, ".check\n");
  assert_int_equal(run.code, 1);
  if (strstr(run.out, "graph \"g\"") == NULL || strstr(run.out, "block 0") == NULL ||
      strstr(run.out, "segment") == NULL)
    fail_msg("said: %s", run.out);
  drive_free(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(a_graph_comes_back_from_its_files),
      drive_test(a_part_around_a_node_is_exported),
      drive_test(bad_lines_stop_a_load_or_are_counted),
      drive_test(compact_merges_the_delta_and_stat_shows_it),
      drive_test(indexes_are_made_listed_and_dropped),
      drive_test(check_names_graph_part_and_block_of_a_damaged_segment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
