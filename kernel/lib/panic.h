#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include "kernel/types.h"

/*
 * Stops the machine for good: says "panic: " and the message, what runs here, a symbolised
 * backtrace of the caller, then calls the stop hook; without one this hart sleeps for ever.
 * The message is "function: the rule that was broken".
 * A panic inside a panic says so and stops at once; on another hart it waits to be stopped.
 */
void panic(const char *fmt, ...) __attribute__((noreturn, format(__printf__, 1, 2)));

/*
 * Claims the console for a report of what is wrong, stops the other harts, and makes printf() work
 * without locks; to be followed by panic().  On a hart that is not the first it does not return.
 */
void panic_begin(void);

/* What panic_begin() calls to stop the other harts: set once at boot. */
void panic_set_halt_others(void (*halt)(void));

/* What says more about where a panic happened (hart, process), in one line: set once at boot. */
void panic_set_describe(void (*describe)(void));

/* What is called at the end of panic(): set once at boot. */
void panic_set_stop(void (*stop)(void) __attribute__((noreturn)));

/*
 * Prints the chain of return addresses from frame pointer `fp`, first `pc` itself, one a line:
 *     #1 0xffffffc080001234 vm_fault+0x48 kernel/vm/fault.c:123
 * Follows frames only upwards and inside the 16 KiB-aligned stack that `fp` points into, which
 * must be mapped; an `fp` that cannot be a kernel's, such as 0, ends the chain.
 */
void backtrace(uint64 pc, uint64 fp);

/* Prints `pc` as function+offset file:line, or as bare hex if it is in no known function. */
void print_symbol(uint64 pc);

/* A rule that DEBUG builds check; release builds do not evaluate `cond`. */
#ifdef DEBUG
#define ASSERT(cond, rule)                                                                         \
    do {                                                                                           \
        if (!(cond))                                                                               \
            panic("%s: %s", __func__, rule);                                                       \
    } while (0)
#else
#define ASSERT(cond, rule) ((void)sizeof(cond))
#endif

#endif
