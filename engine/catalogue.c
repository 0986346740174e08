/* SPDX-License-Identifier: MIT */
/*
 * The catalogue: a named LMDB database "trivet" that says what the numbered slots hold.
 *
 *   key                             value
 *   0x00 "format"                   magic "TRIVET\r\n", le32 format version, le32 features, le32
 * page size, le64 creation time (microseconds since 1970) 0x00 "generation"               le64, one
 * more with each change of an entry below 0x00 "spare" be16 slot          empty: the slot is free
 *   kind name [0x00 part]           le16 entry (TVI_ENTRY_*: slot and flags), then the layer's
 * options
 *
 * A transaction must know whether a store handle that it (or the pooled memory that it reuses)
 * resolved before is still right. Reading the generation costs a look-up per transaction, so the
 * process keeps a window: "snapshots low to high all have generation g". A snapshot inside costs
 * two comparisons; one outside (another process wrote, or an old one) reads the record once and
 * widens the window, which is sound because the generation never falls. Uncommitted changes get
 * stamps of their own with the top bit set, never equal to a generation or to one another. The
 * rejected alternative, opening handles by name in every transaction, costs two look-ups per store
 * and transaction.
 */
#include <string.h>
#include <time.h>

#include "encode_internal.h"
#include "env_internal.h"
#include "lmdb_status_internal.h"

#define FORMAT_VERSION 1
#define FORMAT_BYTES 28
#define STAMP_UNCOMMITTED (UINT64_C(1) << 63)
#define SPARE_KEY_BYTES 8

static const char format_key[] = "\0format";         /* 7 bytes */
static const char generation_key[] = "\0generation"; /* 11 bytes */
static const char spare_key[] = "\0spare";           /* 6 bytes, then be16 */
static const char format_magic[8] = {'T', 'R', 'I', 'V', 'E', 'T', '\r', '\n'};

static MDB_val catalogue_key_of(const char *text, size_t size) {
  return tvi_val_of(tv_bytes(text, size));
}

/* ---- Format ---- */

int tvi_catalogue_format(tvi_env *env, MDB_txn *mdb, tv_error *err) {
  unsigned char record[FORMAT_BYTES], generation[8];
  struct timespec now;
  MDB_val key = catalogue_key_of(format_key, 7), value = {sizeof record, record};
  int native;
  clock_gettime(CLOCK_REALTIME, &now);
  memcpy(record, format_magic, 8);
  tvi_store_le32(record + 8, FORMAT_VERSION);
  tvi_store_le32(record + 12, 0);
  tvi_store_le32(record + 16, (uint32_t)env->page_bytes);
  tvi_store_le64(record + 20, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
  native = mdb_put(mdb, env->meta, &key, &value, 0);
  if (native == 0) {
    tvi_store_le64(generation, 1);
    key = catalogue_key_of(generation_key, 11);
    value = tvi_val_of(tv_bytes(generation, sizeof generation));
    native = mdb_put(mdb, env->meta, &key, &value, 0);
  }
  return native == 0 ? TV_OK
                     : tvi_lmdb_fail(err, native, "cannot create the store '%s'", env->path);
}

const void *tvi_catalogue_format_record(tvi_env *env, MDB_txn *mdb) {
  MDB_val key = catalogue_key_of(format_key, 7), value;
  return mdb_get(mdb, env->meta, &key, &value) == 0 ? value.mv_data : NULL;
}

int tvi_catalogue_verify(tvi_env *env, MDB_txn *mdb, tv_error *err) {
  MDB_val key = catalogue_key_of(format_key, 7), value;
  const unsigned char *record;
  int native = mdb_get(mdb, env->meta, &key, &value);
  if (native == MDB_NOTFOUND)
    return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is an LMDB file but not a Trivet store",
                         env->path);
  if (native != 0) return tvi_lmdb_fail(err, native, "cannot read the format of '%s'", env->path);
  record = value.mv_data;
  if (value.mv_size < FORMAT_BYTES || memcmp(record, format_magic, 8) != 0)
    return tvi_error_set(err, TV_ECORRUPT, 0, "the format record of '%s' is damaged", env->path);
  if (tvi_load_le32(record + 8) > FORMAT_VERSION || tvi_load_le32(record + 12) != 0)
    return tvi_error_set(
        err, TV_EVERSION, 0, "'%s' has format %u (features %#x); this library reads format %u",
        env->path, tvi_load_le32(record + 8), tvi_load_le32(record + 12), FORMAT_VERSION);
  if (tvi_load_le32(record + 16) != env->page_bytes)
    return tvi_error_set(err, TV_EVERSION, 0, "'%s' has pages of %u bytes; this machine has %zu",
                         env->path, tvi_load_le32(record + 16), env->page_bytes);
  return TV_OK;
}

