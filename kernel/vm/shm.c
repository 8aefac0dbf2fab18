/*
 * Memory that relatives share: a store that is no file (mmap with MAP_SHARED | MAP_ANONYMOUS).
 * A process maps it, its children inherit the area, and the last area that goes takes it along.
 *
 * The frames stand in a tree of tables of 512, as deep as the number of pages asks for: slot 0 of a
 * table of height 1 leads to a page, one of height 2 to 512 of them.  Pages and all tables are
 * charged when it is made, once, however many share it; they come to be when they are touched.
 * Nothing is removed before the end, so there is no lock: an empty slot is filled by
 * compare-and-swap, and who loses throws away what he made.
 *
 * Its frames are FRAME_CACHE without a name in the cache: one reference is the slot's, one each
 * that of an entry or a pin.
 */
#include "kernel/vm/shm.h"
#include "kernel/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/riscv.h"
#include "kernel/vm/commit.h"

#define FAN_SHIFT 9
#define FAN       (1u << FAN_SHIFT)

struct shm {
    struct store store;
    uint refs;    /* areas, and who makes it; atomic */
    uint height;  /* of the tree of tables: 512^height pages have room */
    bool reserve; /* it may use the reserves */
    uint64 pages;
    uint64 charged;
    struct frame *top; /* of height `height`, NULL: not there yet; atomic, like all slots */
};

static struct slab_cache cache;

void shm_init(void)
{
    slab_init(&cache, "shm", sizeof(struct shm));
}

static struct shm *of_store(struct store *st)
{
    return container_of(st, struct shm, store);
}

/* --- The tree --------------------------------------------------------------------------------- */

static struct frame **slots(const struct frame *table)
{
    return frame_virt(table);
}

/* What the slot leads to, made if need be; NULL: no memory. */
static struct frame *fill(const struct shm *m, struct frame **slot, enum frame_state state)
{
    struct frame *f = load_acquire(slot);

    if (f)
        return f;
    f = frame_alloc(state, FRAME_ZEROED | (m->reserve ? FRAME_RESERVE : 0));
    if (f == NULL || atomic_cas(slot, NULL, f))
        return f;
    frame_put(f);
    return load_acquire(slot);
}

/* The frame of the page, made with the tables above it if `make`; NULL: none, or no memory. */
static struct frame *page(struct shm *m, uint64 index, bool make)
{
    struct frame **slot = &m->top;

    for (uint h = m->height; h > 0; h--) {
        struct frame *table = make ? fill(m, slot, FRAME_WIRED) : load_acquire(slot);
        if (table == NULL)
            return NULL;
        slot = &slots(table)[index >> (h - 1) * FAN_SHIFT & (FAN - 1)];
    }
    return make ? fill(m, slot, FRAME_CACHE) : load_acquire(slot);
}

static void free_tree(struct frame *f, uint height)
{
    if (f == NULL)
        return;
    for (uint i = 0; height > 0 && i < FAN; i++)
        free_tree(slots(f)[i], height - 1);
    frame_put(f);
}

/* --- The store -------------------------------------------------------------------------------- */

static int fetch(struct store *st, uint64 index, bool write, struct frame **out)
{
    struct shm *m = of_store(st);

    (void)write;
    if (index >= m->pages)
        return -ERANGE;
    *out = page(m, index, true);
    if (*out == NULL)
        return -ENOMEM;
    frame_get(*out);
    return 0;
}

static uint peek(struct store *st, uint64 first, uint n, struct frame *out[])
{
    struct shm *m = of_store(st);
    uint found = 0;

    for (uint i = 0; i < n; i++) {
        out[i] = first + i < m->pages ? page(m, first + i, false) : NULL;
        if (out[i]) {
            frame_get(out[i]);
            found++;
        }
    }
    return found;
}

static int dirty(struct store *st, uint64 index)
{
    return index < of_store(st)->pages ? 0 : -ERANGE;
}

static uint64 pages(struct store *st)
{
    return of_store(st)->pages;
}

static int sync(struct store *st, uint64 first, uint64 n)
{
    (void)st;
    (void)first;
    (void)n;
    return 0;
}

static void get(struct store *st, bool writer)
{
    (void)writer;
    atomic_add(&of_store(st)->refs, 1);
}

static void put(struct store *st, bool writer)
{
    struct shm *m = of_store(st);

    (void)writer;
    if (atomic_sub(&m->refs, 1) > 0)
        return;
    free_tree(m->top, m->height);
    commit_uncharge_other(m->charged);
    slab_free(&cache, m);
}

static uint64 number(struct store *st)
{
    (void)st;
    return 0;
}

static const struct store_ops ops = {
    .fetch = fetch,
    .peek = peek,
    .dirty = dirty,
    .pages = pages,
    .sync = sync,
    .get = get,
    .put = put,
    .number = number,
};

int shm_new(uint64 pages, bool reserve, struct store **out)
{
    uint64 charge = pages, n = pages;
    uint height = 0;

    while (n > 1) {
        n = (n + FAN - 1) >> FAN_SHIFT;
        charge += n;
        height++;
    }
    if (commit_charge_other(charge, reserve) < 0)
        return -ENOMEM;
    struct shm *m = slab_alloc_flags(&cache, reserve ? FRAME_RESERVE : 0);
    if (m == NULL) {
        commit_uncharge_other(charge);
        return -ENOMEM;
    }
    *m = (struct shm){
        .refs = 1, .height = height, .reserve = reserve, .pages = pages, .charged = charge};
    store_init(&m->store, &ops);
    *out = &m->store;
    return 0;
}
