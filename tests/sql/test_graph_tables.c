/* SPDX-License-Identifier: MIT */
/* Graphs as SQL table functions: answers, arguments, errors, transactions, joins, interruption. */
#include "sql_answer.h"
#include "trivet_graph_index.h"
#include "trivet_kv.h"

static tv_value number(int64_t n) {
  tv_value value = {.type = TV_INT64, .as = {.integer = n}};
  return value;
}

static tv_value text(const char *t) {
  tv_value value = {.type = TV_TEXT, .as = {.bytes = {t, strlen(t)}}};
  return value;
}

static tv_node node(tv_graph *g, const char *key, const char *label) {
  tv_node id;
  test_ok(tv_graph_node_put(g, tv_str(key), label, &id));
  return id;
}

static void edge(tv_graph *g, const char *from, const char *to, const char *type, int64_t weight) {
  tv_property property = {"weight", number(weight)};
  test_ok(tv_graph_edge_add(g, node(g, from, NULL), node(g, to, NULL), type, 1, &property, NULL));
}

/* a -> b -> c -> d by "road", a -> d by "ferry", e apart, c -> c. */
static int open_map(void **state) {
  fixture *f;
  tv_graph *g;
  tv_txn *txn;
  if (open_store(state) != 0) return 1;
  f = *state;
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(txn, "map", TV_CREATE, &g));
  (void)node(g, "a", "Town");
  test_ok(tv_graph_label_add(g, node(g, "a", NULL), "Port"));
  (void)node(g, "b", "Town");
  (void)node(g, "c", "Town");
  (void)node(g, "d", "Port");
  (void)node(g, "e", NULL);
  edge(g, "a", "b", "road", 1);
  edge(g, "b", "c", "road", 2);
  edge(g, "c", "d", "road", 3);
  edge(g, "a", "d", "ferry", 9);
  edge(g, "c", "c", "ring", 4);
  test_ok(tv_graph_node_set(g, node(g, "a", NULL), "name", text("A\"ton\n\\")));
  test_ok(tv_graph_node_set(g, node(g, "a", NULL), "people", number(-12)));
  test_commit(txn);
  return 0;
}

#define with_map(test) cmocka_unit_test_setup_teardown(test, open_map, close_store)

static void nodes_have_keys_labels_and_properties(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT id, key, labels FROM graph_nodes('map')",
            "0|a|Town,Port\n1|b|Town\n2|c|Town\n3|d|Port\n4|e|");
  answer_is(f->sql, "SELECT properties FROM graph_nodes('map') WHERE key IN ('a', 'b') ORDER BY id",
            "{\"name\":\"A\\\"ton\\n\\\\\",\"people\":-12}\n{}");
  answer_is(f->sql, "SELECT properties ->> 'people' FROM graph_nodes('map') WHERE id = 0", "-12");
  answer_is(f->sql, "SELECT key FROM graph_nodes('map', 'Port')", "a\nd");
  answer_is(f->sql, "SELECT key FROM graph_nodes('map') WHERE label = 'Town' AND key > 'a'",
            "b\nc");
  answer_is(f->sql, "SELECT key FROM graph_nodes('map', 'Port') WHERE id = 1 OR key = 'd'", "d");
  answer_is(f->sql, "SELECT key FROM graph_nodes('map') WHERE key = 'zz' OR id IN (2, 77, -1)",
            "c");
  answer_is(f->sql,
            "SELECT group_concat(key) FROM (SELECT key FROM graph_nodes('map') ORDER BY id "
            "LIMIT 2 OFFSET 1)",
            "b,c");
}

static void edges_have_ends_types_and_properties(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "SELECT id, source, target, type, properties FROM graph_edges('map') ORDER BY id",
            "0|a|b|road|{\"weight\":1}\n1|b|c|road|{\"weight\":2}\n2|c|d|road|{\"weight\":3}\n"
            "3|a|d|ferry|{\"weight\":9}\n4|c|c|ring|{\"weight\":4}");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE source = 'a' ORDER BY 1", "0\n3");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE target = 'd' ORDER BY 1", "2\n3");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE source = 'a' AND target = 'd'", "3");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE type = 'road' ORDER BY 1", "0\n1\n2");
  answer_is(f->sql, "SELECT source_id, target_id FROM graph_edges('map') WHERE id = 2", "2|3");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE target_id = 2 ORDER BY 1", "1\n4");
  answer_is(f->sql, "SELECT count(*) FROM graph_edges('map') WHERE type = 'rail' OR source = 'zz'",
            "0");
}

