/*
 * Where the parts of a file system lie on the disk, as kernel/fs.h prescribes.
 *
 * Three numbers decide everything: blocks in all, blocks of the journal, inodes.  mkfs derives a
 * superblock from them; fsck derives one from the numbers it finds and compares.  All arithmetic
 * is in 64 bits, so that no input can wrap it.  Pure functions, no lock.
 */
#include "mkfs/layout.h"
#include <stddef.h>

static uint64 blocks_for(uint64 n, uint64 per_block)
{
    return (n + per_block - 1) / per_block;
}

uint layout_super_checksum(const struct superblock *sb)
{
    return fs_checksum(FS_CHECKSUM_SEED, sb, offsetof(struct superblock, checksum));
}

uint layout_journal_selfcheck(const struct journal_header *h)
{
    return fs_checksum(FS_CHECKSUM_SEED, h, offsetof(struct journal_header, selfcheck));
}

uint64 layout_list_blocks(uint64 count)
{
    return count <= JOURNAL_HOMES ? 1 : 1 + blocks_for(count - JOURNAL_HOMES, NINDIRECT);
}

const char *layout_init(struct superblock *sb, uint64 nblocks, uint64 njournal, uint64 ninodes)
{
    if (nblocks > FS_BLOCKS_MAX)
        return "too many blocks: a file system has at most 32 GiB";
    if (njournal < LAYOUT_MIN_JOURNAL)
        return "the journal is too small";
    if (ninodes < LAYOUT_MIN_INODES)
        return "too few inodes";
    if (ninodes > LAYOUT_MAX_INODES)
        return "too many inodes for 16-bit inode numbers";
    uint64 journal = FS_SUPER + 1;
    uint64 inodes = journal + njournal;
    uint64 bitmap = inodes + blocks_for(ninodes, IPB);
    uint64 data = bitmap + blocks_for(nblocks, BPB);
    if (njournal >= nblocks || data >= nblocks)
        return "too few blocks: none is left for data";
    *sb = (struct superblock){.magic = FS_MAGIC,
                              .nblocks = (uint)nblocks,
                              .journal = (uint)journal,
                              .njournal = (uint)njournal,
                              .inodes = (uint)inodes,
                              .ninodes = (uint)ninodes,
                              .bitmap = (uint)bitmap,
                              .data = (uint)data};
    sb->checksum = layout_super_checksum(sb);
    return NULL;
}
