/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C asks a run to end early and keep what it has; whoever loops for long asks
 * interrupt_seen(). A second Ctrl-C ends the program at once, its scratch folder removed.
 */
#ifndef TRIVET_BENCH_INTERRUPT_H
#define TRIVET_BENCH_INTERRUPT_H

void interrupt_arm(void);   /* SIGINT and SIGTERM from now on */
int interrupt_seen(void);   /* 1 once one arrived */
void interrupt_raise(void); /* as if one had arrived, for tests */
void interrupt_clear(void);

#endif
