#ifndef VM_RMAP_H
#define VM_RMAP_H

#include "kernel/vm/area.h"
#include "kernel/vm/store.h"

/*
 * From a page of a store to the entries that map it: a store knows the areas that map it, and in
 * each the page has one address.  So fork and faults keep no book for each page.
 */

/* The area, which has a store, is new, or goes; the lock of its space is held. */
void rmap_add(struct area *a);
void rmap_remove(struct area *a);

/* `b`, which is new, takes over what `a` maps from b->start on; the same lock. */
void rmap_split(struct area *a, struct area *b);

/* `a` takes over what `b` maps, its neighbour above, which is removed; the same lock. */
void rmap_join(struct area *a, struct area *b);

/* Around a change of both start and offset of an area that has a store: walks look at them. */
void rmap_begin_change(void);
void rmap_end_change(void);

/* The space, which nobody uses any more, is about to be freed: waits until no walk is in it. */
void rmap_await(struct space *s);

/*
 * Each walks over all areas that map any of the n pages from `first` on.  Locks one space after the
 * other and sleeps; the caller holds no lock of a space or an inode, nor anything that a fault may
 * wait for.
 *
 * rmap_protect(): no entry lets user mode write these pages any more; the next write faults, and
 * tells the store (KIND_DIRTY).  Whoever writes pages back first notes that they are clean, then
 * calls this, then reads their bytes: a write in between makes them dirty again.
 *
 * rmap_unmap(): no entry maps the frames that the store gave out.  Copies that private mappings
 * have made stay.  Entries made by faults that asked the store before are removed as well; so who
 * cuts a store off first lets fetch() fail, then drops the pages, then calls this.
 */
void rmap_protect(struct store *st, uint64 first, uint64 n);
void rmap_unmap(struct store *st, uint64 first, uint64 n);

#endif
