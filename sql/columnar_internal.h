/* SPDX-License-Identifier: MIT */
/*
 * Columnar tables, from the bottom up. Each file knows only those above it in this list:
 *
 *   columnar_ints.c      64-bit integers in blocks of 1,024, each block as small as it gets
 *   columnar_strings.c   strings: a sorted dictionary and codes, or blocks of bytes under LZ4
 *   columnar_schema.c    columns, primary key and order, as words and as a record
 *   columnar_cell.c      one value: checked on its way in, as a record of the delta, as a key
 *   columnar_batch.c     rows in memory, column by column
 *   columnar_segment.c   one column of a row group as one value of the store
 *   columnar_group.c     the directory: what each row group holds, with its zone maps
 *   columnar_store.c     the table's stores, header, delete bits, delta rows
 *   columnar_reader.c    a row group's columns, decoded block by block
 *   columnar_pack.c      a batch made into row groups
 *   columnar_merge.c     the delta folded into row groups, one group a step
 *   columnar_write.c     INSERT, UPDATE, DELETE
 *   columnar_load.c      rows from the text of a file
 *   columnar_check.c     everything compared and decoded
 *   columnar_filter.c    conditions evaluated on zone maps, blocks and codes
 *   columnar_hash.c      a hash index for one statement
 *   columnar_plan.c, columnar_scan.c, columnar_table.c   the virtual table
 *
 * docs/columnar.md has the tables of offsets.
 */
#ifndef TRIVET_COLUMNAR_INTERNAL_H
#define TRIVET_COLUMNAR_INTERNAL_H

#include "conn_internal.h"

#define TVI_COL_BLOCK 1024u              /* rows that are encoded and decoded together */
#define TVI_COL_GROUP_ROWS 65536u        /* most rows in a row group */
#define TVI_COL_COLUMNS_MAX 500          /* columns of a table */
#define TVI_COL_STRING_BYTES_MAX 1000000 /* bytes of one text or blob */
#define TVI_COL_COMMAND "tv_command"     /* the hidden column that takes commands */

/* ---- Integers (columnar_ints.c) ---- */

/* Appends n integers (n > 0) as a section that tvi_ints_decode reads. TV_OK or TV_ENOMEM. */
int tvi_ints_encode(const int64_t *values, uint32_t n, tvi_buffer *out);

/* A section found in bytes that may be damaged. */
typedef struct tvi_ints {
  const unsigned char *data;
  size_t size;
  uint32_t count, blocks;
} tvi_ints;
int tvi_ints_open(const void *data, size_t size, tvi_ints *out); /* TV_OK or TV_ECORRUPT */
/* How many integers block `block` has. */
uint32_t tvi_ints_block_rows(const tvi_ints *ints, uint32_t block);
/* Least and greatest integer of a block, without decoding it. */
void tvi_ints_bounds(const tvi_ints *ints, uint32_t block, int64_t *min, int64_t *max);
typedef enum tvi_ints_form {
  TVI_INTS_SAME = 0,
  TVI_INTS_OFFSETS = 1,
  TVI_INTS_RUNS = 2,
  TVI_INTS_STEPS = 3
} tvi_ints_form;
#define TVI_INTS_RUN_BITS 10u /* of a run's length */

/* How a block is encoded. The bits of all its numbers lie within `size`. */
typedef struct tvi_ints_block {
  unsigned form, width;
  uint32_t runs;
  uint64_t base;
  const unsigned char *from;
  size_t size; /* bytes that may be read */
} tvi_ints_block;
int tvi_ints_look(const tvi_ints *ints, uint32_t block, tvi_ints_block *out);
/* Decodes a block into out, which has room for TVI_COL_BLOCK. TV_OK or TV_ECORRUPT. */
int tvi_ints_decode(const tvi_ints *ints, uint32_t block, int64_t *out);

/* ---- Strings (columnar_strings.c) ---- */

/* Appends n strings as a section; *distinct is how many there are, 0 when not counted. */
int tvi_strings_encode(const tv_slice *strings, uint32_t n, tvi_buffer *out, uint32_t *distinct);

