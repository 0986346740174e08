/* SPDX-License-Identifier: MIT */
/*
 * A row group's record in the directory: which rowids it holds, and a zone map per column, so that
 * a scan passes a group over without touching its segments. Zone maps inside the segments were
 * rejected: passing one over would cost a page of each.
 *
 *   offset  size  what
 *   0       8     le64 XXH3 of what follows
 *   8       1     version: 1
 *   9       1     1: rowids are first, first + 1, ...
 *   10      2     le16 columns
 *   12      4     le32 rows
 *   16      4     le32 rows whose delete bit is set
 *   20      8     le64 number that names the segments
 *   28      8     le64 least rowid
 *   36      8     le64 greatest rowid
 *   44      64    per column: le32 NULLs, le32 values that differ, le32 bytes of the segment, 1
 *                 size of low, 1 size of high, 1 whether high is cut, 1 zero, le64 least and le64
 *                 greatest number, 16 low, 16 high
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define GROUP_VERSION 1
#define GROUP_HEADER_BYTES 44u
#define GROUP_ZONE_BYTES 64u

static void group_put_zone(unsigned char *to, const tvi_zone *zone) {
  tvi_store_le32(to, zone->nulls);
  tvi_store_le32(to + 4, zone->distinct);
  tvi_store_le32(to + 8, zone->stored);
  to[12] = zone->low_size;
  to[13] = zone->high_size;
  to[14] = zone->high_cut;
  to[15] = 0;
  tvi_store_le64(to + 16, (uint64_t)zone->min);
  tvi_store_le64(to + 24, (uint64_t)zone->max);
  memcpy(to + 32, zone->low, TVI_ZONE_TEXT);
  memcpy(to + 32 + TVI_ZONE_TEXT, zone->high, TVI_ZONE_TEXT);
}

static int group_get_zone(const unsigned char *from, tvi_zone *zone) {
  zone->nulls = tvi_load_le32(from);
  zone->distinct = tvi_load_le32(from + 4);
  zone->stored = tvi_load_le32(from + 8);
  zone->low_size = from[12];
  zone->high_size = from[13];
  zone->high_cut = from[14];
  zone->min = (int64_t)tvi_load_le64(from + 16);
  zone->max = (int64_t)tvi_load_le64(from + 24);
  memcpy(zone->low, from + 32, TVI_ZONE_TEXT);
  memcpy(zone->high, from + 32 + TVI_ZONE_TEXT, TVI_ZONE_TEXT);
  return zone->low_size <= TVI_ZONE_TEXT && zone->high_size <= TVI_ZONE_TEXT;
}

int tvi_group_record(const tvi_col_group *group, int columns, tvi_buffer *out) {
  size_t size = GROUP_HEADER_BYTES + (size_t)columns * GROUP_ZONE_BYTES;
  unsigned char *to;
  int i;

  if (tvi_buffer_reserve(out, size) != TV_OK) return TV_ENOMEM;
  to = out->data;
  out->size = size;
  to[8] = GROUP_VERSION;
  to[9] = (unsigned char)group->dense;
  tvi_store_le16(to + 10, (uint16_t)columns);
  tvi_store_le32(to + 12, group->rows);
  tvi_store_le32(to + 16, group->deleted);
  tvi_store_le64(to + 20, group->id);
  tvi_store_le64(to + 28, (uint64_t)group->first);
  tvi_store_le64(to + 36, (uint64_t)group->last);
  for (i = 0; i < columns; i++)
    group_put_zone(to + GROUP_HEADER_BYTES + (size_t)i * GROUP_ZONE_BYTES, &group->zone[i]);
  tvi_store_le64(to, tvi_checksum(to + 8, size - 8));
  return TV_OK;
}

int tvi_group_read(tv_slice record, int columns, tvi_zone *zone, tvi_col_group *out) {
  const unsigned char *from = record.data;
  int i;

  memset(out, 0, sizeof *out);
  if (record.size != GROUP_HEADER_BYTES + (size_t)columns * GROUP_ZONE_BYTES ||
      tvi_load_le64(from) != tvi_checksum(from + 8, record.size - 8) || from[8] != GROUP_VERSION ||
      tvi_load_le16(from + 10) != columns)
    return TV_ECORRUPT;
  out->dense = from[9];
  out->rows = tvi_load_le32(from + 12);
  out->deleted = tvi_load_le32(from + 16);
  out->id = tvi_load_le64(from + 20);
  out->first = (int64_t)tvi_load_le64(from + 28);
  out->last = (int64_t)tvi_load_le64(from + 36);
  out->zone = zone;
  if (out->rows == 0 || out->rows > TVI_COL_GROUP_ROWS || out->deleted > out->rows ||
      out->last < out->first)
    return TV_ECORRUPT;
  for (i = 0; zone != NULL && i < columns; i++)
    if (!group_get_zone(from + GROUP_HEADER_BYTES + (size_t)i * GROUP_ZONE_BYTES, &zone[i]))
      return TV_ECORRUPT;
  return TV_OK;
}
