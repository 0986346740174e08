/* SPDX-License-Identifier: MIT */
/*
 * tv_db_write_start: a write whose caller does not wait for the commit. Its thread goes away, so it
 * cannot lead a group; the committer does, a thread of the environment that is started with
 * the first such call and runs no function of its own. Rejected: letting the next caller commit,
 * since there may be none.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "group_internal.h"
#include "park_internal.h"

#define FUTURE_TRIES 64 /* as tv_db_write: each try doubles the map */

/* ---- The committer and futures ---- */

struct tv_future {
  tvi_member member;
  tvi_group *group;
};

static void *future_commit_loop(void *arg) {
  tvi_group *group = arg;
  for (;;) {
    int calls = atomic_load(&group->calls);
    tv_db *db = atomic_exchange(&group->called_by, NULL);
    if (db != NULL)
      tvi_group_lead(db, NULL);
    else if (atomic_load(&group->stopping))
      return NULL;
    else
      tvi_park(&group->calls, calls, -1);
  }
}

static void future_wake_committer(tvi_group *group) {
  atomic_fetch_add(&group->calls, 1);
  tvi_unpark_one(&group->calls);
}

/* Starts the committer where there is none yet. */
static int future_start_committer(tvi_group *group) {
  sigset_t all, before;
  int native = 0;
  pthread_mutex_lock(&group->lock);
  if (!group->started) {
    sigfillset(&all); /* signals of the program are not for this thread */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    native = pthread_create(&group->committer, NULL, future_commit_loop, group);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    group->started = native == 0;
  }
  pthread_mutex_unlock(&group->lock);
  return native;
}

void tvi_group_destroy(tvi_group *group) {
  if (group->started) {
    atomic_store(&group->stopping, 1);
    future_wake_committer(group);
    pthread_join(group->committer, NULL);
  }
  pthread_mutex_destroy(&group->lock);
}

/* Waits for the member's turn and runs its function. Returns fn's status, or why it never ran. */
static int future_run(tv_db *db, tvi_member *member) {
  tvi_group *group = &db->env->group;
  int status;
  while (tvi_group_enter(group)) { /* nobody leads: the committer is to */
    atomic_store(&group->called_by, db);
    future_wake_committer(group);
  }
  status = tvi_group_take_turn(db->env, member);
  /* A failed one has nothing to wait for but the end of its group. */
  if (status != TV_OK) tvi_group_wait_done(group, member);
  return status;
}

static int future_new(tv_db *db, tv_future **out, tv_error *err) {
  tvi_group *group = &db->env->group;
  tv_future *future = tvi_zalloc(sizeof *future);
  int native = ENOMEM;
  if (future != NULL) native = future_start_committer(group);
  if (native != 0) {
    tvi_free(future);
    return tvi_error_set(err, TV_ENOMEM, native, "out of memory or threads for a write");
  }
  future->group = group;
  *out = future;
  return TV_OK;
}

int tv_db_write_start(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_future **out,
                      tv_error *err) {
  tv_future *future = NULL;
  int tries, status = tvi_writer_allowed(db, err);
  *out = NULL;
  if (status == TV_OK) status = future_new(db, &future, err);
  if (status != TV_OK) return status;
  status = TV_ERETRY;
  for (tries = 0; tries < FUTURE_TRIES && status == TV_ERETRY; tries++) {
    memset(&future->member, 0, sizeof future->member);
    future->member.fn = fn;
    future->member.ctx = ctx;
    status = future_run(db, &future->member);
  }
  if (status != TV_OK) {
    if (err != NULL) *err = future->member.err;
    tvi_free(future);
    return status;
  }
  *out = future;
  return TV_OK;
}

int tv_future_done(tv_future *future) {
  return atomic_load(&future->member.done);
}

int tv_future_wait(tv_future *future, tv_error *err) {
  int status;
  tvi_group_wait_done(future->group, &future->member);
  status = future->member.status;
  if (status != TV_OK && err != NULL) *err = future->member.err;
  tvi_free(future);
  return status;
}
