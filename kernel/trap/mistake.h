#ifndef TRAP_MISTAKE_H
#define TRAP_MISTAKE_H

#include "kernel/lib/csr.h"
#include "kernel/vm/look.h"

/* What is known of a trap that ends a process: plain data. */
struct crash {
    uint64 cause;   /* scause of an exception */
    uint64 address; /* stval: of a page fault the address that was accessed */
    uint64 pc, ra, sp;

    /* Of a page fault. */
    enum fault_access access;
    enum fault_result result;
    struct look look;

    /* Of an illegal instruction. */
    uint instruction; /* 16 bits if the lowest two are not both set */
};

static inline bool mistake_is_page_fault(const struct crash *c)
{
    return c->cause == CAUSE_FETCH_FAULT || c->cause == CAUSE_LOAD_FAULT ||
           c->cause == CAUSE_STORE_FAULT;
}

/*
 * Writes the likely mistake into to[size], in words and NUL-ended: only what follows from the data.
 * Pure.  docs/fault.md has the table of its rows.
 */
void mistake_explain(const struct crash *c, char *to, uint64 size);

extern const char *const mistake_area_name[]; /* by enum area_kind */

/* Of the explanations that a second may have: true for the first MISTAKE_RATION calls in it. */
#define MISTAKE_RATION 4
bool mistake_ration(uint64 *state, uint64 second); /* *state begins as 0; any hart may call */

#endif
