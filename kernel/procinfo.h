#ifndef KERNEL_PROCINFO_H
#define KERNEL_PROCINFO_H

#include "kernel/types.h"

enum proc_state { PROC_FREE, PROC_NEW, PROC_READY, PROC_RUNNING, PROC_SLEEPING, PROC_ZOMBIE };

struct procinfo {
    int pid;
    int ppid; /* 0 for init and kernel threads */
    int pgid;
    int state;       /* enum proc_state */
    int hart;        /* where it runs or ran last */
    int kthread;     /* 1 for a kernel thread */
    uint64 size;     /* bytes promised */
    uint64 resident; /* bytes in frames */
    uint64 runtime;  /* ticks of the 10 MHz clock on a hart */
    char name[16];
};

#endif
