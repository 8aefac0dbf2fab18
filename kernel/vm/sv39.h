#ifndef VM_SV39_H
#define VM_SV39_H

#include "kernel/lib/atomic.h"
#include "kernel/mem/addr.h"
#include "kernel/riscv.h"

/*
 * The shape of an Sv39 page table (privileged manual, "Sv39"): three levels of 512 entries, level
 * 2 the root, level 0 that of 4 KiB leaves.
 */
static inline uint64 sv39_span(int level) /* bytes that one entry maps */
{
    return 1UL << (PGSHIFT + 9 * level);
}

static inline uint64 sv39_index(uint64 va, int level)
{
    return (va >> (PGSHIFT + 9 * level)) & 511;
}

static inline pte_t *sv39_table(pte_t pte) /* the next lower table that a pointer entry names */
{
    return virt(PTE2PA(pte));
}

/* The hardware reads tables at any moment: an entry changes by one store. */
static inline void sv39_store(const pte_t *slot, pte_t pte)
{
    store_relaxed((pte_t *)slot, pte);
}

#endif
