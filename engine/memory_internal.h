/* SPDX-License-Identifier: MIT */
/*
 * Where the library's allocator is kept: in the registry, its only writable global. The functions
 * that allocate through it are in layer_internal.h.
 */
#ifndef TRIVET_MEMORY_INTERNAL_H
#define TRIVET_MEMORY_INTERNAL_H

#include "layer_internal.h"

/*
 * The allocator set by tv_allocator_set, or NULL for malloc's. It changes only while no database
 * is open. Implemented by registry.c.
 */
const tv_allocator *tvi_registry_allocator(void);

#endif
