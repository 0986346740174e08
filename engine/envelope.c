/* SPDX-License-Identifier: MIT */
/*
 * Wrapping and unwrapping of values. The checksum is XXH3-64 of everything behind it, seeded with
 * the XXH3-64 of the key, which in turn is seeded with the flags: key and value cannot exchange
 * bytes unnoticed, and both are hashed by the one-shot functions, several times faster for
 * short values than XXH3's streaming state. Rejected: a checksum per page (LMDB leaves no room for
 * one), and LZ4's frame format (its header alone is longer than many values).
 */
#include "envelope_internal.h"

#include <lz4.h>
#include <lz4hc.h>
#define XXH_INLINE_ALL /* a call through the library costs as much as hashing a short value */
#include <xxhash.h>

#include "encode_internal.h"

#define ENVELOPE_FLAGS_KNOWN \
  ((unsigned)(TVI_ENV_LZ4 | TVI_ENV_DICTIONARY | TVI_ENV_EXPIRY | TVI_ENV_VERSION))
#define ENVELOPE_DICTIONARY_BYTES_MAX ((size_t)64 * 1024) /* LZ4 looks back no further */
#define ENVELOPE_COMPRESS_BYTES_MIN ((size_t)13)          /* LZ4 finds no match in less */
#define ENVELOPE_LZ4_RATIO_MAX 255 /* one byte of LZ4 yields at most so many */

uint64_t tvi_checksum(const void *data, size_t size) {
  return XXH3_64bits(data, size);
}

static uint64_t envelope_checksum(tv_slice key, unsigned flags, const void *body, size_t size) {
  return XXH3_64bits_withSeed(body, size, XXH3_64bits_withSeed(key.data, key.size, flags));
}

/* ---- Compression ---- */

/*
 * Two streams of either kind: one has the dictionary loaded and is copied over the other before
 * each value, since hashing the dictionary again would cost more than compressing a short value.
 */
typedef struct envelope_lz4 {
  int compression;
  const void *dictionary; /* as loaded; NULL: none */
  size_t dictionary_size;
  int spoiled;  /* a compression failed: LZ4 wants the stream initialised again */
  void *work;   /* an LZ4_stream_t or LZ4_streamHC_t, as compression says */
  void *loaded; /* NULL without a dictionary */
} envelope_lz4;

static void envelope_lz4_free(envelope_lz4 *state) {
  if (state == NULL) return;
  tvi_free(state->work);
  tvi_free(state->loaded);
  tvi_free(state);
}

void tvi_codec_free(tvi_codec *codec) {
  envelope_lz4_free(codec->lz4_state);
  codec->lz4_state = NULL;
  tvi_buffer_free(&codec->packed);
  tvi_buffer_free(&codec->unpacked);
  codec->unpacked_dictionary = 0;
}

/* The part of the dictionary that LZ4 can use: its end. */
static tv_slice envelope_dictionary(const tvi_codec *codec) {
  tv_slice all = codec->dictionary;
  size_t skip;
  if (all.size <= ENVELOPE_DICTIONARY_BYTES_MAX) return all;
  skip = all.size - ENVELOPE_DICTIONARY_BYTES_MAX;
  return tv_bytes((const char *)all.data + skip, ENVELOPE_DICTIONARY_BYTES_MAX);
}

static size_t envelope_stream_bytes(int compression) {
  return compression == TVI_COMPRESS_LZ4_HC ? sizeof(LZ4_streamHC_t) : sizeof(LZ4_stream_t);
}

static void envelope_stream_init(int compression, void *stream) {
  if (compression == TVI_COMPRESS_LZ4_HC) {
    LZ4_resetStreamHC_fast(LZ4_initStreamHC(stream, sizeof(LZ4_streamHC_t)), LZ4HC_CLEVEL_DEFAULT);
  } else {
    (void)LZ4_initStream(stream, sizeof(LZ4_stream_t));
  }
}

