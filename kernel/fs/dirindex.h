#ifndef FS_DIRINDEX_H
#define FS_DIRINDEX_H

#include "kernel/fs.h"
#include <stdbool.h>

/*
 * The index of a large directory: for each name the slots of the directory that it may stand in,
 * and the slots that are free.  It holds hashes, no names: who uses it compares the entry itself.
 * Guarded by the directory's lock.
 */
struct dirindex;

#define DIRINDEX_NONE ~0u /* no slot */

/* An empty index with room for n slots; NULL if there is no memory for it. */
struct dirindex *dirindex_new(uint64 n);
void dirindex_free(struct dirindex *x); /* NULL is fine */

uint64 dirindex_frames(void); /* of all indexes */

/* The next slot at the directory's end holds e, which may be free; false if there is no room. */
bool dirindex_append(struct dirindex *x, const struct dirent *e);

/* The index x, of a directory without free slots, with twice the room; NULL: no memory. */
struct dirindex *dirindex_grow(struct dirindex *x);

uint dirindex_slots(const struct dirindex *x); /* of the directory */

/* The first slot whose name may be that of e, and the one after `slot`; or DIRINDEX_NONE. */
uint dirindex_first(const struct dirindex *x, const struct dirent *e);
uint dirindex_next(const struct dirindex *x, uint slot);

/* A free slot, or DIRINDEX_NONE. */
uint dirindex_vacant(const struct dirindex *x);

/* The slot that dirindex_vacant() gave holds e now. */
void dirindex_fill(struct dirindex *x, uint slot, const struct dirent *e);

/* The slot, which was in use, is free now. */
void dirindex_clear(struct dirindex *x, uint slot);

#endif
