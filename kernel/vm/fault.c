/*
 * The page fault: the road by which every page of user memory comes to be.  Four verbs, in order:
 *
 *     find    the area that promises the address, and from it and the PTE the kind of fault
 *     fetch   the frame with the right bytes: what is mapped, the store's, or the zero frame
 *     own     for a private write: keep that frame if it is ours alone, else copy it
 *     map     enter it in the page table: the only step that anybody can see
 *
 * A step that fails has changed nothing that the process can see: an area of the stack that grew,
 * or an empty page table, keeps a promise that was there.  docs/fault.md has the table of kinds.
 *
 * Lock: s->lock, taken once in vm_fault(), or held by the caller of fault_resolve().  It is held
 * while the store reads from the disk: only who looks at this space from outside has to wait.
 */
#include "kernel/vm/fault.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/trace/trace.h"
#include "kernel/errno.h"
#include "kernel/vm/mode.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/store.h"
#include "kernel/vm/tlb.h"

const char *const fault_kind_name[FAULT_KINDS] = {
    [KIND_BAD] = "BAD",     [KIND_PROT] = "PROT",         [KIND_EOF] = "EOF",
    [KIND_STACK] = "STACK", [KIND_ZERO] = "ZERO",         [KIND_LAZY] = "LAZY",
    [KIND_FILE] = "FILE",   [KIND_FILE_COW] = "FILE+COW", [KIND_COW] = "COW",
    [KIND_REUSE] = "REUSE", [KIND_DIRTY] = "DIRTY",       [KIND_SPURIOUS] = "SPURIOUS",
};

struct fault {
    struct space *s;
    uint64 va;
    enum fault_access access;
    enum fault_kind kind;
    struct area *area;
    const pte_t *slot;   /* where va is or will be mapped; NULL while there is no table */
    pte_t pte, after;    /* what is there, and what there is when all is done */
    bool retried;        /* by an instruction that caused the fault and is executed again */
    bool fetched;        /* of the frame that the store gave we have a reference */
    bool owned;          /* the page has got a frame of its own */
    bool dirtied;        /* a page of the store */
    struct frame *frame; /* that the page will have; a reference of ours if it is new */
};

/* The stack area if it may grow down to va, which no area holds. */
static struct area *stack_above(const struct space *s, uint64 va)
{
    if (va < s->stack_low || va >= s->stack_top || (s->user && va < s->user->tf->reg[TF_SP]))
        return NULL;
    struct area *a = area_above(&s->areas, va);
    return a && a->kind == AREA_STACK ? a : NULL;
}

/*
 * No reference but that of the entry itself: not of another space, the cache or a pin.  A frame of
 * a store is never ours, also when the store has let go of it.
 */
static bool is_alone(pte_t pte)
{
    struct frame *f = frame_of(PTE2PA(pte));
    return f != pmap_zero && f->state == FRAME_ANON && load_acquire(&f->refs) == 1;
}

static bool __attribute__((noinline)) store_has(const struct area *a, uint64 va)
{
    return area_index(a, va) < a->store->ops->pages(a->store);
}

/* What the store of the area, if there is one, has of the page. */
static inline enum fault_part part_of_store(const struct area *a, uint64 va)
{
    if (a->store == NULL || !store_has(a, va))
        return PART_NONE;
    return area_is_partial(a, va) ? PART_SOME : PART_ALL;
}

static enum fault_result find(struct fault *f)
{
    f->area = area_find(&f->s->areas, f->va);
    bool grows = f->area == NULL && (f->area = stack_above(f->s, f->va)) != NULL;
    f->slot = pmap_find(f->s, f->va);
    f->pte = f->slot ? *f->slot : 0;
    bool alone = f->pte && fault_is_write(f->access) && is_alone(f->pte);
    enum fault_part part = f->area && !f->pte ? part_of_store(f->area, f->va) : PART_NONE;
    f->kind = fault_classify(f->area, grows, f->pte, part, alone, f->access);

    if (f->kind == KIND_BAD)
        return FAULT_BAD;
    if (f->kind == KIND_PROT)
        return FAULT_PROT;
    if (f->kind == KIND_EOF)
        return FAULT_EOF;
    if (f->kind == KIND_STACK && (f->area = space_grow_stack(f->s, f->area, f->va)) == NULL)
        return FAULT_NOMEM;
    if (f->slot == NULL)
        f->slot = pmap_slot(f->s, f->va);
    return f->slot ? FAULT_OK : FAULT_NOMEM;
}

/* Apart, and not given the whole of struct fault, which so stays in registers. */
struct given {
    struct frame *frame; /* with a reference, or NULL */
    int64 r;             /* as store_ops say */
};

static struct given __attribute__((noinline))
ask_store(const struct area *a, uint64 va, enum fault_kind kind, enum fault_access access)
{
    const struct store_ops *ops = a->store->ops;
    struct given g = {NULL, 0};

    if (kind == KIND_DIRTY)
        g.r = ops->dirty(a->store, area_index(a, va));
    else
        g.r =
            ops->fetch(a->store, area_index(a, va), a->shared && fault_is_write(access), &g.frame);
    return g;
}

