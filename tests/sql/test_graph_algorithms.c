/* SPDX-License-Identifier: MIT */
/*
 * Algorithms and paths as table functions: against answers worked out by hand, and against SQL's
 * own recursion over the same edges.
 */
#include "sql_answer.h"
#include "trivet_graph.h"

/* a -> b -> c -> a, c -> d -> e, a -> f -> d by "x" with weights; g apart; b -> d by "y". */
static int open_graph(void **state) {
  fixture *f;
  if (open_store(state) != 0) return 1;
  f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE v USING graph_nodes('g');"
            "CREATE VIRTUAL TABLE e USING graph_edges('g');"
            "INSERT INTO v(key) VALUES ('a'), ('gone'), ('b'), ('c'), ('d'), ('e'), ('f'), ('g');"
            "INSERT INTO e(source, target, type, properties) VALUES "
            "('a', 'b', 'x', '{\"w\": 1}'), ('b', 'c', 'x', '{\"w\": 1}'), "
            "('c', 'a', 'x', '{\"w\": 1}'), ('c', 'd', 'x', '{\"w\": 1.5}'), "
            "('d', 'e', 'x', '{\"w\": 2}'), ('a', 'f', 'x', '{\"w\": 5}'), "
            "('f', 'd', 'x', '{\"w\": 0}'), ('b', 'd', 'y', '{\"w\": 9}');"
            "DELETE FROM v WHERE key = 'gone'",
            "");
  return 0;
}

static void groups_are_tables(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT group_concat(node || component, ' ') FROM graph_components('g')",
            "a0 b0 c0 d0 e0 f0 g7");
  answer_is(f->sql, "SELECT group_concat(node || component, ' ') FROM graph_strong_components('g')",
            "a0 b0 c0 d4 e5 f6 g7");
  answer_is(f->sql, "SELECT node, coefficient FROM graph_clustering('g') WHERE coefficient > 0.3",
            "b|0.333333333333333\nc|0.333333333333333");
  answer_is(f->sql, "SELECT round(coefficient, 4) FROM graph_clustering('g', 'x') WHERE node = 'c'",
            "0.1667");
  answer_is(f->sql, "SELECT group_concat(community) FROM graph_communities('g', '', 1)",
            "2,0,0,2,4,0,7");
  answer_is(f->sql, "SELECT count(DISTINCT community) FROM graph_communities('g', 'x', 0)", "7");
  answer_is(f->sql, "SELECT iterations FROM graph_communities('g') LIMIT 1", "10");
  answer_is(f->sql, "SELECT * FROM graph_degrees('g') WHERE degree_out + degree_in > 2",
            "a|2|1\nb|2|1\nc|2|1\nd|1|3");
  answer_is(f->sql, "SELECT sum(degree_out) FROM graph_degrees('g', 'y')", "1");
  answer_is(f->sql, "SELECT * FROM graph_degree_stat('g', 'both')",
            "7|16|0|4|2.28571428571429|3|4|4");
  answer_is(f->sql, "SELECT nodes, edge_ends, direction FROM graph_degree_stat('g', 'in', 'y')",
            "7|1|in");
  answer_is(f->sql, "SELECT triangles FROM graph_triangles('g')", "2");
}

static void centrality_is_a_table(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT node, rank FROM graph_pagerank('g', '', 0.85, 0, 'c') WHERE rank > 0",
            "c|1.0");
  answer_is(f->sql,
            "SELECT round(sum(rank), 9), max(rank) = (SELECT rank FROM graph_pagerank('g', "
            "'', 0.5, 20, 'd') WHERE node = 'd') FROM graph_pagerank('g', '', 0.5, 20, 'd')",
            "1.0|1");
  answer_is(f->sql, "SELECT count(*) FROM v JOIN graph_pagerank('g', '', 0.5, 1, v.key || 'zz')",
            "0");
  answer_is(f->sql, "SELECT node, betweenness FROM graph_betweenness('g') WHERE betweenness > 3.9",
            "d|4.0");
  answer_is(
      f->sql,
      "SELECT count(*), samples, seed, direction FROM graph_betweenness('g', '', 'both', 2, 7)",
      "7|2|7|both");
  answer_has(f->sql, "SELECT * FROM graph_pagerank('g', '', 0.85, 20, 'zz')", "no such node: zz");
  answer_has(f->sql, "SELECT * FROM graph_pagerank('g', '', 'much')",
             "damping is a number, not much");
  answer_has(f->sql, "SELECT * FROM graph_betweenness('g', '', 'out', -1)",
             "samples are from 0 to");
  answer_has(f->sql, "SELECT * FROM graph_communities('g', '', 1.5)",
             "iterations are from 0 to 1000000, not 1.5");
}

