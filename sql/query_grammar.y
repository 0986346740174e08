/* SPDX-License-Identifier: MIT */
/*
 * SELECT as the analytic executor covers it, for Debian's lemon, SQLite's own generator. Rules and
 * precedences are SQLite's, so that what parses here means the same there. What is missing (WITH,
 * UNION, outer joins, windows, subqueries, row values) is no error: the statement runs in SQLite.
 */
%name tvi_query_lemon
%token_prefix LEMON_
%token_type {tvi_query_text}
%extra_context {tvi_query *query}
/* The parser takes no memory beyond this stack: how deep a statement nests is a limit of its. */
%stack_size 200
%default_type {int}

%include {
#include <assert.h>
#include <string.h>

#include "query_internal.h"

#define NONE ((tvi_query_text){0, 0})

typedef struct grammar_as {
  int given;
  tvi_query_text text;
} grammar_as;

typedef struct grammar_join {
  int on, using_list;
} grammar_join;

typedef struct grammar_order {
  int descending, nulls;
} grammar_order;

static int grammar_unary(tvi_query *query, int op, tvi_query_text token, int operand) {
  int at = tvi_query_branch(query, TVI_QN_UNARY, op, operand, -1, -1);
  tvi_query_extend(query, at, token);
  return at;
}

static int grammar_not(tvi_query *query, int is_not, int operand) {
  return is_not ? tvi_query_branch(query, TVI_QN_UNARY, TVI_QT_NOT, operand, -1, -1) : operand;
}

static int grammar_binary(tvi_query *query, int op, int left, int right) {
  return tvi_query_branch(query, TVI_QN_BINARY, op, left, right, -1);
}

static int grammar_call(tvi_query *query, tvi_query_text name, int distinct, int list, int star,
                        tvi_query_text end) {
  int at = tvi_query_leaf(query, TVI_QN_CALL, name);
  if (at < 0) return at;
  query->node[at].distinct = (uint8_t)distinct;
  query->node[at].star = (uint8_t)star;
  query->node[at].list = list;
  tvi_query_extend(query, at, end);
  return at;
}

static int grammar_name(tvi_query *query, tvi_query_text database, tvi_query_text table,
                        tvi_query_text text) {
  int at = tvi_query_leaf(query, TVI_QN_NAME, text);
  if (at < 0) return at;
  query->node[at].table = table;
  query->node[at].database = database;
  if (table.size > 0) tvi_query_extend(query, at, table);
  if (database.size > 0) tvi_query_extend(query, at, database);
  return at;
}

static tvi_query_text grammar_span(tvi_query_text from, tvi_query_text to) {
  return (tvi_query_text){from.at, to.at + to.size - from.at};
}
}

%syntax_error {
  if (TOKEN.size == 0)
    tvi_query_decline(query, "its end is not covered");
  else
    tvi_query_decline(query, "%.*s is not covered", TOKEN.size > 60 ? 60 : (int)TOKEN.size,
                      query->sql + TOKEN.at);
}
%stack_overflow {
  tvi_query_decline(query, "it nests deeper than %d", YYSTACKDEPTH);
}

/* Words that are names where they cannot be anything else, as in SQLite. */
%fallback ID ASC BY CAST DESC END EXPLAIN FIRST LAST LIKE GLOB NULLS OFFSET PLAN QUERY.

%left OR.
%left AND.
%right NOT.
%left IS LIKE GLOB BETWEEN IN ISNULL NOTNULL NE EQ.
%left GT LE LT GE.
%right ESCAPE.
%left BITAND BITOR LSHIFT RSHIFT.
%left PLUS MINUS.
%left STAR SLASH REM.
%left CONCAT.
%left COLLATE.
%right BITNOT.
%nonassoc ON.

input ::= select.

select ::= SELECT distinct(D) columns from where group having order limit. { query->distinct = D; }

