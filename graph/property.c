/* SPDX-License-Identifier: MIT */
/*
 * Property lists: count, then (name number, type byte, payload), ascending by name number. A list
 * is empty bytes when it has no member. Rejected: an offset table for binary search; records have
 * few properties, and the bytes read anyway for the checksum are walked in less time than an
 * offset would save.
 *
 * Everything that reads a list checks each step against its end, because a checksum only says that
 * the bytes are those that were written.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

int tvi_value_check(tv_graph *graph, const char *name, const tv_value *value) {
  char shown[TVI_SHOW_BYTES];
  const char *problem = NULL;
  switch (value->type) {
    case TV_NULL:
    case TV_INT64:
    case TV_DOUBLE:
      break;
    case TV_BOOL:
      if (value->as.integer != 0 && value->as.integer != 1) problem = "is a bool but not 0 or 1";
      break;
    case TV_TEXT:
    case TV_BLOB:
      if (value->as.bytes.data == NULL && value->as.bytes.size != 0) problem = "has no bytes";
      break;
    default:
      problem = "has an unknown type";
  }
  if (problem == NULL) return TV_OK;
  return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "the value of property \"%s\" %s",
                      tvi_show(tv_str(name), shown), problem);
}

int tvi_value_append(tvi_buffer *buffer, const tv_value *value) {
  unsigned char head[1 + TVI_VARINT_BYTES_MAX];
  size_t size = 1;
  int status;
  head[0] = (unsigned char)value->type;
  switch (value->type) {
    case TV_BOOL:
      head[size++] = (unsigned char)value->as.integer;
      break;
    case TV_INT64:
      size += tvi_varint_put(head + size, tvi_zigzag(value->as.integer));
      break;
    case TV_DOUBLE:
      tvi_store_f64(head + size, value->as.real);
      size += 8;
      break;
    default:
      size += tvi_varint_put(head + size, value->as.bytes.size);
  }
  status = tvi_buffer_append(buffer, head, size);
  if (status == TV_OK && (value->type == TV_TEXT || value->type == TV_BLOB) &&
      value->as.bytes.size != 0)
    status = tvi_buffer_append(buffer, value->as.bytes.data, value->as.bytes.size);
  return status;
}

int tvi_value_encode(tv_graph *graph, const char *name, const tv_value *value, tv_slice *encoded) {
  int status;
  if (name == NULL) return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "a property has no name");
  status = tvi_value_check(graph, name, value);
  graph->values.size = 0;
  if (status == TV_OK && value->type != TV_NULL) {
    status = tvi_value_append(&graph->values, value);
    if (status != TV_OK)
      (void)tvi_txn_fail(graph->txn, status, 0, "no memory for the value of a property");
  }
  *encoded = tv_bytes(graph->values.data, graph->values.size);
  return status;
}

int tvi_properties_begin(tvi_property_reader *reader, tv_slice bytes) {
  size_t n;
  reader->at = bytes.data;
  reader->end = reader->at + bytes.size;
  reader->left = 0;
  reader->above = 0;
  reader->entry = reader->at;
  if (bytes.size == 0) {
    reader->at = reader->end = reader->entry = (const unsigned char *)"";
    return TV_OK;
  }
  n = tvi_varint_get(reader->at, bytes.size, &reader->left);
  reader->at += n;
  reader->entry = reader->at;
  return n == 0 || reader->left == 0 ? TV_ECORRUPT : TV_OK;
}

/* Reads the payload after the type byte. */
static int property_payload(tvi_property_reader *reader, tv_value *value) {
  size_t left = (size_t)(reader->end - reader->at), n;
  uint64_t number;
  switch (value->type) {
    case TV_BOOL:
      if (left < 1 || reader->at[0] > 1) return TV_ECORRUPT;
      value->as.integer = *reader->at++;
      return TV_OK;
    case TV_DOUBLE:
      if (left < 8) return TV_ECORRUPT;
      value->as.real = tvi_load_f64(reader->at);
      reader->at += 8;
      return TV_OK;
    case TV_INT64:
    case TV_TEXT:
    case TV_BLOB:
      n = tvi_varint_get(reader->at, left, &number);
      if (n == 0) return TV_ECORRUPT;
      reader->at += n;
      if (value->type == TV_INT64) {
        value->as.integer = tvi_unzigzag(number);
        return TV_OK;
      }
      if (number > left - n) return TV_ECORRUPT;
      value->as.bytes = tv_bytes(reader->at, (size_t)number);
      reader->at += number;
      return TV_OK;
    default:
      return TV_ECORRUPT;
  }
}