static void algorithms_over_the_whole_graph_are_tables(void **state) {
  fixture *f = *state;
  tv_txn *txn;
  tv_graph *g;
  answer_is(f->sql, "SELECT node, component FROM graph_components('map') ORDER BY node",
            "a|0\nb|0\nc|0\nd|0\ne|4");
  answer_is(f->sql, "SELECT group_concat(component) FROM graph_components('map', 'ferry')",
            "0,1,2,0,4");
  answer_is(f->sql, "SELECT triangles FROM graph_triangles('map')", "0");
  answer_is(f->sql, "SELECT count(*), round(sum(rank), 9) FROM graph_pagerank('map')", "5|1.0");
  answer_is(f->sql, "SELECT node FROM graph_pagerank('map') ORDER BY rank DESC LIMIT 1", "c");
  answer_is(f->sql, "SELECT DISTINCT rank FROM graph_pagerank('map', '', 0.5, 0)", "0.2");
  answer_is(f->sql, "SELECT damping, iterations FROM graph_pagerank('map') LIMIT 1", "0.85|20");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  edge(g, "a", "c", "road", 1);
  test_ok(tv_graph_node_delete(g, node(g, "e", NULL)));
  test_ok(tv_graph_compact(g, UINT64_MAX, NULL));
  test_commit(txn);
  answer_is(f->sql, "SELECT triangles FROM graph_triangles('map')", "2");
  answer_is(f->sql, "SELECT triangles FROM graph_triangles('map', 'road')", "1");
  answer_is(f->sql, "SELECT count(*) FROM graph_components('map')", "4");
  answer_is(f->sql, "SELECT * FROM graph_pagerank('map', 'rail')",
            "error: graph_pagerank: no such edge type: \"rail\" in graph \"map\"");
  answer_is(f->sql, "SELECT * FROM graph_pagerank('map', '', 0.85, -1)",
            "error: graph_pagerank: iterations are from 0 to 1000000, not -1");
  answer_is(f->sql, "SELECT * FROM graph_pagerank('map', '', 2)",
            "error: a damping of 2 is not from 0 to 1");
}

/* The same answers with an index and without; the plan tells which it is. */
static void nodes_are_found_by_a_property(void **state) {
  static const char *const questions[][2] = {
      {"SELECT key, value FROM graph_find('map', 'Town', 'people', 7)", "b|7"},
      {"SELECT key, value FROM graph_find('map', 'Town', 'people', 7.0)", "b|7"},
      {"SELECT key FROM graph_find('map', 'Town', 'people', -20, 7) ORDER BY key", "a\nb"},
      {"SELECT key, value FROM graph_find('map', NULL, 'people', 8, 9) ORDER BY key", "d|8.5"},
      {"SELECT key FROM graph_find('map', 'Town', 'people', 'many')", "c"},
      {"SELECT count(*) FROM graph_find('map', 'Town', 'people', NULL)", "0"},
      {"SELECT count(*) FROM graph_find('map', 'Town', 'height', 1)", "0"},
      {"SELECT t.x, f.key FROM (SELECT 7 AS x UNION ALL SELECT 'many') t JOIN graph_find('map', "
       "'Town', 'people', t.x) f ORDER BY 2",
       "7|b\nmany|c"},
      {"SELECT * FROM graph_find('map', 'Town', 'people', 1, 'x')",
       "error: graph_find: least and most are values of two kinds"}};
  static const char plan[] =
      "EXPLAIN QUERY PLAN SELECT * FROM graph_find('map', 'Town', 'people', 7)";
  tv_index town = {TV_INDEX_NODES, "Town", "people"}, all = {TV_INDEX_NODES, NULL, "people"};
  tv_value real = {.type = TV_DOUBLE, .as = {.real = 8.5}};
  fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_graph *g;
  size_t i;
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_node_set(g, node(g, "b", NULL), "people", number(7)));
  test_ok(tv_graph_node_set(g, node(g, "c", NULL), "people", text("many")));
  test_ok(tv_graph_node_set(g, node(g, "d", NULL), "people", real));
  test_commit(txn);
  for (i = 0; i < sizeof questions / sizeof questions[0]; i++)
    answer_is(f->sql, questions[i][0], questions[i][1]);
  answer_has(f->sql, plan, "graph=? label=? property=? least=? by walk");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_index_create(g, &town, 0));
  test_ok(tv_graph_index_create(g, &all, 0));
  test_commit(txn);
  for (i = 0; i < sizeof questions / sizeof questions[0]; i++)
    answer_is(f->sql, questions[i][0], questions[i][1]);
  answer_has(f->sql, plan, "graph=? label=? property=? least=? by index");
  answer_has(f->sql, "SELECT * FROM graph_find('map', 'City', 'people', 7)", "City");
}

