#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "kernel/signal.h"
#include <stdbool.h>

struct proc;

#define SIGNAL_BIT(sig) (1ul << (sig))
#define SIGNAL_RETURN   SIGNAL_BIT(0) /* no signal: sigreturn() was called */
#define SIGNAL_KILL     SIGNAL_BIT(SIGKILL)
#define SIGNAL_CATCHABLE                                                                           \
    (SIGNAL_BIT(SIGINT) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV) |         \
     SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGTERM))

enum signal_how { SIGNAL_DEFAULT, SIGNAL_IGNORED, SIGNAL_CAUGHT };

/* What a process has to do with signals; all zero: nothing.  Sets have SIGNAL_BIT(n) for each. */
struct signals {
    uint64 pending; /* atomic; with SIGNAL_KILL the process ends before it returns to user mode */
    uint64 caught;  /* that have a handler; ptable_lock to change this and the next */
    uint64 ignored;

    /* Of the process itself; others read `blocked` as a hint. */
    uint64 blocked;  /* that wait, because a handler runs */
    uint64 frame;    /* user address of the latest frame, 0: no handler runs */
    uint64 interval; /* of sigalarm(), in r_time() ticks of run time; 0: none */
    uint64 due;      /* run time at which the next SIGALRM comes */
};

/* Those that may be delivered now, SIGNAL_KILL and SIGNAL_RETURN among them. */
static inline uint64 signal_waiting(const struct signals *s)
{
    uint64 pending = __atomic_load_n(&s->pending, __ATOMIC_RELAXED);
    return pending ? pending & ~s->blocked : 0;
}

/* --- to others: any context; ptable_lock held, p not a zombie --------------------------------- */

/* Makes `bits` pending and p look at them soon, asleep or on another hart. */
void signal_post(struct proc *p, uint64 bits);

/* --- ptable_lock not held --------------------------------------------------------------------- */

/* Signal `sig` to process `pid`; 0, -ESRCH, -EPERM for init, -EINVAL: there is no such signal. */
int signal_send(int pid, int sig);

/* SIGINT to every process of the group but init; any context. */
void signal_interrupt_group(int pgid);

/* --- to the running process p ----------------------------------------------------------------- */

/*
 * Does what the signals that wait ask for: ends p, goes back to where a handler interrupted it, or
 * changes its registers so that it goes on in a handler.  Interrupts are on; may sleep, or not
 * return.  -EFAULT: the frame of a handler could not be written where signal_frame_at() says.
 */
int signal_deliver(struct proc *p);

/* The user address at which the next handler's frame belongs, by the stack pointer. */
uint64 signal_frame_at(const struct proc *p);

/*
 * The instruction of p that failed with *info has a handler for that signal: p will go on in it.
 * False, with nothing changed, if there is none, if it is blocked, or if there is no stack for it:
 * also if the address is in the guard page of the stack.
 */
bool signal_fault(struct proc *p, const struct siginfo *info);

/* From now on `sig`, one of SIGNAL_CATCHABLE, is treated so; *a is what is caught. */
void signal_set_action(struct proc *p, int sig, const struct sigaction *a, enum signal_how how);

/* SIGALRM every `interval` r_time() ticks of run time; 0: no more. */
void signal_alarm(struct proc *p, uint64 interval);

/* A timer interrupt came while p was running: its alarm may be due.  Interrupts are off. */
void signal_tick(struct proc *p);

/* --- births and new programs ------------------------------------------------------------------ */

/* The invisible child of the running process p gets its handlers, mask and frames, no alarm. */
void signal_fork(struct proc *child, const struct proc *p);

/* The running process p has a new program, which only inherits what is ignored. */
void signal_exec(struct proc *p);

#endif