/* The store may have become shorter since find() asked for its size. */
static inline enum fault_result fetch_from_store(struct fault *f)
{
    struct given g = ask_store(f->area, f->va, f->kind, f->access);

    f->dirtied = f->area->shared && fault_is_write(f->access);
    if (g.frame && g.r >= 0) {
        f->frame = g.frame;
        f->fetched = true;
    }
    if (g.r > 0)
        vm_count(f->s, VM_STAT(reads), 1);
    if (g.r == -ERANGE)
        f->kind = KIND_EOF;
    return g.r >= 0 ? FAULT_OK : g.r == -ERANGE ? FAULT_EOF : g.r == -EIO ? FAULT_IO : FAULT_NOMEM;
}

/* What is mapped; else what the store has; else zeros. */
static enum fault_result fetch(struct fault *f)
{
    if (f->pte)
        f->frame = frame_of(PTE2PA(f->pte));
    else if (f->area->store == NULL)
        f->frame = pmap_zero;
    if (f->frame == NULL || f->kind == KIND_DIRTY)
        return fetch_from_store(f);
    return FAULT_OK;
}

static bool needs_own(const struct fault *f)
{
    if (f->kind == KIND_LAZY || f->kind == KIND_FILE_COW || f->kind == KIND_COW)
        return true;
    return f->kind == KIND_STACK && fault_is_write(f->access);
}

/* Zeros what the area's store does not provide of the page, if it ends there. */
static void __attribute__((noinline)) clear_tail(const struct area *a, uint64 va, uint8 *page)
{
    if (area_is_partial(a, va)) {
        uint64 n = a->bytes - (PGROUNDDOWN(va) - a->start);
        memset(page + n, 0, PGSIZE - n);
    }
}

/*
 * The frame that a write needs, with the bytes of the one fetched.  In an area that is not charged
 * as a whole, the page is charged when it gets its first private frame.
 */
static enum fault_result own(struct fault *f)
{
    struct frame *from = f->frame;
    bool zero = from == pmap_zero;

    if (!needs_own(f))
        return FAULT_OK;
    bool charge = !f->area->charged && (zero || from->state != FRAME_ANON);
    if (charge && space_charge(f->s, 1) < 0)
        return FAULT_NOMEM;
    f->frame = frame_alloc(FRAME_ANON, space_frame_flags(f->s));
    if (f->frame == NULL && charge)
        space_uncharge(f->s, 1);
    if (f->frame == NULL) {
        f->frame = from;
        return FAULT_NOMEM;
    }
    if (zero) {
        vm_count(f->s, VM_STAT(frames_zeroed), 1);
        page_clear(frame_virt(f->frame));
    } else {
        vm_count(f->s, VM_STAT(frames_copied), 1);
        page_copy(frame_virt(f->frame), frame_virt(from));
        if (f->fetched) {
            clear_tail(f->area, f->va, frame_virt(f->frame));
            frame_put(from);
        }
    }
    f->owned = true;
    return FAULT_OK;
}

/*
 * Pages around one that a store gave, of those that are in memory anyway: who reads one page often
 * reads the next.  They lie in an aligned window, so in one page table.
 */
static void __attribute__((noinline))
map_around(struct space *s, const struct area *a, const pte_t *slot, uint64 va)
{
    uint64 size = AROUND_PAGES * PGSIZE, window = va & ~(size - 1);
    uint64 start = window > a->start ? window : a->start;
    uint64 end = window + size < a->end ? window + size : a->end;
    struct frame *frame[AROUND_PAGES];

    if (a->bytes != AREA_ALL_BYTES && end - a->start > a->bytes)
        end = PGROUNDDOWN(a->start + a->bytes);
    if (end <= start + PGSIZE)
        return; /* there is nothing around it */
    uint n = (uint)((end - start) >> PGSHIFT);
    if (a->store->ops->peek(a->store, area_index(a, start), n, frame) == 0)
        return;
    slot -= (va - start) >> PGSHIFT;
    n = pmap_enter_around(s, slot, start, frame, n, a->prot);
    vm_count(s, VM_STAT(around), n);
}

static void map(struct fault *f)
{
    bool writable = fault_is_write(f->access) || f->pte & PTE_W || f->owned;
    int prot = writable ? f->area->prot : f->area->prot & ~AREA_W;

    if (fault_keeps_frame(f->kind))
        pmap_widen(f->s, f->slot, PGROUNDDOWN(f->va), prot);
    else
        pmap_enter(f->s, f->slot, PGROUNDDOWN(f->va), f->frame, prot);
    if (f->kind == KIND_SPURIOUS) {
        ledger_spurious(f->s, PGROUNDDOWN(f->va));
        tlb_forget_page(f->s, PGROUNDDOWN(f->va));
    }
    if (f->kind == KIND_FILE && !fault_is_write(f->access))
        map_around(f->s, f->area, f->slot, f->va);
}

