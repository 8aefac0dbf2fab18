#ifndef USERTESTS_SIGNALS_H
#define USERTESTS_SIGNALS_H

#include "kernel/signal.h"
#include "user/testlib/tests.h"

/* --- sigregs.c ------------------------------------------------------------------------------- */

/*
 * Wait until *flag, with known numbers in the registers; 0 if all had them still.  sigregs_a()
 * fills a1 last, with SIGREGS_LAST.
 */
#define SIGREGS_LAST 0x131
long sigregs_a(volatile long *flag);
long sigregs_b(volatile long *flag);

/* Loads from `address` with another stack pointer, again and again. */
void sigregs_bad_load(uint64 address, uint64 sp) __attribute__((noreturn));

/* System call number(a, b) with another stack pointer. */
long sigregs_call_on(uint64 sp, long number, long a, long b);

/* --- signals.c ------------------------------------------------------------------------------- */

typedef void signal_handler(int sig, struct siginfo *info);

/* `handler` for sig from now on, with the signals in `mask` blocked. */
void signal_catch(int sig, signal_handler *handler, uint64 mask);

/* A handler that counts in signal_calls and copies *info to signal_last. */
void signal_note(int sig, struct siginfo *info);
extern volatile int signal_calls;
extern volatile struct siginfo signal_last;

/* Runs for so many ticks, without system calls. */
void signal_use_time(uint64 ticks);

#endif
