/*
 * Address spaces: what is promised, and what it costs.
 *
 *     0   text, data | guard page | stack, growing down | heap, growing up ...      USER_END
 *
 * Every call checks, then reserves what it needs, then commits without failing.  The charge of a
 * space (`committed`) is: SPACE_COST, its page tables, all pages of areas that are `charged`, and
 * the resident frames of areas that are not.  Where an area is charged its tables are made with the
 * promise, so that keeping it takes nothing but the frames that were charged; not so while the
 * machine overcommits.
 *
 * Lock: s->lock, taken by each exported function unless its contract says that it is held.  fork
 * holds the parent's; the child is not visible to anybody yet.
 */
#include "kernel/vm/space.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/vm.h"
#include "kernel/vm/check.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/mode.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/rmap.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/tlb.h"

static struct slab_cache cache;

void space_init_all(void)
{
    slab_init(&cache, "space", sizeof(struct space));
    area_init();
    check_init();
    mode_init();
    pmap_zero = frame_alloc(FRAME_ANON, FRAME_ZEROED);
    if (pmap_zero == NULL)
        panic("space_init_all: there must be memory for the zero frame");
    commit_set_limit();
}

/* --- Life and death --------------------------------------------------------------------------- */

/* Charges and makes the root table of a new space; false leaves nothing behind. */
static bool furnish(struct space *s)
{
    if (space_charge(s, SPACE_COST) < 0)
        return false;
    s->root = pmap_new_root(space_frame_flags(s));
    if (s->root == 0)
        space_uncharge(s, SPACE_COST);
    else
        ledger_new_root(s);
    return s->root != 0;
}

struct space *space_new_reserved(bool reserve)
{
    struct space *s = slab_alloc_flags(&cache, reserve ? FRAME_RESERVE : 0);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    mutex_init(&s->lock, "space");
    s->refs = 1;
    s->reserve = reserve;
    s->code_stale = ~0u;
    check_spaces_lock();
    bool ok = furnish(s);
    if (ok)
        check_space_born(s);
    check_spaces_unlock();
    if (ok)
        return s;
    slab_free(&cache, s);
    return NULL;
}

struct space *space_new(void)
{
    return space_new_reserved(false);
}

void space_get(struct space *s)
{
    atomic_add(&s->refs, 1);
}

/* Takes from .. to, which touches the start or the end of `a`, out of the space. */
static void forget(struct space *s, struct area *a, uint64 from, uint64 to)
{
    struct area *below = area_prev(a), *above = area_next(a);
    uint64 floor = from > a->start ? from : below ? below->end : 0;
    uint64 ceiling = to < a->end ? to : above ? above->start : MAXVA;
    uint64 frames = pmap_remove(s, from, to, floor, ceiling);
    uint64 pages = (to - from) >> PGSHIFT;

    space_uncharge(s, a->charged ? pages : frames);
    store_relaxed(&s->promised, s->promised - pages);
    struct area *dead = area_cut(&s->areas, a, from, to);
    if (dead) {
        dead->dead = s->dead;
        s->dead = dead;
    }
}

static void bury(struct area *dead)
{
    while (dead) {
        struct area *next = dead->dead;
        area_free_dead(dead);
        dead = next;
    }
}

void space_unlock_and_bury(struct space *s)
{
    struct area *dead = s->dead;

    s->dead = NULL;
    mutex_unlock(&s->lock);
    bury(dead);
}

void space_put(struct space *s)
{
    assert_may_sleep("space_put");
    if (atomic_sub(&s->refs, 1) > 0)
        return;
    rmap_await(s);
    check_spaces_lock();
    tlb_retire(s);
    struct area *a;
    while ((a = area_first(&s->areas)) != NULL)
        forget(s, a, a->start, a->end);
    ASSERT(s->resident == 0 && s->tables == 0, "a space without areas holds no frames, no tables");
    pmap_free_root(s->root);
    space_uncharge(s, s->committed);
    check_space_dead(s);
    check_spaces_unlock();
    bury(s->dead);
    slab_free(&cache, s);
}

