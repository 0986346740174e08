/* SPDX-License-Identifier: MIT */
/*
 * A flag set by the signal handler and polled between runs and inside long loops. The alternative,
 * siglongjmp out of whatever was running, would leave transactions and locks behind.
 */
#include "interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static volatile sig_atomic_t interrupt_count;

static void interrupt_handle(int signal_number) {
  interrupt_count = interrupt_count + 1;
  if (interrupt_count > 1) {
    scratch_remove_at_once();
    _exit(128 + signal_number);
  }
}

void interrupt_arm(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = interrupt_handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int interrupt_seen(void) {
  return interrupt_count > 0;
}

void interrupt_raise(void) {
  interrupt_count = 1;
}

void interrupt_clear(void) {
  interrupt_count = 0;
}