typedef struct tvi_strings {
  tvi_ints ints;                        /* codes, or lengths */
  uint32_t count;                       /* entries of the dictionary; 0: there is none */
  const unsigned char *offsets, *bytes; /* of the dictionary */
  size_t bytes_size;
  const unsigned char *blocks; /* without a dictionary: the table of blocks */
  size_t rest_size;            /* bytes from `blocks` on */
  unsigned char *unpacked;     /* the dictionary's bytes where they were compressed */
} tvi_strings;
int tvi_strings_open(const void *data, size_t size, tvi_strings *out);
void tvi_strings_close(tvi_strings *strings);
/* An entry of the dictionary. index < count. */
tv_slice tvi_strings_entry(const tvi_strings *strings, uint32_t index);
/* The first entry that is not less than `key`. */
uint32_t tvi_strings_lower(const tvi_strings *strings, tv_slice key);
/* A block's strings without a dictionary. They point into the section or into *room. */
int tvi_strings_block(const tvi_strings *strings, uint32_t block, int64_t *lengths, tv_slice *out,
                      tvi_buffer *room);
/* As memcmp, a prefix before what it begins. */
int tvi_slice_order(tv_slice left, tv_slice right);

/* ---- Schema (columnar_schema.c) ---- */

/* Letters of the file format. */
typedef enum tvi_col_type {
  TVI_COL_INTEGER = 'i',
  TVI_COL_REAL = 'r',
  TVI_COL_TEXT = 't',
  TVI_COL_BLOB = 'b',
  TVI_COL_DATE = 'd' /* TEXT 'YYYY-MM-DD' to SQL, days since 1970 inside */
} tvi_col_type;

typedef struct tvi_col_column {
  char *name;
  int type;
  int not_null;
  int nocase; /* COLLATE NOCASE */
} tvi_col_column;

typedef struct tvi_col_schema {
  int columns;
  tvi_col_column *column;
  int keys; /* columns of the primary key; 0: none */
  int *key;
  int orders; /* columns of ORDER BY; 0: as inserted */
  int *order;
} tvi_col_schema;

/* Parses what stands between the parentheses of USING columnar(...). An SQLite code; *message by
 * sqlite3_mprintf. */
int tvi_col_schema_parse(int argc, const char *const *argv, tvi_col_schema *schema, char **message);
void tvi_col_schema_free(tvi_col_schema *schema);
/* The record that the catalogue keeps. */
int tvi_col_schema_record(const tvi_col_schema *schema, tvi_buffer *out);
/* The CREATE TABLE statement for sqlite3_declare_vtab. Freed with sqlite3_free. */
char *tvi_col_schema_sql(const tvi_col_schema *schema);
/* 1: the column's values are numbers inside. */
static inline int tvi_col_is_number(int type) {
  return type != TVI_COL_TEXT && type != TVI_COL_BLOB;
}
const char *tvi_col_type_name(int type);

/* ---- Cells (columnar_cell.c) ---- */

/* A value inside: integer, days, or a REAL as the integer that orders like it. */
typedef struct tvi_cell {
  int null;
  int64_t number;
  tv_slice bytes;
} tvi_cell;

int64_t tvi_cell_from_real(double value);
double tvi_cell_to_real(int64_t number);
/* Parses 'YYYY-MM-DD' of the years 0000 to 9999. */
int tvi_cell_parse_date(tv_slice text, int64_t *days);
#define TVI_DATE_BYTES 10
void tvi_cell_print_date(int64_t days, char out[TVI_DATE_BYTES]);
/* Converts as the column's affinity does. Returns 0 when the type does not hold the value. */
int tvi_cell_take(const tvi_col_column *column, sqlite3_value *value, tvi_cell *cell);
void tvi_cell_result(const tvi_col_column *column, const tvi_cell *cell, sqlite3_context *context);
/* Appends a row as a record of the delta. */
int tvi_cells_record(const tvi_col_schema *schema, int64_t rowid, const tvi_cell *cells,
                     tvi_buffer *out);
/* Reads one back; strings point into it. TV_OK or TV_ECORRUPT. */
int tvi_cells_read(const tvi_col_schema *schema, int64_t rowid, tv_slice record, tvi_cell *cells);
/* The primary key of a row. TV_OK, TV_ENOMEM, or TV_EKEYSIZE. */
int tvi_cells_key(const tvi_col_schema *schema, const tvi_cell *cells, tvi_buffer *out);

/* ---- Batches (columnar_batch.c) ---- */

typedef struct tvi_batch_column {
  int64_t *numbers;     /* of a number column */
  uint32_t *ends;       /* of a string column: where each ends in bytes */
  unsigned char *nulls; /* 1 per row; made with the first NULL */
  tvi_buffer bytes;
} tvi_batch_column;

