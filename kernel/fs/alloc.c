/*
 * The allocators of blocks and inodes.
 *
 * Memory holds one bit for each block, set if the block is in use, frozen or set aside; the bitmap
 * on the disk, in the cache, is changed along with it, except that a freed block is cleared there
 * at once and here when its transaction has committed, and a block set aside is not set there.
 *
 * A file that grows has room set aside, as much as it is long: first behind its last block, else
 * the next stretch of whole units (runs.c) in the disk.  So files that grow side by side keep out
 * of each other's way, and a page never lies in two places unless no unit is free.
 *
 * Inodes have a bit each too, read from the inode table at mount.
 *
 * Lock: alloc_lock, for everything here and for the bits in the cached bitmap.
 */
#include "kernel/fs/alloc.h"
#include "kernel/errno.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/runs.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define WORD       RUNS_WORD
#define GROUP      RUNS_GROUP
#define LEAST_ROOM 16u /* blocks */
#define MOST_ROOM  1024u
#define MAX_INODES 65536u /* a directory entry has 16 bits for the number */

_Static_assert(FS_BLOCKS_MAX / 8 <= (uint64)PGSIZE << MAX_ORDER, "`taken` is one allocation");

static struct spinlock alloc_lock = SPINLOCK_INIT("alloc", RANK_ALLOC);

static uint nblocks, ninodes, data, bitmap;
static uint64 *taken; /* one bit a block */
static uint64 *aside; /* the same, of those of them that are set aside */
static uint nwords;
static struct page **group_page; /* of the bitmap, held for ever: nothing here waits for the disk */
static uint *group_free;         /* clear bits of taken in each group */
static struct runs runs;         /* the same, to be searched */
static uint cursor;              /* word where the next new file looks first */
static bool no_unit;             /* a search found none that is free, and none came free since */
static struct list rooms;        /* all that are not empty */
static struct alloc_room tables; /* for blocks of numbers, of all files */
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
    aside = zeroed(nwords * sizeof(*aside));
    group_free = zeroed(groups * sizeof(*group_free));
    group_page = zeroed(groups * sizeof(*group_page));
    inode_taken = zeroed(MAX_INODES / 8);
    if (!taken || !aside || !group_free || !group_page || !inode_taken)
        return "too little memory for the block bitmap";
    if (!read_bitmap(groups))
        return "the block bitmap cannot be read";
    set_bits(inode_taken, 0, ROOTINO + 1);
    set_bits(inode_taken, ninodes, MAX_INODES);
    inodes_used = 1;
    cursor = data / WORD;
    runs = (struct runs){taken, group_free, nwords};
    list_init(&rooms);
    return NULL;
}

bool alloc_is_data(uint b)
{
    return b >= data && b < nblocks;
}

static uint64 bit_of(uint b)
{
    return 1UL << (b % WORD);
}

/* --- rooms: alloc_lock is held ---------------------------------------------------------------- */

/* Sets blocks first .. end-1 aside, or makes them free again. */
static void mark_aside(uint first, uint end, bool yes)
{
    for (uint b = first, next; b < end; b = next) {
        next = (b / WORD + 1) * WORD < end ? (b / WORD + 1) * WORD : end;
        uint64 bits = (~0UL >> (WORD - (next - b))) << (b % WORD);
        taken[b / WORD] ^= bits;
        aside[b / WORD] ^= bits;
        group_free[b / BPB] += yes ? b - next : next - b;
    }
}

static void set_aside(struct alloc_room *room, uint first, uint n)
{
    mark_aside(first, first + n, true);
    room->next = first;
    room->end = first + n;
    list_add_tail(&rooms, &room->link);
}

static void give_back(struct alloc_room *room)
{
    mark_aside(room->next, room->end, false);
    no_unit = no_unit && room->end - room->next < RUNS_UNIT;
    room->end = room->next;
    list_del(&room->link);
}

/* Takes the first block of a room that has one. */
static uint take_next(struct alloc_room *room)
{
    uint b = room->next++;
    aside[b / WORD] &= ~bit_of(b);
    *word_on_disk(b) |= bit_of(b);
    nfree--;
    if (room->next == room->end)
        list_del(&room->link);
    return b;
}

static bool is_empty(const struct alloc_room *room)
{
    return load_relaxed(&room->next) == load_relaxed(&room->end);
}

/* A stretch for blocks from `index` on; returns its length, 0 if no block can be had. */
static uint choose(uint near, uint64 index, uint *first)
{
    uint in_page = (uint)(index % RUNS_UNIT), start = near ? near / WORD : cursor;
    uint want = index < LEAST_ROOM ? LEAST_ROOM : index > MOST_ROOM ? MOST_ROOM : (uint)index;
    want = want / RUNS_UNIT * RUNS_UNIT;
    uint n = near ? runs_length(&runs, *first = near, want - in_page) : 0;
    if (n >= RUNS_UNIT || (n > 0 && in_page > 0))
        return n;
    if (in_page > 0) /* the rest of a page whose beginning lies elsewhere */
        want = RUNS_UNIT - in_page;
    else if (!no_unit && (n = runs_find(&runs, start, want, first)))
        return n;
    no_unit = no_unit || in_page == 0;
    *first = runs_any(&runs, start);
    return *first ? runs_length(&runs, *first, want) : 0;
}

/* False if no block can be had. */
static bool open_room(struct alloc_room *room, uint near, uint64 index)
{
    uint first, n = choose(near < nblocks ? near : 0, index, &first);
    while (n == 0 && !list_empty(&rooms)) {
        give_back(container_of(rooms.next, struct alloc_room, link));
        n = choose(0, index, &first);
    }
    if (n == 0)
        return false;
    if (near == 0)
        cursor = first / WORD;
    set_aside(room, first, n);
    return true;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Takes a block, at `near` if that is free; 0 if there is none.  alloc_lock is held. */
static uint take(struct alloc_room *room, uint near, uint64 index)
{
    if (!is_empty(room) && room->next != near)
        give_back(room);
    return !is_empty(room) || open_room(room, near, index) ? take_next(room) : 0;
}

static int taken_or_full(uint b, uint *out)
{
    if (b == 0)
        return -ENOSPC;
    dirty_group(b / BPB);
    *out = b;
    return 0;
}

int alloc_data(struct alloc_room *room, uint near, uint64 index, uint *out)
{
    spin_lock(&alloc_lock);
    uint b = take(room, near, index);
    spin_unlock(&alloc_lock);
    return taken_or_full(b, out);
}

int alloc_table(uint *out)
{
    spin_lock(&alloc_lock);
    uint b = take(&tables, tables.next, 0);
    spin_unlock(&alloc_lock);
    return taken_or_full(b, out);
}

void alloc_close(struct alloc_room *room)
{
    if (is_empty(room))
        return;
    spin_lock(&alloc_lock);
    if (!is_empty(room))
        give_back(room);
    spin_unlock(&alloc_lock);
}

void alloc_free(uint b, uint n)
{
    uint twice = 0;
    spin_lock(&alloc_lock);
    for (uint i = b; i < b + n; i++) {
        uint64 *word = word_on_disk(i);
        twice += !(*word & bit_of(i));
        *word &= ~bit_of(i);
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
        uint64 thawed = taken[w] & ~(then[i] | now[i] | aside[w]) & data_bits(w);
        taken[w] &= ~thawed;
        no_unit = no_unit && !thawed;
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
