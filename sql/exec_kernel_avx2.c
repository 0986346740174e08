/* SPDX-License-Identifier: MIT */
/*
 * Kernels for AVX2. Eight packed numbers of w bits are w bytes; each half of a register takes four
 * of them by a shuffle of its own sixteen bytes. There is no compression of a register here: rows
 * that pass are written one by one from the mask, which costs nothing where few pass.
 */
#include "encode_internal.h"
#include "exec_kernel_internal.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define HALF_TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

HALF_TARGET static void half_unpack32(const unsigned char *from, size_t size, unsigned width,
                                      uint32_t n, uint32_t base, int32_t *out) {
  const unsigned half = 4 * width / 8; /* the byte that the fifth number begins in */
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i skip =
      _mm256_setr_epi32(0, 0, 0, 0, (int)half * 8, (int)half * 8, (int)half * 8, (int)half * 8);
  __m256i at = _mm256_sub_epi32(_mm256_mullo_epi32(lane, _mm256_set1_epi32((int)width)), skip);
  __m256i shift = _mm256_and_si256(at, _mm256_set1_epi32(7));
  __m256i bytes =
      _mm256_add_epi32(_mm256_mullo_epi32(_mm256_srli_epi32(at, 3), _mm256_set1_epi32(0x01010101)),
                       _mm256_set1_epi32(0x03020100));
  __m256i mask = _mm256_set1_epi32((int)((UINT32_C(1) << (width & 31)) - 1));
  __m256i bases = _mm256_set1_epi32((int)base);
  uint32_t i = 0;

  for (; width <= 25 && i + 8 <= n && size >= half + 16; i += 8, from += width, size -= width) {
    __m256i in = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)from)),
        _mm_loadu_si128((const __m128i *)(const void *)(from + half)), 1);
    in = _mm256_srlv_epi32(_mm256_shuffle_epi8(in, bytes), shift);
    in = _mm256_add_epi32(_mm256_and_si256(in, mask), bases);
    _mm256_storeu_si256((__m256i *)(void *)(out + i), in);
  }
  if (i < n) tvi_kernels_portable()->unpack32(from, size, width, n - i, base, out + i);
}

HALF_TARGET static void half_repeat32(const int32_t *lengths, const int32_t *values, uint32_t runs,
                                      int32_t *out) {
  uint32_t run;

  for (run = 0; run < runs; run++) {
    __m256i value = _mm256_set1_epi32(values[run]);
    int32_t left = lengths[run] + 1;
    for (; left > 8; left -= 8, out += 8) _mm256_storeu_si256((__m256i *)(void *)out, value);
    _mm256_storeu_si256((__m256i *)(void *)out, value);
    out += left;
  }
}

HALF_TARGET static inline __m256i half_load(const int32_t *v, const uint16_t *rows, uint32_t i) {
  if (rows == NULL) return _mm256_loadu_si256((const __m256i *)(const void *)(v + i));
  return _mm256_i32gather_epi32(
      v, _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(rows + i))), 4);
}

HALF_TARGET static inline uint32_t half_keep(uint16_t *out, uint32_t kept, unsigned pass,
                                             const uint16_t *rows, uint32_t i) {
  for (; pass != 0; pass &= pass - 1) {
    uint32_t at = i + (uint32_t)__builtin_ctz(pass);
    out[kept++] = rows == NULL ? (uint16_t)at : rows[at];
  }
  return kept;
}

/* Lanes of a that are not greater than b, as unsigned numbers. */
HALF_TARGET static inline unsigned half_not_above(__m256i a, __m256i b) {
  __m256i same = _mm256_cmpeq_epi32(_mm256_min_epu32(a, b), a);
  return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

HALF_TARGET static uint32_t half_select_range32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                                int32_t lo, int32_t hi, uint16_t *out) {
  __m256i low = _mm256_set1_epi32(lo);
  __m256i width = _mm256_set1_epi32((int)((uint32_t)hi - (uint32_t)lo));
  uint32_t i, kept = 0;

  if (lo > hi) return 0;
  for (i = 0; i + 8 <= n; i += 8) {
    __m256i at = _mm256_sub_epi32(half_load(v, rows, i), low);
    kept = half_keep(out, kept, half_not_above(at, width), rows, i);
  }
  for (; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    out[kept] = row;
    kept += v[row] >= lo && v[row] <= hi;
  }
  return kept;
}

HALF_TARGET static uint32_t half_select_bits32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                               int32_t base, uint32_t span, const uint32_t *bits,
                                               uint16_t *out) {
  __m256i low = _mm256_set1_epi32(base), most = _mm256_set1_epi32((int)(span - 1));
  const __m256i low5 = _mm256_set1_epi32(31);
  uint32_t i, kept = 0;

  if (span == 0) return 0;
  for (i = 0; i + 8 <= n; i += 8) {
    __m256i at = _mm256_sub_epi32(half_load(v, rows, i), low), words;
    __m256i within = _mm256_cmpeq_epi32(_mm256_min_epu32(at, most), at);
    words = _mm256_mask_i32gather_epi32(_mm256_setzero_si256(), (const int *)(const void *)bits,
                                        _mm256_srli_epi32(at, 5), within, 4);
    words = _mm256_srlv_epi32(words, _mm256_and_si256(at, low5));
    words = _mm256_slli_epi32(words, 31);
    kept = half_keep(out, kept, (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(words)), rows, i);
  }
  for (; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    uint32_t at = (uint32_t)v[row] - (uint32_t)base;
    out[kept] = row;
    if (at < span) kept += bits[at / 32] >> (at % 32) & 1;
  }
  return kept;
}

HALF_TARGET static void half_gather32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                      int32_t *out) {
  uint32_t i;

  for (i = 0; i + 8 <= n; i += 8)
    _mm256_storeu_si256((__m256i *)(void *)(out + i), half_load(v, rows, i));
  for (; i < n; i++) out[i] = v[rows[i]];
}

HALF_TARGET static void half_look_up32(const int32_t *v, uint32_t n, int32_t base,
                                       const uint32_t *table, uint32_t *out) {
  __m256i low = _mm256_set1_epi32(base);
  uint32_t i;

  for (i = 0; i + 8 <= n; i += 8) {
    __m256i at = _mm256_sub_epi32(half_load(v, NULL, i), low);
    _mm256_storeu_si256((__m256i *)(void *)(out + i),
                        _mm256_i32gather_epi32((const int *)(const void *)table, at, 4));
  }
  for (; i < n; i++) out[i] = table[(uint32_t)v[i] - (uint32_t)base];
}

const tvi_kernels *tvi_kernels_avx2(void) {
  static const tvi_kernels kernels = {
      .name = "avx2",
      .unpack32 = half_unpack32,
      .repeat32 = half_repeat32,
      .select_range32 = half_select_range32,
      .select_bits32 = half_select_bits32,
      .gather32 = half_gather32,
      .look_up32 = half_look_up32,
  };
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? &kernels : NULL;
}

#else

const tvi_kernels *tvi_kernels_avx2(void) {
  return NULL;
}

#endif
