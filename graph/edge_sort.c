/* SPDX-License-Identifier: MIT */
/*
 * External merge sort of edges: what fits into memory is sorted by bytes, least significant first,
 * and appended to a temporary file as a run; the runs are then merged through a heap, each through
 * a buffer of its own. Rejected: sorting in the store, whose trees would write each edge several
 * times; and a replacement selection for longer runs, which is slower for each edge and saves
 * nothing while one merge suffices.
 */
#include <string.h>

#include "edge_sort_internal.h"

#define SORT_RECORDS_MIN 1024
#define SORT_BUFFER_MIN 4096 /* bytes read of a run at once, at least */

/* A sorted run in the file, and what of it is in memory while it is merged. */
typedef struct sort_run {
  uint64_t at, left; /* of what is still in the file: bytes */
  unsigned char *buffer;
  size_t from, to; /* bytes of the buffer not used yet */
} sort_run;

static int sort_no_memory(const tvi_edge_sort *sort) {
  return tvi_txn_fail(sort->graph->txn, TV_ENOMEM, 0, "no memory for sorting edges");
}

static sort_run *sort_runs(const tvi_edge_sort *sort) {
  return (sort_run *)(void *)sort->runs.data;
}

static size_t sort_run_count(const tvi_edge_sort *sort) {
  return sort->runs.size / sizeof(sort_run);
}

int tvi_edge_sort_open(tvi_edge_sort *sort, tv_graph *graph, size_t columns, uint64_t memory) {
  *sort = (tvi_edge_sort){.graph = graph};
  sort->record = 16 + 8 * columns;
  sort->capacity = (size_t)(memory / 2 / sort->record);
  if (sort->capacity < SORT_RECORDS_MIN) sort->capacity = SORT_RECORDS_MIN;
  sort->records = tvi_alloc(sort->capacity * sort->record);
  sort->scratch = tvi_alloc(sort->capacity * sort->record);
  return sort->records == NULL || sort->scratch == NULL ? sort_no_memory(sort) : TV_OK;
}

static uint64_t sort_place(const unsigned char *record) {
  uint64_t place;
  memcpy(&place, record, sizeof place);
  return place;
}

/* Sorts the records in memory; bytes of the places that are all the same cost nothing. */
static void sort_memory(tvi_edge_sort *sort) {
  uint64_t all = 0, first = sort->count == 0 ? 0 : sort_place(sort->records);
  size_t size = sort->record, i;
  unsigned shift;
  for (i = 0; i < sort->count; i++) all |= sort_place(sort->records + i * size) ^ first;
  for (shift = 0; shift < 64; shift += 8) {
    size_t starts[256] = {0}, sum = 0;
    unsigned char *swap = sort->records;
    if ((all >> shift & 0xff) == 0) continue;
    for (i = 0; i < sort->count; i++)
      starts[sort_place(sort->records + i * size) >> shift & 0xff]++;
    for (i = 0; i < 256; i++) {
      size_t count = starts[i];
      starts[i] = sum;
      sum += count;
    }
    for (i = 0; i < sort->count; i++) {
      const unsigned char *record = sort->records + i * size;
      memcpy(sort->scratch + starts[sort_place(record) >> shift & 0xff]++ * size, record, size);
    }
    sort->records = sort->scratch;
    sort->scratch = swap;
  }
}

static int sort_spill(tvi_edge_sort *sort) {
  sort_run run = {.at = sort->spill.size, .left = sort->count * sort->record};
  int status;
  sort_memory(sort);
  status =
      tvi_spill_append(sort->graph->txn, &sort->spill, sort->records, sort->count * sort->record);
  sort->count = 0;
  if (status != TV_OK) return status;
  return tvi_buffer_append(&sort->runs, &run, sizeof run) == TV_OK ? TV_OK : sort_no_memory(sort);
}

int tvi_edge_sort_add(tvi_edge_sort *sort, const tvi_sort_edge *edge) {
  if (TVI_UNLIKELY(sort->count == sort->capacity)) {
    int status = sort_spill(sort);
    if (status != TV_OK) return status;
  }
  memcpy(sort->records + sort->count++ * sort->record, edge, sort->record);
  return TV_OK;
}

/* ---- Merging ---- */

