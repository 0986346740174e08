/* SPDX-License-Identifier: MIT */
/*
 * Parking on a word. Condition variables were rejected for the baton of group commit: their waiters
 * come back holding a mutex, so that a group of 64 woken at once queues for it, each of them
 * sleeping and being woken a second time.
 */
#include "park_internal.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PARK_SPINS 1000 /* pauses of 10 to 50 nanoseconds */

static void park_futex(atomic_int *word, int operation, int value, const struct timespec *timeout) {
  (void)syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

void tvi_park(atomic_int *word, int value, int64_t timeout_ns) {
  struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
  park_futex(word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &timeout);
}

void tvi_unpark_one(atomic_int *word) {
  park_futex(word, FUTEX_WAKE, 1, NULL);
}

void tvi_unpark_all(atomic_int *word) {
  park_futex(word, FUTEX_WAKE, INT_MAX, NULL);
}

void tvi_park_spin(const atomic_int *word, int value) {
  int i;
  for (i = 0; i < PARK_SPINS && atomic_load_explicit(word, memory_order_acquire) == value; i++) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}
