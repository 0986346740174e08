/* SPDX-License-Identifier: MIT */
/* Snapshots: a reader sees the graph as it was, a writer its own uncommitted edges, and threads
 * traverse while another commits. */
#include <pthread.h>
#include <stdio.h>

#include "test_store.h"
#include "trivet_graph.h"

enum { READERS = 3, BATCHES = 60, BATCH = 20 };

static const tv_types all_types = {0, NULL};

static uint64_t degree_of(tv_txn *txn, tv_node node) {
  uint64_t degree;
  tv_graph *g;
  test_ok(tv_graph_open(txn, "g", 0, &g));
  test_ok(tv_graph_degree(g, node, TV_OUT, all_types, &degree));
  return degree;
}

static void a_reader_keeps_its_snapshot_and_a_writer_sees_its_own_edges(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *writer = test_begin(db, TV_WRITE), *reader;
  tv_graph *g;
  tv_node a, b;
  (void)state;
  test_ok(tv_graph_open(writer, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("a"), NULL, &a));
  test_ok(tv_graph_node_put(g, tv_str("b"), NULL, &b));
  test_ok(tv_graph_edge_add(g, a, b, "e", 0, NULL, NULL));
  test_commit(writer);
  reader = test_begin(db, TV_READ);
  assert_int_equal(degree_of(reader, a), 1);
  writer = test_begin(db, TV_WRITE);
  test_ok(tv_graph_open(writer, "g", 0, &g));
  test_ok(tv_graph_edge_add(g, a, b, "f", 0, NULL, NULL));
  assert_int_equal(degree_of(writer, a), 2);
  assert_int_equal(degree_of(reader, a), 1);
  test_commit(writer);
  assert_int_equal(degree_of(reader, a), 1);
  test_ok(tv_refresh(reader));
  assert_int_equal(degree_of(reader, a), 2);
  tv_abort(reader);
  test_close(db);
}

typedef struct reading {
  tv_db *db;
  uint64_t wrong, snapshots;
} reading;

static int count_reached(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                         const tv_edge_ref *edge) {
  (void)node, (void)depth, (void)parent, (void)edge;
  ++*(uint64_t *)ctx;
  return 0;
}

/* Each commit makes the chain BATCH nodes longer, so what is reached is 1 + a multiple of it. */
static int read_once(reading *r, uint64_t *reached) {
  tv_node start = 0;
  tv_error err;
  tv_txn *txn;
  tv_graph *g;
  int status = tv_begin(r->db, TV_READ, &txn, &err);
  if (status != TV_OK) return status;
  *reached = 0;
  status = tv_graph_open(txn, "g", 0, &g);
  if (status == TV_OK)
    status =
        tv_graph_bfs(g, 1, &start, TV_OUT, all_types, UINT32_MAX, NULL, count_reached, reached);
  tv_abort(txn);
  return status;
}

static void *read_until_complete(void *ctx) {
  reading *r = ctx;
  uint64_t reached = 0, before = 0;
  while (reached < 1 + BATCHES * BATCH && r->wrong == 0) {
    if (read_once(r, &reached) != TV_OK || (reached - 1) % BATCH != 0 || reached < before)
      r->wrong++;
    before = reached;
    r->snapshots++;
  }
  return NULL;
}

static void write_batch(tv_db *db, int batch) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g;
  int i;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  for (i = batch < 0 ? 0 : 1; i <= (batch < 0 ? 0 : BATCH); i++) {
    char key[16];
    tv_node node;
    snprintf(key, sizeof key, "%d", batch * BATCH + i);
    test_ok(tv_graph_node_put(g, tv_str(key), "N", &node));
    if (node > 0) test_ok(tv_graph_edge_add(g, node - 1, node, "next", 0, NULL, NULL));
  }
  test_commit(txn);
}

static void threads_traverse_whole_commits_while_another_writes(void **state) {
  tv_db *db = test_open_memory();
  reading readings[READERS];
  pthread_t threads[READERS];
  int i;
  (void)state;
  write_batch(db, -1);
  for (i = 0; i < READERS; i++) {
    readings[i] = (reading){db, 0, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, read_until_complete, &readings[i]), 0);
  }
  for (i = 0; i < BATCHES; i++) write_batch(db, i);
  for (i = 0; i < READERS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(readings[i].wrong, 0);
    assert_true(readings[i].snapshots > 0);
  }
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reader_keeps_its_snapshot_and_a_writer_sees_its_own_edges),
      cmocka_unit_test(threads_traverse_whole_commits_while_another_writes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
