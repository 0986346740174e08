/* SPDX-License-Identifier: MIT */
/*
 * What the engine offers to the layers above it and not to applications: catalogued stores of a
 * kind, hooks on a transaction's end, the writer gate for the SQL connection, error setting,
 * memory. Byte encodings are in encode_internal.h, value envelopes in envelope_internal.h.
 */
#ifndef TRIVET_LAYER_INTERNAL_H
#define TRIVET_LAYER_INTERNAL_H

#include "trivet.h"

#if defined(__GNUC__)
#define TVI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define TVI_LIKELY(x) __builtin_expect(!!(x), 1)
#define TVI_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define TVI_PRINTF(text, first)
#define TVI_LIKELY(x) (x)
#define TVI_UNLIKELY(x) (x)
#endif

/* ---- Errors. The place that finds the cause sets it; those that pass it on do not. ---- */

/* Fills *err (NULL is allowed) and returns status. Never allocates. */
int tvi_error_set(tv_error *err, int status, int native, const char *format, ...) TVI_PRINTF(4, 5);
/* The same into the transaction's error. */
int tvi_txn_fail(tv_txn *txn, int status, int native, const char *format, ...) TVI_PRINTF(4, 5);

/* Prints a key or name for a message: printable text as it is, else hex; cut at 40 bytes. Returns
 * buffer. */
#define TVI_SHOW_BYTES 96
const char *tvi_show(tv_slice bytes, char buffer[TVI_SHOW_BYTES]);

/* Length of the character of UTF-8 at p, 1 to 4; 0 when its first bytes are none: too long a form,
 * a surrogate, cut off (utf8.c). */
size_t tvi_utf8_length(const unsigned char *p, size_t size);
int tvi_utf8_valid(tv_slice text);

/* ---- Memory through the library's allocator ---- */
void *tvi_alloc(size_t bytes); /* NULL when out of memory; bytes > 0 */
void *tvi_zalloc(size_t bytes);
void *tvi_realloc(void *old, size_t bytes);
void tvi_free(void *old);

/* A growing byte buffer. All zero is empty. */
typedef struct tvi_buffer {
  unsigned char *data;
  size_t size, capacity;
} tvi_buffer;
int tvi_buffer_reserve(tvi_buffer *buffer, size_t capacity); /* TV_OK or TV_ENOMEM */
int tvi_buffer_append(tvi_buffer *buffer, const void *data, size_t size);
void tvi_buffer_free(tvi_buffer *buffer);

/* ---- Temporary files (spill_file.c). All zero is none; it is made when first written. ---- */
typedef struct tvi_spill {
  int file;      /* descriptor + 1 */
  uint64_t size; /* bytes written */
} tvi_spill;
/* TV_OK, TV_ENOSPC, TV_EIO. */
int tvi_spill_append(tv_txn *txn, tvi_spill *spill, const void *data, size_t size);
/* Bytes that were written. TV_OK, TV_EIO. */
int tvi_spill_read(tv_txn *txn, const tvi_spill *spill, uint64_t at, void *data, size_t size);
void tvi_spill_close(tvi_spill *spill);

/* ---- Catalogued stores ---- */

/* Who owns a catalogue entry. The letters are part of the file format. */
typedef enum tvi_kind {
  TVI_KIND_STORE = 's',
  TVI_KIND_BUCKET = 'k',
  TVI_KIND_GRAPH = 'g',
  TVI_KIND_SQL = 'q',
  TVI_KIND_COLUMNAR = 'c',
  TVI_KIND_LOG = 'l' /* the engine's own change log */
} tvi_kind;

/* The first two bytes of a catalogue entry, little-endian. */
#define TVI_ENTRY_SLOT 0x0fffu   /* number of the slot */
#define TVI_ENTRY_LOGGED 0x8000u /* changes go to the change log */

/*
 * Opens the store `name` of a kind; `part` names one of several stores of the same thing (a graph's
 * "out", "in", ...) or is NULL. Absent and no TV_CREATE: TV_NOTFOUND *without* an error message, so
 * that the layer can say TV_ENOBUCKET in its own words. `options` is the layer's own record in
 * the catalogue entry, used when the store is created (size 0: none; at most 64 KiB).
 * A bad name is TV_EINVAL with a message.
 */