/* ---- Generation, window, stamps ---- */

int tvi_catalogue_generation(tvi_env *env, MDB_txn *mdb, uint64_t *generation) {
  MDB_val key = catalogue_key_of(generation_key, 11), value;
  int native = mdb_get(mdb, env->meta, &key, &value);
  if (native != 0) return native;
  if (value.mv_size != 8) return MDB_CORRUPTED;
  *generation = tvi_load_le64(value.mv_data);
  return 0;
}

/* The generation at `snapshot` when the window covers it, else 0. A sequence lock: writers hold
 * env->lock. */
static uint64_t catalogue_window_find(tvi_env *env, uint64_t snapshot) {
  uint64_t sequence = atomic_load_explicit(&env->window_sequence, memory_order_acquire);
  uint64_t low = atomic_load_explicit(&env->window_low, memory_order_acquire);
  uint64_t high = atomic_load_explicit(&env->window_high, memory_order_acquire);
  uint64_t generation = atomic_load_explicit(&env->window_generation, memory_order_acquire);
  if ((sequence & 1) != 0 ||
      atomic_load_explicit(&env->window_sequence, memory_order_acquire) != sequence)
    return 0;
  return snapshot >= low && snapshot <= high ? generation : 0;
}

static void catalogue_window_note(tvi_env *env, uint64_t snapshot, uint64_t generation) {
  uint64_t sequence, low, high, known;
  pthread_mutex_lock(&env->lock);
  low = atomic_load_explicit(&env->window_low, memory_order_relaxed);
  high = atomic_load_explicit(&env->window_high, memory_order_relaxed);
  known = atomic_load_explicit(&env->window_generation, memory_order_relaxed);
  if (generation == known) {
    if (snapshot < low) low = snapshot;
    if (snapshot > high) high = snapshot;
  } else if (generation > known) {
    low = high = snapshot;
  } else { /* an old snapshot: the window stays with the newest */
    pthread_mutex_unlock(&env->lock);
    return;
  }
  sequence = atomic_load_explicit(&env->window_sequence, memory_order_relaxed);
  atomic_store_explicit(&env->window_sequence, sequence + 1, memory_order_release);
  atomic_store_explicit(&env->window_low, low, memory_order_release);
  atomic_store_explicit(&env->window_high, high, memory_order_release);
  atomic_store_explicit(&env->window_generation, generation, memory_order_release);
  atomic_store_explicit(&env->window_sequence, sequence + 2, memory_order_release);
  pthread_mutex_unlock(&env->lock);
}

int tvi_catalogue_begin_known(tv_txn *txn) {
  txn->stamp = catalogue_window_find(txn->env, txn->snapshot);
  return txn->stamp != 0;
}

int tvi_catalogue_begin(tv_txn *txn, int certain) {
  uint64_t generation = certain ? catalogue_window_find(txn->env, txn->snapshot) : 0;
  if (generation == 0) {
    int native = tvi_catalogue_generation(txn->env, txn->mdb, &generation);
    if (native != 0) return native;
    if (certain) catalogue_window_note(txn->env, txn->snapshot, generation);
  }
  txn->stamp = generation;
  return 0;
}

void tvi_catalogue_committed(tvi_env *env, uint64_t snapshot, uint64_t generation) {
  if (catalogue_window_find(env, snapshot) != generation)
    catalogue_window_note(env, snapshot, generation);
}

/* The transaction's view of the catalogue is a new one: all stores look again. */
void tvi_catalogue_restamp(tv_txn *txn) {
  txn->stamp = STAMP_UNCOMMITTED | atomic_fetch_add(&txn->env->stamps, 1);
}

static int catalogue_changed(tv_txn *txn) {
  unsigned char record[8];
  uint64_t generation;
  MDB_val key = catalogue_key_of(generation_key, 11), value = {sizeof record, record};
  int native = tvi_catalogue_generation(txn->env, txn->mdb, &generation);
  if (native == 0) {
    tvi_store_le64(record, generation + 1);
    native = mdb_put(txn->mdb, txn->env->meta, &key, &value, 0);
  }
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot change the catalogue");
  txn->catalogue_changed = 1;
  tvi_catalogue_restamp(txn);
  return TV_OK;
}

