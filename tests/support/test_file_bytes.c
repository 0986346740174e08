/* SPDX-License-Identifier: MIT */
#include "test_file_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

test_file_bytes test_file_read(const char *path) {
  test_file_bytes bytes = {NULL, 0};
  FILE *file = fopen(path, "rb");
  long size;
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  size = ftell(file);
  assert_true(size >= 0);
  rewind(file);
  bytes.size = (size_t)size;
  bytes.data = malloc(bytes.size > 0 ? bytes.size : 1);
  assert_non_null(bytes.data);
  assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
  fclose(file);
  return bytes;
}

void test_file_write(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static void sample_put(tv_store *store, unsigned number, size_t key_size, size_t value_size) {
  char key[TV_KEY_BYTES_MAX + 1], value[20000];
  int length = snprintf(key, sizeof key, "key%08u", number * 2654435761u % 100000000u);
  assert_true((size_t)length <= key_size && key_size < sizeof key && value_size <= sizeof value);
  memset(key + length, 'k', key_size - (size_t)length);
  memset(value, (int)('a' + number % 26), value_size);
  test_ok(tv_store_put(store, tv_bytes(key, key_size), tv_bytes(value, value_size), 0));
}

static void sample_fill(tv_db *db, const char *name, unsigned count, size_t key_size,
                        size_t value_size) {
  unsigned i;
  for (i = 0; i < count; i += 50) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_store *store;
    unsigned j;
    test_ok(tv_store_open(txn, name, TV_CREATE, &store));
    for (j = i; j < count && j < i + 50; j++) sample_put(store, j, key_size, value_size);
    test_commit(txn);
  }
}

static void sample_drop(tv_db *db, const char *name) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *store;
  test_ok(tv_store_open(txn, name, 0, &store));
  test_ok(tv_store_drop(store));
  test_commit(txn);
}

void test_sample_make(const char *path, size_t *large) {
  tv_options options = {.durability = TV_BULK, .flags = TV_OPEN_NEW};
  tv_error err = {0};
  tv_db *db = NULL;
  test_ok(tv_open(path, &options, &db, &err));
  sample_fill(db, "passing", 200, 20, 200);
  sample_fill(db, "deep", 160, 400, 10); /* nine keys a page: three levels */
  sample_fill(db, "wide", 300, 16, 60);
  sample_fill(db, "large", 9, 16, 9000);
  sample_fill(db, "one", 1, 16, 1);
  sample_fill(db, "empty", 1, 16, 1);
  sample_drop(db, "passing");
  sample_fill(db, "last", 40, 16, 20000); /* at the end of the file ... */
  sample_drop(db, "last");                /* ... and free again */
  sample_fill(db, "one", 1, 16, 2);
  test_ok(tv_close(db, &err));
  *large = 9;
}

static int read_entry(void *ctx, size_t range, tv_slice key, tv_slice value) {
  uint64_t *entries = ctx;
  volatile unsigned char sum = 0;
  size_t i;
  (void)range;
  for (i = 0; i < key.size; i++) sum = (unsigned char)(sum + ((const unsigned char *)key.data)[i]);
  for (i = 0; i < value.size; i++)
    sum = (unsigned char)(sum + ((const unsigned char *)value.data)[i]);
  ++*entries;
  return 0;
}

typedef struct read_names {
  char names[64][TV_NAME_BYTES_MAX + 1];
  size_t count;
} read_names;

static int read_name(void *ctx, tv_slice name) {
  read_names *all = ctx;
  if (all->count == 64 || name.size > TV_NAME_BYTES_MAX) return 1;
  memcpy(all->names[all->count], name.data, name.size);
  all->names[all->count++][name.size] = '\0';
  return 0;
}

int test_read_all(tv_db *db, uint64_t *entries) {
  static const tv_range everything = {{NULL, 0}, {NULL, 0}};
  read_names all = {.count = 0};
  tv_error err = {0};
  tv_txn *txn;
  size_t i;
  int status = tv_begin(db, TV_READ, &txn, &err);
  *entries = 0;
  if (status != TV_OK) return status;
  status = tv_store_list(txn, read_name, &all);
  for (i = 0; status == TV_OK && i < all.count; i++) {
    tv_store *store;
    status = tv_store_open(txn, all.names[i], 0, &store);
    if (status == TV_OK) status = tv_store_scan_many(store, 1, &everything, read_entry, entries);
  }
  tv_abort(txn);
  return status;
}
