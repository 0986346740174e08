/* SPDX-License-Identifier: MIT */
/*
 * 64-bit integers as blocks of 1,024. Each block takes the smallest of four forms, found by working
 * out what each would need: all the same, offsets from the least (frame of reference), runs, and
 * differences less the least of them. The directory of blocks carries least and greatest value, so
 * it is a zone map too. One form per segment was rejected: sorted data has both long runs and
 * jumps, and a block that can be decoded by itself is what a point query reads.
 *
 *   offset  size  what
 *   0       4     le32 count of integers
 *   4       4     le32 count of blocks
 *   8       24    per block: le64 least, le64 greatest, le32 offset of its bits from 0, form,
 *                 width in bits, le16 runs
 *   then          bits, low ones first, and 16 zero bytes
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"

#define INTS_HEADER_BYTES 8u
#define INTS_ENTRY_BYTES 24u
#define INTS_PAD_BYTES 16u /* so that a load of eight bytes never leaves the section */

/* What is known of a block before it is encoded. */
typedef struct ints_shape {
  int64_t min, max;
  uint64_t step_min, step_max; /* as offsets in the order of signed numbers */
  uint32_t runs;
  int has_steps; /* 1: no difference overflows */
} ints_shape;

static unsigned ints_width(uint64_t range) {
  return range == 0 ? 0 : 64u - (unsigned)__builtin_clzll(range);
}

static size_t ints_bytes(size_t n, unsigned width) {
  return (n * width + 7) / 8;
}

static void ints_measure(const int64_t *v, uint32_t n, ints_shape *shape) {
  int64_t least = INT64_MAX, most = INT64_MIN, step;
  uint32_t i;

  shape->min = shape->max = v[0];
  shape->runs = 1;
  shape->has_steps = 1;
  for (i = 1; i < n; i++) {
    if (v[i] < shape->min) shape->min = v[i];
    if (v[i] > shape->max) shape->max = v[i];
    shape->runs += v[i] != v[i - 1];
    if (__builtin_sub_overflow(v[i], v[i - 1], &step)) {
      shape->has_steps = 0;
      continue;
    }
    if (step < least) least = step;
    if (step > most) most = step;
  }
  shape->step_min = (uint64_t)least;
  shape->step_max = (uint64_t)most;
}

/* Writes value's low `width` bits at bit `at`; the room is zero there and eight bytes beyond. */
static inline void ints_put(unsigned char *room, size_t at, unsigned width, uint64_t value) {
  unsigned char *p = room + at / 8;
  unsigned shift = at & 7;

  tvi_store_le64(p, tvi_load_le64(p) | value << shift);
  if (shift > 0 && shift + width > 64) p[8] = (unsigned char)(value >> (64 - shift));
}

static inline uint64_t ints_get(const unsigned char *from, size_t at, unsigned width) {
  const unsigned char *p = from + at / 8;
  unsigned shift = at & 7;
  uint64_t value = tvi_load_le64(p) >> shift;

  if (shift > 0 && shift + width > 64) value |= (uint64_t)p[8] << (64 - shift);
  return width == 64 ? value : value & ((UINT64_C(1) << width) - 1);
}

/* Grows out by `bytes` zero bytes and returns where they begin; NULL: out of memory. */
static unsigned char *ints_room(tvi_buffer *out, size_t bytes) {
  unsigned char *room;

  if (tvi_buffer_reserve(out, out->size + bytes + INTS_PAD_BYTES) != TV_OK) return NULL;
  room = out->data + out->size;
  memset(room, 0, bytes + INTS_PAD_BYTES);
  out->size += bytes;
  return room;
}

static tvi_ints_form ints_choose(const ints_shape *shape, uint32_t n, unsigned *width,
                                 size_t *bytes) {
  unsigned offsets = ints_width((uint64_t)shape->max - (uint64_t)shape->min);
  unsigned steps = ints_width(shape->step_max - shape->step_min);
  size_t size = ints_bytes(n, offsets);
  tvi_ints_form form = offsets == 0 ? TVI_INTS_SAME : TVI_INTS_OFFSETS;
  size_t runs = ints_bytes(shape->runs, TVI_INTS_RUN_BITS) + ints_bytes(shape->runs, offsets);

  *width = offsets;
  if (form == TVI_INTS_OFFSETS && runs < size) {
    form = TVI_INTS_RUNS;
    size = runs;
  }
  if (form != TVI_INTS_SAME && shape->has_steps && 16 + ints_bytes(n - 1, steps) < size) {
    form = TVI_INTS_STEPS;
    size = 16 + ints_bytes(n - 1, steps);
    *width = steps;
  }
  *bytes = size;
  return form;
}

