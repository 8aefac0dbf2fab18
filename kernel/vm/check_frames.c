/*
 * The frame table against the rules, when all page tables were walked and each frame knows how
 * often it was found: its count (V4), its writers (V5), its state (V7), its name in the cache
 * (V8), and that free and used frames are all there are, none forgotten and none twice (V9).  Of
 * the zero frame the bytes are looked at, too (V13): the entry that wrote to it may be gone.
 *
 * Only blocks of the table that ever came into use are looked at (mem/frame.h).  Each entry
 * forgets what was counted, for the next check.  The machine is frozen: check.c.
 */
#include "kernel/vm/check.h"

#ifdef DEBUG
#include "kernel/vm/pmap.h"

struct tally {
    check_cache_fn *cached;
    uint64 in_buddy, in_caches, used;
};

static void found(enum check_rule rule, const char *what, const struct frame *f)
{
    check_add_mappings(check_broken(rule, what), f);
}

static void found_count(enum check_rule rule, const char *what, const struct frame *f,
                        uint64 expected, uint64 is)
{
    struct check_finding *b = check_broken(rule, what);
    check_count(b, expected, is);
    check_add_mappings(b, f);
}

/* --- Free frames ------------------------------------------------------------------------------ */

static void mark_cached(struct frame *f)
{
    f->mapped++;
}

/* A free frame of a block of the buddy allocator; it is the first of it, or not. */
static void check_in_block(struct frame *f, bool first)
{
    if (f->state != FRAME_FREE)
        found(RULE_V7, "a frame in a free block is not free", f);
    else if (f->refs != 0 || f->pins != 0)
        found(RULE_V7, "a free frame has a count", f);
    else if (f->mapped != 0 || (f->in_buddy && !first))
        found(RULE_V9, "a free frame is in two places", f);
    f->mapped = 0;
}

static void check_loose(struct frame *f, struct tally *t)
{
    if (f->refs != 0 || f->pins != 0)
        found(RULE_V7, "a free frame has a count", f);
    else if (f->mapped != 1)
        found(RULE_V9, f->mapped ? "a free frame is in two places" : "a free frame is on no list",
              f);
    t->in_caches++;
}

/* --- Frames in use ---------------------------------------------------------------------------- */

static void check_refs(const struct frame *f, uint64 expected)
{
    if (f->refs != expected)
        found_count(RULE_V4, "the count of a frame", f, expected, f->refs);
}

/* A page table or a page of a kernel stack: has one place, where a walk finds it. */
static void check_placed(const struct frame *f)
{
    if (f->mapped != 1)
        found_count(RULE_V9,
                    f->state == FRAME_TABLE ? "a page table that no entry, or more than one, uses"
                                            : "a page of kernel stacks that is not mapped once",
                    f, 1, f->mapped);
    else
        check_refs(f, 1);
}

static void check_anon(const struct frame *f)
{
    if (f->writable && f->mapped > 1)
        found_count(RULE_V5, "a writable frame has more than one entry", f, 1, f->mapped);
    else if (f == pmap_zero)
        check_refs(f, 1 + (uint64)f->pins);
    else if (f->mapped == 0 && f->pins == 0)
        found(RULE_V9, "a frame that nobody maps or pins", f);
    else
        check_refs(f, (uint64)f->mapped + f->pins);
}

/*
 * A page that is being made, or that was just dropped, has no name: its maker holds it, until only
 * entries that a truncation has still to remove and pins do.
 */
static void check_cached(const struct frame *f, const struct tally *t)
{
    bool left = !f->owner[0] && f->owner[1] == CHECK_LEFT, dirty = true;
    if (f->owner[0] && t->cached && t->cached(f, &dirty) != f)
        found(RULE_V8, "its store and index do not lead to it", f);
    else if (f->writable && !dirty)
        found(RULE_V5, "a page that may be written is clean", f);
    else
        check_refs(f, !left + (uint64)f->mapped + f->pins);
}

static void check_by_state(struct frame *f, struct tally *t)
{
    switch ((enum frame_state)f->state) {
    case FRAME_FREE: check_loose(f, t); break;
    case FRAME_WIRED:
    case FRAME_SLAB:
        if (f->refs == 0)
            found(RULE_V7, "a frame in use has no count", f);
        break;
    case FRAME_PIPE: check_refs(f, 1); break;
    case FRAME_TABLE:
    case FRAME_KSTACK: check_placed(f); break;
    case FRAME_ANON: check_anon(f); break;
    case FRAME_CACHE: check_cached(f, t); break;
    case FRAME_RESERVED: check_refs(f, 0); break;
    default: found(RULE_V7, "a frame has no known state", f);
    }
}

/* Only the first frame of a block in use has a count; all have its state. */
static void check_rest(struct frame *f, uint n)
{
    for (uint i = 1; i < n; i++)
        if (f[i].state != f->state || f[i].refs != 0 || f[i].in_buddy)
            found(RULE_V7, "a frame within a block is not like the first", &f[i]);
}

static void check_zeros(const struct frame *f)
{
    const uint64 *word = frame_virt(f);
    uint i = 0;

    while (i < PGSIZE / sizeof *word && word[i] == 0)
        i++;
    if (i == PGSIZE / sizeof *word)
        return;
    struct check_finding *b = check_broken(RULE_V13, "the zero frame was written to");
    check_about(b, f);
    check_count(b, 0, word[i]);
}

/* --- The table -------------------------------------------------------------------------------- */

/* The frame or the block that begins at f; returns how many frames that are. */
static uint64 check_block(struct frame *f, struct tally *t)
{
    uint64 n = 1;

    if (!frame_known(f)) {
        t->in_buddy += f->in_buddy ? FRAME_BLOCK : 0;
        return FRAME_BLOCK;
    }
    if (f->in_buddy) {
        n = 1UL << f->order;
        for (uint64 i = 0; i < n; i++)
            check_in_block(&f[i], i == 0);
        t->in_buddy += n;
        return n;
    }
    if (f->state != FRAME_FREE && f->state != FRAME_RESERVED) {
        n = 1UL << f->order;
        t->used += n;
        check_rest(f, (uint)n);
    }
    check_by_state(f, t);
    f->mapped = 0;
    f->writable = 0;
    return n;
}

void check_frames(check_cache_fn *cached)
{
    struct tally t = {.cached = cached};

    check_zeros(pmap_zero);
    frame_each_cached(mark_cached);
    for (uint64 i = 0; i < frame_count;)
        i += check_block(&frame_table[i], &t);
    if (t.in_buddy != frame_buddy_count())
        check_count(check_broken(RULE_V9, "free blocks are not what the allocator counts"),
                    t.in_buddy, frame_buddy_count());
    if (t.in_buddy + t.in_caches + t.used != frame_managed_count())
        check_count(check_broken(RULE_V9, "free and used frames are not all frames"),
                    frame_managed_count(), t.in_buddy + t.in_caches + t.used);
}
#endif