uint64 space_size(const struct space *s)
{
    return load_relaxed(&s->promised) << PGSHIFT;
}

uint64 space_resident(const struct space *s)
{
    return load_relaxed(&s->resident) << PGSHIFT;
}

uint64 space_frames(const struct space *s)
{
    return (load_relaxed(&s->resident) + load_relaxed(&s->tables)) << PGSHIFT;
}

/* --- Promises --------------------------------------------------------------------------------- */

/* Removes the tables that only the free range start .. end would need. */
static void drop_tables(struct space *s, uint64 start, uint64 end)
{
    struct area *below = area_below(&s->areas, start), *above = area_above(&s->areas, start);
    pmap_remove(s, start, end, below ? below->end : 0, above ? above->start : MAXVA);
}

/* Adds the free range start .. end; 0 or -ENOMEM with nothing changed. */
static int promise(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    uint64 pages = (end - start) >> PGSHIFT;
    uint64 charge = like->charged ? pages : 0;

    if (space_charge(s, charge) < 0)
        return -ENOMEM;
    bool tables = like->charged && !commit_overcommits();
    int r = tables ? pmap_make_tables(s, start, end) : 0;
    if (r == 0)
        r = area_add(&s->areas, start, end, like, space_frame_flags(s));
    if (r < 0) {
        drop_tables(s, start, end);
        space_uncharge(s, charge);
        return -ENOMEM;
    }
    store_relaxed(&s->promised, s->promised + pages);
    return 0;
}

/* Whole pages of the user half, with rights that an area may have. */
static bool acceptable(uint64 start, uint64 end, int prot)
{
    return start < end && end <= USER_END && ((start | end) & (PGSIZE - 1)) == 0 &&
           !(prot & AREA_W && prot & AREA_X);
}

/* Neither an area nor the room kept for the stack and its guard lies in start .. end. */
static bool vacant(const struct space *s, uint64 start, uint64 end)
{
    bool stack_room = s->stack_top && start < s->stack_top && end > s->stack_low - PGSIZE;
    return !stack_room && area_overlap(&s->areas, start, end) == NULL;
}

int space_map_like(struct space *s, uint64 start, uint64 end, const struct area *like)
{
    struct area a = *like;
    int r = -EINVAL;

    if (!acceptable(start, end, like->prot))
        return -EINVAL;
    a.prot = (uchar)(like->prot & AREA_W ? like->prot | AREA_R : like->prot);
    a.space = s;
    mutex_lock(&s->lock);
    if (vacant(s, start, end))
        r = promise(s, start, end, &a);
    space_unlock(s);
    return r;
}

int space_map(struct space *s, uint64 start, uint64 end, int prot, enum area_kind kind)
{
    struct area like = {.prot = (uchar)prot, .kind = (uchar)kind, .charged = true};
    return space_map_like(s, start, end, &like);
}

int space_unmap(struct space *s, uint64 start, uint64 end)
{
    struct area *a;
    int r = 0;

    mutex_lock(&s->lock);
    a = area_overlap(&s->areas, start, end);
    if (a && a->start < start && end < a->end)
        r = area_split(&s->areas, a, end, space_frame_flags(s));
    while (r == 0 && (a = area_overlap(&s->areas, start, end)) != NULL)
        forget(s, a, a->start > start ? a->start : start, a->end < end ? a->end : end);
    space_unlock(s);
    return r;
}

/* --- Stack and heap --------------------------------------------------------------------------- */

int space_set_stack(struct space *s, uint64 end)
{
    uint64 guard = PGROUNDUP(end);
    uint64 low = guard + PGSIZE, top = low + USERSTACK * PGSIZE;
    struct area like = {.prot = AREA_R | AREA_W, .kind = AREA_STACK, .charged = true};
    int r = -EINVAL;

    if (end > USER_END || top > USER_END)
        return -EINVAL;
    mutex_lock(&s->lock);
    if (s->stack_top == 0 && area_overlap(&s->areas, guard, top) == NULL)
        r = promise(s, top - PGSIZE, top, &like);
    if (r == 0) {
        s->stack_low = low;
        s->stack_top = top;
        s->heap = s->brk = top;
    }
    space_unlock(s);
    return r;
}

