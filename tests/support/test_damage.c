/* SPDX-License-Identifier: MIT */
#include "test_damage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

test_damage *test_damage_make(void) {
  test_damage *damage = calloc(1, sizeof *damage);
  tv_error err = {0};
  assert_non_null(damage);
  damage->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  damage->folder = test_folder_make_fast();
  test_path(damage->sample_path, sizeof damage->sample_path, damage->folder, "sample.tv");
  test_path(damage->path, sizeof damage->path, damage->folder, "check.tv");
  test_sample_make(damage->sample_path, &damage->large);
  damage->sample = test_file_read(damage->sample_path);
  test_ok(tv_check_file(damage->sample_path, NULL, NULL, &damage->sample_report, &err));
  damage->bytes.data = malloc(damage->sample.size);
  assert_non_null(damage->bytes.data);
  test_damage_fresh(damage);
  return damage;
}

void test_damage_free(test_damage *damage) {
  free(damage->sample.data);
  free(damage->bytes.data);
  test_folder_remove(damage->folder);
  free(damage);
}

void test_damage_fresh(test_damage *damage) {
  memcpy(damage->bytes.data, damage->sample.data, damage->sample.size);
  damage->bytes.size = damage->sample.size;
}

void test_damage_write(const test_damage *damage) {
  test_file_write(damage->path, damage->bytes.data, damage->bytes.size);
}

static void damage_collect(void *ctx, const char *sentence) {
  test_damage *damage = ctx;
  assert_true(damage->sentence_count < 100);
  snprintf(damage->sentences[damage->sentence_count++], sizeof damage->sentences[0], "%s",
           sentence);
}

int test_damage_check(test_damage *damage, tv_check_report *report, tv_error *err) {
  damage->sentence_count = 0;
  return tv_check_file(damage->path, damage_collect, damage, report, err);
}

static void damage_message(const tv_error *err, const char *part) {
  if (strstr(err->message, part) == NULL) print_error("message: %s\n", err->message);
  assert_non_null(strstr(err->message, part));
  assert_non_null(strstr(err->message, "check.tv"));
}

void test_damage_found(test_damage *damage, int expected, const char *part_of_message) {
  tv_check_report report;
  tv_error err = {0};
  test_damage_write(damage);
  test_status(test_damage_check(damage, &report, &err), expected);
  damage_message(&err, part_of_message);
  if (expected != TV_ECORRUPT && expected != TV_ETRUNCATED) return;
  assert_true(report.problems > 0);
  assert_int_equal(damage->sentence_count, report.problems < 100 ? report.problems : 100);
}

void test_damage_found_at_open(test_damage *damage, int expected, const char *part_of_message) {
  tv_error err = {0};
  tv_db *db = NULL;
  test_damage_write(damage);
  test_status(tvi_check_open(damage->path, damage->page_bytes, &err), expected);
  damage_message(&err, part_of_message);
  test_status(tv_open(damage->path, NULL, &db, &err), expected);
  assert_null(db);
}

unsigned char *test_damage_page(test_damage *damage, uint64_t number) {
  assert_true((number + 1) * damage->page_bytes <= damage->bytes.size);
  return damage->bytes.data + number * damage->page_bytes;
}

unsigned char *test_damage_meta(test_damage *damage) {
  const unsigned char *even = test_damage_page(damage, 0), *odd = test_damage_page(damage, 1);
  return test_damage_page(damage, tvi_meta_load(even).txn_id < tvi_meta_load(odd).txn_id);
}

uint64_t test_damage_main_root(test_damage *damage) {
  return tvi_meta_load(test_damage_meta(damage)).main_tree.root;
}

unsigned char *test_damage_tree(test_damage *damage, const char *name) {
  unsigned char *root = test_damage_page(damage, test_damage_main_root(damage));
  unsigned i, j;
  for (i = 0; i < tvi_page_nodes(root); i++) {
    unsigned char *leaf = root;
    if (tvi_page_flags(root) == TVI_PAGE_BRANCH)
      leaf = test_damage_page(damage, tvi_node_child(tvi_page_node(root, i)));
    for (j = 0; j < tvi_page_nodes(leaf); j++) {
      unsigned char *node = leaf + tvi_page_node_offset(leaf, j);
      if (tvi_node_key_size(node) == strlen(name) &&
          memcmp(tvi_node_key(node), name, strlen(name)) == 0)
        return node + TVI_NODE_HEADER_BYTES + strlen(name);
    }
  }
  fail_msg("there is no tree %s", name);
  return NULL;
}

unsigned char *test_damage_record(test_damage *damage, unsigned depth) {
  unsigned slot;
  for (slot = 0; slot < 40; slot++) {
    char name[16];
    snprintf(name, sizeof name, "s%04x", slot);
    if (tvi_tree_record_load(test_damage_tree(damage, name)).depth == depth)
      return test_damage_tree(damage, name);
  }
  fail_msg("there is no tree of depth %u", depth);
  return NULL;
}

unsigned char *test_damage_root(test_damage *damage, unsigned depth) {
  return test_damage_page(damage, tvi_tree_record_load(test_damage_record(damage, depth)).root);
}
