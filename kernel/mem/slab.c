/*
 * Slabs (J. Bonwick, "The Slab Allocator", 1994).  A slab is a block of frames cut into objects of
 * one size.  It has no header: the frame table describes it.  For each frame of a slab, owner[0]
 * is the cache; for the first one,
 *
 *     owner[1]  the first free object, 0 = the slab is full; each holds the address of the next
 *     refs      1 for the cache and 1 for each object in use
 *     link      on the cache's list `partial` or `empty`, or on none if the slab is full
 *
 * Blocks are aligned to their size, so an object's address leads to the first frame.
 *
 * Lock: one for each cache (RANK_SLAB), guarding the cache and its slabs; never two of them.  The
 * frame allocator is asked for a slab without it, as it may call slab_shrink().
 */
#include "kernel/mem/slab.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/poison.h"
#include "kernel/riscv.h"

#define ALIGNMENT      16
#define MAX_SLAB_ORDER 3
#define EMPTY_KEPT     1 /* slabs of a cache */

struct free_object {
    struct free_object *next;
    uint64 mark; /* mark_of() the object */
};

#define FREE_MARK 0x726565206f626a65UL /* a number that objects in use seldom hold */

static struct slab_cache *all_caches; /* atomic; caches are only added, at the front */

/* The smallest order of a slab that wastes no more than an eighth of it. */
static uint best_order(uint size)
{
    for (uint order = 0; order < MAX_SLAB_ORDER; order++) {
        uint bytes = (uint)PGSIZE << order;
        if (bytes >= size && bytes % size <= bytes / 8)
            return order;
    }
    return MAX_SLAB_ORDER;
}

void slab_init(struct slab_cache *c, const char *name, uint size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size == 0 || size > (uint)PGSIZE << MAX_SLAB_ORDER)
        panic("slab_init: \"%s\": no slab holds objects of %u bytes", name, size);

    *c = (struct slab_cache){.name = name, .size = size, .order = best_order(size)};
    c->per_slab = ((uint)PGSIZE << c->order) / size;
    spin_init(&c->lock, name, RANK_SLAB);
    list_init(&c->partial);
    list_init(&c->empty);
    do {
        c->next = load_relaxed(&all_caches);
    } while (!atomic_cas(&all_caches, c->next, c));
}

static struct frame *slab_of(const struct slab_cache *c, const void *obj)
{
    return frame_of(phys(obj) & ~(((uint64)PGSIZE << c->order) - 1));
}

static struct frame *slab_from_link(struct list *l)
{
    return container_of(l, struct frame, link);
}

static uint64 mark_of(const struct free_object *o)
{
    return FREE_MARK ^ (uint64)o;
}

/* Panics unless o is an object of c in use; s is the slab that it is in, if it is in one. */
static void check_in_use(const struct slab_cache *c, const struct frame *s, struct free_object *o)
{
    if (s->state != FRAME_SLAB || s->owner[0] != (uint64)c)
        panic("slab_free: %p is not in a slab of \"%s\"", (void *)o, c->name);

    uint64 offset = (uint64)o - (uint64)frame_virt(s);
    if (offset % c->size != 0 || offset / c->size >= c->per_slab)
        panic("slab_free: %p is not the start of an object of \"%s\"", (void *)o, c->name);
    if (o->mark != mark_of(o))
        return;
    /* An object in use may hold that number by chance. */
    for (struct free_object *f = (struct free_object *)s->owner[1]; f; f = f->next) {
        if (f == o)
            panic("slab_free: object %p of \"%s\" is free already", (void *)o, c->name);
    }
}

static void mark_free(const struct slab_cache *c, struct free_object *o)
{
    poison_object(o + 1, c->size - sizeof *o);
    o->mark = mark_of(o);
}

static void check_untouched(const struct slab_cache *c, struct free_object *o)
{
    if (o->mark != mark_of(o) || !poison_object_intact(o + 1, c->size - sizeof *o))
        panic("slab_alloc: object %p of \"%s\" was written while it was free", (void *)o, c->name);
    o->mark = 0;
}

static void push_object(const struct slab_cache *c, struct frame *s, struct free_object *o)
{
    o->next = (struct free_object *)s->owner[1];
    mark_free(c, o);
    s->owner[1] = (uint64)o;
}

/* A new slab, on no list; NULL without memory.  No lock is held. */
static struct frame *slab_new(struct slab_cache *c, int frame_flags)
{
    struct frame *s = frame_alloc_order(FRAME_SLAB, (int)c->order, frame_flags);
    if (!s)
        return NULL;

    for (uint i = 0; i < 1U << c->order; i++)
        s[i].owner[0] = (uint64)c;
    uint8 *base = frame_virt(s);
    for (uint i = c->per_slab; i-- > 0;)
        push_object(c, s, (struct free_object *)(base + i * c->size));
    return s;
}

static void add_empty(struct slab_cache *c, struct frame *s)
{
    list_add(&c->empty, &s->link);
    c->nempty++;
}

/* Takes an object from a partial or else an empty slab; NULL if there is neither. */
static void *take_object(struct slab_cache *c)
{
    if (list_empty(&c->partial)) {
        struct list *l = list_pop(&c->empty);
        if (!l)
            return NULL;
        c->nempty--;
        list_add(&c->partial, l);
    }
    struct frame *s = slab_from_link(c->partial.next);
    struct free_object *o = (struct free_object *)s->owner[1];
    s->owner[1] = (uint64)o->next;
    check_untouched(c, o);
    if (s->owner[1] == 0)
        list_del(&s->link);
    frame_get(s);
    c->in_use++;
    return o;
}

void *slab_alloc_flags(struct slab_cache *c, int frame_flags)
{
    spin_lock(&c->lock);
    void *obj = take_object(c);
    spin_unlock(&c->lock);
    if (obj)
        return obj;

    struct frame *s = slab_new(c, frame_flags);
    if (!s)
        return NULL;
    spin_lock(&c->lock);
    add_empty(c, s);
    obj = take_object(c);
    spin_unlock(&c->lock);
    return obj;
}

void *slab_alloc(struct slab_cache *c)
{
    return slab_alloc_flags(c, 0);
}

void slab_free(struct slab_cache *c, void *obj)
{
    struct frame *s = slab_of(c, obj);

    spin_lock(&c->lock);
    check_in_use(c, s, obj);
    if (s->owner[1] == 0)
        list_add(&c->partial, &s->link);
    push_object(c, s, obj);
    frame_put(s);
    c->in_use--;
    if (load_relaxed(&s->refs) == 1) {
        list_del(&s->link);
        if (c->nempty < EMPTY_KEPT)
            add_empty(c, s);
        else
            frame_put(s);
    }
    spin_unlock(&c->lock);
}

static uint64 shrink(struct slab_cache *c)
{
    uint64 slabs = 0;

    spin_lock(&c->lock);
    for (struct list *l; (l = list_pop(&c->empty)); slabs++)
        frame_put(slab_from_link(l));
    c->nempty = 0;
    spin_unlock(&c->lock);
    return slabs << c->order;
}

uint64 slab_shrink(void)
{
    uint64 frames = 0;

    for (struct slab_cache *c = load_acquire(&all_caches); c; c = c->next)
        frames += shrink(c);
    return frames;
}

uint64 slab_idle_frames(void)
{
    uint64 frames = 0;

    for (struct slab_cache *c = load_acquire(&all_caches); c; c = c->next)
        frames += load_relaxed(&c->nempty) << c->order;
    return frames;
}
