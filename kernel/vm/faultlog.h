#ifndef VM_FAULTLOG_H
#define VM_FAULTLOG_H

#include "kernel/faultlog.h"

/* For panics and reports: to the kernel's console, without a lock, in any context. */

void faultlog_print(const struct fault_event *e); /* one line */

/* The latest faults of this hart, `n` at most, the latest last. */
void faultlog_print_last(uint n);

#endif
