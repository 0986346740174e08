/* SPDX-License-Identifier: MIT */
/*
 * Which functions are covered. Others run where all their arguments are constants, since SQLite
 * then gives their value: date('1998-12-01', '-90 days'). Those whose value depends on the moment,
 * the connection or the place are left to SQLite. Covering every function row by row through SQLite
 * was rejected: it would be no faster than SQLite.
 */
#include <string.h>

#include "query_internal.h"

static const struct {
  char name[12];
  unsigned char call, code;
  signed char least, most; /* arguments; -1: any number */
} calls_known[] = {
    {"count", TVI_CALL_AGGREGATE, TVI_AGG_COUNT, 0, 1},
    {"sum", TVI_CALL_AGGREGATE, TVI_AGG_SUM, 1, 1},
    {"total", TVI_CALL_AGGREGATE, TVI_AGG_TOTAL, 1, 1},
    {"avg", TVI_CALL_AGGREGATE, TVI_AGG_AVG, 1, 1},
    {"min", TVI_CALL_AGGREGATE, TVI_AGG_MIN, 1, 1},
    {"max", TVI_CALL_AGGREGATE, TVI_AGG_MAX, 1, 1},
    {"min", TVI_CALL_FUNCTION, TVI_F_MIN, 2, -1},
    {"max", TVI_CALL_FUNCTION, TVI_F_MAX, 2, -1},
    {"abs", TVI_CALL_FUNCTION, TVI_F_ABS, 1, 1},
    {"length", TVI_CALL_FUNCTION, TVI_F_LENGTH, 1, 1},
    {"lower", TVI_CALL_FUNCTION, TVI_F_LOWER, 1, 1},
    {"upper", TVI_CALL_FUNCTION, TVI_F_UPPER, 1, 1},
    {"substr", TVI_CALL_FUNCTION, TVI_F_SUBSTR, 2, 3},
    {"substring", TVI_CALL_FUNCTION, TVI_F_SUBSTR, 2, 3},
    {"typeof", TVI_CALL_FUNCTION, TVI_F_TYPEOF, 1, 1},
    {"coalesce", TVI_CALL_COALESCE, 0, 2, -1},
    {"ifnull", TVI_CALL_COALESCE, 0, 2, 2},
    {"nullif", TVI_CALL_NULLIF, 0, 2, 2},
    {"iif", TVI_CALL_IIF, 0, 3, 3},
    {"char", TVI_CALL_CONSTANT, 0, 0, -1},
    {"date", TVI_CALL_CONSTANT, 1, 1, -1},
    {"datetime", TVI_CALL_CONSTANT, 1, 1, -1},
    {"format", TVI_CALL_CONSTANT, 0, 1, -1},
    {"hex", TVI_CALL_CONSTANT, 0, 1, 1},
    {"instr", TVI_CALL_CONSTANT, 0, 2, 2},
    {"julianday", TVI_CALL_CONSTANT, 1, 1, -1},
    {"ltrim", TVI_CALL_CONSTANT, 0, 1, 2},
    {"printf", TVI_CALL_CONSTANT, 0, 1, -1},
    {"quote", TVI_CALL_CONSTANT, 0, 1, 1},
    {"replace", TVI_CALL_CONSTANT, 0, 3, 3},
    {"round", TVI_CALL_CONSTANT, 0, 1, 2},
    {"rtrim", TVI_CALL_CONSTANT, 0, 1, 2},
    {"sign", TVI_CALL_CONSTANT, 0, 1, 1},
    {"strftime", TVI_CALL_CONSTANT, 1, 2, -1},
    {"time", TVI_CALL_CONSTANT, 1, 1, -1},
    {"trim", TVI_CALL_CONSTANT, 0, 1, 2},
    {"unicode", TVI_CALL_CONSTANT, 0, 1, 1},
};

/* A date function's argument that depends on when or where it is evaluated; code 1. Only plain
 * strings and numbers are looked through. */
static int calls_is_fleeting(const tvi_query *query, int argument) {
  static const char *const words[] = {"now", "localtime", "utc"};
  const tvi_query_node *node = &query->node[argument];
  size_t i;
  uint32_t at;

  if (node->kind == TVI_QN_INTEGER || node->kind == TVI_QN_FLOAT || node->kind == TVI_QN_NULL)
    return 0;
  if (node->kind != TVI_QN_STRING) return 1;
  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    for (at = 0; at + strlen(words[i]) <= node->text.size; at++)
      if (sqlite3_strnicmp(query->sql + node->text.at + at, words[i], (int)strlen(words[i])) == 0)
        return 1;
  return 0;
}

static void calls_check(tvi_query_binder *binder, int node) {
  const tvi_query *query = binder->query;
  tvi_query_bound *bound = &binder->bound[node];
  int argument, constant = 1, fleeting = 0;

  for (argument = query->node[node].list; argument >= 0; argument = query->node[argument].next) {
    constant = constant && binder->bound[argument].constant;
    fleeting = fleeting || (bound->code == 1 && calls_is_fleeting(query, argument));
  }
  if (bound->call == TVI_CALL_CONSTANT && (!constant || fleeting))
    tvi_query_decline(binder->query, "the function %.*s is not covered",
                      (int)query->node[node].text.size, query->sql + query->node[node].text.at);
  if (bound->call != TVI_CALL_AGGREGATE && query->node[node].distinct)
    tvi_query_decline(binder->query, "DISTINCT stands in a function that is no aggregate");
}

void tvi_query_call_find(tvi_query_binder *binder, int node) {
  tvi_query *query = binder->query;
  const tvi_query_node *at = &query->node[node];
  char *name = tvi_query_unquote(query, at->text);
  int argument, arguments = 0;
  size_t i;

  if (name == NULL) {
    query->status = TV_ENOMEM;
    return;
  }
  for (argument = at->list; argument >= 0; argument = query->node[argument].next) arguments++;
  for (i = 0; i < sizeof calls_known / sizeof calls_known[0]; i++) {
    if (sqlite3_stricmp(name, calls_known[i].name) != 0 || arguments < calls_known[i].least ||
        (calls_known[i].most >= 0 && arguments > calls_known[i].most))
      continue;
    binder->bound[node].call = calls_known[i].call;
    binder->bound[node].code = calls_known[i].code;
    break;
  }
  if (binder->bound[node].call == TVI_CALL_NONE)
    tvi_query_decline(query, "the function %s is not covered", name);
  else
    calls_check(binder, node);
  if (binder->bound[node].call == TVI_CALL_AGGREGATE && arguments == 0)
    binder->bound[node].code = TVI_AGG_COUNT_ROWS;
  tvi_free(name);
}