static void neighbors_follow_direction_and_types(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "SELECT node, neighbor, edge, type FROM graph_neighbors('map', 'a') ORDER BY edge",
            "a|b|0|road\na|d|3|ferry");
  answer_is(f->sql, "SELECT neighbor FROM graph_neighbors('map', 'd', 'in') ORDER BY 1", "a\nc");
  answer_is(f->sql,
            "SELECT neighbor, type FROM graph_neighbors('map', 'c', 'both', 'road, ring') "
            "ORDER BY 2, 1",
            "c|ring\nc|ring\nb|road\nd|road");
  answer_is(f->sql, "SELECT count(*) FROM graph_neighbors('map', 'e')", "0");
  answer_is(f->sql, "SELECT neighbor FROM graph_neighbors('map', 'a', NULL, 'ferry')", "d");
  answer_is(f->sql, "SELECT sum(properties ->> 'weight') FROM graph_neighbors('map', x'63')", "7");
}

static void khop_gives_depth_parent_and_type(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT node, depth, parent, type FROM graph_khop('map', 'a', 1) ORDER BY 2, 1",
            "a|0|NULL|NULL\nb|1|a|road\nd|1|a|ferry");
  answer_is(f->sql, "SELECT node, depth FROM graph_khop('map', 'a', 9, 'out', 'road')",
            "a|0\nb|1\nc|2\nd|3");
  answer_is(f->sql, "SELECT node FROM graph_khop('map', 'd', -1, 'in') ORDER BY depth, node",
            "d\na\nc\nb");
  answer_is(f->sql, "SELECT count(*) FROM graph_khop('map', 'b', NULL, 'both')", "4");
  answer_is(f->sql, "SELECT node FROM graph_khop('map', 'a', 0)", "a");
  answer_is(f->sql, "SELECT node FROM graph_khop('map', 'a', 5) ORDER BY depth LIMIT 1", "a");
  answer_is(f->sql, "SELECT start, depth_max, direction, types FROM graph_khop('map', 'e', '2')",
            "e|2|out|");
}

static void a_path_is_a_row_per_node(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT * FROM graph_path('map', 'a', 'd')", "0|a|NULL|NULL\n1|d|ferry|3");
  answer_is(f->sql,
            "SELECT step, node FROM graph_path('map', 'a', 'd', 'out', 'road') ORDER BY step",
            "0|a\n1|b\n2|c\n3|d");
  answer_is(f->sql, "SELECT count(*) FROM graph_path('map', 'd', 'a')", "0");
  answer_is(f->sql, "SELECT group_concat(node) FROM graph_path('map', 'd', 'b', 'in', 'road')",
            "d,c,b");
  answer_is(f->sql, "SELECT * FROM graph_path('map', 'e', 'e')", "0|e|NULL|NULL");
}