distinct(A) ::= DISTINCT. { A = 1; }
distinct(A) ::= ALL.      { A = 0; }
distinct(A) ::= .         { A = 0; }

/* ---- The result ---- */

columns ::= column.
columns ::= columns COMMA column.
%type as {grammar_as}
column ::= expr(E) as(S). { tvi_query_add_column(query, E, S.given ? &S.text : NULL); }
column ::= STAR(T). { tvi_query_add_column(query, tvi_query_leaf(query, TVI_QN_STAR, T), NULL); }
column ::= nm(N) DOT STAR(T). {
  int at = tvi_query_leaf(query, TVI_QN_STAR, T);
  if (at >= 0) query->node[at].table = N;
  tvi_query_add_column(query, at, NULL);
}
as(A) ::= AS nm(N). { A = (grammar_as){1, N}; }
as(A) ::= ids(N).   { A = (grammar_as){1, N}; }
as(A) ::= .         { A = (grammar_as){0, NONE}; }

%type nm {tvi_query_text}
nm(A) ::= ID(T).     { A = T; }
nm(A) ::= STRING(T). { A = T; }
nm(A) ::= INNER(T).  { A = T; }
nm(A) ::= CROSS(T).  { A = T; }
%type ids {tvi_query_text}
ids(A) ::= ID(T).     { A = T; }
ids(A) ::= STRING(T). { A = T; }

/* ---- FROM ---- */

from ::= .
from ::= FROM sources.
sources ::= source.
sources ::= sources joined source.
joined ::= COMMA.
joined ::= JOIN.
joined ::= INNER JOIN.
joined ::= CROSS JOIN.
%type join_on {grammar_join}
source ::= nm(N) as(S) join_on(J). {
  tvi_query_add_source(query, &(tvi_query_source){N, NONE, S.given ? S.text : NONE, J.on, J.using_list});
}
source ::= nm(D) DOT nm(N) as(S) join_on(J). {
  tvi_query_add_source(query, &(tvi_query_source){N, D, S.given ? S.text : NONE, J.on, J.using_list});
}
join_on(A) ::= ON expr(E).               { A = (grammar_join){E, -1}; }
join_on(A) ::= USING LP names(L) RP.     { A = (grammar_join){-1, L.first}; }
join_on(A) ::= .                         { A = (grammar_join){-1, -1}; }
%type names {tvi_query_list}
names(A) ::= nm(N). {
  A = tvi_query_append(query, (tvi_query_list){-1, -1}, grammar_name(query, NONE, NONE, N));
}
names(A) ::= names(L) COMMA nm(N). {
  A = tvi_query_append(query, L, grammar_name(query, NONE, NONE, N));
}

/* ---- The other clauses ---- */

where ::= .
where ::= WHERE expr(E). { query->where = E; }
group ::= .
group ::= GROUP BY exprs(L). { query->group = L.first; }
having ::= .
having ::= HAVING expr(E). { query->having = E; }
order ::= .
order ::= ORDER BY terms.
terms ::= term_of_order.
terms ::= terms COMMA term_of_order.
%type direction {grammar_order}
%type nulls {int}
term_of_order ::= expr(E) direction(D) nulls(N). { tvi_query_add_order(query, E, D.descending, N); }
direction(A) ::= ASC.  { A = (grammar_order){0, 0}; }
direction(A) ::= DESC. { A = (grammar_order){1, 0}; }
direction(A) ::= .     { A = (grammar_order){0, 0}; }
nulls(A) ::= NULLS FIRST. { A = TVI_QT_FIRST; }
nulls(A) ::= NULLS LAST.  { A = TVI_QT_LAST; }
nulls(A) ::= .            { A = 0; }
limit ::= .
limit ::= LIMIT expr(E). { query->limit = E; }
limit ::= LIMIT expr(E) OFFSET expr(F). {
  query->limit = E;
  query->offset = F;
}
limit ::= LIMIT expr(F) COMMA expr(E). {
  query->limit = E;
  query->offset = F;
}

