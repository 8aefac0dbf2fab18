#ifndef TRAP_TRAPFRAME_H
#define TRAP_TRAPFRAME_H

#ifndef __ASSEMBLER__
#include "kernel/types.h"

/*
 * User registers at the last trap, at the top of the process's kernel stack; trapentry.S knows the
 * offsets.  reg[n] is xn; reg[0] holds the kernel's tp of the hart that last returned to user mode.
 */
struct trapframe {
    uint64 reg[32];
    uint64 pc;     /* sepc */
    uint64 status; /* sstatus */
};

#define TF_RA 1
#define TF_SP 2
#define TF_A0 10
#define TF_A7 17
#endif

#define TRAPFRAME_SIZE (34 * 8)

#endif
