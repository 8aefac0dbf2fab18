#ifndef PROC_SCHED_H
#define PROC_SCHED_H

#include "kernel/types.h"

struct context;
struct proc;

/* Between sched.c, switch.S and the makers of processes. */
void context_switch(struct context *from, struct context *to);
void context_begin(void);
void sched_begin(void);

/* What runs on this hart now becomes its idle process, which goes on with this kernel stack. */
void sched_adopt_boot(uint64 top);

#endif