int tvi_properties_next(tvi_property_reader *reader, uint32_t *number, tv_value *value) {
  uint64_t name;
  size_t n;
  reader->entry = reader->at;
  if (reader->left == 0) return reader->at == reader->end ? TV_END : TV_ECORRUPT;
  n = tvi_varint_get(reader->at, (size_t)(reader->end - reader->at), &name);
  if (n == 0 || name < reader->above || name >= TV_LABELS_MAX) return TV_ECORRUPT;
  reader->at += n;
  if (reader->at == reader->end) return TV_ECORRUPT;
  value->type = *reader->at++;
  reader->above = name + 1;
  reader->left--;
  *number = (uint32_t)name;
  return property_payload(reader, value);
}

int tvi_properties_get(tv_slice bytes, uint32_t number, tv_value *value) {
  tvi_property_reader reader;
  uint32_t found;
  int status = tvi_properties_begin(&reader, bytes);
  while (status == TV_OK) {
    status = tvi_properties_next(&reader, &found, value);
    if (status == TV_OK && found == number) return TV_OK;
    if (status == TV_OK && found > number) break;
  }
  return status == TV_ECORRUPT ? status : TV_NOTFOUND;
}

static int property_append_varint(tvi_buffer *buffer, uint64_t value) {
  unsigned char bytes[TVI_VARINT_BYTES_MAX];
  return tvi_buffer_append(buffer, bytes, tvi_varint_put(bytes, value));
}

int tvi_properties_set(tvi_buffer *out, tv_slice bytes, uint32_t number, tv_slice encoded) {
  tvi_property_reader reader;
  const unsigned char *first, *before_end, *after = NULL;
  uint64_t count;
  uint32_t found;
  tv_value value;
  int replaced = 0, status = tvi_properties_begin(&reader, bytes);
  if (status != TV_OK) return status;
  first = reader.at;
  count = reader.left;
  before_end = reader.end;
  /* The whole list is walked, so that damage is not copied on. */
  while ((status = tvi_properties_next(&reader, &found, &value)) == TV_OK) {
    if (found < number || after != NULL) continue;
    before_end = reader.entry;
    replaced = found == number;
    after = replaced ? reader.at : before_end;
  }
  if (status != TV_END) return status;
  if (after == NULL) after = reader.end;
  count = count - (replaced ? 1 : 0) + (encoded.size != 0 ? 1 : 0);
  if (count == 0) return TV_OK;
  status = property_append_varint(out, count);
  if (status == TV_OK) status = tvi_buffer_append(out, first, (size_t)(before_end - first));
  if (status == TV_OK && encoded.size != 0) status = property_append_varint(out, number);
  if (status == TV_OK && encoded.size != 0)
    status = tvi_buffer_append(out, encoded.data, encoded.size);
  if (status == TV_OK) status = tvi_buffer_append(out, after, (size_t)(reader.end - after));
  return status;
}

/* One property on its way into a list. */
typedef struct property_part {
  uint32_t number;
  size_t at, size; /* its encoded value in graph->values */
  const char *name;
} property_part;

#define PROPERTY_PARTS_FIXED 16

