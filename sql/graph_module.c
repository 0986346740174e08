/* SPDX-License-Identifier: MIT */
/*
 * The graph modules of a connection: connecting, and CREATE VIRTUAL TABLE t USING graph_edges('g')
 * or graph_nodes('g'), which make tables to write to. As with buckets (kv_table.c), one module is
 * function and table alike, so there is one rule for both: a table connected inside a write
 * transaction sees to it that its graph exists.
 */
#include <string.h>

#include "graph_table_internal.h"

typedef struct graph_module_use {
  tvi_graph_module *module;
  const tvi_graph_spec *spec;
} graph_module_use;

static void graph_module_table_free(tvi_graph_table *table) {
  (void)sqlite3_finalize(table->object);
  tvi_free(table->name);
  tvi_free(table->bound);
  tvi_free(table);
}

/* ---- The graph of a table ---- */

int tvi_graph_table_ensure(tvi_graph_table *table, tv_txn **txn, tv_graph **graph, tv_error *err) {
  int status = tvi_conn_write(table->base.conn, txn, err);

  if (status != TV_OK) return status;
  status = tv_graph_open(*txn, table->bound, TV_CREATE, graph);
  if (status < 0 && err != NULL) *err = *tv_txn_error(*txn);
  return status;
}

/* Makes the graph of a table that is being created. */
static int graph_module_make(tvi_graph_table *table, char **message) {
  tv_error err = {0};
  tv_graph *graph;
  tv_txn *txn;
  int status;

  if (sqlite3_txn_state(table->sql, sqlite3_db_name(table->sql, 0)) != SQLITE_TXN_WRITE)
    return SQLITE_OK;
  status = tvi_conn_follow(table->sql, &err);
  if (status == TV_OK) status = tvi_graph_table_ensure(table, &txn, &graph, &err);
  if (status == TV_OK) return SQLITE_OK;
  *message = sqlite3_mprintf("table %s: %s", table->name,
                             err.message[0] != '\0' ? err.message : tv_status_name(status));
  return tvi_sql_code(status);
}

/* ---- Connecting ---- */

static int graph_module_option(tvi_graph_table *table, const char *argument, char **message) {
  const char *name, *expected = "";
  char *value;
  size_t size;
  int code = tvi_word_option(argument, &name, &size, &value);

  if (code == SQLITE_ERROR)
    *message = sqlite3_mprintf("%s: \"%s\" is no option; write it as name=value",
                               table->spec->module, argument);
  if (code != SQLITE_OK) return code;
  if (size == 12 && sqlite3_strnicmp(name, "create_nodes", 12) == 0 &&
      table->spec == &tvi_graph_edges_spec)
    expected = tvi_word_switch(value, &table->creates);
  if (expected != NULL && *expected == '\0')
    *message = sqlite3_mprintf(
        "%s: unknown option \"%.*s\"%s", table->spec->module, (int)size, name,
        table->spec == &tvi_graph_edges_spec ? "; there is create_nodes" : "; there are none");
  else if (expected != NULL)
    *message = sqlite3_mprintf("%s: %.*s is %s, not \"%s\"", table->spec->module, (int)size, name,
                               expected, value);
  tvi_free(value);
  return expected == NULL ? SQLITE_OK : SQLITE_ERROR;
}

/* Fills the table from CREATE VIRTUAL TABLE's words: module, database, table, arguments. */
static int graph_module_describe(tvi_graph_table *table, int argc, const char *const *argv,
                                 char **message) {
  const char *main_name = sqlite3_db_name(table->sql, 0);
  int i, code = SQLITE_OK;

  table->name = tvi_word_copy(argv[2]);
  if (table->name == NULL) return SQLITE_NOMEM;
  if (argc == 3 && sqlite3_stricmp(argv[0], argv[2]) == 0) return SQLITE_OK;
  if (main_name != NULL && sqlite3_stricmp(argv[1], main_name) != 0) {
    *message = sqlite3_mprintf("%s: table %s must be in database %s, where the graph is, not in %s",
                               table->spec->module, argv[2], main_name, argv[1]);
    return SQLITE_ERROR;
  }
  if (argc < 4 || argv[3][0] == '\0') {
    *message = sqlite3_mprintf("%s: name the graph, as in USING %s('g')", table->spec->module,
                               table->spec->module);
    return SQLITE_ERROR;
  }
  table->bound = tvi_word_unquote(argv[3]);
  if (table->bound == NULL) return SQLITE_NOMEM;
  if (*table->bound == '\0' || strlen(table->bound) > TV_NAME_BYTES_MAX) {
    *message = sqlite3_mprintf("%s: the graph's name has 1 to %d bytes: \"%s\"",
                               table->spec->module, TV_NAME_BYTES_MAX, table->bound);
    return SQLITE_ERROR;
  }
  for (i = 4; i < argc && code == SQLITE_OK; i++)
    code = graph_module_option(table, argv[i], message);
  return code;
}

