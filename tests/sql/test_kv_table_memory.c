/* SPDX-License-Identifier: MIT */
/* Memory that runs out in the middle of a statement over buckets and graphs: the statement fails or
 * gives the whole answer, and the next one works. */
#include "scarce_memory.h"
#include "trivet_graph.h"
#include "trivet_kv.h"

static void fill(sqlite3 *sql, tv_db *db) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_node a, b;
  tv_graph *g;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("a"), "L", &a));
  test_ok(tv_graph_node_put(g, tv_str("b"), "L", &b));
  test_ok(tv_graph_edge_add(g, a, b, "t", 0, NULL, NULL));
  test_commit(txn);
  answer_is(sql,
            "CREATE VIRTUAL TABLE gn USING graph_nodes('g');"
            "CREATE VIRTUAL TABLE ge USING graph_edges('g');"
            "CREATE VIRTUAL TABLE t USING kv('b', compression=lz4);"
            "INSERT INTO t VALUES ('a', printf('%.300c', 'x')), ('b', '2'), ('c', '3')",
            "");
}

/* Statement and its answer when memory suffices. Each leaves the store as it was. */
static const char *const statements[][2] = {
    {"SELECT key, length(value) FROM t ORDER BY key DESC", "c|1\nb|1\na|300"},
    {"SELECT key FROM kv('b') WHERE key IN ('c', 'a', 'zz')", "a\nc"},
    {"SELECT key, expires, version FROM kv('b') WHERE key LIKE 'B%'", "b|NULL|NULL"},
    {"BEGIN; INSERT INTO t SELECT key || '!', value FROM kv('b'); SELECT count(*) FROM t; ROLLBACK",
     "6"},
    {"BEGIN; UPDATE t SET key = key || '?'; DELETE FROM t WHERE key = 'a?'; SELECT count(*) FROM t;"
     "ROLLBACK",
     "2"},
    {"BEGIN; CREATE VIRTUAL TABLE n USING kv('new', key=integer); INSERT INTO n VALUES (1, 'x');"
     "SELECT * FROM n; ALTER TABLE n RENAME TO m; DROP TABLE m; ROLLBACK",
     "1|x"},
    {"SELECT key, labels, properties FROM graph_nodes('g', 'L')", "a|L|{}\nb|L|{}"},
    {"SELECT source, target, type FROM graph_edges('g')", "a|b|t"},
    {"SELECT neighbor FROM graph_neighbors('g', 'a', 'both', 't')", "b"},
    {"SELECT node, depth FROM graph_khop('g', 'b', -1, 'in', 't,t')", "b|0\na|1"},
    {"SELECT step, node FROM graph_path('g', 'a', 'b')", "0|a\n1|b"},
    {"SELECT path, node FROM graph_all_paths('g', 'a', 'b')", "1|a\n1|b"},
    {"SELECT path, node FROM graph_all_paths('g', 'a', 'b', 3, 'both', 't')", "1|a\n1|b"},
    {"SELECT start, node FROM graph_khop WHERE graph = 'g' AND depth_max = 1 AND start IN ('a', "
     "'b') "
     "ORDER BY 1, 2",
     "a|a\na|b\nb|b"},
    {"SELECT id FROM graph_edges('g') WHERE source IN ('a', 'b')", "0"},
    {"SELECT neighbor FROM graph_neighbors WHERE graph = 'g' AND start IN ('a', 'b')", "b"},
    {"SELECT node, rank > 0.4 FROM graph_pagerank('g', 't', 0.85, 20, 'a')", "a|1\nb|1"},
    {"SELECT node, level, parent FROM graph_levels('g', 'a')", "a|0|NULL\nb|1|a"},
    {"SELECT node, distance FROM graph_sssp('g', 'a')", "a|0.0\nb|1.0"},
    {"SELECT node, community FROM graph_communities('g')", "a|0\nb|1"},
    {"SELECT least, greatest FROM graph_degree_stat('g')", "0|1"},
    {"BEGIN; INSERT INTO gn(key, labels, properties) VALUES ('z', 'L,M', '{\"p\": \"long "
     "enough\"}'); "
     "UPDATE gn SET properties = json_remove(properties, '$.p'), labels = 'M' WHERE key = 'z'; "
     "INSERT INTO ge(source, target, type, properties) VALUES ('z', 'a', 't', '{\"w\": 1}'); "
     "UPDATE ge SET target = 'b' WHERE source = 'z'; SELECT target, properties FROM ge WHERE "
     "source "
     "= "
     "'z'; ROLLBACK",
     "b|{\"w\":1}"},
};

static void each_failed_allocation_is_an_error_and_nothing_else(void **state) {
  sqlite3 *sql;
  tv_db *db;
  size_t i;
  (void)state;
  test_ok(tv_allocator_set(&scarce_allocator));
  db = test_open_memory();
  sql = sql_answer_open(db);
  fill(sql, db);
  for (i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    scarce_check(sql, sql_answer, statements[i]);
    answer_is(sql, "SELECT group_concat(key) FROM t", "a,b,c");
  }
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_an_error_and_nothing_else)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
