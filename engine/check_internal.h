/* SPDX-License-Identifier: MIT */
/*
 * The check of a file, read through pread and never mapped: quick before opening, whole for
 * tv_check_file, and with a hook for what layers know about their own records.
 */
#ifndef TRIVET_CHECK_INTERNAL_H
#define TRIVET_CHECK_INTERNAL_H

#include "layer_internal.h"
#include "lmdb_format_internal.h"

/* ---- For whoever opens a file, and for layers ---- */

/*
 * Says whether LMDB can be let loose on a file: meta pages, roots of all trees, the tree of
 * named trees. page_bytes_expected 0: any. An empty or absent file is TV_OK: a new store. Another
 * process may write meanwhile.
 * Returns TV_OK, TV_EACCES, TV_ENOTDB, TV_EVERSION, TV_ETRUNCATED, TV_ECORRUPT, TV_EIO, TV_ENOMEM.
 * Cost: O(stores) page reads; the whole file when it is shorter than its meta page says.
 */
int tvi_check_open(const char *path, size_t page_bytes_expected, tv_error *err);

typedef struct tvi_check_hooks {
  /* A sentence for each of the first 100 problems. May be NULL. */
  void (*report)(void *ctx, const char *sentence);
  /*
   * Each record of each sound leaf page, the catalogue ("trivet") first, then slot by slot
   * ("s0000", ...) in key order; large values are read into memory. Returns TV_OK, or another
   * status, which ends the check and is its result. May be NULL.
   */
  int (*record)(void *ctx, tv_slice database, tv_slice key, tv_slice value);
  void *ctx; /* of both */
} tvi_check_hooks;

/* As tv_check_file. `out` may be NULL. */
int tvi_check_walk(const char *path, const tvi_check_hooks *hooks, tv_check_report *out,
                   tv_error *err);

/* ---- The file (check_source.c) ---- */

typedef struct tvi_check_source {
  int fd;
  const char *path;
  uint64_t file_bytes;
  tvi_meta meta;     /* the newest: the snapshot that is checked */
  const char *older; /* what is wrong with the other meta page; NULL: nothing */
  size_t page_bytes;
  uint64_t file_pages; /* whole pages in the file */
} tvi_check_source;

int tvi_check_source_open(tvi_check_source *source, const char *path, tv_error *err);
void tvi_check_source_close(tvi_check_source *source);
/* Reads the meta pages and then the file's size; judges both. The file is not empty. */
int tvi_check_source_read(tvi_check_source *source, size_t page_bytes_expected, tv_error *err);
/*
 * 1 when writers have gone on so far since that pages of the snapshot may have been used again:
 * LMDB lets the second commit after it overwrite what the first one freed.
 */
int tvi_check_source_moved(const tvi_check_source *source);
/*
 * Reads bytes at an offset. TV_END: the file ends before; TV_EIO with a message.
 */
int tvi_check_source_pread(const tvi_check_source *source, void *to, size_t size, uint64_t offset,
                           tv_error *err);

/* ---- One page (check_page.c) ---- */

/*
 * What is wrong with a branch or leaf page, in words that go on after "page 7 of ... "; NULL:
 * nothing. node_flags: those that a leaf's nodes may have. scratch: half a page.
 */
const char *tvi_check_page(const unsigned char *page, size_t page_bytes, uint64_t page_number,
                           unsigned node_flags, unsigned char *scratch);
/* The same for a tree record: numbers that cannot be together. */
const char *tvi_check_tree_record(const tvi_tree_record *tree, uint64_t last_page);

/* ---- Trees (check_tree.c) ---- */

#define TVI_CHECK_LABEL_BYTES 160

typedef struct tvi_check {
  const tvi_check_source *source;
  tv_error *err;        /* of failures other than problems */
  unsigned char *seen;  /* a bit for each page up to the last; NULL: visits are limited instead */
  uint64_t visits_left; /* without `seen` */
  unsigned char *pages; /* TVI_TREE_DEPTH_MAX pages, then half a page of scratch */
  tvi_buffer value;     /* a large value */
  const char *label;    /* the tree that is walked, for messages */
  const tvi_check_hooks *hooks; /* NULL: none */
  uint64_t problems;
  int truncated;                              /* a page that is needed lies behind the file's end */
  char first[sizeof((tv_error *)0)->message]; /* the first problem */
  uint64_t pages_seen, pages_free, entries;
} tvi_check;

