#ifndef VM_FAULTLOG_H
#define VM_FAULTLOG_H

#include "kernel/faultlog.h"
#include <stdbool.h>

/* For panics and reports: to the kernel's console, without a lock, in any context. */

void faultlog_print(const struct fault_event *e); /* one line */

/* The latest faults of this hart, `n` at most, the latest last. */
void faultlog_print_last(uint n);

/* The latest fault that touched frame number `frame`; false if none is remembered. */
bool faultlog_print_last_of(uint64 frame);

#endif
