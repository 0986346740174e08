/* SPDX-License-Identifier: MIT */
/*
 * Group commit, between its two files: write.c (the baton, leaders, tv_db_write) and future.c
 * (calls that do not wait for the commit).
 *
 * The baton is one word. VACANT: nobody leads. CLOSED: a leader begins or commits its transaction.
 * FREE: whoever takes it may run its function in the leader's transaction. HELD: somebody does.
 */
#ifndef TRIVET_GROUP_INTERNAL_H
#define TRIVET_GROUP_INTERNAL_H

#include "env_internal.h"

enum { BATON_VACANT, BATON_CLOSED, BATON_FREE, BATON_HELD };

struct tvi_member {
  tvi_member *next; /* in the round */
  int (*fn)(tv_txn *txn, void *ctx);
  void *ctx;
  atomic_int done; /* its group ended: status and err are final */
  int status;      /* what fn, or what the commit, gave */
  tv_error err;
};

/*
 * Waits until the caller may run (the baton is HELD by it: returns 0) or finds that nobody leads
 * (the baton is CLOSED in its name: returns 1).
 */
int tvi_group_enter(tvi_group *group);
/* Holds the baton: runs fn and passes it on. Returns fn's status. */
int tvi_group_take_turn(tvi_env *env, tvi_member *member);
/* Until the member's group is committed, or failed. */
void tvi_group_wait_done(tvi_group *group, tvi_member *member);
/* Leads a group, after tvi_group_enter gave 1. leader NULL: without a write of its own. */
void tvi_group_lead(tv_db *db, tvi_member *leader);

#endif
