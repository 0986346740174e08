/* SPDX-License-Identifier: MIT */
/*
 * The options of a bucket as bytes in its catalogue record:
 *
 *   offset  size  what
 *   0       1     version of this layout: 1
 *   1       1     compression
 *   2       1     versioned, 0 or 1
 *   3       1     key type
 *   4       1     value type
 *   5       8     default time to live, milliseconds, little-endian
 *   13      4     size of the dictionary, little-endian
 *   17      8     XXH3-64 of the dictionary, little-endian; 0 without one
 *   25      ...   dictionary
 *
 * The dictionary lies in the record, so that the two cannot part ways. Rejected: a store of its own
 * for it; it would cost a slot and a look-up for each bucket and gain 4 KiB of dictionary.
 */
#include "bucket_internal.h"
#include "encode_internal.h"

#define OPTIONS_LAYOUT 1
#define OPTIONS_BYTES_FIXED 25

_Static_assert((int)TV_COMPRESS_LZ4_HC == (int)TVI_COMPRESS_LZ4_HC, "one set of numbers");

int tvi_kv_options_check(tv_txn *txn, const char *name, const tv_bucket_options *options) {
  const char *what = NULL;

  if (options->compression < TV_COMPRESS_NONE || options->compression > TV_COMPRESS_LZ4_HC)
    what = "compression is none of TV_COMPRESS_*";
  else if (options->versioned != 0 && options->versioned != 1)
    what = "versioned is neither 0 nor 1";
  else if (options->ttl_ms < 0)
    what = "ttl_ms is negative";
  else if (options->key_type < TV_COLUMN_BLOB || options->key_type > TV_COLUMN_INTEGER)
    what = "key_type is none of TV_COLUMN_*";
  else if (options->value_type < TV_COLUMN_BLOB || options->value_type > TV_COLUMN_INTEGER)
    what = "value_type is none of TV_COLUMN_*";
  else if (options->dictionary.size > TV_DICTIONARY_BYTES_MAX)
    what = "dictionary is larger than TV_DICTIONARY_BYTES_MAX";
  else if (options->dictionary.size > 0 && options->dictionary.data == NULL)
    what = "dictionary has a size but no bytes";
  else if (options->dictionary.size > 0 && options->compression == TV_COMPRESS_NONE)
    what = "a dictionary needs compression";
  if (what == NULL) return TV_OK;
  return tvi_txn_fail(txn, TV_EINVAL, 0, "options of bucket '%s': %s", name, what);
}

int tvi_kv_options_encode(const tv_bucket_options *options, tvi_buffer *out) {
  unsigned char fixed[OPTIONS_BYTES_FIXED] = {OPTIONS_LAYOUT};
  tv_slice dictionary = options->dictionary;
  int status;

  fixed[1] = (unsigned char)options->compression;
  fixed[2] = (unsigned char)options->versioned;
  fixed[3] = (unsigned char)options->key_type;
  fixed[4] = (unsigned char)options->value_type;
  tvi_store_le64(fixed + 5, (uint64_t)options->ttl_ms);
  tvi_store_le32(fixed + 13, (uint32_t)dictionary.size);
  if (dictionary.size > 0)
    tvi_store_le64(fixed + 17, tvi_checksum(dictionary.data, dictionary.size));
  out->size = 0;
  status = tvi_buffer_append(out, fixed, sizeof fixed);
  if (status != TV_OK) return status;
  return tvi_buffer_append(out, dictionary.data, dictionary.size);
}

int tvi_kv_options_decode(tv_slice record, tv_bucket_options *out) {
  const unsigned char *p = record.data;
  uint64_t checksum;

  *out = (tv_bucket_options){0};
  if (record.size < 1) return TV_ECORRUPT;
  if (p[0] > OPTIONS_LAYOUT) return TV_EVERSION;
  if (p[0] != OPTIONS_LAYOUT || record.size < OPTIONS_BYTES_FIXED) return TV_ECORRUPT;
  out->compression = p[1];
  out->versioned = p[2];
  out->key_type = p[3];
  out->value_type = p[4];
  out->ttl_ms = (int64_t)tvi_load_le64(p + 5);
  out->dictionary = tv_bytes(p + OPTIONS_BYTES_FIXED, tvi_load_le32(p + 13));
  checksum = tvi_load_le64(p + 17);
  if (out->compression > TV_COMPRESS_LZ4_HC || out->versioned > 1 || out->ttl_ms < 0 ||
      out->key_type > TV_COLUMN_INTEGER || out->value_type > TV_COLUMN_INTEGER ||
      out->dictionary.size != record.size - OPTIONS_BYTES_FIXED)
    return TV_ECORRUPT;
  if (out->dictionary.size == 0) {
    out->dictionary.data = NULL;
    return checksum == 0 ? TV_OK : TV_ECORRUPT;
  }
  return checksum == tvi_checksum(out->dictionary.data, out->dictionary.size) ? TV_OK : TV_ECORRUPT;
}
