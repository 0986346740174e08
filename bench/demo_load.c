/* SPDX-License-Identifier: MIT */
/*
 * Loads an index as three models. A batch is one tv_db_write: the stanzas' puts, the nodes and
 * edges and the rows of 2,000 packages commit together or not at all. Loading model by model was
 * rejected: it would be a little faster and show nothing.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "demo.h"
#include "interrupt.h"
#include "progress.h"

static const char demo_load_schema[] =
    "CREATE TABLE packages("
    "  name TEXT PRIMARY KEY, version TEXT NOT NULL, section TEXT NOT NULL, priority TEXT,"
    "  architecture TEXT,"
    "  installed_size INTEGER," /* KiB */
    "  size INTEGER,"           /* bytes of the archive */
    "  maintainer TEXT, homepage TEXT, description TEXT) WITHOUT ROWID";
static const char demo_load_row[] = "INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/* What SQL needs to follow dependencies by itself; the graph has it already, so it is one
 * statement. */
static const char demo_load_depends[] =
    "CREATE TABLE depends(target TEXT, package TEXT, PRIMARY KEY (target, package)) WITHOUT ROWID;"
    "INSERT OR IGNORE INTO depends"
    "  SELECT target, source FROM graph_edges('" DEMO_GRAPH
    "')"
    "  WHERE type IN ('Depends', 'PreDepends') ORDER BY target, source;";

typedef struct demo_load_batch {
  const deb_index *index;
  sqlite3 *sql;
  sqlite3_stmt *insert;
  size_t from, to;
} demo_load_batch;

static tv_value demo_load_text(tv_slice text) {
  tv_value value;
  memset(&value, 0, sizeof value);
  value.type = TV_TEXT;
  value.as.bytes = text;
  return value;
}

static tv_value demo_load_integer(int64_t n) {
  tv_value value;
  memset(&value, 0, sizeof value);
  value.type = TV_INT64;
  value.as.integer = n;
  return value;
}

static int demo_load_edge(tv_graph *graph, const deb_index *index, tv_node from,
                          const deb_dependency *relation, const char *type) {
  char constraint[256];
  tv_property properties[3];
  size_t n = 0;
  tv_node to;
  int real = deb_index_find(index, relation->name) != NULL;
  int rc = tv_graph_node_put(graph, relation->name, real ? "Package" : "Virtual", &to);
  if (rc != TV_OK) return rc;
  if (relation->relation[0] != '\0') {
    int size = snprintf(constraint, sizeof constraint, "%s %.*s", relation->relation,
                        (int)(relation->version.size < 200 ? relation->version.size : 200),
                        (const char *)relation->version.data);
    properties[n].name = "version";
    properties[n++].value = demo_load_text(tv_bytes(constraint, (size_t)size));
  }
  if (relation->alternatives > 1) {
    properties[n].name = "alternative";
    properties[n++].value = demo_load_integer(relation->group);
  }
  if (relation->qualifier.size > 0) {
    properties[n].name = "architecture";
    properties[n++].value = demo_load_text(relation->qualifier);
  }
  return tv_graph_edge_add(graph, from, to, type, n, properties, NULL);
}

static int demo_load_node(tv_graph *graph, const deb_index *index, const deb_package *package) {
  tv_node node;
  int type;
  size_t r;
  int rc = tv_graph_node_put(graph, package->name, "Package", &node);
  if (rc == TV_OK) rc = tv_graph_node_set(graph, node, "version", demo_load_text(package->version));
  if (rc == TV_OK) rc = tv_graph_node_set(graph, node, "section", demo_load_text(package->section));
  if (rc == TV_OK && package->installed_size >= 0)
    rc = tv_graph_node_set(graph, node, "installed_size",
                           demo_load_integer(package->installed_size));
  for (type = 0; type < DEB_RELATION_TYPES && rc == TV_OK; type++)
    for (r = package->relations_from[type]; r < package->relations_from[type + 1] && rc == TV_OK;
         r++)
      /* Names longer than a key are not package names; the index may hold anything. */
      if (index->relations.items[r].name.size <= TV_KEY_BYTES_MAX)
        rc = demo_load_edge(graph, index, node, &index->relations.items[r],
                            deb_relation_names[type]);
  return rc;
}

static void demo_load_bind(sqlite3_stmt *insert, int at, tv_slice text) {
  if (text.size > 0)
    sqlite3_bind_text(insert, at, text.data, (int)text.size, SQLITE_STATIC);
  else
    sqlite3_bind_null(insert, at);
}

static int demo_load_insert(sqlite3_stmt *insert, const deb_package *package) {
  int rc;
  demo_load_bind(insert, 1, package->name);
  demo_load_bind(insert, 2, package->version);
  demo_load_bind(insert, 3, package->section);
  demo_load_bind(insert, 4, package->priority);
  demo_load_bind(insert, 5, package->architecture);
  sqlite3_bind_null(insert, 6);
  sqlite3_bind_null(insert, 7);
  if (package->installed_size >= 0) sqlite3_bind_int64(insert, 6, package->installed_size);
  if (package->size >= 0) sqlite3_bind_int64(insert, 7, package->size);
  demo_load_bind(insert, 8, package->maintainer);
  demo_load_bind(insert, 9, package->homepage);
  demo_load_bind(insert, 10, package->description);
  sqlite3_step(insert);
  rc = sqlite3_reset(insert);
  return rc == SQLITE_OK ? TV_OK : TV_ESQL;
}

