/* SPDX-License-Identifier: MIT */
/*
 * A part read, 2,048 rows at a time: sieves narrow the rows on the encoded columns they need, in
 * the order that has paid so far; only then are the other columns decoded, only the blocks where a
 * row is left, and what is left gathers in batches until one is full. Handing each vector on by
 * itself was rejected: after a sieve that leaves one row in a hundred, the operators behind would
 * spend their time on calls.
 */
#include <string.h>

#include "exec_internal.h"

#define SCAN_ROOM_ROWS (TVI_EXEC_ROWS + TVI_EXEC_SLACK)
#define SCAN_BLOCKS (TVI_EXEC_ROWS / TVI_COL_BLOCK)

_Static_assert(TVI_EXEC_ROWS == 2 * TVI_COL_BLOCK, "a vector is two blocks");

/* ---- Making ---- */

static int scan_fetch_gathered(void *context, int slot, tvi_vec **out);

static int scan_fetch_probed(void *context, int slot, tvi_vec **out) {
  (void)slot;
  *out = &((tvi_scan *)context)->probed;
  return TV_OK;
}

static int scan_make_column(tvi_scan *scan, int column, int late) {
  tvi_scan_column *c = &scan->column[column];
  size_t wide = SCAN_ROOM_ROWS * sizeof(tvi_value);

  c->late = late;
  c->room = tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS * sizeof(tv_slice));
  c->nulls = tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS);
  c->wide = tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS * sizeof *c->wide);
  scan->flow.room[column] = late ? tvi_arena_alloc(&scan->pool, wide) : c->room;
  scan->flow.nulls[column] = late ? tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS) : c->nulls;
  if (c->room == NULL || c->nulls == NULL || c->wide == NULL || scan->flow.room[column] == NULL ||
      scan->flow.nulls[column] == NULL)
    return tvi_memory_status(scan->pool.memory);
  return TV_OK;
}

int tvi_scan_make(tvi_scan *scan, tvi_source *source, const tvi_program *program, int first_slot,
                  const tvi_sieve *sieves, int count, const unsigned char *late,
                  const tvi_kernels *kernels) {
  size_t n = (size_t)source->columns + 1;
  tvi_memory *memory = source->memory;
  int i, status;

  memset(scan, 0, sizeof *scan);
  scan->kernels = kernels;
  scan->source = source;
  scan->pool.memory = memory;
  scan->first_slot = first_slot;
  scan->sifts = count;
  scan->column = tvi_arena_zalloc(&scan->pool, n * sizeof *scan->column);
  scan->sift = tvi_arena_zalloc(&scan->pool, ((size_t)count + 1) * sizeof *scan->sift);
  scan->order = tvi_arena_zalloc(&scan->pool, ((size_t)count + 1) * sizeof *scan->order);
  scan->flow.column = tvi_arena_zalloc(&scan->pool, n * sizeof *scan->flow.column);
  scan->flow.room = tvi_arena_zalloc(&scan->pool, n * sizeof *scan->flow.room);
  scan->flow.nulls = tvi_arena_zalloc(&scan->pool, n * sizeof *scan->flow.nulls);
  scan->flow.row =
      tvi_arena_zalloc(&scan->pool, (TVI_PLAN_TABLES_MAX + 1) * sizeof *scan->flow.row);
  if (scan->column == NULL || scan->sift == NULL || scan->order == NULL ||
      scan->flow.column == NULL || scan->flow.room == NULL || scan->flow.nulls == NULL ||
      scan->flow.row == NULL)
    return tvi_memory_status(memory);
  for (i = 0; i < count; i++) {
    scan->sift[i].sieve = &sieves[i];
    scan->order[i] = &scan->sift[i];
  }
  status = tvi_eval_make(&scan->eval, program, memory, scan_fetch_gathered, scan);
  if (status == TV_OK)
    status = tvi_eval_make(&scan->probe, program, memory, scan_fetch_probed, scan);
  for (i = 0; i < source->columns && status == TV_OK; i++)
    status = scan_make_column(scan, i, late[i]);
  return status;
}

