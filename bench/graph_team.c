/* SPDX-License-Identifier: MIT */
/*
 * Fork and join over standing threads. OpenMP was rejected: two runtimes of it (gcc's and clang's)
 * would be one more thing to install, and all that the kernels need is one loop shared in pieces.
 * Threads that wait look for work for a while before they sleep: levels of a search follow each
 * other within microseconds.
 */
#include "graph_team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "interrupt.h"
#include "tool_heap.h"

#define TEAM_LOOKS 2000 /* some 20 us */

struct graph_team {
  unsigned threads;
  pthread_t thread[GRAPH_TEAM_MAX];
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_uint turn;    /* goes up with each loop; workers wait for it to change */
  atomic_uint working; /* workers that have not ended this turn */
  atomic_int stop;
  atomic_ullong next; /* first index that nobody took */
  uint64_t n, piece;
  graph_team_fn work;
  void *ctx;
};

typedef struct team_seat {
  graph_team *team;
  unsigned thread;
} team_seat;

static void team_work(graph_team *team, unsigned thread) {
  for (;;) {
    uint64_t from = atomic_fetch_add_explicit(&team->next, team->piece, memory_order_relaxed);
    uint64_t left = from < team->n ? team->n - from : 0;
    if (left == 0 || interrupt_seen()) break;
    team->work(team->ctx, thread, from, from + (left < team->piece ? left : team->piece));
  }
}

/* Returns the turn that came after `seen`. */
static unsigned team_wait(graph_team *team, unsigned seen) {
  unsigned looks, turn;
  for (looks = 0; looks < TEAM_LOOKS; looks++) {
    turn = atomic_load_explicit(&team->turn, memory_order_acquire);
    if (turn != seen) return turn;
    if (looks % 64 == 63) sched_yield();
  }
  pthread_mutex_lock(&team->mutex);
  while ((turn = atomic_load_explicit(&team->turn, memory_order_acquire)) == seen)
    pthread_cond_wait(&team->wake, &team->mutex);
  pthread_mutex_unlock(&team->mutex);
  return turn;
}

static void *team_thread(void *arg) {
  team_seat seat = *(team_seat *)arg;
  unsigned turn = 0;
  free(arg);
  for (;;) {
    turn = team_wait(seat.team, turn);
    if (atomic_load(&seat.team->stop)) return NULL;
    team_work(seat.team, seat.thread);
    atomic_fetch_sub_explicit(&seat.team->working, 1, memory_order_release);
  }
}

static void team_turn(graph_team *team) {
  pthread_mutex_lock(&team->mutex);
  atomic_fetch_add_explicit(&team->turn, 1, memory_order_release);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
}

graph_team *graph_team_make(unsigned threads) {
  graph_team *team = heap_take(sizeof *team);
  unsigned i;
  if (threads < 1 || threads > GRAPH_TEAM_MAX) heap_stop("no team of %u threads", threads);
  team->threads = threads;
  pthread_mutex_init(&team->mutex, NULL);
  pthread_cond_init(&team->wake, NULL);
  for (i = 1; i < threads; i++) {
    team_seat *seat = heap_take(sizeof *seat);
    seat->team = team;
    seat->thread = i;
    if (pthread_create(&team->thread[i], NULL, team_thread, seat) != 0)
      heap_stop("cannot start thread %u of %u", i + 1, threads);
  }
  return team;
}

void graph_team_free(graph_team *team) {
  unsigned i;
  if (team == NULL) return;
  atomic_store(&team->stop, 1);
  team_turn(team);
  for (i = 1; i < team->threads; i++) pthread_join(team->thread[i], NULL);
  pthread_cond_destroy(&team->wake);
  pthread_mutex_destroy(&team->mutex);
  free(team);
}

unsigned graph_team_threads(const graph_team *team) {
  return team->threads;
}

void graph_team_share(graph_team *team, uint64_t n, uint64_t piece, graph_team_fn work, void *ctx) {
  unsigned looks = 0;
  if (n == 0) return;
  team->n = n;
  team->piece = piece;
  team->work = work;
  team->ctx = ctx;
  atomic_store_explicit(&team->next, 0, memory_order_relaxed);
  if (team->threads == 1 || n <= piece) {
    team_work(team, 0);
    return;
  }
  atomic_store_explicit(&team->working, team->threads - 1, memory_order_relaxed);
  team_turn(team);
  team_work(team, 0);
  while (atomic_load_explicit(&team->working, memory_order_acquire) > 0)
    if (++looks % 64 == 0) sched_yield();
}
