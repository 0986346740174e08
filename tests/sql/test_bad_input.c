/* SPDX-License-Identifier: MIT */
/*
 * Bad input, through all layers: each kind has its own status (SQLite code where SQL is asked) and
 * a sentence that names the thing; afterwards nothing is lost and the same transaction, connection
 * or file goes on.
 */

#include "three_models.h"

static char long_key[TV_KEY_BYTES_MAX + 2]; /* one byte too many, then NUL */

static int setup(void **state) {
  memset(long_key, 'k', sizeof long_key - 1);
  return three_setup(state);
}

static void says_at(const char *message, const char *part, int line) {
  if (strstr(message, part) != NULL) return;
  print_message("line %d: \"%s\" does not name %s\n", line, message, part);
  fail();
}

/* The status of a call in a transaction, and that its sentence names the thing. */
#define refused(txn, call, expected, part)                 \
  do {                                                     \
    test_status(call, expected);                           \
    assert_int_equal(tv_txn_error(txn)->status, expected); \
    says_at(tv_txn_error(txn)->message, part, __LINE__);   \
  } while (0)

/* What was there is there, and more can be written in all three models. */
static void goes_on(three *f, const char *key) {
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  assert_int_equal(three_sees(f->sql, "first"), IN_ALL);
  test_ok(tv_sql_join(f->sql, txn));
  three_write(txn, f->sql, key);
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  assert_int_equal(three_sees(f->other, key), IN_ALL);
  assert_int_equal(three_sees(f->other, "first"), IN_ALL);
}

/* ---- Unknown things and long keys, by C ---- */

static int see_node(void *ctx, tv_node node) {
  (void)ctx, (void)node;
  return 0;
}

static void unknown_names_have_their_own_status_in_c(void **state) {
  three *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_bucket *bucket;
  tv_graph *graph;
  tv_store *store;
  tv_node hub, node;
  tv_slice key;
  uint32_t type;
  refused(txn, tv_store_open(txn, "nowhere", 0, &store), TV_ENOSTORE, "nowhere");
  refused(txn, tv_kv_open(txn, "nowhere", 0, NULL, &bucket), TV_ENOBUCKET, "nowhere");
  refused(txn, tv_kv_drop(txn, "nowhere"), TV_ENOBUCKET, "nowhere");
  refused(txn, tv_kv_rename(txn, "nowhere", "b2"), TV_ENOBUCKET, "nowhere");
  refused(txn, tv_kv_open(txn, "", TV_CREATE, NULL, &bucket), TV_EINVAL, "name");
  refused(txn, tv_graph_open(txn, "nowhere", 0, &graph), TV_ENOGRAPH, "nowhere");
  refused(txn, tv_graph_drop(txn, "nowhere"), TV_ENOGRAPH, "nowhere");
  refused(txn, tv_graph_rename(txn, "nowhere", "g2"), TV_ENOGRAPH, "nowhere");
  test_ok(tv_graph_open(txn, "g", 0, &graph));
  test_ok(tv_graph_node_find(graph, tv_str("hub"), &hub));
  refused(txn, tv_graph_nodes(graph, "Nobody", see_node, NULL), TV_ENOLABEL, "Nobody");
  refused(txn, tv_graph_type_find(graph, "hates", &type), TV_ENOLABEL, "hates");
  refused(txn, tv_graph_node_key(graph, 4711, &key), TV_ENONODE, "4711");
  refused(txn, tv_graph_edge_add(graph, hub, 4711, "has", 0, NULL, NULL), TV_ENONODE, "4711");
  refused(txn, tv_graph_edge_add(graph, 4711, hub, "has", 0, NULL, NULL), TV_ENONODE, "4711");
  test_status(tv_graph_node_find(graph, tv_str("nobody"), &node), TV_NOTFOUND);
  three_put(txn, "after");
  test_commit(txn);
  goes_on(f, "more");
}