typedef struct tvi_batch {
  const tvi_col_schema *schema;
  uint32_t rows, capacity;
  size_t bytes; /* of all strings */
  int64_t *rowids;
  tvi_batch_column *column;
} tvi_batch;

/* A batch with room for `capacity` rows. Freed with tvi_batch_free, also after a failure. */
int tvi_batch_make(tvi_batch *batch, const tvi_col_schema *schema, uint32_t capacity);
void tvi_batch_clear(tvi_batch *batch);
void tvi_batch_free(tvi_batch *batch);
int tvi_batch_add(tvi_batch *batch, int64_t rowid, const tvi_cell *cells);
void tvi_batch_cell(const tvi_batch *batch, int column, uint32_t row, tvi_cell *cell);

/* ---- Segments (columnar_segment.c) ---- */

/* What a row group knows of a column without reading its segment. */
typedef struct tvi_zone {
  uint32_t nulls;
  uint32_t distinct; /* estimate of the values that differ; at least 1 unless all are NULL */
  uint32_t stored;   /* bytes of the segment */
  int64_t min, max;  /* of a number column, unless all are NULL */
#define TVI_ZONE_TEXT 16
  unsigned char low_size, high_size; /* of a string column: its bounds' first bytes */
  unsigned char high_cut;            /* 1: the greatest string is longer than what is kept */
  unsigned char low[TVI_ZONE_TEXT], high[TVI_ZONE_TEXT];
} tvi_zone;

/* Encodes rows order[0..n) of a column into *out, replacing what is there, and fills *zone. */
int tvi_segment_encode(const tvi_batch *batch, int column, const uint32_t *order, uint32_t n,
                       tvi_buffer *out, tvi_zone *zone);
/* The same for plain integers, as rowids are. */
int tvi_segment_encode_numbers(const int64_t *numbers, uint32_t n, tvi_buffer *out);

typedef struct tvi_column_segment {
  uint32_t rows;
  int scale;                  /* a REAL column: digits behind the point + 1; 0: no decimals */
  const unsigned char *nulls; /* bitmap, or NULL: none is */
  tvi_ints ints;              /* of a number column */
  tvi_strings strings;        /* of a string column */
  int is_strings;
} tvi_column_segment;
/* verify: 1 compares the checksum. TV_OK, TV_ENOMEM or TV_ECORRUPT. */
int tvi_segment_open(tv_slice value, int is_strings, uint32_t rows, int verify,
                     tvi_column_segment *out);
void tvi_segment_close(tvi_column_segment *segment);

/* ---- The directory (columnar_group.c) ---- */

typedef struct tvi_col_group {
  uint64_t id; /* names its segments */
  uint32_t rows;
  uint32_t deleted;    /* rows whose delete bit is set */
  int64_t first, last; /* least and greatest rowid */
  int dense;           /* 1: row i has rowid first + i, and there is no segment of rowids */
  tvi_zone *zone;      /* per column; NULL when not asked for */
} tvi_col_group;

int tvi_group_record(const tvi_col_group *group, int columns, tvi_buffer *out);
/* zone: room for `columns` zones, or NULL. TV_OK or TV_ECORRUPT. */
int tvi_group_read(tv_slice record, int columns, tvi_zone *zone, tvi_col_group *out);

/* ---- The table in its store (columnar_store.c) ---- */

typedef struct tvi_col_header {
  int64_t next_rowid;
  uint64_t next_group;
  uint64_t rows;    /* live ones */
  uint64_t delta;   /* rows of the delta */
  uint64_t deleted; /* delete bits that are set */
  int64_t merged;   /* where the last step of merging ended: a rowid */
  uint64_t edits;   /* changes so far: tells what was cached that it is old */
} tvi_col_header;

typedef struct tvi_col_store {
  const char *name;
  const tvi_col_schema *schema;
  tv_txn *txn;
  uint64_t epoch;
  tv_store *main, *index; /* index: NULL without a primary key */
  tvi_col_header header;
} tvi_col_store;

/* Opens the table in a transaction, and reads its header, unless both are so already. */
int tvi_col_store_open(tvi_col_store *store, tv_txn *txn);
int tvi_col_store_create(tvi_col_store *store, tv_txn *txn);
int tvi_col_store_drop(tvi_col_store *store);
int tvi_col_store_rename(tvi_col_store *store, const char *name);
int tvi_col_header_put(tvi_col_store *store);

