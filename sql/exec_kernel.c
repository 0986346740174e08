/* SPDX-License-Identifier: MIT */
/*
 * Kernels for any processor, and the choice between them and those for AVX2 and AVX-512. Building
 * the library once per processor was rejected: one file is installed, and the choice is made where
 * it runs.
 */
#include <string.h>

#include "encode_internal.h"
#include "exec_kernel_internal.h"

static void plain_unpack32(const unsigned char *from, size_t size, unsigned width, uint32_t n,
                           uint32_t base, int32_t *out) {
  uint32_t mask = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1, i;
  size_t at = 0;

  for (i = 0; i < n; i++, at += width) {
    size_t byte = at / 8, rest = size - byte;
    uint64_t word = 0;
    if (rest >= 8)
      word = tvi_load_le64(from + byte);
    else
      for (size_t k = 0; k < rest; k++) word |= (uint64_t)from[byte + k] << (8 * k);
    out[i] = (int32_t)(base + ((uint32_t)(word >> (at & 7)) & mask));
  }
}

static void plain_repeat32(const int32_t *lengths, const int32_t *values, uint32_t runs,
                           int32_t *out) {
  uint32_t run;
  for (run = 0; run < runs; run++) {
    int32_t left;
    for (left = lengths[run]; left >= 0; left--) *out++ = values[run];
  }
}

static uint32_t plain_select_range32(const int32_t *v, const uint16_t *rows, uint32_t n, int32_t lo,
                                     int32_t hi, uint16_t *out) {
  uint32_t i, kept = 0, width = (uint32_t)hi - (uint32_t)lo;

  if (lo > hi) return 0;
  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    out[kept] = row;
    kept += (uint32_t)v[row] - (uint32_t)lo <= width;
  }
  return kept;
}

static uint32_t plain_select_bits32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                    int32_t base, uint32_t span, const uint32_t *bits,
                                    uint16_t *out) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    uint32_t at = (uint32_t)v[row] - (uint32_t)base;
    out[kept] = row;
    if (at < span) kept += bits[at / 32] >> (at % 32) & 1;
  }
  return kept;
}

static void plain_gather32(const int32_t *v, const uint16_t *rows, uint32_t n, int32_t *out) {
  uint32_t i;
  for (i = 0; i < n; i++) out[i] = v[rows[i]];
}

static void plain_look_up32(const int32_t *v, uint32_t n, int32_t base, const uint32_t *table,
                            uint32_t *out) {
  uint32_t i;
  for (i = 0; i < n; i++) out[i] = table[(uint32_t)v[i] - (uint32_t)base];
}

const tvi_kernels *tvi_kernels_portable(void) {
  static const tvi_kernels kernels = {
      .name = "portable",
      .unpack32 = plain_unpack32,
      .repeat32 = plain_repeat32,
      .select_range32 = plain_select_range32,
      .select_bits32 = plain_select_bits32,
      .gather32 = plain_gather32,
      .look_up32 = plain_look_up32,
  };
  return &kernels;
}

const tvi_kernels *tvi_kernels_at(tvi_kernel_level level) {
  const tvi_kernels *kernels = NULL;

  if (level == TVI_KERNEL_BEST || level == TVI_KERNEL_AVX512) kernels = tvi_kernels_avx512();
  if (kernels == NULL && (level == TVI_KERNEL_BEST || level == TVI_KERNEL_AVX2))
    kernels = tvi_kernels_avx2();
  if (kernels == NULL && (level == TVI_KERNEL_BEST || level == TVI_KERNEL_PORTABLE))
    kernels = tvi_kernels_portable();
  return kernels;
}
