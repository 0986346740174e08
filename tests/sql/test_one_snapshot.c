/* SPDX-License-Identifier: MIT */
/*
 * One snapshot over three models: a cursor, a traversal and a SELECT, all held open and stepped in
 * turn, stay at one moment while other connections and another process commit; what is committed
 * becomes visible in all three models at once; and a transaction sees its own uncommitted writes in
 * all of them, joins included.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "three_models.h"

enum { ROWS = 40 };

/* ---- A second process that commits when asked ---- */

typedef struct committer {
  pid_t pid;
  int ask, answer; /* pipes */
} committer;

static void three_commit(tv_db *db, sqlite3 *sql, const char *key) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  test_ok(tv_sql_join(sql, txn));
  three_write(txn, sql, key);
  test_ok(tv_sql_leave(sql));
  test_commit(txn);
}

/* In the other process: a byte asks for a commit, a byte answers. */
static int committer_main(const char *path, int ask, int answer) {
  tv_db *db = test_open(path, 0);
  sqlite3 *sql = sql_open(db, 0);
  char byte, key[32];
  int n = 0;
  if (write(answer, "r", 1) != 1) return 1;
  while (read(ask, &byte, 1) == 1) {
    snprintf(key, sizeof key, "row%02d-process", n++);
    three_commit(db, sql, key);
    if (write(answer, "d", 1) != 1) return 1;
  }
  sql_close(sql);
  test_close(db);
  return 0;
}

static void committer_wait(const committer *c) {
  char byte;
  assert_int_equal(read(c->answer, &byte, 1), 1);
}

static void committer_commit(const committer *c) {
  assert_int_equal(write(c->ask, "c", 1), 1);
  committer_wait(c);
}

static committer committer_start(const char *path) {
  committer c = {0};
  int ask[2], answer[2];
  assert_int_equal(pipe(ask), 0);
  assert_int_equal(pipe(answer), 0);
  c.pid = fork();
  assert_true(c.pid >= 0);
  if (c.pid == 0) {
    char in[16], out[16];
    close(ask[1]);
    close(answer[0]);
    snprintf(in, sizeof in, "%d", ask[0]);
    snprintf(out, sizeof out, "%d", answer[1]);
    execl("/proc/self/exe", "test_one_snapshot", "--commit", path, in, out, (char *)NULL);
    _exit(127);
  }
  close(ask[0]);
  close(answer[1]);
  c.ask = ask[1];
  c.answer = answer[0];
  committer_wait(&c);
  return c;
}

static void committer_end(const committer *c) {
  int result;
  close(c->ask);
  assert_int_equal(waitpid(c->pid, &result, 0), c->pid);
  assert_int_equal(result, 0);
  close(c->answer);
}

/* ---- A cursor, a traversal and a SELECT, held open ---- */

typedef struct held {
  three *f;
  const committer *process;
  tv_graph *graph;
  tv_kv_cursor *cursor;
  sqlite3_stmt *rows;
  tv_node hub;
  int seen, commits;
} held;

/* Between any two steps others commit rows, entries and edges that would come next. */
static void held_disturb(held *h) {
  char key[32];
  snprintf(key, sizeof key, "row%02d-other", h->commits++);
  three_commit(h->f->db, h->f->other, key);
  committer_commit(h->process);
}

static int held_step(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                     const tv_edge_ref *edge) {
  held *h = ctx;
  char expected[16];
  tv_slice key, value, found;
  (void)parent, (void)edge;
  if (depth == 0) return 0;
  snprintf(expected, sizeof expected, "row%02d", h->seen);
  held_disturb(h);
  test_ok(tv_graph_node_key(h->graph, node, &key));
  assert_true(test_slice_is(key, expected));
  test_ok(tv_kv_cursor_next(h->cursor, &found, &value));
  assert_true(test_slice_is(found, expected));
  held_disturb(h);
  assert_int_equal(sqlite3_step(h->rows), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(h->rows, 0), expected);
  assert_string_equal((const char *)sqlite3_column_text(h->rows, 1), expected);
  assert_int_equal(sqlite3_column_int(h->rows, 2), 1);
  h->seen++;
  return 0;
}

