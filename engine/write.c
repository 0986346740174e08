/* SPDX-License-Identifier: MIT */
/*
 * tv_db_write: a write transaction as a function, and group commit.
 *
 * Threads that call at the same time become a group: one of them, the leader, takes the gate and
 * begins a transaction; then a baton goes round and each member runs its function on its own
 * thread, in a nested transaction, so that one's failure is its own. When nobody is waiting any
 * more the leader commits, and one sync serves them all. A group forms by itself while the commit
 * before it syncs; but its members wake one after another, and the first to come back would commit
 * without the others. So a leader whose group is smaller than the last one gathers for a fraction
 * of what the last commit took. A thread that writes alone never waits, and needs no nested
 * transaction.
 *
 * A call that does not wait for the commit (tv_db_write_start) cannot lead, since its thread goes
 * away. Its group is led by the committer, a thread of the environment that runs no function, and
 * that gathers always: who does not wait may well come again.
 *
 * The rejected alternative, a queue of operations applied by one thread, would limit fn to what can
 * be queued, and run it on a thread whose stack and thread-locals are not the caller's.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define WRITE_TRIES 64       /* each try doubles the map */
#define WRITE_GROUP_MAX 1024 /* members of one commit; bounds how long the first one waits */
#define WRITE_GATHER_SHARE 4 /* gather for at most this fraction of the last commit's time ... */
#define WRITE_GATHER_NS_MAX 1000000 /* ... and at most this long */

enum { MEMBER_WAITING, MEMBER_RUN, MEMBER_LEAD, MEMBER_RAN, MEMBER_DONE };

struct tvi_member {
  tvi_member *next;
  int (*fn)(tv_txn *txn, void *ctx);
  void *ctx;
  pthread_cond_t wake;
  int state;
  int status; /* what fn, or what the commit, gave */
  tv_error err;
};

int tvi_group_init(tvi_group *group) {
  memset(group, 0, sizeof *group);
  return pthread_mutex_init(&group->lock, NULL) == 0 ? TV_OK : TV_ENOMEM;
}

