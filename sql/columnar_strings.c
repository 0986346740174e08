/* SPDX-License-Identifier: MIT */
/*
 * Strings of a row group, in one of two forms, whichever is smaller: a sorted dictionary with a
 * code per row, or lengths and the bytes themselves, LZ4 where that helps. Codes of a sorted
 * dictionary order as their strings do, so a range of strings is a range of codes. A dictionary per
 * table was rejected: it would have to be rewritten, or unsorted, whenever a new string comes.
 *
 *   offset  size  what
 *   0       4     le32 count of dictionary entries; 0: none
 *   4       4     le32 size of the integers
 *   8             integers (columnar_ints.c): codes, or lengths
 *   then, with a dictionary
 *           4     le32 size of its bytes
 *           4     le32 size as stored; less: an LZ4 block
 *           4     per entry le32: where it ends in the bytes
 *                 bytes
 *   or, without
 *           12    per block: le32 offset of its bytes from the first block's, le32 size, le32 size
 *                 as stored; less: an LZ4 block
 *                 bytes
 */
#include <stdlib.h>
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define STRINGS_LZ4_MIN 256u /* smaller ones are not worth the call */
#define STRINGS_BLOCK_ENTRY 12u
#define STRINGS_BLOCK_BYTES_MAX ((size_t)TVI_COL_BLOCK * TVI_COL_STRING_BYTES_MAX)

int tvi_slice_order(tv_slice left, tv_slice right) {
  size_t n = left.size < right.size ? left.size : right.size;
  int order = n == 0 ? 0 : memcmp(left.data, right.data, n);
  if (order != 0) return order;
  return left.size < right.size ? -1 : left.size > right.size;
}

/* ---- The dictionary ---- */

typedef struct strings_entry {
  tv_slice text;
  uint32_t place; /* of its code in the order of first sight */
} strings_entry;

typedef struct strings_dictionary {
  strings_entry *entries; /* in the order of first sight, then sorted */
  uint32_t *table;        /* open addressing: index + 1 */
  uint32_t mask, count;
  size_t bytes;
  int64_t *codes; /* per row: in the order of first sight, then of the dictionary */
} strings_dictionary;

static void strings_dictionary_free(strings_dictionary *d) {
  tvi_free(d->entries);
  tvi_free(d->table);
  tvi_free(d->codes);
}

/* Numbers the strings; stops when there are more than `most`. */
static int strings_collect(strings_dictionary *d, const tv_slice *strings, uint32_t n,
                           uint32_t most) {
  uint32_t i, slots = 16;

  while (slots < (most + 1) * 2) slots *= 2;
  d->mask = slots - 1;
  d->entries = tvi_alloc((most + 1) * sizeof *d->entries);
  d->table = tvi_zalloc(slots * sizeof *d->table);
  d->codes = tvi_alloc(n * sizeof *d->codes);
  if (d->entries == NULL || d->table == NULL || d->codes == NULL) return TV_ENOMEM;
  for (i = 0; i < n && d->count <= most; i++) {
    uint32_t at = (uint32_t)tvi_checksum(strings[i].data, strings[i].size) & d->mask;
    if (i > 0 && tvi_slice_order(strings[i], strings[i - 1]) == 0) {
      d->codes[i] = d->codes[i - 1];
      continue;
    }
    while (d->table[at] != 0 && tvi_slice_order(d->entries[d->table[at] - 1].text, strings[i]) != 0)
      at = (at + 1) & d->mask;
    if (d->table[at] == 0) {
      d->entries[d->count].text = strings[i];
      d->entries[d->count].place = d->count;
      d->bytes += strings[i].size;
      d->table[at] = ++d->count;
    }
    d->codes[i] = d->table[at] - 1;
  }
  return d->count <= most ? TV_OK : TV_END;
}

static int strings_entry_order(const void *left, const void *right) {
  return tvi_slice_order(((const strings_entry *)left)->text, ((const strings_entry *)right)->text);
}

/* Sorts the dictionary and gives the rows the codes that follow. */
static void strings_sort(strings_dictionary *d, uint32_t n) {
  uint32_t i;

  qsort(d->entries, d->count, sizeof *d->entries, strings_entry_order);
  for (i = 0; i < d->count; i++) d->table[d->entries[i].place] = i;
  for (i = 0; i < n; i++) d->codes[i] = d->table[d->codes[i]];
}

/* ---- Writing ---- */

static int strings_put_u32(tvi_buffer *out, uint32_t value) {
  unsigned char bytes[4];
  tvi_store_le32(bytes, value);
  return tvi_buffer_append(out, bytes, sizeof bytes);
}

