#ifndef KERNEL_FS_H
#define KERNEL_FS_H

#include "kernel/types.h"

/*
 * The disk format, shared by the kernel, mkfs and fsck.  All fields are little-endian; a block is
 * BSIZE bytes.  The disk is laid out in this order:
 *
 *     boot block | superblock | journal | inode table | block bitmap | data blocks
 *
 * The bitmap has one bit for every block of the disk; the bits of everything before the data
 * blocks are set.  Inode 0 does not exist, so a zero inode number means "no file".
 */

#define BSIZE         1024
#define ROOTINO       1
#define FS_MAGIC      0x464c5431u /* "1TLF" */
#define FS_SUPER      1u          /* block number of the superblock */
#define FS_BLOCKS_MAX (1u << 25)  /* blocks of a file system: 32 GiB */

struct superblock {
    uint magic;
    uint nblocks;  /* blocks of the whole file system */
    uint journal;  /* first block of the journal */
    uint njournal; /* its blocks, header included */
    uint inodes;   /* first block of the inode table */
    uint ninodes;  /* inodes, inode 0 included */
    uint bitmap;   /* first block of the block bitmap */
    uint data;     /* first data block */
    uint checksum; /* fs_checksum() of all fields before this one */
};

#define NDIRECT   11
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE   (NDIRECT + NINDIRECT + NINDIRECT * NINDIRECT)

/* A free inode has type 0.  One with a type but no links is an orphan: reclaimed at mount. */
struct dinode {
    ushort type;  /* T_* of kernel/stat.h, or 0 */
    ushort nlink; /* directory entries that name this inode, "." and ".." included */
    ushort major; /* T_DEVICE only */
    ushort minor;
    uint size;              /* bytes */
    uint addr[NDIRECT + 2]; /* block numbers, 0 = none: direct, indirect, double indirect */
};

#define FS_NLINK_MAX 32767
#define IPB          (BSIZE / sizeof(struct dinode)) /* inodes a block */
#define BPB          (BSIZE * 8u)                    /* bitmap bits a block */

/*
 * A directory is a file of these; inum 0 marks a free slot.  A name shorter than DIRSIZ is filled
 * up with NULs, a full one has none.  The first two entries are "." and "..".
 */
#define DIRSIZ 14

struct dirent {
    ushort inum;
    char name[DIRSIZ];
};

/*
 * The journal is two halves of njournal / 2 blocks.  A half begins with a header; right behind it,
 * in the same block and on over as many more as it needs, stands the list of home block numbers;
 * the images follow from the next whole block on, in the order of the list.  Transaction `seq`
 * stands in half seq & 1, so that writing one never touches the one before it.
 *
 * A header is whole if its magic, its place and `selfcheck` are right; a half is valid if besides
 * the list matches `checksum`.  The valid half with the larger seq is the last commit, and a mount
 * copies its images home, unless the other half shows that they are there.  That is so if a header
 * was being written, which begins only when all before it is durable at home: the header is not
 * whole, or has the larger seq and a list that does not match.  (A header is far shorter than a
 * sector, but the list behind it is not; so one can be new and the other torn.)  A list that does
 * not match under the smaller seq was being overwritten by the images of the next transaction.  No
 * valid half: damage.
 *
 * A new file system has two valid halves without images, seq 0 and 1.
 */
#define JOURNAL_MAGIC 0x4a4c5446u

struct journal_header {
    uint magic;
    uint seq;       /* grows by one with every commit */
    uint count;     /* images; 0 = nothing to copy */
    uint checksum;  /* fs_checksum() of the list: count block numbers */
    uint selfcheck; /* fs_checksum() of the fields before this one */
};

/* Home block numbers that stand in the header's own block. */
#define JOURNAL_HOMES ((BSIZE - sizeof(struct journal_header)) / sizeof(uint))

/* FNV-1a over n bytes, continued from `sum`; start with FS_CHECKSUM_SEED. */
#define FS_CHECKSUM_SEED 2166136261u

static inline uint fs_checksum(uint sum, const void *bytes, uint64 n)
{
    const uchar *p = (const uchar *)bytes;
    for (uint64 i = 0; i < n; i++)
        sum = (sum ^ p[i]) * 16777619u;
    return sum;
}

#endif
