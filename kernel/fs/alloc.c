/*
 * The allocators of blocks and inodes.
 *
 * Memory holds one bit for each block, set if the block is in use or frozen; the bitmap on the
 * disk, in the cache, is changed along with it, except that a freed block is cleared there at once
 * and here when its transaction has committed.  A count of clear bits for each block of the bitmap
 * lets the search pass over what is full.  A growing file gets the block after its last one; if
 * that is taken, it moves to where 64 blocks in a row are free.
 *
 * Inodes have a bit each too, read from the inode table at mount.
 *
 * Lock: alloc_lock, for everything here and for the bits in the cached bitmap.
 */
#include "kernel/fs/alloc.h"
#include "kernel/errno.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define WORD       64u
#define GROUP      (BPB / WORD) /* words that one block of the bitmap fills */
#define MAX_INODES 65536u       /* a directory entry has 16 bits for the number */

_Static_assert(FS_BLOCKS_MAX / 8 <= (uint64)PGSIZE << MAX_ORDER, "`taken` is one allocation");

static struct spinlock alloc_lock = SPINLOCK_INIT("alloc", RANK_ALLOC);

static uint nblocks, ninodes, data, bitmap;
static uint64 *taken; /* one bit a block */
static uint nwords;
static struct page **group_page; /* of the bitmap, held for ever: nothing here waits for the disk */
static uint *group_free;         /* clear bits of taken in each group */
static uint cursor;              /* word where the search goes on */
static uint64 nfree;             /* on the disk: frozen blocks included */
static uint64 nfrozen;

static uint64 *inode_taken;
static uint inode_cursor; /* word */
static uint64 inodes_used;

static void *zeroed(uint64 bytes)
{
    int order = 0;
    while ((uint64)PGSIZE << order < bytes)
        order++;
    struct frame *f =
        order > MAX_ORDER ? NULL : frame_alloc_order(FRAME_WIRED, order, FRAME_ZEROED);
    return f ? frame_virt(f) : NULL;
}

static void set_bits(uint64 *map, uint from, uint to)
{
    for (uint b = from; b < to; b++)
        map[b / WORD] |= 1UL << (b % WORD);
}

/* The word of the bitmap, as the disk will have it, that b's bit stands in. */
static uint64 *word_on_disk(uint b)
{
    uint block = bitmap + b / BPB;
    return (uint64 *)cache_bytes(group_page[b / BPB], cache_slot(block)) + b % BPB / WORD;
}

static void dirty_group(uint g)
{
    journal_dirty(group_page[g], cache_slot(bitmap + g));
}

static void count_group(uint g)
{
    for (uint w = g * GROUP; w < (g + 1) * GROUP; w++)
        group_free[g] += bits_count(~taken[w]);
    nfree += group_free[g];
}

static bool read_bitmap(uint groups)
{
    for (uint g = 0; g < groups; g++) {
        if (cache_block(bitmap + g, &group_page[g]) < 0)
            return false;
        memcpy(taken + g * GROUP, word_on_disk(g * BPB), BSIZE);
    }
    set_bits(taken, 0, data); /* also if the disk says otherwise */
    set_bits(taken, nblocks, groups * BPB);
    for (uint g = 0; g < groups; g++)
        count_group(g);
    return true;
}

const char *alloc_mount(const struct superblock *sb)
{
    nblocks = sb->nblocks;
    ninodes = sb->ninodes;
    data = sb->data;
    bitmap = sb->bitmap;
    uint groups = (nblocks + BPB - 1) / BPB;
    nwords = groups * GROUP;
    taken = zeroed(nwords * sizeof(*taken));
    group_free = zeroed(groups * sizeof(*group_free));
    group_page = zeroed(groups * sizeof(*group_page));
    inode_taken = zeroed(MAX_INODES / 8);
    if (!taken || !group_free || !group_page || !inode_taken)
        return "too little memory for the block bitmap";
    if (!read_bitmap(groups))
        return "the block bitmap cannot be read";
    set_bits(inode_taken, 0, ROOTINO + 1);
    set_bits(inode_taken, ninodes, MAX_INODES);
    inodes_used = 1;
    cursor = data / WORD;
    return NULL;
}

