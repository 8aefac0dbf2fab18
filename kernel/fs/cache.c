/*
 * The cache: which pages are in memory, and which of them leave it.
 *
 * A page is in a hash table by (store, index), on the list of its store and on one circular list
 * that the hand of a clock walks: a page used since the hand came by last gets another round, one
 * that nobody holds leaves.  The cache grows while there is plenty of free memory, then feeds on
 * itself; the frame allocator takes pages from it by fs_shrink().
 *
 * A page's reference count includes one for being in the table, so only the one who takes it out
 * of the table, under the lock, makes it possible for the count to fall to zero: puts need no lock.
 *
 * Lock: cache_lock, a spin lock also taken by the disk's completion interrupt (cacheio.c).
 */
#include "kernel/fs/cache.h"
#include "kernel/errno.h"
#include "kernel/fs/evict.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/buddy.h"
#include "kernel/mem/slab.h"
#include "kernel/param.h"
#include "kernel/vm/check.h"

#define STEPS 64 /* pages that the hand passes while the lock is held */
#define MOVES 4  /* times that it does, for a page that may as well be found elsewhere */

struct spinlock cache_lock = SPINLOCK_INIT("cache", RANK_CACHE);
struct store cache_disk;

static struct page **table; /* 2^table_bits chains */
static uint table_bits;
static struct list clock; /* the hand stands at the front */
static uint64 npages;
static struct slab_cache page_slab;

static check_cache_fn frame_by_owner;

bool cache_init(void)
{
    int order = 0;
    while (order < 7 && (frame_count >> 10) > (1UL << order))
        order++;
    struct frame *f = frame_alloc_order(FRAME_WIRED, order, FRAME_ZEROED);
    if (!f)
        return false;
    table = frame_virt(f);
    table_bits = (uint)order + PGSHIFT - 3;
    list_init(&clock);
    slab_init(&page_slab, "page", sizeof(struct page));
    store_init(&cache_disk, NULL);
    cache_init_writeback();
    check_set_cache(frame_by_owner);
    return true;
}

/* Fibonacci hashing: D. E. Knuth, The Art of Computer Programming 3, section 6.4. */
static inline struct page **chain_of(const struct store *s, uint64 index)
{
    uint64 key = ((uint64)s >> 4) + index;
    return &table[(key * 0x9e3779b97f4a7c15UL) >> (64 - table_bits)];
}

struct page *cache_look(const struct store *s, uint64 index)
{
    struct page *pg = *chain_of(s, index);
    while (pg && (pg->index != index || pg->store != s))
        pg = pg->next;
    return pg;
}

static inline struct page *find(const struct store *s, uint64 index)
{
    struct page *pg = cache_look(s, index);
    if (pg) {
        atomic_add(&pg->refs, 1);
        pg->used = true;
    }
    return pg;
}

/* While a page is in the table, its frame says under which name. */
static void set_owner(struct page *pg, uint64 store, uint64 index)
{
    struct frame *f = cache_frame(pg);
    f->owner[0] = store;
    f->owner[1] = index;
}

/* For vm/check.c, while nobody else runs. */
static const struct frame *frame_by_owner(const struct frame *f, bool *dirty)
{
    const struct page *pg = cache_look((const struct store *)f->owner[0], f->owner[1]);
    *dirty = pg && (pg->dirty || pg->writing || journal_failed());
    return pg ? cache_frame(pg) : NULL;
}

static void insert(struct page *pg)
{
    struct page **chain = chain_of(pg->store, pg->index);
    set_owner(pg, (uint64)pg->store, pg->index);
    pg->next = *chain;
    *chain = pg;
    list_add_tail(&clock, &pg->lru);
    list_add_tail(&pg->store->pages, &pg->of_store);
    npages++;
}

static void take_out(struct page *pg)
{
    struct page **link = chain_of(pg->store, pg->index);
    while (*link != pg)
        link = &(*link)->next;
    *link = pg->next;
    list_del(&pg->lru);
    list_del(&pg->of_store);
    set_owner(pg, 0, 0);
    cache_undirty(pg);
    pg->gone = true;
    npages--;
}