static void ints_put_runs(unsigned char *room, const int64_t *v, uint32_t n, unsigned width,
                          const ints_shape *shape) {
  unsigned char *values = room + ints_bytes(shape->runs, TVI_INTS_RUN_BITS);
  uint32_t i, start = 0, run = 0;

  for (i = 1; i <= n; i++) {
    if (i < n && v[i] == v[start]) continue;
    ints_put(room, (size_t)run * TVI_INTS_RUN_BITS, TVI_INTS_RUN_BITS, i - start - 1);
    ints_put(values, (size_t)run * width, width, (uint64_t)v[start] - (uint64_t)shape->min);
    start = i;
    run++;
  }
}

static int ints_encode_block(const int64_t *v, uint32_t n, size_t start, size_t entry,
                             tvi_buffer *out) {
  ints_shape shape;
  unsigned width;
  size_t bytes, at = out->size;
  unsigned char *room, *to;
  tvi_ints_form form;
  uint32_t i;

  ints_measure(v, n, &shape);
  form = ints_choose(&shape, n, &width, &bytes);
  room = ints_room(out, form == TVI_INTS_SAME ? 0 : bytes);
  if (room == NULL) return TV_ENOMEM;
  if (form == TVI_INTS_OFFSETS) {
    for (i = 0; i < n; i++)
      ints_put(room, (size_t)i * width, width, (uint64_t)v[i] - (uint64_t)shape.min);
  } else if (form == TVI_INTS_RUNS) {
    ints_put_runs(room, v, n, width, &shape);
  } else if (form == TVI_INTS_STEPS) {
    tvi_store_le64(room, (uint64_t)v[0]);
    tvi_store_le64(room + 8, shape.step_min);
    for (i = 1; i < n; i++)
      ints_put(room + 16, (size_t)(i - 1) * width, width,
               (uint64_t)v[i] - (uint64_t)v[i - 1] - shape.step_min);
  }
  to = out->data + entry;
  tvi_store_le64(to, (uint64_t)shape.min);
  tvi_store_le64(to + 8, (uint64_t)shape.max);
  tvi_store_le32(to + 16, (uint32_t)(at - start));
  to[20] = (unsigned char)form;
  to[21] = (unsigned char)width;
  tvi_store_le16(to + 22, (uint16_t)(form == TVI_INTS_RUNS ? shape.runs : 0));
  return TV_OK;
}

