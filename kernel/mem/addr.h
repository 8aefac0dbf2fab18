#ifndef MEM_ADDR_H
#define MEM_ADDR_H

/*
 * The kernel's half of every address space (Sv39, upper 256 GiB):
 *
 *   DIRECT_BASE ..           all physical memory and devices, at a fixed distance; the kernel
 *                            image is linked here, so a symbol is its physical address + distance
 *   KSTACK_BASE ..           kernel stacks, each with an unmapped guard page below it
 *
 * phys() and virt() are the only places where an address changes its kind.
 */
#define DIRECT_BASE 0xffffffc000000000UL
#define DIRECT_SIZE (64UL << 30)
#define KSTACK_BASE 0xfffffff000000000UL

/* A kernel stack fills its slot but for the lowest page, its guard; slots are aligned. */
#define KSTACK_SLOT  0x4000
#define KSTACK_GUARD 0x1000

#ifndef __ASSEMBLER__
#include "kernel/types.h"

typedef uint64 paddr;

#ifndef HOST_TEST
#define DIRECT_DISTANCE DIRECT_BASE
#else
#define DIRECT_DISTANCE 0x200000000000UL /* tests/host/ram.h: a place that a user process may map */
#endif

static inline void *virt(paddr pa)
{
    return (void *)(pa + DIRECT_DISTANCE);
}

/* `kva` lies in the direct map. */
static inline paddr phys(const void *kva)
{
    return (paddr)kva - DIRECT_DISTANCE;
}
#endif

#endif
