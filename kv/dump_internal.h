/* SPDX-License-Identifier: MIT */
/*
 * The binary dump of a bucket:
 *
 *   offset  size  what
 *   0       8     "TVKVDUMP"
 *   8       1     version of this layout: 1
 *   9       ...   entries, each:
 *                   size of key (1 or more), size of value, expiry time (0: never), version (0:
 *                     none): four varints
 *                   key, value
 *                   XXH3-64 of all of the entry before it, 8 bytes little-endian
 *   end     9     a zero byte, then the number of entries, 8 bytes little-endian
 *
 * The zero byte cannot begin an entry, so that a dump that was cut off is found out.
 */
#ifndef TRIVET_DUMP_INTERNAL_H
#define TRIVET_DUMP_INTERNAL_H

#define TVI_DUMP_MAGIC "TVKVDUMP"
#define TVI_DUMP_LAYOUT 1
#define TVI_DUMP_HEAD_BYTES 9
#define TVI_DUMP_TAIL_BYTES 9

#endif