static void write_member_init(tvi_member *member) {
  pthread_condattr_t attributes;
  member->state = MEMBER_WAITING;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&member->wake, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* Who must not begin a second write transaction now; returns who it was before. */
static pthread_t write_set_thread(tvi_env *env, pthread_t thread) {
  pthread_t before;
  pthread_mutex_lock(&env->lock);
  before = env->writer_thread;
  env->writer_thread = thread;
  pthread_mutex_unlock(&env->lock);
  return before;
}

/* Keeps why fn failed: the transaction's own sentence when it is about that status. */
static void write_failed(tvi_member *member, tv_txn *txn, int status) {
  member->status = status;
  if (txn->error.status == status)
    member->err = txn->error;
  else
    (void)tvi_error_set(&member->err, status, 0, "the write was rolled back: fn returned %d",
                        status);
}

/* Runs fn in a nested transaction; what it wrote stays or goes with it. */
static void write_run_nested(tvi_member *member, tv_txn *txn) {
  unsigned depth;
  int status = tv_savepoint(txn, &depth);
  if (status == TV_OK) {
    status = member->fn(txn, member->ctx);
    if (txn->fatal != TV_OK) status = txn->fatal;
    if (status == TV_OK)
      status = tv_savepoint_release(txn, depth);
    else if (txn->depth >= depth)
      (void)tv_savepoint_rollback(txn, depth);
  }
  if (status != TV_OK) write_failed(member, txn, status);
}

/* The first member without company: its transaction is the whole one. */
static void write_run_alone(tvi_member *member, tv_txn *txn) {
  int status = member->fn(txn, member->ctx);
  if (txn->fatal != TV_OK) status = txn->fatal;
  if (status != TV_OK) write_failed(member, txn, status);
}

/* ---- The baton ---- */

/* Takes the next waiting member off the queue. The group lock is held. */
static tvi_member *write_next(tvi_group *group) {
  tvi_member *member = group->head;
  if (member == NULL || group->members == WRITE_GROUP_MAX) return NULL;
  group->head = member->next;
  if (group->head == NULL) group->tail = NULL;
  member->next = group->ran;
  group->ran = member;
  group->members++;
  return member;
}

/* Gives the baton to the next member, or back to the leader. The group lock is held. */
static void write_pass(tvi_group *group) {
  tvi_member *next = write_next(group);
  if (next == NULL) {
    group->leader->state = MEMBER_RAN;
    pthread_cond_signal(&group->leader->wake);
  } else {
    next->state = MEMBER_RUN;
    pthread_cond_signal(&next->wake);
  }
}

static void write_sleep(tvi_group *group, tvi_member *member, int while_state) {
  while (member->state == while_state) pthread_cond_wait(&member->wake, &group->lock);
}

/* ---- The leader ---- */

/* Tells all members how it ended and makes the first of those who came too late the next leader. */
static void write_finish(tvi_group *group, tvi_member *leader, int status, const tv_error *err) {
  tvi_member *member, *next;
  pthread_mutex_lock(&group->lock);
  for (member = group->ran; member != NULL; member = next) {
    next = member->next;
    if (member->status == TV_OK && status != TV_OK) {
      member->status = status;
      member->err = *err;
    }
    member->state = MEMBER_DONE;
    if (member != leader) pthread_cond_signal(&member->wake);
  }
  group->last_members = group->members;
  group->ran = NULL;
  group->members = 0;
  group->leader = NULL;
  if (group->head != NULL) {
    group->leader = group->head;
    group->head->state = MEMBER_LEAD;
    pthread_cond_signal(&group->head->wake);
  }
  pthread_mutex_unlock(&group->lock);
}

/*
 * Waits for members of the last group that are on their way. Returns 1 when somebody came. The
 * group lock is held.
 */
static int write_gather(tvi_group *group, tvi_member *leader) {
  struct timespec until;
  int64_t ns = group->commit_ns / WRITE_GATHER_SHARE;
  if (group->members == WRITE_GROUP_MAX) return 0;
  if (group->head != NULL) return 1;
  if (leader->fn != NULL && group->members >= group->last_members) return 0;
  if (ns > WRITE_GATHER_NS_MAX) ns = WRITE_GATHER_NS_MAX;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)ns;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  group->gathering = 1;
  while (group->head == NULL &&
         pthread_cond_timedwait(&leader->wake, &group->lock, &until) != ETIMEDOUT)
    continue;
  group->gathering = 0;
  return group->head != NULL;
}

/* Runs the leader's own function. 0: it failed, alone, and the transaction is of no use any more.
 */
static int write_run_leader(tvi_group *group, tvi_member *leader, tv_txn *txn) {
  int alone;
  pthread_mutex_lock(&group->lock);
  (void)write_next(group); /* the leader is the head of the queue */
  alone = group->head == NULL;
  pthread_mutex_unlock(&group->lock);
  if (alone)
    write_run_alone(leader, txn);
  else
    write_run_nested(leader, txn);
  /* What a failed function wrote outside a nested transaction must not be committed for others. */
  return !alone || leader->status == TV_OK;
}

/* Lets the baton go round, and returns when nobody waits. */
static void write_round(tvi_group *group, tvi_member *leader, tv_txn *txn) {
  pthread_mutex_lock(&group->lock);
  group->txn = txn;
  pthread_mutex_unlock(&group->lock);
  if (leader->fn != NULL && !write_run_leader(group, leader, txn)) return;
  pthread_mutex_lock(&group->lock);
  do {
    leader->state = MEMBER_WAITING;
    write_pass(group);
    write_sleep(group, leader, MEMBER_WAITING);
  } while (write_gather(group, leader));
  pthread_mutex_unlock(&group->lock);
  (void)write_set_thread(txn->env, pthread_self());
}

