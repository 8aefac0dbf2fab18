#ifndef VM_LEDGER_H
#define VM_LEDGER_H

#include "kernel/mem/addr.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include <stdbool.h>

/*
 * The ledger of translation caches (DEBUG builds; nothing in the others): what each hart may still
 * remember of a page table although it is not true any more.  A machine that forgets more than it
 * must, as an emulator does, never shows that a fence is missing; the ledger does.  A broken rule
 * is a panic that begins with "ledger: ".  docs/vm.md has the rules.
 */
struct space;

#ifdef DEBUG
#define LEDGER_PAGES 4

struct ledger_note {
    uint64 va;
    uchar change; /* enum change of ledger.c, 0 = nothing is noted */
};

/* What one hart may hold of one space. */
struct ledger_view {
    uint64 life; /* of the hart's cache in which this is true; another one: it holds nothing */
    uint asid;   /* under which it holds it */
    struct ledger_note page[LEDGER_PAGES]; /* stale leaves that a fence for one page drops */
    struct ledger_note whole;              /* what only a fence for the whole space drops */
};

/* A part of each space. */
struct ledger {
    struct ledger_view view[NCPU];
    uint64 code[NCPU]; /* that hart's fence.i number code[hart] must come before it runs this */
    uint64 spurious;   /* page | 1: a fault there was for nothing, its stale cause must go */
};

/* --- What happens ---------------------------------------------------------------------------- */

void ledger_new_root(struct space *s); /* s->root is there */

/* Just before an entry of s is changed; va is the first address that it maps; s->lock held. */
void ledger_store(struct space *s, uint64 va, int level, pte_t old, pte_t pte);
void ledger_spurious(struct space *s, uint64 va); /* a fault was resolved as SPURIOUS */

/* Just before the entries of the kernel stack at va are made or removed. */
void ledger_kernel_map(uint64 va);
void ledger_kernel_clear(uint64 va);

/* Just before this hart does it; interrupts are off (see mmu.h). */
void ledger_satp(uint64 satp);
void ledger_fence_page(uint64 va, uint asid);
void ledger_fence_asid(uint asid);
void ledger_fence_all(void);
void ledger_fence_code(void);

/* --- What must be true then: these panic if it is not ----------------------------------------- */

/* No hart that runs, or has loaded, s has anything of it to forget; `when` is for the message. */
void ledger_check(struct space *s, const char *when);
void ledger_check_user_return(struct space *s); /* this hart goes to user mode; interrupts off */
void ledger_check_root(paddr root);             /* will be freed: loaded nowhere */
void ledger_check_stack(uint64 va);             /* this hart uses the kernel stack that va is in */
void ledger_check_stack_gone(uint64 va); /* the frames that were mapped there may be used again */
void ledger_check_hart(void); /* this hart has been set up: it has forgotten the boot's tables */
#else
static inline void ledger_new_root(struct space *s)
{
    (void)s;
}

static inline void ledger_store(struct space *s, uint64 va, int level, pte_t old, pte_t pte)
{
    (void)s, (void)va, (void)level, (void)old, (void)pte;
}

static inline void ledger_spurious(struct space *s, uint64 va)
{
    (void)s, (void)va;
}

static inline void ledger_kernel_map(uint64 va)
{
    (void)va;
}

static inline void ledger_kernel_clear(uint64 va)
{
    (void)va;
}

static inline void ledger_satp(uint64 satp)
{
    (void)satp;
}

static inline void ledger_fence_page(uint64 va, uint asid)
{
    (void)va, (void)asid;
}

static inline void ledger_fence_asid(uint asid)
{
    (void)asid;
}

static inline void ledger_fence_all(void)
{
}

static inline void ledger_fence_code(void)
{
}

static inline void ledger_check(struct space *s, const char *when)
{
    (void)s, (void)when;
}

static inline void ledger_check_user_return(struct space *s)
{
    (void)s;
}

static inline void ledger_check_root(paddr root)
{
    (void)root;
}

static inline void ledger_check_stack(uint64 va)
{
    (void)va;
}

static inline void ledger_check_stack_gone(uint64 va)
{
    (void)va;
}

static inline void ledger_check_hart(void)
{
}
#endif

#endif
