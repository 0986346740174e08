/* SPDX-License-Identifier: MIT */
/*
 * The catalogue's invariants: a readable format record, and each slot either spare and empty, or
 * named by exactly one entry. It is read record by record as the walk meets it, since the file is
 * not open; catalogue.c, which reads it through LMDB, describes the records.
 */
#include <stdio.h>
#include <string.h>

#include "check_internal.h"

#define CHECK_FORMAT_VERSION 1
#define CHECK_FORMAT_BYTES 28

struct tvi_check_catalogue {
  int has_format;
  tvi_buffer names;              /* catalogue keys, one after the other */
  uint8_t spares[TV_STORES_MAX]; /* how often a slot is called spare, and used; at most 2 */
  uint8_t entries[TV_STORES_MAX];
  uint32_t name_at[TV_STORES_MAX]; /* of its entry */
  uint16_t name_size[TV_STORES_MAX];
};

tvi_check_catalogue *tvi_check_catalogue_new(void) {
  return tvi_zalloc(sizeof(tvi_check_catalogue));
}

void tvi_check_catalogue_free(tvi_check_catalogue *catalogue) {
  if (catalogue != NULL) tvi_buffer_free(&catalogue->names);
  tvi_free(catalogue);
}

/* ---- Records ---- */

static int check_catalogue_format(tvi_check_catalogue *catalogue, tvi_check *check,
                                  tv_slice value) {
  const unsigned char *record = value.data;

  catalogue->has_format = 1;
  if (value.size < CHECK_FORMAT_BYTES || memcmp(record, "TRIVET\r\n", 8) != 0) {
    tvi_check_problem(check, "the catalogue: the format record is damaged");
    return TV_OK;
  }
  if (tvi_load_le32(record + 8) > CHECK_FORMAT_VERSION || tvi_load_le32(record + 12) != 0)
    return tvi_error_set(check->err, TV_EVERSION, 0,
                         "'%s' has format %u (features %#x); this library reads format %u",
                         check->source->path, tvi_load_le32(record + 8), tvi_load_le32(record + 12),
                         CHECK_FORMAT_VERSION);
  if (tvi_load_le32(record + 16) != check->source->page_bytes)
    tvi_check_problem(check, "the catalogue: the format record names another page size");
  return TV_OK;
}

static int check_key_is(tv_slice key, const char *text, size_t size) {
  return key.size >= size && memcmp(key.data, text, size) == 0;
}

static int check_catalogue_spare(tvi_check_catalogue *catalogue, tvi_check *check, tv_slice key) {
  unsigned slot = key.size == 8 ? tvi_load_be16((const char *)key.data + 6) : TV_STORES_MAX;
  if (slot >= TV_STORES_MAX) {
    tvi_check_problem(check, "the catalogue: a spare slot has an impossible number");
  } else if (catalogue->spares[slot] < 2) {
    catalogue->spares[slot]++;
  }
  return TV_OK;
}

static int check_catalogue_entry(tvi_check_catalogue *catalogue, tvi_check *check,
                                 const tvi_check_node *node) {
  unsigned entry = node->value.size >= 2 ? tvi_load_le16(node->value.data) : UINT16_MAX;
  unsigned slot = entry & TVI_ENTRY_SLOT;
  char shown[TVI_SHOW_BYTES];
  int status;

  if (node->key.size < 2 || slot >= TV_STORES_MAX ||
      (entry & ~(TVI_ENTRY_SLOT | TVI_ENTRY_LOGGED)) != 0) {
    tvi_check_problem(check, "the catalogue: the entry '%s' is damaged",
                      tvi_show(node->key, shown));
    return TV_OK;
  }
  if (catalogue->entries[slot]++ > 0) {
    catalogue->entries[slot] = 2;
    return TV_OK;
  }
  catalogue->name_at[slot] = (uint32_t)catalogue->names.size;
  catalogue->name_size[slot] = (uint16_t)node->key.size;
  status = tvi_buffer_append(&catalogue->names, node->key.data, node->key.size);
  if (status != TV_OK)
    return tvi_error_set(check->err, status, 0, "out of memory while checking '%s'",
                         check->source->path);
  return TV_OK;
}

int tvi_check_catalogue_visit(void *ctx, tvi_check *check, const tvi_check_node *node) {
  tvi_check_catalogue *catalogue = ctx;

  if (check_key_is(node->key, "\0format", 7))
    return check_catalogue_format(catalogue, check, node->value);
  if (check_key_is(node->key, "\0spare", 6))
    return check_catalogue_spare(catalogue, check, node->key);
  if (check_key_is(node->key, "\0generation", 11)) {
    if (node->value.size != 8) tvi_check_problem(check, "the catalogue: the generation is damaged");
    return TV_OK;
  }
  if (check_key_is(node->key, "\0", 1)) {
    tvi_check_problem(check, "the catalogue: it has a record of an unknown kind");
    return TV_OK;
  }
  return check_catalogue_entry(catalogue, check, node);
}

