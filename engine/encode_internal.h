/* SPDX-License-Identifier: MIT */
/*
 * Bytes in the file, decoded by value and never by casting a pointer to a struct: fixed-endian
 * loads and stores, and LEB128 varints. Big-endian numbers are for keys (memcmp order is numeric
 * order), little-endian ones for values.
 */
#ifndef TRIVET_ENCODE_INTERNAL_H
#define TRIVET_ENCODE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t tvi_load_be16(const void *from) {
  const unsigned char *p = from;
  return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t tvi_load_be32(const void *from) {
  const unsigned char *p = from;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t tvi_load_be40(const void *from) {
  const unsigned char *p = from;
  return (uint64_t)p[0] << 32 | tvi_load_be32(p + 1);
}
static inline uint64_t tvi_load_be64(const void *from) {
  const unsigned char *p = from;
  return (uint64_t)tvi_load_be32(p) << 32 | tvi_load_be32(p + 4);
}
static inline void tvi_store_be16(void *to, uint16_t value) {
  unsigned char *p = to;
  p[0] = (unsigned char)(value >> 8);
  p[1] = (unsigned char)value;
}
static inline void tvi_store_be32(void *to, uint32_t value) {
  unsigned char *p = to;
  p[0] = (unsigned char)(value >> 24);
  p[1] = (unsigned char)(value >> 16);
  p[2] = (unsigned char)(value >> 8);
  p[3] = (unsigned char)value;
}
static inline void tvi_store_be40(void *to, uint64_t value) {
  unsigned char *p = to;
  p[0] = (unsigned char)(value >> 32);
  tvi_store_be32(p + 1, (uint32_t)value);
}
static inline void tvi_store_be64(void *to, uint64_t value) {
  tvi_store_be32(to, (uint32_t)(value >> 32));
  tvi_store_be32((unsigned char *)to + 4, (uint32_t)value);
}

static inline uint16_t tvi_load_le16(const void *from) {
  const unsigned char *p = from;
  return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}
static inline uint32_t tvi_load_le32(const void *from) {
  const unsigned char *p = from;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t tvi_load_le64(const void *from) {
  const unsigned char *p = from;
  return (uint64_t)tvi_load_le32(p) | (uint64_t)tvi_load_le32(p + 4) << 32;
}
static inline void tvi_store_le16(void *to, uint16_t value) {
  unsigned char *p = to;
  p[0] = (unsigned char)value;
  p[1] = (unsigned char)(value >> 8);
}
static inline void tvi_store_le32(void *to, uint32_t value) {
  unsigned char *p = to;
  p[0] = (unsigned char)value;
  p[1] = (unsigned char)(value >> 8);
  p[2] = (unsigned char)(value >> 16);
  p[3] = (unsigned char)(value >> 24);
}
static inline void tvi_store_le64(void *to, uint64_t value) {
  tvi_store_le32(to, (uint32_t)value);
  tvi_store_le32((unsigned char *)to + 4, (uint32_t)(value >> 32));
}

static inline double tvi_load_f64(const void *from) {
  uint64_t bits = tvi_load_le64(from);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline void tvi_store_f64(void *to, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  tvi_store_le64(to, bits);
}

#define TVI_VARINT_BYTES_MAX 10

/* Writes value as LEB128 (7 bits a byte, low first, high bit: more follows). Returns bytes written,
 * 1-10. */
static inline size_t tvi_varint_put(void *to, uint64_t value) {
  unsigned char *p = to;
  size_t n = 0;
  while (value >= 0x80) {
    p[n++] = (unsigned char)(value | 0x80);
    value >>= 7;
  }
  p[n++] = (unsigned char)value;
  return n;
}
/* Reads one from at most `size` bytes. Returns bytes read, or 0 when cut off or over 64 bits. */
static inline size_t tvi_varint_get(const void *from, size_t size, uint64_t *value) {
  const unsigned char *p = from;
  uint64_t sum = 0;
  size_t n;
  for (n = 0; n < size && n < TVI_VARINT_BYTES_MAX; n++) {
    if (n == TVI_VARINT_BYTES_MAX - 1 && p[n] > 1) return 0;
    sum |= (uint64_t)(p[n] & 0x7f) << (7 * n);
    if ((p[n] & 0x80) == 0) {
      *value = sum;
      return n + 1;
    }
  }
  return 0;
}
/* Signed numbers as unsigned ones, small magnitudes first (0, -1, 1, -2, ...). */
static inline uint64_t tvi_zigzag(int64_t value) {
  return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}
static inline int64_t tvi_unzigzag(uint64_t value) {
  return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* Signed numbers and doubles as 8 bytes whose memcmp order is their numeric order (-0.0 before
 * 0.0). */
static inline void tvi_store_key_i64(void *to, int64_t value) {
  tvi_store_be64(to, (uint64_t)value ^ (UINT64_C(1) << 63));
}
static inline int64_t tvi_load_key_i64(const void *from) {
  return (int64_t)(tvi_load_be64(from) ^ (UINT64_C(1) << 63));
}
static inline void tvi_store_key_f64(void *to, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits ^= (bits >> 63) != 0 ? UINT64_MAX : UINT64_C(1) << 63;
  tvi_store_be64(to, bits);
}

#endif
