#ifndef VM_SPACE_H
#define VM_SPACE_H

#include "kernel/lib/panic.h"
#include "kernel/mem/frame.h"
#include "kernel/memlayout.h"
#include "kernel/sync/mutex.h"
#include "kernel/trap/trapframe.h"
#include "kernel/vm/area.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/ledger.h"
#include "kernel/vmstat.h"

/* The last SPURIOUS fault of a process, and how the entry was left: see fault.c, `stuck`. */
struct fault_seen {
    uint64 pc, page;
    uint64 gen; /* tlb_gen: what was taken away since may have been remembered anew */
    pte_t pte;
    uint access; /* enum fault_access */
    uint times;  /* it has come again since */
};

/* What is known here of the process that uses a space; a part of struct proc. */
struct vm_user {
    struct vmstat stat; /* since its fork; changed by the process itself */
    int pid;
    const char *name;           /* of its program */
    const struct trapframe *tf; /* its user registers at the last entry to the kernel */
    struct fault_seen seen;     /* lock of the space */
};

/*
 * An address space is a promise: a tree of areas that say what each user address means.  The page
 * table is only a cache of the promises kept so far; vm_fault() keeps them (vm/fault.c).
 */
struct space {
    struct mutex lock;

    /* Guarded by lock. */
    struct avl_tree areas; /* vm/area.h */
    uint64 heap, brk;      /* start of the heap; the break, any byte address >= heap */
    uint64 stack_top;      /* one past the stack's highest byte; 0 = no stack yet */
    uint64 stack_low;      /* the stack may grow down to here; the guard page lies below */
    uint64 committed;      /* pages charged (vm/commit.h) */
    uint64 promised;       /* pages of all areas; read without the lock by space_size() */
    uint64 tables;         /* page tables below the root; read without the lock */
    uint64 resident;       /* frames in the page table, the zero frame not counted; read without */
    uint64 tlb_gen;        /* grows when a PTE is tightened or removed; read without the lock */
    struct area *dead;     /* left the tree; their stores are to be told after the unlock */
    bool refused;          /* a charge was, since fault_hungry() has cleared this */

    /* Constant after creation. */
    paddr root; /* root page table */

    /* Changed only by the process that uses the space. */
    struct vm_user *user; /* that process, NULL before it has one */
    bool reserve;         /* it may use the reserves of frames and of commitment */

    uint walkers; /* walks over stores that are in it; rmap_lock (rmap.c) */

    /* Atomic. */
    uint refs;       /* processes that use it (several only under vfork), and whoever looks at it */
    uint code_stale; /* bit per hart: it must fence.i before it runs this space */

    /* tlb.c */
    uint64 number;         /* epoch and ASID, 0 = none yet; atomic */
    uint64 tlb_seen[NCPU]; /* tlb_gen when that hart last dropped what it knew of this space */

#ifdef DEBUG
    struct ledger ledger; /* ledger.c */
    struct list all;      /* check.c */
#endif
};

/* To be used instead of mutex_unlock(&s->lock). */
static inline void space_unlock(struct space *s)
{
    ledger_check(s, "unlock of a space");
    ASSERT(s->dead == NULL, "dead areas are buried");
    mutex_unlock(&s->lock);
}

/* The same after areas may have left the tree; tells their stores, so it may sleep for long. */
void space_unlock_and_bury(struct space *s);

/* Pages that each space is charged for: root table, structures.  A process costs more: proc.c. */
#define SPACE_COST 2

/* The user half ends here: nothing is ever mapped at or above it (memlayout.h). */
#define USER_END ((uint64)USYSCALL)

void space_init_all(void); /* once at boot, when the memory that processes may get is free */

/* A space without areas, refs 1; NULL if there is no memory.  space_new() has no reserve. */
struct space *space_new(void);
struct space *space_new_reserved(bool reserve);
void space_get(struct space *s);
void space_put(struct space *s); /* the last reference frees everything; may sleep */

