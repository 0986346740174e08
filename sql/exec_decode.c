/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a segment decoded to 32 bits, which nearly all columns of a fact table fit in: twice as
 * many lanes as int64, and half the cache. Deciding per block was rejected: kernels work on vectors
 * of two blocks, and one kind per row group keeps them simple.
 */
#include <string.h>

#include "encode_internal.h"
#include "exec_kernel_internal.h"

static int decode_runs(const tvi_kernels *kernels, const tvi_ints_block *look, uint32_t n,
                       int32_t *out) {
  int32_t lengths[TVI_COL_BLOCK + TVI_EXEC_SLACK], values[TVI_COL_BLOCK + TVI_EXEC_SLACK];
  size_t first = ((size_t)look->runs * TVI_INTS_RUN_BITS + 7) / 8;
  uint32_t i, rows = 0;

  kernels->unpack32(look->from, look->size, TVI_INTS_RUN_BITS, look->runs, 0, lengths);
  for (i = 0; i < look->runs; i++) rows += (uint32_t)lengths[i] + 1;
  if (rows != n) return TV_ECORRUPT;
  kernels->unpack32(look->from + first, look->size - first, look->width, look->runs,
                    (uint32_t)look->base, values);
  kernels->repeat32(lengths, values, look->runs, out);
  return TV_OK;
}

static void decode_steps(const tvi_kernels *kernels, const tvi_ints_block *look, uint32_t n,
                         int32_t *out) {
  uint32_t i, sum = (uint32_t)tvi_load_le64(look->from);
  uint32_t least = (uint32_t)tvi_load_le64(look->from + 8);

  out[0] = (int32_t)sum;
  if (n == 1) return;
  if (look->width > 0)
    kernels->unpack32(look->from + 16, look->size - 16, look->width, n - 1, least, out + 1);
  else
    for (i = 1; i < n; i++) out[i] = (int32_t)least;
  for (i = 1; i < n; i++) out[i] = (int32_t)(sum += (uint32_t)out[i]);
}

int tvi_ints_decode32(const tvi_kernels *kernels, const tvi_ints *ints, uint32_t block,
                      int32_t *out) {
  uint32_t n = tvi_ints_block_rows(ints, block), i;
  tvi_ints_block look;

  if (tvi_ints_look(ints, block, &look) != TV_OK) return TV_ECORRUPT;
  if (look.width > 32) { /* a step may be wider than what it leads to */
    int64_t wide[TVI_COL_BLOCK];
    if (tvi_ints_decode(ints, block, wide) != TV_OK) return TV_ECORRUPT;
    for (i = 0; i < n; i++) out[i] = (int32_t)wide[i];
    return TV_OK;
  }
  if (look.form == TVI_INTS_SAME || (look.form == TVI_INTS_OFFSETS && look.width == 0)) {
    for (i = 0; i < n; i++) out[i] = (int32_t)look.base;
    return TV_OK;
  }
  switch (look.form) {
    case TVI_INTS_OFFSETS:
      kernels->unpack32(look.from, look.size, look.width, n, (uint32_t)look.base, out);
      return TV_OK;
    case TVI_INTS_RUNS:
      return look.width == 0 ? TV_ECORRUPT : decode_runs(kernels, &look, n, out);
    case TVI_INTS_STEPS:
      decode_steps(kernels, &look, n, out);
      return TV_OK;
    default:
      return TV_ECORRUPT;
  }
}