static void scan_leave(tvi_scan *scan) {
  int i;

  for (i = 0; scan->column != NULL && i < scan->source->columns; i++) {
    if (scan->column[i].open) tvi_segment_close(&scan->column[i].segment);
    scan->column[i].open = 0;
    scan->column[i].vector = UINT32_MAX;
  }
}

void tvi_scan_free(tvi_scan *scan) {
  int i;

  if (scan->source == NULL) return;
  scan_leave(scan);
  for (i = 0; scan->column != NULL && i < scan->source->columns; i++) {
    tvi_buffer_free(&scan->column[i].text[0]);
    tvi_buffer_free(&scan->column[i].text[1]);
  }
  for (i = 0; scan->sift != NULL && i < scan->sifts; i++)
    tvi_arena_drop(scan->pool.memory, scan->sift[i].own, scan->sift[i].own_words, 4);
  tvi_eval_free(&scan->eval);
  tvi_eval_free(&scan->probe);
  tvi_arena_free(&scan->pool);
  scan->source = NULL;
}

/* ---- Segments ---- */

static int scan_damaged(tvi_scan *scan, int column, int status) {
  const tvi_source *source = scan->source;
  int number = source->column[column].number;

  if (status != TV_ECORRUPT) return status;
  return tvi_error_set(scan->err, TV_ECORRUPT, 0,
                       "columnar table \"%s\": segment of column %s in row group %llu is damaged",
                       source->name,
                       number < 0 ? "rowid" : source->table->columnar->schema.column[number].name,
                       (unsigned long long)scan->part->group.id);
}

int tvi_scan_open(tvi_scan *scan, int column) {
  tvi_scan_column *c = &scan->column[column];
  tvi_part *part = scan->part;
  int type = scan->source->column[column].type, status;

  if (c->open || part->image != NULL || part->segment[column].size == 0) return TV_OK;
  status = tvi_segment_open(part->segment[column], !tvi_col_is_number(type), part->rows,
                            part->verify[column] == 1, &c->segment);
  if (status != TV_OK) return scan_damaged(scan, column, status);
  if (part->verify[column] == 1) part->verify[column] = 2;
  c->open = 1;
  return TV_OK;
}

/* ---- Decoding ---- */

static int scan_is_narrow(const tvi_zone *zone) {
  return zone->min >= INT32_MIN && zone->max <= INT32_MAX;
}

/* Decides of what kind the column's vectors are in this part. */
static void scan_kind(const tvi_scan *scan, int column, tvi_vec *vec) {
  const tvi_scan_column *c = &scan->column[column];
  const tvi_zone *zone = &scan->part->group.zone[column];

  memset(vec, 0, sizeof *vec);
  vec->as.any = c->room;
  vec->lo = zone->min;
  vec->hi = zone->max;
  switch (scan->source->column[column].type) {
    case TVI_COL_INTEGER:
      vec->kind = scan_is_narrow(zone) ? TVI_VEC_I32 : TVI_VEC_I64;
      return;
    case TVI_COL_DATE:
      vec->kind = TVI_VEC_DATE;
      return;
    case TVI_COL_REAL:
      vec->kind = TVI_VEC_REAL;
      return;
    default:
      vec->kind = scan->source->column[column].type == TVI_COL_TEXT ? TVI_VEC_TEXT : TVI_VEC_BLOB;
      vec->is_blob = vec->kind == TVI_VEC_BLOB;
      vec->dict = &c->segment.strings;
      if (c->segment.strings.count > 0) vec->kind = TVI_VEC_CODE;
  }
}

static int scan_reals(tvi_scan *scan, tvi_scan_column *c, uint32_t block, uint32_t n, double *out) {
  static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  int64_t min, max;
  uint32_t i;

  tvi_ints_bounds(&c->segment.ints, block, &min, &max);
  if (c->segment.scale > 0 && min >= INT32_MIN && max <= INT32_MAX) {
    int32_t *narrow = (int32_t *)(void *)c->wide;
    double by = powers[c->segment.scale - 1];
    if (tvi_ints_decode32(scan->kernels, &c->segment.ints, block, narrow) != TV_OK)
      return TV_ECORRUPT;
    for (i = 0; i < n; i++) out[i] = narrow[i] / by;
    return TV_OK;
  }
  if (tvi_ints_decode(&c->segment.ints, block, c->wide) != TV_OK) return TV_ECORRUPT;
  if (c->segment.scale > 0)
    for (i = 0; i < n; i++) out[i] = (double)c->wide[i] / powers[c->segment.scale - 1];
  else
    for (i = 0; i < n; i++) out[i] = tvi_cell_to_real(c->wide[i]);
  return TV_OK;
}