/* ---- Expressions ---- */

expr(A) ::= NULL(T).     { A = tvi_query_leaf(query, TVI_QN_NULL, T); }
expr(A) ::= INTEGER(T).  { A = tvi_query_leaf(query, TVI_QN_INTEGER, T); }
expr(A) ::= FLOAT(T).    { A = tvi_query_leaf(query, TVI_QN_FLOAT, T); }
expr(A) ::= STRING(T).   { A = tvi_query_leaf(query, TVI_QN_STRING, T); }
expr(A) ::= BLOB(T).     { A = tvi_query_leaf(query, TVI_QN_BLOB, T); }
expr(A) ::= VARIABLE(T). { A = tvi_query_leaf(query, TVI_QN_VARIABLE, T); }
expr(A) ::= LP(L) expr(E) RP(R). {
  A = E;
  tvi_query_extend(query, A, L);
  tvi_query_extend(query, A, R);
}
expr(A) ::= ID(T).                         { A = grammar_name(query, NONE, NONE, T); }
expr(A) ::= nm(N) DOT nm(T).               { A = grammar_name(query, NONE, N, T); }
expr(A) ::= nm(D) DOT nm(N) DOT nm(T).     { A = grammar_name(query, D, N, T); }
expr(A) ::= expr(E) COLLATE ids(T). {
  A = tvi_query_branch(query, TVI_QN_COLLATE, 0, E, -1, -1);
  if (A >= 0) query->node[A].text = T;
  tvi_query_extend(query, A, T);
}
expr(A) ::= CAST(T) LP expr(E) AS type(N) RP(R). {
  A = tvi_query_branch(query, TVI_QN_CAST, 0, E, -1, -1);
  if (A >= 0) query->node[A].text = N;
  tvi_query_extend(query, A, T);
  tvi_query_extend(query, A, R);
}
expr(A) ::= ID(T) LP distinct(D) exprs(L) RP(R). {
  A = grammar_call(query, T, D, L.first, 0, R);
}
expr(A) ::= ID(T) LP RP(R).      { A = grammar_call(query, T, 0, -1, 0, R); }
expr(A) ::= ID(T) LP STAR RP(R). { A = grammar_call(query, T, 0, -1, 1, R); }

%type type {tvi_query_text}
type(A) ::= .                                          { A = NONE; }
type(A) ::= words(W).                                  { A = W; }
type(A) ::= words(W) LP signed RP(R).                  { A = grammar_span(W, R); }
type(A) ::= words(W) LP signed COMMA signed RP(R).     { A = grammar_span(W, R); }
%type words {tvi_query_text}
words(A) ::= ids(T).          { A = T; }
words(A) ::= words(W) ids(T). { A = grammar_span(W, T); }
signed ::= number.
signed ::= PLUS number.
signed ::= MINUS number.
number ::= INTEGER.
number ::= FLOAT.

%type exprs {tvi_query_list}
exprs(A) ::= expr(E). { A = tvi_query_append(query, (tvi_query_list){-1, -1}, E); }
exprs(A) ::= exprs(L) COMMA expr(E). { A = tvi_query_append(query, L, E); }