bool alloc_is_data(uint b)
{
    return b >= data && b < nblocks;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* From `cursor` on and round: a word with a free block, wholly free if `whole`; nwords if none. */
static uint find_word(bool whole)
{
    uint w = cursor;
    for (uint n = 0; n <= nwords;) {
        uint step = 1;
        if (group_free[w / GROUP] < (whole ? WORD : 1))
            step = GROUP - w % GROUP;
        else if (whole ? taken[w] == 0 : ~taken[w] != 0)
            return w;
        n += step;
        w = w + step < nwords ? w + step : 0;
    }
    return nwords;
}

static void take(uint b)
{
    taken[b / WORD] |= 1UL << (b % WORD);
    *word_on_disk(b) |= 1UL << (b % WORD);
    group_free[b / BPB]--;
    nfree--;
}

static bool is_taken(uint b)
{
    return taken[b / WORD] >> (b % WORD) & 1;
}

/* A block that is free now; 0 if there is none. */
static uint choose(uint near)
{
    if (near && near < nblocks && !is_taken(near))
        return near;
    uint w = near ? find_word(true) : nwords;
    if (w == nwords)
        w = find_word(false);
    if (w == nwords)
        return 0;
    if (!near)
        cursor = w;
    return w * WORD + bits_lowest(~taken[w]);
}

int alloc_block(uint near, uint *out)
{
    spin_lock(&alloc_lock);
    uint b = choose(near);
    if (b)
        take(b);
    spin_unlock(&alloc_lock);
    if (b == 0)
        return -ENOSPC;
    dirty_group(b / BPB);
    *out = b;
    return 0;
}

void alloc_free(uint b, uint n)
{
    uint twice = 0;
    spin_lock(&alloc_lock);
    for (uint i = b; i < b + n; i++) {
        uint64 bit = 1UL << (i % WORD), *word = word_on_disk(i);
        twice += !(*word & bit);
        *word &= ~bit;
    }
    nfree += n - twice;
    nfrozen += n - twice;
    spin_unlock(&alloc_lock);
    dirty_group(b / BPB);
    if (twice)
        printf("fs: damaged: %u of the blocks %u to %u were free already\n", twice, b, b + n - 1);
}

/* The bits of word w that stand for data blocks. */
static uint64 data_bits(uint w)
{
    uint64 mask = ~0UL;
    if (data > w * WORD)
        mask = data - w * WORD < WORD ? mask << (data - w * WORD) : 0;
    if (nblocks - w * WORD < WORD)
        mask &= ~(~0UL << (nblocks - w * WORD));
    return w * WORD < nblocks ? mask : 0;
}

void alloc_committed(uint block, const void *image)
{
    if (block < bitmap || block >= data)
        return;
    uint g = block - bitmap;
    const uint64 *then = image, *now = word_on_disk(g * BPB);
    spin_lock(&alloc_lock);
    for (uint i = 0; i < GROUP; i++) {
        uint w = g * GROUP + i;
        uint64 thawed = taken[w] & ~(then[i] | now[i]) & data_bits(w);
        taken[w] &= ~thawed;
        uint n = bits_count(thawed);
        group_free[g] += n;
        nfrozen -= n;
    }
    spin_unlock(&alloc_lock);
}

bool alloc_thaw(void)
{
    spin_lock(&alloc_lock);
    bool any = nfrozen > 0;
    spin_unlock(&alloc_lock);
    return any && journal_sync() == 0;
}

/* --- inodes ----------------------------------------------------------------------------------- */

uint alloc_inode(void)
{
    uint inum = 0;
    spin_lock(&alloc_lock);
    for (uint n = 0; n < MAX_INODES / WORD && !inum; n++) {
        uint64 *word = &inode_taken[inode_cursor];
        if (~*word) {
            uint bit = bits_lowest(~*word);
            *word |= 1UL << bit;
            inodes_used++;
            inum = inode_cursor * WORD + bit;
        } else {
            inode_cursor = (inode_cursor + 1) % (MAX_INODES / WORD);
        }
    }
    spin_unlock(&alloc_lock);
    return inum;
}

void alloc_inode_used(uint inum)
{
    uint64 bit = 1UL << (inum % WORD);
    inodes_used += !(inode_taken[inum / WORD] & bit);
    inode_taken[inum / WORD] |= bit;
}

void alloc_inode_free(uint inum)
{
    spin_lock(&alloc_lock);
    inode_taken[inum / WORD] &= ~(1UL << (inum % WORD));
    inodes_used--;
    spin_unlock(&alloc_lock);
}

void alloc_stat(struct kstat *k)
{
    spin_lock(&alloc_lock);
    k->blocks_total = nblocks - data;
    k->blocks_free = nfree;
    k->inodes_total = ninodes - ROOTINO;
    k->inodes_free = k->inodes_total - inodes_used;
    spin_unlock(&alloc_lock);
}