#define TVI_COL_ROWIDS 0xffffu /* the column number of the segment of rowids */
#define TVI_COL_KEY_BYTES 11
/* Keys of the main store. Return their size. */
size_t tvi_col_key_group(unsigned char *key, int64_t first);
size_t tvi_col_key_segment(unsigned char *key, uint64_t group, unsigned column);
size_t tvi_col_key_deleted(unsigned char *key, uint64_t group, unsigned block);
size_t tvi_col_key_row(unsigned char *key, int64_t rowid);

/* The group whose domain holds rowid (the last that begins at or before it; else the first of all),
 * the next one, or TV_END. zone as for tvi_group_read. */
int tvi_col_group_find(tvi_col_store *store, int64_t rowid, tvi_zone *zone, tvi_col_group *out);
/* The first group with first >= rowid. */
int tvi_col_group_seek(tvi_col_store *store, int64_t rowid, tvi_zone *zone, tvi_col_group *out);
int tvi_col_group_put(tvi_col_store *store, const tvi_col_group *group);
/* Removes a group with its segments and delete bits. */
int tvi_col_group_erase(tvi_col_store *store, const tvi_col_group *group);
/* Delete bits of a block of 1,024 rows; all zero where nothing was deleted. */
#define TVI_COL_BITS_BYTES (TVI_COL_BLOCK / 8)
int tvi_col_deleted_get(tvi_col_store *store, uint64_t group, unsigned block,
                        unsigned char bits[TVI_COL_BITS_BYTES]);
int tvi_col_deleted_set(tvi_col_store *store, tvi_col_group *group, uint32_t row);
/* A row of the delta. TV_OK, TV_NOTFOUND or a failure. */
int tvi_col_row_get(tvi_col_store *store, int64_t rowid, tv_slice *record);
int tvi_col_row_put(tvi_col_store *store, int64_t rowid, const tvi_cell *cells,
                    tvi_buffer *scratch);
int tvi_col_row_delete(tvi_col_store *store, int64_t rowid);
/* The first row of the delta at or beyond rowid: TV_OK, TV_END. */
int tvi_col_row_seek(tvi_col_store *store, int64_t from, int64_t *rowid, tv_slice *record);
/* A row's cells from a record of the delta, with a sentence when it is damaged. */
int tvi_col_row_cells(tvi_col_store *store, int64_t rowid, tv_slice record, tvi_cell *cells);
/* Looks a primary key up. TV_OK, TV_NOTFOUND or a failure. */
int tvi_col_index_get(tvi_col_store *store, tv_slice key, int64_t *rowid);

/* ---- Reading a group (columnar_reader.c) ---- */

/* A block of a column, decoded. */
typedef struct tvi_vector {
  uint32_t block;    /* UINT32_MAX: none */
  int64_t *numbers;  /* numbers; codes; of plain strings their lengths */
  tv_slice *strings; /* of strings without a dictionary */
  tvi_buffer room;
} tvi_vector;

typedef struct tvi_reader_column {
  int is_open;
  int has_segment;
  tvi_column_segment segment;
  tvi_buffer copy; /* the segment in a write transaction, where the map moves */
  tvi_vector vector;
} tvi_reader_column;

typedef struct tvi_reader {
  tvi_col_store *store;
  int copies; /* 1: nothing borrowed from the map is kept */
  int is_open;
  tvi_col_group group;
  tvi_zone *zone;            /* of the group's columns */
  tvi_reader_column *column; /* the last is that of the rowids */
  tvi_buffer *verified;      /* bits of segments whose checksum was compared; may be NULL */
  uint32_t deleted_block;
  unsigned char deleted[TVI_COL_BITS_BYTES];
} tvi_reader;

