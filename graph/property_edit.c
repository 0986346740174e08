/* SPDX-License-Identifier: MIT */
/*
 * Several properties into a list at once. First their values are copied and their names interned,
 * then the list that they change is read and written anew once. Rejected: setting one after the
 * other, which rewrites the record for each.
 */
#include <string.h>

#include "graph_internal.h"

/* Insertion sort: lists are short and usually come in order. */
static int edit_sort(tv_graph *graph, tvi_property_part *parts, size_t n) {
  char shown[TVI_SHOW_BYTES];
  size_t i, j;
  for (i = 1; i < n; i++) {
    tvi_property_part moved = parts[i];
    for (j = i; j > 0 && parts[j - 1].number > moved.number; j--) parts[j] = parts[j - 1];
    if (j > 0 && parts[j - 1].number == moved.number)
      return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "property \"%s\" is given twice",
                          tvi_show(tv_str(moved.name), shown));
    parts[j] = moved;
  }
  return TV_OK;
}

/* Values are copied before the first name is interned: they may be borrowed from this transaction,
 * and interning writes. */
static int edit_values(tv_graph *graph, size_t n, const tv_property *properties,
                       tvi_property_part *parts) {
  size_t i;
  graph->values.size = 0;
  for (i = 0; i < n; i++) {
    int status;
    if (properties[i].name == NULL)
      return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "property %zu has no name", i);
    status = tvi_value_check(graph, properties[i].name, &properties[i].value);
    if (status != TV_OK) return status;
    parts[i].name = properties[i].name;
    parts[i].at = graph->values.size;
    if (properties[i].value.type != TV_NULL &&
        tvi_value_append(&graph->values, &properties[i].value) != TV_OK)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", n);
    parts[i].size = graph->values.size - parts[i].at;
  }
  return TV_OK;
}

/* Nulls whose name nobody ever used are left out. */
static int edit_names(tv_graph *graph, size_t n, tvi_property_edit *edit) {
  size_t i;
  int status = TV_OK;
  edit->n = 0;
  for (i = 0; i < n && status == TV_OK; i++) {
    tvi_property_part *part = &edit->parts[i];
    if (part->size != 0)
      status = tvi_name_intern(graph, TVI_NAME_PROPERTY, part->name, &part->number);
    else
      status = tvi_name_find(graph, TVI_NAME_PROPERTY, part->name, &part->number);
    if (status == TV_OK) edit->parts[edit->n++] = *part;
    if (status == TV_NOTFOUND) status = TV_OK;
  }
  return status == TV_OK ? edit_sort(graph, edit->parts, edit->n) : status;
}

int tvi_property_edit_open(tv_graph *graph, size_t n, const tv_property *properties,
                           tvi_property_edit *edit) {
  int status;
  edit->n = 0;
  edit->parts = edit->fixed;
  if (n == 0) return TV_OK;
  if (properties == NULL)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%zu properties are announced, none given", n);
  if (n > TV_LABELS_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "%zu properties are more than %d", n,
                        TV_LABELS_MAX);
  if (n > TVI_PROPERTY_PARTS_FIXED) edit->parts = tvi_alloc(n * sizeof *edit->parts);
  if (edit->parts == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", n);
  status = edit_values(graph, n, properties, edit->parts);
  if (status == TV_OK) status = edit_names(graph, n, edit);
  return status;
}

void tvi_property_edit_close(tvi_property_edit *edit) {
  if (edit->parts != edit->fixed) tvi_free(edit->parts);
  edit->parts = edit->fixed;
}

static int edit_append(tvi_buffer *out, const void *bytes, size_t size) {
  return out == NULL || size == 0 ? TV_OK : tvi_buffer_append(out, bytes, size);
}

static int edit_append_varint(tvi_buffer *out, uint64_t value) {
  unsigned char bytes[TVI_VARINT_BYTES_MAX];
  return edit_append(out, bytes, tvi_varint_put(bytes, value));
}

/* Merges list and parts, both ascending; out NULL: only counts. TV_OK, TV_ENOMEM, TV_ECORRUPT. */
static int edit_merge(const tv_graph *graph, const tvi_property_edit *edit, tv_slice list,
                      tvi_buffer *out, uint64_t *count) {
  tvi_property_reader reader;
  uint32_t number = 0;
  tv_value value;
  size_t i = 0;
  int status = tvi_properties_begin(&reader, list), more;
  *count = 0;
  if (status == TV_OK) status = tvi_properties_next(&reader, &number, &value);
  while (status == TV_OK || (status == TV_END && i < edit->n)) {
    more = status;
    if (i < edit->n && (more == TV_END || edit->parts[i].number <= number)) {
      const tvi_property_part *part = &edit->parts[i++];
      status = TV_OK;
      if (part->size != 0) {
        ++*count;
        status = edit_append_varint(out, part->number);
        if (status == TV_OK) status = edit_append(out, graph->values.data + part->at, part->size);
      }
      if (status != TV_OK) return status;
      status = more;
      if (more == TV_END || part->number != number) continue;
    } else {
      ++*count;
      status =
          edit_append(out, reader.entry, (size_t)(reader.at - (const unsigned char *)reader.entry));
      if (status != TV_OK) return status;
    }
    status = tvi_properties_next(&reader, &number, &value);
  }
  return status == TV_END ? TV_OK : status;
}

int tvi_property_edit_apply(tv_graph *graph, const tvi_property_edit *edit, tv_slice list,
                            tvi_buffer *out) {
  uint64_t count;
  int status = edit_merge(graph, edit, list, NULL, &count);
  if (status == TV_OK && count != 0) {
    status = edit_append_varint(out, count);
    if (status == TV_OK) status = edit_merge(graph, edit, list, out, &count);
  }
  if (status == TV_ENOMEM)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", edit->n);
  return status;
}

int tvi_properties_build(tv_graph *graph, size_t n, const tv_property *properties) {
  tvi_property_edit edit;
  int status = tvi_property_edit_open(graph, n, properties, &edit);
  graph->record.size = 0;
  if (status == TV_OK)
    status = tvi_property_edit_apply(graph, &edit, tv_bytes(NULL, 0), &graph->record);
  tvi_property_edit_close(&edit);
  return status;
}
