/* SPDX-License-Identifier: MIT */
/* Tables over graphs that are written to: rows become nodes and edges, or are refused whole. */
#include "sql_answer.h"
#include "trivet_graph.h"

static int open_tables(void **state) {
  fixture *f;
  if (open_store(state) != 0) return 1;
  f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE towns USING graph_nodes('map');"
            "CREATE VIRTUAL TABLE roads USING graph_edges('map');"
            "INSERT INTO towns(key, labels, properties) VALUES ('a', 'Town,Port', "
            "'{\"n\": 1, \"x\": 0.5, \"t\": \"A\\\"\", \"b\": true}'), ('b', 'Town', NULL), "
            "(7, NULL, '{}'), (x'00ff', '', NULL);"
            "INSERT INTO roads(source, target, type, properties) VALUES "
            "('a', 'b', 'road', '{\"km\": 12}'), ('b', 7, 'road', NULL), ('a', x'00ff', 'ferry', "
            "'{}')",
            "");
  return 0;
}

static void rows_become_nodes_and_edges(void **state) {
  fixture *f = *state;
  tv_txn *txn;
  tv_graph *g;
  tv_node a;
  tv_value value;
  answer_is(f->sql, "SELECT rowid, id, key, labels, properties FROM towns",
            "0|0|a|Town,Port|{\"n\":1,\"x\":0.5,\"t\":\"A\\\"\",\"b\":true}\n1|1|b|Town|{}\n"
            "2|2|7||{}\n3|3|x'00ff'||{}");
  answer_is(f->sql, "SELECT rowid, source, target, type, properties FROM roads ORDER BY id",
            "0|a|b|road|{\"km\":12}\n1|b|7|road|{}\n2|a|x'00ff'|ferry|{}");
  answer_is(f->sql, "SELECT key FROM towns WHERE label = 'Port'", "a");
  answer_is(f->sql, "SELECT id FROM roads WHERE source = 'a' AND type = 'road'", "0");
  answer_is(f->sql, "SELECT type FROM roads WHERE rowid = 2", "ferry");
  answer_is(f->sql, "SELECT node FROM graph_khop('map', 'a', -1) ORDER BY depth, hex(node)",
            "a\nx'00ff'\nb\n7");
  answer_is(f->sql,
            "INSERT INTO towns(key) VALUES ('z'); SELECT last_insert_rowid();"
            "INSERT INTO roads(source_id, target_id, type) VALUES (4, 0, 'rail');"
            "SELECT last_insert_rowid(), source, target FROM roads WHERE type = 'rail'",
            "4\n3|z|a");
  txn = test_begin(f->db, TV_READ);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_node_find(g, tv_str("a"), &a));
  test_ok(tv_graph_node_get(g, a, "b", &value));
  assert_int_equal(value.type, TV_BOOL);
  test_ok(tv_graph_node_get(g, a, "x", &value));
  assert_int_equal(value.type, TV_DOUBLE);
  test_ok(tv_graph_node_get(g, a, "n", &value));
  assert_int_equal(value.type, TV_INT64);
  tv_abort(txn);
}

static void an_update_changes_what_it_names_and_no_more(void **state) {
  fixture *f = *state;
  tv_value blob = {.type = TV_BLOB, .as = {.bytes = {"\x01\xfe", 2}}};
  tv_value nan = {.type = TV_DOUBLE, .as = {.real = 0}}, value;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_graph *g;
  nan.as.real = strtod("nan", NULL);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_node_set(g, 0, "raw", blob));
  test_ok(tv_graph_node_set(g, 0, "nan", nan));
  test_commit(txn);
  answer_is(f->sql,
            "UPDATE towns SET properties = json_remove(json_set(properties, '$.n', 2, '$.new', "
            "'x'), '$.t') WHERE key = 'a'; SELECT labels, properties FROM towns WHERE key = 'a'",
            "Town,Port|{\"n\":2,\"x\":0.5,\"b\":true,\"raw\":\"01fe\",\"nan\":null,\"new\":\"x\"}");
  txn = test_begin(f->db, TV_READ);
  test_ok(tv_graph_open(txn, "map", 0, &g));
  test_ok(tv_graph_node_get(g, 0, "raw", &value));
  assert_int_equal(value.type, TV_BLOB);
  test_ok(tv_graph_node_get(g, 0, "nan", &value));
  assert_int_equal(value.type, TV_DOUBLE);
  assert_int_equal(tv_graph_node_get(g, 0, "t", &value), TV_NOTFOUND);
  tv_abort(txn);
  answer_is(f->sql,
            "UPDATE towns SET labels = 'Port,City' WHERE id = 0;"
            "UPDATE towns SET labels = NULL WHERE key = 'b';"
            "SELECT key, labels, properties LIKE '%raw%' FROM towns WHERE id < 2",
            "a|Port,City|1\nb||0");
  answer_is(f->sql,
            "UPDATE roads SET properties = '{\"km\": 13}' WHERE id = 0;"
            "UPDATE towns SET key = key, id = id WHERE id = 1;"
            "SELECT id, properties FROM roads WHERE source = 'a' AND target = 'b'",
            "0|{\"km\":13}");
}

