/* SPDX-License-Identifier: MIT */
/*
 * Arguments of the table functions, from SQL values to nodes, directions and types. A node that
 * does not exist is an error when the statement spells it out, for then it is a slip of the pen;
 * when the key comes from a table or a parameter, the answer is empty, as it is in any join.
 * Failing always was rejected: one row without a node would take the whole join down.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_table_internal.h"

static int graph_argument_is_literal(const tvi_graph_cursor *cursor, int column) {
  return cursor->plan >> (TVI_GRAPH_PLAN_LITERAL + column) & 1;
}

tv_slice tvi_graph_key_bytes(sqlite3_value *value) {
  const void *bytes = sqlite3_value_type(value) == SQLITE_BLOB ? sqlite3_value_blob(value)
                                                               : sqlite3_value_text(value);
  return bytes == NULL ? tv_bytes("", 0) : tv_bytes(bytes, (size_t)sqlite3_value_bytes(value));
}

/* A key that no node can have names none. */
int tvi_graph_key_find(tv_graph *graph, sqlite3_value *value, tv_node *node) {
  tv_slice key = tvi_graph_key_bytes(value);
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX) return TV_NOTFOUND;
  return tv_graph_node_find(graph, key, node);
}

static int graph_argument_find(tvi_graph_cursor *cursor, sqlite3_value *key, tv_node *node,
                               int *found) {
  int status = tvi_graph_key_find(cursor->graph, key, node);
  *found = status == TV_OK;
  return status == TV_OK || status == TV_NOTFOUND ? SQLITE_OK : tvi_graph_fail(cursor, status);
}

static int graph_argument_real(tvi_graph_cursor *cursor, int column, sqlite3_value *value) {
  return tvi_graph_complain(
      cursor, SQLITE_ERROR,
      sqlite3_mprintf("%s: %s is the key of a node: text, blob or integer, not the real %s",
                      cursor->spec->module, cursor->spec->columns[column],
                      sqlite3_value_text(value)));
}

int tvi_graph_argument_node(tvi_graph_cursor *cursor, int column, tv_node *node, int *found) {
  sqlite3_value *value = cursor->given[column];
  char shown[TVI_SHOW_BYTES];
  int code;

  *found = 0;
  if (sqlite3_value_type(value) == SQLITE_FLOAT) return graph_argument_real(cursor, column, value);
  code = graph_argument_find(cursor, value, node, found);
  if (code != SQLITE_OK || *found || !graph_argument_is_literal(cursor, column)) return code;
  return tvi_graph_complain(
      cursor, SQLITE_ERROR,
      sqlite3_mprintf("%s: no such node: %s in graph \"%s\"", cursor->spec->module,
                      tvi_show(tvi_graph_key_bytes(value), shown), tvi_graph_title(cursor)));
}

static int graph_argument_ascending(const void *left, const void *right) {
  tv_node a = *(const tv_node *)left, b = *(const tv_node *)right;
  return a < b ? -1 : a > b;
}

size_t tvi_graph_nodes_sort(tv_node *nodes, size_t n) {
  size_t i, kept = 0;

  if (n > 1) qsort(nodes, n, sizeof *nodes, graph_argument_ascending);
  for (i = 0; i < n; i++)
    if (kept == 0 || nodes[i] != nodes[kept - 1]) nodes[kept++] = nodes[i];
  return kept;
}

typedef struct graph_argument_start {
  tv_node node;
  sqlite3_value *given;
} graph_argument_start;

static int graph_argument_order(const void *left, const void *right) {
  return graph_argument_ascending(&((const graph_argument_start *)left)->node,
                                  &((const graph_argument_start *)right)->node);
}

/* The nodes of a list, in the order of their ids: so they are expanded fastest. */
static int graph_argument_list(tvi_graph_cursor *cursor, int column, graph_argument_start *list,
                               size_t *n) {
  int found, code = SQLITE_OK;
  size_t i;

  for (i = 0; i < cursor->list_count && code == SQLITE_OK; i++) {
    sqlite3_value *value = cursor->list[i];
    if (sqlite3_value_type(value) == SQLITE_NULL) continue;
    if (sqlite3_value_type(value) == SQLITE_FLOAT)
      return graph_argument_real(cursor, column, value);
    code = graph_argument_find(cursor, value, &list[*n].node, &found);
    list[*n].given = value;
    if (code == SQLITE_OK && found) ++*n;
  }
  if (*n > 1) qsort(list, *n, sizeof *list, graph_argument_order);
  return code;
}

