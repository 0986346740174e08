/* SPDX-License-Identifier: MIT */
/*
 * The engine's own structures: the environment that all handles of one file in this process share,
 * transactions, stores, cursors. Included by engine/ only.
 *
 * Lock order, outermost first: registry lock, writer gate, handles_lock, group lock, env->lock,
 * keeper lock. A writer holds the gate for its whole life and none of the mutexes between calls.
 */
#ifndef TRIVET_ENV_INTERNAL_H
#define TRIVET_ENV_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "layer_internal.h"
#include "metrics_internal.h"
#include "tree_internal.h"

#define TVI_SLOTS_LOW TV_STORES_PER_TXN_MAX /* spare slots below this are topped up ... */
#define TVI_SLOTS_SPARE 20                  /* ... to this many */
#define TVI_DBI_MAX (TV_STORES_MAX + 8)
#define TVI_POOL_MAX 64         /* idle read transactions kept for the next tv_begin */
#define TVI_NOOKS 8             /* transactions that are taken without a lock */
#define TVI_POOL_STORES_MAX 64  /* stores that an idle transaction remembers */
#define TVI_KEY_BYTES_LIMIT 511 /* LMDB's; layers prefix user keys by at most the difference */

typedef struct tvi_env tvi_env;

/* ---- Writer gate (gate.c) ---- */
typedef struct tvi_gate_waiter tvi_gate_waiter;
typedef struct tvi_gate {
  pthread_mutex_t lock;
  tvi_gate_waiter *head, *tail; /* first come, first served */
  int held;
  int file_locked;
} tvi_gate;

typedef struct tvi_wait {
  int32_t wait_ms; /* 0: try; -1: for ever */
  int (*interrupted)(void *ctx);
  void *ctx;
} tvi_wait;

int tvi_gate_init(tvi_gate *gate);
void tvi_gate_destroy(tvi_gate *gate);
int tvi_env_gate_enter(tvi_env *env, const tvi_wait *wait, tv_error *err);
void tvi_env_gate_leave(tvi_env *env);

/* ---- Keeper: the thread that owns LMDB's writer mutex for movable transactions (keeper.c) ---- */
typedef struct tvi_keeper {
  pthread_mutex_t lock;
  pthread_cond_t wake, done;
  pthread_t thread;
  int running, stopping;
  int (*job)(void *ctx);
  void *ctx;
  int finished, result;
} tvi_keeper;

int tvi_keeper_init(tvi_keeper *keeper);
void tvi_keeper_destroy(tvi_keeper *keeper); /* joins the thread */
/* Runs job on the keeper's thread and returns its result, an LMDB code. Starts the thread when
 * needed. */
int tvi_keeper_run(tvi_keeper *keeper, int (*job)(void *ctx), void *ctx);

/* ---- Group commit (write.c, future.c) ---- */
typedef struct tvi_member tvi_member;
typedef struct tvi_group {
  atomic_int baton;
  atomic_uint waiting;  /* for a turn, or for somebody to lead */
  atomic_uint sleepers; /* on the baton */
  atomic_uint members;  /* in the round */
  atomic_uint wanted;   /* ... before its leader need not gather any more */
  atomic_int passed;    /* the leader sleeps on it */
  atomic_int rounds;    /* ended; members sleep on it until their commit */
  int alone;            /* one processor: watching the baton is of no use */

  tvi_member *ran;       /* members of the round; this and the following are the baton's ... */
  tv_txn *txn;           /* NULL: it could not begin ... */
  tv_error begin_err;    /* ... for this reason */
  unsigned last_members; /* in the round before; this and the next are the leader's */
  int64_t commit_ns;     /* what the last commit took */

  pthread_mutex_t lock; /* whoever starts the committer, who leads those who do not wait */
  int started;
  pthread_t committer;
  _Atomic(tv_db *) called_by; /* it is to lead, with this handle */
  atomic_int calls;           /* it sleeps on it */
  atomic_int stopping;
} tvi_group;
int tvi_group_init(tvi_group *group);
void tvi_group_destroy(tvi_group *group);
/* TV_OK when this thread may begin a write transaction, else why not. */
int tvi_writer_allowed(tv_db *db, tv_error *err);

/* ---- Idle readers (reader_pool.c) ---- */
typedef struct tvi_nook {
  _Atomic(tv_txn *) idle;              /* NULL: in use, or none lives here */
  tv_txn *txn;                         /* who lives here; under env->lock */
  tv_txn *held;                        /* taken away while the map moves; under env->lock */
  char apart[64 - 3 * sizeof(void *)]; /* nooks of different threads in different cache lines */
} tvi_nook;