static void bad_arguments_get_a_sentence_that_names_them(void **state) {
  fixture *f = *state;
  static const char *const refused[][2] = {
      {"SELECT * FROM graph_nodes('atlas')", "graph_nodes: no such graph: atlas"},
      {"SELECT * FROM graph_nodes", "graph_nodes: argument \"graph\" is missing"},
      {"SELECT * FROM graph_nodes('map', 'City')", "City"},
      {"SELECT * FROM graph_neighbors('map')", "argument \"start\" is missing"},
      {"SELECT * FROM graph_khop('map', 'a')", "argument \"depth_max\" is missing"},
      {"SELECT * FROM graph_khop('map', 'zz', 2)", "no such node: zz in graph \"map\""},
      {"SELECT * FROM graph_khop('map', 1.5, 2)", "not the real 1.5"},
      {"SELECT * FROM graph_khop('map', 'a', -2)", "not -2"},
      {"SELECT * FROM graph_khop('map', 'a', 'far')", "not far"},
      {"SELECT * FROM graph_khop('map', 'a', 1.5)", "not 1.5"},
      {"SELECT * FROM graph_khop('map', 'a', 2, 'up')", "'out', 'in' or 'both', not 'up'"},
      {"SELECT * FROM graph_khop('map', 'a', 2, 'in', 'rail')", "no such edge type: \"rail\""},
      {"SELECT * FROM graph_neighbors('map', 'a', 'in', 'road,')", "no such edge type: \"\""},
      {"SELECT * FROM graph_path('map', 'a', 'zz')", "no such node: zz"},
      {"SELECT * FROM graph_path('map', 'a')", "argument \"target\" is missing"},
      {"CREATE VIRTUAL TABLE x USING graph_khop('map')", "no such module"},
      {"INSERT INTO graph_khop(node) VALUES ('x')", "may not be modified"},
      {"INSERT INTO graph_nodes(key) VALUES ('x')", "graph_nodes(...) is read-only"},
      {"SELECT * FROM graph_nodes('map', 'Town', 'b', 'c')", "too many arguments"},
      {"SELECT * FROM graph_nodes('map', 'Town', 'b')",
       "too many arguments; write graph_nodes('g'"},
      {"SELECT * FROM graph_edges('map', 'a')", "too many arguments; write graph_edges('g')"},
      {"SELECT * FROM graph_neighbors('map', 'a', 'in', '', 1)", "too many arguments"},
  };
  size_t i;
  for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    answer_has(f->sql, refused[i][0], "error: ");
    answer_has(f->sql, refused[i][0], refused[i][1]);
  }
  answer_is(f->sql, "SELECT count(*) FROM graph_nodes(NULL)", "0");
  answer_is(f->sql, "SELECT count(*) FROM graph_khop('map', NULL, 2)", "0");
  answer_is(f->sql, "SELECT count(*) FROM graph_path('map', 'a', NULL)", "0");
}

static void joins_drive_the_functions_and_skip_unknown_nodes(void **state) {
  fixture *f = *state;
  answer_is(
      f->sql,
      "CREATE TABLE t(key, n INTEGER); INSERT INTO t VALUES ('a',1),('zz',2),(NULL,3),('c',4);"
      "SELECT t.key, k.node FROM t, graph_khop('map', t.key, 1) k WHERE depth = 1 ORDER BY 1, 2",
      "a|b\na|d\nc|d");
  answer_is(f->sql,
            "SELECT t.n, count(k.node) FROM t LEFT JOIN graph_neighbors k "
            "ON k.graph = 'map' AND k.start = t.key GROUP BY 1",
            "1|2\n2|0\n3|0\n4|2");
  answer_is(f->sql,
            "SELECT n.key, e.target FROM graph_nodes('map') n JOIN graph_edges('map') e "
            "ON e.source = n.key WHERE n.key = 'a' ORDER BY 2",
            "a|b\na|d");
  answer_is(f->sql,
            "SELECT node FROM graph_khop WHERE graph = 'map' AND start IN ('b', 'c') AND "
            "depth_max = 1 AND depth > 0 ORDER BY 1",
            "c\nd");
  answer_is(f->sql,
            "SELECT count(*) FROM graph_khop WHERE (graph = 'map' AND start = 'a' AND "
            "depth_max = 0) OR (graph = 'map' AND start = 'b' AND depth_max = 1)",
            "3");
}

static void one_query_joins_bucket_graph_and_table(void **state) {
  fixture *f = *state;
  answer_is(
      f->sql,
      "CREATE VIRTUAL TABLE info USING kv('info');"
      "INSERT INTO info VALUES ('a','first'), ('b','second'), ('c','third'), ('x','none');"
      "CREATE TABLE visits(place TEXT PRIMARY KEY, n INTEGER);"
      "INSERT INTO visits VALUES ('a', 10), ('b', 20), ('d', 40);"
      "SELECT k.node, k.depth, i.value, v.n FROM graph_khop('map', 'a', -1, 'out', 'road') k "
      "JOIN kv('info') i ON i.key = k.node JOIN visits v ON v.place = k.node ORDER BY k.depth",
      "a|0|first|10\nb|1|second|20");
  answer_has(f->sql,
             "EXPLAIN QUERY PLAN SELECT v.n FROM graph_khop('map', 'a', -1) k JOIN kv('info') i "
             "ON i.key = k.node JOIN visits v ON v.place = k.node",
             "bucket=? key=?");
}