static int envelope_lz4_make(tvi_codec *codec, tv_slice dictionary) {
  size_t stream_bytes = envelope_stream_bytes(codec->compression);
  envelope_lz4 *state;

  envelope_lz4_free(codec->lz4_state);
  codec->lz4_state = NULL;
  state = tvi_zalloc(sizeof *state);
  if (state == NULL) return TV_ENOMEM;
  state->compression = codec->compression;
  state->dictionary = dictionary.data;
  state->dictionary_size = dictionary.size;
  state->work = tvi_alloc(stream_bytes);
  if (dictionary.size > 0) state->loaded = tvi_alloc(stream_bytes);
  if (state->work == NULL || (dictionary.size > 0 && state->loaded == NULL)) {
    envelope_lz4_free(state);
    return TV_ENOMEM;
  }
  envelope_stream_init(state->compression, state->work);
  if (dictionary.size > 0) {
    envelope_stream_init(state->compression, state->loaded);
    if (state->compression == TVI_COMPRESS_LZ4_HC) {
      (void)LZ4_loadDictHC(state->loaded, dictionary.data, (int)dictionary.size);
    } else {
      (void)LZ4_loadDict(state->loaded, dictionary.data, (int)dictionary.size);
    }
  }
  codec->lz4_state = state;
  return TV_OK;
}

/* Readies the working stream for one value. */
static int envelope_lz4_begin(tvi_codec *codec, tv_slice dictionary, envelope_lz4 **out) {
  envelope_lz4 *state = codec->lz4_state;

  if (dictionary.size == 0) dictionary.data = NULL;
  if (state == NULL || state->compression != codec->compression ||
      state->dictionary != dictionary.data || state->dictionary_size != dictionary.size) {
    int status = envelope_lz4_make(codec, dictionary);
    if (status != TV_OK) return status;
    state = codec->lz4_state;
  }
  if (state->loaded != NULL) {
    memcpy(state->work, state->loaded, envelope_stream_bytes(state->compression));
  } else if (state->spoiled) {
    envelope_stream_init(state->compression, state->work);
  } else if (state->compression == TVI_COMPRESS_LZ4_HC) {
    LZ4_resetStreamHC_fast(state->work, LZ4HC_CLEVEL_DEFAULT);
  } else {
    LZ4_resetStream_fast(state->work);
  }
  state->spoiled = 0;
  *out = state;
  return TV_OK;
}

/*
 * Compresses the payload into `to`, at most `capacity` bytes; *written 0: it does not get that
 * small.
 */
static int envelope_compress(tvi_codec *codec, tv_slice dictionary, tv_slice payload, void *to,
                             size_t capacity, size_t *written) {
  envelope_lz4 *state;
  int size;
  int status = envelope_lz4_begin(codec, dictionary, &state);

  *written = 0;
  if (status != TV_OK) return status;
  if (state->compression == TVI_COMPRESS_LZ4_HC) {
    size =
        LZ4_compress_HC_continue(state->work, payload.data, to, (int)payload.size, (int)capacity);
  } else {
    size = LZ4_compress_fast_continue(state->work, payload.data, to, (int)payload.size,
                                      (int)capacity, 1);
  }
  if (size <= 0) {
    state->spoiled = 1;
  } else {
    *written = (size_t)size;
  }
  return TV_OK;
}

/* ---- Wrapping ---- */