/* Ends and type are what an edge is: another end makes another edge, with its properties. */
static void another_end_or_type_makes_another_edge(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "UPDATE roads SET target = 7 WHERE id = 0;"
            "UPDATE roads SET type = 'track', properties = '{\"km\": 1}' WHERE id = 1;"
            "UPDATE roads SET source_id = 1 WHERE type = 'ferry';"
            "SELECT id, source, target, type, properties FROM roads ORDER BY id",
            "3|a|7|road|{\"km\":12}\n4|b|7|track|{\"km\":1}\n5|b|x'00ff'|ferry|{}");
  answer_is(f->sql, "SELECT count(*) FROM graph_neighbors('map', 'b', 'in')", "0");
}

static void deleting_a_node_deletes_its_edges(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "DELETE FROM roads WHERE id = 0; SELECT group_concat(id) FROM roads", "2,1");
  answer_is(f->sql, "DELETE FROM towns WHERE key IN ('a', 'zz'); SELECT id FROM roads", "1");
  answer_is(f->sql, "DELETE FROM towns; SELECT count(*) FROM roads; SELECT count(*) FROM towns",
            "0\n0");
}

static void conflicts_are_resolved_as_the_statement_says(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "INSERT INTO towns(key, labels) VALUES ('c', 'New'), ('a', 'New')",
            "error: UNIQUE constraint failed: towns.key: a is in graph \"map\" already");
  answer_is(f->sql, "SELECT count(*) FROM towns", "4");
  answer_is(f->sql,
            "INSERT OR IGNORE INTO towns(key) VALUES ('c'), ('a'), ('d'); SELECT count(*) FROM "
            "towns",
            "6");
  answer_is(
      f->sql,
      "INSERT OR REPLACE INTO towns(key, labels, properties) VALUES ('a', 'New', '{\"y\":1}');"
      "SELECT id, labels, properties FROM towns WHERE key = 'a';"
      "SELECT count(*) FROM roads WHERE source = 'a'",
      "0|New|{\"y\":1}\n2");
  answer_is(f->sql,
            "INSERT INTO roads(source, target, type) VALUES ('b', 'a', 'x'), ('a', 'q', 'x')",
            "error: FOREIGN KEY constraint failed: roads.target: no such node: q in graph \"map\"");
  answer_is(f->sql,
            "INSERT OR IGNORE INTO roads(source, target, type) VALUES ('b', 'a', 'x'), ('a', 'q', "
            "'x'); SELECT count(*) FROM roads",
            "4");
  answer_has(f->sql, "INSERT OR FAIL INTO towns(key) VALUES ('e'), ('a'), ('f')", "UNIQUE");
  answer_is(f->sql, "SELECT count(*) FROM towns WHERE key IN ('e', 'f')", "1");
  answer_is(f->sql, "BEGIN; INSERT INTO towns(key) VALUES ('g')", "");
  answer_has(f->sql, "INSERT OR ROLLBACK INTO towns(key) VALUES ('a')", "UNIQUE");
  answer_is(f->sql, "SELECT count(*) FROM towns WHERE key = 'g'", "0");
}

