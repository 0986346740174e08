/* SPDX-License-Identifier: MIT */
/*
 * The envelope: how a layer's value is wrapped before it goes into a store. It carries a checksum
 * and, where asked for, a compressed payload, an expiry time and a version. All layers share it, so
 * that an expired thing is expired for everyone.
 *
 *   offset  size  what
 *   0       1     flags: TVI_ENV_* below; other bits are zero
 *   1       8     XXH3-64 over key, the bytes from offset 9 on and the flags; little-endian
 *   9       8     expiry, microseconds since 1970 UTC, little-endian; only with TVI_ENV_EXPIRY
 *   then    8     version, little-endian; only with TVI_ENV_VERSION
 *   then    1-10  size of the payload before compression, varint; only with TVI_ENV_LZ4
 *   then    ...   payload
 *
 * The key is part of the checksum so that a value that ended up under another key is found out.
 */
#ifndef TRIVET_ENVELOPE_INTERNAL_H
#define TRIVET_ENVELOPE_INTERNAL_H

#include "layer_internal.h"

enum {
  TVI_ENV_LZ4 = 1u << 0,        /* payload is an LZ4 block */
  TVI_ENV_DICTIONARY = 1u << 1, /* ... compressed against the store's dictionary */
  TVI_ENV_EXPIRY = 1u << 2,
  TVI_ENV_VERSION = 1u << 3
};
#define TVI_ENV_HEADER_BYTES 9
#define TVI_ENV_OVERHEAD_MAX (TVI_ENV_HEADER_BYTES + 8 + 8 + 10)
#define TVI_PAYLOAD_BYTES_MAX ((size_t)0x7E000000) /* LZ4's limit for one block */

typedef enum tvi_compression {
  TVI_COMPRESS_NONE = 0,
  TVI_COMPRESS_LZ4 = 1,   /* fast */
  TVI_COMPRESS_LZ4_HC = 2 /* smaller, slower to write, as fast to read */
} tvi_compression;

/* How to wrap and unwrap the values of one store; filled by the layer, kept with its handle. */
typedef struct tvi_codec {
  int compression;     /* tvi_compression */
  int with_version;    /* 1: envelopes carry a version */
  tv_slice dictionary; /* sample bytes common to the values, or empty; at most 64 KiB are of use */
  tvi_buffer packed;   /* scratch of wrapping */
  tvi_buffer unpacked; /* scratch of unwrapping: the dictionary, right behind it the value */
  size_t unpacked_dictionary; /* bytes of the dictionary that stand there */
  void *lz4_state;            /* working memory of compression, made on first use */
} tvi_codec;

void tvi_codec_free(tvi_codec *codec);
/* 1 when a payload lies in the codec's scratch, that is, was unpacked. */
int tvi_codec_holds(const tvi_codec *codec, tv_slice payload);

/*
 * Wraps a payload. expiry: microseconds since 1970, 0: never. version: used with with_version.
 * A payload is stored compressed only when that is smaller.
 * Lifetime: *out until the next call with this codec. Returns TV_OK, TV_ENOMEM, TV_ELIMIT (payload
 * too large).
 */
int tvi_envelope_wrap(tvi_codec *codec, tv_slice key, tv_slice payload, int64_t expiry,
                      uint64_t version, tv_slice *out);

/*
 * The same for a payload that is neither compressed, versioned nor ever expires, which is most of
 * them. The key is copied too, to *key_out, so that both may lie in pages that the write is going
 * to move.
 */
int tvi_envelope_wrap_plain(tvi_codec *codec, tv_slice key, tv_slice payload, tv_slice *key_out,
                            tv_slice *out);

typedef struct tvi_envelope {
  tv_slice payload;
  int64_t expiry;   /* 0: never */
  uint64_t version; /* 0 without one */
} tvi_envelope;

/*
 * Unwraps. verify: 1 compares the checksum. An uncompressed payload points into `wrapped`, a
 * compressed one into the codec's scratch, until the next call with this codec.
 * Never reads outside `wrapped`, whatever its bytes are.
 * Returns TV_OK, TV_ECORRUPT (cut off, unknown flags, checksum or LZ4 stream wrong), TV_ENOMEM.
 * Sets no message: the caller knows whose value it was.
 */
int tvi_envelope_unwrap(tvi_codec *codec, tv_slice key, tv_slice wrapped, int verify,
                        tvi_envelope *out);

/* 1 when the checksum of a plain value (flags 0, at least a header) is right. */
int tvi_envelope_plain_intact(tv_slice key, tv_slice wrapped);

/* Reads only what precedes the payload: flags' expiry and version; payload is left as stored. */
int tvi_envelope_peek(tv_slice wrapped, tvi_envelope *out);

/* The checksum used throughout the file: XXH3-64 of the bytes. */
uint64_t tvi_checksum(const void *data, size_t size);

#endif