int tvi_envelope_wrap(tvi_codec *codec, tv_slice key, tv_slice payload, int64_t expiry,
                      uint64_t version, tv_slice *out) {
  unsigned flags = 0;
  unsigned char *base;
  size_t at = TVI_ENV_HEADER_BYTES;
  int status;

  *out = tv_bytes(NULL, 0);
  if (payload.size > TVI_PAYLOAD_BYTES_MAX) return TV_ELIMIT;
  status = tvi_buffer_reserve(&codec->packed, TVI_ENV_OVERHEAD_MAX + payload.size);
  if (status != TV_OK) return status;
  base = codec->packed.data;
  if (expiry != 0) {
    flags |= TVI_ENV_EXPIRY;
    tvi_store_le64(base + at, (uint64_t)expiry);
    at += 8;
  }
  if (codec->with_version) {
    flags |= TVI_ENV_VERSION;
    tvi_store_le64(base + at, version);
    at += 8;
  }
  if (codec->compression != TVI_COMPRESS_NONE && payload.size >= ENVELOPE_COMPRESS_BYTES_MIN) {
    tv_slice dictionary = envelope_dictionary(codec);
    size_t prefix = tvi_varint_put(base + at, payload.size);
    size_t packed;
    status = envelope_compress(codec, dictionary, payload, base + at + prefix,
                               payload.size - prefix - 1, &packed);
    if (status != TV_OK) return status;
    if (packed > 0) {
      flags |= TVI_ENV_LZ4 | (dictionary.size > 0 ? (unsigned)TVI_ENV_DICTIONARY : 0u);
      at += prefix + packed;
    }
  }
  if ((flags & TVI_ENV_LZ4) == 0 && payload.size > 0) {
    memcpy(base + at, payload.data, payload.size);
    at += payload.size;
  }
  base[0] = (unsigned char)flags;
  tvi_store_le64(base + 1, envelope_checksum(key, flags, base + TVI_ENV_HEADER_BYTES,
                                             at - TVI_ENV_HEADER_BYTES));
  codec->packed.size = at;
  *out = tv_bytes(base, at);
  return TV_OK;
}

/* ---- Unwrapping ---- */

int tvi_envelope_wrap_plain(tvi_codec *codec, tv_slice key, tv_slice payload, tv_slice *key_out,
                            tv_slice *out) {
  unsigned char *base;
  size_t size = TVI_ENV_HEADER_BYTES + payload.size;
  int status;
  if (payload.size > TVI_PAYLOAD_BYTES_MAX) return TV_ELIMIT;
  status = tvi_buffer_reserve(&codec->packed, size + key.size);
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  base = codec->packed.data;
  base[0] = 0;
  if (payload.size > 0) memcpy(base + TVI_ENV_HEADER_BYTES, payload.data, payload.size);
  if (key.size > 0) memcpy(base + size, key.data, key.size);
  *key_out = tv_bytes(base + size, key.size);
  tvi_store_le64(base + 1, envelope_checksum(key, 0, payload.data, payload.size));
  codec->packed.size = size;
  *out = tv_bytes(base, size);
  return TV_OK;
}

int tvi_envelope_peek(tv_slice wrapped, tvi_envelope *out) {
  const unsigned char *bytes = wrapped.data;
  size_t at = TVI_ENV_HEADER_BYTES;
  unsigned flags;

  *out = (tvi_envelope){0};
  if (wrapped.size < TVI_ENV_HEADER_BYTES) return TV_ECORRUPT;
  flags = bytes[0];
  if ((flags & ~ENVELOPE_FLAGS_KNOWN) != 0) return TV_ECORRUPT;
  if ((flags & TVI_ENV_DICTIONARY) != 0 && (flags & TVI_ENV_LZ4) == 0) return TV_ECORRUPT;
  if ((flags & TVI_ENV_EXPIRY) != 0) {
    if (wrapped.size - at < 8) return TV_ECORRUPT;
    out->expiry = (int64_t)tvi_load_le64(bytes + at);
    at += 8;
  }
  if ((flags & TVI_ENV_VERSION) != 0) {
    if (wrapped.size - at < 8) return TV_ECORRUPT;
    out->version = tvi_load_le64(bytes + at);
    at += 8;
  }
  out->payload = tv_bytes(bytes + at, wrapped.size - at);
  return TV_OK;
}

