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
 * Waking a thread takes longer than most functions run. So all members are woken together when the
 * round opens, and take the baton in whatever order they come; who finds it held watches it for a
 * moment before sleeping again. All who wait for the commit sleep on one word, too.
 *
 * Rejected: a queue of operations applied by one thread, which would limit fn to what can be
 * queued, and run it on a thread whose stack and thread-locals are not the caller's; and a baton
 * handed from member to member, which costs the latency of a wake for each.
 */
#include <string.h>
#include <unistd.h>

#include "group_internal.h"
#include "lmdb_status_internal.h"
#include "park_internal.h"

#define WRITE_TRIES 64       /* each try doubles the map */
#define WRITE_GROUP_MAX 1024 /* members of one commit; bounds how long the first one waits */
#define WRITE_GATHER_SHARE 4 /* gather for at most this fraction of the last commit's time ... */
#define WRITE_GATHER_NS_MAX 1000000 /* ... and at most this long at a time */

int tvi_group_init(tvi_group *group) {
  memset(group, 0, sizeof *group);
  group->alone = sysconf(_SC_NPROCESSORS_ONLN) < 2;
  return pthread_mutex_init(&group->lock, NULL) == 0 ? TV_OK : TV_ENOMEM;
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

/* Watches a held baton for a moment, then sleeps until somebody wakes who sleeps. */
static void write_sleep(tvi_group *group, int baton) {
  if (baton == BATON_HELD && !group->alone) {
    tvi_park_spin(&group->baton, BATON_HELD);
    if (atomic_load(&group->baton) != BATON_HELD) return;
  }
  atomic_fetch_add(&group->sleepers, 1);
  tvi_park(&group->baton, baton, -1); /* not if it has changed since: the count came first */
  atomic_fetch_sub(&group->sleepers, 1);
}

int tvi_group_enter(tvi_group *group) {
  atomic_fetch_add(&group->waiting, 1);
  for (;;) {
    int baton = atomic_load(&group->baton);
    if (baton == BATON_VACANT &&
        atomic_compare_exchange_strong(&group->baton, &baton, BATON_CLOSED)) {
      atomic_fetch_sub(&group->waiting, 1);
      return 1;
    }
    if (baton == BATON_FREE && atomic_compare_exchange_strong(&group->baton, &baton, BATON_HELD)) {
      /* The next one wakes while this one works. */
      if (atomic_load(&group->sleepers) > 0) tvi_unpark_one(&group->baton);
      return 0;
    }
    if (baton == BATON_CLOSED || baton == BATON_HELD) write_sleep(group, baton);
  }
}

/* Who holds the baton is of the round now; the leader, too, who holds it while it is closed. */
static void write_count_in(tvi_group *group, tvi_member *member) {
  member->next = group->ran;
  group->ran = member;
  atomic_fetch_add(&group->members, 1);
}

static void write_pass(tvi_group *group) {
  unsigned waiting = atomic_fetch_sub(&group->waiting, 1) - 1;
  unsigned members = atomic_load(&group->members);
  int full = members >= WRITE_GROUP_MAX;
  atomic_store(&group->baton, full ? BATON_CLOSED : BATON_FREE);
  if (full || (waiting == 0 && members >= atomic_load(&group->wanted))) {
    atomic_fetch_add(&group->passed, 1);
    tvi_unpark_one(&group->passed);
  } else if (atomic_load(&group->sleepers) > 0) {
    tvi_unpark_one(&group->baton);
  }
}

int tvi_group_take_turn(tvi_env *env, tvi_member *member) {
  tvi_group *group = &env->group;
  pthread_t before;
  int status;
  write_count_in(group, member);
  if (group->txn == NULL) { /* it could not begin */
    member->status = group->begin_err.status;
    member->err = group->begin_err;
  } else {
    before = write_set_thread(env, pthread_self());
    write_run_nested(member, group->txn);
    (void)write_set_thread(env, before);
  }
  status = member->status; /* from the next line on the leader may write to it */
  write_pass(group);
  return status;
}

void tvi_group_wait_done(tvi_group *group, tvi_member *member) {
  for (;;) {
    int round = atomic_load(&group->rounds);
    if (atomic_load(&member->done)) return;
    tvi_park(&group->rounds, round, -1);
  }
}

/* ---- The leader ---- */

/* Tells all members how it ended, and those who came too late that nobody leads. */
static void write_finish(tvi_group *group, int status, const tv_error *err) {
  tvi_member *member, *next;
  for (member = group->ran; member != NULL; member = next) {
    next = member->next;
    if (member->status == TV_OK && status != TV_OK) {
      member->status = status;
      member->err = *err;
    }
    atomic_store(&member->done, 1); /* its memory may be gone from here on */
  }
  group->last_members = atomic_load(&group->members);
  group->ran = NULL;
  group->txn = NULL;
  atomic_store(&group->members, 0);
  atomic_fetch_add(&group->rounds, 1);
  atomic_store(&group->baton, BATON_VACANT);
  if (atomic_load(&group->waiting) > 0) tvi_unpark_one(&group->baton);
  tvi_unpark_all(&group->rounds);
}

/* Runs the leader's own function. 0: it failed, alone, and the transaction is of no use any more.
 */
static int write_run_leader(tvi_group *group, tvi_member *leader, tv_txn *txn) {
  int nobody_else = atomic_load(&group->waiting) == 0;
  if (nobody_else)
    write_run_alone(leader, txn);
  else
    write_run_nested(leader, txn);
  /* What a failed function wrote outside a nested transaction must not be committed for others. */
  return !nobody_else || leader->status == TV_OK;
}

/* Lets the baton go round until nobody waits, and those of the last group that are on their way
 * have had their time. */
static void write_round(tvi_group *group, unsigned wanted) {
  int64_t ns = group->commit_ns / WRITE_GATHER_SHARE, until;
  int free = BATON_FREE;
  if (ns > WRITE_GATHER_NS_MAX) ns = WRITE_GATHER_NS_MAX;
  until = (int64_t)tvi_metric_clock() + ns;
  atomic_store(&group->wanted, wanted);
  atomic_store(&group->baton, BATON_FREE);
  if (atomic_load(&group->sleepers) > 0) tvi_unpark_all(&group->baton);
  for (;;) {
    int passed = atomic_load(&group->passed), late;
    int64_t left = until - (int64_t)tvi_metric_clock();
    late = left <= 0 || atomic_load(&group->members) >= wanted;
    if (late && atomic_load(&group->waiting) == 0 &&
        atomic_compare_exchange_strong(&group->baton, &free, BATON_CLOSED))
      return;
    if (free == BATON_CLOSED) return; /* full */
    free = BATON_FREE;
    tvi_park(&group->passed, passed, left > 0 ? left : WRITE_GATHER_NS_MAX);
  }
}

static int write_any_succeeded(const tvi_group *group) {
  const tvi_member *member;
  for (member = group->ran; member != NULL; member = member->next)
    if (member->status == TV_OK) return 1;
  return 0;
}

/* The round and its commit. */
static int write_lead_round(tvi_env *env, tvi_member *leader, tv_txn *txn, tv_error *err) {
  tvi_group *group = &env->group;
  int64_t since;
  int status;
  group->txn = txn;
  if (leader == NULL || write_run_leader(group, leader, txn))
    write_round(group, leader == NULL ? WRITE_GROUP_MAX : group->last_members);
  (void)write_set_thread(env, pthread_self());
  if (!write_any_succeeded(group)) {
    tv_abort(txn);
    return TV_OK;
  }
  since = (int64_t)tvi_metric_clock();
  status = tv_commit(txn, err);
  group->commit_ns = (int64_t)tvi_metric_clock() - since;
  return status;
}

void tvi_group_lead(tv_db *db, tvi_member *leader) {
  tvi_group *group = &db->env->group;
  tv_error err = {0};
  tv_txn *txn;
  int status = tv_begin(db, TV_WRITE, &txn, &err);
  if (leader != NULL) write_count_in(group, leader);
  if (status == TV_OK) {
    status = write_lead_round(db->env, leader, txn, &err);
  } else if (leader == NULL) { /* those who wait have to be told */
    group->begin_err = err;
    write_round(group, 0);
  }
  write_finish(group, status, &err);
}

/* ---- Members ---- */

static int write_once(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err) {
  tvi_group *group = &db->env->group;
  tvi_member member = {.fn = fn, .ctx = ctx};
  if (tvi_group_enter(group)) {
    tvi_group_lead(db, &member);
  } else {
    (void)tvi_group_take_turn(db->env, &member);
    tvi_group_wait_done(group, &member);
  }
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
