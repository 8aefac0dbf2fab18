/*
 * Stack and heap: the areas that grow.
 *
 *     data | guard page | room of the stack .. stack | heap, up to the break ..
 *
 * The stack grows in a fault (fault.c), with the rights of the lowest area that it has; the heap by
 * sbrk().  Both consist of areas like others, which the program may unmap, protect and, the heap,
 * map over (mmap.c).  The break does not follow: what was unmapped below it stays away until the
 * break has come down below it, and what was mapped there instead is not the heap's to remove.
 *
 * Lock: s->lock.
 */
#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/promise.h"

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
        r = promise_make(s, top - PGSIZE, top, &like);
    if (r == 0) {
        s->stack_low = low;
        s->stack_top = top;
        s->heap = s->brk = top;
    }
    space_unlock(s);
    return r;
}

struct area *space_grow_stack(struct space *s, struct area *stack, uint64 va)
{
    struct area like = *stack;
    int r = promise_make(s, PGROUNDDOWN(va), stack->start, &like);
    return r < 0 ? NULL : area_find(&s->areas, va);
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
        r = promise_is_vacant(s, start, end) ? promise_make(s, start, end, &like) : -ENOMEM;
    if (r == 0)
        s->brk += n;
    return r;
}

/* s->lock held; the break comes down to `brk`, which is not below the heap.  Cannot fail. */
static void shrink_heap(struct space *s, uint64 brk)
{
    uint64 start = PGROUNDUP(brk), end = PGROUNDUP(s->brk);

    /* The heap's areas end below the break, so each cut ends with its area: no splits. */
    while (start < end) {
        struct area *a = area_overlap(&s->areas, start, end);
        uint64 next = a ? a->end : end;
        if (a && a->kind == AREA_HEAP)
            promise_drop(s, a, a->start > start ? a->start : start, next);
        start = next;
    }
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
    space_unlock_and_bury(s);
    return r < 0 ? r : (int64)old;
}