static void held_fill(const three *f) {
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  int i;
  test_ok(tv_sql_join(f->sql, txn));
  for (i = 0; i < ROWS; i++) {
    char key[16];
    snprintf(key, sizeof key, "row%02d", i);
    three_write(txn, f->sql, key);
  }
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
}

static void held_open(held *h, tv_txn *txn) {
  static const char query[] =
      "SELECT t.k, b.key, (SELECT count(*) FROM graph_neighbors('g', 'hub') WHERE neighbor = t.k) "
      "FROM t JOIN kv('b') AS b ON b.key = t.k WHERE t.k LIKE 'row%' ORDER BY t.k";
  tv_bucket *bucket;
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_kv_cursor_open_prefix(bucket, tv_str("row"), &h->cursor));
  test_ok(tv_graph_open(txn, "g", 0, &h->graph));
  test_ok(tv_graph_node_find(h->graph, tv_str("hub"), &h->hub));
  assert_int_equal(sqlite3_prepare_v2(h->f->sql, query, -1, &h->rows, NULL), SQLITE_OK);
}

static void held_check(held *h, int expected) {
  tv_slice key;
  test_ok(tv_graph_bfs(h->graph, 1, &h->hub, TV_OUT, (tv_types){0, NULL}, UINT32_MAX, NULL,
                       held_step, h));
  assert_int_equal(h->seen, expected);
  test_status(tv_kv_cursor_next(h->cursor, &key, NULL), TV_END);
  assert_int_equal(sqlite3_step(h->rows), SQLITE_DONE);
  sqlite3_finalize(h->rows);
  tv_kv_cursor_close(h->cursor);
}

/* "first" of the fixture hangs on the hub too. */
static void held_drop_first(const three *f) {
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  tv_graph *graph;
  tv_node node;
  test_ok(tv_graph_open(txn, "g", 0, &graph));
  test_ok(tv_graph_node_find(graph, tv_str("first"), &node));
  test_ok(tv_graph_node_delete(graph, node));
  test_commit(txn);
}

static void one_snapshot_of_c_serves_all_three_while_others_commit(void **state) {
  three *f = *state;
  committer process = committer_start(f->path);
  held h = {.f = f, .process = &process};
  tv_txn *txn;
  held_drop_first(f);
  held_fill(f);
  txn = test_begin(f->db, TV_READ);
  test_ok(tv_sql_join(f->sql, txn));
  held_open(&h, txn);
  held_check(&h, ROWS);
  test_ok(tv_sql_leave(f->sql));
  tv_abort(txn);
  sql_is(f->sql, "SELECT count(*) FROM t WHERE k LIKE 'row%'", "200|\n");
  committer_end(&process);
}

static void one_snapshot_of_sql_serves_all_three_while_others_commit(void **state) {
  three *f = *state;
  committer process = committer_start(f->path);
  held h = {.f = f, .process = &process};
  tv_error err = {0};
  tv_txn *txn;
  held_drop_first(f);
  held_fill(f);
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_READ, &txn, &err));
  held_open(&h, txn);
  held_check(&h, ROWS);
  test_status(tv_sql_txn(f->sql, TV_WRITE, &txn, &err), TV_ECONFLICT);
  sql_run(f->sql, "COMMIT");
  sql_is(f->sql, "SELECT count(*) FROM kv('b') WHERE key LIKE 'row%'", "200|\n");
  committer_end(&process);
}

/* ---- Its own uncommitted writes ---- */

