/* SPDX-License-Identifier: MIT */
/*
 * The writer gate: every writer passes it before it meets LMDB's own mutex, which has no try, no
 * deadline and no order. Within the process it is a first-come queue; between processes two
 * record locks on the data file (open file description locks, so any thread may release them).
 *
 * A process that waits holds the turnstile while it waits for the gate itself. Whoever leaves the
 * gate and wants it again must pass the turnstile first, so no process can overtake a waiting one
 * twice. Record locks have no timed wait: a waiter of another process polls, the more often the
 * longer it has waited. The rejected alternative, a robust mutex in shared memory, needs a third
 * file and cannot be interrupted.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define GATE_BYTE ((off_t)1 << 61) /* far beyond any data */
#define GATE_TURNSTILE (GATE_BYTE + 1)
#define GATE_PAUSE_NS_MIN ((int64_t)100000)
#define GATE_PAUSE_NS_MAX ((int64_t)2000000)
#define GATE_PAUSE_AGEING 10 /* after 20 ms a waiter asks as often as it may */
#define GATE_ASK_NS 10000000 /* how often an interruption is asked about */

struct tvi_gate_waiter {
  tvi_gate_waiter *next;
  pthread_cond_t granted_cond;
  int granted;
};

static int64_t gate_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int tvi_gate_init(tvi_gate *gate) {
  memset(gate, 0, sizeof *gate);
  return pthread_mutex_init(&gate->lock, NULL) == 0 ? TV_OK : TV_ENOMEM;
}

void tvi_gate_destroy(tvi_gate *gate) {
  pthread_mutex_destroy(&gate->lock);
}

static int gate_fail(int status, tv_error *err) {
  if (status == TV_EINTR)
    return tvi_error_set(err, status, 0, "interrupted while waiting for another writer");
  return tvi_error_set(err, status, 0, "another writer holds the database; try again later");
}

/* The earlier of the deadline and the next question about interruption; INT64_MAX: never. */
static int64_t gate_wake_at(const tvi_wait *wait, int64_t deadline) {
  int64_t ask = wait->interrupted != NULL ? gate_now_ns() + GATE_ASK_NS : INT64_MAX;
  return ask < deadline ? ask : deadline;
}

static void gate_unlink(tvi_gate *gate, tvi_gate_waiter *waiter) {
  tvi_gate_waiter **link = &gate->head, *before = NULL;
  while (*link != waiter) {
    before = *link;
    link = &before->next;
  }
  *link = waiter->next;
  if (gate->tail == waiter) gate->tail = before;
}

static int gate_wait_turn(tvi_gate *gate, tvi_gate_waiter *waiter, const tvi_wait *wait,
                          int64_t deadline) {
  int status = TV_OK;
  while (!waiter->granted && status == TV_OK) {
    int64_t until = gate_wake_at(wait, deadline);
    if (until == INT64_MAX) {
      pthread_cond_wait(&waiter->granted_cond, &gate->lock);
    } else {
      struct timespec at = {until / 1000000000, until % 1000000000};
      pthread_cond_timedwait(&waiter->granted_cond, &gate->lock, &at);
      if (waiter->granted) break;
      if (wait->interrupted != NULL && wait->interrupted(wait->ctx))
        status = TV_EINTR;
      else if (gate_now_ns() >= deadline)
        status = TV_EBUSY;
    }
  }
  return status;
}

/* Within the process. */
static int gate_queue(tvi_gate *gate, const tvi_wait *wait, int64_t deadline) {
  tvi_gate_waiter waiter = {0};
  pthread_condattr_t attributes;
  int status = TV_OK;
  pthread_mutex_lock(&gate->lock);
  if (!gate->held) {
    gate->held = 1;
  } else if (wait->wait_ms == 0) {
    status = TV_EBUSY;
  } else {
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.granted_cond, &attributes);
    pthread_condattr_destroy(&attributes);
    if (gate->tail != NULL)
      gate->tail->next = &waiter;
    else
      gate->head = &waiter;
    gate->tail = &waiter;
    status = gate_wait_turn(gate, &waiter, wait, deadline);
    if (status != TV_OK) gate_unlink(gate, &waiter);
    pthread_cond_destroy(&waiter.granted_cond);
  }
  pthread_mutex_unlock(&gate->lock);
  return status;
}

