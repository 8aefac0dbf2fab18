#ifndef VM_COMMIT_H
#define VM_COMMIT_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * Pages promised to user processes, so that a promise is refused rather than broken.  Counted in
 * pages; commit_total() and commit_limit() are declared in space.h.
 */

/* Once at boot, when the frames that processes may get are free: sets the limit. */
void commit_set_limit(void);

/*
 * Promises n pages; 0 or -ENOMEM with nothing changed.  The last pages are for those with
 * `reserve`: init and the console's shell.  Any context.
 */
int commit_charge(uint64 n, bool reserve);
void commit_uncharge(uint64 n);

/* The same for pages of no space: of pipes, of processes.  commit_other() counts them. */
int commit_charge_other(uint64 n, bool reserve);
void commit_uncharge_other(uint64 n);
uint64 commit_other(void);

/*
 * With overcommit nothing is refused, only counted, and a page fault may find no memory: proc/oom.c
 * then ends a process.  What was promised before a change stays promised,
 * but the page tables for it may then be refused.  Any context.
 */
bool commit_overcommits(void);
bool commit_set_overcommit(bool on); /* returns the setting before */

#endif