/* The frame may live on: in page tables until a truncation has come there, or pinned. */
static void destroy(struct page *pg)
{
    struct frame *f = cache_frame(pg);
    whole_begin();
    f->owner[1] = CHECK_LEFT;
    frame_put(f);
    whole_end();
    slab_free(&page_slab, pg);
}

/*
 * Under the lock counts of one cannot grow: the table's is the only reference to the page, and the
 * page's the only one to the frame.  Those to the frame come from holders of the page, so the page
 * is looked at first.
 */
static bool idle(const struct page *pg)
{
    return load_acquire(&pg->refs) == 1 && load_acquire(&cache_frame(pg)->refs) == 1;
}

uint64 cache_pages(void)
{
    return load_relaxed(&npages);
}

/* Moves the hand by up to STEPS pages, to a victim that it takes out of the table; or NULL. */
static struct page *move_hand(void)
{
    for (uint n = 0; n < STEPS && !list_empty(&clock); n++) {
        struct page *pg = container_of(clock.next, struct page, lru);
        if (!pg->used && idle(pg)) {
            take_out(pg);
            return pg;
        }
        pg->used = false;
        list_del(&pg->lru);
        list_add_tail(&clock, &pg->lru);
    }
    return NULL;
}

/* How often the hand moves in two rounds, the first of which clears `used`. */
static uint64 two_rounds(void)
{
    return 2 * cache_pages() / STEPS + 1;
}

/* The next victim of the clock; NULL if the hand finds none in so many moves. */
static struct page *clock_victim(uint64 moves)
{
    struct page *pg = NULL;
    for (; moves > 0 && !pg; moves--) {
        spin_lock(&cache_lock);
        pg = move_hand();
        spin_unlock(&cache_lock);
    }
    return pg;
}

static uint64 shrink(uint64 n, uint64 moves)
{
    uint64 done = 0;
    for (struct page *pg; done < n && (pg = clock_victim(moves)); done++)
        destroy(pg);
    return done;
}

uint64 cache_shrink(uint64 n)
{
    return shrink(n, two_rounds());
}

/* The same hand, looking for a page that is mapped. */
static struct page *find_mapped(uint64 *number)
{
    for (uint n = 0; n < STEPS && !list_empty(&clock); n++) {
        struct page *pg = container_of(clock.next, struct page, lru);
        list_del(&pg->lru);
        list_add_tail(&clock, &pg->lru);
        if (!pg->used && load_acquire(&cache_frame(pg)->refs) > 1) {
            atomic_add(&pg->refs, 1);
            *number = pg->store->ops->number(pg->store);
            return pg;
        }
        pg->used = false;
    }
    return NULL;
}

struct page *cache_mapped(uint64 *number)
{
    struct page *pg = NULL;
    for (uint64 moves = two_rounds(); moves > 0 && !pg; moves--) {
        spin_lock(&cache_lock);
        pg = find_mapped(number);
        spin_unlock(&cache_lock);
    }
    return pg;
}

/* A sixteenth of memory stays free for others as long as the cache has enough of its own. */
static void keep_memory_free(void)
{
    if (cache_pages() > NBUF && buddy_free_count() < frame_count / 16 && shrink(2, MOVES) == 0)
        evict_wake();
}

/* What a page of s may use: to free a file, or end an operation, pages of the disk are needed. */
static int last_resort(const struct store *s)
{
    return s == &cache_disk ? FRAME_RESERVE : 0;
}

static struct frame *get_frame(const struct store *s)
{
    struct frame *f = frame_alloc(FRAME_CACHE, 0);
    if (!f && cache_shrink(8))
        f = frame_alloc(FRAME_CACHE, 0);
    return f ? f : frame_alloc(FRAME_CACHE, last_resort(s));
}

