/* SPDX-License-Identifier: MIT */
/*
 * Power loss, simulated. All writes and syncs of a run are recorded. An image of the disk after a
 * loss of power holds everything up to a sync, and of what came after it any subset of 512-byte
 * sectors, in any order: single sectors of one write may be there or not. Every image must open, be
 * sound, and hold exactly the state of a commit no older than the last acknowledged one.
 *
 * TV_TEST_IMAGES sets how many images are tried; 20,000, and a tenth of it under a sanitizer.
 */
#include "test_store.h"

#include <stdio.h>

#include "io_faults.h"

enum { COMMITS = 60, KEYS = 50, SECTOR = 512 };

static char *folder;
static char path[4200], image_path[4200];
static int model[COMMITS + 1][KEYS];     /* value of each key after each commit; 0: absent */
static size_t acknowledged[COMMITS + 1]; /* number of events when commit n returned */

typedef struct image {
  unsigned char *bytes;
  size_t size, capacity;
} image;

static void image_apply(image *disk, off_t offset, const unsigned char *bytes, size_t size) {
  size_t end = (size_t)offset + size;
  if (end > disk->capacity) {
    disk->capacity = end * 2;
    disk->bytes = realloc(disk->bytes, disk->capacity);
    assert_non_null(disk->bytes);
  }
  if (end > disk->size) memset(disk->bytes + disk->size, 0, end - disk->size);
  if (end > disk->size) disk->size = end;
  memcpy(disk->bytes + offset, bytes, size);
}

static void image_apply_sectors(image *disk, const io_event *event, uint64_t *random, int share) {
  size_t at = 0;
  while (at < event->size) {
    size_t sector_end = SECTOR - ((size_t)event->offset + at) % SECTOR;
    size_t size = sector_end < event->size - at ? sector_end : event->size - at;
    if ((int)(test_random(random) % 100) < share)
      image_apply(disk, event->offset + (off_t)at, event->bytes + at, size);
    at += size;
  }
}

/* One commit of several random changes, and what it leaves in the model. */
static void commit_random(tv_db *db, int n, uint64_t *random) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  int i, changes = 1 + (int)(test_random(random) % 8);
  memcpy(model[n], model[n - 1], sizeof model[n]);
  test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
  for (i = 0; i < changes; i++) {
    int k = (int)(test_random(random) % KEYS);
    char key[16], value[6000];
    size_t size = 4 + test_random(random) % (test_random(random) % 4 == 0 ? 5000 : 200);
    snprintf(key, sizeof key, "key%03d", k);
    if (model[n][k] != 0 && test_random(random) % 3 == 0) {
      test_ok(tv_store_delete(s, tv_str(key)));
      model[n][k] = 0;
      continue;
    }
    memset(value, n, size);
    memcpy(value, &n, sizeof n);
    test_ok(tv_store_put(s, tv_str(key), tv_bytes(value, size), 0));
    model[n][k] = n;
  }
  test_commit(txn);
}

static int model_matches(tv_store *s, int n) {
  int k;
  for (k = 0; k < KEYS; k++) {
    char key[16];
    tv_slice value;
    int found = 0, status;
    snprintf(key, sizeof key, "key%03d", k);
    status = tv_store_get(s, tv_str(key), &value);
    if (status == TV_OK) memcpy(&found, value.data, sizeof found);
    if (found != model[n][k]) return 0;
  }
  return 1;
}

/* Opens an image and finds which commit's state it holds. */
static void image_check(const image *disk, int least, int most) {
  char lock[4300];
  tv_check_report report;
  tv_error err = {0};
  tv_db *db = NULL;
  tv_txn *txn;
  tv_store *s;
  int fd, n, status;
  snprintf(lock, sizeof lock, "%s-lock", image_path);
  unlink(lock);
  fd = open(image_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, disk->bytes, disk->size), disk->size);
  close(fd);
  status = tv_check_file(image_path, NULL, NULL, &report, &err);
  if (status != TV_OK && strstr(err.message, "the older meta page") == NULL)
    fail_msg("check: %s", err.message);
  if (tv_open(image_path, NULL, &db, &err) != TV_OK) fail_msg("open: %s", err.message);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "s", 0, &s));
  for (n = least; n <= most && !model_matches(s, n); n++) continue;
  if (n > most) fail_msg("the image holds no state between commits %d and %d", least, most);
  tv_abort(txn);
  test_close(db);
}

static int last_acknowledged(size_t events) {
  int n = COMMITS;
  while (acknowledged[n] > events) n--;
  return n;
}

/*
 * The image after the first `cut` events: everything before the last sync among them is there; of
 * the rest, and of a write that was under way, a random subset of sectors.
 */
static void image_build(image *disk, size_t start, size_t cut, uint64_t *random) {
  size_t i, synced = start;
  int share = (int)(test_random(random) % 101);
  for (i = start; i < cut; i++)
    if (io.events[i].kind == IO_SYNC) synced = i;
  for (i = start; i < synced; i++)
    if (io.events[i].kind == IO_WRITE)
      image_apply(disk, io.events[i].offset, io.events[i].bytes, io.events[i].size);
  for (; i < cut; i++) {
    if (io.events[i].kind != IO_WRITE) continue;
    if (io.events[i].durable)
      image_apply(disk, io.events[i].offset, io.events[i].bytes, io.events[i].size);
    else
      image_apply_sectors(disk, &io.events[i], random, share);
  }
  if (cut < io.count && io.events[cut].kind == IO_WRITE)
    image_apply_sectors(disk, &io.events[cut], random, share);
}

static void read_file(const char *name, image *disk) {
  unsigned char block[4096];
  ssize_t n;
  int fd = open(name, O_RDONLY);
  assert_true(fd >= 0);
  while ((n = read(fd, block, sizeof block)) > 0)
    image_apply(disk, (off_t)disk->size, block, (size_t)n);
  close(fd);
}

static void every_image_after_a_power_loss_holds_a_commit(void **state) {
  const char *wish = getenv("TV_TEST_IMAGES");
  const char *flavour = getenv("TV_FLAVOUR");
  long images = flavour == NULL || strcmp(flavour, "release") == 0 ? 20000 : 2000, i;
  uint64_t random = test_seed();
  image before = {0}, disk = {0};
  tv_db *db = test_open(path, 0);
  int n;
  (void)state;
  if (wish != NULL) images = atol(wish);
  commit_random(db, 1, &random);
  io_watch(path);
  read_file(path, &before); /* durable: TV_SYNC */
  io.recording = 1;
  for (n = 2; n <= COMMITS; n++) {
    commit_random(db, n, &random);
    acknowledged[n] = io.count;
  }
  io.recording = 0;
  test_close(db);
  io.watching = 0;
  assert_true(io.count > COMMITS * 3u);
  for (i = 0; i < images; i++) {
    size_t cut = test_random(&random) % (io.count + 1);
    int least;
    disk.size = 0;
    image_apply(&disk, 0, before.bytes, before.size);
    image_build(&disk, 0, cut, &random);
    least = last_acknowledged(cut);
    image_check(&disk, least < 1 ? 1 : least, least + 1 > COMMITS ? COMMITS : least + 1);
  }
  print_message("%ld images of %zu events\n", images, io.count);
  free(before.bytes);
  free(disk.bytes);
}

static int set_up(void **state) {
  (void)state;
  io.countdown = -1;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  test_path(image_path, sizeof image_path, folder, "image.tv");
  return 0;
}

static int tear_down(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < io.count; i++) free(io.events[i].bytes);
  free(io.events);
  test_folder_remove(folder);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
      every_image_after_a_power_loss_holds_a_commit, set_up, tear_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
