/* SPDX-License-Identifier: MIT */
/*
 * SQLite's interface, from one place: linked into the library, or through the pointers that a host
 * program hands to a loaded extension (TVI_SQLITE_EXTENSION), so that trivet.so brings no second
 * SQLite.
 */
#ifndef TRIVET_SQLITE_INTERNAL_H
#define TRIVET_SQLITE_INTERNAL_H

#ifdef TVI_SQLITE_EXTENSION
#include <sqlite3ext.h>
extern const sqlite3_api_routines *sqlite3_api;
#else
#include <sqlite3.h>
#endif

#endif
