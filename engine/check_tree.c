/* SPDX-License-Identifier: MIT */
/*
 * Walks one tree, page by page in key order, with the path from the root on an explicit stack of
 * page buffers. The keys of a page must lie between the two separators around it in the pages
 * above, which proves the order across pages without remembering any leaf. Each page is reached
 * once, so the walk ends on every input. Rejected: one pass over the file in page order; it is
 * faster on a disk, but cannot tell a page in use from one that was freed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check_internal.h"

#define CHECK_REPORTS_MAX 100

/* ---- State ---- */

int tvi_check_begin(tvi_check *check, const tvi_check_source *source, int whole, tv_error *err) {
  size_t page_bytes = source->page_bytes;

  *check = (tvi_check){.source = source, .err = err, .visits_left = source->file_pages};
  check->pages = tvi_alloc(TVI_TREE_DEPTH_MAX * page_bytes + page_bytes / 2);
  if (whole) check->seen = tvi_zalloc((size_t)(source->meta.last_page / 8 + 1));
  if (check->pages == NULL || (whole && check->seen == NULL)) {
    tvi_check_end(check);
    return tvi_error_set(err, TV_ENOMEM, 0, "out of memory while checking '%s'", source->path);
  }
  if (whole) check->seen[0] = 3; /* the meta pages */
  check->pages_seen = TVI_PAGE_FIRST;
  return TV_OK;
}

void tvi_check_end(tvi_check *check) {
  tvi_free(check->pages);
  tvi_free(check->seen);
  tvi_buffer_free(&check->value);
  check->pages = check->seen = NULL;
}

void tvi_check_problem(tvi_check *check, const char *format, ...) {
  char sentence[sizeof check->first];
  tv_error clean;
  va_list arguments;

  check->problems++;
  if (check->problems > CHECK_REPORTS_MAX) return;
  va_start(arguments, format);
  if (vsnprintf(sentence, sizeof sentence, format, arguments) < 0) sentence[0] = '\0';
  va_end(arguments);
  (void)tvi_error_set(&clean, TV_ECORRUPT, 0, "%s", sentence); /* makes it UTF-8 */
  if (check->problems == 1) memcpy(check->first, clean.message, sizeof check->first);
  if (check->hooks != NULL && check->hooks->report != NULL)
    check->hooks->report(check->hooks->ctx, clean.message);
}

int tvi_check_reach(tvi_check *check, uint64_t page_number, uint64_t count) {
  uint64_t last = check->source->meta.last_page, page;

  if (page_number < TVI_PAGE_FIRST || page_number > last || count > last - page_number + 1) {
    tvi_check_problem(check, "%s: page %llu is no page of the file", check->label,
                      (unsigned long long)page_number);
    return 0;
  }
  if (page_number + count > check->source->file_pages) {
    check->truncated = 1;
    tvi_check_problem(check, "%s: page %llu lies behind the end of the file", check->label,
                      (unsigned long long)page_number);
    return 0;
  }
  if (check->seen == NULL) {
    if (check->visits_left < count) {
      tvi_check_problem(check, "%s: more pages than the file has", check->label);
      return 0;
    }
    check->visits_left -= count;
    return 1;
  }
  for (page = page_number; page < page_number + count; page++) {
    unsigned char bit = (unsigned char)(1u << page % 8);
    if ((check->seen[page / 8] & bit) != 0) {
      tvi_check_problem(check, "%s: page %llu is in use twice", check->label,
                        (unsigned long long)page);
      return 0;
    }
    check->seen[page / 8] |= bit;
    check->pages_seen++;
  }
  return 1;
}

int tvi_check_read_page(tvi_check *check, uint64_t page_number, unsigned node_flags,
                        unsigned char *to, int *sound) {
  size_t page_bytes = check->source->page_bytes;
  const char *reason;
  int status =
      tvi_check_source_pread(check->source, to, page_bytes, page_number * page_bytes, check->err);

  *sound = 0;
  if (status == TV_END) {
    check->truncated = 1;
    tvi_check_problem(check, "%s: page %llu lies behind the end of the file", check->label,
                      (unsigned long long)page_number);
    return TV_OK;
  }
  if (status != TV_OK) return status;
  reason = tvi_check_page(to, page_bytes, page_number, node_flags,
                          check->pages + TVI_TREE_DEPTH_MAX * page_bytes);
  if (reason != NULL) {
    tvi_check_problem(check, "%s: page %llu is damaged: %s", check->label,
                      (unsigned long long)page_number, reason);
  } else {
    *sound = 1;
  }
  return TV_OK;
}