/* whole: with `seen`. TV_OK or TV_ENOMEM. Ended by tvi_check_end. */
int tvi_check_begin(tvi_check *check, const tvi_check_source *source, int whole, tv_error *err);
void tvi_check_end(tvi_check *check);
/* Counts and reports a problem. */
void tvi_check_problem(tvi_check *check, const char *format, ...) TVI_PRINTF(2, 3);
/* Marks pages as reached; 0 and a problem when they are outside the file or were reached before. */
int tvi_check_reach(tvi_check *check, uint64_t page_number, uint64_t count);
/* Reads a branch or leaf page and checks it by itself; *sound 0: it has a problem. */
int tvi_check_read_page(tvi_check *check, uint64_t page_number, unsigned node_flags,
                        unsigned char *to, int *sound);

typedef struct tvi_check_node {
  unsigned flags;
  tv_slice key, value; /* value.data is NULL for a large one that was not asked for */
} tvi_check_node;

typedef struct tvi_check_visitor {
  int (*visit)(void *ctx, tvi_check *check, const tvi_check_node *node); /* NULL: none */
  void *ctx;
  unsigned node_flags; /* that nodes may have */
  int large_values;    /* 1: read them */
} tvi_check_visitor;

/*
 * Walks one tree and calls the visitor for the nodes of sound leaf pages. Problems are
 * counted; the result is a failure of another kind, or what the visitor returned.
 */
int tvi_check_tree(tvi_check *check, const char *label, const tvi_tree_record *tree,
                   const tvi_check_visitor *visitor);

/* ---- The named trees (check_stores.c) ---- */

typedef struct tvi_check_stores {
  tvi_buffer names;   /* one after the other */
  tvi_buffer records; /* check_store each */
  size_t count;
  size_t catalogue;   /* index of "trivet"; SIZE_MAX: none */
  uint64_t strangers; /* records of the main tree that no Trivet store has */
} tvi_check_stores;

typedef struct tvi_check_store {
  tvi_tree_record tree;
  size_t name_at, name_size;
} tvi_check_store;

/* Walks the main tree and collects. */
int tvi_check_stores_collect(tvi_check *check, tvi_check_stores *stores);
void tvi_check_stores_free(tvi_check_stores *stores);
tvi_check_store tvi_check_stores_at(const tvi_check_stores *stores, size_t index);
tv_slice tvi_check_store_name(const tvi_check_stores *stores, const tvi_check_store *store);

/* ---- The catalogue (check_catalogue.c) ---- */

typedef struct tvi_check_catalogue tvi_check_catalogue;

/* NULL when out of memory. */
tvi_check_catalogue *tvi_check_catalogue_new(void);
void tvi_check_catalogue_free(tvi_check_catalogue *catalogue);
/* A visitor's function for the tree "trivet"; its ctx is the catalogue. */
int tvi_check_catalogue_visit(void *ctx, tvi_check *check, const tvi_check_node *node);
/* Afterwards: whether the entries and the slots belong together. */
void tvi_check_catalogue_judge(const tvi_check_catalogue *catalogue, tvi_check *check,
                               const tvi_check_stores *stores);
/* "bucket 'users' expiry (s0003)": what a named tree holds, name and part. Returns buffer. */
const char *tvi_check_catalogue_label(const tvi_check_catalogue *catalogue, tv_slice name,
                                      char buffer[TVI_CHECK_LABEL_BYTES]);

/* ---- The free tree (check_free.c) ---- */

/* A visitor's function; wants large values and a check with `seen`. */
int tvi_check_free_visit(void *ctx, tvi_check *check, const tvi_check_node *node);

/* ---- The whole (check_file.c) ---- */

/* Checks the snapshot that was read; a problem is TV_ECORRUPT or TV_ETRUNCATED with a message. */
int tvi_check_snapshot(const tvi_check_source *source, const tvi_check_hooks *hooks,
                       tv_check_report *out, tv_error *err);
/* The status and message of a check that ended without a failure of another kind. */
int tvi_check_verdict(const tvi_check *check, tv_error *err);

#endif