static int scan_codes(tvi_scan *scan, tvi_scan_column *c, uint32_t block, uint32_t n,
                      int32_t *out) {
  uint32_t i, most = 0;

  if (tvi_ints_decode32(scan->kernels, &c->segment.strings.ints, block, out) != TV_OK)
    return TV_ECORRUPT;
  for (i = 0; i < n; i++) most = (uint32_t)out[i] > most ? (uint32_t)out[i] : most;
  return most < c->segment.strings.count ? TV_OK : TV_ECORRUPT;
}

/* Decodes one block of the vector, the one at `at` (0 or 1). */
static int scan_decode(tvi_scan *scan, int column, uint32_t at) {
  tvi_scan_column *c = &scan->column[column];
  tvi_ints *ints = c->segment.is_strings ? &c->segment.strings.ints : &c->segment.ints;
  uint32_t block = scan->vector * SCAN_BLOCKS + at, from = at * TVI_COL_BLOCK, n;
  tvi_vec *vec = &c->vec;

  if (block >= ints->blocks) return TV_ECORRUPT;
  n = tvi_ints_block_rows(ints, block);
  switch (vec->kind) {
    case TVI_VEC_I32:
    case TVI_VEC_DATE:
      return tvi_ints_decode32(scan->kernels, ints, block, vec->as.i32 + from);
    case TVI_VEC_I64:
      return tvi_ints_decode(ints, block, vec->as.i64 + from);
    case TVI_VEC_REAL:
      return scan_reals(scan, c, block, n, vec->as.real + from);
    case TVI_VEC_CODE:
      return scan_codes(scan, c, block, n, vec->as.i32 + from);
    default:
      return tvi_strings_block(&c->segment.strings, block, c->wide, vec->as.bytes + from,
                               &c->text[at]);
  }
}

static void scan_nulls(tvi_scan *scan, tvi_scan_column *c) {
  const unsigned char *bits = c->segment.nulls;
  uint32_t i, first = scan->vector * TVI_EXEC_ROWS;

  if (bits == NULL) return;
  c->vec.nulls = c->nulls;
  for (i = 0; i < scan->rows; i++) c->nulls[i] = bits[(first + i) / 8] >> ((first + i) % 8) & 1;
}

/* A rowid that is counted, not stored. */
static void scan_count(tvi_scan *scan, tvi_scan_column *c) {
  int64_t first =
      (int64_t)((uint64_t)scan->part->group.first + (uint64_t)scan->vector * TVI_EXEC_ROWS);
  uint32_t i;

  if (c->vec.kind == TVI_VEC_I64)
    for (i = 0; i < scan->rows; i++) c->vec.as.i64[i] = (int64_t)((uint64_t)first + i);
  else
    for (i = 0; i < scan->rows; i++) c->vec.as.i32[i] = (int32_t)((uint64_t)first + i);
}

/* Rows in memory, as narrow as their bounds allow. */
static void scan_view(tvi_scan *scan, int column) {
  tvi_scan_column *c = &scan->column[column];
  int32_t *narrow = c->room;
  const int64_t *wide;
  uint32_t i;

  tvi_rows_view(scan->part->image, tvi_part_column(scan->part, column),
                scan->part->from + scan->vector * TVI_EXEC_ROWS, &c->vec);
  if (c->vec.kind != TVI_VEC_I64 || c->vec.lo < INT32_MIN || c->vec.hi > INT32_MAX) return;
  wide = c->vec.as.i64;
  for (i = 0; i < scan->rows; i++) narrow[i] = (int32_t)wide[i];
  c->vec.kind = TVI_VEC_I32;
  c->vec.as.i32 = narrow;
}