int tvi_ints_encode(const int64_t *values, uint32_t n, tvi_buffer *out) {
  size_t start = out->size;
  uint32_t block, blocks = (n + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK;
  unsigned char *room = ints_room(out, INTS_HEADER_BYTES + (size_t)blocks * INTS_ENTRY_BYTES);
  int status = TV_OK;

  if (room == NULL) return TV_ENOMEM;
  tvi_store_le32(room, n);
  tvi_store_le32(room + 4, blocks);
  for (block = 0; block < blocks && status == TV_OK; block++) {
    uint32_t from = block * TVI_COL_BLOCK;
    uint32_t rows = n - from < TVI_COL_BLOCK ? n - from : TVI_COL_BLOCK;
    status = ints_encode_block(values + from, rows, start,
                               start + INTS_HEADER_BYTES + (size_t)block * INTS_ENTRY_BYTES, out);
  }
  if (status == TV_OK && ints_room(out, INTS_PAD_BYTES) == NULL) status = TV_ENOMEM;
  return status;
}

/* ---- Reading ---- */

int tvi_ints_open(const void *data, size_t size, tvi_ints *out) {
  if (size < INTS_HEADER_BYTES + INTS_PAD_BYTES) return TV_ECORRUPT;
  out->data = data;
  out->size = size;
  out->count = tvi_load_le32(out->data);
  out->blocks = tvi_load_le32(out->data + 4);
  if (out->count > TVI_COL_GROUP_ROWS ||
      out->blocks != (out->count + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK ||
      size - INTS_HEADER_BYTES - INTS_PAD_BYTES < (size_t)out->blocks * INTS_ENTRY_BYTES)
    return TV_ECORRUPT;
  return TV_OK;
}

uint32_t tvi_ints_block_rows(const tvi_ints *ints, uint32_t block) {
  uint32_t rest = ints->count - block * TVI_COL_BLOCK;
  return rest < TVI_COL_BLOCK ? rest : TVI_COL_BLOCK;
}

static const unsigned char *ints_entry(const tvi_ints *ints, uint32_t block) {
  return ints->data + INTS_HEADER_BYTES + (size_t)block * INTS_ENTRY_BYTES;
}

void tvi_ints_bounds(const tvi_ints *ints, uint32_t block, int64_t *min, int64_t *max) {
  const unsigned char *entry = ints_entry(ints, block);
  *min = (int64_t)tvi_load_le64(entry);
  *max = (int64_t)tvi_load_le64(entry + 8);
}

static int ints_get_runs(const unsigned char *from, unsigned width, uint32_t runs, uint64_t base,
                         uint32_t n, int64_t *out) {
  const unsigned char *values = from + ints_bytes(runs, TVI_INTS_RUN_BITS);
  uint32_t run, at = 0;

  for (run = 0; run < runs; run++) {
    uint32_t length =
        (uint32_t)ints_get(from, (size_t)run * TVI_INTS_RUN_BITS, TVI_INTS_RUN_BITS) + 1;
    int64_t value = (int64_t)(base + ints_get(values, (size_t)run * width, width));
    if (length > n - at) return TV_ECORRUPT;
    for (; length > 0; length--) out[at++] = value;
  }
  return at == n ? TV_OK : TV_ECORRUPT;
}

/* Offsets of at most 56 bits: no value crosses the eight bytes that are loaded. */
static void ints_get_narrow(const unsigned char *from, unsigned width, uint64_t base, uint32_t n,
                            int64_t *out) {
  uint64_t mask = (UINT64_C(1) << width) - 1;
  size_t at = 0;
  uint32_t i;

  for (i = 0; i < n; i++, at += width)
    out[i] = (int64_t)(base + (tvi_load_le64(from + at / 8) >> (at & 7) & mask));
}

static void ints_get_wide(const unsigned char *from, unsigned width, uint64_t base, uint32_t n,
                          int64_t *out) {
  uint32_t i;
  for (i = 0; i < n; i++) out[i] = (int64_t)(base + ints_get(from, (size_t)i * width, width));
}

static void ints_get_offsets(const unsigned char *from, unsigned width, uint64_t base, uint32_t n,
                             int64_t *out) {
  if (width <= 56)
    ints_get_narrow(from, width, base, n, out);
  else
    ints_get_wide(from, width, base, n, out);
}

int tvi_ints_look(const tvi_ints *ints, uint32_t block, tvi_ints_block *out) {
  const unsigned char *entry = ints_entry(ints, block);
  uint32_t offset = tvi_load_le32(entry + 16), n = tvi_ints_block_rows(ints, block);
  size_t need;

  out->form = entry[20];
  out->width = entry[21];
  out->runs = tvi_load_le16(entry + 22);
  out->base = tvi_load_le64(entry);
  need = ints_bytes(n, out->width);
  if (out->form == TVI_INTS_RUNS)
    need = ints_bytes(out->runs, TVI_INTS_RUN_BITS) + ints_bytes(out->runs, out->width);
  if (out->form == TVI_INTS_STEPS) need = 16 + ints_bytes(n - 1, out->width);
  if (out->width > 64 || out->runs > TVI_COL_BLOCK || offset > ints->size - INTS_PAD_BYTES ||
      need > ints->size - INTS_PAD_BYTES - offset)
    return TV_ECORRUPT;
  out->from = ints->data + offset;
  out->size = ints->size - offset;
  return TV_OK;
}

int tvi_ints_decode(const tvi_ints *ints, uint32_t block, int64_t *out) {
  uint32_t n = tvi_ints_block_rows(ints, block), i;
  tvi_ints_block look;
  uint64_t base;

  if (tvi_ints_look(ints, block, &look) != TV_OK) return TV_ECORRUPT;
  base = look.base;
  switch (look.form) {
    case TVI_INTS_SAME:
      for (i = 0; i < n; i++) out[i] = (int64_t)base;
      return TV_OK;
    case TVI_INTS_OFFSETS:
      ints_get_offsets(look.from, look.width, base, n, out);
      return TV_OK;
    case TVI_INTS_RUNS:
      return ints_get_runs(look.from, look.width, look.runs, base, n, out);
    case TVI_INTS_STEPS:
      base = tvi_load_le64(look.from);
      out[0] = (int64_t)base;
      ints_get_offsets(look.from + 16, look.width, tvi_load_le64(look.from + 8), n - 1, out + 1);
      for (i = 1; i < n; i++) out[i] = (int64_t)(base += (uint64_t)out[i]);
      return TV_OK;
    default:
      return TV_ECORRUPT;
  }
}
