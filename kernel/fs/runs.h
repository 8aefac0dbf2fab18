#ifndef FS_RUNS_H
#define FS_RUNS_H

#include "kernel/fs.h"

/*
 * Free stretches of the disk.  The bitmap has one bit for each block, set if it cannot be had; it
 * ends with a whole block of the bitmap on the disk, a group, and the clear bits in each are
 * counted.  A unit is RUNS_UNIT blocks from a multiple of that on.
 */
struct runs {
    const uint64 *taken;
    const uint *group_free;
    uint nwords;
};

#define RUNS_UNIT  4u /* blocks of a page */
#define RUNS_WORD  64u
#define RUNS_GROUP (BPB / RUNS_WORD) /* words of a group */

/* How many blocks are free in a row from b on, at most `max`. */
uint runs_length(const struct runs *r, uint b, uint max);

/*
 * Looks from word `start` on and round for `want` blocks, whole units, in a row.  Returns how many
 * it found, from *first on: fewer if there are not so many or only far away, 0 if no unit is free.
 */
uint runs_find(const struct runs *r, uint start, uint want, uint *first);

/* Any free block, the first from word `start` on and round; 0 if there is none. */
uint runs_any(const struct runs *r, uint start);

#endif