/* ---- Entries ---- */

int tvi_catalogue_find(tv_txn *txn, tv_slice key, unsigned *entry, tv_slice *options) {
  MDB_val k = tvi_val_of(key), value;
  int native = mdb_get(txn->mdb, txn->env->meta, &k, &value);
  if (native == MDB_NOTFOUND) return TV_NOTFOUND;
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot read the catalogue");
  if (value.mv_size < 2 || (tvi_load_le16(value.mv_data) & TVI_ENTRY_SLOT) >= TV_STORES_MAX)
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "a catalogue entry is damaged");
  *entry = tvi_load_le16(value.mv_data);
  *options = tv_bytes((const char *)value.mv_data + 2, value.mv_size - 2);
  return TV_OK;
}

int tvi_catalogue_put(tv_txn *txn, tv_slice key, unsigned entry, tv_slice options) {
  MDB_val k = tvi_val_of(key), value = {2 + options.size, NULL};
  int native = mdb_put(txn->mdb, txn->env->meta, &k, &value, MDB_RESERVE);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot write the catalogue");
  tvi_store_le16(value.mv_data, (uint16_t)entry);
  if (options.size > 0) memcpy((char *)value.mv_data + 2, options.data, options.size);
  return catalogue_changed(txn);
}

int tvi_catalogue_remove(tv_txn *txn, tv_slice key) {
  MDB_val k = tvi_val_of(key);
  int native = mdb_del(txn->mdb, txn->env->meta, &k, NULL);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot write the catalogue");
  return catalogue_changed(txn);
}

/* ---- Spare slots ---- */

static void catalogue_spare_key(unsigned slot, unsigned char key[SPARE_KEY_BYTES]) {
  memcpy(key, spare_key, 6);
  tvi_store_be16(key + 6, (uint16_t)slot);
}

int tvi_catalogue_spare_put(tvi_env *env, MDB_txn *mdb, unsigned slot) {
  unsigned char bytes[SPARE_KEY_BYTES];
  MDB_val key = {sizeof bytes, bytes}, value = {0, NULL};
  catalogue_spare_key(slot, bytes);
  return mdb_put(mdb, env->meta, &key, &value, 0);
}

/* Visits spare records from the first on; stops after *limit. Returns an LMDB code. */
static int catalogue_spares_scan(tvi_env *env, MDB_txn *mdb, unsigned limit, unsigned *count,
                                 unsigned *first) {
  MDB_val key = catalogue_key_of(spare_key, 6), value;
  MDB_cursor *cursor;
  int native = mdb_cursor_open(mdb, env->meta, &cursor);
  *count = 0;
  if (native != 0) return native;
  native = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (native == 0 && *count < limit && key.mv_size == SPARE_KEY_BYTES &&
         memcmp(key.mv_data, spare_key, 6) == 0) {
    if ((*count)++ == 0 && first != NULL) *first = tvi_load_be16((char *)key.mv_data + 6);
    native = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  return native == MDB_NOTFOUND ? 0 : native;
}

int tvi_catalogue_spares(tvi_env *env, MDB_txn *mdb, unsigned *spares) {
  return catalogue_spares_scan(env, mdb, TV_STORES_MAX, spares, NULL);
}

int tvi_catalogue_slot_take(tv_txn *txn, unsigned *slot) {
  unsigned count, first = 0;
  unsigned char bytes[SPARE_KEY_BYTES];
  MDB_val key = {sizeof bytes, bytes};
  int native = catalogue_spares_scan(txn->env, txn->mdb, 1, &count, &first);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot read the catalogue");
  if (count == 0)
    return tvi_txn_fail(
        txn, TV_ELIMIT, 0,
        "no store can be created: %d in one file and %d in one transaction are the limit",
        TV_STORES_MAX, TV_STORES_PER_TXN_MAX);
  if (first >= atomic_load(&txn->env->slots))
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "the catalogue names a slot that does not exist");
  catalogue_spare_key(first, bytes);
  native = mdb_del(txn->mdb, txn->env->meta, &key, NULL);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot write the catalogue");
  *slot = first;
  return TV_OK;
}

int tvi_catalogue_slot_give(tv_txn *txn, unsigned slot) {
  int native = mdb_drop(txn->mdb, txn->env->slot_dbi[slot], 0);
  if (native == 0) native = tvi_catalogue_spare_put(txn->env, txn->mdb, slot);
  return native == 0 ? TV_OK : tvi_txn_lmdb_fail(txn, native, "cannot drop a store");
}
