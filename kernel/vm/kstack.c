/*
 * Kernel stacks.  Each has a slot of KSTACK_SLOT bytes at KSTACK_BASE: an unmapped guard page, so
 * that an overflow faults instead of corrupting a neighbour, then the stack.  A stack that is
 * freed stays mapped and is used again, the last one first; kstack_shrink() gives the frames back.
 *
 * A slot is unused, on the list of idle ones, on that of bare ones (no frames, every hart has
 * forgotten them) or in the hands of a caller.
 *
 * Lock: `lock` guards the two lists; the page-table entries of a slot belong to whoever took it
 * off its list.
 */
#include "kernel/lib/atomic.h"
#include "kernel/sync/spinlock.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/tlb.h"

#define SLOTS        (NPROC + 4 * NCPU) /* processes and kernel threads */
#define STACK_FRAMES ((uint)((KSTACK_SLOT - KSTACK_GUARD) / PGSIZE))
#define SHRINK_BATCH 8 /* stacks that share one flush of all harts */

static struct spinlock lock = SPINLOCK_INIT("kstack", RANK_KPMAP);
static ushort idle[SLOTS], bare[SLOTS];
static uint nidle, nbare;
static uint used; /* slots below this have been taken once */

static uint64 bottom_of(uint slot)
{
    return KSTACK_BASE + (uint64)slot * KSTACK_SLOT + KSTACK_GUARD;
}

static void put_all(struct frame **frame, uint n)
{
    for (uint i = 0; i < n; i++)
        frame_put(frame[i]);
}

/* Frames for one stack; false leaves nothing behind. */
static bool take_frames(struct frame *frame[STACK_FRAMES], int frame_flags)
{
    for (uint n = 0; n < STACK_FRAMES; n++) {
        frame[n] = frame_alloc(FRAME_WIRED, frame_flags);
        if (frame[n] == NULL) {
            put_all(frame, n);
            return false;
        }
    }
    return true;
}

/* Gives a bare slot its frames; false leaves it bare. */
static bool furnish(uint slot, int frame_flags)
{
    struct frame *frame[STACK_FRAMES];

    if (!take_frames(frame, frame_flags))
        return false;
    if (!pmap_kernel_map(bottom_of(slot), frame, STACK_FRAMES, frame_flags)) {
        put_all(frame, STACK_FRAMES);
        return false;
    }
    tlb_kernel_grown();
    return true;
}

static void put_back(ushort *list, uint *n, uint slot)
{
    spin_lock(&lock);
    list[(*n)++] = (ushort)slot;
    spin_unlock(&lock);
}

uint64 kstack_alloc(int frame_flags)
{
    uint slot = SLOTS;
    bool ready = false;

    spin_lock(&lock);
    if (nidle > 0) {
        slot = idle[--nidle];
        ready = true;
    } else if (nbare > 0) {
        slot = bare[--nbare];
    } else if (used < SLOTS) {
        slot = used++;
    }
    spin_unlock(&lock);
    if (slot == SLOTS)
        return 0;
    if (!ready && !furnish(slot, frame_flags)) {
        put_back(bare, &nbare, slot);
        return 0;
    }
    tlb_follow_kernel(); /* the caller writes to it, maybe before this hart next switches */
    ledger_check_stack(bottom_of(slot));
    return bottom_of(slot) + STACK_FRAMES * PGSIZE;
}

void kstack_free(uint64 top)
{
    put_back(idle, &nidle, (uint)((top - 1 - KSTACK_BASE) / KSTACK_SLOT));
}

uint64 kstack_idle_frames(void)
{
    return (uint64)load_relaxed(&nidle) * STACK_FRAMES;
}

/* Takes up to `max` idle slots off their list. */
static uint take_idle(ushort *slot, uint max)
{
    uint n = 0;
    spin_lock(&lock);
    while (n < max && nidle > 0)
        slot[n++] = idle[--nidle];
    spin_unlock(&lock);
    return n;
}

uint64 kstack_shrink(void)
{
    ushort slot[SHRINK_BATCH];
    struct frame *frame[SHRINK_BATCH][STACK_FRAMES];
    uint64 freed = 0;
    uint n;

    if (!may_sleep())
        return 0;
    while ((n = take_idle(slot, SHRINK_BATCH)) > 0) {
        for (uint i = 0; i < n; i++)
            pmap_kernel_clear(bottom_of(slot[i]), frame[i], STACK_FRAMES);
        tlb_flush_kernel();
        for (uint i = 0; i < n; i++) {
            ledger_check_stack_gone(bottom_of(slot[i]));
            put_all(frame[i], STACK_FRAMES);
            put_back(bare, &nbare, slot[i]);
        }
        freed += (uint64)n * STACK_FRAMES;
    }
    return freed;
}