static void savepoints_and_rollbacks_hold(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "BEGIN; INSERT INTO towns(key) VALUES ('s'); SAVEPOINT one;"
            "INSERT INTO roads(source, target, type) VALUES ('s', 'a', 'road'); SAVEPOINT two;"
            "DELETE FROM towns WHERE key = 'a'; SELECT count(*) FROM roads;"
            "ROLLBACK TO two; SELECT count(*) FROM roads; ROLLBACK TO one;"
            "SELECT count(*) FROM roads; SELECT count(*) FROM towns; ROLLBACK;"
            "SELECT count(*) FROM towns",
            "1\n4\n3\n5\n4");
  /* A table made and a graph with it, in a transaction that does not last. */
  answer_is(f->sql,
            "BEGIN; SAVEPOINT s; CREATE VIRTUAL TABLE t USING graph_nodes('other');"
            "SELECT count(*) FROM graph_nodes('other'); ROLLBACK TO s",
            "0");
  answer_is(f->sql, "SELECT count(*) FROM graph_nodes('other')",
            "error: graph_nodes: no such graph: other");
  answer_is(f->sql, "ROLLBACK", "");
}

static void a_statement_reads_the_graph_that_it_writes(void **state) {
  fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_graph *g;
  tv_node last, next;
  char key[16];
  int i;
  test_ok(tv_graph_open(txn, "chain", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("0"), NULL, &last));
  for (i = 1; i < 1000; i++, last = next) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(g, tv_str(key), NULL, &next));
    test_ok(tv_graph_edge_add(g, last, next, "then", 0, NULL, NULL));
  }
  test_commit(txn);
  /* Each edge turned around; read 256 at a time by the function, those written are not met. */
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE e USING graph_edges('chain');"
            "INSERT INTO e(source, target, type) SELECT target, source, 'back' FROM "
            "graph_edges('chain'); SELECT type, count(*) FROM e GROUP BY 1",
            "back|999\nthen|999");
  answer_is(f->sql,
            "INSERT INTO e(source, target, type) SELECT source, target, 'twin' FROM e WHERE type = "
            "'then'; SELECT count(*) FROM e",
            "2997");
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE n USING graph_nodes('chain');"
            "INSERT INTO n(key) SELECT key || 'x' FROM graph_nodes('chain');"
            "SELECT count(*) FROM n",
            "2000");
  answer_is(f->sql,
            "DELETE FROM e WHERE source IN (SELECT key FROM n WHERE id % 2 = 0);"
            "SELECT count(*) FROM e",
            "1498");
}

static void nodes_are_made_with_edges_only_when_the_table_says_so(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE free USING graph_edges('map', create_nodes=1);"
            "INSERT INTO free(source, target, type) VALUES ('p', 'q', 'road'), ('q', 'a', 'road');"
            "SELECT key FROM towns WHERE id > 3",
            "p\nq");
  /* A row refused for its properties makes no node. */
  answer_has(f->sql,
             "INSERT INTO free(source, target, type, properties) VALUES ('v', 'w', 'road', '[1]')",
             "free.properties: a JSON object is needed");
  answer_is(f->sql, "SELECT count(*) FROM towns WHERE key IN ('v', 'w')", "0");
}

