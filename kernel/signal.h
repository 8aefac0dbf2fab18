#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include "kernel/types.h"

/* Signals, numbered as on Linux.  What is not named here does not exist. */
#define SIGINT  2  /* ^C */
#define SIGBUS  7  /* a page of a mapping that the file does not have, or that cannot be read */
#define SIGKILL 9  /* what kill() sends; cannot be caught */
#define SIGUSR1 10 /* only from sigsend() */
#define SIGSEGV 11 /* an access that no area allows */
#define SIGALRM 14 /* sigalarm() */
#define SIGTERM 15 /* only from sigsend() */
#define NSIG    16

/* struct sigaction: handler */
#define SIG_DFL ((void (*)(int, struct siginfo *))0) /* ends the process, status -1 */
#define SIG_IGN ((void (*)(int, struct siginfo *))1) /* of SIGSEGV and SIGBUS: as SIG_DFL */

/* struct siginfo: access, of SIGSEGV and SIGBUS */
#define SEGV_READ  1
#define SEGV_WRITE 2
#define SEGV_EXEC  4

struct siginfo {
    int sig;
    int access;  /* SEGV_* if a page fault was the reason, else 0 */
    uint64 addr; /* the address that could not be accessed, else 0 */
    uint64 pc;   /* of the instruction that is executed (again) when the handler returns */
};

/*
 * While a handler runs, its signal and those in `mask` wait (bit n for signal n).  The instruction
 * that a SIGSEGV or SIGBUS stopped is executed again when the handler returns.
 */
struct sigaction {
    void (*handler)(int sig, struct siginfo *info);
    uint64 mask;
    void (*restorer)(void); /* where the handler returns to; user/lib fills it in */
};

#endif
