/* SPDX-License-Identifier: MIT */
/*
 * Threads move money between accounts that lie in buckets of every kind, through tv_db_write; some
 * transfers fail half way. Whatever else is written beside them (entries that expire, merges, range
 * deletes), the sum that a reader finds in any snapshot stays the same.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test_store.h"
#include "trivet_kv.h"

enum {
  WRITERS = 4,
  READERS = 3,
  BUCKETS = 5,
  ACCOUNTS = 30, /* in each bucket */
  BALANCE = 1000,
  RUN_MS = 1200,
  TRANSFERS_LEAST = 40
};

static const tv_bucket_options kinds[BUCKETS] = {
    {0},
    {.compression = TV_COMPRESS_LZ4},
    {.versioned = 1},
    {.ttl_ms = 3600000},
    {.compression = TV_COMPRESS_LZ4_HC, .versioned = 1, .ttl_ms = 3600000}};

typedef struct bank {
  tv_db *db;
  atomic_int stop, failed;
  atomic_long transfers, refused, looks;
} bank;

typedef struct clerk {
  bank *bank;
  uint64_t random;
  long amount;
} clerk;

static void bank_fail(bank *b, int status) {
  int none = TV_OK;
  atomic_compare_exchange_strong(&b->failed, &none, status);
  atomic_store(&b->stop, 1);
}

static int bank_bucket(tv_txn *txn, int kind, tv_bucket **out) {
  char name[16];
  snprintf(name, sizeof name, "kind%d", kind);
  return tv_kv_open(txn, name, TV_CREATE, &kinds[kind], out);
}

/* A balance with some text behind it, so that there is something to compress. */
static tv_slice balance_text(char *out, size_t size, long balance) {
  int n = snprintf(out, size, "%ld", balance);
  size_t pad = (size_t)(balance % 7) * 40;
  memset(out + n, ' ', pad);
  return tv_bytes(out, (size_t)n + pad);
}

static int balance_of(tv_slice value, long *balance) {
  char text[24];
  size_t n = value.size < sizeof text - 1 ? value.size : sizeof text - 1;
  if (n == 0) return TV_ECORRUPT;
  memcpy(text, value.data, n);
  text[n] = '\0';
  *balance = strtol(text, NULL, 10);
  return TV_OK;
}

/* ---- Transfers ---- */

/* Reads an account and writes it again, the way that its bucket's kind offers. */
static int account_change(tv_txn *txn, uint64_t draw, long amount) {
  int kind = (int)(draw % BUCKETS);
  char key[16], text[400], before[400];
  tv_bucket *bucket;
  tv_kv_entry entry = {0};
  long balance = 0;
  size_t size;
  int status = bank_bucket(txn, kind, &bucket);
  snprintf(key, sizeof key, "a%02d", (int)((draw >> 8) % ACCOUNTS));
  if (status == TV_OK) status = tv_kv_get_entry(bucket, tv_str(key), &entry);
  if (status == TV_OK) status = balance_of(entry.value, &balance);
  if (status != TV_OK) return status == TV_NOTFOUND ? TV_ECORRUPT : status;
  size = entry.value.size < sizeof before ? entry.value.size : sizeof before;
  memcpy(before, entry.value.data, size);
  if (balance + amount < 0) return TV_STOP; /* no credit */
  if (kind == 0 && draw >> 16 & 1 && size == (size_t)snprintf(text, sizeof text, "%ld", balance))
    return tv_kv_add(bucket, tv_str(key), amount, NULL);
  if (kinds[kind].versioned && draw >> 16 & 1)
    return tv_kv_put_version(bucket, tv_str(key), entry.version,
                             balance_text(text, sizeof text, balance + amount));
  if (draw >> 17 & 1)
    return tv_kv_put_equal(bucket, tv_str(key), tv_bytes(before, size),
                           balance_text(text, sizeof text, balance + amount));
  return tv_kv_put(bucket, tv_str(key), balance_text(text, sizeof text, balance + amount));
}

