/* SPDX-License-Identifier: MIT */
/*
 * The registry of open environments, the only writable global of the library.
 *
 * LMDB must not open a file twice in one process (closing either would drop the locks of both), so
 * tv_open looks here first. After fork() the child must not touch what the parent opened: the
 * child's registry starts empty and the fork count tells old handles from new ones. The rejected
 * alternative, comparing getpid() on every call, costs a system call per transaction.
 */
#include <pthread.h>
#include <unistd.h>

#include "env_internal.h"

static struct {
  pthread_mutex_t lock;
  pthread_once_t once;
  tvi_env *envs;
  uint64_t ids;
  atomic_uint forks;
  int has_allocator;
  tv_allocator allocator;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static void registry_before_fork(void) {
  pthread_mutex_lock(&registry.lock);
}

static void registry_after_fork_parent(void) {
  pthread_mutex_unlock(&registry.lock);
}

/*
 * The child inherits descriptors, and with the data file's a share in its record locks: were its
 * parent killed in its turn, the child would hold the writer gate for ever. What was opened before
 * is refused here anyway.
 */
static void registry_after_fork_child(void) {
  tvi_env *env;
  for (env = registry.envs; env != NULL; env = env->next) {
    int fd;
    if (mdb_env_get_fd(env->mdb, &fd) == 0) (void)close(fd);
  }
  registry.envs = NULL;
  atomic_fetch_add(&registry.forks, 1);
  pthread_mutex_unlock(&registry.lock);
}

static void registry_install(void) {
  (void)pthread_atfork(registry_before_fork, registry_after_fork_parent, registry_after_fork_child);
}

void tvi_registry_lock(void) {
  pthread_once(&registry.once, registry_install);
  pthread_mutex_lock(&registry.lock);
}

void tvi_registry_unlock(void) {
  pthread_mutex_unlock(&registry.lock);
}

unsigned tvi_registry_forks(void) {
  return atomic_load_explicit(&registry.forks, memory_order_relaxed);
}

tvi_env *tvi_registry_find(dev_t device, ino_t inode) {
  tvi_env *env;
  for (env = registry.envs; env != NULL; env = env->next)
    if (env->device == device && env->inode == inode) return env;
  return NULL;
}

tvi_env *tvi_registry_find_id(uint64_t id) {
  tvi_env *env;
  for (env = registry.envs; env != NULL; env = env->next)
    if (env->id == id) return env;
  return NULL;
}

void tvi_registry_add(tvi_env *env) {
  env->id = ++registry.ids;
  env->forks = tvi_registry_forks();
  env->next = registry.envs;
  registry.envs = env;
}

void tvi_registry_remove(tvi_env *env) {
  tvi_env **link;
  for (link = &registry.envs; *link != NULL; link = &(*link)->next)
    if (*link == env) {
      *link = env->next;
      return;
    }
}

/* Read without the lock: it may only change while no database is open. */
const tv_allocator *tvi_registry_allocator(void) {
  return registry.has_allocator ? &registry.allocator : NULL;
}

int tv_allocator_set(const tv_allocator *allocator) {
  int status = TV_OK;
  if (allocator != NULL &&
      (allocator->allocate == NULL || allocator->reallocate == NULL || allocator->release == NULL))
    return TV_EINVAL;
  tvi_registry_lock();
  if (registry.envs != NULL) {
    status = TV_EMISUSE;
  } else if (allocator == NULL) {
    registry.has_allocator = 0;
  } else {
    registry.allocator = *allocator;
    registry.has_allocator = 1;
  }
  tvi_registry_unlock();
  return status;
}
