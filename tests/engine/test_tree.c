/* SPDX-License-Identifier: MIT */
/*
 * The engine's own descent through a tree, against LMDB's: a write transaction reads through LMDB,
 * a read transaction through the map, and both must find the same. Then the same reads over damaged
 * pages: any status will do but a crash.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_store.h"

enum { ROWS = 6000, LOOKS = 3000, MUTANTS = 300 };

/* Few long keys with common beginnings, many short ones: deep trees, uneven pages. */
static tv_slice random_key(uint64_t *random, unsigned char *room) {
  uint64_t r = test_random(random);
  size_t size = r % 16 == 0 ? 1 + (r >> 8) % 480 : 1 + (r >> 8) % 24, i;
  for (i = 0; i < size; i++) room[i] = (unsigned char)"aab\x00\xff"[test_random(random) % 5];
  return tv_bytes(room, size);
}

static void fill(tv_store *store, uint64_t *random) {
  static char value[20000];
  unsigned char room[480];
  int i;
  for (i = 0; i < ROWS; i++) {
    uint64_t r = test_random(random);
    size_t size = r % 32 == 0 ? (r >> 8) % sizeof value : (r >> 8) % 200;
    memset(value, (int)(r & 0xff), size);
    test_ok(tv_store_put(store, random_key(random, room), tv_bytes(value, size), 0));
  }
  for (i = 0; i < ROWS; i++) { /* sparse leaves, and some that went */
    int status = tv_store_delete(store, random_key(random, room));
    assert_true(status == TV_OK || status == TV_NOTFOUND);
  }
}

static void same_slice(tv_slice a, tv_slice b) {
  assert_int_equal(a.size, b.size);
  if (a.size > 0) assert_memory_equal(a.data, b.data, a.size);
}

static void same_row(int status_a, int status_b, const tv_slice *a, const tv_slice *b) {
  assert_int_equal(status_a, status_b);
  if (status_a != TV_OK) return;
  same_slice(a[0], b[0]);
  same_slice(a[1], b[1]);
}

static void same_answers(tv_store *read, tv_store *write, uint64_t *random) {
  tv_cursor *a, *b;
  tv_slice x[2], y[2];
  unsigned char room[480];
  int i, step;
  test_ok(tv_cursor_open(read, &a));
  test_ok(tv_cursor_open(write, &b));
  for (i = 0; i < LOOKS; i++) {
    tv_slice key = random_key(random, room);
    same_row(tv_store_get(read, key, &x[1]), tv_store_get(write, key, &y[1]), (x[0] = key, x),
             (y[0] = key, y));
    if (test_random(random) % 16 == 0) key.size = 0;
    if (i % 2 == 0)
      same_row(tv_cursor_seek(a, key, &x[0], &x[1]), tv_cursor_seek(b, key, &y[0], &y[1]), x, y);
    else
      same_row(tv_cursor_seek_before(a, key, &x[0], &x[1]),
               tv_cursor_seek_before(b, key, &y[0], &y[1]), x, y);
    for (step = (int)(test_random(random) % 40); step > 0; step--) {
      if (test_random(random) % 4 == 0)
        same_row(tv_cursor_prev(a, &x[0], &x[1]), tv_cursor_prev(b, &y[0], &y[1]), x, y);
      else
        same_row(tv_cursor_next(a, &x[0], &x[1]), tv_cursor_next(b, &y[0], &y[1]), x, y);
    }
  }
  same_row(tv_cursor_first(a, &x[0], &x[1]), tv_cursor_first(b, &y[0], &y[1]), x, y);
  do i = tv_cursor_next(a, &x[0], &x[1]), same_row(i, tv_cursor_next(b, &y[0], &y[1]), x, y);
  while (i == TV_OK);
  same_row(tv_cursor_last(a, &x[0], &x[1]), tv_cursor_last(b, &y[0], &y[1]), x, y);
  do i = tv_cursor_prev(a, &x[0], &x[1]), same_row(i, tv_cursor_prev(b, &y[0], &y[1]), x, y);
  while (i == TV_OK);
  tv_cursor_close(a);
  tv_cursor_close(b);
}

static tv_store *open_store(tv_txn *txn, unsigned flags) {
  tv_store *store;
  test_ok(tv_store_open(txn, "s", flags, &store));
  return store;
}

static void a_reader_finds_what_lmdb_finds(void **state) {
  uint64_t random = test_seed();
  tv_db *db = test_open_memory();
  int rounds;
  (void)state;
  for (rounds = 0; rounds < 4; rounds++) {
    tv_txn *write = test_begin(db, TV_WRITE), *read;
    fill(open_store(write, TV_CREATE), &random);
    test_commit(write);
    write = test_begin(db, TV_WRITE);
    read = test_begin(db, TV_READ);
    same_answers(open_store(read, 0), open_store(write, 0), &random);
    tv_abort(read);
    tv_abort(write);
  }
  test_close(db);
}