static void distances_are_tables(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT * FROM graph_levels('g', 'c')",
            "a|1|c\nb|2|a\nc|0|NULL\nd|1|c\ne|2|d\nf|2|a");
  answer_is(f->sql, "SELECT group_concat(node) FROM graph_levels('g', 'd', 'in', 'x')",
            "a,b,c,d,f");
  answer_is(f->sql, "SELECT * FROM graph_sssp('g', 'a', 'w')",
            "a|0.0|NULL\nb|1.0|a\nc|2.0|b\nd|3.5|c\ne|5.5|d\nf|5.0|a");
  answer_is(f->sql, "SELECT distance FROM graph_sssp('g', 'a', NULL, 'out', 'x') WHERE node = 'e'",
            "3.0");
  answer_is(f->sql, "SELECT count(*) FROM graph_sssp('g', 'g', 'w')", "1");
  answer_is(f->sql, "SELECT count(*) FROM graph_sssp('g', NULL, 'w')", "0");
  answer_is(f->sql,
            "SELECT v.key, count(s.node) FROM v LEFT JOIN graph_sssp s ON s.graph = 'g' AND "
            "s.start = v.key || '' AND s.weight = 'w' AND distance > 3 GROUP BY 1",
            "a|3\nb|2\nc|2\nd|0\ne|0\nf|0\ng|0");
  answer_has(f->sql, "SELECT * FROM graph_sssp('g', 'a', 'heft')", "heft");
  answer_has(f->sql, "SELECT * FROM graph_levels('g', 'zz')", "no such node: zz");
  answer_is(f->sql, "INSERT INTO e(source, target, type) VALUES ('e', 'g', 'x')", "");
  answer_is(f->sql, "SELECT * FROM graph_sssp('g', 'a', 'w') WHERE node = 'g'", "g|6.5|e");
}

static void paths_are_tables(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "SELECT step, node, type FROM graph_path('g', 'a', 'd', 'out', 'x', 'w')",
            "0|a|NULL\n1|b|x\n2|c|x\n3|d|x");
  answer_is(f->sql,
            "SELECT group_concat(node, ''), total FROM graph_all_paths('g', 'a', 'd') "
            "GROUP BY path ORDER BY 1",
            "abd|2.0\nafd|2.0");
  answer_is(f->sql,
            "SELECT path, group_concat(node, ''), total FROM graph_all_paths('g', 'a', 'd', 9, "
            "'out', '', 'w') GROUP BY path",
            "1|abcd|3.5\n2|afd|5.0\n3|abd|10.0");
  answer_is(f->sql, "SELECT count(DISTINCT path) FROM graph_all_paths('g', 'a', 'e', 2)", "2");
  answer_is(f->sql, "SELECT count(*), k FROM graph_all_paths('g', 'd', 'a')", "0|NULL");
  answer_is(f->sql, "SELECT node, edge, k FROM graph_all_paths('g', 'e', 'e', 3)", "e|NULL|3");
  answer_is(f->sql, "SELECT count(*) FROM (SELECT 1 FROM graph_all_paths('g', 'a', 'd') LIMIT 2)",
            "2");
  answer_has(f->sql, "SELECT * FROM graph_all_paths('g', 'a', 'd', 0)",
             "k are from 1 to 1000000, not 0");
  answer_has(f->sql, "SELECT * FROM graph_all_paths('g', 'a')", "argument \"target\" is missing");
  answer_has(f->sql, "SELECT * FROM graph_path('g', 'a', 'd', 'out', '', 'heft')", "heft");
}

