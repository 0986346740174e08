/* SPDX-License-Identifier: MIT */
/*
 * Kernels for AVX-512 (F, BW, DQ, VL, VBMI, VBMI2: Intel from Ice Lake, AMD from Zen 4). Sixteen
 * packed numbers of w bits are 2 w bytes, so each step begins at a whole byte: one load, one
 * permutation of bytes, one shift per lane and one mask unpack them. Storing a compressed register
 * to memory directly was rejected: Zen 4 and 5 do that in microcode; here the register is
 * compressed first and stored whole.
 */
#include "exec_kernel_internal.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define WIDE_TARGET \
  __attribute__((   \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt")))

/* Up to 25 bits: a number and its shift of up to 7 bits fit in the 32 bits of a lane. */
WIDE_TARGET static void wide_unpack25(const unsigned char *from, unsigned width, uint32_t n,
                                      uint32_t base, int32_t *out) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i at = _mm512_mullo_epi32(lane, _mm512_set1_epi32((int)width));
  __m512i shift = _mm512_and_si512(at, _mm512_set1_epi32(7));
  __m512i bytes =
      _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srli_epi32(at, 3), _mm512_set1_epi32(0x01010101)),
                       _mm512_set1_epi32(0x03020100));
  __m512i mask = _mm512_set1_epi32((int)((UINT32_C(1) << width) - 1));
  __m512i bases = _mm512_set1_epi32((int)base);
  __mmask64 present = (UINT64_C(1) << (2 * width)) - 1;
  uint32_t i;

  for (i = 0; i + 16 <= n; i += 16, from += (size_t)2 * width) {
    __m512i in = _mm512_permutexvar_epi8(bytes, _mm512_maskz_loadu_epi8(present, from));
    in = _mm512_and_si512(_mm512_srlv_epi32(in, shift), mask);
    _mm512_storeu_si512(out + i, _mm512_add_epi32(in, bases));
  }
  if (i < n) {
    __m512i in;
    present = (UINT64_C(1) << (((n - i) * width + 7) / 8)) - 1;
    in = _mm512_permutexvar_epi8(bytes, _mm512_maskz_loadu_epi8(present, from));
    in = _mm512_and_si512(_mm512_srlv_epi32(in, shift), mask);
    _mm512_mask_storeu_epi32(out + i, (__mmask16)((1u << (n - i)) - 1),
                             _mm512_add_epi32(in, bases));
  }
}

/* Up to 32 bits: eight numbers, which are `width` bytes, in lanes of 64 bits. */
WIDE_TARGET static void wide_unpack64(const unsigned char *from, unsigned width, uint32_t n,
                                      uint32_t base, int32_t *out) {
  const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  __m512i at = _mm512_mullo_epi64(lane, _mm512_set1_epi64((long long)width));
  __m512i shift = _mm512_and_si512(at, _mm512_set1_epi64(7));
  __m512i bytes = _mm512_add_epi64(
      _mm512_mullo_epi64(_mm512_srli_epi64(at, 3), _mm512_set1_epi64(0x0101010101010101)),
      _mm512_set1_epi64(0x0706050403020100));
  __m512i mask = _mm512_set1_epi64((long long)((UINT64_C(1) << width) - 1));
  __m256i bases = _mm256_set1_epi32((int)base);
  uint32_t i;

  for (i = 0; i < n; i += 8, from += width) {
    uint32_t rest = n - i < 8 ? n - i : 8;
    __mmask64 present = (UINT64_C(1) << ((rest * width + 7) / 8)) - 1;
    __m512i in = _mm512_permutexvar_epi8(bytes, _mm512_maskz_loadu_epi8(present, from));
    in = _mm512_and_si512(_mm512_srlv_epi64(in, shift), mask);
    _mm256_mask_storeu_epi32(out + i, (__mmask8)((1u << rest) - 1),
                             _mm256_add_epi32(_mm512_cvtepi64_epi32(in), bases));
  }
}

WIDE_TARGET static void wide_unpack32(const unsigned char *from, size_t size, unsigned width,
                                      uint32_t n, uint32_t base, int32_t *out) {
  (void)size;
  if (width <= 25)
    wide_unpack25(from, width, n, base, out);
  else
    wide_unpack64(from, width, n, base, out);
}

WIDE_TARGET static void wide_repeat32(const int32_t *lengths, const int32_t *values, uint32_t runs,
                                      int32_t *out) {
  uint32_t run;

  for (run = 0; run < runs; run++) {
    __m512i value = _mm512_set1_epi32(values[run]);
    int32_t left = lengths[run] + 1;
    for (; left > 16; left -= 16, out += 16) _mm512_storeu_si512(out, value);
    _mm512_storeu_si512(out, value);
    out += left;
  }
}