static void a_key_over_the_limit_has_its_own_status_in_every_layer(void **state) {
  three *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_slice longest = tv_str(long_key), value;
  tv_kv_cursor *cursor;
  tv_bucket *bucket;
  tv_graph *graph;
  tv_store *store;
  tv_node node;
  test_ok(tv_store_open(txn, "s", TV_CREATE, &store));
  refused(txn, tv_store_put(store, longest, tv_str("v"), 0), TV_EKEYSIZE, "481");
  refused(txn, tv_store_get(store, longest, &value), TV_EKEYSIZE, "481");
  refused(txn, tv_store_delete(store, longest), TV_EKEYSIZE, "481");
  refused(txn, tv_store_put(store, tv_str(""), tv_str("v"), 0), TV_EKEYSIZE, "empty");
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  refused(txn, tv_kv_put(bucket, longest, tv_str("v")), TV_EKEYSIZE, "481");
  refused(txn, tv_kv_get(bucket, longest, &value), TV_EKEYSIZE, "481");
  refused(txn, tv_kv_delete(bucket, longest), TV_EKEYSIZE, "481");
  refused(txn, tv_kv_add(bucket, longest, 1, NULL), TV_EKEYSIZE, "481");
  refused(txn, tv_kv_cursor_open_prefix(bucket, longest, &cursor), TV_EKEYSIZE, "481");
  test_ok(tv_graph_open(txn, "g", 0, &graph));
  refused(txn, tv_graph_node_put(graph, longest, NULL, &node), TV_EKEYSIZE, "481");
  refused(txn, tv_graph_node_find(graph, longest, &node), TV_EKEYSIZE, "481");
  longest.size--; /* the longest key that is allowed */
  test_ok(tv_store_put(store, longest, tv_str("v"), 0));
  test_ok(tv_kv_put(bucket, longest, tv_str("v")));
  test_ok(tv_graph_node_put(graph, longest, NULL, &node));
  test_commit(txn);
  goes_on(f, "more");
}

/* ---- The same and more, by SQL ---- */

typedef struct bad_statement {
  const char *text;
  int code;
  const char *part; /* of the message */
} bad_statement;

static const bad_statement bad_statements[] = {
    {"SELECT * FROM kv('nowhere')", SQLITE_ERROR, "no such bucket: nowhere"},
    {"SELECT * FROM kv", SQLITE_ERROR, "bucket"},
    {"SELECT * FROM graph_nodes('nowhere')", SQLITE_ERROR, "no such graph: nowhere"},
    {"SELECT * FROM graph_nodes('g', 'Nobody')", SQLITE_ERROR, "Nobody"},
    {"SELECT * FROM graph_nodes", SQLITE_ERROR, "\"graph\""},
    {"SELECT * FROM graph_edges('nowhere')", SQLITE_ERROR, "no such graph: nowhere"},
    {"SELECT * FROM graph_edges", SQLITE_ERROR, "\"graph\""},
    {"SELECT * FROM graph_neighbors('nowhere', 'hub')", SQLITE_ERROR, "no such graph: nowhere"},
    {"SELECT * FROM graph_neighbors('g')", SQLITE_ERROR, "\"start\""},
    {"SELECT * FROM graph_neighbors('g', 'nobody')", SQLITE_ERROR, "no such node: nobody"},
    {"SELECT * FROM graph_neighbors('g', 1.5)", SQLITE_ERROR, "1.5"},
    {"SELECT * FROM graph_neighbors('g', 'hub', 'up')", SQLITE_ERROR, "'up'"},
    {"SELECT * FROM graph_neighbors('g', 'hub', 7)", SQLITE_ERROR, "'7'"},
    {"SELECT * FROM graph_neighbors('g', 'hub', 'in', 'hates')", SQLITE_ERROR, "\"hates\""},
    {"SELECT * FROM graph_khop('nowhere', 'hub', 1)", SQLITE_ERROR, "no such graph: nowhere"},
    {"SELECT * FROM graph_khop('g', 'hub')", SQLITE_ERROR, "\"depth_max\""},
    {"SELECT * FROM graph_khop('g', 'nobody', 1)", SQLITE_ERROR, "no such node: nobody"},
    {"SELECT * FROM graph_khop('g', 'hub', -7)", SQLITE_ERROR, "-7"},
    {"SELECT * FROM graph_khop('g', 'hub', 'far')", SQLITE_ERROR, "far"},
    {"SELECT * FROM graph_khop('g', 'hub', x'01')", SQLITE_ERROR, "not 0x01"},
    {"SELECT * FROM graph_khop('g', 'hub', 1, 'down')", SQLITE_ERROR, "'down'"},
    {"SELECT * FROM graph_khop('g', 'hub', 1, 'in', 'has,hates')", SQLITE_ERROR, "\"hates\""},
    {"SELECT * FROM graph_path('nowhere', 'hub', 'first')", SQLITE_ERROR, "no such graph: nowhere"},
    {"SELECT * FROM graph_path('g', 'hub')", SQLITE_ERROR, "\"target\""},
    {"SELECT * FROM graph_path('g', 'nobody', 'first')", SQLITE_ERROR, "no such node: nobody"},
    {"SELECT * FROM graph_path('g', 'hub', 'nobody')", SQLITE_ERROR, "no such node: nobody"},
    {"SELECT * FROM graph_path('g', 'hub', 'first', 'sideways')", SQLITE_ERROR, "'sideways'"},
    {"INSERT INTO v(key, value) VALUES(printf('%.481c', 'k'), 'v')", SQLITE_TOOBIG, "481"},
    {"INSERT INTO v(key, value) VALUES('', 'v')", SQLITE_CONSTRAINT, "empty"},
    {"INSERT INTO v(key, value) VALUES(NULL, 'v')", SQLITE_CONSTRAINT, "v.key"},
    {"INSERT INTO v(key, value) VALUES(x'00', 'v')", SQLITE_MISMATCH, "v.key"},
    {"INSERT INTO v(key, value) VALUES('first', 'v')", SQLITE_CONSTRAINT, "v.key"},
    {"CREATE VIRTUAL TABLE w USING kv('w', colour = red)", SQLITE_ERROR, "colour"},
    {"CREATE VIRTUAL TABLE w USING kv('w', key = real)", SQLITE_ERROR, "real"},
    {"CREATE VIRTUAL TABLE w USING kv()", SQLITE_ERROR, "bucket"},
    {"SELECT * FROM missing", SQLITE_ERROR, "missing"},
    {"INSERT INTO t(k) VALUES('first')", SQLITE_CONSTRAINT, "t.k"}};