/* Random graphs: distances against SQL's recursion, which knows nothing of graphs. */
static void random_graphs_answer_as_recursion_does(void **state) {
  fixture *f = *state;
  uint64_t seed = test_seed();
  char sql[1024];
  int round, i;
  for (round = 0; round < 4; round++) {
    snprintf(sql, sizeof sql,
             "CREATE VIRTUAL TABLE r%d USING graph_edges('r%d', create_nodes=1); CREATE TABLE "
             "t%d(a TEXT, b TEXT, w INTEGER)",
             round, round, round);
    answer_is(f->sql, sql, "");
    for (i = 0; i < 120; i++) {
      snprintf(sql, sizeof sql, "INSERT INTO t%d VALUES ('n%u', 'n%u', %u)", round,
               (unsigned)(test_random(&seed) % 40), (unsigned)(test_random(&seed) % 40),
               (unsigned)(1 + test_random(&seed) % 9));
      answer_is(f->sql, sql, "");
    }
    snprintf(sql, sizeof sql,
             "INSERT INTO r%d(source, target, type, properties) SELECT a, b, 't', "
             "json_object('w', w) FROM t%d; CREATE TABLE s%d AS SELECT a FROM t%d LIMIT 1",
             round, round, round, round);
    answer_is(f->sql, sql, "");
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE d(n, w) AS (SELECT a, 0 FROM s%d UNION SELECT t.b, d.w + t.w FROM d "
             "JOIN t%d t ON t.a = d.n WHERE d.w + t.w < 60), m AS (SELECT n, min(w) AS w FROM d "
             "GROUP BY n) SELECT count(*) > 0, sum(m.w = s.distance) = count(*) FROM m JOIN "
             "graph_sssp s ON s.graph = 'r%d' AND s.start = (SELECT a FROM s%d) AND s.weight = 'w' "
             "AND s.node = m.n",
             round, round, round, round);
    answer_is(f->sql, sql, "1|1");
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE d(n, h) AS (SELECT a, 0 FROM s%d UNION SELECT t.b, d.h + 1 FROM d JOIN "
        "t%d t ON t.a = d.n WHERE d.h < 39), m AS (SELECT n, min(h) AS h FROM d GROUP BY n) "
        "SELECT (SELECT count(*) FROM m) = (SELECT count(*) FROM graph_levels l WHERE l.graph "
        "= 'r%d' AND l.start = (SELECT a FROM s%d)), sum(m.h = l.level) = count(*) FROM m JOIN "
        "graph_levels l ON l.graph = 'r%d' AND l.start = (SELECT a FROM s%d) AND l.node = m.n",
        round, round, round, round, round, round);
    answer_is(f->sql, sql, "1|1");
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM graph_degrees('r%d') d WHERE degree_out <> (SELECT count(*) FROM "
        "t%d WHERE a = node) OR degree_in <> (SELECT count(*) FROM t%d WHERE b = node)",
        round, round, round);
    answer_is(f->sql, sql, "0");
  }
}

/* A result goes back into the graph as a property, in SQL's own words. */
static void a_result_is_written_back_as_a_property(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "UPDATE v SET properties = json_set(properties, '$.part', c.component) FROM "
            "graph_components('g') c WHERE c.node = v.key;"
            "SELECT key, properties ->> 'part' FROM v WHERE key IN ('b', 'g')",
            "b|0\ng|7");
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, open_graph, close_store)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(groups_are_tables),
      with_graph(centrality_is_a_table),
      with_graph(distances_are_tables),
      with_graph(paths_are_tables),
      with_graph(a_result_is_written_back_as_a_property),
      with_store(random_graphs_answer_as_recursion_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