expr(A) ::= expr(X) AND expr(Y).    { A = grammar_binary(query, TVI_QT_AND, X, Y); }
expr(A) ::= expr(X) OR expr(Y).     { A = grammar_binary(query, TVI_QT_OR, X, Y); }
expr(A) ::= expr(X) LT expr(Y).     { A = grammar_binary(query, TVI_QT_LT, X, Y); }
expr(A) ::= expr(X) GT expr(Y).     { A = grammar_binary(query, TVI_QT_GT, X, Y); }
expr(A) ::= expr(X) LE expr(Y).     { A = grammar_binary(query, TVI_QT_LE, X, Y); }
expr(A) ::= expr(X) GE expr(Y).     { A = grammar_binary(query, TVI_QT_GE, X, Y); }
expr(A) ::= expr(X) EQ expr(Y).     { A = grammar_binary(query, TVI_QT_EQ, X, Y); }
expr(A) ::= expr(X) NE expr(Y).     { A = grammar_binary(query, TVI_QT_NE, X, Y); }
expr(A) ::= expr(X) BITAND expr(Y). { A = grammar_binary(query, TVI_QT_BITAND, X, Y); }
expr(A) ::= expr(X) BITOR expr(Y).  { A = grammar_binary(query, TVI_QT_BITOR, X, Y); }
expr(A) ::= expr(X) LSHIFT expr(Y). { A = grammar_binary(query, TVI_QT_LSHIFT, X, Y); }
expr(A) ::= expr(X) RSHIFT expr(Y). { A = grammar_binary(query, TVI_QT_RSHIFT, X, Y); }
expr(A) ::= expr(X) PLUS expr(Y).   { A = grammar_binary(query, TVI_QT_PLUS, X, Y); }
expr(A) ::= expr(X) MINUS expr(Y).  { A = grammar_binary(query, TVI_QT_MINUS, X, Y); }
expr(A) ::= expr(X) STAR expr(Y).   { A = grammar_binary(query, TVI_QT_STAR, X, Y); }
expr(A) ::= expr(X) SLASH expr(Y).  { A = grammar_binary(query, TVI_QT_SLASH, X, Y); }
expr(A) ::= expr(X) REM expr(Y).    { A = grammar_binary(query, TVI_QT_REM, X, Y); }
expr(A) ::= expr(X) CONCAT expr(Y). { A = grammar_binary(query, TVI_QT_CONCAT, X, Y); }

%type like {int}
like(A) ::= LIKE.     { A = TVI_QT_LIKE; }
like(A) ::= GLOB.     { A = TVI_QT_GLOB; }
like(A) ::= NOT LIKE. { A = -TVI_QT_LIKE; }
like(A) ::= NOT GLOB. { A = -TVI_QT_GLOB; }
expr(A) ::= expr(X) like(L) expr(Y). [LIKE] {
  A = tvi_query_branch(query, TVI_QN_LIKE, L < 0 ? -L : L, X, Y, -1);
  A = grammar_not(query, L < 0, A);
}
expr(A) ::= expr(X) like(L) expr(Y) ESCAPE expr(E). [LIKE] {
  A = tvi_query_branch(query, TVI_QN_LIKE, L < 0 ? -L : L, X, Y, E);
  A = grammar_not(query, L < 0, A);
}

expr(A) ::= expr(X) ISNULL(T). {
  A = tvi_query_branch(query, TVI_QN_UNARY, TVI_QT_ISNULL, X, -1, -1);
  tvi_query_extend(query, A, T);
}
expr(A) ::= expr(X) NOTNULL(T). {
  A = tvi_query_branch(query, TVI_QN_UNARY, TVI_QT_NOTNULL, X, -1, -1);
  tvi_query_extend(query, A, T);
}
expr(A) ::= expr(X) NOT NULL(T). {
  A = tvi_query_branch(query, TVI_QN_UNARY, TVI_QT_NOTNULL, X, -1, -1);
  tvi_query_extend(query, A, T);
}
expr(A) ::= expr(X) IS expr(Y).     { A = grammar_binary(query, TVI_QT_IS, X, Y); }
expr(A) ::= expr(X) IS NOT expr(Y). { A = grammar_not(query, 1, grammar_binary(query, TVI_QT_IS, X, Y)); }
expr(A) ::= expr(X) IS DISTINCT FROM expr(Y). {
  A = grammar_not(query, 1, grammar_binary(query, TVI_QT_IS, X, Y));
}
expr(A) ::= expr(X) IS NOT DISTINCT FROM expr(Y). { A = grammar_binary(query, TVI_QT_IS, X, Y); }

