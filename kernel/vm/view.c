/*
 * What address spaces and RAM look like from outside.
 *
 * A space is walked under its lock by whoever has a reference to it; its process may meanwhile run,
 * and even end.  The walk takes subtrees that are not there in one step, so a promise of 256 GiB
 * costs what of it was kept.  Nothing is faulted in, and the caller's buffer is kernel memory: user
 * memory must not be touched under the lock of another space.
 *
 * The frame table is read as it is.  A count or a state may be old by the time it is told, but is
 * one that the frame had.
 */
#include "kernel/vm/view.h"
#include "kernel/lib/atomic.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/store.h"
#include "kernel/vm/sv39.h"

/* The first entry of *va .. end that maps something, *va becoming its address; NULL: none. */
static const pte_t *next_mapped(const struct space *s, uint64 *va, uint64 end)
{
    while (*va < end) {
        int level = 2;
        const pte_t *slot = (pte_t *)virt(s->root) + sv39_index(*va, level);

        while (*slot && level > 0) {
            level--;
            slot = sv39_table(*slot) + sv39_index(*va, level);
        }
        if (*slot)
            return slot;
        *va = (*va | (sv39_span(level) - 1)) + 1;
    }
    return NULL;
}

static uint holders(const struct frame *f)
{
    return load_relaxed(&f->refs);
}

static void count_pages(const struct space *s, struct areainfo *to)
{
    const pte_t *slot;

    for (uint64 va = to->start; (slot = next_mapped(s, &va, to->end)) != NULL; va += PGSIZE) {
        const struct frame *f = frame_of(PTE2PA(*slot));
        if (f == pmap_zero) {
            to->zero++;
            continue;
        }
        to->resident++;
        to->shared += holders(f) > 1;
    }
}

uint view_areas(struct space *s, uint64 *va, struct areainfo *to, uint n)
{
    uint done = 0;

    mutex_lock(&s->lock);
    struct area *a = area_above(&s->areas, *va);
    for (; a && done < n; a = area_next(a), done++) {
        to[done] = (struct areainfo){.start = a->start,
                                     .end = a->end,
                                     .prot = a->prot,
                                     .kind = a->kind,
                                     .charged = a->charged,
                                     .shared_map = a->shared};
        if (a->store) {
            to[done].file = a->store->ops->number(a->store);
            to[done].offset = a->offset;
        }
        count_pages(s, &to[done]);
        *va = a->end;
    }
    space_unlock(s);
    return done;
}

static struct pageinfo mapped_page(pte_t pte)
{
    const struct frame *f = frame_of(PTE2PA(pte));
    struct pageinfo page = {.rights = (uchar)(pte >> 1 & (AREA_R | AREA_W | AREA_X)),
                            .frame = (uint64)(f - frame_table)};

    if (f == pmap_zero) {
        page.state = PAGE_ZERO;
        return page;
    }
    page.refs = holders(f);
    if (load_relaxed(&f->state) == FRAME_CACHE)
        page.state = PAGE_FILE;
    else
        page.state = page.refs > 1 ? PAGE_SHARED : PAGE_PRIVATE;
    return page;
}

/* The page at va, or the run of pages from there on that are not there. */
static struct pageinfo page_at(const struct space *s, uint64 va)
{
    const struct area *a = area_above(&s->areas, va);
    struct pageinfo page = {.state = PAGE_NONE};
    uint64 next = a ? a->start : USER_END;

    if (a && a->start <= va) {
        next = va;
        const pte_t *slot = next_mapped(s, &next, a->end);
        if (slot && next == va)
            return mapped_page(*slot);
        page.state = PAGE_ABSENT;
        next = slot ? next : a->end;
    }
    page.run = (next - va) >> PGSHIFT;
    return page;
}

uint view_pages(struct space *s, uint64 va, struct pageinfo *to, uint n)
{
    uint done = 0;

    mutex_lock(&s->lock);
    for (; done < n && va < USER_END; done++, va += PGSIZE) {
        if (done > 0 && to[done - 1].run > 1) {
            to[done] = to[done - 1];
            to[done].run--;
        } else {
            to[done] = page_at(s, va);
        }
    }
    space_unlock(s);
    return done;
}

/* A block that nothing was handed out of is free, and its entries mean nothing yet. */
static struct frameinfo describe(const struct frame *f)
{
    struct frameinfo info = {.state = FRAME_FREE};

    if (!frame_known(f))
        return info;
    __atomic_thread_fence(
        __ATOMIC_ACQUIRE); /* the entries were filled before the block was known */
    uint refs = holders(f);
    info.state = load_relaxed(&f->state);
    info.refs = refs < 0xffff ? (ushort)refs : 0xffff;
    info.zero = f == pmap_zero;
    return info;
}

uint view_frames(uint64 first, struct frameinfo *to, uint n)
{
    uint done = 0;

    for (; done < n && first < frame_count; done++, first++)
        to[done] = describe(&frame_table[first]);
    return done;
}