/*
 * Promises start .. end (page-aligned) of zeroed private memory, charged.  AREA_W implies AREA_R.
 * 0, -EINVAL if it overlaps an area or the room of the stack, leaves the user half, or is both
 * writable and executable, -ENOMEM if it cannot be promised; on failure nothing has changed.
 */
int space_map(struct space *s, uint64 start, uint64 end, int prot, enum area_kind kind);

/*
 * The same for any area, described by `like`: prot, kind, charged, and, if it has a store, shared,
 * may_write, store, offset, bytes.  It takes a reference of its own to the store.
 */
int space_map_like(struct space *s, uint64 start, uint64 end, const struct area *like);

/*
 * Lays out stack and heap above `end`, the end of the program's image: a guard page that is never
 * mapped, USERSTACK pages for the stack, of which the highest is promised now, then the empty
 * heap.  Once; errors as space_map().  Until the program runs, all of its stack may be written.
 */
int space_set_stack(struct space *s, uint64 end);

/*
 * Moves the break by n bytes; mode is SBRK_EAGER or SBRK_LAZY (kernel/vm.h).  Returns the old
 * break, or -ENOMEM (no room, or no promise possible) or -EINVAL (below the start of the heap)
 * with nothing changed.  A shrink by more bytes than the break's own address, so to below address
 * 0, changes nothing either, and returns the old break.
 */
int64 space_sbrk(struct space *s, int64 n, int mode);

/*
 * A copy of `parent`, refs 1, in *child; -ENOMEM leaves nothing behind.  With mode FORK_EAGER
 * (kernel/vm.h) it has frames of its own, with any other the two share frames until one writes.
 * Takes parent->lock; may sleep.  The child may not use the reserves.
 */
int space_fork(struct space *parent, int mode, struct space **child);

/* Removes whatever is promised in start .. end (page-aligned); 0, or -ENOMEM with no change. */
int space_unmap(struct space *s, uint64 start, uint64 end);

/*
 * With s->lock held: promises what lies between `va` and the stack area above it, `stack`, with the
 * rights of that.  Returns the area that has `va` then, which may be another one if the stack had a
 * hole; NULL: no memory.  The caller has checked that the stack may grow there.
 */
struct area *space_grow_stack(struct space *s, struct area *stack, uint64 va);

/* With s->lock held: pages more or less that s is charged for. */
static inline int space_charge(struct space *s, uint64 pages) /* 0 or -ENOMEM */
{
    int r = commit_charge(pages, s->reserve);
    if (r == 0)
        s->committed += pages;
    else
        s->refused = true;
    return r;
}

static inline void space_uncharge(struct space *s, uint64 pages)
{
    s->committed -= pages;
    commit_uncharge(pages);
}

/* What to ask memory for s with: FRAME_RESERVE if it may use the reserve. */
static inline int space_frame_flags(const struct space *s)
{
    return s->reserve ? FRAME_RESERVE : 0;
}

/* Bytes promised, and bytes in frames.  Snapshots, without the lock. */
uint64 space_size(const struct space *s);
uint64 space_resident(const struct space *s);
uint64 space_frames(const struct space *s); /* bytes that its end gives back: page tables, too */

/*
 * Installs s on this hart (NULL: for whoever needs no user half); interrupts are off.  To be
 * called at each switch, also to kernel threads: it notices new kernel mappings.
 */
void space_activate(struct space *s);

/* An access is named by the right that it needs. */
enum fault_access {
    ACCESS_READ = AREA_R,
    ACCESS_WRITE = AREA_W,
    ACCESS_EXEC = AREA_X,
};

/*
 * Keeps the promise for the page of user address va, so that `access` succeeds when retried.
 * Takes and releases s->lock; may sleep.  Any result but FAULT_OK changed nothing that the
 * process can see.  Callers: trap.c for the hardware, usercopy.c for the kernel itself.
 * `va` is the exact address: an access below the stack pointer is never growth of the stack.
 */
enum fault_result vm_fault(struct space *s, uint64 va, enum fault_access access);

/* Pages promised now and the most that may be (RAM less what the kernel keeps). */
uint64 commit_total(void);
uint64 commit_limit(void);
uint64 fault_count(void); /* faults resolved since boot */

#endif