/* One transaction over the three models. */
static int demo_load_write(tv_txn *txn, void *ctx) {
  demo_load_batch *batch = ctx;
  tv_bucket_options options = {0};
  tv_bucket *bucket;
  tv_graph *graph;
  size_t i;
  int rc;
  options.compression = TV_COMPRESS_LZ4;
  options.key_type = TV_COLUMN_TEXT;
  options.value_type = TV_COLUMN_TEXT;
  rc = tv_kv_open(txn, DEMO_BUCKET, TV_CREATE, &options, &bucket);
  if (rc == TV_OK) rc = tv_graph_open(txn, DEMO_GRAPH, TV_CREATE, &graph);
  if (rc == TV_OK) rc = tv_sql_join(batch->sql, txn);
  if (rc != TV_OK) return rc;
  for (i = batch->from; i < batch->to && rc == TV_OK; i++) {
    const deb_package *package = &batch->index->packages[i];
    rc = tv_kv_put_append(bucket, package->name, package->stanza); /* the index is sorted */
    if (rc == TV_OK) rc = demo_load_node(graph, batch->index, package);
    if (rc == TV_OK) rc = demo_load_insert(batch->insert, package);
  }
  if (rc == TV_OK) return tv_sql_leave(batch->sql);
  tv_sql_leave(batch->sql);
  return rc;
}

/* *err as it is when it says something, else what SQLite says. */
static int demo_load_sql_fail(sqlite3 *sql, int rc, tv_error *err) {
  if (err->message[0] != '\0') return rc;
  err->status = TV_ESQL;
  err->native = sqlite3_extended_errcode(sql);
  snprintf(err->message, sizeof err->message, "%s", sqlite3_errmsg(sql));
  return TV_ESQL;
}

static int demo_load_batches(tv_db *db, demo_load_batch *batch, uint64_t size,
                             demo_load_facts *facts, tv_error *err) {
  const deb_index *index = batch->index;
  progress bar;
  int rc = TV_OK;
  progress_begin(&bar, "loading three models", index->n);
  while (batch->to < index->n && rc == TV_OK) {
    batch->from = batch->to;
    batch->to = index->n - batch->from < size ? index->n : batch->from + size;
    rc = interrupt_seen() ? TV_EINTR : tv_db_write(db, demo_load_write, batch, err);
    if (rc == TV_ESQL) rc = demo_load_sql_fail(batch->sql, rc, err);
    facts->transactions++;
    progress_at(&bar, batch->to);
  }
  progress_end(&bar);
  return rc;
}

typedef struct demo_load_statements {
  sqlite3 *sql;
  const char *text;
} demo_load_statements;

static int demo_load_run(tv_txn *txn, void *ctx) {
  const demo_load_statements *run = ctx;
  int rc = tv_sql_join(run->sql, txn);
  if (rc != TV_OK) return rc;
  if (sqlite3_exec(run->sql, run->text, NULL, NULL, NULL) != SQLITE_OK) rc = TV_ESQL;
  if (rc == TV_OK) return tv_sql_leave(run->sql);
  tv_sql_leave(run->sql);
  return rc;
}

/* Runs statements in a transaction of C's, as the batches are: SQL never begins one here. */
static int demo_load_exec(tv_db *db, sqlite3 *sql, const char *text, tv_error *err) {
  demo_load_statements run = {sql, text};
  int rc = tv_db_write(db, demo_load_run, &run, err);
  return rc == TV_ESQL ? demo_load_sql_fail(sql, rc, err) : rc;
}

int demo_load(const char *path, const deb_index *index, uint64_t batch_size, demo_load_facts *facts,
              tv_error *err) {
  demo_load_batch batch = {index, NULL, NULL, 0, 0};
  tv_options options = {0};
  tv_db *db;
  uint64_t started = clock_ns();
  int rc;
  memset(facts, 0, sizeof *facts);
  memset(err, 0, sizeof *err);
  facts->packages = index->n;
  options.flags = TV_OPEN_NEW;
  options.durability = TV_BULK; /* published by tv_sync at the end; until then it is no store */
  rc = tv_open(path, &options, &db, err);
  if (rc != TV_OK) return rc;
  rc = tv_sql_open(db, TV_SQL_THREAD_BOUND, &batch.sql, err);
  if (rc == TV_OK) rc = demo_load_exec(db, batch.sql, demo_load_schema, err);
  if (rc == TV_OK &&
      sqlite3_prepare_v2(batch.sql, demo_load_row, -1, &batch.insert, NULL) != SQLITE_OK)
    rc = demo_load_sql_fail(batch.sql, TV_ESQL, err);
  if (rc == TV_OK) rc = demo_load_batches(db, &batch, batch_size, facts, err);
  facts->load_ns = clock_ns() - started;
  sqlite3_finalize(batch.insert);
  if (rc == TV_OK) rc = demo_load_exec(db, batch.sql, demo_load_depends, err);
  if (rc == TV_OK) rc = tv_sync(db, err);
  facts->depends_ns = clock_ns() - started - facts->load_ns;
  sqlite3_close(batch.sql);
  if (tv_close(db, rc == TV_OK ? err : NULL) != TV_OK && rc == TV_OK) rc = err->status;
  return rc;
}