static void what_a_graph_cannot_hold_is_refused_by_name(void **state) {
  static const char *const refused[][2] = {
      {"INSERT INTO towns(labels) VALUES ('x')", "NOT NULL constraint failed: towns.key"},
      {"INSERT INTO towns(key) VALUES ('')", "towns.key: the key of a node has 1 to 480 bytes"},
      {"INSERT INTO towns(key) VALUES (zeroblob(481))", "towns.key: the key of a node has"},
      {"INSERT INTO towns(key) VALUES (1.5)", "not the real 1.5"},
      {"INSERT INTO towns(id, key) VALUES (9, 'n')", "towns.id: graph \"map\" numbers"},
      {"INSERT INTO towns(key, labels) VALUES ('n', 'a,,b')", "towns.labels: a label has"},
      {"INSERT INTO towns(key, properties) VALUES ('n', '{\"a\": [1]}')",
       "property \"a\" is an array"},
      {"INSERT INTO towns(key, properties) VALUES ('n', '{\"a\": {}}')",
       "property \"a\" is an object"},
      {"INSERT INTO towns(key, properties) VALUES ('n', '{bad')",
       "towns.properties: malformed JSON"},
      {"INSERT INTO towns(key, properties) VALUES ('n', 5)", "a JSON object is needed"},
      {"UPDATE towns SET key = 'n' WHERE key = 'a'", "towns.key: a node keeps its key"},
      {"UPDATE towns SET id = 8 WHERE key = 'a'", "towns.id: graph \"map\" numbers"},
      {"INSERT INTO roads(source, target) VALUES ('a', 'b')",
       "NOT NULL constraint failed: roads.type"},
      {"INSERT INTO roads(source, type) VALUES ('a', 't')",
       "NOT NULL constraint failed: roads.target"},
      {"INSERT INTO roads(source, target, type) VALUES ('a', 'b', '')", "roads.type: an edge type"},
      {"INSERT INTO roads(source_id, target, type) VALUES (99, 'b', 't')",
       "roads.source_id: no such node: 99"},
      {"INSERT INTO roads(source_id, target, type) VALUES (-1, 'b', 't')", "no such node: -1"},
      {"UPDATE roads SET type = NULL", "NOT NULL constraint failed: roads.type"},
      {"UPDATE roads SET source = 'zz'", "roads.source: no such node: zz"},
      {"DELETE FROM graph_edges WHERE graph = 'map'", "graph_edges(...) is read-only"},
      {"CREATE VIRTUAL TABLE t USING graph_edges", "name the graph, as in USING graph_edges('g')"},
      {"CREATE VIRTUAL TABLE t USING graph_edges('')", "the graph's name has 1 to"},
      {"CREATE VIRTUAL TABLE t USING graph_edges('g', fast=1)", "unknown option \"fast\""},
      {"CREATE VIRTUAL TABLE t USING graph_nodes('g', create_nodes=1)", "there are none"},
      {"CREATE VIRTUAL TABLE t USING graph_edges('g', create_nodes=maybe)", "is 0 or 1, not"},
      {"CREATE VIRTUAL TABLE t USING graph_edges('g', fast)", "is no option"},
      {"CREATE VIRTUAL TABLE temp.t USING graph_nodes('map')", "must be in database main"},
  };
  fixture *f = *state;
  size_t i;
  for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    answer_has(f->sql, refused[i][0], "error: ");
    answer_has(f->sql, refused[i][0], refused[i][1]);
  }
  answer_is(f->sql, "SELECT count(*) FROM towns; SELECT count(*) FROM roads", "4\n3");
}

static void a_table_outlives_its_graph_and_a_new_connection(void **state) {
  fixture *f = *state;
  sqlite3 *other = sql_answer_open(f->db);
  tv_txn *txn;
  answer_is(other, "SELECT count(*) FROM towns; INSERT INTO towns(key) VALUES ('o')", "4");
  answer_is(f->sql, "ALTER TABLE towns RENAME TO places; SELECT count(*) FROM places", "5");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_drop(txn, "map"));
  test_commit(txn);
  answer_is(f->sql, "SELECT count(*) FROM places; SELECT count(*) FROM roads", "0\n0");
  answer_is(f->sql, "INSERT INTO places(key) VALUES ('anew'); SELECT id, key FROM places",
            "0|anew");
  answer_is(f->sql, "DROP TABLE places; SELECT key FROM graph_nodes('map')", "anew");
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

#define with_tables(test) cmocka_unit_test_setup_teardown(test, open_tables, close_store)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_tables(rows_become_nodes_and_edges),
      with_tables(an_update_changes_what_it_names_and_no_more),
      with_tables(another_end_or_type_makes_another_edge),
      with_tables(deleting_a_node_deletes_its_edges),
      with_tables(conflicts_are_resolved_as_the_statement_says),
      with_tables(savepoints_and_rollbacks_hold),
      with_tables(a_statement_reads_the_graph_that_it_writes),
      with_tables(nodes_are_made_with_edges_only_when_the_table_says_so),
      with_tables(what_a_graph_cannot_hold_is_refused_by_name),
      with_tables(a_table_outlives_its_graph_and_a_new_connection),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