int tvi_reader_make(tvi_reader *reader, tvi_col_store *store);
void tvi_reader_free(tvi_reader *reader);
/* Makes a group the current one; its record was read into reader->group and reader->zone. */
void tvi_reader_enter(tvi_reader *reader);
void tvi_reader_leave(tvi_reader *reader);
/* Opens a column's segment. A tv_status. */
int tvi_reader_segment(tvi_reader *reader, unsigned column, tvi_column_segment **out);
/* Decodes a block of a column, unless it is the last one decoded. */
int tvi_reader_block(tvi_reader *reader, unsigned column, uint32_t block, tvi_vector **out);
/* One value. Strings are borrowed until the column's next block. */
int tvi_reader_cell(tvi_reader *reader, int column, uint32_t row, tvi_cell *cell);
int tvi_reader_rowid(tvi_reader *reader, uint32_t row, int64_t *rowid);
/* Which row has that rowid: TV_OK, TV_NOTFOUND. Deleted ones are found too. */
int tvi_reader_find(tvi_reader *reader, int64_t rowid, uint32_t *row);
int tvi_reader_is_deleted(tvi_reader *reader, uint32_t row, int *deleted);
static inline uint32_t tvi_reader_blocks(const tvi_reader *reader) {
  return (reader->group.rows + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK;
}

/* ---- Making groups, merging (columnar_pack.c, columnar_merge.c) ---- */

/* Writes the batch's rows, whose rowids ascend, as one or more groups. */
int tvi_col_pack(tvi_col_store *store, tvi_batch *batch);
/* Folds the changes of one group's domain in. *more is 1 when there is work left. `all`: also joins
 * small groups and rewrites those with any deleted row. */
int tvi_col_merge_step(tvi_col_store *store, int all, int *more);
/* 1 when a writer should do a step. */
int tvi_col_merge_due(const tvi_col_store *store);

/* ---- Conditions (columnar_filter.c) ---- */

/* What xBestIndex tells xFilter of a condition: the letter, then the column's number (-1: rowid).
 */
typedef enum tvi_col_op {
  TVI_COL_EQ = 'E',
  TVI_COL_IS = 'S',
  TVI_COL_GT = 'G',
  TVI_COL_GE = 'g',
  TVI_COL_LT = 'L',
  TVI_COL_LE = 'l',
  TVI_COL_IN = 'I',
  TVI_COL_LIKE = 'K',
  TVI_COL_ISNULL = 'N',
  TVI_COL_NOTNULL = 'V',
  TVI_COL_LIMIT = 'M',
  TVI_COL_OFFSET = 'O'
} tvi_col_op;

typedef enum tvi_filter_kind {
  TVI_FILTER_RANGE, /* numbers from lo to hi */
  TVI_FILTER_SET,   /* numbers of a list */
  TVI_FILTER_NULL,  /* NULL */
  TVI_FILTER_NOT_NULL,
  TVI_FILTER_STRING,  /* strings from low to high, or equal to low without regard to case */
  TVI_FILTER_STRINGS, /* strings of a list */
  TVI_FILTER_LIKE
} tvi_filter_kind;

typedef struct tvi_filter {
  int column; /* -1: rowid */
  tvi_filter_kind kind;
  int64_t lo, hi;
  int64_t *set; /* ascending */
  size_t count;
  tvi_buffer bytes; /* what the slices below point into */
  tv_slice low, high;
  int has_low, has_high, low_open, high_open, nocase;
  tv_slice *strings; /* ascending */
  char *pattern;
  /* In the current group. */
  int passes; /* 1: every row does */
  int coded;  /* 1: codes[] tells which entries of the dictionary pass */
  unsigned char *codes;
  size_t codes_capacity;
  int64_t code_lo, code_hi;
} tvi_filter;

typedef enum tvi_filter_scope {
  TVI_FILTER_SOME = 0,
  TVI_FILTER_ALL = 1,
  TVI_FILTER_NO = 2
} tvi_filter_scope;

/* Makes a filter of a condition and its value. *scope: ALL, it cannot narrow; NO, no row passes.
 * TV_OK or TV_ENOMEM. Freed with tvi_filter_free in any case. */
int tvi_filter_make(tvi_filter *filter, const tvi_col_schema *schema, int op, int column,
                    int nocase, sqlite3_value *value, tvi_filter_scope *scope);
void tvi_filter_free(tvi_filter *filter);
/* Looks at the zone map, and the dictionary, of the reader's group. *none: no row passes. */
int tvi_filter_group(tvi_filter *filter, tvi_reader *reader, int *none);
/* 0 when a zone map rules the column out. */
int tvi_filter_zone(const tvi_filter *filter, int type, const tvi_zone *zone, uint32_t rows);
/* Leaves those of the rows rows[0..*n) of a block that pass. */
int tvi_filter_block(tvi_filter *filter, tvi_reader *reader, uint32_t block, uint16_t *rows,
                     uint32_t *n);
/* 1 when a row passes. */
int tvi_filter_cell(const tvi_filter *filter, int64_t rowid, const tvi_cell *cells);

/* ---- A hash index for one statement (columnar_hash.c) ---- */

typedef struct tvi_col_hash {
  int ready;
  uint64_t edits; /* of the table when it was made */
  uint64_t *keys;
  uint32_t *next, *heads;
  uint32_t mask, count, capacity;
  int64_t *rowids; /* per entry */
} tvi_col_hash;

/* Hashes a column of all rows. TV_OK, or a failure; TV_ELIMIT: too many rows; TV_EINTR. */
int tvi_col_hash_make(tvi_col_hash *hash, tvi_reader *reader, int column, sqlite3 *sql);
void tvi_col_hash_free(tvi_col_hash *hash);
/* The key of a cell. */
uint64_t tvi_col_hash_key(int type, const tvi_cell *cell);
/* The first entry with that key, or behind `entry` the next; UINT32_MAX: there is none. */
uint32_t tvi_col_hash_first(const tvi_col_hash *hash, uint64_t key);
uint32_t tvi_col_hash_next(const tvi_col_hash *hash, uint32_t entry);

/* ---- Plans (columnar_plan.c) ---- */

enum { TVI_COL_SCAN = 0, TVI_COL_ROWID = 1, TVI_COL_KEY = 2, TVI_COL_HASH = 3 };
int tvi_columnar_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info);

