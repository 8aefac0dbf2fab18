/*
 * The frame table, references, and who may have the last frames.
 *
 * An allocation of one frame takes it from the hart's cache; that is filled from the buddy
 * allocator.  When both have nothing, the other harts' caches are emptied, then the reclaim hook
 * is asked, and only then the allocation fails, or takes from the reserve if it may.
 *
 * Nothing here needs a lock: references are atomic, the fields of a frame in use belong to its
 * user, and those of a free one to the hart that has just taken it from the allocators below.
 */
#include "kernel/mem/frame.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/buddy.h"
#include "kernel/mem/hartcache.h"
#include "kernel/mem/poison.h"
#include "kernel/riscv.h"
#include "kernel/sync/spinlock.h"

#define MAX_REFS    0x7fffffffU /* far from wrapping, however many harts count at once */
#define BLOCK_BYTES (FRAME_BLOCK << PGSHIFT)
#define BLOCKS      (DIRECT_SIZE / BLOCK_BYTES)

struct frame *frame_table;
paddr frame_base;
uint8 *frame_memory;
uint64 frame_count;

static uint64 known[BLOCKS / 64]; /* atomic bits: the block's table entries are valid */
static uint64 managed, reserve;   /* frames; constant after boot */
static bool (*reclaim_hook)(void);
static void (*low_hook)(void);

bool frame_known(const struct frame *f)
{
    uint64 block = (uint64)(f - frame_table) / FRAME_BLOCK;
    return load_relaxed(&known[block / 64]) >> (block % 64) & 1;
}

static void set_state(struct frame *f, int order, enum frame_state state)
{
    for (struct frame *end = f + (1UL << order); f < end; f++)
        f->state = (uchar)state;
}

void frame_make_known(struct frame *f, enum frame_state state)
{
    uint64 block = (uint64)(f - frame_table) / FRAME_BLOCK;
    struct frame *first = &frame_table[block * FRAME_BLOCK];

    memset(first, 0, FRAME_BLOCK * sizeof(struct frame));
    if (state != 0)
        set_state(first, MAX_ORDER, state);
    atomic_or(&known[block / 64], 1UL << (block % 64));
}

paddr frame_init(paddr ram, paddr ram_end, paddr at)
{
    if (ram_end > DIRECT_SIZE)
        ram_end = DIRECT_SIZE;
    frame_base = ram & ~(BLOCK_BYTES - 1);
    frame_memory = virt(frame_base);
    frame_count = (ram_end - frame_base + BLOCK_BYTES - 1) / BLOCK_BYTES * FRAME_BLOCK;
    frame_table = virt(at);
    paddr end = PGROUNDUP(at + frame_count * sizeof(struct frame));
    if (end > ram_end)
        panic("frame_init: the table of %lu frames does not fit into RAM", frame_count);

    memset(known, 0, sizeof known);
    hartcache_init();
    managed = reserve = 0;
    buddy_init();
    for (struct frame *f = frame_table; frame_pa(f) < end; f += FRAME_BLOCK)
        frame_make_known(f, FRAME_RESERVED);
    return end;
}

/* The largest order of a block that begins at pa and ends at `end` or before. */
static int order_of_range(paddr pa, paddr end)
{
    int order = MAX_ORDER;

    while (pa % (PGSIZE << order) != 0 || end - pa < (uint64)PGSIZE << order)
        order--;
    return order;
}

void frame_add(paddr start, paddr end)
{
    paddr pa = PGROUNDUP(start);

    if (end > DIRECT_SIZE)
        end = DIRECT_SIZE;
    end = PGROUNDDOWN(end);
    for (int order; pa < end; pa += (uint64)PGSIZE << order) {
        struct frame *f = frame_of(pa);
        order = order_of_range(pa, end);
        managed += 1UL << order;
        if (order == MAX_ORDER && !frame_known(f)) {
            buddy_add_unknown(f);
            continue;
        }
        if (!frame_known(f))
            frame_make_known(f, FRAME_RESERVED);
        set_state(f, order, FRAME_FREE);
        buddy_free(f, order);
    }
    reserve = managed / 256 > 64 ? managed / 256 : 64;
}

/* Makes a free frame, or a block of them, one in use. */
static inline struct frame *hand_out(struct frame *f, enum frame_state state, int order)
{
    poison_check_frames(f, order);
    ASSERT(f->state == FRAME_FREE && f->refs == 0 && !f->in_buddy, "the frame is not free");
    f->state = (uchar)state;
    f->order = (uchar)order;
    f->refs = 1;
    f->owner[0] = f->owner[1] = 0;
    list_init(&f->link);
    if (order > 0)
        set_state(f, order, state);
    return f;
}

/* Takes from the cache or from the buddy allocator above the reserve. */
static struct frame *take(enum frame_state state, int order)
{
    whole_begin();
    struct frame *f = order > 0 ? buddy_alloc(order, reserve) : hartcache_pop();
    if (!f && order == 0)
        f = hartcache_refill(reserve);
    if (f)
        hand_out(f, state, order);
    whole_end();
    return f;
}