/* A reader, counted as in use; its LMDB transaction is still to be begun or renewed. NULL: no
 * memory. */
tv_txn *tvi_pool_take(tv_db *db);
/* Gives back a reader whose LMDB transaction is reset. */
void tvi_pool_give(tv_txn *txn);
/* Ends a reader for good, whatever state its LMDB transaction is in. */
void tvi_pool_discard(tv_txn *txn);
/* From now on counted in env->active. */
void tvi_pool_count_in(tv_txn *txn);
int tvi_pool_hold_nooks(tvi_env *env);
void tvi_pool_let_nooks_go(tvi_env *env);
/* 1 while a transaction of the handle is open. */
int tvi_pool_in_use(tv_db *db);
void tvi_pool_free(tvi_env *env);

/* ---- Environment ---- */
struct tvi_env {
  tvi_nook nooks[TVI_NOOKS];
  MDB_env *mdb;
  tvi_env *next; /* in the registry */
  uint64_t id;
  unsigned forks; /* the registry's fork count when it was opened */
  dev_t device;
  ino_t inode;
  unsigned handles; /* tv_db's on it; under the registry lock */
  char *path;       /* "" for temporary and in-memory stores */
  int is_private;   /* no other process can reach the file: no file lock needed */
  int readonly;
  int durability;
  size_t page_bytes;
  uint64_t map_bytes_max; /* 0: never grows beyond map_bytes */

  tvi_gate gate;
  tvi_keeper keeper;
  tvi_group group;
  pthread_mutex_t handles_lock; /* whoever opens LMDB handles */

  pthread_mutex_t lock; /* what follows, to the blank line */
  pthread_cond_t idle;  /* active fell to 0, or growth ended */
  unsigned active;      /* LMDB transactions that are not reset */
  int growing;          /* new ones wait */
  int grow_wanted;      /* a writer ran out of map */
  tv_txn *readers;      /* open read transactions of this process */
  tv_txn *pool;
  unsigned pool_count;
  int writer_bound;        /* a thread-bound write transaction is open ... */
  pthread_t writer_thread; /* ... on this thread */
  unsigned spares;         /* spare slots as of catalogue generation spares_at */
  uint64_t spares_at;

  struct {
    int64_t age_ms;
    uint64_t pages;
    void (*warn)(void *ctx, const tv_reader *reader);
    void *ctx;
    int64_t checked_ms; /* when it was looked last */
  } watch;

  _Atomic(tvi_metrics *) metrics; /* NULL: never switched on */
  atomic_int failed;              /* a sync or write failed: no more writes */
  MDB_dbi meta;                   /* the catalogue */
  atomic_uint slots;              /* slots whose handles are open */
  MDB_dbi slot_dbi[TV_STORES_MAX];

  /* The catalogue has the same generation in all snapshots from low to high (catalogue.c). */
  atomic_uint_fast64_t window_sequence, window_low, window_high, window_generation;
  atomic_uint_fast64_t stamps; /* source of stamps for uncommitted catalogue changes, of epochs */
  atomic_uint_fast64_t file_pages; /* pages known to lie in the file */
};

struct tv_db {
  tvi_env *env;
  int readonly;
  int32_t busy_wait_ms;
  unsigned transactions; /* open on this handle; under env->lock */
};

/* ---- Transactions ---- */
typedef struct tvi_end_hook {
  tvi_txn_end_fn fn;
  void *ctx;
  struct tvi_end_hook *next;
} tvi_end_hook;

struct tv_txn {
  MDB_txn *mdb;         /* the innermost */
  uint64_t stamp;       /* the catalogue as this transaction sees it; see catalogue.c */
  tvi_metrics *metrics; /* NULL: off */
  tvi_env *env;
  tv_db *db;
  uint8_t write, movable, catalogue_changed;
  unsigned depth; /* nest[0] is the transaction, nest[depth] == mdb */
  uint64_t snapshot;
  uint64_t epoch;
  int64_t now; /* 0: not asked for yet */
  pthread_t owner;
  int fatal; /* status that made the LMDB transaction unusable, and the depth where */
  unsigned fatal_depth;
  tv_error error;
  tv_store **stores;
  size_t store_count, store_capacity;
  tv_cursor *cursors;
  uint32_t log_sequence; /* changes logged by this transaction */
  tvi_end_hook *hooks;
  tv_txn *next, **link;         /* in the pool (next only), or among the open readers */
  atomic_uint_fast64_t shown;   /* its snapshot for tv_readers; 0: not known, or idle */
  atomic_int_fast64_t since_ms; /* monotonic, coarse: when a reader began */
  _Atomic(tv_db *) user;        /* whose reader it is, for those on other threads */
  tvi_nook *nook;               /* where a reader lives; NULL: nowhere */
  MDB_txn *nest[TV_SAVEPOINTS_MAX + 1];
};