/* Appends the lanes of `rows` that `pass` names. */
WIDE_TARGET static inline uint32_t wide_keep(uint16_t *out, uint32_t kept, __mmask16 pass,
                                             __m256i rows) {
  _mm256_storeu_si256((__m256i *)(void *)(out + kept), _mm256_maskz_compress_epi16(pass, rows));
  return kept + (uint32_t)__builtin_popcount(pass);
}

/* Loads up to sixteen values: those of v from `i` on, or of rows[i], ... */
WIDE_TARGET static inline __m512i wide_load(const int32_t *v, const uint16_t *rows, uint32_t i,
                                            __mmask16 present, __m256i *places) {
  if (rows == NULL) {
    const __m256i lane = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    *places = _mm256_add_epi16(lane, _mm256_set1_epi16((short)i));
    return _mm512_maskz_loadu_epi32(present, v + i);
  }
  *places = _mm256_maskz_loadu_epi16(present, rows + i);
  return _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), present,
                                     _mm512_cvtepu16_epi32(*places), v, 4);
}

WIDE_TARGET static inline __mmask16 wide_present(uint32_t i, uint32_t n) {
  uint32_t rest = n - i < 16 ? n - i : 16;
  return (__mmask16)((UINT32_C(1) << rest) - 1);
}

WIDE_TARGET static uint32_t wide_select_range32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                                int32_t lo, int32_t hi, uint16_t *out) {
  __m512i low = _mm512_set1_epi32(lo);
  __m512i width = _mm512_set1_epi32((int)((uint32_t)hi - (uint32_t)lo));
  uint32_t i, kept = 0;

  if (lo > hi) return 0;
  for (i = 0; i < n; i += 16) {
    __mmask16 present = wide_present(i, n);
    __m256i places;
    __m512i in = wide_load(v, rows, i, present, &places);
    kept = wide_keep(
        out, kept, _mm512_mask_cmple_epu32_mask(present, _mm512_sub_epi32(in, low), width), places);
  }
  return kept;
}

WIDE_TARGET static uint32_t wide_select_bits32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                               int32_t base, uint32_t span, const uint32_t *bits,
                                               uint16_t *out) {
  __m512i low = _mm512_set1_epi32(base), spans = _mm512_set1_epi32((int)span);
  const __m512i one = _mm512_set1_epi32(1), low5 = _mm512_set1_epi32(31);
  uint32_t i, kept = 0;

  for (i = 0; i < n; i += 16) {
    __mmask16 present = wide_present(i, n);
    __m256i places;
    __m512i at = _mm512_sub_epi32(wide_load(v, rows, i, present, &places), low), words;
    present = _mm512_mask_cmplt_epu32_mask(present, at, spans);
    words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), present, _mm512_srli_epi32(at, 5),
                                        bits, 4);
    words = _mm512_srlv_epi32(words, _mm512_and_si512(at, low5));
    kept = wide_keep(out, kept, _mm512_mask_test_epi32_mask(present, words, one), places);
  }
  return kept;
}

WIDE_TARGET static void wide_gather32(const int32_t *v, const uint16_t *rows, uint32_t n,
                                      int32_t *out) {
  uint32_t i;

  for (i = 0; i < n; i += 16) {
    __mmask16 present = wide_present(i, n);
    __m256i places;
    _mm512_mask_storeu_epi32(out + i, present, wide_load(v, rows, i, present, &places));
  }
}

WIDE_TARGET static void wide_look_up32(const int32_t *v, uint32_t n, int32_t base,
                                       const uint32_t *table, uint32_t *out) {
  __m512i low = _mm512_set1_epi32(base);
  uint32_t i;

  for (i = 0; i < n; i += 16) {
    __mmask16 present = wide_present(i, n);
    __m512i at = _mm512_sub_epi32(_mm512_maskz_loadu_epi32(present, v + i), low);
    _mm512_mask_storeu_epi32(
        out + i, present,
        _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), present, at, table, 4));
  }
}

const tvi_kernels *tvi_kernels_avx512(void) {
  static const tvi_kernels kernels = {
      .name = "avx512",
      .unpack32 = wide_unpack32,
      .repeat32 = wide_repeat32,
      .select_range32 = wide_select_range32,
      .select_bits32 = wide_select_bits32,
      .gather32 = wide_gather32,
      .look_up32 = wide_look_up32,
  };
  int here = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
  return here ? &kernels : NULL;
}

#else

const tvi_kernels *tvi_kernels_avx512(void) {
  return NULL;
}

#endif