/* Appends bytes, as an LZ4 block when that saves an eighth. *stored is the size they take. */
static int strings_put_bytes(tvi_buffer *out, const unsigned char *bytes, size_t size,
                             uint32_t *stored) {
  size_t most = size - size / 8;
  size_t packed;

  *stored = (uint32_t)size;
  if (size == 0) return TV_OK;
  if (size >= STRINGS_LZ4_MIN) {
    if (tvi_buffer_reserve(out, out->size + most) != TV_OK) return TV_ENOMEM;
    packed = tvi_lz4_pack(bytes, size, out->data + out->size, most);
    if (packed > 0) {
      *stored = (uint32_t)packed;
      out->size += packed;
      return TV_OK;
    }
  }
  return tvi_buffer_append(out, bytes, size);
}

/* Appends the two leading fields and the integers. */
static int strings_put_ints(tvi_buffer *out, uint32_t count, const int64_t *ints, uint32_t n) {
  size_t at = out->size;
  int status = strings_put_u32(out, count);

  if (status == TV_OK) status = strings_put_u32(out, 0);
  if (status == TV_OK) status = tvi_ints_encode(ints, n, out);
  if (status == TV_OK) tvi_store_le32(out->data + at + 4, (uint32_t)(out->size - at - 8));
  return status;
}

static int strings_encode_dictionary(strings_dictionary *d, uint32_t n, tvi_buffer *out) {
  tvi_buffer bytes = {NULL, 0, 0};
  size_t at;
  uint32_t i, stored = 0, end = 0;
  int status;

  strings_sort(d, n);
  status = strings_put_ints(out, d->count, d->codes, n);
  at = out->size;
  if (status == TV_OK) status = strings_put_u32(out, (uint32_t)d->bytes);
  if (status == TV_OK) status = strings_put_u32(out, 0);
  for (i = 0; i < d->count && status == TV_OK; i++) {
    end += (uint32_t)d->entries[i].text.size;
    status = strings_put_u32(out, end);
    if (status == TV_OK)
      status = tvi_buffer_append(&bytes, d->entries[i].text.data, d->entries[i].text.size);
  }
  if (status == TV_OK) status = strings_put_bytes(out, bytes.data, bytes.size, &stored);
  if (status == TV_OK) tvi_store_le32(out->data + at + 4, stored);
  tvi_buffer_free(&bytes);
  return status;
}

static int strings_encode_block(const tv_slice *strings, uint32_t rows, size_t entry, size_t first,
                                tvi_buffer *bytes, tvi_buffer *out) {
  size_t at = out->size;
  uint32_t i, stored;
  int status = TV_OK;

  bytes->size = 0;
  for (i = 0; i < rows && status == TV_OK; i++)
    status = tvi_buffer_append(bytes, strings[i].data, strings[i].size);
  if (status == TV_OK) status = strings_put_bytes(out, bytes->data, bytes->size, &stored);
  if (status != TV_OK) return status;
  tvi_store_le32(out->data + entry, (uint32_t)(at - first));
  tvi_store_le32(out->data + entry + 4, (uint32_t)bytes->size);
  tvi_store_le32(out->data + entry + 8, stored);
  return TV_OK;
}