expr(A) ::= NOT(T) expr(X).            { A = grammar_unary(query, TVI_QT_NOT, T, X); }
expr(A) ::= BITNOT(T) expr(X).         { A = grammar_unary(query, TVI_QT_BITNOT, T, X); }
expr(A) ::= PLUS(T) expr(X). [BITNOT]  { A = grammar_unary(query, TVI_QT_PLUS, T, X); }
expr(A) ::= MINUS(T) expr(X). [BITNOT] { A = grammar_unary(query, TVI_QT_MINUS, T, X); }

%type between {int}
between(A) ::= BETWEEN.     { A = 0; }
between(A) ::= NOT BETWEEN. { A = 1; }
expr(A) ::= expr(X) between(N) expr(Y) AND expr(Z). [BETWEEN] {
  A = tvi_query_branch(query, TVI_QN_BETWEEN, 0, X, Y, Z);
  A = grammar_not(query, N, A);
}
%type in {int}
in(A) ::= IN.     { A = 0; }
in(A) ::= NOT IN. { A = 1; }
expr(A) ::= expr(X) in(N) LP exprs(L) RP(R). [IN] {
  A = tvi_query_branch(query, TVI_QN_IN, 0, X, -1, -1);
  if (A >= 0) query->node[A].list = L.first;
  tvi_query_extend(query, A, R);
  A = grammar_not(query, N, A);
}
expr(A) ::= expr(X) in(N) LP RP(R). [IN] {
  A = tvi_query_branch(query, TVI_QN_IN, 0, X, -1, -1);
  tvi_query_extend(query, A, R);
  A = grammar_not(query, N, A);
}

expr(A) ::= CASE(T) operand(X) whens(L) else(Y) END(R). {
  A = tvi_query_branch(query, TVI_QN_CASE, 0, X, -1, Y);
  if (A >= 0) query->node[A].list = L.first;
  tvi_query_extend(query, A, T);
  tvi_query_extend(query, A, R);
}
operand(A) ::= expr(X). { A = X; }
operand(A) ::= .        { A = -1; }
%type whens {tvi_query_list}
whens(A) ::= WHEN expr(X) THEN expr(Y). {
  A = tvi_query_append(query, (tvi_query_list){-1, -1}, X);
  A = tvi_query_append(query, A, Y);
}
whens(A) ::= whens(L) WHEN expr(X) THEN expr(Y). {
  A = tvi_query_append(query, L, X);
  A = tvi_query_append(query, A, Y);
}
else(A) ::= ELSE expr(X). { A = X; }
else(A) ::= .             { A = -1; }

/* So that lemon knows it: what no rule takes. */
input ::= OTHER.
input ::= EXPLAIN QUERY PLAN.

%code {
int tvi_query_grammar(tvi_query *query) {
  static const unsigned char codes[TVI_QT_COUNT] = {
#define GRAMMAR_CODE(name) [TVI_QT_##name] = LEMON_##name,
      TVI_QUERY_KEYWORDS(GRAMMAR_CODE) TVI_QUERY_MARKS(GRAMMAR_CODE)
#undef GRAMMAR_CODE
          [TVI_QT_OTHER] = LEMON_OTHER};
  tvi_query_lexer lexer = {query->sql, query->size, 0, 0};
  tvi_query_token_kind kind;
  tvi_query_text text;
  yyParser parser;

  tvi_query_lemonInit(&parser, query);
  do {
    kind = tvi_query_lex(&lexer, &text);
    if (kind == TVI_QT_OTHER)
      tvi_query_decline(query, "%.*s is not covered", (int)(text.size > 60 ? 60 : text.size),
                        query->sql + text.at);
    tvi_query_lemon(&parser, codes[kind], text);
  } while (kind != TVI_QT_FINISH && query->reason[0] == '\0' && query->status == TV_OK);
  tvi_query_lemonFinalize(&parser);
  return query->status;
}
}