/* What comes and goes beside the accounts; its keys sort behind theirs. */
static int noise(tv_txn *txn, uint64_t draw) {
  tv_bucket *bucket;
  char key[16], value[64] = "brief";
  int kind = (int)(draw % BUCKETS), status = bank_bucket(txn, kind, &bucket);
  snprintf(key, sizeof key, "x%02d", (int)((draw >> 8) % 40));
  if (status != TV_OK) return status;
  switch (draw >> 16 & 7) {
    case 0:
    case 1:
      return tv_kv_put_ttl(bucket, tv_str(key), tv_bytes(value, draw >> 32 & 63), 1);
    case 2:
      return tv_kv_append(bucket, tv_str(key), tv_bytes(value, 5));
    case 3:
      return tv_kv_delete_range(bucket, (tv_range){tv_str("x1"), tv_str("x3")}, NULL);
    case 4:
      status = tv_kv_sweep(bucket, 10, NULL);
      return status == TV_END ? TV_OK : status;
    case 5:
      status = tv_kv_put_absent(bucket, tv_str(key), tv_bytes(value, 9));
      return status == TV_EXISTS ? TV_OK : status;
    case 6:
      status = tv_kv_delete(bucket, tv_str(key));
      return status == TV_NOTFOUND ? TV_OK : status;
    default:
      return tv_kv_put(bucket, tv_str(key), tv_bytes(value, 20));
  }
}

static int transfer(tv_txn *txn, void *ctx) {
  clerk *c = ctx;
  uint64_t draw = test_random(&c->random);
  int status = account_change(txn, test_random(&c->random), c->amount);
  if (status == TV_OK && draw % 5 == 0) status = noise(txn, test_random(&c->random));
  if (status == TV_OK && draw % 11 == 0) return TV_MISMATCH; /* half way: must leave no trace */
  if (status == TV_OK) status = account_change(txn, test_random(&c->random), -c->amount);
  if (status == TV_OK && draw % 7 == 0) status = noise(txn, test_random(&c->random));
  return status;
}

static void *clerk_main(void *arg) {
  clerk *c = arg;
  bank *b = c->bank;
  while (!atomic_load(&b->stop)) {
    int status;
    c->amount = (long)(test_random(&c->random) % 300);
    status = tv_db_write(b->db, transfer, c, NULL);
    if (status == TV_OK)
      atomic_fetch_add(&b->transfers, 1);
    else if (status == TV_MISMATCH || status == TV_STOP)
      atomic_fetch_add(&b->refused, 1);
    else
      bank_fail(b, status);
  }
  return NULL;
}

/* ---- Readers ---- */

/* Sums one bucket up: by a cursor, or by a get of each account. */
static int look_at_bucket(tv_txn *txn, int kind, int by_cursor, long *sum) {
  tv_kv_cursor *cursor;
  tv_bucket *bucket;
  tv_slice value;
  long balance = 0, accounts = 0;
  char name[16];
  int i, status;
  snprintf(name, sizeof name, "kind%d", kind);
  status = tv_kv_open(txn, name, by_cursor ? TV_KV_VERIFY_SCANS : 0, NULL, &bucket);
  if (status != TV_OK) return status;
  if (!by_cursor) {
    for (i = 0; i < ACCOUNTS && status == TV_OK; i++) {
      char key[16];
      snprintf(key, sizeof key, "a%02d", i);
      status = tv_kv_get(bucket, tv_str(key), &value);
      if (status == TV_OK) status = balance_of(value, &balance);
      *sum += balance;
    }
    return status;
  }
  status = tv_kv_cursor_open_prefix(bucket, tv_str("a"), &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_kv_cursor_next(cursor, NULL, &value)) == TV_OK) {
    status = balance_of(value, &balance);
    if (status != TV_OK) break;
    *sum += balance;
    accounts++;
  }
  tv_kv_cursor_close(cursor);
  if (status != TV_END) return status;
  return accounts == ACCOUNTS ? TV_OK : TV_ENOSTORE;
}