/* An IN list comes whole, and its rows are those of its elements one after another. */
static void a_list_of_starts_gives_the_rows_of_each(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "SELECT start, node, depth, parent, type FROM graph_khop WHERE graph = 'map' AND "
            "start IN ('b', 'c', 'zz', NULL, x'61') AND depth_max = 1 ORDER BY hex(start), depth, "
            "node",
            "x'61'|a|0|NULL|NULL\nx'61'|b|1|a|road\nx'61'|d|1|a|ferry\n"
            "b|b|0|NULL|NULL\nb|c|1|b|road\nc|c|0|NULL|NULL\nc|d|1|c|road");
  answer_is(f->sql,
            "SELECT start, node, neighbor, type, ordinal FROM graph_neighbors WHERE graph = 'map' "
            "AND start IN (SELECT key FROM graph_nodes('map', 'Port')) ORDER BY 1, ordinal",
            "a|a|b|road|0\na|a|d|ferry|1");
  answer_is(f->sql,
            "SELECT id FROM graph_edges('map') WHERE source IN ('a', x'61', 'c', 'zz') ORDER BY 1",
            "0\n2\n3\n4");
  answer_is(f->sql, "SELECT id FROM graph_edges('map') WHERE target_id IN (3, 1, 99) ORDER BY 1",
            "0\n2\n3");
  answer_is(f->sql,
            "SELECT count(*) FROM graph_khop WHERE graph='map' AND depth_max=1 AND start IN "
            "(SELECT 1 WHERE 0)",
            "0");
  answer_is(f->sql,
            "SELECT source, target FROM graph_edges('map') WHERE source = 'a' AND target IN "
            "('d', 'zz')",
            "a|d");
  answer_has(
      f->sql,
      "EXPLAIN QUERY PLAN SELECT * FROM graph_khop WHERE graph = 'map' AND depth_max = 2 AND "
      "start IN ('a', 'b')",
      "graph=? start IN (...) depth_max=?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM graph_edges('map') WHERE target IN ('a')",
             "target");
  answer_has(f->sql, "SELECT * FROM graph_neighbors WHERE graph = 'map' AND start IN (1.5, 'a')",
             "not the real 1.5");
}

/* More starts than one search's width, on a random graph: as single searches. */
static void many_starts_answer_as_single_searches(void **state) {
  fixture *f = *state;
  static const char *const ways[] = {"out", "in", "both"};
  uint64_t seed = test_seed();
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  char key[16], other[16], sql[512];
  tv_graph *g;
  size_t i;
  test_ok(tv_graph_open(txn, "r", TV_CREATE, &g));
  for (i = 0; i < 600; i++) {
    snprintf(key, sizeof key, "n%u", (unsigned)(test_random(&seed) % 150));
    snprintf(other, sizeof other, "n%u", (unsigned)(test_random(&seed) % 150));
    edge(g, key, other, test_random(&seed) % 3 ? "x" : "y", (int64_t)i);
  }
  test_ok(tv_graph_compact(g, 1, NULL));
  test_ok(tv_graph_node_delete(g, node(g, "n4", NULL)));
  test_commit(txn);
  answer_is(f->sql,
            "CREATE TABLE s AS SELECT key FROM graph_nodes('r'); SELECT count(*) > 128 FROM s",
            "1");
  for (i = 0; i < 6; i++) {
    int depth = i < 3 ? 2 : -1;
    snprintf(sql, sizeof sql,
             "CREATE TABLE one AS SELECT s.key AS start, k.node, depth, parent, type, edge FROM s, "
             "graph_khop('r', s.key, %d, '%s', '%s') k",
             depth, ways[i % 3], i == 1 ? "x" : "");
    answer_is(f->sql, sql, "");
    snprintf(sql, sizeof sql,
             "CREATE TABLE many AS SELECT start, node, depth, parent, type, edge FROM graph_khop "
             "WHERE graph = 'r' AND start IN (SELECT key FROM s) AND depth_max = %d AND "
             "direction = '%s' AND types = '%s'",
             depth, ways[i % 3], i == 1 ? "x" : "");
    answer_is(f->sql, sql, "");
    answer_is(
        f->sql,
        "SELECT (SELECT count(*) FROM one) = (SELECT count(*) FROM many), count(*) FROM "
        "(SELECT * FROM one EXCEPT SELECT * FROM many);"
        "SELECT count(*) FROM (SELECT start, node, depth, parent, type, edge FROM many EXCEPT "
        "SELECT start, node, depth, parent, type, edge FROM one);"
        "DROP TABLE one; DROP TABLE many",
        "1|0\n0");
  }
}