/* ---- Slots ---- */

/* The slot's number from its tree's name, "s" and four hexadecimal digits; else TV_STORES_MAX. */
static unsigned check_slot_number(tv_slice name) {
  const unsigned char *text = name.data;
  unsigned slot = 0;
  size_t at;

  if (name.size != 5 || text[0] != 's') return TV_STORES_MAX;
  for (at = 1; at < 5; at++) {
    unsigned digit;
    if (text[at] >= '0' && text[at] <= '9') {
      digit = text[at] - (unsigned)'0';
    } else if (text[at] >= 'a' && text[at] <= 'f') {
      digit = text[at] - (unsigned)'a' + 10;
    } else {
      return TV_STORES_MAX;
    }
    slot = slot << 4 | digit;
  }
  return slot < TV_STORES_MAX ? slot : TV_STORES_MAX;
}

void tvi_check_catalogue_judge(const tvi_check_catalogue *catalogue, tvi_check *check,
                               const tvi_check_stores *stores) {
  unsigned expected = 0, slot;
  size_t index;

  if (!catalogue->has_format) tvi_check_problem(check, "the catalogue: it has no format record");
  for (index = 0; index < stores->count; index++) {
    tvi_check_store store = tvi_check_stores_at(stores, index);
    tv_slice name = tvi_check_store_name(stores, &store);
    char shown[TVI_SHOW_BYTES];
    if (index == stores->catalogue) continue;
    slot = check_slot_number(name);
    if (slot != expected) {
      /* Slots are made one after the other: the first that is missing explains the others. */
      tvi_check_problem(check, "the main tree: slot %u is missing; '%s' comes next", expected,
                        tvi_show(name, shown));
      return;
    }
    expected++;
    if (catalogue->spares[slot] + catalogue->entries[slot] != 1) {
      tvi_check_problem(check, "the catalogue: slot %s is %s", tvi_show(name, shown),
                        catalogue->spares[slot] + catalogue->entries[slot] == 0
                            ? "neither named nor spare"
                            : "named more than once");
    } else if (catalogue->spares[slot] != 0 && store.tree.root != TVI_PAGE_NONE) {
      tvi_check_problem(check, "the catalogue: the spare slot %s is not empty",
                        tvi_show(name, shown));
    }
  }
  for (slot = expected; slot < TV_STORES_MAX; slot++) {
    if (catalogue->spares[slot] + catalogue->entries[slot] != 0)
      tvi_check_problem(check, "the catalogue: it names slot %u, which does not exist", slot);
  }
}

/* ---- Names for messages ---- */

static const char *check_kind_word(unsigned char kind) {
  switch (kind) {
    case TVI_KIND_STORE:
      return "store";
    case TVI_KIND_BUCKET:
      return "bucket";
    case TVI_KIND_GRAPH:
      return "graph";
    case TVI_KIND_SQL:
      return "SQL pages";
    case TVI_KIND_COLUMNAR:
      return "columnar table";
    case TVI_KIND_LOG:
      return "change log";
    default:
      return "store of an unknown kind";
  }
}

const char *tvi_check_catalogue_label(const tvi_check_catalogue *catalogue, tv_slice name,
                                      char buffer[TVI_CHECK_LABEL_BYTES]) {
  unsigned slot = check_slot_number(name);
  char shown[TVI_SHOW_BYTES], slot_shown[TVI_SHOW_BYTES];

  (void)tvi_show(name, slot_shown);
  if (slot < TV_STORES_MAX && catalogue->entries[slot] > 0) {
    const unsigned char *key = catalogue->names.data + catalogue->name_at[slot];
    size_t size = catalogue->name_size[slot], own = size, part;
    const unsigned char *end = memchr(key, 0, size);
    char part_shown[TVI_SHOW_BYTES];
    if (end != NULL) own = (size_t)(end - key);
    part = own < size ? size - own - 1 : 0;
    (void)tvi_show(tv_bytes(key + size - part, part), part_shown);
    (void)snprintf(buffer, TVI_CHECK_LABEL_BYTES, "%s '%s'%s%.16s (%.8s)", check_kind_word(key[0]),
                   tvi_show(tv_bytes(key + 1, own - 1), shown), part > 0 ? " " : "", part_shown,
                   slot_shown);
  } else {
    (void)snprintf(buffer, TVI_CHECK_LABEL_BYTES, "slot %s", slot_shown);
  }
  return buffer;
}
