/* SPDX-License-Identifier: MIT */
/* Counts what the library takes from the heap, through its own allocator hook. */
#ifndef TRIVET_BENCH_HEAP_COUNT_H
#define TRIVET_BENCH_HEAP_COUNT_H

/* From now on; no database may be open. Stops the program when one is. */
void heap_count_begin(void);
void heap_count_end(void); /* no database may be open */

unsigned long long heap_count_calls(void); /* allocations so far */
long long heap_count_bytes(void);          /* in use now */
long long heap_count_peak(void);           /* most in use since heap_count_peak_reset */
void heap_count_peak_reset(void);

#endif
