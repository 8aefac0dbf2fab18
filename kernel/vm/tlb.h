#ifndef VM_TLB_H
#define VM_TLB_H

#include "kernel/types.h"

/*
 * Translation caches: who may hold a stale entry, and how it is told to drop it.  Switching to a
 * space, space_activate(), is declared in space.h.
 */

struct space;

/*
 * After a PTE of s for `va` was tightened, redirected or removed; s->lock held.  Every hart that
 * has s loaded has dropped the entry when this returns; harts that ran s earlier drop it before
 * they run it again.
 */
void tlb_flush_page(struct space *s, uint64 va);
void tlb_flush_space(struct space *s); /* the same for all of its pages */

/* A PTE permits what this hart was refused: only this hart forgets its entry. */
void tlb_forget_page(struct space *s, uint64 va);

/* Code was put into frames that s maps executable: harts fence.i before they run it. */
void tlb_code_changed(struct space *s);

/* Nobody will run s again: no hart has it loaded when this returns.  May wait for other harts. */
void tlb_retire(struct space *s);

/*
 * After a kernel mapping was removed: every hart has dropped it when this returns.  No spin lock
 * is held, for another hart may wait for it with interrupts off.
 */
void tlb_flush_kernel(void);

/*
 * After a kernel mapping was made: each hart fences when it next switches processes, or when it
 * calls tlb_follow_kernel() because it is about to use one that another hart may have made.
 */
void tlb_kernel_grown(void);
void tlb_follow_kernel(void);

void tlb_ipi(void); /* what a hart does on request; called by trap/ipi.c, interrupts off */

void tlb_init(void);      /* on hart 0, with the kernel's root loaded: learns the width of ASIDs */
void tlb_init_hart(void); /* on every hart, after it loaded the kernel's root */

#endif