static int write_any_succeeded(const tvi_group *group) {
  const tvi_member *member;
  for (member = group->ran; member != NULL; member = member->next)
    if (member->status == TV_OK) return 1;
  return 0;
}

static void write_lead(tv_db *db, tvi_member *leader) {
  tvi_group *group = &db->env->group;
  tv_error err = {0};
  tv_txn *txn;
  int status = tv_begin(db, TV_WRITE, &txn, &err);
  if (status != TV_OK) {
    pthread_mutex_lock(&group->lock);
    (void)write_next(group);
    pthread_mutex_unlock(&group->lock);
  } else {
    write_round(group, leader, txn);
    if (write_any_succeeded(group)) {
      int64_t since = (int64_t)tvi_metric_clock();
      status = tv_commit(txn, &err);
      group->commit_ns = (int64_t)tvi_metric_clock() - since;
    } else {
      tv_abort(txn);
    }
  }
  write_finish(group, leader, status, &err);
}

/* ---- Members ---- */

/* Into the queue. 1: nobody leads. The group lock is held. */
static int write_enqueue(tvi_group *group, tvi_member *member) {
  if (group->tail != NULL)
    group->tail->next = member;
  else
    group->head = member;
  group->tail = member;
  if (group->gathering) pthread_cond_signal(&group->leader->wake);
  return group->leader == NULL;
}

/* Holds the baton: runs fn and passes it on. The group lock is held, and released meanwhile. */
static void write_take_turn(tvi_env *env, tvi_member *member) {
  tvi_group *group = &env->group;
  tv_txn *txn = group->txn;
  pthread_t before;
  pthread_mutex_unlock(&group->lock);
  before = write_set_thread(env, pthread_self());
  write_run_nested(member, txn);
  (void)write_set_thread(env, before);
  pthread_mutex_lock(&group->lock);
  member->state = MEMBER_RAN;
  write_pass(group);
}

static void write_join(tv_db *db, tvi_member *member) {
  tvi_group *group = &db->env->group;
  int lead;
  pthread_mutex_lock(&group->lock);
  if (write_enqueue(group, member)) {
    group->leader = member;
    member->state = MEMBER_LEAD;
  }
  write_sleep(group, member, MEMBER_WAITING);
  lead = member->state == MEMBER_LEAD;
  if (member->state == MEMBER_RUN) {
    write_take_turn(db->env, member);
    write_sleep(group, member, MEMBER_RAN);
  }
  pthread_mutex_unlock(&group->lock);
  if (lead) write_lead(db, member);
}

static int write_once(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err) {
  tvi_member member = {.fn = fn, .ctx = ctx};
  write_member_init(&member);
  write_join(db, &member);
  pthread_cond_destroy(&member.wake);
  if (member.status != TV_OK && err != NULL) *err = member.err;
  return member.status;
}

int tv_db_write(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err) {
  int tries, status = tvi_writer_allowed(db, err);
  if (status != TV_OK) return status;
  status = TV_ERETRY;
  for (tries = 0; tries < WRITE_TRIES && status == TV_ERETRY; tries++)
    status = write_once(db, fn, ctx, err);
  return status;
}

/* ---- The committer and futures ---- */

struct tv_future {
  tvi_member member;
  tvi_group *group;
};

static void *write_commit_loop(void *arg) {
  tvi_group *group = arg;
  pthread_mutex_lock(&group->lock);
  while (!group->stopping) {
    tv_db *db = group->called_by;
    if (db == NULL) {
      pthread_cond_wait(&group->committer->wake, &group->lock);
      continue;
    }
    group->called_by = NULL;
    pthread_mutex_unlock(&group->lock);
    write_lead(db, group->committer);
    pthread_mutex_lock(&group->lock);
  }
  pthread_mutex_unlock(&group->lock);
  return NULL;
}

