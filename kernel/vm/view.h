#ifndef VM_VIEW_H
#define VM_VIEW_H

#include "kernel/vm/space.h"
#include "kernel/vmview.h"

/*
 * Descriptions of memory for those who look at it.  Each call describes what is there at that
 * moment; between two calls everything may change.  No byte of a result is left undefined.
 */

/*
 * The areas of s that end above *va, upwards, at most n; returns how many.  *va is then the end of
 * the last one: where the next call goes on.  Takes s->lock; may sleep.
 */
uint view_areas(struct space *s, uint64 *va, struct areainfo *to, uint n);

/*
 * The pages from va, page-aligned, up to the end of the user half, at most n; returns how many.
 * Takes s->lock; may sleep.
 */
uint view_pages(struct space *s, uint64 va, struct pageinfo *to, uint n);

/*
 * The frames from number `first` on, at most n; returns how many there are.  Of memory that was
 * allocated in one piece only the first frame has refs.  No lock; any context.
 */
uint view_frames(uint64 first, struct frameinfo *to, uint n);

#endif