/* LMDB failed in this transaction: translates, remembers what cannot be survived. */
int tvi_txn_lmdb_fail(tv_txn *txn, int native, const char *what);
/* TV_OK when writes are possible, else the status with its message. */
int tvi_txn_writable(tv_txn *txn);

/* ---- Stores ---- */
struct tv_store {
  tv_txn *txn;
  uint64_t stamp; /* valid while equal to txn->stamp */
  MDB_dbi dbi;
  uint32_t key_bytes_max;
  MDB_cursor *appender; /* stands at the end, for TV_PUT_APPEND; NULL: none */
  uint64_t appended;    /* writes when it was used last */
  uint64_t writes;      /* counts writes; cursors find their place again */
  uint64_t tree_epoch;  /* tree is the transaction's while it has this epoch; 0: not known */
  tvi_tree tree;        /* for read transactions */
  unsigned slot;
  char kind;
  char has_part;
  char logged; /* changes go to the change log */
  int alive;
  tv_slice options; /* own memory */
  void *attached;
  void (*release)(void *data);
  size_t key_size; /* catalogue key: kind, name [, 0, part] */
  char *key;       /* own memory, ends in NUL */
};

/* Brings a store whose stamp is old up to date, or says that it is gone. */
int tvi_store_revalidate(tv_store *store);
static inline int tvi_store_ready(tv_store *store) {
  return TVI_LIKELY(store->stamp == store->txn->stamp) ? TV_OK : tvi_store_revalidate(store);
}
/*
 * In a read transaction, for a store that is ready: store->tree becomes that of the snapshot. It is
 * looked up once in each transaction, since LMDB's transaction ids do not tell snapshots apart: a
 * reader that is overtaken by two commits while it begins sees the second under the id before.
 */
int tvi_store_tree_load(tv_store *store);
static inline int tvi_store_tree_ready(tv_store *store) {
  return TVI_LIKELY(store->tree_epoch == store->txn->epoch) ? TV_OK : tvi_store_tree_load(store);
}
/* A page of the store's is damaged. */
int tvi_store_tree_fail(tv_store *store);
int tvi_store_key_fail(tv_store *store, tv_slice key);
static inline int tvi_store_key_check(tv_store *store, tv_slice key) {
  return TVI_LIKELY(key.size - 1 < store->key_bytes_max) ? TV_OK : tvi_store_key_fail(store, key);
}
void tvi_store_free(tv_store *store);
/* Lets go of the cursor that appends. */
void tvi_store_drop_appender(tv_store *store);
/* Its record is gone: forgets options and what a layer attached. */
void tvi_store_gone(tv_store *store);
/* The entry that the catalogue should hold for a store: TVI_ENTRY_*. */
unsigned tvi_store_entry(const tv_store *store);

/* Appends a change to the change log (feed.c). `key` is the store's key, or a new name. */
int tvi_feed_append(tv_store *store, int change, tv_slice key);
static inline int tvi_feed_note(tv_store *store, int change, tv_slice key) {
  return TVI_LIKELY(!store->logged) ? TV_OK : tvi_feed_append(store, change, key);
}

/* ---- Cursors (cursor.c) ---- */
/* LMDB cursors do not survive the begin or end of a nested transaction: let go of all, keep places.
 */
void tvi_cursors_detach(tv_txn *txn);
void tvi_cursors_free(tv_txn *txn);

/* ---- Catalogue (catalogue.c), slots (slots.c), map (map.c), registry (registry.c) ---- */
int tvi_catalogue_format(tvi_env *env, MDB_txn *mdb, tv_error *err);
int tvi_catalogue_verify(tvi_env *env, MDB_txn *mdb, tv_error *err);
/* Where the format record lies in the map; NULL: nowhere. */
const void *tvi_catalogue_format_record(tvi_env *env, MDB_txn *mdb);
/*
 * Sets txn->stamp for the snapshot; an LMDB code. certain 0: another snapshot may have the same id,
 * so the window has no say. ..._known: 0 when it would need a look-up.
 */