int space_grow_stack(struct space *s, struct area *stack, uint64 va)
{
    struct area like = *stack;
    return promise(s, PGROUNDDOWN(va), stack->start, &like);
}

/* s->lock held; n > 0. */
static int grow_heap(struct space *s, uint64 n, bool charged)
{
    struct area like = {.prot = AREA_R | AREA_W, .kind = AREA_HEAP, .charged = charged};
    int r = 0;

    if (n > USER_END - s->brk)
        return -ENOMEM;
    /* A page belongs to the call that first reached it. */
    uint64 start = PGROUNDUP(s->brk), end = PGROUNDUP(s->brk + n);
    if (start < end)
        r = vacant(s, start, end) ? promise(s, start, end, &like) : -ENOMEM;
    if (r == 0)
        s->brk += n;
    return r;
}

/* s->lock held; the break comes down to `brk`, which is not below the heap.  Cannot fail. */
static void shrink_heap(struct space *s, uint64 brk)
{
    uint64 start = PGROUNDUP(brk), end = PGROUNDUP(s->brk);
    struct area *a;

    /* What goes reaches to the end of the heap, so each cut ends with its area: no splits. */
    while (start < end && (a = area_overlap(&s->areas, start, end)) != NULL)
        forget(s, a, a->start > start ? a->start : start, a->end);
    s->brk = brk;
}

int64 space_sbrk(struct space *s, int64 n, int mode)
{
    int r = 0;

    mutex_lock(&s->lock);
    uint64 old = s->brk, down = -(uint64)n;
    if (n > 0)
        r = grow_heap(s, (uint64)n, mode == SBRK_EAGER);
    else if (n < 0 && down <= old && old - down < s->heap)
        r = -EINVAL;
    else if (n < 0 && down <= old)
        shrink_heap(s, old - down);
    space_unlock(s);
    return r < 0 ? r : (int64)old;
}

/* --- Fork ------------------------------------------------------------------------------------- */

static void copy_layout(struct space *child, const struct space *parent)
{
    child->heap = parent->heap;
    child->brk = parent->brk;
    child->stack_top = parent->stack_top;
    child->stack_low = parent->stack_low;
}

/* After a failure here or in copy_pages() the child holds a part, which space_put() frees. */
static int copy_promises(struct space *child, struct space *parent)
{
    if (space_charge(child, parent->committed - child->committed) < 0)
        return -ENOMEM;
    child->promised = parent->promised;
    return area_copy_all(&child->areas, &parent->areas, child, space_frame_flags(child));
}

static int copy_pages(struct space *child, struct space *parent, bool eager)
{
    int r = 0;
    for (struct area *a = area_first(&parent->areas); a && r == 0; a = area_next(a))
        r = pmap_fork(parent, child, a, eager);
    if (!eager)
        tlb_flush_space(parent);
    vm_count(parent, VM_STAT(tables), child->tables);
    if (eager)
        vm_count(parent, VM_STAT(frames_copied), child->resident);
    else
        vm_count(parent, VM_STAT(frames_shared), child->resident);
    return r;
}

int space_fork(struct space *parent, int mode, struct space **result)
{
    assert_may_sleep("space_fork");
    struct space *child = space_new_reserved(parent->reserve);
    if (child == NULL)
        return -ENOMEM;
    mutex_lock(&parent->lock);
    mutex_lock(&child->lock); /* as soon as it has areas with a store, a walk may come (rmap.c) */
    copy_layout(child, parent);
    int r = copy_promises(child, parent);
    if (r == 0)
        r = copy_pages(child, parent, mode == FORK_EAGER);
    if (r == 0)
        vm_count(parent, VM_STAT(forks), 1);
    space_unlock(child);
    space_unlock(parent);
    child->reserve = false;
    if (r == 0)
        *result = child;
    else
        space_put(child);
    return r;
}