int tvi_graph_argument_starts(tvi_graph_cursor *cursor, int column, tvi_graph_starts *starts) {
  int is_list = cursor->list_column == column, found, code;
  graph_argument_start one = {0, cursor->given[column]}, *list = &one;
  size_t i, n = 0;

  *starts = (tvi_graph_starts){NULL, NULL, 0};
  if (is_list) {
    if (cursor->list_count == 0) return SQLITE_OK;
    list = tvi_alloc(cursor->list_count * sizeof *list);
    if (list == NULL) return SQLITE_NOMEM;
    code = graph_argument_list(cursor, column, list, &n);
  } else {
    code = tvi_graph_argument_node(cursor, column, &one.node, &found);
    n = (size_t)(code == SQLITE_OK && found);
  }
  if (code == SQLITE_OK && n > 0) {
    starts->nodes = tvi_alloc(n * sizeof *starts->nodes);
    starts->given = tvi_alloc(n * sizeof *starts->given);
    if (starts->nodes == NULL || starts->given == NULL) code = SQLITE_NOMEM;
  }
  for (i = 0; i < n && code == SQLITE_OK; i++) {
    starts->nodes[i] = list[i].node;
    starts->given[i] = list[i].given;
  }
  if (code == SQLITE_OK) starts->n = n;
  if (is_list) tvi_free(list);
  return code;
}

void tvi_graph_starts_free(tvi_graph_starts *starts) {
  tvi_free(starts->nodes);
  tvi_free(starts->given);
  *starts = (tvi_graph_starts){NULL, NULL, 0};
}

int tvi_graph_argument_whole(tvi_graph_cursor *cursor, int column, int64_t least, int64_t most,
                             int64_t *number) {
  sqlite3_value *value = cursor->given[column];
  int type = value == NULL ? SQLITE_NULL : sqlite3_value_numeric_type(value);
  int64_t given;

  if (type == SQLITE_NULL) return SQLITE_OK;
  given = sqlite3_value_int64(value);
  if ((type == SQLITE_INTEGER ||
       (type == SQLITE_FLOAT && sqlite3_value_double(value) == (double)given)) &&
      given >= least && given <= most) {
    *number = given;
    return SQLITE_OK;
  }
  return tvi_graph_complain(
      cursor, SQLITE_ERROR,
      sqlite3_mprintf("%s: %s are from %lld to %lld, not %s", cursor->spec->module,
                      cursor->spec->columns[column], (long long)least, (long long)most,
                      sqlite3_value_text(value)));
}

int tvi_graph_argument_real(tvi_graph_cursor *cursor, int column, double *number) {
  sqlite3_value *value = cursor->given[column];
  int type = value == NULL ? SQLITE_NULL : sqlite3_value_numeric_type(value);

  if (type == SQLITE_NULL) return SQLITE_OK;
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    *number = sqlite3_value_double(value);
    return SQLITE_OK;
  }
  return tvi_graph_complain(
      cursor, SQLITE_ERROR,
      sqlite3_mprintf("%s: %s is a number, not %s", cursor->spec->module,
                      cursor->spec->columns[column], sqlite3_value_text(value)));
}

