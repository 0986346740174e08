/* SPDX-License-Identifier: MIT */
/*
 * Parking: a thread sleeps until somebody changes a word that it watches, and is woken without
 * anyone holding a lock. Linux futexes; see futex(2).
 */
#ifndef TRIVET_PARK_INTERNAL_H
#define TRIVET_PARK_INTERNAL_H

#include <stdatomic.h>
#include <stdint.h>

/* Sleeps while *word is `value`, at most timeout_ns (-1: for ever). May return early. */
void tvi_park(atomic_int *word, int value, int64_t timeout_ns);
/* Wakes one thread that sleeps on the word, or all. The word was changed before. */
void tvi_unpark_one(atomic_int *word);
void tvi_unpark_all(atomic_int *word);
/* Watches the word without sleeping, for some ten microseconds: for a change that is under way. */
void tvi_park_spin(const atomic_int *word, int value);

#endif
