/* SPDX-License-Identifier: MIT */
/*
 * The folder for a run's temporary stores: under $TMPDIR or /tmp, removed when the program
 * ends, however it ends short of SIGKILL.
 */
#ifndef TRIVET_BENCH_SCRATCH_H
#define TRIVET_BENCH_SCRATCH_H

#include <stddef.h>

/*
 * The folder, made on the first call. on_disk: 1 refuses a memory file system, on which a sync
 * costs nothing and a durable write would be measured wrongly; /var/tmp and the working folder are
 * tried after the usual places. Stops the program when there is none. Lifetime: the program's.
 */
const char *scratch_folder(int on_disk);
/* Writes "FOLDER/name" into out and makes that folder, emptied when it was there. */
void scratch_subfolder(char *out, size_t size, const char *folder, const char *name);
/* Removes a folder and what is in it. Returns 0 or an errno. */
int scratch_remove(const char *folder);
/* For a signal handler: removes the scratch folder by async-signal-safe calls only. */
void scratch_remove_at_once(void);
/* 1 when the path lies on tmpfs or ramfs, 0 when not or unknown. */
int scratch_in_memory(const char *path);

#endif
