/*
 * Address spaces: their birth, their copies and their end.  What they promise is changed in
 * promise.c, heap.c and mmap.c.
 *
 * The charge of a space (`committed`) is: SPACE_COST, its page tables, all pages of areas that are
 * `charged`, and the private frames of areas that are not.
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
#include "kernel/vm/promise.h"
#include "kernel/vm/rmap.h"
#include "kernel/vm/shm.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/tlb.h"

static struct slab_cache cache;

void space_init_all(void)
{
    slab_init(&cache, "space", sizeof(struct space));
    area_init();
    shm_init();
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
    space_unlock(s);
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
        promise_drop(s, a, a->start, a->end);
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