int tvi_graph_argument_direction(tvi_graph_cursor *cursor, int column, int *direction) {
  sqlite3_value *value = cursor->given[column];
  const char *text;

  *direction = TV_OUT;
  if (value == NULL || sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
  text = (const char *)sqlite3_value_text(value);
  if (text == NULL) return SQLITE_NOMEM;
  if (sqlite3_stricmp(text, "out") == 0) return SQLITE_OK;
  *direction = TV_IN;
  if (sqlite3_stricmp(text, "in") == 0) return SQLITE_OK;
  *direction = TV_BOTH;
  if (sqlite3_stricmp(text, "both") == 0) return SQLITE_OK;
  return tvi_graph_complain(cursor, SQLITE_ERROR,
                            sqlite3_mprintf("%s: direction is 'out', 'in' or 'both', not '%s'",
                                            cursor->spec->module, text));
}

/* One name of the list. Blanks around it do not count. */
static int graph_argument_type(tvi_graph_cursor *cursor, const char *from, const char *to,
                               uint32_t *type) {
  char name[TV_NAME_BYTES_MAX + 1];
  int status = TV_ENOLABEL;

  while (from < to && *from == ' ') from++;
  while (to > from && to[-1] == ' ') to--;
  if (to > from && to - from <= TV_NAME_BYTES_MAX) {
    memcpy(name, from, (size_t)(to - from));
    name[to - from] = '\0';
    status = tv_graph_type_find(cursor->graph, name, type);
  }
  if (status == TV_OK) return SQLITE_OK;
  if (status != TV_ENOLABEL) return tvi_graph_fail(cursor, status);
  return tvi_graph_complain(
      cursor, SQLITE_ERROR,
      sqlite3_mprintf("%s: no such edge type: \"%.*s\" in graph \"%s\"", cursor->spec->module,
                      (int)(to - from), from, tvi_graph_title(cursor)));
}

int tvi_graph_argument_types(tvi_graph_cursor *cursor, int column, tv_types *types) {
  sqlite3_value *value = cursor->given[column];
  const char *text, *at;
  uint32_t *numbers;
  size_t n = 1;
  int code = SQLITE_OK;

  types->n = 0;
  types->types = NULL;
  if (value == NULL || sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
  text = (const char *)sqlite3_value_text(value);
  if (text == NULL) return SQLITE_NOMEM;
  if (*text == '\0') return SQLITE_OK;
  for (at = text; *at != '\0'; at++) n += *at == ',';
  numbers = tvi_alloc(n * sizeof *numbers);
  if (numbers == NULL) return SQLITE_NOMEM;
  for (at = text; code == SQLITE_OK && types->n < n; types->n++) {
    const char *comma = strchr(at, ',');
    const char *end = comma != NULL ? comma : at + strlen(at);
    code = graph_argument_type(cursor, at, end, &numbers[types->n]);
    at = end + 1;
  }
  types->types = numbers;
  if (code == SQLITE_OK) return SQLITE_OK;
  tvi_free(numbers);
  types->types = NULL;
  types->n = 0;
  return code;
}

int tvi_graph_match_key(tvi_graph_cursor *cursor, int column, tvi_graph_match *match,
                        tv_node *node) {
  sqlite3_value *value = cursor->given[column];
  int type = sqlite3_value_type(value), found, code;

  *match = TVI_GRAPH_MATCH_NONE;
  if (type == SQLITE_NULL) return SQLITE_OK;
  /* A number from a column of numbers equals '7', '07' and '7.0' alike. */
  if ((type == SQLITE_INTEGER || type == SQLITE_FLOAT) &&
      !graph_argument_is_literal(cursor, column)) {
    *match = TVI_GRAPH_MATCH_ALL;
    return SQLITE_OK;
  }
  code = graph_argument_find(cursor, value, node, &found);
  if (code == SQLITE_OK && found) *match = TVI_GRAPH_MATCH_ONE;
  return code;
}

tvi_graph_match tvi_graph_match_number(const tvi_graph_cursor *cursor, int column,
                                       uint64_t *number) {
  sqlite3_value *copy = sqlite3_value_dup(cursor->given[column]);
  tvi_graph_match match = TVI_GRAPH_MATCH_NONE;
  sqlite3_int64 integer = -1;

  if (copy == NULL) return TVI_GRAPH_MATCH_ALL;
  switch (sqlite3_value_numeric_type(copy)) {
    case SQLITE_INTEGER:
      integer = sqlite3_value_int64(copy);
      break;
    case SQLITE_FLOAT: {
      double real = sqlite3_value_double(copy);
      if (real >= 0 && real < 9007199254740992.0) integer = (sqlite3_int64)real;
      if ((double)integer != real) integer = -1;
      break;
    }
    default:
      break;
  }
  sqlite3_value_free(copy);
  if (integer >= 0) {
    *number = (uint64_t)integer;
    match = TVI_GRAPH_MATCH_ONE;
  }
  return match;
}
