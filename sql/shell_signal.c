/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C: interrupts the running statement, import, scan or traversal, never the shell. The handler
 * sets a flag and calls sqlite3_interrupt, which is made for that; a longjmp out of the handler was
 * rejected, since it would leave the store's transaction half-way. Pressed three times without an
 * answer, the program ends: a kill is safe for the store.
 */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "shell_internal.h"

/* The only state outside `struct shell`: what the handler can reach. An int and not a
 * sig_atomic_t, because tv_limits.cancel points at it; written through a volatile lvalue. */
static int shell_signal_count;
static sqlite3 *volatile shell_signal_target;

static void shell_signal_handler(int number) {
  (void)number;
  volatile int *count = &shell_signal_count;
  *count = *count + 1;
  if (*count > 2) _exit(130);
  sqlite3 *target = shell_signal_target;
  if (target != NULL) sqlite3_interrupt(target);
}

static void shell_signal_wake(int number) {
  (void)number; /* that a wait ends is all there is to it */
}

void shell_interrupt_install(void) {
  struct sigaction action = {0};
  action.sa_handler = shell_signal_handler; /* no SA_RESTART: a read must end */
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  action.sa_handler = shell_signal_wake;
  action.sa_flags = SA_RESTART;
  sigaction(SIGCONT, &action, NULL);
  sigaction(SIGWINCH, &action, NULL);
}

shell_wait shell_interrupt_wait(int fd) {
  sigset_t held, before;
  struct pollfd input = {.fd = fd, .events = POLLIN};
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGCONT);
  sigaddset(&held, SIGWINCH);
  /* Held until ppoll lets them in: one that came between the question and the wait would
   * otherwise be lost until the next key. */
  sigprocmask(SIG_BLOCK, &held, &before);
  int ready = shell_interrupted() ? -1 : ppoll(&input, 1, NULL, &before);
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (shell_interrupted()) return SHELL_WAIT_INTERRUPTED;
  return ready > 0 ? SHELL_WAIT_READY : SHELL_WAIT_WOKEN;
}

void shell_interrupt_watch(sqlite3 *sql) {
  shell_signal_target = sql;
}

bool shell_interrupted(void) {
  volatile int *count = &shell_signal_count;
  return *count > 0;
}

void shell_interrupt_clear(void) {
  volatile int *count = &shell_signal_count;
  *count = 0;
}

const int *shell_interrupt_flag(void) {
  return &shell_signal_count;
}
