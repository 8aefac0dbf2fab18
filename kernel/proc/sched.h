#ifndef PROC_SCHED_H
#define PROC_SCHED_H

struct context;
struct proc;

/* Between sched.c, switch.S and the makers of processes. */
void context_switch(struct context *from, struct context *to);
void context_begin(void);
void sched_begin(void);

/* The context that runs on this hart now, its boot stack included, becomes its idle process. */
void sched_adopt_boot(void);

#endif