/* Reads on in a run. TV_END: it has ended. */
static int sort_fill(tvi_edge_sort *sort, sort_run *run, size_t bytes) {
  size_t size = run->left < bytes ? (size_t)run->left : bytes;
  int status;
  if (size == 0) return TV_END;
  status = tvi_spill_read(sort->graph->txn, &sort->spill, run->at, run->buffer, size);
  run->at += size;
  run->left -= size;
  run->from = 0;
  run->to = size;
  return status;
}

/* Runs in the order of their first records; of equal places the earlier run's come first. */
static int sort_before(const tvi_edge_sort *sort, uint32_t a, uint32_t b) {
  const sort_run *runs = sort_runs(sort);
  uint64_t x = sort_place(runs[a].buffer + runs[a].from);
  uint64_t y = sort_place(runs[b].buffer + runs[b].from);
  return x != y ? x < y : a < b;
}

static void sort_sink(tvi_edge_sort *sort, size_t i) {
  uint32_t *heap = sort->heap;
  while (2 * i + 1 < sort->heap_size) {
    size_t child = 2 * i + 1;
    uint32_t swap = heap[i];
    if (child + 1 < sort->heap_size && sort_before(sort, heap[child + 1], heap[child])) child++;
    if (!sort_before(sort, heap[child], swap)) return;
    heap[i] = heap[child];
    heap[child] = swap;
    i = child;
  }
}

/* What a run's buffer holds: whole records, of its share of the memory. */
static size_t sort_buffer_bytes(const tvi_edge_sort *sort) {
  size_t bytes = sort->capacity * sort->record * 2 / (sort_run_count(sort) + 1);
  if (bytes < SORT_BUFFER_MIN) bytes = SORT_BUFFER_MIN;
  return bytes - bytes % sort->record;
}

int tvi_edge_sort_finish(tvi_edge_sort *sort) {
  size_t count, i, bytes;
  int status;
  sort->next = 0;
  if (sort_run_count(sort) == 0) { /* all of it is in memory */
    sort_memory(sort);
    return TV_OK;
  }
  status = sort->count == 0 ? TV_OK : sort_spill(sort);
  if (status != TV_OK) return status;
  tvi_free(sort->records);
  tvi_free(sort->scratch);
  sort->records = sort->scratch = NULL;
  count = sort_run_count(sort);
  bytes = sort_buffer_bytes(sort);
  sort->heap = tvi_alloc(count * sizeof *sort->heap);
  if (sort->heap == NULL) return sort_no_memory(sort);
  for (i = 0; i < count && status == TV_OK; i++) {
    sort_run *run = &sort_runs(sort)[i];
    run->buffer = tvi_alloc(bytes);
    if (run->buffer == NULL) return sort_no_memory(sort);
    status = sort_fill(sort, run, bytes);
    sort->heap[sort->heap_size++] = (uint32_t)i;
  }
  for (i = count / 2; i-- > 0 && status == TV_OK;) sort_sink(sort, i);
  return status;
}

int tvi_edge_sort_next(tvi_edge_sort *sort, tvi_sort_edge *edge) {
  sort_run *run;
  int status = TV_OK;
  if (sort_run_count(sort) == 0) {
    if (sort->next == sort->count) return TV_END;
    memcpy(edge, sort->records + sort->next++ * sort->record, sort->record);
    return TV_OK;
  }
  if (sort->heap_size == 0) return TV_END;
  run = &sort_runs(sort)[sort->heap[0]];
  memcpy(edge, run->buffer + run->from, sort->record);
  run->from += sort->record;
  if (run->from == run->to) status = sort_fill(sort, run, sort_buffer_bytes(sort));
  if (status == TV_END) {
    sort->heap[0] = sort->heap[--sort->heap_size];
    status = TV_OK;
  }
  if (status == TV_OK) sort_sink(sort, 0);
  return status;
}

void tvi_edge_sort_close(tvi_edge_sort *sort) {
  size_t i;
  for (i = 0; i < sort_run_count(sort); i++) tvi_free(sort_runs(sort)[i].buffer);
  tvi_buffer_free(&sort->runs);
  tvi_free(sort->records);
  tvi_free(sort->scratch);
  tvi_free(sort->heap);
  tvi_spill_close(&sort->spill);
  *sort = (tvi_edge_sort){0};
}