int tvi_scan_load(tvi_scan *scan, int column, const uint16_t *rows, uint32_t n, tvi_vec **out) {
  tvi_scan_column *c = &scan->column[column];
  uint32_t at, need = 3;
  int status;

  *out = &c->vec;
  if (c->vector != scan->vector) {
    if (scan->part->image != NULL) {
      scan_view(scan, column);
    } else {
      status = tvi_scan_open(scan, column);
      if (status != TV_OK) return status;
      scan_kind(scan, column, &c->vec);
      scan_nulls(scan, c);
      if (!c->open) scan_count(scan, c);
    }
    c->vector = scan->vector;
    c->blocks = c->open ? 0 : 3;
  }
  if (rows != NULL && n > 0) {
    if (rows[n - 1] < TVI_COL_BLOCK) need = 1;
    if (rows[0] >= TVI_COL_BLOCK) need = 2;
  }
  if (scan->rows <= TVI_COL_BLOCK) need &= 1;
  for (at = 0; at < SCAN_BLOCKS; at++) {
    if ((need & ~c->blocks) >> at == 0 || ((need & ~c->blocks) >> at & 1) == 0) continue;
    status = scan_decode(scan, column, at);
    if (status != TV_OK) return scan_damaged(scan, column, status);
    c->blocks |= 1u << at;
  }
  return TV_OK;
}

/* ---- Gathering ---- */

static void scan_gather(const tvi_kernels *kernels, const tvi_vec *from, const uint16_t *rows,
                        uint32_t n, tvi_vec *to, uint32_t at) {
  size_t width = tvi_vec_width(from->kind);
  char *room = (char *)to->as.any + at * width;
  uint32_t i;

  if (from->kind == TVI_VEC_NULL) return;
  if (rows == NULL) {
    memcpy(room, from->as.any, n * width);
  } else if (width == sizeof(int32_t)) {
    kernels->gather32(from->as.i32, rows, n, to->as.i32 + at);
  } else if (width == sizeof(int64_t)) {
    for (i = 0; i < n; i++) to->as.i64[at + i] = from->as.i64[rows[i]];
  } else if (width == sizeof(tv_slice)) {
    for (i = 0; i < n; i++) to->as.bytes[at + i] = from->as.bytes[rows[i]];
  } else {
    for (i = 0; i < n; i++) to->as.mixed[at + i] = from->as.mixed[rows[i]];
  }
  if (from->nulls == NULL) return;
  for (i = 0; i < n; i++) to->nulls[at + i] = from->nulls[rows == NULL ? i : rows[i]];
}

/* For sieves of several columns: the column's values in the rows of now. */
static int scan_fetch_gathered(void *context, int slot, tvi_vec **out) {
  tvi_scan *scan = context;
  int column = slot - scan->first_slot, status;
  tvi_scan_column *c = &scan->column[column];
  tvi_vec *from, *to = &scan->probed;

  status = tvi_scan_load(scan, column, scan->now, scan->now_rows, &from);
  *out = from;
  if (status != TV_OK || scan->now == NULL) return status;
  if (c->gathered == NULL) {
    c->gathered = tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS * sizeof(tvi_value));
    c->gathered_nulls = tvi_arena_alloc(&scan->pool, SCAN_ROOM_ROWS);
    if (c->gathered == NULL || c->gathered_nulls == NULL)
      return tvi_memory_status(scan->pool.memory);
  }
  *to = *from;
  to->as.any = c->gathered;
  to->nulls = from->nulls == NULL ? NULL : c->gathered_nulls;
  scan_gather(scan->kernels, from, scan->now, scan->now_rows, to, 0);
  *out = to; /* the evaluation copies it at once */
  return TV_OK;
}

/* ---- Parts ---- */

static int scan_flush(tvi_scan *scan) {
  int status = TV_OK;

  if (scan->flow.n > 0) status = scan->consume(scan->context, &scan->flow);
  scan->flow.n = 0;
  return status;
}

