#ifndef FS_COMMIT_H
#define FS_COMMIT_H

#include "kernel/fs.h"
#include <stdbool.h>

/*
 * The journal's blocks on the disk.  `homes` and `images` are parts of one stretch of memory that
 * looks like a half of the journal, so that it is written by one request.  The caller lets only
 * one process in at a time.  Functions return 0 or -EIO.
 */
struct commit_area {
    uint limit;  /* images that one transaction may have */
    uint *homes; /* room for `limit` block numbers */
};

/* Finds memory for the area; false if there is too little for even one operation. */
bool commit_init(const struct superblock *sb, struct commit_area *area);

/* Where image i of a transaction of n images stands in the area. */
void *commit_image(uint n, uint i);

/* Writes the transaction in the area: durable when it returns 0. */
int commit_write(uint seq, uint n);

/* Copies the images of the transaction in the area home; not durable before the next flush. */
int commit_copy_home(uint n);

/*
 * Writes the header of a transaction without images in the place of transaction seq, durably: the
 * next one overwrites the other half, so this one must be good by then.
 */
int commit_write_empty(uint seq);

/*
 * Reads both headers and copies the last commit home, durably.  NULL with its number in *seq
 * and its images in *count, or in a few words why the journal cannot be used.  Overwrites the area.
 */
const char *commit_recover(uint *seq, uint *count);

#endif