enum { STATEMENTS = sizeof bad_statements / sizeof bad_statements[0] };

/* Returns how many were answered otherwise than expected, and prints those. */
static int refuse_statements(sqlite3 *sql) {
  int i, wrong = 0;
  for (i = 0; i < STATEMENTS; i++) {
    const bad_statement *bad = &bad_statements[i];
    int code = sql_code(sql, bad->text) & 0xff;
    const char *message = code == SQLITE_OK ? "(none)" : sqlite3_errmsg(sql);
    if (code == bad->code && strstr(message, bad->part) != NULL) continue;
    print_message("%s\n  gives %d (%s)\n  not   %d (..%s..)\n", bad->text, code, message, bad->code,
                  bad->part);
    wrong++;
  }
  return wrong;
}

static void wrong_statements_name_what_is_wrong_and_lose_nothing(void **state) {
  three *f = *state;
  tv_error err = {0};
  tv_txn *txn;
  sql_run(f->sql, "CREATE VIRTUAL TABLE v USING kv('b')");
  assert_int_equal(refuse_statements(f->sql), 0);
  goes_on(f, "alone");
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  three_write(txn, f->sql, "before");
  assert_int_equal(refuse_statements(f->sql), 0);
  assert_int_equal(three_sees(f->sql, "before"), IN_ALL);
  sql_run(f->sql, "COMMIT");
  assert_int_equal(three_sees(f->other, "before"), IN_ALL);
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  three_write(txn, f->sql, "joined");
  assert_int_equal(refuse_statements(f->sql), 0);
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  assert_int_equal(three_sees(f->other, "joined"), IN_ALL);
  goes_on(f, "more");
}

/* NULL is no mistake: it matches nothing. */
static void null_arguments_give_no_rows(void **state) {
  static const char *const queries[] = {"SELECT count(*) FROM kv(NULL)",
                                        "SELECT count(*) FROM graph_nodes(NULL)",
                                        "SELECT count(*) FROM graph_edges(NULL)",
                                        "SELECT count(*) FROM graph_neighbors('g', NULL)",
                                        "SELECT count(*) FROM graph_khop(NULL, 'hub', 1)",
                                        "SELECT count(*) FROM graph_khop('g', NULL, 1)",
                                        "SELECT count(*) FROM graph_path('g', NULL, 'first')",
                                        "SELECT count(*) FROM graph_path('g', 'hub', NULL)"};
  three *f = *state;
  size_t i;
  for (i = 0; i < sizeof queries / sizeof queries[0]; i++) sql_is(f->sql, queries[i], "0|\n");
  sql_is(f->sql, "SELECT count(*) FROM graph_khop('g', 'hub', NULL, NULL, NULL)", "2|\n");
}

