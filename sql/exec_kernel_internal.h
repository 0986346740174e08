/* SPDX-License-Identifier: MIT */
/*
 * Kernels: the loops over many values that a query's time goes into, in versions for the
 * processor's vector units. All versions of a kernel give the same answer, bit for bit; which one
 * runs is found out once per run.
 */
#ifndef TRIVET_EXEC_KERNEL_INTERNAL_H
#define TRIVET_EXEC_KERNEL_INTERNAL_H

#include "columnar_internal.h"

#define TVI_EXEC_ROWS 2048u /* rows of a vector */
#define TVI_EXEC_SLACK 64u  /* elements behind an output that a kernel may overwrite */

typedef enum tvi_kernel_level {
  TVI_KERNEL_BEST, /* of this machine */
  TVI_KERNEL_PORTABLE,
  TVI_KERNEL_AVX2,
  TVI_KERNEL_AVX512
} tvi_kernel_level;

/* `rows` are places in v, ascending; NULL: 0 to n - 1. Selections return how many they wrote. */
typedef struct tvi_kernels {
  const char *name;
  /* n numbers of `width` (1 to 32) bits, low bits first, plus base; `size` bytes may be read. */
  void (*unpack32)(const unsigned char *from, size_t size, unsigned width, uint32_t n,
                   uint32_t base, int32_t *out);
  /* Runs: lengths less 1, and values. They fill out exactly: the caller added them up. */
  void (*repeat32)(const int32_t *lengths, const int32_t *values, uint32_t runs, int32_t *out);
  /* lo <= v <= hi. */
  uint32_t (*select_range32)(const int32_t *v, const uint16_t *rows, uint32_t n, int32_t lo,
                             int32_t hi, uint16_t *out);
  /* Bit v - base is set, and 0 <= v - base < span. base + span does not leave 32 bits. */
  uint32_t (*select_bits32)(const int32_t *v, const uint16_t *rows, uint32_t n, int32_t base,
                            uint32_t span, const uint32_t *bits, uint16_t *out);
  void (*gather32)(const int32_t *v, const uint16_t *rows, uint32_t n, int32_t *out);
  /* out[i] = table[v[i] - base]; every v - base is within the table. */
  void (*look_up32)(const int32_t *v, uint32_t n, int32_t base, const uint32_t *table,
                    uint32_t *out);
} tvi_kernels;

/* The kernels of a level; NULL when this machine has not what it needs. */
const tvi_kernels *tvi_kernels_at(tvi_kernel_level level);
const tvi_kernels *tvi_kernels_portable(void); /* exec_kernel.c */
const tvi_kernels *tvi_kernels_avx2(void);     /* exec_kernel_avx2.c; NULL: not here */
const tvi_kernels *tvi_kernels_avx512(void);   /* exec_kernel_avx512.c */

/* Decodes a block whose numbers all fit in 32 bits into out, which has room for TVI_COL_BLOCK and
 * the slack. TV_OK or TV_ECORRUPT. (exec_decode.c) */
int tvi_ints_decode32(const tvi_kernels *kernels, const tvi_ints *ints, uint32_t block,
                      int32_t *out);

#endif