int tvi_store_open(tv_txn *txn, tvi_kind kind, const char *name, const char *part, unsigned flags,
                   tv_slice options, tv_store **out);
/* The layer's record in the catalogue. Lifetime: until the store's record changes. */
tv_slice tvi_store_options(const tv_store *store);
int tvi_store_set_options(tv_store *store, tv_slice options);
/* Lists the names (without parts) of a kind. As tv_store_list. */
int tvi_store_list(tv_txn *txn, tvi_kind kind, int (*visit)(void *ctx, tv_slice name), void *ctx);
/* Renames `name` and all its parts of a kind. TV_EXISTS when the new name is taken. */
int tvi_store_rename(tv_txn *txn, tvi_kind kind, const char *name, const char *new_name);
/* 1 when its changes go to the change log. */
int tvi_store_is_logged(const tv_store *store);
tv_txn *tvi_store_txn(const tv_store *store);
/* The name as opened; NUL-terminated. Lifetime: the store's. */
const char *tvi_store_name(const tv_store *store);

/*
 * A layer's own handle may hang on the store: found again when the store is opened again in the
 * same transaction, or in a later one that reuses the transaction's memory and sees the same
 * catalogue record. release(data) is called when the record changed or the memory goes.
 */
void *tvi_store_attached(const tv_store *store);
void tvi_store_attach(tv_store *store, void *data, void (*release)(void *data));

/* ---- Transactions ---- */

/*
 * A number that changes whenever what the transaction sees may have changed other than by its own
 * writes: at begin, refresh and savepoint rollback. State cached by a layer is valid while it is
 * the same. Never 0.
 */
uint64_t tvi_txn_epoch(const tv_txn *txn);
/* The engine's savepoint depth now; 0: none. */
unsigned tvi_txn_depth(const tv_txn *txn);

/* Called once when the transaction ends, before its memory goes: committed is 1 or 0. */
typedef void (*tvi_txn_end_fn)(void *ctx, tv_txn *txn, int committed);
int tvi_txn_on_end(tv_txn *txn, tvi_txn_end_fn fn, void *ctx); /* TV_OK or TV_ENOMEM */
void tvi_txn_forget_on_end(tv_txn *txn, tvi_txn_end_fn fn, void *ctx);

/* ---- The writer gate, for a connection that must queue outside a transaction ---- */

/*
 * Takes the gate that every writer takes, before it has a transaction. Waits like tv_begin_with.
 * Not bound to a thread. TV_EBUSY, TV_EINTR, TV_EIO.
 */
int tvi_gate_enter(tv_db *db, int32_t wait_ms, int (*interrupted)(void *ctx), void *ctx,
                   tv_error *err);
void tvi_gate_leave(tv_db *db);
/* With tv_begin_options.mode: the caller holds the gate and hands it to the transaction on success.
 */
#define TVI_HAVE_GATE (1u << 8)
/*
 * As tv_commit, but the gate stays with the caller, who begins a reader (which then sees exactly
 * this commit) and calls tvi_gate_leave.
 */
int tvi_commit_keep_gate(tv_txn *txn, tv_error *err);

/* ---- Pages in place ---- */

/*
 * How many bytes after the end of a value that tv_store_get returned may be read without a fault
 * (they are other data and of no meaning). 0 when that is not certain. Read transactions only.
 */
size_t tvi_value_tail(tv_txn *txn, tv_slice value);
/* The size of a database page, bytes (LMDB's: the operating system's page size). */
size_t tvi_page_bytes(const tv_db *db);

/* A number that names an open environment within this process; see tvi_db_by_id. */
uint64_t tvi_db_id(const tv_db *db);
/*
 * Another handle on the open environment with that id, to be closed with tv_close.
 * TV_NOTFOUND when there is none (any more).
 */
int tvi_db_by_id(uint64_t id, tv_db **out, tv_error *err);
/* 1 when the file at path looks like a Trivet (or LMDB) file; 0 when not, or absent or empty. */
int tvi_is_store_file(const char *path);
/* 1 when this handle was opened for reading only. */
int tvi_db_is_readonly(const tv_db *db);
/* The handle's busy_wait_ms, the default filled in. */
int32_t tvi_db_busy_wait_ms(const tv_db *db);

#endif