static int scan_append(tvi_scan *scan, const uint16_t *rows, uint32_t n) {
  tvi_flow *flow = &scan->flow;
  int i, borrows = 0, status = TV_OK;

  if (n == 0) return TV_OK;
  if (flow->n + n > TVI_EXEC_ROWS) status = scan_flush(scan);
  for (i = 0; i < scan->source->columns && status == TV_OK; i++) {
    tvi_vec *from, *to = &flow->column[i];
    if (!scan->column[i].late) continue;
    status = tvi_scan_load(scan, i, rows, n, &from);
    if (status != TV_OK) return status;
    *to = *from;
    to->as.any = flow->room[i];
    if (from->nulls != NULL) to->nulls = flow->nulls[i];
    scan_gather(scan->kernels, from, rows, n, to, flow->n);
    borrows |= from->kind == TVI_VEC_TEXT || from->kind == TVI_VEC_BLOB;
  }
  flow->n += n;
  scan->rows_out += n;
  /* Strings of a block may lie in memory that the next block is unpacked to. */
  if (status == TV_OK && borrows && scan->part->image == NULL) status = scan_flush(scan);
  return status;
}

/* Leaves those rows that are not deleted. rows: NULL for all. */
static uint32_t scan_live(const tvi_scan *scan, const uint16_t *rows, uint32_t n, uint16_t *out) {
  const unsigned char *bits = scan->part->deleted + (size_t)scan->vector * (TVI_EXEC_ROWS / 8);
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    out[kept] = row;
    kept += (bits[row / 8] >> (row % 8) & 1) == 0;
  }
  return kept;
}

static int scan_vector(tvi_scan *scan) {
  const uint16_t *rows = NULL;
  uint32_t n = scan->rows, kept;
  int i, status = TV_OK;

  for (i = 0; i < scan->sifts && n > 0; i++) {
    tvi_sift *sift = scan->order[i];
    if (sift->op == TVI_SIFT_ALL) continue;
    status = tvi_sift_run(scan, sift, rows, n, scan->kept, &kept);
    if (status != TV_OK) return status;
    sift->in += n;
    sift->out += kept;
    if (kept < n || rows != NULL) rows = scan->kept;
    n = kept;
  }
  if (n > 0 && scan->part->deleted != NULL) {
    n = scan_live(scan, rows, n, scan->kept);
    rows = scan->kept;
  }
  return scan_append(scan, rows, n);
}

/* Sieves that leave little for little work come first. */
static void scan_sort(tvi_scan *scan) {
  static const uint64_t costs[] = {0, 0, 10, 14, 20, 16, 30, 200};
  int i, j;

  for (i = 0; i < scan->sifts; i++) {
    tvi_sift *sift = &scan->sift[i];
    uint64_t stopped = sift->in < 64 ? 500 : (sift->in - sift->out) * 1000 / sift->in;
    sift->rank = costs[sift->op] * 100000 / (stopped + 1);
  }
  for (i = 1; i < scan->sifts; i++) {
    tvi_sift *sift = scan->order[i];
    for (j = i; j > 0 && scan->order[j - 1]->rank > sift->rank; j--)
      scan->order[j] = scan->order[j - 1];
    scan->order[j] = sift;
  }
}

int tvi_scan_part(tvi_scan *scan, tvi_part *part) {
  uint32_t vectors = (part->rows + TVI_EXEC_ROWS - 1) / TVI_EXEC_ROWS;
  int i, none = 0, status = TV_OK;

  scan_leave(scan);
  scan->part = part;
  scan->rows_in += part->rows;
  scan->vector = 0;
  scan->rows = part->rows < TVI_EXEC_ROWS ? part->rows : TVI_EXEC_ROWS;
  for (i = 0; i < scan->sifts && status == TV_OK && !none; i++) {
    status = tvi_sift_begin(scan, &scan->sift[i]);
    none = scan->sift[i].op == TVI_SIFT_NONE;
  }
  if (none || status != TV_OK) return status;
  scan_sort(scan);
  for (; scan->vector < vectors && status == TV_OK; scan->vector++) {
    uint32_t first = scan->vector * TVI_EXEC_ROWS;
    scan->rows = part->rows - first < TVI_EXEC_ROWS ? part->rows - first : TVI_EXEC_ROWS;
    status = scan_vector(scan);
  }
  if (status == TV_OK) status = scan_flush(scan);
  return status;
}
