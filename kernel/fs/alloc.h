#ifndef FS_ALLOC_H
#define FS_ALLOC_H

#include "kernel/fs.h"
#include "kernel/kstat.h"
#include <stdbool.h>

/*
 * Which blocks and inodes are free.  A block that is freed may be used again only when the
 * transaction that freed it has committed: until then it is frozen.  Functions that change
 * something are called inside a journal operation and dirty one block of the bitmap.
 */

/*
 * Reads the bitmap and makes the table of inodes, all free.  NULL, or in a few words why the file
 * system cannot be used.
 */
const char *alloc_mount(const struct superblock *sb);

/* True if b is a block that files may have. */
bool alloc_is_data(uint b);

/*
 * Takes a free block: `near` if it is free, else one where the file can go on growing in one
 * stretch; near 0 means a new file.  0 or -ENOSPC; its contents are undefined.
 */
int alloc_block(uint near, uint *b);

/*
 * Frees the n blocks from b on, which lie under one block of the bitmap and are data blocks.  Those
 * that are free already are reported and left alone.
 */
void alloc_free(uint b, uint n);

/* A transaction with this block committed; if it is of the bitmap, freed blocks thaw. */
void alloc_committed(uint block, const void *image);

/*
 * The disk seems full: true if there were frozen blocks and a commit, made here, has thawed them.
 * Not inside an operation.
 */
bool alloc_thaw(void);

/* Takes a free inode number; 0 if there is none.  Only in memory: the caller fills the inode. */
uint alloc_inode(void);
void alloc_inode_used(uint inum); /* at mount */
void alloc_inode_free(uint inum); /* nobody has it in memory any more */

void alloc_stat(struct kstat *k); /* blocks_*, inodes_* */

#endif
