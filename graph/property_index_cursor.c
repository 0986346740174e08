/* SPDX-License-Identifier: MIT */
/*
 * Reading indexes: a range of values becomes a range of keys, and only entries of cut texts that
 * meet a bound are compared with the record. Rejected: comparing every entry with its record, which
 * makes a range of numbers a look-up for each match.
 */
#include <string.h>

#include "property_index_internal.h"

/* A bound: the key of its value without an id. */
typedef struct index_bound {
  int given;
  int open;       /* entries equal to it are not in the range */
  tv_value value; /* points into the cursor's copy */
  tvi_index_key key;
  size_t prefix;
} index_bound;

struct tv_index_cursor {
  tv_graph *graph;
  uint64_t epoch;
  tvi_index_def def;
  tv_cursor *cursor;
  index_bound from, to;
  int descending, begun, ended;
  unsigned char low[TVI_INDEX_KEY_BYTES_MAX + 1], high[TVI_INDEX_KEY_BYTES_MAX + 1];
  size_t low_size, high_size; /* keys are at or above low and below high */
  unsigned char *copies;      /* the bytes of the bounds' values */
};

static int index_bound_take(tv_graph *graph, tv_index_cursor *cursor, index_bound *bound,
                            const tv_value *value, int open, size_t *used) {
  if (value == NULL) return TV_OK;
  if (tvi_order_kind(value) == 0)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "null is no bound of a range");
  bound->given = 1;
  bound->open = open;
  bound->value = *value;
  if (value->type == TV_TEXT || value->type == TV_BLOB) {
    if (value->as.bytes.size != 0)
      memcpy(cursor->copies + *used, value->as.bytes.data, value->as.bytes.size);
    bound->value.as.bytes.data = cursor->copies + *used;
    *used += value->as.bytes.size;
  }
  tvi_index_key_put(&bound->key, cursor->def.number, &bound->value, 0);
  bound->prefix = bound->key.size - TVI_INDEX_ID_BYTES;
  return TV_OK;
}

/* The least key behind all entries that begin with the bound's. */
static size_t index_behind(const index_bound *bound,
                           unsigned char key[TVI_INDEX_KEY_BYTES_MAX + 1]) {
  memcpy(key, bound->key.bytes, bound->prefix);
  memset(key + bound->prefix, 0xff, TVI_INDEX_ID_BYTES);
  key[bound->prefix + TVI_INDEX_ID_BYTES] = 0;
  return bound->prefix + TVI_INDEX_ID_BYTES + 1;
}

/* Turns the bounds into keys. Entries equal to a cut one are all within and are asked singly. */
static void index_place(tv_index_cursor *cursor) {
  const index_bound *from = &cursor->from, *to = &cursor->to;
  uint32_t number = cursor->def.number;
  tvi_store_be16(cursor->low, (uint16_t)number);
  tvi_store_be16(cursor->high, (uint16_t)(number + 1));
  cursor->low_size = cursor->high_size = 2;
  if (from->given || to->given) {
    int kind = tvi_order_kind(from->given ? &from->value : &to->value);
    tvi_store_be16(cursor->high, (uint16_t)number);
    cursor->low[cursor->low_size++] = (unsigned char)kind;
    cursor->high[cursor->high_size++] = (unsigned char)(kind + 1);
  }
  if (from->given && from->open && !from->key.cut) {
    cursor->low_size = index_behind(from, cursor->low);
  } else if (from->given) {
    memcpy(cursor->low, from->key.bytes, from->prefix);
    cursor->low_size = from->prefix;
  }
  if (to->given && to->open && !to->key.cut) {
    memcpy(cursor->high, to->key.bytes, to->prefix);
    cursor->high_size = to->prefix;
  } else if (to->given) {
    cursor->high_size = index_behind(to, cursor->high);
  }
}

static size_t index_copy_bytes(const tv_value *value) {
  return value != NULL && (value->type == TV_TEXT || value->type == TV_BLOB) ? value->as.bytes.size
                                                                             : 0;
}

static int index_cursor_range(tv_index_cursor *cursor, const tv_index_range *range) {
  static const tv_index_range all = {NULL, NULL, 0, 0, 0};
  tv_graph *graph = cursor->graph;
  size_t bytes, used = 0;
  int status = TV_OK;
  if (range == NULL) range = &all;
  if (range->from != NULL) status = tvi_value_check(graph, "from", range->from);
  if (status == TV_OK && range->to != NULL) status = tvi_value_check(graph, "to", range->to);
  if (status != TV_OK) return status;
  bytes = index_copy_bytes(range->from) + index_copy_bytes(range->to);
  if (bytes != 0 && (cursor->copies = tvi_alloc(bytes)) == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the bounds of a range");
  status = index_bound_take(graph, cursor, &cursor->from, range->from, range->from_open, &used);
  if (status == TV_OK)
    status = index_bound_take(graph, cursor, &cursor->to, range->to, range->to_open, &used);
  if (status == TV_OK && cursor->from.given && cursor->to.given &&
      tvi_order_kind(&cursor->from.value) != tvi_order_kind(&cursor->to.value))
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "the bounds of a range are of two kinds");
  cursor->descending = range->descending;
  if (status == TV_OK) index_place(cursor);
  return status;
}