/* Insertion sort: lists are short and usually come in order. */
static int property_sort(tv_graph *graph, property_part *parts, size_t n) {
  char shown[TVI_SHOW_BYTES];
  size_t i, j;
  for (i = 1; i < n; i++) {
    property_part moved = parts[i];
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
static int property_parts(tv_graph *graph, size_t n, const tv_property *properties,
                          property_part *parts, size_t *count) {
  size_t i, used = 0;
  int status = TV_OK;
  graph->values.size = 0;
  for (i = 0; i < n && status == TV_OK; i++) {
    if (properties[i].name == NULL)
      return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "property %zu has no name", i);
    status = tvi_value_check(graph, properties[i].name, &properties[i].value);
    if (status != TV_OK || properties[i].value.type == TV_NULL) continue;
    parts[used].name = properties[i].name;
    parts[used].at = graph->values.size;
    status = tvi_value_append(&graph->values, &properties[i].value);
    if (status == TV_ENOMEM)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", n);
    parts[used].size = graph->values.size - parts[used].at;
    used++;
  }
  for (i = 0; i < used && status == TV_OK; i++)
    status = tvi_name_intern(graph, TVI_NAME_PROPERTY, parts[i].name, &parts[i].number);
  *count = used;
  return status;
}

int tvi_properties_build(tv_graph *graph, size_t n, const tv_property *properties) {
  property_part fixed[PROPERTY_PARTS_FIXED], *parts = fixed;
  size_t i, count = 0;
  int status;
  graph->record.size = 0;
  if (n == 0) return TV_OK;
  if (properties == NULL)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%zu properties are announced, none given", n);
  if (n > TV_LABELS_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "%zu properties are more than %d", n,
                        TV_LABELS_MAX);
  if (n > PROPERTY_PARTS_FIXED) parts = tvi_alloc(n * sizeof *parts);
  if (parts == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", n);
  status = property_parts(graph, n, properties, parts, &count);
  if (status == TV_OK) status = property_sort(graph, parts, count);
  if (status == TV_OK && count != 0) {
    status = property_append_varint(&graph->record, count);
    for (i = 0; i < count && status == TV_OK; i++) {
      status = property_append_varint(&graph->record, parts[i].number);
      if (status == TV_OK)
        status = tvi_buffer_append(&graph->record, graph->values.data + parts[i].at, parts[i].size);
    }
    if (status == TV_ENOMEM)
      (void)tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu properties", n);
  }
  if (parts != fixed) tvi_free(parts);
  return status;
}

/* How a list is named in a message. */
typedef struct property_owner {
  const char *what;
  uint64_t id;
} property_owner;

static int property_visit_all(tv_graph *graph, tv_slice bytes, property_owner owner,
                              tv_property_fn visit, void *ctx) {
  tvi_property_reader reader;
  uint32_t number;
  tv_value value;
  const char *name;
  int status = tvi_properties_begin(&reader, bytes);
  while (status == TV_OK) {
    status = tvi_properties_next(&reader, &number, &value);
    if (status == TV_END) return TV_OK;
    if (status != TV_OK) break;
    status = tvi_name_text(graph, TVI_NAME_PROPERTY, number, &name);
    if (status == TV_NOTFOUND) break;
    if (status != TV_OK) return status;
    if (visit(ctx, name, value) != 0) return TV_STOP;
  }
  return tvi_graph_corrupt(graph, owner.what, owner.id);
}

int tvi_properties_visit(tv_graph *graph, tv_slice bytes, const char *what, uint64_t id,
                         tv_property_fn visit, void *ctx) {
  property_owner owner = {what, id};
  void *copy = NULL;
  int status;
  /* In a write transaction the callback may write to other stores, and the record may move. */
  if (bytes.size != 0 && tv_txn_is_write(graph->txn)) {
    copy = tvi_alloc(bytes.size);
    if (copy == NULL)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu bytes of properties",
                          bytes.size);
    memcpy(copy, bytes.data, bytes.size);
    bytes = tv_bytes(copy, bytes.size);
  }
  graph->traversals++;
  status = property_visit_all(graph, bytes, owner, visit, ctx);
  graph->traversals--;
  tvi_free(copy);
  return status;
}