static void a_select_joins_its_own_uncommitted_writes_and_others_do_not(void **state) {
  static const char query[] =
      "SELECT t.k, b.value, h.depth FROM t JOIN kv('b') AS b ON b.key = t.k "
      "JOIN graph_khop('g', 'hub', 1) AS h ON h.node = t.k ORDER BY t.k";
  three *f = *state;
  int c_leads;
  for (c_leads = 0; c_leads < 2; c_leads++) {
    tv_error err = {0};
    tv_txn *txn;
    if (c_leads) {
      txn = test_begin(f->db, TV_WRITE);
      test_ok(tv_sql_join(f->sql, txn));
    } else {
      sql_run(f->sql, "BEGIN");
      test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
    }
    three_insert(f->sql, "mine");
    sql_is(f->sql, query, "first|value|1|\n");
    three_put(txn, "mine");
    sql_is(f->sql, query, "first|value|1|\n");
    three_hang(txn, "mine");
    sql_is(f->sql, query, "first|value|1|\nmine|value|1|\n");
    sql_is(f->sql, "SELECT step, node FROM graph_path('g', 'hub', 'mine')", "0|hub|\n1|mine|\n");
    sql_is(f->sql,
           "SELECT count(*) FROM graph_nodes('g', 'Leaf') JOIN graph_edges('g') ON key = "
           "target",
           "2|\n");
    sql_is(f->other, query, "first|value|1|\n");
    assert_int_equal(sql_code(f->other, "SELECT * FROM graph_path('g', 'hub', 'mine')"),
                     SQLITE_ERROR);
    if (c_leads) {
      test_ok(tv_sql_leave(f->sql));
      tv_abort(txn);
    } else {
      sql_run(f->sql, "ROLLBACK");
    }
    sql_is(f->sql, query, "first|value|1|\n");
  }
}

/* ---- A commit is visible in all models at once ---- */

enum { COMMITS = 500, READERS = 3 };

typedef struct watch {
  three *f;
  atomic_int stop;
  atomic_int looks, wrong;
} watch;

static const tv_value *watch_number(tv_value *value, int64_t n) {
  *value = (tv_value){.type = TV_INT64, .as.integer = n};
  return value;
}

static int watch_set(tv_txn *txn, int64_t n) {
  tv_bucket *bucket;
  tv_graph *graph;
  tv_node hub;
  tv_value value;
  int status = tv_kv_open(txn, "b", 0, NULL, &bucket);
  if (status == TV_OK) status = tv_kv_add(bucket, tv_str("n"), 1, NULL);
  if (status == TV_OK) status = tv_graph_open(txn, "g", 0, &graph);
  if (status == TV_OK) status = tv_graph_node_put(graph, tv_str("hub"), NULL, &hub);
  if (status == TV_OK) status = tv_graph_edge_add(graph, hub, hub, "again", 0, NULL, NULL);
  if (status == TV_OK) status = tv_graph_node_set(graph, hub, "n", *watch_number(&value, n));
  return status;
}

static void watch_write(three *f, int64_t n) {
  static const char update[] = "UPDATE n SET n = n + 1; INSERT INTO many SELECT n FROM n";
  tv_error err = {0};
  tv_txn *txn;
  if (n % 2 == 0) {
    txn = test_begin(f->db, TV_WRITE);
    test_ok(tv_sql_join(f->sql, txn));
    sql_run(f->sql, update);
    test_ok(watch_set(txn, n));
    test_ok(tv_sql_leave(f->sql));
    test_commit(txn);
  } else {
    sql_run(f->sql, "BEGIN IMMEDIATE");
    test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
    test_ok(watch_set(txn, n));
    sql_run(f->sql, update);
    sql_run(f->sql, "COMMIT");
  }
}

/* One statement over the three models: all figures are the same number. */
static const char watch_query[] =
    "SELECT (SELECT n FROM n), (SELECT count(*) FROM many),"
    " (SELECT CAST(value AS INTEGER) FROM kv('b') WHERE key = 'n'),"
    " (SELECT properties ->> 'n' FROM graph_nodes('g') WHERE key = 'hub'),"
    " (SELECT count(*) FROM graph_neighbors('g', 'hub', 'out', 'again'))";

static int watch_row_is(sqlite3_stmt *row, int64_t *n) {
  int i, same = 1;
  *n = sqlite3_column_int64(row, 0);
  for (i = 1; i < 5; i++) same &= sqlite3_column_int64(row, i) == *n;
  return same;
}