/* The first line of the plan of SELECT * FROM `from`. */
static void plan_begins(fixture *f, const char *from, const char *words) {
  char sql[512], *plan;
  const char *detail;
  snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN SELECT * FROM %s", from);
  plan = sql_answer(f->sql, sql);
  detail = strrchr(strtok(plan, "\n"), '|');
  assert_non_null(detail);
  if (strncmp(detail + 1, words, strlen(words)) != 0) fail_msg("%s\n  %s", sql, plan);
  free(plan);
}

/* The table with few rows drives, and a node with many edges is not taken for one with few. */
static void joins_are_ordered_by_the_graphs_own_numbers(void **state) {
  fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  char key[16];
  tv_graph *g;
  int i;
  test_ok(tv_graph_open(txn, "star", TV_CREATE, &g));
  for (i = 0; i < 3000; i++) {
    snprintf(key, sizeof key, "leaf%d", i);
    edge(g, "hub", key, "to", i);
  }
  test_commit(txn);
  answer_is(f->sql,
            "CREATE TABLE few(key TEXT PRIMARY KEY); INSERT INTO few VALUES ('leaf1'), ('leaf2');"
            "ANALYZE",
            "");
  /* 3,000 rows from the hub, 1 from a leaf: which goes first follows from the degree. */
  plan_begins(f, "graph_neighbors('star', 'hub') n JOIN few w ON w.key = n.neighbor", "SCAN w");
  plan_begins(f, "graph_neighbors('star', 'leaf7', 'in') n JOIN few w ON w.key = n.neighbor",
              "SCAN n");
  plan_begins(f, "graph_khop('star', 'hub', 1) n JOIN few w ON w.key = n.node", "SCAN w");
  plan_begins(f, "graph_khop('star', 'leaf7', 1) n JOIN few w ON w.key = n.node", "SCAN n");
  plan_begins(f, "graph_edges('star') e JOIN few w ON w.key = e.target", "SCAN w");
  plan_begins(f,
              "graph_nodes('star') n JOIN graph_edges('star') e ON n.id = e.target_id WHERE "
              "e.target = 'leaf3'",
              "SCAN e");
  answer_is(
      f->sql,
      "SELECT count(*) FROM graph_neighbors('star', 'hub') n JOIN few w ON w.key = n.neighbor",
      "2");
}

static void the_plan_names_the_arguments(void **state) {
  fixture *f = *state;
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM graph_khop('map', 'a', 2)",
             "graph=? start=? depth_max=?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM graph_nodes('map') WHERE key = 'a'",
             "key=? graph=?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM graph_edges('map') WHERE source = 'a'",
             "source=? graph=?");
}

