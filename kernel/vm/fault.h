#ifndef VM_FAULT_H
#define VM_FAULT_H

#include "kernel/riscv.h"
#include "kernel/vm/space.h"

/* Every row of docs/fault.md is one value here, one counter, one test. */
enum fault_kind {
    KIND_BAD,      /* no area: refuse */
    KIND_PROT,     /* the area forbids it: refuse */
    KIND_STACK,    /* the stack area grows first */
    KIND_ZERO,     /* read of an empty page: the zero frame */
    KIND_LAZY,     /* write to an empty page: a zeroed frame */
    KIND_COW,      /* write to a frame that others hold too: copy */
    KIND_REUSE,    /* write to a frame that is ours alone: grant */
    KIND_SPURIOUS, /* permitted already: stale translation, or A/D to be set */
    FAULT_KINDS
};

extern const char *const fault_kind_name[FAULT_KINDS];

/*
 * The row of the table for an access.  Pure.
 *   area   what holds the address, or the stack area if `grows`, or NULL
 *   grows  no area holds the address, but the stack may grow to it
 *   pte    the entry of the page, 0 = empty
 *   alone  the frame in pte is not the zero frame and nobody else holds a reference to it
 */
enum fault_kind fault_classify(const struct area *area, bool grows, pte_t pte, bool alone,
                               enum fault_access access);

/* The area allows the access; ACCESS_LOAD always. */
static inline bool fault_allows(const struct area *area, enum fault_access access)
{
    static const uchar needs[] = {
        [ACCESS_READ] = AREA_R,
        [ACCESS_WRITE] = AREA_W,
        [ACCESS_EXEC] = AREA_X,
        [ACCESS_LOAD] = 0,
    };
    return (area->prot & needs[access]) == needs[access];
}

/* The entry permits the access as it is; ACCESS_LOAD never (what is there may be shared). */
static inline bool fault_permits(pte_t pte, enum fault_access access)
{
    static const uchar needs[] = {
        [ACCESS_READ] = PTE_V | PTE_R,
        [ACCESS_WRITE] = PTE_V | PTE_W,
        [ACCESS_EXEC] = PTE_V | PTE_X,
        [ACCESS_LOAD] = 0,
    };
    return access != ACCESS_LOAD && (pte & needs[access]) == needs[access];
}

/* vm_fault() for callers that hold s->lock; when it returns FAULT_OK the page is present. */
enum fault_result fault_resolve(struct space *s, uint64 va, enum fault_access access);

/* Faults of that kind since boot, refused ones included. */
uint64 fault_count_of(enum fault_kind kind);

#endif
