#ifndef VM_PMAP_ENTRY_H
#define VM_PMAP_ENTRY_H

#include "kernel/vm/pmap.h"

/* How pmap.c and pmap_fork.c, and nobody else, write entries. */

/*
 * Accessed and dirty are set from the start: hardware without Svadu faults where they are clear,
 * and nothing depends on the hardware setting them.  Without any right it is not valid, but not
 * empty: as tightened() of pmap.c.
 */
static inline pte_t leaf(paddr pa, int prot)
{
    if (prot == 0)
        return PA2PTE(pa);
    pte_t pte = PA2PTE(pa) | PTE_V | PTE_U | PTE_A | AREA_TO_PTE(prot);
    return prot & AREA_W ? pte | PTE_D : pte;
}

/* The only way in which an entry that a hart may know already changes, or one that maps code. */
static inline void put_entry(struct space *s, const pte_t *slot, uint64 va, int level, pte_t pte)
{
    ledger_store(s, va, level, *slot, pte);
    sv39_store(slot, pte);
}

/* A table for the empty entry, for which s is charged already; NULL if there is no memory. */
pte_t *pmap_new_table(struct space *s, pte_t *slot);

#endif
