/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C: interrupts the running statement, import, scan or traversal, never the shell. The handler
 * sets a flag and calls sqlite3_interrupt, which is made for that; a longjmp out of the handler was
 * rejected, since it would leave the store's transaction half-way. Pressed three times without an
 * answer, the program ends: a kill is safe for the store.
 */
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

void shell_interrupt_install(void) {
  struct sigaction action = {0};
  action.sa_handler = shell_signal_handler; /* no SA_RESTART: a read at the prompt must end */
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
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