/* ---- Joining at the wrong moment ---- */

static void a_wrong_join_says_why_and_changes_nothing(void **state) {
  three *f = *state;
  tv_db *elsewhere = test_open_memory();
  tv_txn *foreign = test_begin(elsewhere, TV_READ), *txn = test_begin(f->db, TV_WRITE), *own;
  tv_error err = {0};
  sqlite3_stmt *row;
  sqlite3 *plain;
  refused(foreign, tv_sql_join(f->sql, foreign), TV_EMISUSE, "another database");
  assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
  refused(txn, tv_sql_join(plain, txn), TV_EMISUSE, "no Trivet store");
  sqlite3_close(plain);
  assert_int_equal(sqlite3_prepare_v2(f->sql, "SELECT k FROM t", -1, &row, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(row), SQLITE_ROW);
  refused(txn, tv_sql_join(f->sql, txn), TV_EMISUSE, "statement");
  sqlite3_finalize(row);
  sql_run(f->sql, "BEGIN");
  refused(txn, tv_sql_join(f->sql, txn), TV_EMISUSE, "transaction");
  sql_run(f->sql, "COMMIT");
  test_status(tv_sql_leave(f->sql), TV_EMISUSE);
  test_status(tv_sql_txn(f->sql, TV_WRITE, &own, &err), TV_EMISUSE);
  says_at(err.message, "BEGIN", __LINE__);
  test_ok(tv_sql_join(f->sql, txn));
  refused(txn, tv_sql_join(f->sql, txn), TV_EMISUSE, "joined");
  sql_run(f->sql, "BEGIN");
  test_status(tv_sql_leave(f->sql), TV_EMISUSE);
  sql_run(f->sql, "COMMIT");
  three_write(txn, f->sql, "kept");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  tv_abort(foreign);
  test_close(elsewhere);
  assert_int_equal(three_sees(f->other, "kept"), IN_ALL);
  goes_on(f, "more");
}

static void writing_in_a_read_transaction_is_refused_by_each_layer(void **state) {
  three *f = *state;
  tv_txn *txn = test_begin(f->db, TV_READ), *own;
  tv_error err = {0};
  tv_bucket *bucket;
  tv_graph *graph;
  tv_store *store;
  tv_node node;
  refused(txn, tv_store_open(txn, "new", TV_CREATE, &store), TV_EREADONLY, "read");
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  refused(txn, tv_kv_put(bucket, tv_str("k"), tv_str("v")), TV_EREADONLY, "read");
  test_ok(tv_graph_open(txn, "g", 0, &graph));
  refused(txn, tv_graph_node_put(graph, tv_str("k"), NULL, &node), TV_EREADONLY, "read");
  sql_run(f->other, "CREATE VIRTUAL TABLE v USING kv('b')");
  test_ok(tv_refresh(txn));
  test_ok(tv_sql_join(f->sql, txn));
  assert_int_equal(sql_code(f->sql, "INSERT INTO t(k) VALUES('k')") & 0xff, SQLITE_READONLY);
  assert_int_equal(sql_code(f->sql, "INSERT INTO v(key, value) VALUES('k', 'v')") & 0xff,
                   SQLITE_READONLY);
  sql_run(f->sql, "BEGIN");
  test_status(tv_sql_txn(f->sql, TV_WRITE, &own, &err), TV_EREADONLY);
  sql_run(f->sql, "COMMIT");
  assert_int_equal(three_sees(f->sql, "first"), IN_ALL);
  test_ok(tv_sql_leave(f->sql));
  tv_abort(txn);
  goes_on(f, "more");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, three_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(unknown_names_have_their_own_status_in_c),
      TEST(a_key_over_the_limit_has_its_own_status_in_every_layer),
      TEST(wrong_statements_name_what_is_wrong_and_lose_nothing),
      TEST(null_arguments_give_no_rows),
      TEST(a_wrong_join_says_why_and_changes_nothing),
      TEST(writing_in_a_read_transaction_is_refused_by_each_layer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
