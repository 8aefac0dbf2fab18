/*
 * The block map: the first NDIRECT blocks of a file stand in its inode, the next in a leaf, a block
 * of NINDIRECT numbers, and the rest in leaves whose numbers stand in one more block, the top.
 * Leaf 0 is the one that the inode itself names; leaf k is entry k - 1 of the top.
 *
 * A file has no holes: blocks come and go at its end only, so which of these blocks exist follows
 * from the size.  Numbers read from the disk are checked before they are used.
 *
 * Lock: the inode's mutex.
 */
#include "kernel/errno.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"

/* The way to a leaf; top is NULL for leaf 0.  Both pages are held. */
struct path {
    struct page *top, *leaf;
    uint top_block, leaf_block;
    uint *entry; /* where the leaf's number stands */
};

static uint64 leaf_of(uint64 index)
{
    return (index - NDIRECT) / NINDIRECT;
}

static uint in_leaf(uint64 index)
{
    return (uint)((index - NDIRECT) % NINDIRECT);
}

static int check_number(const struct inode *ip, uint b)
{
    if (alloc_is_data(b))
        return 0;
    printf("fs: damaged: inode %u has block %u, which there is not\n", ip->num, b);
    return -EIO;
}

static uint *numbers(const struct page *pg, uint b)
{
    return cache_bytes(pg, cache_slot(b));
}

/* A block of numbers, all zero if it is `fresh`. */
static int open_table(struct inode *ip, uint b, bool fresh, struct page **pg)
{
    int r = check_number(ip, b);
    if (r < 0)
        return r;
    if (!fresh)
        return cache_block(b, pg);
    *pg = cache_get(&cache_disk, b / PAGE_BLOCKS);
    if (!*pg)
        return -ENOMEM;
    cache_await(*pg, 1u << cache_slot(b));
    memset(numbers(*pg, b), 0, BSIZE);
    cache_claim(*pg, 1u << cache_slot(b));
    return 0;
}

static void path_close(struct path *p)
{
    if (p->leaf)
        cache_put(p->leaf);
    if (p->top)
        cache_put(p->top);
    *p = (struct path){0};
}

/*
 * Opens the way to a leaf; fresh_top and fresh_leaf are the numbers of blocks that are to become
 * top and leaf, or 0.  0 or -E* with nothing held.
 */
static int path_open(struct inode *ip, uint64 leaf, uint fresh_top, uint fresh_leaf, struct path *p)
{
    int r = 0;
    *p = (struct path){.entry = &ip->d.addr[NDIRECT]};
    if (leaf > 0) {
        p->top_block = fresh_top ? fresh_top : ip->d.addr[NDIRECT + 1];
        r = open_table(ip, p->top_block, fresh_top, &p->top);
        if (r < 0)
            return r;
        p->entry = numbers(p->top, p->top_block) + leaf - 1;
    }
    p->leaf_block = fresh_leaf ? fresh_leaf : *p->entry;
    r = open_table(ip, p->leaf_block, fresh_leaf, &p->leaf);
    if (r < 0)
        path_close(p);
    return r;
}

int map_blocks(struct inode *ip, uint64 first, uint n, uint *out)
{
    struct path p = {0};
    int r = 0;
    for (uint i = 0; i < n && r == 0; i++) {
        uint64 index = first + i;
        if (index < NDIRECT) {
            out[i] = ip->d.addr[index];
        } else {
            if (!p.leaf || in_leaf(index) == 0) {
                path_close(&p);
                r = path_open(ip, leaf_of(index), 0, 0, &p);
            }
            if (r == 0)
                out[i] = numbers(p.leaf, p.leaf_block)[in_leaf(index)];
        }
        if (r == 0)
            r = check_number(ip, out[i]);
    }
    path_close(&p);
    return r;
}

/* --- growing ---------------------------------------------------------------------------------- */

/* Takes a block for the end of the file. */
static int take_data(struct inode *ip, uint *out)
{
    uint64 index = inode_nblocks(ip);
    if (index > 0 && ip->tail == 0) {
        uint tail;
        int r = map_blocks(ip, index - 1, 1, &tail);
        if (r < 0)
            return r;
        ip->tail = tail;
    }
    return alloc_data(&ip->room, index > 0 ? ip->tail + 1 : 0, index, out);
}

/* Takes n blocks, the last of them for data, the others for tables: all or none. */
static int take_blocks(struct inode *ip, uint n, uint *out)
{
    int r = 0;
    for (uint i = 0; i < n; i++) {
        r = i < n - 1 ? alloc_table(&out[i]) : take_data(ip, &out[i]);
        if (r == 0)
            continue;
        while (i-- > 0)
            alloc_free(out[i], 1);
        break;
    }
    return r;
}