static struct frame *take_from_reserve(enum frame_state state, int order)
{
    whole_begin();
    struct frame *f = buddy_alloc(order, 0);
    if (f)
        hand_out(f, state, order);
    whole_end();
    return f;
}

static uint64 drain_caches(void)
{
    whole_begin();
    uint64 drained = hartcache_drain_all();
    whole_end();
    return drained;
}

static struct frame *take_at_any_price(enum frame_state state, int order, int flags)
{
    struct frame *f = take(state, order);

    if (!f && drain_caches() > 0)
        f = take(state, order);
    if (!f && reclaim_hook && reclaim_hook()) {
        drain_caches();
        f = take(state, order);
    }
    if (!f && (flags & FRAME_RESERVE))
        f = take_from_reserve(state, order);
    return f;
}

/* Apart, and the last step: who wants no zeros saves no register for them. */
static struct frame *__attribute__((noinline)) clear(struct frame *f)
{
    page_clear(frame_virt(f));
    return f;
}

/* frame_alloc() when the hart's cache is empty: apart, to keep the usual path short. */
static struct frame *__attribute__((noinline)) alloc_slowly(enum frame_state state, int flags)
{
    struct frame *f = take_at_any_price(state, 0, flags);
    if (low_hook && buddy_free_count() < managed / 32)
        low_hook();
    return f && flags & FRAME_ZEROED ? clear(f) : f;
}

struct frame *frame_alloc(enum frame_state state, int flags)
{
    whole_begin();
    struct frame *f = hartcache_pop();
    if (f)
        hand_out(f, state, 0);
    whole_end();
    if (!f)
        return alloc_slowly(state, flags);
    return flags & FRAME_ZEROED ? clear(f) : f;
}

struct frame *frame_alloc_order(enum frame_state state, int order, int flags)
{
    if (order == 0)
        return frame_alloc(state, flags);
    if (order < 0 || order > MAX_ORDER)
        panic("frame_alloc_order: order %d is not between 0 and %d", order, MAX_ORDER);

    struct frame *f = take_at_any_price(state, order, flags);
    if (f && flags & FRAME_ZEROED)
        memset(frame_virt(f), 0, (uint64)PGSIZE << order);
    return f;
}

/* Tells what a frame is that was counted although it must not be. */
static void __attribute__((noreturn)) bad_count(const char *who, const struct frame *f)
{
    const char *what = f->state == FRAME_FREE       ? "is free"
                       : f->state == FRAME_RESERVED ? "was never handed out"
                                                    : "has no count of its own or too high a one";

    panic("%s: frame %lu (0x%lx) %s", who, (uint64)(f - frame_table), frame_pa(f), what);
}

static inline void check_entry(const char *who, const struct frame *f)
{
#ifdef DEBUG
    uint64 offset = (uint64)f - (uint64)frame_table;
    if (offset >= frame_count * sizeof *f || offset % sizeof *f != 0 || !frame_known(f))
        panic("%s: %p is not a frame that was handed out", who, (const void *)f);
#else
    (void)who;
    (void)f;
#endif
}

void frame_get(struct frame *f)
{
    check_entry("frame_get", f);
    uint refs = atomic_add(&f->refs, 1);
    if (refs == 1 || refs > MAX_REFS)
        bad_count("frame_get", f);
}

/* frame_put() of the last reference; apart, like alloc_slowly().  Returns true. */
static bool __attribute__((noinline)) release(struct frame *f)
{
    int order = f->order;

    ASSERT(f->state != FRAME_FREE && f->state != FRAME_RESERVED, "the frame is not in use");
    ASSERT(list_empty(&f->link), "the frame is still on its owner's list");
    poison_frames(f, order);
    if (order > 0) {
        set_state(f, order, FRAME_FREE);
        buddy_free(f, order);
        return true;
    }
    f->state = FRAME_FREE;
    /* What is missing in the reserve goes there first: anybody may take from a cache. */
    if (buddy_free_count() < reserve)
        buddy_free(f, 0);
    else if (!hartcache_push(f))
        hartcache_spill(f);
    return true;
}

bool frame_put(struct frame *f)
{
    check_entry("frame_put", f);
    whole_begin();
    uint refs = atomic_sub(&f->refs, 1);
    if (refs > MAX_REFS)
        bad_count("frame_put", f);
    bool last = refs == 0 && release(f);
    whole_end();
    return last;
}

uint64 frame_free_count(void)
{
    return buddy_free_count() + hartcache_count();
}

uint64 frame_managed_count(void)
{
    return managed;
}

uint64 frame_reserve_count(void)
{
    return reserve;
}

void frame_set_reclaim(bool (*reclaim)(void))
{
    reclaim_hook = reclaim;
}

void frame_set_low(void (*low)(void))
{
    low_hook = low;
}

#ifdef DEBUG
void frame_each_cached(void (*visit)(struct frame *f))
{
    for (struct hartcache *c = hartcaches; c < hartcaches + nharts; c++)
        for (int i = 0; i < HARTCACHE_SLOTS; i++)
            if (c->slot[i])
                visit(c->slot[i]);
}

uint64 frame_buddy_count(void)
{
    return buddy_free_count();
}
#endif
