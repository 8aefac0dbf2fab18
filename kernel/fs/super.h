#ifndef FS_SUPER_H
#define FS_SUPER_H

#include "kernel/fs.h"

/* What the superblock says, constant after fs_mount(). */
extern struct superblock super_block;

static inline uint super_inodes(void)
{
    return super_block.ninodes;
}

/* The block of the inode table that inode `num` stands in. */
static inline uint super_inode_block(uint num)
{
    return super_block.inodes + num / (uint)IPB;
}

#endif