/* No entry is shown past its time. */
static int look_at_brief(tv_txn *txn, int kind) {
  tv_bucket *bucket;
  tv_kv_entry entry;
  char name[16], key[16];
  int i, status;
  snprintf(name, sizeof name, "kind%d", kind);
  status = tv_kv_open(txn, name, 0, NULL, &bucket);
  for (i = 0; i < 40 && status == TV_OK; i++) {
    snprintf(key, sizeof key, "x%02d", i);
    status = tv_kv_get_entry(bucket, tv_str(key), &entry);
    if (status == TV_OK && entry.expires != 0 && entry.expires <= tv_txn_now(txn))
      return TV_EINTR; /* stands for "expired" here */
    if (status == TV_NOTFOUND) status = TV_OK;
  }
  return status;
}

static int look(tv_txn *txn, int round) {
  long sum = 0;
  int kind, status = TV_OK;
  for (kind = 0; kind < BUCKETS && status == TV_OK; kind++) {
    status = look_at_bucket(txn, kind, (round + kind) % 2, &sum);
    if (status == TV_OK) status = look_at_brief(txn, kind);
  }
  if (status == TV_OK && sum != (long)BUCKETS * ACCOUNTS * BALANCE) status = TV_MISMATCH;
  return status;
}

static void *reader_main(void *arg) {
  bank *b = arg;
  int round;
  for (round = 0; !atomic_load(&b->stop); round++) {
    tv_txn *txn;
    int status = tv_begin(b->db, TV_READ, &txn, NULL);
    if (status == TV_OK) status = look(txn, round);
    if (status != TV_OK) bank_fail(b, status);
    tv_abort(txn);
    atomic_fetch_add(&b->looks, 1);
  }
  return NULL;
}

/* ---- The test ---- */

static int fund(tv_txn *txn, void *ctx) {
  char key[16], text[400];
  int kind, i, status = TV_OK;
  (void)ctx;
  for (kind = 0; kind < BUCKETS && status == TV_OK; kind++) {
    tv_bucket *bucket;
    status = bank_bucket(txn, kind, &bucket);
    for (i = 0; i < ACCOUNTS && status == TV_OK; i++) {
      snprintf(key, sizeof key, "a%02d", i);
      status = tv_kv_put(bucket, tv_str(key), balance_text(text, sizeof text, BALANCE));
    }
  }
  return status;
}

static void run_for_a_while(bank *b) {
  struct timespec pause = {0, 10000000};
  int i;
  for (i = 0; i < 3000 && !atomic_load(&b->stop); i++) {
    if (i * 10 >= RUN_MS && atomic_load(&b->transfers) >= TRANSFERS_LEAST &&
        atomic_load(&b->looks) >= TRANSFERS_LEAST)
      break;
    nanosleep(&pause, NULL);
  }
  atomic_store(&b->stop, 1);
}

static void money_is_neither_made_nor_lost(void **state) {
  static clerk clerks[WRITERS];
  pthread_t threads[WRITERS + READERS];
  char *folder = test_folder_make_fast(), path[4200];
  uint64_t seed = test_seed();
  tv_check_report report;
  bank b = {0};
  tv_txn *txn;
  int i;
  (void)state;
  test_path(path, sizeof path, folder, "bank.tv");
  b.db = test_open(path, 0);
  test_ok(tv_db_write(b.db, fund, NULL, NULL));
  for (i = 0; i < WRITERS; i++) {
    clerks[i] = (clerk){.bank = &b, .random = seed + (uint64_t)i};
    assert_int_equal(pthread_create(&threads[i], NULL, clerk_main, &clerks[i]), 0);
  }
  for (; i < WRITERS + READERS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, reader_main, &b), 0);
  run_for_a_while(&b);
  for (i = 0; i < WRITERS + READERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  test_ok(atomic_load(&b.failed));
  txn = test_begin(b.db, TV_READ);
  test_ok(look(txn, 0));
  test_ok(look(txn, 1));
  tv_abort(txn);
  print_message("%ld transfers, %ld refused, %ld looks\n", atomic_load(&b.transfers),
                atomic_load(&b.refused), atomic_load(&b.looks));
  assert_true(atomic_load(&b.transfers) >= TRANSFERS_LEAST && atomic_load(&b.refused) > 0);
  test_close(b.db);
  test_ok(tv_check_file(path, NULL, NULL, &report, NULL));
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(money_is_neither_made_nor_lost)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
