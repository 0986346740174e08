/* SPDX-License-Identifier: MIT */
/*
 * Sorting frontiers by node, so that a cursor moves forward only. Byte-wise radix sort, least
 * significant byte first, over no more bytes than the highest id has; insertion sort for a few.
 * Rejected: qsort, whose comparisons through a pointer cost more than the expansion of the nodes
 * that they put in order, and which allocates outside the library's allocator.
 */
#include <string.h>

#include "pipeline_internal.h"

#define SORT_INSERTION_MAX 24
#define SORT_ELEMENT_MAX 48

/* Elements of `size` bytes that begin with their node. Inlined with a constant size. */
static inline __attribute__((always_inline)) tv_node sort_node(const unsigned char *element) {
  tv_node node;
  memcpy(&node, element, sizeof node);
  return node;
}

static inline __attribute__((always_inline)) void sort_insertion(unsigned char *base, size_t n,
                                                                 const size_t size) {
  unsigned char moved[SORT_ELEMENT_MAX];
  size_t i, j;
  for (i = 1; i < n; i++) {
    memcpy(moved, base + i * size, size);
    for (j = i; j > 0 && sort_node(base + (j - 1) * size) > sort_node(moved); j--)
      memcpy(base + j * size, base + (j - 1) * size, size);
    memcpy(base + j * size, moved, size);
  }
}

static inline __attribute__((always_inline)) int sort_is_sorted(const unsigned char *base, size_t n,
                                                                const size_t size) {
  size_t i;
  for (i = 1; i < n; i++)
    if (sort_node(base + (i - 1) * size) > sort_node(base + i * size)) return 0;
  return 1;
}

static inline __attribute__((always_inline)) void sort_radix(unsigned char *base,
                                                             unsigned char *scratch, size_t n,
                                                             uint64_t ids, const size_t size) {
  unsigned char *from = base, *to = scratch;
  unsigned shift;
  for (shift = 0; shift < 64 && ids >> shift != 0; shift += 8) {
    size_t starts[256] = {0}, i, sum = 0;
    unsigned char *swap = from;
    for (i = 0; i < n; i++) starts[sort_node(from + i * size) >> shift & 0xff]++;
    for (i = 0; i < 256; i++) {
      size_t count = starts[i];
      starts[i] = sum;
      sum += count;
    }
    for (i = 0; i < n; i++) {
      const unsigned char *element = from + i * size;
      memcpy(to + starts[sort_node(element) >> shift & 0xff]++ * size, element, size);
    }
    from = to;
    to = swap;
  }
  if (from != base) memcpy(base, from, n * size);
}

static inline __attribute__((always_inline)) void sort_elements(unsigned char *base,
                                                                unsigned char *scratch, size_t n,
                                                                uint64_t ids, const size_t size) {
  if (n <= SORT_INSERTION_MAX)
    sort_insertion(base, n, size);
  else if (!sort_is_sorted(base, n, size))
    sort_radix(base, scratch, n, ids, size);
}

void tvi_nodes_sort(tv_node *nodes, tv_node *scratch, size_t n, uint64_t ids) {
  sort_elements((unsigned char *)nodes, (unsigned char *)scratch, n, ids, sizeof *nodes);
}

void tvi_steps_sort(tvi_step *steps, tvi_step *scratch, size_t n, uint64_t ids) {
  _Static_assert(offsetof(tvi_step, node) == 0, "elements begin with their node");
  sort_elements((unsigned char *)steps, (unsigned char *)scratch, n, ids, sizeof *steps);
}

void tvi_pipe_rows_sort(tvi_pipe_row *rows, tvi_pipe_row *scratch, size_t n, uint64_t ids) {
  _Static_assert(offsetof(tvi_pipe_row, node) == 0, "elements begin with their node");
  _Static_assert(sizeof *rows <= SORT_ELEMENT_MAX && sizeof(tvi_step) <= SORT_ELEMENT_MAX, "fits");
  sort_elements((unsigned char *)rows, (unsigned char *)scratch, n, ids, sizeof *rows);
}
