#ifndef VM_FAULT_H
#define VM_FAULT_H

#include "kernel/riscv.h"
#include "kernel/vmstat.h"
#include "kernel/vm/space.h"

extern const char *const fault_kind_name[FAULT_KINDS];

/* The area allows the access. */
static inline bool fault_allows(const struct area *area, enum fault_access access)
{
    return (area->prot & access) == access;
}

/* The entry permits the access as it is. */
static inline bool fault_permits(pte_t pte, enum fault_access access)
{
    pte_t needs = PTE_V | AREA_TO_PTE(access);
    return (pte & needs) == needs;
}

/* The same, and the entry says of itself that it was accessed so: A, and D for a write. */
static inline bool fault_is_ready(pte_t pte, enum fault_access access)
{
    pte_t needs = PTE_V | PTE_A | AREA_TO_PTE(access) | (access == ACCESS_WRITE ? PTE_D : 0);
    return (pte & needs) == needs;
}

/* The frame that is mapped stays; only its entry changes.  These kinds are the last. */
static inline bool fault_keeps_frame(enum fault_kind kind)
{
    return kind >= KIND_REUSE;
}

static inline bool fault_is_write(enum fault_access access)
{
    return access == ACCESS_WRITE;
}

/* How much of a page the area's store provides: nothing also if the area has none. */
enum fault_part { PART_NONE, PART_SOME, PART_ALL };

/* The row for a page that is not mapped. */
static inline enum fault_kind fault_classify_empty(const struct area *area, enum fault_part part,
                                                   bool write)
{
    if (area->store == NULL)
        return write ? KIND_LAZY : KIND_ZERO;
    if (part == PART_NONE)
        return KIND_EOF;
    return part == PART_SOME || (write && !area->shared) ? KIND_FILE_COW : KIND_FILE;
}

/*
 * The row of the table for an access.  Pure.
 *   area   what holds the address, or the stack area if `grows`, or NULL
 *   grows  no area holds the address, but the stack may grow to it
 *   pte    the entry of the page, 0 = empty
 *   part   what the area's store has of the page; counts only if pte is empty
 *   alone  the frame in pte is private and nobody else holds a reference to it
 */
static inline enum fault_kind fault_classify(const struct area *area, bool grows, pte_t pte,
                                             enum fault_part part, bool alone,
                                             enum fault_access access)
{
    if (area == NULL)
        return KIND_BAD;
    if (!fault_allows(area, access))
        return KIND_PROT;
    if (grows)
        return KIND_STACK;
    if (pte == 0)
        return fault_classify_empty(area, part, fault_is_write(access));
    if (!fault_is_write(access) || fault_permits(pte, access))
        return KIND_SPURIOUS;
    if (area->shared)
        return KIND_DIRTY;
    return alone ? KIND_REUSE : KIND_COW;
}

/* vm_fault() for callers that hold s->lock; when it returns FAULT_OK the page is present. */
enum fault_result fault_resolve(struct space *s, uint64 va, enum fault_access access);

/*
 * After fault_resolve() returned FAULT_NOMEM: lets go of s->lock while memory is reclaimed, and
 * tries again.  What the caller knew of the page table is out of date.
 */
#define RECLAIM_TURNS 8
enum fault_result fault_hungry(struct space *s, uint64 va, enum fault_access access);

/* Faults of that kind since boot, refused ones included. */
uint64 fault_count_of(enum fault_kind kind);

#endif
