/* SPDX-License-Identifier: MIT */
/*
 * The keeper: a thread that begins and ends write transactions for callers that may move between
 * threads. LMDB's writer mutex belongs to the thread that locked it; a commit on another thread
 * reports success and leaves the mutex locked for ever. What lies between begin and end does not
 * care, so only those two are handed over. The rejected alternative, MDB_NOLOCK with a
 * reader table of our own, would make stock LMDB tools unsafe on the file.
 */
#include <signal.h>
#include <string.h>

#include "env_internal.h"

static void *keeper_loop(void *arg) {
  tvi_keeper *keeper = arg;
  pthread_mutex_lock(&keeper->lock);
  while (!keeper->stopping) {
    if (keeper->job == NULL) {
      pthread_cond_wait(&keeper->wake, &keeper->lock);
      continue;
    }
    int (*job)(void *) = keeper->job;
    void *ctx = keeper->ctx;
    int result;
    pthread_mutex_unlock(&keeper->lock);
    result = job(ctx);
    pthread_mutex_lock(&keeper->lock);
    keeper->job = NULL;
    keeper->result = result;
    keeper->finished = 1;
    pthread_cond_signal(&keeper->done);
  }
  pthread_mutex_unlock(&keeper->lock);
  return NULL;
}

int tvi_keeper_init(tvi_keeper *keeper) {
  memset(keeper, 0, sizeof *keeper);
  if (pthread_mutex_init(&keeper->lock, NULL) != 0) return TV_ENOMEM;
  if (pthread_cond_init(&keeper->wake, NULL) != 0) return TV_ENOMEM;
  if (pthread_cond_init(&keeper->done, NULL) != 0) return TV_ENOMEM;
  return TV_OK;
}

void tvi_keeper_destroy(tvi_keeper *keeper) {
  if (keeper->running) {
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = 1;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
  }
  pthread_cond_destroy(&keeper->wake);
  pthread_cond_destroy(&keeper->done);
  pthread_mutex_destroy(&keeper->lock);
}

/* Signals of the program are not for this thread. The caller holds keeper->lock. */
static int keeper_start(tvi_keeper *keeper) {
  sigset_t all, before;
  int native;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  native = pthread_create(&keeper->thread, NULL, keeper_loop, keeper);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (native == 0) keeper->running = 1;
  return native;
}

/* One caller at a time: it holds the writer gate. */
int tvi_keeper_run(tvi_keeper *keeper, int (*job)(void *ctx), void *ctx) {
  int result = 0;
  pthread_mutex_lock(&keeper->lock);
  if (!keeper->running) result = keeper_start(keeper);
  if (result == 0) {
    keeper->finished = 0;
    keeper->ctx = ctx;
    keeper->job = job;
    pthread_cond_signal(&keeper->wake);
    while (!keeper->finished) pthread_cond_wait(&keeper->done, &keeper->lock);
    result = keeper->result;
  }
  pthread_mutex_unlock(&keeper->lock);
  return result;
}
