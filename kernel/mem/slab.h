#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "kernel/lib/list.h"
#include "kernel/sync/spinlock.h"

/*
 * Objects of one size, carved from frames.  A slab that becomes empty goes back to the frame
 * allocator (one is kept), so objects are not a leak of frames.
 */
struct slab_cache {
    struct spinlock lock;
    const char *name;
    uint size;                  /* bytes of an object, rounded up to 16 */
    uint per_slab;              /* objects in one slab */
    uint order;                 /* a slab is 2^order frames */
    uint64 in_use;              /* objects handed out */
    uint64 nempty;              /* slabs without objects in use */
    struct list partial, empty; /* full slabs are on no list */
    struct slab_cache *next;    /* of all caches, for slab_shrink(); constant */
};

/* Makes *c a cache of objects of `size` bytes, at most 32 KiB.  It lives for ever. */
void slab_init(struct slab_cache *c, const char *name, uint size);

/*
 * An object with undefined contents (DEBUG: poison), aligned to 16 bytes, or NULL.  Never sleeps.
 * `frame_flags` may be FRAME_RESERVE.
 */
void *slab_alloc_flags(struct slab_cache *c, int frame_flags);
void *slab_alloc(struct slab_cache *c); /* with frame_flags 0 */

/* Panics naming the cache if `obj` is not an object of c or is free already. */
void slab_free(struct slab_cache *c, void *obj);

/*
 * Objects of any size up to one page, by a ladder of caches (kmalloc.c).  NULL for a size of 0,
 * for one above a page, and when there is no memory.  kfree() panics if kmalloc() did not
 * make `obj`.
 */
void kmalloc_init(void);
void *kmalloc(uint64 size);
void kfree(void *obj); /* NULL is fine */

/* Frees all empty slabs; returns the number of frames.  slab_idle_frames() counts those. */
uint64 slab_shrink(void);
uint64 slab_idle_frames(void);

#endif