int tvi_catalogue_begin(tv_txn *txn, int certain);
int tvi_catalogue_begin_known(tv_txn *txn);
void tvi_catalogue_committed(tvi_env *env, uint64_t snapshot, uint64_t generation);
void tvi_catalogue_restamp(tv_txn *txn);
int tvi_catalogue_generation(tvi_env *env, MDB_txn *mdb, uint64_t *generation);
/* Finds an entry: TVI_ENTRY_* and options (borrowed from the map). TV_NOTFOUND. */
int tvi_catalogue_find(tv_txn *txn, tv_slice key, unsigned *entry, tv_slice *options);
int tvi_catalogue_put(tv_txn *txn, tv_slice key, unsigned entry, tv_slice options);
int tvi_catalogue_remove(tv_txn *txn, tv_slice key);
/* Takes a spare slot, or gives one back. */
int tvi_catalogue_slot_take(tv_txn *txn, unsigned *slot);
int tvi_catalogue_slot_give(tv_txn *txn, unsigned slot);
int tvi_catalogue_spares(tvi_env *env, MDB_txn *mdb, unsigned *spares);
int tvi_catalogue_spare_put(tvi_env *env, MDB_txn *mdb, unsigned slot);

/* Opens handles of slots that this process does not know yet; no transaction may be open on this
 * thread's behalf. */
int tvi_slots_open(tvi_env *env);
/* Makes slots until `want` are spare, in a write transaction of its own. The caller holds the gate.
 */
int tvi_slots_top_up(tvi_env *env, tvi_keeper *keeper);
/* LMDB's record of a slot's tree in that transaction's snapshot, where it lies; an LMDB code. */
int tvi_slots_record(MDB_txn *mdb, unsigned slot, MDB_val *record);
/* Page 0, from anything of a read transaction's that lies in a leaf page. */
const unsigned char *tvi_map_of(const tvi_env *env, const void *in_leaf);
/* Number of named databases but the catalogue, in that transaction's snapshot. */
unsigned tvi_slots_in(MDB_txn *mdb);

/* Counts a transaction in and out; waits while the map grows. */
void tvi_map_enter(tvi_env *env);
void tvi_map_leave(tvi_env *env);
void tvi_map_keep_from_children(tvi_env *env);
/* Before a writer begins: grows the map when it is short and can be. Not counted in yet. */
int tvi_map_prepare_write(tvi_env *env, const tvi_wait *wait, tv_error *err);
/* Another process made the file larger than our map: takes its size over. */
int tvi_map_adopt(tvi_env *env, tv_error *err);
/* TV_ERETRY when growing can help after MDB_MAP_FULL, else TV_EFULL. */
int tvi_map_full_status(tvi_env *env);

/* Calls visit for each record of the freelist, in a short transaction of its own. An LMDB code. */
int tvi_freelist_scan(tvi_env *env, void (*visit)(void *ctx, uint64_t txn_id, uint64_t pages),
                      void *ctx, uint64_t *snapshot);
/* Monotonic milliseconds, cheap and a few of them wrong. */
int64_t tvi_coarse_ms(void);
/* After a commit: warns of readers that stay too long (readers.c). */
void tvi_readers_watch_run(tvi_env *env);

/* 1 when the file cannot grow: LMDB reports a write cut short as EIO and means a full disk. */
int tvi_env_is_full(tvi_env *env);

unsigned tvi_registry_forks(void);
const tv_allocator *tvi_registry_allocator(void);
void tvi_registry_lock(void);
void tvi_registry_unlock(void);
tvi_env *tvi_registry_find(dev_t device, ino_t inode);
tvi_env *tvi_registry_find_id(uint64_t id);
void tvi_registry_add(tvi_env *env); /* gives the id */
void tvi_registry_remove(tvi_env *env);

void tvi_txn_free(tv_txn *txn);
/* Before the first epoch of a transaction's memory: no other memory has had any from there on. */
uint64_t tvi_txn_first_epoch(tvi_env *env);

static inline tv_slice tvi_slice_of(MDB_val value) {
  return tv_bytes(value.mv_data, value.mv_size);
}
static inline MDB_val tvi_val_of(tv_slice slice) {
  MDB_val value = {slice.size, (void *)slice.data};
  return value;
}

#endif