/*
 * A SPURIOUS fault may come once on each hart: then the hart has forgotten what it remembered, and
 * it remembers nothing else while the entry stays as it was left.  Twice that, because the process
 * may move to another hart before the fence.
 */
static bool __attribute__((noinline))
comes_again(struct space *s, uint64 page, enum fault_access access, pte_t before, pte_t after)
{
    struct fault_seen *seen = &s->user->seen;
    struct fault_seen now = {s->user->tf->pc, page, s->tlb_gen, after, access, 0};
    if (seen->pc == now.pc && seen->page == page && seen->gen == now.gen &&
        seen->access == access && seen->pte == before)
        now.times = seen->times + 1;
    *seen = now;
    return now.times > 2 * NCPU;
}

/* What is mapped does not let the access through: the process would fault for ever. */
static bool stuck(const struct fault *f)
{
    bool is = !fault_permits(f->after, f->access) ||
              (f->kind == KIND_SPURIOUS && f->retried && f->s->user &&
               comes_again(f->s, PGROUNDDOWN(f->va), f->access, f->pte, f->after));
    ASSERT(!is, "a fault that was resolved does not come again");
    return is;
}

/* Leaves a trace of what was done; with interrupts off, for the hart's next event is the next. */
static inline void record(const struct fault *f, enum fault_result r)
{
    uint64 irq = irq_save();
    struct hart *self = hart_self();
    struct fault_event *e = trace_begin(self);

    if (e) {
        const struct vm_user *user = f->s->user;
        e->time = r_time();
        e->va = f->va;
        e->pc = user ? user->tf->pc : 0;
        e->pid = user ? user->pid : 0;
        e->before = f->pte;
        e->after = f->after;
        e->refs = f->frame ? f->frame->refs : 0;
        e->kind = (uchar)f->kind;
        e->access = (uchar)f->access;
        e->result = (uchar)r;
        trace_end(self);
    }
    irq_restore(irq);
}

static enum fault_result resolve(struct fault *f, struct space *s, uint64 va,
                                 enum fault_access access, bool retried)
{
    f->s = s;
    f->va = va;
    f->access = access;
    f->retried = retried;
    f->fetched = f->owned = f->dirtied = false;
    f->frame = NULL;
    enum fault_result r = find(f);
    f->after = f->pte;
    if (r == FAULT_OK)
        r = fetch(f);
    if (r == FAULT_OK)
        r = own(f);
    if (r == FAULT_OK) {
        map(f);
        f->after = *f->slot;
        r = stuck(f) ? FAULT_STUCK : FAULT_OK;
    } else if (f->fetched) {
        frame_put(f->frame);
    }
    vm_count(s, VM_STAT(fault[f->kind]), 1);
    record(f, r);
    return r;
}

enum fault_result fault_resolve(struct space *s, uint64 va, enum fault_access access)
{
    struct fault f; /* resolve() sets all of it */
    return resolve(&f, s, va, access, false);
}

/* What a hart may do that remembers the entry as it was: the same fault, for nothing. */
static enum fault_result __attribute__((noinline))
again(struct space *s, uint64 va, enum fault_access access)
{
    ASSERT(fault_is_ready(*pmap_find(s, va), access), "what is resolved permits the access");
    return fault_resolve(s, va, access);
}

enum fault_result __attribute__((noinline))
fault_hungry(struct space *s, uint64 va, enum fault_access access)
{
    enum fault_result r = FAULT_NOMEM;

    for (uint i = 0; i < RECLAIM_TURNS && r == FAULT_NOMEM; i++) {
        space_unlock(s);
        bool some = reclaim_some();
        mutex_lock(&s->lock);
        if (!some)
            break;
        s->refused = false;
        r = fault_resolve(s, va, access);
        if (s->refused) /* no frame that is freed makes room for a promise */
            break;
    }
    return r;
}

/*
 * Flattened: the road of the hardware's faults has no call but those to other files.  DEBUG builds
 * keep the calls, so that gdb can stop at each step.
 */
#ifdef DEBUG
#define ROAD
#else
#define ROAD __attribute__((flatten))
#endif

enum fault_result ROAD vm_fault(struct space *s, uint64 va, enum fault_access access)
{
    struct fault f; /* resolve() sets all of it */

    assert_may_sleep("vm_fault");
    mutex_lock(&s->lock);
    enum fault_result r = resolve(&f, s, va, access, true);
    if (r == FAULT_NOMEM)
        r = fault_hungry(s, va, access);
    if (r == FAULT_OK && mode_again())
        r = again(s, va, access);
    space_unlock(s);
    if (f.dirtied)
        reclaim_throttle();
    return r;
}

uint64 fault_count_of(enum fault_kind kind)
{
    uint64 n = 0;
    for (uint i = 0; i < NCPU; i++)
        n += load_relaxed(&harts[i].vmstat.fault[kind]);
    return n;
}

uint64 fault_count(void)
{
    uint64 n = 0;
    for (int kind = KIND_STACK; kind < FAULT_KINDS; kind++)
        n += fault_count_of((enum fault_kind)kind);
    return n;
}