static void a_select_sees_its_transactions_own_edges_and_no_other(void **state) {
  fixture *f = *state;
  sqlite3 *other = sql_answer_open(f->db);
  tv_error err = {0, 0, ""};
  tv_graph *g;
  tv_txn *txn;
  answer_is(f->sql, "BEGIN", "");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  test_ok(tv_graph_open(txn, "map", 0, &g));
  edge(g, "e", "f", "rail", 1);
  answer_is(f->sql, "SELECT node FROM graph_khop('map', 'e', 1)", "e\nf");
  answer_is(other, "SELECT node FROM graph_khop('map', 'e', 1)", "e");
  answer_is(f->sql, "COMMIT", "");
  answer_is(other, "SELECT node FROM graph_khop('map', 'e', 1)", "e\nf");
  answer_is(f->sql, "BEGIN; SELECT count(*) FROM graph_edges('map')", "6");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_node_delete(g, node(g, "e", NULL)));
  test_commit(txn);
  answer_is(f->sql,
            "SELECT count(*) FROM graph_edges('map'); COMMIT;"
            "SELECT count(*) FROM graph_edges('map')",
            "6\n5");
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* Rows that were fetched in one transaction are finished in the next. */
static void a_walk_goes_on_after_the_transaction_changed(void **state) {
  fixture *f = *state;
  sqlite3_stmt *select;
  int rows = 1;
  answer_is(f->sql, "CREATE TABLE t(x)", "");
  assert_int_equal(
      sqlite3_prepare_v2(f->sql, "SELECT key, labels FROM graph_nodes('map')", -1, &select, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_step(select), SQLITE_ROW);
  answer_is(f->sql, "INSERT INTO t VALUES (1)", "");
  while (sqlite3_step(select) == SQLITE_ROW) {
    assert_non_null(sqlite3_column_text(select, 0));
    rows++;
  }
  assert_int_equal(rows, 5);
  assert_int_equal(sqlite3_finalize(select), SQLITE_OK);
}

static void strange_keys_and_values_stay_valid(void **state) {
  fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_value real = {.type = TV_DOUBLE, .as = {.real = 0.1}};
  tv_value blob = {.type = TV_BLOB, .as = {.bytes = {"\x00\xff", 2}}};
  tv_value yes = {.type = TV_BOOL, .as = {.integer = 1}};
  tv_graph *g;
  tv_node n;
  test_ok(tv_graph_open(txn, "odd", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_bytes("\xff\x01", 2), NULL, &n));
  (void)node(g, "\xC3\xA9\xF0\x9F\x98\x80", NULL);
  (void)node(g, "42", NULL);
  test_ok(tv_graph_node_set(g, n, "a", real));
  test_ok(tv_graph_node_set(g, n, "b", blob));
  test_ok(tv_graph_node_set(g, n, "c", yes));
  test_ok(tv_graph_node_set(g, n, "d", text("\x01\xC3\xA9")));
  real.as.real = 1.0 / 3;
  test_ok(tv_graph_node_set(g, n, "e", real));
  test_commit(txn);
  answer_is(f->sql, "SELECT key, typeof(key) FROM graph_nodes('odd')",
            "x'ff01'|blob\n\xC3\xA9\xF0\x9F\x98\x80|text\n42|text");
  answer_is(f->sql,
            "SELECT json_valid(properties), properties ->> 'a', properties ->> 'b', "
            "properties ->> 'c', hex(properties ->> 'd'), (properties ->> 'e') = 1.0/3 "
            "FROM graph_nodes('odd') WHERE key = x'ff01'",
            "1|0.1|00ff|1|01C3A9|1");
  answer_is(f->sql, "SELECT node FROM graph_khop('odd', 42, 0)", "42");
  answer_is(f->sql, "SELECT key FROM graph_nodes('odd') WHERE key = 42", "42");
}

/* ---- Every WHERE gives what it gives over a copy in ordinary tables ---- */

static void constraints_answer_as_over_a_copy(void **state) {
  static const char *const conditions[] = {"source = 'n3'",
                                           "target = 'n3'",
                                           "source = 'n1' AND type = 'x'",
                                           "type = 'y'",
                                           "source_id = 4",
                                           "target_id = 4 AND type IN ('x', 'y')",
                                           "id = 17",
                                           "id IN (3, 5, 900)",
                                           "source = 'n1' OR target = 'n2'",
                                           "source = 'n1' AND target = 'n2'",
                                           "type = 'none'",
                                           "source IN ('n1', 'n2') AND id > 20",
                                           "source = 7",
                                           "id = '12'",
                                           "id = 12.5",
                                           "source > 'n5'",
                                           "source_id = '3'",
                                           "source IS NULL",
                                           "type = 'x' AND id < 40",
                                           "target = 'N3' COLLATE NOCASE"};
  fixture *f = *state;
  uint64_t seed = test_seed();
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  char key[16], other[16], sql[512];
  tv_graph *g;
  size_t i;
  test_ok(tv_graph_open(txn, "r", TV_CREATE, &g));
  for (i = 0; i < 900; i++) {
    snprintf(key, sizeof key, "n%u", (unsigned)(test_random(&seed) % 12));
    snprintf(other, sizeof other, "n%u", (unsigned)(test_random(&seed) % 12));
    edge(g, key, other, test_random(&seed) % 3 ? "x" : "y", (int64_t)i);
  }
  test_ok(tv_graph_node_delete(g, node(g, "n4", NULL)));
  test_commit(txn);
  answer_is(f->sql,
            "CREATE TABLE c AS SELECT id, source, target, type, source_id, target_id "
            "FROM graph_edges('r'); SELECT count(*) = count(DISTINCT id), count(*) > 500 "
            "FROM c",
            "1|1");
  for (i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
    char *expected;
    snprintf(sql, sizeof sql, "SELECT * FROM c WHERE %s ORDER BY id", conditions[i]);
    expected = sql_answer(f->sql, sql);
    snprintf(sql, sizeof sql,
             "SELECT id, source, target, type, source_id, target_id FROM "
             "graph_edges('r') WHERE %s ORDER BY id",
             conditions[i]);
    answer_is(f->sql, sql, expected);
    free(expected);
  }
}

/* ---- Interruption ---- */

static int count_probes(unsigned event, void *ctx, void *statement, void *text) {
  int *probes = ctx;
  (void)event;
  (void)statement;
  if (strstr(text, "SELECT 1") != NULL) ++*probes; /* SQLite marks a nested one with "-- " */
  return 0;
}

/* stop(x) is x, and interrupts the connection. */
static void stop(sqlite3_context *context, int argc, sqlite3_value **argv) {
  (void)argc;
  sqlite3_interrupt(sqlite3_context_db_handle(context));
  sqlite3_result_value(context, argv[0]);
}

static void a_long_traversal_is_interrupted_on_its_way(void **state) {
  fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_node last, next;
  tv_graph *g;
  char key[16];
  int i, probes = 0;
  test_ok(tv_graph_open(txn, "chain", TV_CREATE, &g));
  last = node(g, "0", NULL);
  for (i = 1; i < 40000; i++) {
    snprintf(key, sizeof key, "%d", i);
    next = node(g, key, NULL);
    test_ok(tv_graph_edge_add(g, last, next, "then", 0, NULL, NULL));
    last = next;
  }
  test_commit(txn);
  assert_int_equal(
      sqlite3_create_function_v2(f->sql, "stop", 1, SQLITE_UTF8, NULL, stop, NULL, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_trace_v2(f->sql, SQLITE_TRACE_STMT, count_probes, &probes), SQLITE_OK);
  answer_is(f->sql, "SELECT count(*) FROM graph_khop('chain', 0, -1)", "40000");
  assert_int_equal(probes, 40000 / 1024);
  /* Interrupted before the search begins: the first look ends it. */
  probes = 0;
  answer_is(f->sql, "SELECT count(*) FROM graph_khop('chain', stop(0), -1)", "error: interrupted");
  assert_int_equal(probes, 0);
  answer_is(f->sql, "SELECT count(*) FROM graph_edges('chain') WHERE type = stop('then')",
            "error: interrupted");
  answer_is(f->sql, "SELECT count(*) FROM graph_path('chain', 0, 39999)", "40000");
  answer_is(f->sql, "SELECT count(*) FROM graph_path('chain', stop(0), 39999)",
            "error: interrupted");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      with_map(nodes_have_keys_labels_and_properties),
      with_map(edges_have_ends_types_and_properties),
      with_map(algorithms_over_the_whole_graph_are_tables),
      with_map(nodes_are_found_by_a_property),
      with_map(neighbors_follow_direction_and_types),
      with_map(khop_gives_depth_parent_and_type),
      with_map(a_path_is_a_row_per_node),
      with_map(bad_arguments_get_a_sentence_that_names_them),
      with_map(joins_drive_the_functions_and_skip_unknown_nodes),
      with_map(one_query_joins_bucket_graph_and_table),
      with_map(a_list_of_starts_gives_the_rows_of_each),
      with_map(many_starts_answer_as_single_searches),
      with_map(joins_are_ordered_by_the_graphs_own_numbers),
      with_map(the_plan_names_the_arguments),
      with_map(a_select_sees_its_transactions_own_edges_and_no_other),
      with_map(a_walk_goes_on_after_the_transaction_changed),
      with_map(strange_keys_and_values_stay_valid),
      with_map(constraints_answer_as_over_a_copy),
      with_map(a_long_traversal_is_interrupted_on_its_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
