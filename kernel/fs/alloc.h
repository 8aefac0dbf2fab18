#ifndef FS_ALLOC_H
#define FS_ALLOC_H

#include "kernel/fs.h"
#include "kernel/kstat.h"
#include "kernel/lib/list.h"
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
 * Room for a file to grow: the blocks next .. end-1 are set aside in memory, for nobody else to
 * take.  All zero at first.  When the disk is full otherwise, the allocator takes it back.
 */
struct alloc_room {
    struct list link; /* of all that are not empty; alloc's lock, like the rest */
    uint next, end;
};

/*
 * Takes a free block for the data of a file that has `index` blocks, the last of which is just
 * before `near`; 0 or -ENOSPC; its contents are undefined.  What it takes for a page of a file is
 * one stretch, and so are many pages, as far as the disk has such stretches; so room may be set
 * aside for more blocks.
 */
int alloc_data(struct alloc_room *room, uint near, uint64 index, uint *b);

/* Takes a free block for numbers of blocks, where it is not in the way of data. */
int alloc_table(uint *b);

/* Gives back the room that is left; cheap if there is none. */
void alloc_close(struct alloc_room *room);

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
