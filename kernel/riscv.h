#ifndef KERNEL_RISCV_H
#define KERNEL_RISCV_H

#include "kernel/types.h"

/* What user programs may know of the machine: pages, page-table entries, a few registers. */

#define PGSIZE            4096L
#define PGSHIFT           12
#define PGROUNDUP(n)      (((n) + PGSIZE - 1) & ~(PGSIZE - 1))
#define PGROUNDDOWN(a)    ((a) & ~(PGSIZE - 1))

#define SUPERPGSIZE       (512 * PGSIZE)
#define SUPERPGROUNDUP(n) (((n) + SUPERPGSIZE - 1) & ~(SUPERPGSIZE - 1))

/* Sv39 leaf and pointer entries: privileged manual, section "Sv39". */
#define PTE_V          (1L << 0)
#define PTE_R          (1L << 1)
#define PTE_W          (1L << 2)
#define PTE_X          (1L << 3)
#define PTE_U          (1L << 4)
#define PTE_G          (1L << 5)
#define PTE_A          (1L << 6)
#define PTE_D          (1L << 7)

#define PA2PTE(pa)     ((((uint64)(pa)) >> 12) << 10)
#define PTE2PA(pte)    (((pte) >> 10) << 12)
#define PTE_FLAGS(pte) ((pte)&0x3FF)

/* One past the highest user address: the lower half of Sv39. */
#define MAXVA (1L << 38)

#ifndef __ASSEMBLER__
typedef uint64 pte_t;
typedef uint64 *pagetable_t;

#if defined(__riscv)
static inline uint64 r_sp(void)
{
    uint64 v;
    asm volatile("mv %0, sp" : "=r"(v));
    return v;
}

static inline uint64 r_fp(void)
{
    uint64 v;
    asm volatile("mv %0, s0" : "=r"(v));
    return v;
}

static inline uint64 r_time(void)
{
    uint64 v;
    asm volatile("rdtime %0" : "=r"(v));
    return v;
}

static inline uint64 r_instret(void)
{
    uint64 v;
    asm volatile("rdinstret %0" : "=r"(v));
    return v;
}
#elif defined(HOST_TEST)
uint64 r_time(void); /* of the model under tests/host */
#endif
#endif

#endif
