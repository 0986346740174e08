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