/* Hands the gate to the longest waiting, or opens it. */
static void gate_pass_on(tvi_gate *gate) {
  pthread_mutex_lock(&gate->lock);
  if (gate->head != NULL) {
    tvi_gate_waiter *first = gate->head;
    gate->head = first->next;
    if (gate->head == NULL) gate->tail = NULL;
    first->granted = 1;
    pthread_cond_signal(&first->granted_cond);
  } else {
    gate->held = 0;
  }
  pthread_mutex_unlock(&gate->lock);
}

static int gate_record_lock(int fd, off_t byte, short type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

/* Short at first, for a gate that opens soon; then the longer the wait, the more often: who came
 * last asks least, so the longest waiting most probably gets it. */
static int64_t gate_pause_ns(unsigned polls, int64_t waited_ns) {
  int64_t pause = GATE_PAUSE_NS_MAX - waited_ns / GATE_PAUSE_AGEING;
  if (polls < 4) return GATE_PAUSE_NS_MIN << polls;
  return pause < GATE_PAUSE_NS_MIN ? GATE_PAUSE_NS_MIN : pause;
}

static int gate_poll(int fd, off_t byte, const tvi_wait *wait, int64_t deadline) {
  int64_t begun = gate_now_ns(), now, ask_at = begun + GATE_ASK_NS;
  unsigned polls;
  for (polls = 0;; polls++) {
    struct timespec pause = {0, 0};
    int native = gate_record_lock(fd, byte, F_WRLCK);
    if (native == 0) return 0;
    if (native != EAGAIN && native != EACCES) return native;
    now = gate_now_ns();
    if (wait->wait_ms == 0 || now >= deadline) return EAGAIN;
    if (wait->interrupted != NULL && now >= ask_at) {
      if (wait->interrupted(wait->ctx)) return EINTR;
      ask_at = now + GATE_ASK_NS;
    }
    pause.tv_nsec = (long)gate_pause_ns(polls, now - begun);
    nanosleep(&pause, NULL);
  }
}

/* Between processes: through the turnstile to the gate. */
static int gate_lock_file(tvi_env *env, const tvi_wait *wait, int64_t deadline, tv_error *err) {
  int fd, native;
  mdb_env_get_fd(env->mdb, &fd);
  native = gate_poll(fd, GATE_TURNSTILE, wait, deadline);
  if (native == 0) {
    native = gate_poll(fd, GATE_BYTE, wait, deadline);
    (void)gate_record_lock(fd, GATE_TURNSTILE, F_UNLCK);
  }
  if (native == 0) {
    env->gate.file_locked = 1;
    return TV_OK;
  }
  if (native == EAGAIN) return gate_fail(TV_EBUSY, err);
  if (native == EINTR) return gate_fail(TV_EINTR, err);
  return tvi_lmdb_fail(err, native, "cannot lock '%s' for writing", env->path);
}

int tvi_env_gate_enter(tvi_env *env, const tvi_wait *wait, tv_error *err) {
  int64_t deadline =
      wait->wait_ms < 0 ? INT64_MAX : gate_now_ns() + (int64_t)wait->wait_ms * 1000000;
  int status = gate_queue(&env->gate, wait, deadline);
  if (status != TV_OK) return gate_fail(status, err);
  if (env->is_private) return TV_OK;
  status = gate_lock_file(env, wait, deadline, err);
  if (status != TV_OK) gate_pass_on(&env->gate);
  return status;
}

void tvi_env_gate_leave(tvi_env *env) {
  if (env->gate.file_locked) {
    int fd;
    mdb_env_get_fd(env->mdb, &fd);
    env->gate.file_locked = 0;
    (void)gate_record_lock(fd, GATE_BYTE, F_UNLCK);
  }
  gate_pass_on(&env->gate);
}

static int32_t gate_wait_ms(const tv_db *db, int32_t wait_ms) {
  return wait_ms == TV_WAIT_DEFAULT ? db->busy_wait_ms : wait_ms;
}

int tvi_gate_enter(tv_db *db, int32_t wait_ms, int (*interrupted)(void *ctx), void *ctx,
                   tv_error *err) {
  tvi_wait wait = {gate_wait_ms(db, wait_ms), interrupted, ctx};
  if (db->readonly)
    return tvi_error_set(err, TV_EREADONLY, 0, "'%s' is open for reading only", db->env->path);
  return tvi_env_gate_enter(db->env, &wait, err);
}

void tvi_gate_leave(tv_db *db) {
  tvi_env_gate_leave(db->env);
}