/* Starts the committer where there is none yet. The group lock is held. */
static int write_commit_start(tvi_group *group) {
  tvi_member *committer;
  sigset_t all, before;
  int native;
  if (group->committer != NULL) return 0;
  committer = tvi_zalloc(sizeof *committer);
  if (committer == NULL) return ENOMEM;
  write_member_init(committer);
  group->committer = committer;
  sigfillset(&all); /* signals of the program are not for this thread */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  native = pthread_create(&group->thread, NULL, write_commit_loop, group);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (native == 0) return 0;
  group->committer = NULL;
  pthread_cond_destroy(&committer->wake);
  tvi_free(committer);
  return native;
}

/* Makes the committer lead the group that waits. The group lock is held. */
static void write_call_committer(tv_db *db) {
  tvi_group *group = &db->env->group;
  group->leader = group->committer;
  group->called_by = db;
  pthread_cond_signal(&group->committer->wake);
}

void tvi_group_destroy(tvi_group *group) {
  if (group->committer != NULL) {
    pthread_mutex_lock(&group->lock);
    group->stopping = 1;
    pthread_cond_signal(&group->committer->wake);
    pthread_mutex_unlock(&group->lock);
    pthread_join(group->thread, NULL);
    pthread_cond_destroy(&group->committer->wake);
    tvi_free(group->committer);
  }
  pthread_mutex_destroy(&group->lock);
}

/* Waits for the member's turn and runs its function, or learns that there will be none. */
static void write_start_once(tv_db *db, tvi_member *member) {
  tvi_group *group = &db->env->group;
  int lead;
  pthread_mutex_lock(&group->lock);
  lead = write_enqueue(group, member);
  for (;;) {
    if (lead || member->state == MEMBER_LEAD) write_call_committer(db);
    if (member->state == MEMBER_LEAD) member->state = MEMBER_WAITING;
    lead = 0;
    write_sleep(group, member, MEMBER_WAITING);
    if (member->state == MEMBER_LEAD) continue;
    if (member->state == MEMBER_RUN) write_take_turn(db->env, member);
    /* A failed one has nothing to wait for but the end of its group. */
    if (member->status != TV_OK) write_sleep(group, member, MEMBER_RAN);
    break;
  }
  pthread_mutex_unlock(&group->lock);
}

static int write_future_new(tv_db *db, tv_future **out, tv_error *err) {
  tvi_group *group = &db->env->group;
  tv_future *future = tvi_zalloc(sizeof *future);
  int native = ENOMEM;
  if (future != NULL) {
    pthread_mutex_lock(&group->lock);
    native = write_commit_start(group);
    pthread_mutex_unlock(&group->lock);
  }
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
  if (status == TV_OK) status = write_future_new(db, &future, err);
  if (status != TV_OK) return status;
  status = TV_ERETRY;
  for (tries = 0; tries < WRITE_TRIES && status == TV_ERETRY; tries++) {
    if (tries > 0) pthread_cond_destroy(&future->member.wake);
    memset(&future->member, 0, sizeof future->member);
    future->member.fn = fn;
    future->member.ctx = ctx;
    write_member_init(&future->member);
    write_start_once(db, &future->member);
    status = future->member.status;
  }
  if (status != TV_OK) {
    if (err != NULL) *err = future->member.err;
    pthread_cond_destroy(&future->member.wake);
    tvi_free(future);
    return status;
  }
  *out = future;
  return TV_OK;
}

int tv_future_done(tv_future *future) {
  int done;
  pthread_mutex_lock(&future->group->lock);
  done = future->member.state == MEMBER_DONE;
  pthread_mutex_unlock(&future->group->lock);
  return done;
}

int tv_future_wait(tv_future *future, tv_error *err) {
  int status;
  pthread_mutex_lock(&future->group->lock);
  write_sleep(future->group, &future->member, MEMBER_RAN);
  pthread_mutex_unlock(&future->group->lock);
  status = future->member.status;
  if (status != TV_OK && err != NULL) *err = future->member.err;
  pthread_cond_destroy(&future->member.wake);
  tvi_free(future);
  return status;
}
