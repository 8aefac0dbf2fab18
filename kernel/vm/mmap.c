/*
 * Mappings: memory promised and taken back at addresses that the program knows.
 *
 *     0 .. data | stack | heap, up to the break .. | room | mappings, each below the one before |
 *
 * The kernel looks for room from the top down and leaves what lies below the break alone, so heap
 * and mappings grow towards each other.  A program may wish or command any other place: with
 * MAP_FIXED also over its heap or its own code, but never where the stack has its room.  What
 * munmap() removes may be of any kind; of the heap, the break stays where it is (heap.c).
 *
 * Lock: s->lock, taken by each exported function.
 */
#include "kernel/vm/mmap.h"
#include "kernel/errno.h"
#include "kernel/vm/promise.h"
#include "kernel/vm/shm.h"
#include "kernel/vm/store.h"

/* Where the highest free range of n bytes above the break begins; 0: there is none. */
static uint64 highest_room(const struct space *s, uint64 n)
{
    uint64 floor = PGROUNDUP(s->brk), top = USER_END;

    for (;;) {
        struct area *a = area_below(&s->areas, top);
        uint64 low = a && a->end > floor ? a->end : floor;
        if (top >= low && top - low >= n)
            return top - n;
        if (a == NULL || a->start <= floor)
            return 0;
        top = a->start;
    }
}

/* Where the mapping goes; whatever is there may be replaced. */
static int64 choose(const struct space *s, const struct mapping *m, uint64 n)
{
    uint64 start = PGROUNDDOWN(m->addr);
    bool fits = start < USER_END && n <= USER_END - start;

    if (m->fixed && start != m->addr)
        return -EINVAL;
    if (m->fixed && !fits)
        return -ENOMEM;
    if (m->fixed)
        return promise_is_stack(s, start, start + n) ? -EINVAL : (int64)start;
    if (start > 0 && fits && promise_is_vacant(s, start, start + n))
        return (int64)start;
    start = highest_room(s, n);
    return start ? (int64)start : -ENOMEM;
}

static int64 map_at(struct space *s, const struct mapping *m, uint64 n, const struct area *like)
{
    mutex_lock(&s->lock);
    int64 start = choose(s, m, n);
    if (start >= 0) {
        uint64 end = (uint64)start + n;
        int r = m->fixed ? promise_replace(s, (uint64)start, end, like)
                         : promise_make(s, (uint64)start, end, like);
        start = r < 0 ? r : start;
    }
    space_unlock_and_bury(s);
    return start;
}

int64 space_mmap(struct space *s, const struct mapping *m)
{
    uint64 n = PGROUNDUP(m->bytes);
    bool write = m->prot & AREA_W;
    struct area like = {.prot = (uchar)(write ? m->prot | AREA_R : m->prot),
                        .kind = AREA_MAP,
                        .charged = write && !m->shared,
                        .shared = m->shared,
                        .may_write = m->may_write,
                        .store = m->store,
                        .offset = m->offset,
                        .bytes = AREA_ALL_BYTES,
                        .space = s};

    if (m->bytes == 0)
        return -EINVAL;
    if (m->bytes > USER_END)
        return -ENOMEM;
    if (write && (m->prot & AREA_X || (m->shared && !m->may_write)))
        return -EACCES;
    bool shm = m->shared && m->store == NULL;
    if (shm && shm_new(n >> PGSHIFT, s->reserve, &like.store) < 0)
        return -ENOMEM;
    int64 r = map_at(s, m, n, &like);
    if (shm)
        like.store->ops->put(like.store, false);
    return r;
}

int space_munmap(struct space *s, uint64 start, uint64 n)
{
    if (start & (PGSIZE - 1) || n == 0 || start >= USER_END || n > USER_END - start)
        return -EINVAL;
    return space_unmap(s, start, start + PGROUNDUP(n));
}