int tvi_codec_holds(const tvi_codec *codec, tv_slice payload) {
  uintptr_t from = (uintptr_t)codec->unpacked.data, at = (uintptr_t)payload.data;
  return codec->unpacked.data != NULL && at >= from && at < from + codec->unpacked.capacity;
}

/* Room for a value behind the dictionary: LZ4 copies from a prefix faster than from elsewhere. */
static int envelope_make_room(tvi_codec *codec, tv_slice dictionary, size_t size) {
  int status;
  if (dictionary.size > 0 && codec->unpacked_dictionary == 0) {
    status = tvi_buffer_reserve(&codec->unpacked, dictionary.size + size);
    if (status != TV_OK) return status;
    memcpy(codec->unpacked.data, dictionary.data, dictionary.size);
    codec->unpacked.size = codec->unpacked_dictionary = dictionary.size;
    return TV_OK;
  }
  return tvi_buffer_reserve(&codec->unpacked, codec->unpacked_dictionary + size);
}

/* Replaces the stored payload, a varint and an LZ4 block, by what it was before compression. */
static int envelope_decompress(tvi_codec *codec, int with_dictionary, tv_slice *payload) {
  tv_slice dictionary = envelope_dictionary(codec);
  const unsigned char *packed = payload->data;
  uint64_t size;
  size_t prefix = tvi_varint_get(packed, payload->size, &size);
  size_t packed_size = payload->size - prefix;
  char *to;
  int status, got;

  if (prefix == 0 || packed_size == 0 || packed_size > TVI_PAYLOAD_BYTES_MAX) return TV_ECORRUPT;
  /* Checked before memory is asked for: a damaged size must not cost gigabytes. */
  if (size == 0 || size > TVI_PAYLOAD_BYTES_MAX || size / ENVELOPE_LZ4_RATIO_MAX > packed_size)
    return TV_ECORRUPT;
  if (with_dictionary && dictionary.size == 0) return TV_ECORRUPT;
  status =
      envelope_make_room(codec, with_dictionary ? dictionary : tv_bytes(NULL, 0), (size_t)size);
  if (status != TV_OK) return status;
  to = (char *)codec->unpacked.data + codec->unpacked_dictionary;
  if (with_dictionary) {
    got = LZ4_decompress_safe_usingDict((const char *)packed + prefix, to, (int)packed_size,
                                        (int)size, (const char *)codec->unpacked.data,
                                        (int)codec->unpacked_dictionary);
  } else {
    got = LZ4_decompress_safe((const char *)packed + prefix, to, (int)packed_size, (int)size);
  }
  if (got < 0 || (uint64_t)got != size) return TV_ECORRUPT;
  *payload = tv_bytes(to, (size_t)size);
  return TV_OK;
}

int tvi_envelope_plain_intact(tv_slice key, tv_slice wrapped) {
  const unsigned char *bytes = wrapped.data;
  return envelope_checksum(key, 0, bytes + TVI_ENV_HEADER_BYTES,
                           wrapped.size - TVI_ENV_HEADER_BYTES) == tvi_load_le64(bytes + 1);
}

int tvi_envelope_unwrap(tvi_codec *codec, tv_slice key, tv_slice wrapped, int verify,
                        tvi_envelope *out) {
  const unsigned char *bytes = wrapped.data;
  int status = tvi_envelope_peek(wrapped, out);

  if (status == TV_OK && verify) {
    uint64_t sum = envelope_checksum(key, bytes[0], bytes + TVI_ENV_HEADER_BYTES,
                                     wrapped.size - TVI_ENV_HEADER_BYTES);
    if (sum != tvi_load_le64(bytes + 1)) status = TV_ECORRUPT;
  }
  if (status == TV_OK && (bytes[0] & TVI_ENV_LZ4) != 0) {
    status = envelope_decompress(codec, (bytes[0] & TVI_ENV_DICTIONARY) != 0, &out->payload);
  }
  if (status != TV_OK) *out = (tvi_envelope){0};
  return status;
}
