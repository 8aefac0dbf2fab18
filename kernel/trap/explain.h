#ifndef TRAP_EXPLAIN_H
#define TRAP_EXPLAIN_H

#include "kernel/trap/mistake.h"

struct proc;

/* The name of an exception, by scause. */
const char *explain_cause(uint64 cause);

/*
 * Tells on the console why the running process p ends: the first line says it all in short, those
 * that follow show the memory.  The caller has filled cause, address, access and result of *c;
 * the rest is found here.  Sleeps as console_report() does; needs no memory to be free.
 *
 * Only the first line is printed if a page for the rest is not to be had, and from the fifth
 * explanation (MISTAKE_RATION) within a second on.
 */
void explain_crash(struct proc *p, struct crash *c);

#endif
