/* SPDX-License-Identifier: MIT */
/*
 * The demo: a package index as three models in one store, and questions to it.
 *
 *   demo_names.c    lists, numbers and sums by name
 *   demo_store.c    the open store
 *   demo_load.c     index -> KV bucket, graph and SQL table, a transaction per batch
 *   demo_graph.c    closures and paths along the dependencies
 *   demo_breakage.c what really breaks when a package goes
 *   demo_ways*.c    every way to answer the three questions of the PIE table
 *   demo_pie.c      that table
 *   demo_screen.c   what the user sees
 *   demo_command.c  options and order
 */
#ifndef TRIVET_BENCH_DEMO_H
#define TRIVET_BENCH_DEMO_H

#include <stdint.h>

#include "deb_index.h"
#include "trivet_graph.h"
#include "trivet_kv.h"
#include "trivet_sql.h"

#define DEMO_BUCKET "packages"
#define DEMO_GRAPH "debian"
#define DEMO_BATCH 2000 /* packages in a transaction */

int demo_command(int argc, char **argv);

/* ---- Names: the answers to most questions ---- */

/* A list of names in memory of its own; all zero is empty. */
typedef struct demo_names {
  char **items;
  size_t n, capacity;
} demo_names;
void demo_names_add(demo_names *names, tv_slice name);
void demo_names_sort(demo_names *names);                       /* in byte order */
int demo_names_has(const demo_names *names, const char *name); /* names is sorted; 1 or 0 */
void demo_names_free(demo_names *names);
/* A number for a set of names, whatever their order: what the harness compares. */
uint64_t demo_hash(tv_slice text);

/* ---- Loading ---- */

typedef struct demo_load_facts {
  uint64_t packages, relations, transactions;
  uint64_t load_ns,
      depends_ns; /* the three models; the table of dependencies made from the graph */
} demo_load_facts;

/*
 * Makes a store in a new file. interrupted: 1 when Ctrl-C ended it (then TV_EINTR is returned).
 * Returns a tv_status, with a sentence in *err.
 */
int demo_load(const char *path, const deb_index *index, uint64_t batch, demo_load_facts *facts,
              tv_error *err);

/* ---- An open store, read at one snapshot by all three models ---- */

#define DEMO_STATEMENTS_MAX 16
typedef struct demo_store {
  tv_db *db;
  sqlite3 *sql;
  tv_txn *txn; /* the snapshot; the SQL connection has joined it */
  tv_bucket *bucket;
  tv_graph *graph;
  char hard[32]; /* the edge types of demo_hard_types as SQL takes them: "Depends,PreDepends" */
  struct {
    const char *sql; /* the statement is known by its address */
    sqlite3_stmt *prepared;
  } statements[DEMO_STATEMENTS_MAX];
} demo_store;

int demo_open(const char *path, demo_store *store, tv_error *err);
void demo_close(demo_store *store);
/* The prepared statement of a text that lives as long as the store; reset it after use. NULL after
 * filling why (PAIRED_TEXT_BYTES). */
sqlite3_stmt *demo_statement(demo_store *store, const char *sql, char *why);
/* Binds what the statement has of ?1, the package, and ?2, the types of hard dependencies. */
void demo_bind(const demo_store *store, sqlite3_stmt *stmt, const char *about);

/* ---- Questions to the graph (all return a tv_status) ---- */

/*
 * Names every package that `start` needs (TV_OUT) or that needs it (TV_IN), over any number of
 * steps along Depends and Pre-Depends, each alternative counted, without start itself. A virtual
 * package is a node on the way but is not named, and its providers are not followed: exactly what
 * the edges of those two types say, and what `apt-cache depends --recurse` walks. names may be
 * NULL. *depth (may be NULL): steps to the farthest. Returns TV_NOTFOUND when there is no such
 * package.
 */
int demo_closure(tv_graph *graph, tv_slice start, int direction, demo_names *names,
                 uint32_t *depth);

/*
 * Names the packages that cannot be installed any more once `gone` is removed from the index,
 * `gone` left out: those with a group of alternatives in Depends or Pre-Depends of which none is
 * left, be it by itself or by a package that provides it; and so on from each of them. Packages
 * that could not be installed before are left out. Versions are not compared.
 */
int demo_breakage(tv_graph *graph, tv_slice gone, demo_names *names);

/* A shortest way along Depends and Pre-Depends: its names from both ends' inclusive, and between
 * them the types of the edges. TV_NOTFOUND: none. */
int demo_path(tv_graph *graph, tv_slice from, tv_slice to, demo_names *names, demo_names *types);

/* The two edge types of a hard dependency, those of them that occur in the graph. Returns how many.
 */
size_t demo_hard_types(tv_graph *graph, uint32_t types[2]);

/* ---- Three questions, each by every way that can answer it (demo_ways.c) ---- */

/* Answers with a number that stands for the names and figures found. Returns 0, or -1 and why. */
typedef int (*demo_answer_fn)(demo_store *store, const char *about, uint64_t *answer, char *why);

typedef struct demo_way {
  const char *name;
  const char *written; /* what one has to write for it */
  demo_answer_fn answer;
} demo_way;

/* The ways that are application code over the bucket's stanzas (demo_ways_kv.c). */
int demo_kv_version(demo_store *store, const char *about, uint64_t *answer, char *why);
int demo_kv_closure(demo_store *store, const char *about, uint64_t *answer, char *why);
int demo_kv_sections(demo_store *store, const char *about, uint64_t *answer, char *why);

/* Names as dense numbers, in an open-addressed table; all zero is empty. */
typedef struct demo_interned {
  demo_names names; /* by number */
  uint32_t *slots;  /* number + 1; 0: free */
  size_t slots_n;   /* a power of two */
} demo_interned;
uint32_t demo_intern(demo_interned *table, tv_slice name);
void demo_interned_free(demo_interned *table);

/* Sums by name. */
typedef struct demo_totals {
  demo_interned names;
  int64_t *sums;
  size_t capacity;
} demo_totals;
void demo_totals_add(demo_totals *totals, tv_slice name, int64_t n);
uint64_t demo_totals_hash(const demo_totals *totals);
void demo_totals_free(demo_totals *totals);

typedef struct demo_question {
  const char *shape;  /* "KV", "graph", "analytic" */
  const char *format; /* the question, with one %s for the package, or none */
  size_t n;
  const demo_way *ways;
} demo_question;

#define DEMO_QUESTIONS 3
extern const demo_question demo_questions[DEMO_QUESTIONS];

/* Measures and prints the PIE table. about[i]: the package question i is about. Returns an exit
 * status. */
int demo_pie(demo_store *store, const char *const about[DEMO_QUESTIONS]);

/* SQL of the demo that is shown as well as run. */
extern const char demo_sql_sections[];
extern const char demo_sql_across[];

#endif
