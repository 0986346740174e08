/* SPDX-License-Identifier: MIT */
/* What a figure was measured on: no figure without it. */
#ifndef TRIVET_BENCH_MACHINE_H
#define TRIVET_BENCH_MACHINE_H

#include <stdint.h>

#include "json_write.h"

#define MACHINE_TEXT_BYTES 128

typedef struct machine_facts {
  char processor[MACHINE_TEXT_BYTES];
  char kernel[MACHINE_TEXT_BYTES];
  char system[MACHINE_TEXT_BYTES];
  char compiler[MACHINE_TEXT_BYTES];
  char libraries[MACHINE_TEXT_BYTES]; /* "SQLite 3.40.1, LZ4 1.9.4, xxHash 0.8.1, LMDB 0.9.24" */
  long processors;                    /* usable by this process */
  uint64_t memory_bytes;
} machine_facts;

void machine_read(machine_facts *facts);
/* Adds the members "machine" and "libraries" to the open object. */
void machine_json(const machine_facts *facts, json_write *json);

#endif