static void an_empty_store_has_no_rows(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_cursor *cursor;
  tv_slice key, value;
  tv_store *store;
  (void)state;
  (void)open_store(txn, TV_CREATE);
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  store = open_store(txn, 0);
  test_status(tv_store_get(store, tv_str("a"), &value), TV_NOTFOUND);
  test_ok(tv_cursor_open(store, &cursor));
  test_status(tv_cursor_first(cursor, &key, &value), TV_END);
  test_status(tv_cursor_last(cursor, &key, &value), TV_END);
  test_status(tv_cursor_seek(cursor, tv_str("a"), &key, &value), TV_END);
  test_status(tv_cursor_seek_before(cursor, tv_str("a"), &key, &value), TV_END);
  test_status(tv_cursor_next(cursor, &key, &value), TV_END);
  tv_cursor_close(cursor);
  tv_abort(txn);
  test_close(db);
}

/* ---- Damage ---- */

static volatile unsigned touched; /* so that no read is left out */

static unsigned look(tv_slice slice) {
  const unsigned char *bytes = slice.data;
  unsigned sum = 0;
  size_t i;
  for (i = 0; i < slice.size; i += 64) sum += bytes[i];
  return slice.size > 0 ? sum + bytes[slice.size - 1] : sum;
}

static int allowed(int status) {
  return status == TV_OK || status == TV_END || status == TV_NOTFOUND || status == TV_ECORRUPT;
}

/* Reads all that can be read; returns how often it was told of damage. */
static int read_damaged(tv_store *store, uint64_t *random) {
  tv_cursor *cursor;
  tv_slice key, value;
  unsigned char room[480];
  int i, status, told = 0, rows = 0;
  for (i = 0; i < 200; i++) {
    status = tv_store_get(store, random_key(random, room), &value);
    assert_true(allowed(status));
    told += status == TV_ECORRUPT;
    if (status == TV_OK) touched += look(value);
  }
  test_ok(tv_cursor_open(store, &cursor));
  /* Damage may make a tree that goes in circles: no walk is longer than the file allows. */
  status = tv_cursor_first(cursor, &key, &value);
  for (; status == TV_OK && rows < 4 * ROWS; rows++) {
    touched += look(key) + look(value);
    status = tv_cursor_next(cursor, &key, &value);
  }
  assert_true(allowed(status));
  told += status == TV_ECORRUPT;
  status = tv_cursor_seek(cursor, random_key(random, room), &key, &value);
  for (rows = 0; status == TV_OK && rows < 500; rows++)
    status = tv_cursor_prev(cursor, &key, &value);
  assert_true(allowed(status));
  tv_cursor_close(cursor);
  return told + (status == TV_ECORRUPT);
}

/* Damage of the file's pages behind LMDB's back, while it is open. */
static void damaged_pages_are_told_not_followed(void **state) {
  uint64_t random = test_seed();
  char *folder = test_folder_make_fast(), path[512];
  off_t page_bytes = (off_t)sysconf(_SC_PAGESIZE);
  struct stat file;
  tv_db *db;
  tv_txn *txn;
  int fd, i, told = 0;
  (void)state;
  test_path(path, sizeof path, folder, "a.tv");
  db = test_open(path, 0);
  txn = test_begin(db, TV_WRITE);
  fill(open_store(txn, TV_CREATE), &random);
  test_commit(txn);
  fd = open(path, O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0 && fstat(fd, &file) == 0);
  txn = test_begin(db, TV_READ);
  for (i = 0; i < MUTANTS; i++) {
    unsigned char before[64], after[64];
    /* Beyond the meta pages; often in a page's header and offsets. */
    off_t page = 2 + (off_t)(test_random(&random) % (uint64_t)(file.st_size / page_bytes - 2));
    off_t at = page * page_bytes +
               (off_t)(test_random(&random) % (uint64_t)(i % 2 == 0 ? 64 : page_bytes - 64));
    size_t k, size = 1 + test_random(&random) % 8;
    tv_store *store = open_store(txn, 0); /* before the damage: the catalogue is LMDB's to read */
    tv_slice value;
    (void)tv_store_get(store, tv_str("a"), &value);
    assert_int_equal(pread(fd, before, size, at), size);
    for (k = 0; k < size; k++) after[k] = (unsigned char)test_random(&random);
    assert_int_equal(pwrite(fd, after, size, at), size);
    told += read_damaged(store, &random);
    assert_int_equal(pwrite(fd, before, size, at), size);
  }
  tv_abort(txn);
  (void)close(fd);
  test_close(db);
  test_folder_remove(folder);
  print_message("%d mutants, told of damage %d times\n", (int)MUTANTS, told);
  assert_true(told > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reader_finds_what_lmdb_finds),
      cmocka_unit_test(an_empty_store_has_no_rows),
      cmocka_unit_test(damaged_pages_are_told_not_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
