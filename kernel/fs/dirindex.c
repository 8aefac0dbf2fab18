/*
 * The index of a large directory.
 *
 * Every slot of the directory is on exactly one list: on the chain of its name's hash or, if it is
 * free, on the list of free slots.  The links stand in an array with one element for each slot,
 * beside the hash, so that a look-up touches the directory itself only where a name is to be
 * expected; the index can grow without looking at it at all.  Everything lies in one block of
 * frames, a quarter of which is heads of chains.
 *
 * Nothing here depends on what the directory holds: names that stand there twice are two elements
 * of one chain.  At worst, all names in one chain, a look-up is a search from front to back again.
 *
 * Lock: the directory's mutex.
 */
#include "kernel/fs/dirindex.h"
#include "kernel/fs/dir.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/riscv.h"

#define NONE DIRINDEX_NONE

struct element {
    uint hash; /* of a slot in use */
    uint next; /* on the same list */
};

struct dirindex {
    int order; /* the block is 2^order frames */
    uint nslots, room;
    uint free; /* first of the free slots */
    uint mask; /* number of heads - 1 */
    struct element *slot;
    uint head[];
};

static uint64 frames_used; /* by all indexes; atomic */

static uint hash_of(const struct dirent *e)
{
    struct dir_words w = dir_words(e);
    return (uint)(dir_hash(&w) >> 32);
}

/* Takes 2^order frames from the share of memory that all indexes may have: a 64th. */
static bool charge(int order)
{
    if (atomic_add(&frames_used, 1UL << order) <= frame_count / 64)
        return true;
    atomic_sub(&frames_used, 1UL << order);
    return false;
}

static uint room_of(int order)
{
    uint64 bytes = (uint64)PGSIZE << order;
    return (uint)((bytes - bytes / 4 - sizeof(struct dirindex)) / sizeof(struct element));
}

struct dirindex *dirindex_new(uint64 n)
{
    int order = 0;
    while (order <= MAX_ORDER && room_of(order) < n)
        order++;
    if (order > MAX_ORDER || !charge(order))
        return NULL;
    struct frame *f = frame_alloc_order(FRAME_WIRED, order, 0);
    if (!f) {
        atomic_sub(&frames_used, 1UL << order);
        return NULL;
    }
    struct dirindex *x = frame_virt(f);
    uint heads = (uint)(((uint64)PGSIZE << order) / 4 / sizeof(uint));
    *x = (struct dirindex){.order = order, .room = room_of(order), .free = NONE};
    x->mask = heads - 1;
    x->slot = (struct element *)(x->head + heads);
    memset(x->head, 0xff, heads * sizeof(uint)); /* NONE */
    return x;
}

uint64 dirindex_frames(void)
{
    return load_relaxed(&frames_used);
}

void dirindex_free(struct dirindex *x)
{
    if (!x)
        return;
    atomic_sub(&frames_used, 1UL << x->order);
    frame_put(frame_of(phys(x)));
}

uint dirindex_slots(const struct dirindex *x)
{
    return x->nslots;
}

static void push(struct dirindex *x, uint *list, uint slot)
{
    x->slot[slot].next = *list;
    *list = slot;
}

static void enter(struct dirindex *x, uint slot, uint hash)
{
    x->slot[slot].hash = hash;
    push(x, &x->head[hash & x->mask], slot);
}

bool dirindex_append(struct dirindex *x, const struct dirent *e)
{
    if (x->nslots == x->room)
        return false;
    uint slot = x->nslots++;
    if (e->inum)
        enter(x, slot, hash_of(e));
    else
        push(x, &x->free, slot);
    return true;
}

struct dirindex *dirindex_grow(struct dirindex *x)
{
    struct dirindex *larger = dirindex_new((uint64)x->room * 2);
    if (!larger)
        return NULL;
    larger->nslots = x->nslots;
    for (uint h = 0; h <= x->mask; h++)
        for (uint s = x->head[h]; s != NONE; s = x->slot[s].next)
            enter(larger, s, x->slot[s].hash);
    dirindex_free(x);
    return larger;
}

/* The first slot from `s` on, along its chain, that has this hash. */
static uint with_hash(const struct dirindex *x, uint s, uint hash)
{
    while (s != NONE && x->slot[s].hash != hash)
        s = x->slot[s].next;
    return s;
}

uint dirindex_first(const struct dirindex *x, const struct dirent *e)
{
    uint hash = hash_of(e);
    return with_hash(x, x->head[hash & x->mask], hash);
}

uint dirindex_next(const struct dirindex *x, uint slot)
{
    return with_hash(x, x->slot[slot].next, x->slot[slot].hash);
}

uint dirindex_vacant(const struct dirindex *x)
{
    return x->free;
}

void dirindex_fill(struct dirindex *x, uint slot, const struct dirent *e)
{
    x->free = x->slot[slot].next;
    enter(x, slot, hash_of(e));
}

void dirindex_clear(struct dirindex *x, uint slot)
{
    uint *link = &x->head[x->slot[slot].hash & x->mask];
    while (*link != slot)
        link = &x->slot[*link].next;
    *link = x->slot[slot].next;
    push(x, &x->free, slot);
}