static int graph_module_connect(sqlite3 *sql, void *client, int argc, const char *const *argv,
                                sqlite3_vtab **out, char **message) {
  const graph_module_use *use = client;
  tvi_graph_table *table = tvi_zalloc(sizeof *table);
  int code;

  if (table == NULL) return SQLITE_NOMEM;
  table->sql = sql;
  table->module = use->module;
  table->base.conn = use->module->conn;
  table->spec = use->spec;
  code = graph_module_describe(table, argc, argv, message);
  if (code == SQLITE_OK)
    code = sqlite3_declare_vtab(sql, table->bound == NULL ? use->spec->create : use->spec->made);
  if (code == SQLITE_OK && table->bound != NULL) code = graph_module_make(table, message);
  if (code == SQLITE_OK && table->bound != NULL)
    code = sqlite3_vtab_config(sql, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  if (code != SQLITE_OK) {
    graph_module_table_free(table);
    return code;
  }
  *out = &table->base.vtab;
  return SQLITE_OK;
}

/* Also DROP TABLE: the table goes, the graph stays. */
static int graph_module_disconnect(sqlite3_vtab *vtab) {
  graph_module_table_free((tvi_graph_table *)vtab);
  return SQLITE_OK;
}

static int graph_module_rename(sqlite3_vtab *vtab, const char *name) {
  tvi_graph_table *table = (tvi_graph_table *)vtab;
  char *copy = tvi_word_copy(name);

  if (copy == NULL) return SQLITE_NOMEM;
  tvi_free(table->name);
  table->name = copy;
  return SQLITE_OK;
}

/* ---- Freezing ---- */

int tvi_graph_scans_freeze(tvi_graph_table *table) {
  tvi_graph_cursor *cursor;
  int code = SQLITE_OK;

  for (cursor = table->module->open; cursor != NULL && code == SQLITE_OK; cursor = cursor->next) {
    if (cursor->eof || cursor->spec->freeze == NULL || cursor->name.data == NULL ||
        strcmp(tvi_graph_title(cursor), table->bound) != 0)
      continue;
    code = cursor->spec->freeze(cursor);
  }
  return code;
}

/* ---- Registering ---- */

#define GRAPH_MODULE_READS                                                             \
  .iVersion = 2, .xConnect = graph_module_connect, .xBestIndex = tvi_graph_best_index, \
  .xDisconnect = graph_module_disconnect, .xOpen = tvi_graph_table_open,               \
  .xClose = tvi_graph_table_close, .xFilter = tvi_graph_table_filter,                  \
  .xNext = tvi_graph_table_next, .xEof = tvi_graph_table_eof, .xColumn = tvi_graph_table_column

/* Without xCreate these cannot be mistaken for tables to be created. */
static const sqlite3_module graph_module_functions = {GRAPH_MODULE_READS};

static const sqlite3_module graph_module_tables = {
    GRAPH_MODULE_READS,
    .xCreate = graph_module_connect,
    .xDestroy = graph_module_disconnect,
    .xRowid = tvi_graph_rowid,
    .xUpdate = tvi_graph_update,
    .xBegin = tvi_conn_table_transaction,
    .xSync = tvi_conn_table_transaction,
    .xCommit = tvi_conn_table_transaction,
    .xRollback = tvi_conn_table_transaction,
    .xRename = graph_module_rename,
    .xSavepoint = tvi_conn_table_savepoint,
    .xRelease = tvi_conn_table_release,
    .xRollbackTo = tvi_conn_table_rollback_to,
};

static void graph_module_release(tvi_graph_module *module) {
  if (--module->references == 0) tvi_free(module);
}

static void graph_module_use_free(void *client) {
  graph_module_use *use = client;
  graph_module_release(use->module);
  tvi_free(use);
}

static int graph_module_register(sqlite3 *sql, tvi_graph_module *module,
                                 const tvi_graph_spec *spec) {
  graph_module_use *use = tvi_alloc(sizeof *use);

  if (use == NULL) return SQLITE_NOMEM;
  use->module = module;
  use->spec = spec;
  module->references++;
  /* SQLite frees `use` also when this fails. */
  return sqlite3_create_module_v2(
      sql, spec->module, spec->made != NULL ? &graph_module_tables : &graph_module_functions, use,
      graph_module_use_free);
}

int tvi_module_graph_register(sqlite3 *sql, tvi_conn *conn) {
  static const tvi_graph_spec *const specs[] = {&tvi_graph_nodes_spec,
                                                &tvi_graph_find_spec,
                                                &tvi_graph_edges_spec,
                                                &tvi_graph_neighbors_spec,
                                                &tvi_graph_khop_spec,
                                                &tvi_graph_path_spec,
                                                &tvi_graph_all_paths_spec,
                                                &tvi_graph_pagerank_spec,
                                                &tvi_graph_betweenness_spec,
                                                &tvi_graph_components_spec,
                                                &tvi_graph_strong_components_spec,
                                                &tvi_graph_clustering_spec,
                                                &tvi_graph_communities_spec,
                                                &tvi_graph_degrees_spec,
                                                &tvi_graph_degree_stat_spec,
                                                &tvi_graph_triangles_spec,
                                                &tvi_graph_levels_spec,
                                                &tvi_graph_sssp_spec};
  tvi_graph_module *module = tvi_zalloc(sizeof *module);
  int code = SQLITE_OK;
  size_t i;

  if (module == NULL) return SQLITE_NOMEM;
  module->conn = conn;
  module->references = 1;
  for (i = 0; i < sizeof specs / sizeof specs[0] && code == SQLITE_OK; i++)
    code = graph_module_register(sql, module, specs[i]);
  graph_module_release(module);
  return code;
}