/* ---- Scans (columnar_scan.c) ---- */

int tvi_columnar_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out);
int tvi_columnar_close(sqlite3_vtab_cursor *cursor);
int tvi_columnar_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc,
                        sqlite3_value **argv);
int tvi_columnar_next(sqlite3_vtab_cursor *cursor);
int tvi_columnar_eof(sqlite3_vtab_cursor *cursor);
int tvi_columnar_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column);
int tvi_columnar_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid);

/* ---- The virtual table ---- */

typedef struct tvi_columnar tvi_columnar;

/* The table's delta and delete bits as the executor wants them, kept while they stay the same. */
typedef struct tvi_col_image tvi_col_image;
void tvi_col_image_free(tvi_col_image *image); /* exec_image.c; NULL is allowed */

/* One per connection, the module's client data. */
typedef struct tvi_col_module {
  tvi_conn *conn;
  tvi_columnar *tables;
} tvi_col_module;

struct tvi_columnar {
  sqlite3_vtab base;
  tvi_col_module *module;
  tvi_columnar *next, **before;
  sqlite3 *sql;
  char *name;
  int utf16; /* 1: BINARY does not order text as bytes are */
  tvi_col_schema schema;
  int scans; /* open cursors: no merge under them */

  /* Writing (columnar_write.c). */
  tvi_col_store store;
  uint64_t generation; /* of the connection, when the store was opened */
  int header_dirty;
  int loading;     /* 1: between tvi_columnar_load_begin and _end */
  tvi_batch batch; /* rows inserted and not yet in the store; capacity 0: not made yet */
  tvi_reader reader;
  tvi_cell *cells, *old_cells;
  tvi_buffer key, old_key, record;
  tvi_buffer verified;
  tvi_col_image *image; /* or NULL */
};

/* 1 after sqlite3_interrupt: asked once per row group. */
int tvi_columnar_interrupted(sqlite3 *sql);
/* Writes what the connection holds back: called before savepoints, reads and the commit. */
int tvi_columnar_flush(tvi_columnar *table, tv_error *err);
int tvi_columnar_flush_all(tvi_col_module *module, tv_error *err);
/* Forgets it: after a rollback. */
void tvi_columnar_forget(tvi_columnar *table);
/* Before a commit: flushes and does a step of merging when one is due. */
int tvi_columnar_settle(tvi_columnar *table, tv_error *err);
void tvi_columnar_write_free(tvi_columnar *table);
int tvi_columnar_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid);
/* Rows that no statement inserts (columnar_load.c): begin, then each row whose values stand in
 * table->cells, then end. A conflict is always refused. SQLite codes; base.zErrMsg says why. */
int tvi_columnar_load_begin(tvi_columnar *table, tv_error *err);
int tvi_columnar_load_row(tvi_columnar *table);
int tvi_columnar_load_end(tvi_columnar *table, tv_error *err);
/* Converts a value into table->cells[column]. An SQLite code, with a sentence when it is refused.
 */
int tvi_columnar_take(tvi_columnar *table, int64_t rowid, int column, sqlite3_value *value);
/* Passes the failure in txn (or the status) on to SQLite, as a code. */
int tvi_columnar_fail(tvi_columnar *table, int status, tv_txn *txn);

#endif
