#ifndef VM_PMAP_H
#define VM_PMAP_H

#include "kernel/vm/space.h"
#include "kernel/vm/sv39.h"

/*
 * Page tables: nothing outside pmap.c writes a PTE.  Others see an entry as `const pte_t *` and
 * hand it back.  Unless said otherwise the caller holds s->lock, and addresses are page-aligned.
 */

/* --- The kernel half ------------------------------------------------------------------------- */

/*
 * Builds the kernel half: direct map of RAM and devices without execute permission, kernel text
 * read-execute, read-only data read-only (linker symbols of kernel.ld), and switches this hart to
 * it.  After frame_add(); panics if there is no memory.
 */
void pmap_init_kernel(void);
void pmap_init_hart(void); /* switches another hart to it */

extern paddr pmap_kernel_root;

/*
 * Maps n frames, readable and writable, from kernel address va on, which lie in one 2 MiB page and
 * are used by the caller only; false if there is no memory for a page table, with nothing mapped.
 * They are FRAME_KSTACK while they are mapped, FRAME_WIRED before and after.
 * pmap_kernel_clear() removes them and returns the frames; the caller calls tlb_flush_kernel()
 * before the frames are used otherwise.  Any context.
 */
bool pmap_kernel_map(uint64 va, struct frame *const *frame, uint n, int frame_flags);
void pmap_kernel_clear(uint64 va, struct frame **frame, uint n);

/* --- The user half --------------------------------------------------------------------------- */

/* The frame of zeros that empty anonymous pages read; its PTEs are read-only and not counted. */
extern struct frame *pmap_zero;

/* A root table with an empty user half, 0 if there is no memory.  No lock. */
paddr pmap_new_root(int frame_flags);

/* The user half is empty and no hart has it loaded.  No lock. */
void pmap_free_root(paddr root);

/* The entry that maps any user address va, NULL if there is no table for it; va may be any. */
static inline const pte_t *pmap_find(const struct space *s, uint64 va)
{
    if (va >= MAXVA)
        return NULL;
    const pte_t *root = virt(s->root);
    pte_t upper = root[sv39_index(va, 2)];
    if (upper == 0)
        return NULL;
    pte_t lower = sv39_table(upper)[sv39_index(va, 1)];
    return lower ? &sv39_table(lower)[sv39_index(va, 0)] : NULL;
}

/* The same, but creates the tables and charges s for them; NULL if either is refused. */
const pte_t *pmap_slot(struct space *s, uint64 va);

/* Does so for all of start .. end; -ENOMEM leaves a part, which pmap_remove() takes back. */
int pmap_make_tables(struct space *s, uint64 start, uint64 end);

/*
 * Makes the entry map frame f with the rights `prot` (AREA_R | AREA_W | AREA_X), accessed and, if
 * writable, dirty.  The caller's reference to f passes to the entry; that of the frame mapped
 * before is given back, after every hart has forgotten it.
 */
void pmap_enter(struct space *s, const pte_t *slot, uint64 va, struct frame *f, int prot);

/*
 * Gives the entry, which maps a frame already, the rights `prot` and sets A and D: never takes any
 * away.  A stale entry in a translation cache costs one SPURIOUS fault.
 */
void pmap_widen(struct space *s, const pte_t *slot, uint64 va, int prot);

/*
 * Removes the mappings in start .. end and the page tables that lie wholly in floor .. ceiling:
 * the bounds of the neighbouring areas, so no table outlives what it maps.  Uncharges the tables.
 * Returns how many private frames (FRAME_ANON, not counting the zero frame) were mapped.
 */
uint64 pmap_remove(struct space *s, uint64 start, uint64 end, uint64 floor, uint64 ceiling);

/* Removes the mappings in start .. end of frames that a store gave; tables stay. */
void pmap_remove_store(struct space *s, uint64 start, uint64 end);

/*
 * The entries in start .. end lose what rights they have beyond `prot`, on all harts.  One that has
 * none left keeps its frame, invisible to user mode.
 */
void pmap_protect(struct space *s, uint64 start, uint64 end, int prot);

/*
 * Sets bit i of `bits`, all of which are 0, if the entry of page i of the n from `start` on was
 * used, and clears its A: the next use on any hart sets it again, by the hardware or as a SPURIOUS
 * fault.  All of the pages are promised; for some there may be no entry, or no table.
 */
void pmap_take_accessed(struct space *s, uint64 start, uint n, uint8 bits[]);

/*
 * Enters frame[i], unless NULL, at slot + i and va + i pages where that entry is empty, without the
 * right to write; the slots are of one table.  Uses up the references to all of them.  Returns how
 * many were entered.
 */
uint pmap_enter_around(struct space *s, const pte_t *slot, uint64 va, struct frame *const frame[],
                       uint n, int prot);

/*
 * Maps in `child` what `parent` has in its area `a`: the same frames, writable in neither, or if
 * `eager` copies that are the child's own.  The zero frame and frames of stores are always shared,
 * and a shared area is the child's as it is the parent's, writable entries too.  The child has been
 * charged for all that the parent has, tables too.  -ENOMEM leaves a part done.  parent->lock is
 * held and the child is not visible yet; unless `eager`, the caller flushes the parent
 * (tlb_flush_space) when all is done, also after a failure.
 */
int pmap_fork(struct space *parent, struct space *child, const struct area *a, bool eager);

/* Takes A, D and U from all entries (vm/mode.h) and makes all harts forget them; DEBUG builds. */
void pmap_age(struct space *s);

/* --- Kernel stacks (kstack.c) ---------------------------------------------------------------- */

/* The highest address of a new one, 16-byte aligned; 0 = no memory or no room.  Never sleeps. */
uint64 kstack_alloc(int frame_flags);

/* Kept for reuse.  Nobody runs on it any more. */
void kstack_free(uint64 top);

uint64 kstack_idle_frames(void); /* frames in stacks kept for reuse */

/*
 * Frees those; returns frames.  It waits for the other harts to forget them, so it does nothing
 * while interrupts are off here, as under a spin lock.
 */
uint64 kstack_shrink(void);

#endif