/* By C, in the same snapshot as the statement. */
static int watch_c_is(tv_txn *txn, int64_t n) {
  tv_bucket *bucket;
  tv_graph *graph;
  tv_node hub;
  tv_slice value;
  tv_value property = {0};
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)n);
  return tv_kv_open(txn, "b", 0, NULL, &bucket) == TV_OK &&
         tv_kv_get(bucket, tv_str("n"), &value) == TV_OK && test_slice_is(value, text) &&
         tv_graph_open(txn, "g", 0, &graph) == TV_OK &&
         tv_graph_node_find(graph, tv_str("hub"), &hub) == TV_OK &&
         tv_graph_node_get(graph, hub, "n", &property) == TV_OK && property.as.integer == n;
}

/* cmocka's asserts belong to the main thread: what is wrong is counted. */
static void *watch_main(void *arg) {
  watch *w = arg;
  int64_t last = 0, n;
  sqlite3_stmt *row = NULL;
  sqlite3 *sql = NULL;
  int own = 0, code;
  if (tv_sql_open(w->f->db, 0, &sql, NULL) != TV_OK ||
      sqlite3_prepare_v2(sql, watch_query, -1, &row, NULL) != SQLITE_OK) {
    atomic_fetch_add(&w->wrong, 1);
    atomic_store(&w->stop, 1);
  }
  while (!atomic_load(&w->stop)) {
    tv_txn *txn = NULL;
    own = !own; /* in turn: SQL alone, SQL and C in one transaction */
    if (!own &&
        (tv_begin(w->f->db, TV_READ, &txn, NULL) != TV_OK || tv_sql_join(sql, txn) != TV_OK))
      atomic_fetch_add(&w->wrong, 1);
    code = sqlite3_step(row);
    if (code != SQLITE_ROW || !watch_row_is(row, &n) || n < last) {
      atomic_fetch_add(&w->wrong, 1);
    } else {
      last = n;
      if (txn != NULL && !watch_c_is(txn, n)) atomic_fetch_add(&w->wrong, 1);
    }
    sqlite3_reset(row);
    if (txn != NULL && tv_sql_leave(sql) != TV_OK) atomic_fetch_add(&w->wrong, 1);
    tv_abort(txn);
    atomic_fetch_add(&w->looks, 1);
  }
  sqlite3_finalize(row);
  sqlite3_close(sql);
  return NULL;
}

static void a_commit_is_seen_in_all_models_at_once(void **state) {
  three *f = *state;
  watch w = {.f = f};
  pthread_t readers[READERS];
  int i, n;
  sql_run(f->sql, "CREATE TABLE n(n INTEGER); INSERT INTO n VALUES(0); CREATE TABLE many(n)");
  for (n = 1; n <= 2; n++) watch_write(f, n);
  for (i = 0; i < READERS; i++)
    assert_int_equal(pthread_create(&readers[i], NULL, watch_main, &w), 0);
  for (; n <= COMMITS || atomic_load(&w.looks) < 30 * READERS; n++) {
    watch_write(f, n);
    if (atomic_load(&w.wrong) != 0) break;
  }
  atomic_store(&w.stop, 1);
  for (i = 0; i < READERS; i++) assert_int_equal(pthread_join(readers[i], NULL), 0);
  print_message("%d looks while %d transactions were committed\n", atomic_load(&w.looks), n - 1);
  assert_int_equal(atomic_load(&w.wrong), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_setup, three_teardown)

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      TEST(one_snapshot_of_c_serves_all_three_while_others_commit),
      TEST(one_snapshot_of_sql_serves_all_three_while_others_commit),
      TEST(a_select_joins_its_own_uncommitted_writes_and_others_do_not),
      TEST(a_commit_is_seen_in_all_models_at_once),
  };
  if (argc == 5 && strcmp(argv[1], "--commit") == 0)
    return committer_main(argv[2], atoi(argv[3]), atoi(argv[4]));
  return cmocka_run_group_tests(tests, NULL, NULL);
}
