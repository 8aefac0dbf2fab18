#ifndef MKFS_LAYOUT_H
#define MKFS_LAYOUT_H

#include "kernel/fs.h"
#include "kernel/param.h"

/*
 * Arithmetic of the disk format that mkfs and fsck share.  The structures of kernel/fs.h are used
 * in place, so the host must have their byte order and their widths.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the disk format is little-endian");
_Static_assert(sizeof(uint64) == 8 && sizeof(struct dinode) == 64,
               "the disk format has fixed widths");

/* Twice a header and the images of one operation. */
#define LAYOUT_MIN_JOURNAL (2 * (1 + MAXOPBLOCKS))
#define LAYOUT_MIN_INODES  8     /* inode 0, the root, /dev and what it holds */
#define LAYOUT_MAX_INODES  65536 /* a directory entry has 16 bits for the number */

/*
 * Fills *sb for a file system of these blocks, journal blocks and inodes, areas side by side.
 * Returns NULL, or in a few words why there can be no such file system; *sb is then undefined.
 */
const char *layout_init(struct superblock *sb, uint64 nblocks, uint64 njournal, uint64 ninodes);

uint layout_super_checksum(const struct superblock *sb);
uint layout_journal_selfcheck(const struct journal_header *h);

/* Blocks at the start of a half of the journal that header and list of `count` homes take. */
uint64 layout_list_blocks(uint64 count);

#endif