static struct page *new_page(struct store *s, uint64 index)
{
    keep_memory_free();
    struct page *pg = slab_alloc(&page_slab);
    if (!pg && cache_shrink(8))
        pg = slab_alloc(&page_slab);
    if (!pg)
        pg = slab_alloc_flags(&page_slab, last_resort(s));
    if (!pg)
        return NULL;
    struct frame *f = get_frame(s);
    if (!f) {
        slab_free(&page_slab, pg);
        return NULL;
    }
    *pg = (struct page){.refs = 2, .store = s, .index = index, .bytes = frame_virt(f)};
    pg->clear_from = PGSIZE;
    waitq_init(&pg->waiters);
    for (uint i = 0; s == &cache_disk && i < PAGE_BLOCKS; i++)
        pg->block[i] = (uint)(index * PAGE_BLOCKS + i);
    return pg;
}

static struct page *add_page(struct store *s, uint64 index)
{
    struct page *fresh = new_page(s, index);
    if (!fresh)
        return NULL;
    spin_lock(&cache_lock);
    struct page *pg = find(s, index);
    if (!pg)
        insert(fresh);
    spin_unlock(&cache_lock);
    if (pg)
        destroy(fresh);
    return pg ? pg : fresh;
}

struct page *cache_find(struct store *s, uint64 index)
{
    spin_lock(&cache_lock);
    struct page *pg = find(s, index);
    spin_unlock(&cache_lock);
    return pg;
}

struct page *cache_get(struct store *s, uint64 index)
{
    struct page *pg = cache_find(s, index);
    return pg ? pg : add_page(s, index);
}

/* A reference to the frame of a page that is valid from end to end; the lock is held. */
static inline struct frame *whole_frame(const struct page *pg)
{
    if (!pg || pg->valid != ALL_BLOCKS)
        return NULL;
    struct frame *f = cache_frame(pg);
    frame_get(f);
    return f;
}

struct frame *cache_find_frame(struct store *s, uint64 index)
{
    spin_lock(&cache_lock);
    struct page *pg = cache_look(s, index);
    struct frame *f = whole_frame(pg);
    if (f)
        pg->used = true;
    spin_unlock(&cache_lock);
    return f;
}

uint cache_peek(struct store *s, uint64 first, uint n, struct frame *out[])
{
    uint found = 0;
    spin_lock(&cache_lock);
    for (uint i = 0; i < n; i++) {
        out[i] = whole_frame(cache_look(s, first + i));
        found += out[i] != NULL;
    }
    spin_unlock(&cache_lock);
    return found;
}

void cache_hold(struct page *pg)
{
    atomic_add(&pg->refs, 1);
}

void cache_put(struct page *pg)
{
    if (atomic_sub(&pg->refs, 1) == 0)
        destroy(pg);
}

/* The first page of s, held; NULL if there is none. */
static struct page *first_page(struct store *s)
{
    struct page *pg = NULL;
    spin_lock(&cache_lock);
    if (!list_empty(&s->pages)) {
        pg = container_of(s->pages.next, struct page, of_store);
        atomic_add(&pg->refs, 1);
    }
    spin_unlock(&cache_lock);
    return pg;
}

void cache_drop(struct store *s)
{
    for (struct page *pg; (pg = first_page(s));) {
        for (uint i = 0; i < PAGE_BLOCKS; i++)
            journal_forget(pg, i);
        spin_lock(&cache_lock);
        while (pg->busy)
            waitq_sleep(&pg->waiters, &cache_lock);
        if (!pg->gone) {
            take_out(pg);
            atomic_sub(&pg->refs, 1); /* the table's; ours is another */
        }
        spin_unlock(&cache_lock);
        cache_put(pg);
    }
}

bool cache_forget(struct store *s, uint n)
{
    spin_lock(&cache_lock);
    for (; n > 0 && !list_empty(&s->pages); n--) {
        struct page *pg = container_of(s->pages.next, struct page, of_store);
        if (idle(pg)) {
            take_out(pg);
            destroy(pg);
        } else {
            list_del(&pg->of_store);
            list_add_tail(&s->pages, &pg->of_store);
        }
    }
    bool empty = list_empty(&s->pages) && !cache_in_batch(s);
    spin_unlock(&cache_lock);
    return empty;
}