static int strings_encode_plain(const tv_slice *strings, uint32_t n, tvi_buffer *out) {
  uint32_t i, block, blocks = (n + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK;
  int64_t *lengths = tvi_alloc(n * sizeof *lengths);
  tvi_buffer bytes = {NULL, 0, 0};
  size_t table, first;
  int status;

  if (lengths == NULL) return TV_ENOMEM;
  for (i = 0; i < n; i++) lengths[i] = (int64_t)strings[i].size;
  status = strings_put_ints(out, 0, lengths, n);
  tvi_free(lengths);
  table = out->size;
  first = table + (size_t)blocks * STRINGS_BLOCK_ENTRY;
  if (status == TV_OK) status = tvi_buffer_reserve(out, first);
  if (status == TV_OK) out->size = first;
  for (block = 0; block < blocks && status == TV_OK; block++) {
    uint32_t from = block * TVI_COL_BLOCK;
    uint32_t rows = n - from < TVI_COL_BLOCK ? n - from : TVI_COL_BLOCK;
    status = strings_encode_block(strings + from, rows, table + (size_t)block * STRINGS_BLOCK_ENTRY,
                                  first, &bytes, out);
  }
  tvi_buffer_free(&bytes);
  return status;
}

int tvi_strings_encode(const tv_slice *strings, uint32_t n, tvi_buffer *out, uint32_t *distinct) {
  strings_dictionary d = {.count = 0};
  uint32_t most = n < 64 ? n : n / 2;
  size_t start = out->size;
  int status = strings_collect(&d, strings, n, most);

  *distinct = status == TV_OK ? d.count : 0;
  if (status == TV_OK) {
    status = strings_encode_dictionary(&d, n, out);
    if (status == TV_OK && d.count > n / 16) { /* not clear which is smaller: make both */
      tvi_buffer plain = {NULL, 0, 0};
      status = strings_encode_plain(strings, n, &plain);
      if (status == TV_OK && plain.size < out->size - start) {
        out->size = start;
        status = tvi_buffer_append(out, plain.data, plain.size);
      }
      tvi_buffer_free(&plain);
    }
  } else if (status == TV_END) {
    status = strings_encode_plain(strings, n, out);
  }
  strings_dictionary_free(&d);
  return status;
}

/* ---- Reading ---- */

static int strings_open_dictionary(tvi_strings *s, const unsigned char *at, size_t size) {
  size_t raw, stored, ends = (size_t)s->count * 4;
  uint32_t i, last = 0;

  if (size < 8 || s->count > TVI_COL_GROUP_ROWS || size - 8 < ends) return TV_ECORRUPT;
  raw = tvi_load_le32(at);
  stored = tvi_load_le32(at + 4);
  if (stored > size - 8 - ends || stored > raw) return TV_ECORRUPT;
  s->offsets = at + 8;
  s->bytes = s->offsets + ends;
  s->bytes_size = raw;
  for (i = 0; i < s->count; i++) {
    uint32_t end = tvi_load_le32(s->offsets + (size_t)i * 4);
    if (end < last || end > raw) return TV_ECORRUPT;
    last = end;
  }
  if (stored == raw) return TV_OK;
  s->unpacked = tvi_alloc(raw);
  if (s->unpacked == NULL) return TV_ENOMEM;
  if (tvi_lz4_unpack(s->bytes, stored, s->unpacked, raw) != TV_OK) return TV_ECORRUPT;
  s->bytes = s->unpacked;
  return TV_OK;
}

int tvi_strings_open(const void *data, size_t size, tvi_strings *out) {
  const unsigned char *at = data;
  uint32_t ints;
  int status;

  memset(out, 0, sizeof *out);
  if (size < 8) return TV_ECORRUPT;
  out->count = tvi_load_le32(at);
  ints = tvi_load_le32(at + 4);
  if (ints > size - 8) return TV_ECORRUPT;
  status = tvi_ints_open(at + 8, ints, &out->ints);
  if (status != TV_OK) return status;
  at += 8 + ints;
  size -= 8 + ints;
  if (out->count > 0) return strings_open_dictionary(out, at, size);
  if (size < (size_t)out->ints.blocks * STRINGS_BLOCK_ENTRY) return TV_ECORRUPT;
  out->blocks = at;
  out->rest_size = size;
  return TV_OK;
}

void tvi_strings_close(tvi_strings *strings) {
  tvi_free(strings->unpacked);
  strings->unpacked = NULL;
}

tv_slice tvi_strings_entry(const tvi_strings *strings, uint32_t index) {
  uint32_t from = index == 0 ? 0 : tvi_load_le32(strings->offsets + (size_t)(index - 1) * 4);
  return tv_bytes(strings->bytes + from,
                  tvi_load_le32(strings->offsets + (size_t)index * 4) - from);
}

uint32_t tvi_strings_lower(const tvi_strings *strings, tv_slice key) {
  uint32_t low = 0, high = strings->count;

  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (tvi_slice_order(tvi_strings_entry(strings, middle), key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int tvi_strings_block(const tvi_strings *strings, uint32_t block, int64_t *lengths, tv_slice *out,
                      tvi_buffer *room) {
  const unsigned char *entry = strings->blocks + (size_t)block * STRINGS_BLOCK_ENTRY, *bytes;
  size_t table = (size_t)strings->ints.blocks * STRINGS_BLOCK_ENTRY;
  size_t offset = tvi_load_le32(entry), raw = tvi_load_le32(entry + 4);
  size_t stored = tvi_load_le32(entry + 8), rest = strings->rest_size - table, at = 0;
  uint32_t i, n = tvi_ints_block_rows(&strings->ints, block);
  int status = tvi_ints_decode(&strings->ints, block, lengths);

  if (status != TV_OK) return status;
  if (offset > rest || stored > rest - offset || stored > raw || raw > STRINGS_BLOCK_BYTES_MAX)
    return TV_ECORRUPT;
  bytes = strings->blocks + table + offset;
  if (stored < raw) {
    if (tvi_buffer_reserve(room, raw) != TV_OK) return TV_ENOMEM;
    if (tvi_lz4_unpack(bytes, stored, room->data, raw) != TV_OK) return TV_ECORRUPT;
    bytes = room->data;
  }
  for (i = 0; i < n; i++) {
    if (lengths[i] < 0 || (uint64_t)lengths[i] > raw - at) return TV_ECORRUPT;
    out[i] = tv_bytes(bytes + at, (size_t)lengths[i]);
    at += (size_t)lengths[i];
  }
  return at == raw ? TV_OK : TV_ECORRUPT;
}