/* ---- The walk ---- */

/* A branch page on the path. Bounds point into the pages above; data NULL: none. */
typedef struct check_frame {
  const unsigned char *page;
  unsigned next; /* the child to go to */
  tv_slice low;  /* keys are not less ... */
  tv_slice high; /* ... and less than that */
} check_frame;

typedef struct check_walk {
  tvi_check *check;
  const tvi_tree_record *tree;
  const tvi_check_visitor *visitor;
  int integer_keys;
  unsigned height; /* frames in use */
  uint64_t branch_pages, leaf_pages, overflow_pages, entries;
  check_frame frames[TVI_TREE_DEPTH_MAX];
} check_walk;

static tv_slice check_walk_key(const unsigned char *node) {
  return tv_bytes(tvi_node_key(node), tvi_node_key_size(node));
}

static int check_walk_compare(const check_walk *walk, tv_slice a, tv_slice b) {
  size_t shorter = a.size < b.size ? a.size : b.size;
  int order;
  if (walk->integer_keys) {
    uint64_t x = tvi_load_le64(a.data), y = tvi_load_le64(b.data);
    return (x > y) - (x < y);
  }
  order = memcmp(a.data, b.data, shorter);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* What is wrong with the order of a sound page's keys; NULL: nothing. */
static const char *check_walk_order(const check_walk *walk, const unsigned char *page, tv_slice low,
                                    tv_slice high) {
  unsigned index = tvi_page_flags(page) == TVI_PAGE_BRANCH; /* its first key says nothing */
  unsigned count = tvi_page_nodes(page);
  int inclusive = index == 0; /* a leaf may hold the separator itself, a branch's next is greater */
  tv_slice before = low;

  for (; index < count; index++) {
    tv_slice key = check_walk_key(tvi_page_node(page, index));
    if (walk->integer_keys && key.size != 8) return "a key has the wrong size";
    if (before.data != NULL) {
      int order = check_walk_compare(walk, before, key);
      if (order > 0 || (order == 0 && !inclusive)) return "its keys are out of order";
    }
    before = key;
    inclusive = 0;
  }
  if (high.data != NULL && before.data != NULL && check_walk_compare(walk, before, high) >= 0)
    return "its keys belong to a later page";
  return NULL;
}

/* A value in overflow pages: checks its run, reads it when it is wanted. *value.data NULL: not. */
static int check_walk_large(check_walk *walk, const unsigned char *node, tv_slice *value,
                            int *sound) {
  tvi_check *check = walk->check;
  const tvi_check_source *source = check->source;
  uint64_t page = tvi_load_le64(tvi_node_value(node));
  size_t size = tvi_node_value_size(node);
  unsigned char header[TVI_PAGE_HEADER_BYTES];
  uint64_t run;
  int status;

  *value = tv_bytes(NULL, size);
  *sound = 0;
  if (!tvi_check_reach(check, page, 1)) return TV_OK;
  status =
      tvi_check_source_pread(source, header, sizeof header, page * source->page_bytes, check->err);
  if (status != TV_OK && status != TV_END) return status;
  run = tvi_page_run(header);
  if (status == TV_END || tvi_page_number(header) != page ||
      tvi_page_flags(header) != TVI_PAGE_OVERFLOW ||
      run < tvi_overflow_pages(size, source->page_bytes)) {
    tvi_check_problem(check, "%s: page %llu is damaged: it is not the start of a large value",
                      check->label, (unsigned long long)page);
    return TV_OK;
  }
  if (run > 1 && !tvi_check_reach(check, page + 1, run - 1)) return TV_OK;
  walk->overflow_pages += run;
  *sound = 1;
  if (!walk->visitor->large_values) return TV_OK;
  status = tvi_buffer_reserve(&check->value, size > 0 ? size : 1);
  if (status != TV_OK)
    return tvi_error_set(check->err, status, 0, "out of memory for a value of %zu bytes", size);
  status = tvi_check_source_pread(source, check->value.data, size,
                                  page * source->page_bytes + TVI_PAGE_HEADER_BYTES, check->err);
  if (status == TV_END) {
    tvi_check_problem(check, "%s: page %llu lies behind the end of the file", check->label,
                      (unsigned long long)page);
    *sound = 0;
    return TV_OK;
  }
  *value = tv_bytes(check->value.data, size);
  return status;
}

static int check_walk_leaf(check_walk *walk, const unsigned char *page) {
  unsigned index, count = tvi_page_nodes(page);
  int status = TV_OK;

  walk->leaf_pages++;
  for (index = 0; index < count && status == TV_OK; index++) {
    const unsigned char *bytes = tvi_page_node(page, index);
    tvi_check_node node = {tvi_node_flags(bytes), check_walk_key(bytes), {NULL, 0}};
    int sound = 1;
    walk->entries++;
    if ((node.flags & TVI_NODE_BIG) != 0) {
      status = check_walk_large(walk, bytes, &node.value, &sound);
    } else {
      node.value = tv_bytes(tvi_node_value(bytes), tvi_node_value_size(bytes));
    }
    if (status == TV_OK && sound && walk->visitor->visit != NULL)
      status = walk->visitor->visit(walk->visitor->ctx, walk->check, &node);
  }
  return status;
}

/* Reads a page, `height` levels below the root; a branch goes on the stack, a leaf is finished. */
static int check_walk_enter(check_walk *walk, uint64_t number, tv_slice low, tv_slice high) {
  tvi_check *check = walk->check;
  unsigned char *page = check->pages + walk->height * check->source->page_bytes;
  unsigned level = walk->height + 1;
  const char *reason = NULL;
  int is_leaf, sound, status;

  if (!tvi_check_reach(check, number, 1)) return TV_OK;
  status = tvi_check_read_page(check, number, walk->visitor->node_flags, page, &sound);
  if (status != TV_OK || !sound) return status;
  is_leaf = tvi_page_flags(page) == TVI_PAGE_LEAF;
  if (is_leaf != (level == walk->tree->depth)) {
    reason = is_leaf ? "it is a leaf too near to the root" : "it is a branch where leaves are";
  } else if (!is_leaf && !walk->integer_keys && tvi_page_nodes(page) < 2) {
    reason = "it is a branch with a single child"; /* LMDB ends the process over that */
  } else {
    reason = check_walk_order(walk, page, low, high);
  }
  if (reason != NULL) {
    tvi_check_problem(check, "%s: page %llu is damaged: %s", check->label,
                      (unsigned long long)number, reason);
    return TV_OK;
  }
  if (is_leaf) return check_walk_leaf(walk, page);
  walk->branch_pages++;
  walk->frames[walk->height++] = (check_frame){.page = page, .low = low, .high = high};
  return TV_OK;
}

static void check_walk_counts(const check_walk *walk) {
  const tvi_tree_record *tree = walk->tree;
  tvi_check *check = walk->check;

  if (walk->entries != tree->entries)
    tvi_check_problem(check, "%s: it has %llu entries and is said to have %llu", check->label,
                      (unsigned long long)walk->entries, (unsigned long long)tree->entries);
  if (walk->branch_pages != tree->branch_pages || walk->leaf_pages != tree->leaf_pages ||
      walk->overflow_pages != tree->overflow_pages)
    tvi_check_problem(check, "%s: its numbers of pages are not those of its record", check->label);
}

int tvi_check_tree(tvi_check *check, const char *label, const tvi_tree_record *tree,
                   const tvi_check_visitor *visitor) {
  check_walk walk = {.check = check, .tree = tree, .visitor = visitor};
  uint64_t problems = check->problems;
  const char *reason = tvi_check_tree_record(tree, check->source->meta.last_page);
  tv_slice none = {NULL, 0};
  int status;

  check->label = label;
  walk.integer_keys = (tree->flags & TVI_TREE_INTEGER_KEYS) != 0;
  if (reason != NULL) tvi_check_problem(check, "%s: its record is damaged: %s", label, reason);
  if (reason != NULL || tree->root == TVI_PAGE_NONE) return TV_OK;
  status = check_walk_enter(&walk, tree->root, none, none);
  while (status == TV_OK && walk.height > 0) {
    check_frame *frame = &walk.frames[walk.height - 1];
    unsigned count = tvi_page_nodes(frame->page), at = frame->next++;
    if (at == count) {
      walk.height--;
      continue;
    }
    status = check_walk_enter(
        &walk, tvi_node_child(tvi_page_node(frame->page, at)),
        at == 0 ? frame->low : check_walk_key(tvi_page_node(frame->page, at)),
        at + 1 == count ? frame->high : check_walk_key(tvi_page_node(frame->page, at + 1)));
  }
  /* Counts that differ because of a damaged page would only say the same again. */
  if (status == TV_OK && check->problems == problems) check_walk_counts(&walk);
  check->entries += walk.entries;
  return status;
}
