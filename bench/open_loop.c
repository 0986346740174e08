/* SPDX-License-Identifier: MIT */
/*
 * Workers that take operations from one counter and sleep until each is due. A queue of due
 * operations filled by a timer thread was rejected: on two processors the timer takes one of them.
 */

#include "open_loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "clock.h"
#include "interrupt.h"
#include "tool_heap.h"

typedef struct open_loop_worker open_loop_worker;

typedef struct open_loop {
  const open_loop_plan *plan;
  uint64_t start, end; /* ns; end 0: no limit */
  atomic_uint_fast64_t next;
  atomic_int stop, failed;
  pthread_barrier_t ready;
  open_loop_worker *worker;
} open_loop;

struct open_loop_worker {
  open_loop *loop;
  pthread_t thread;
  unsigned number;
  uint64_t last_end, behind;
  latency latencies, late;
};

static void open_loop_sleep(uint64_t until) {
  struct timespec when = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) != 0) continue;
}

/* When the operation's user came: it is due, or, if the worker overslept, it woke. */
static uint64_t open_loop_due(open_loop_worker *worker, uint64_t i) {
  const open_loop *loop = worker->loop;
  uint64_t now = clock_ns(), due;
  if (loop->plan->rate <= 0) return now;
  due = loop->start + (uint64_t)((double)i * 1e9 / loop->plan->rate);
  if (now >= due) {
    worker->behind = now - due;
    return due; /* the worker was busy: the user has been waiting since */
  }
  open_loop_sleep(due);
  worker->behind = 0;
  now = clock_ns();
  latency_record(&worker->late, now - due);
  return now;
}

static void *open_loop_work(void *arg) {
  open_loop_worker *worker = arg;
  open_loop *loop = worker->loop;
  (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  pthread_barrier_wait(&loop->ready);
  pthread_barrier_wait(&loop->ready); /* the start is known */
  while (!atomic_load_explicit(&loop->stop, memory_order_relaxed)) {
    uint64_t i = atomic_fetch_add(&loop->next, 1), due;
    if (i >= loop->plan->operations) break;
    due = open_loop_due(worker, i);
    if (loop->end != 0 && due >= loop->end) break;
    if (loop->plan->run(loop->plan->ctx, worker->number, i) != 0) {
      atomic_store(&loop->failed, 1);
      atomic_store(&loop->stop, 1);
      break;
    }
    worker->last_end = clock_ns();
    latency_record(&worker->latencies, worker->last_end - due);
    if ((i & 255) == 0 && interrupt_seen()) atomic_store(&loop->stop, 1);
  }
  return NULL;
}

static void open_loop_collect(const open_loop *loop, open_loop_result *result) {
  latency *late = heap_take(sizeof *late);
  uint64_t end = loop->start;
  unsigned t;
  for (t = 0; t < loop->plan->threads; t++) {
    const open_loop_worker *worker = &loop->worker[t];
    latency_add(&result->latencies, &worker->latencies);
    latency_add(late, &worker->late);
    if (worker->last_end > end) end = worker->last_end;
    if ((double)worker->behind / 1e9 > result->behind)
      result->behind = (double)worker->behind / 1e9;
  }
  result->operations = result->latencies.count;
  result->seconds = (double)(end - loop->start) / 1e9;
  result->late_ns = latency_at(late, 0.99);
  result->failed = atomic_load(&loop->failed);
  result->interrupted = interrupt_seen();
  free(late);
}

int open_loop_run(const open_loop_plan *plan, open_loop_result *result) {
  open_loop loop = {.plan = plan};
  unsigned t;
  memset(result, 0, sizeof *result);
  loop.worker = heap_take(plan->threads * sizeof *loop.worker);
  pthread_barrier_init(&loop.ready, NULL, plan->threads + 1);
  for (t = 0; t < plan->threads; t++) {
    loop.worker[t].loop = &loop;
    loop.worker[t].number = t;
    if (pthread_create(&loop.worker[t].thread, NULL, open_loop_work, &loop.worker[t]) != 0)
      heap_stop("cannot start %u threads", plan->threads);
  }
  pthread_barrier_wait(&loop.ready);
  loop.start = clock_ns();
  if (plan->seconds > 0) loop.end = loop.start + (uint64_t)(plan->seconds * 1e9);
  pthread_barrier_wait(&loop.ready);
  for (t = 0; t < plan->threads; t++) pthread_join(loop.worker[t].thread, NULL);
  pthread_barrier_destroy(&loop.ready);
  open_loop_collect(&loop, result);
  free(loop.worker);
  return result->failed ? -1 : 0;
}
