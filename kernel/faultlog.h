#ifndef KERNEL_FAULTLOG_H
#define KERNEL_FAULTLOG_H

#include "kernel/types.h"
#include "kernel/vmstat.h"

/*
 * One page fault, as /dev/faults tells it: reads give whole events.  Or, if `kind` is FAULT_LOST,
 * `lost` events of this hart in a row that were overwritten before they were read.
 */
struct fault_event {
    uint64 time;   /* ticks of the machine's clock; of LOST, of the first event that follows */
    uint64 va;     /* the address that was touched */
    uint64 pc;     /* of the instruction that did, or behind the system call that did; 0: exec */
    uint64 before; /* page-table entry (PTE_* of kernel/riscv.h), 0 = empty */
    uint64 after;  /* the same when the fault had been dealt with */
    uint64 lost;   /* 0 unless LOST */
    uint frame;    /* number of the frame in `after`, or else in `before`; 0 if none */
    uint refs;     /* holders of the frame when the fault had been dealt with */
    int pid;       /* 0: exec writes the arguments of a program */
    uchar hart;
    uchar kind;   /* enum fault_kind, or FAULT_LOST */
    uchar access; /* right that was needed: 1 read, 2 write, 4 execute */
    uchar result; /* enum fault_result */
};

#define FAULT_LOST FAULT_KINDS

#endif