/* Enters data block b as block `index`, by way of these fresh tables. */
static int link_block(struct inode *ip, uint64 index, uint top, uint leaf, uint b)
{
    struct path p;
    int r = path_open(ip, leaf_of(index), top, leaf, &p);
    if (r < 0)
        return r;
    numbers(p.leaf, p.leaf_block)[in_leaf(index)] = b;
    journal_dirty(p.leaf, cache_slot(p.leaf_block));
    if (leaf) {
        *p.entry = leaf;
        if (p.top)
            journal_dirty(p.top, cache_slot(p.top_block));
    }
    if (top)
        ip->d.addr[NDIRECT + 1] = top;
    path_close(&p);
    return 0;
}

static int append_to_leaf(struct inode *ip, uint64 index, uint *out)
{
    bool new_leaf = in_leaf(index) == 0;
    bool new_top = new_leaf && leaf_of(index) == 1;
    uint fresh[3], n = 1u + new_leaf + new_top;
    int r = take_blocks(ip, n, fresh);
    if (r < 0)
        return r;
    uint top = new_top ? fresh[0] : 0;
    uint leaf = new_leaf ? fresh[new_top] : 0;
    *out = fresh[n - 1];
    r = link_block(ip, index, top, leaf, *out);
    for (uint i = 0; i < n && r < 0; i++)
        alloc_free(fresh[i], 1);
    return r;
}

int map_append(struct inode *ip, uint *out)
{
    uint64 index = inode_nblocks(ip);
    if (index >= MAXFILE)
        return -EFBIG;
    int r;
    if (index < NDIRECT) {
        r = take_blocks(ip, 1, out);
        if (r == 0)
            ip->d.addr[index] = *out;
    } else {
        r = append_to_leaf(ip, index, out);
    }
    if (r == 0)
        ip->tail = *out;
    return r;
}

/* --- shrinking -------------------------------------------------------------------------------- */

/* How much of the file is left, and how many blocks the operation has dirtied at most. */
struct cut {
    uint64 left;
    uint dirty;
    uint group; /* block of the bitmap that was changed last, + 1 */
};

/* What one more step may dirty: a leaf, its run and itself in the bitmap, the top twice. */
#define STEP_BLOCKS 5

static void free_blocks(struct cut *c, uint b, uint n)
{
    c->dirty += c->group != b / BPB + 1;
    c->group = b / BPB + 1;
    alloc_free(b, n);
}

/* Frees entry[n - 1] and what lies before it in one stretch on the disk; returns how many. */
static uint free_run(struct inode *ip, struct cut *c, uint *entry, uint n)
{
    uint last = entry[n - 1], k = 1;
    if (check_number(ip, last) == 0) {
        while (k < n && entry[n - 1 - k] == last - k && last % BPB >= k && alloc_is_data(last - k))
            k++;
        free_blocks(c, last - k + 1, k);
    }
    memset(&entry[n - k], 0, k * sizeof(*entry));
    return k;
}

static void free_table(struct cut *c, struct page *pg, uint b)
{
    journal_forget(pg, cache_slot(b));
    free_blocks(c, b, 1);
}

/* The leaf is empty: frees it, and the top with its first entry. */
static void free_leaf(struct inode *ip, struct cut *c, struct path *p, uint64 leaf)
{
    free_table(c, p->leaf, p->leaf_block);
    *p->entry = 0;
    if (leaf > 1) {
        journal_dirty(p->top, cache_slot(p->top_block));
        c->dirty++;
    } else if (leaf == 1) {
        free_table(c, p->top, p->top_block);
        ip->d.addr[NDIRECT + 1] = 0;
    }
}

static bool may_go_on(const struct cut *c)
{
    return c->dirty + STEP_BLOCKS < MAXOPBLOCKS;
}

/* Cuts into the last leaf. */
static int cut_leaf(struct inode *ip, struct cut *c)
{
    uint64 leaf = leaf_of(c->left - 1);
    uint n = in_leaf(c->left - 1) + 1;
    struct path p;
    int r = path_open(ip, leaf, 0, 0, &p);
    if (r < 0)
        return r;
    journal_dirty(p.leaf, cache_slot(p.leaf_block));
    c->dirty++;
    while (n > 0 && may_go_on(c)) {
        uint k = free_run(ip, c, numbers(p.leaf, p.leaf_block), n);
        n -= k;
        c->left -= k;
    }
    if (n == 0)
        free_leaf(ip, c, &p, leaf);
    path_close(&p);
    return 0;
}

int map_shrink(struct inode *ip)
{
    struct cut c = {.left = inode_nblocks(ip), .dirty = 1};
    uint64 before = c.left;
    int r = 0;
    while (c.left > 0 && may_go_on(&c) && r == 0) {
        if (c.left > NDIRECT)
            r = cut_leaf(ip, &c);
        else
            c.left -= free_run(ip, &c, ip->d.addr, (uint)c.left);
    }
    if (c.left < before) {
        ip->d.size = (uint)(c.left * BSIZE);
        ip->tail = 0;
    }
    return r;
}
