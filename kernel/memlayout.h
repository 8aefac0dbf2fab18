#ifndef KERNEL_MEMLAYOUT_H
#define KERNEL_MEMLAYOUT_H

#include "kernel/riscv.h"

/*
 * Addresses that user programs know.  RAM starts at KERNBASE; PHYSTOP is nominal (the device tree
 * says how much there really is).  Programs expect the three pages below MAXVA to be the kernel's,
 * so nothing that they may touch lies at or above USYSCALL (USER_END of vm/space.h), although this
 * kernel has neither a trampoline nor a trap frame in user space.
 */
#define KERNBASE   0x80000000L
#define PHYSTOP    (KERNBASE + 128 * 1024 * 1024)
#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME  (TRAMPOLINE - PGSIZE)
#define USYSCALL   (TRAPFRAME - PGSIZE)

#endif