int tv_index_cursor_open(tv_graph *graph, const tv_index *index, const tv_index_range *range,
                         tv_index_cursor **out) {
  tv_index_cursor *cursor;
  tvi_index_def def;
  tv_store *entries;
  int status = tvi_graph_enter(graph);
  *out = NULL;
  if (status == TV_OK) status = tvi_index_find(graph, index, &def);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &entries);
  if (status != TV_OK) return status;
  cursor = tvi_zalloc(sizeof *cursor);
  if (cursor == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a cursor of an index");
  cursor->graph = graph;
  cursor->epoch = graph->epoch;
  cursor->def = def;
  status = index_cursor_range(cursor, range);
  if (status == TV_OK) status = tv_cursor_open(entries, &cursor->cursor);
  if (status == TV_OK)
    *out = cursor;
  else
    tv_index_cursor_close(cursor);
  return status;
}

void tv_index_cursor_close(tv_index_cursor *cursor) {
  if (cursor == NULL) return;
  if (cursor->cursor != NULL) tv_cursor_close(cursor->cursor);
  tvi_free(cursor->copies);
  tvi_free(cursor);
}

/* Moves to the next entry in the range, whatever it says. */
static int index_cursor_step(tv_index_cursor *cursor, tv_slice *key) {
  tv_slice low = tv_bytes(cursor->low, cursor->low_size);
  tv_slice high = tv_bytes(cursor->high, cursor->high_size);
  tv_slice bound = cursor->descending ? low : high;
  size_t least;
  int status, order;
  if (cursor->begun)
    status = cursor->descending ? tv_cursor_prev(cursor->cursor, key, NULL)
                                : tv_cursor_next(cursor->cursor, key, NULL);
  else
    status = cursor->descending ? tv_cursor_seek_before(cursor->cursor, high, key, NULL)
                                : tv_cursor_seek(cursor->cursor, low, key, NULL);
  cursor->begun = 1;
  if (status != TV_OK) return status;
  least = key->size < bound.size ? key->size : bound.size;
  order = memcmp(key->data, bound.data, least);
  if (order == 0) order = key->size < bound.size ? -1 : key->size > bound.size;
  return (order < 0) == !cursor->descending ? TV_OK : TV_END;
}

/* Whether an entry meets a bound where the entry's key alone cannot tell. */
static int index_meets(const index_bound *bound, tv_slice key) {
  return bound->given && bound->key.cut && key.size == bound->key.size &&
         memcmp(key.data, bound->key.bytes, bound->prefix) == 0;
}

/* Compares the value in the record with a bound. sign 1: it must be above; -1: below. */
static int index_within(const index_bound *bound, const tv_value *value, int sign) {
  int order;
  if (tv_value_compare(value, &bound->value, &order) != TV_OK) return 0;
  return order == 0 ? !bound->open : order == sign;
}

static int index_entry_accept(tv_index_cursor *cursor, tv_slice key, uint64_t id, int *accept) {
  tv_graph *graph = cursor->graph;
  int from = index_meets(&cursor->from, key), to = index_meets(&cursor->to, key), gone;
  tv_value value;
  int status = tvi_index_gone(graph, &cursor->def, id, &gone);
  *accept = status == TV_OK && !gone;
  if (!*accept || (!from && !to)) return status;
  status = tvi_index_value(graph, &cursor->def, id, &value);
  if (status == TV_NOTFOUND || status == TV_ENONODE)
    return tvi_graph_corrupt(graph, "an index entry of id", id);
  if (status != TV_OK) return status;
  *accept = (!from || index_within(&cursor->from, &value, 1)) &&
            (!to || index_within(&cursor->to, &value, -1));
  return TV_OK;
}

int tv_index_cursor_next(tv_index_cursor *cursor, uint64_t *id) {
  tv_graph *graph = cursor->graph;
  tv_slice key = {NULL, 0};
  int accept = 0, status = tvi_graph_enter(graph);
  if (status != TV_OK) return status;
  if (graph->epoch != cursor->epoch)
    return tvi_txn_fail(graph->txn, TV_EMISUSE, 0,
                        "a cursor of an index does not survive a rollback to a savepoint");
  while (!accept) {
    status = cursor->ended ? TV_END : index_cursor_step(cursor, &key);
    if (status == TV_END) cursor->ended = 1;
    if (status != TV_OK) return status;
    if (key.size <= 2 + TVI_INDEX_ID_BYTES)
      return tvi_graph_corrupt(graph, "an entry of index", cursor->def.number);
    *id = tvi_load_be40((const unsigned char *)key.data + key.size - TVI_INDEX_ID_BYTES);
    status = index_entry_accept(cursor, key, *id, &accept);
    if (status != TV_OK) return status;
  }
  return TV_OK;
}

int tv_graph_index_count(tv_graph *graph, const tv_index *index, const tv_index_range *range,
                         uint64_t *count) {
  tv_index_cursor *cursor;
  uint64_t id;
  int status = tv_index_cursor_open(graph, index, range, &cursor);
  *count = 0;
  if (status != TV_OK) return status;
  while ((status = tv_index_cursor_next(cursor, &id)) == TV_OK) ++*count;
  tv_index_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}
