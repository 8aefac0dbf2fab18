/*
 * Inodes and blocks of an image: every field of every inode, and the one owner of every block.
 *
 * The map of an inode is walked in file order.  The first inode to name a block gets it; any later
 * claim is an error and is not followed, so that the walk of all maps together touches a block at
 * most once.  Sound data blocks are chained in file order for checktree.c to read.
 */
#include "mkfs/checker.h"
#include "kernel/stat.h"
#include <stddef.h>

struct walk {
    struct checker *c;
    uint inum;
    uint64 count;   /* blocks that the inode's size asks for */
    uint64 index;   /* file block the walk has come to */
    uint64 missing; /* blocks below count that are not there */
    uint64 extra;   /* blocks at or above count */
    uint *tail;     /* where the number of the next data block goes */
};

static bool claim(struct walk *w, uint b)
{
    struct checker *c = w->c;
    if (b < c->sb.data || b >= c->sb.nblocks) {
        check_error(c, "inode %u: block number %u lies outside the data", w->inum, b);
        return false;
    }
    if (c->owner[b]) {
        check_error(c, "block %u belongs to inode %u and again to inode %u", b, c->owner[b],
                    w->inum);
        return false;
    }
    c->owner[b] = (ushort)w->inum;
    c->report->blocks_used++;
    return true;
}

static void walk_data(struct walk *w, uint b)
{
    bool inside = w->index++ < w->count;
    if (!b) {
        w->missing += inside;
        return;
    }
    w->extra += !inside;
    if (claim(w, b) && inside) {
        *w->tail = b;
        w->tail = &w->c->next[b];
        w->c->nodes[w->inum].ndata++;
    }
}

/* Passes over the `span` file blocks below an indirect block that cannot be read. */
static void walk_skip(struct walk *w, uint64 span, bool absent)
{
    uint64 below = w->index < w->count ? w->count - w->index : 0;
    if (absent)
        w->missing += below < span ? below : span;
    w->index += span;
}

static void walk_indirect(struct walk *w, uint b, int depth)
{
    uint64 span = depth == 1 ? NINDIRECT : NINDIRECT * NINDIRECT;
    bool inside = w->index < w->count;
    w->extra += b && !inside;
    if (!b || !claim(w, b) || !inside) {
        walk_skip(w, span, !b);
        return;
    }
    const uint *entry = check_block(w->c, b);
    for (uint i = 0; i < NINDIRECT; i++) {
        if (depth == 1)
            walk_data(w, entry[i]);
        else
            walk_indirect(w, entry[i], depth - 1);
    }
}

static void check_map(struct checker *c, uint inum, const struct dinode *d)
{
    struct walk w = {.c = c, .inum = inum, .tail = &c->nodes[inum].first};
    w.count = ((uint64)d->size + BSIZE - 1) / BSIZE;
    if (w.count > MAXFILE) {
        check_error(c, "inode %u: size %u is above the limit of a file", inum, d->size);
        w.count = MAXFILE;
    }
    for (uint i = 0; i < NDIRECT; i++)
        walk_data(&w, d->addr[i]);
    walk_indirect(&w, d->addr[NDIRECT], 1);
    walk_indirect(&w, d->addr[NDIRECT + 1], 2);
    if (w.missing)
        check_error(c, "inode %u: %llu blocks below its size of %u bytes are missing", inum,
                    (unsigned long long)w.missing, d->size);
    if (w.extra)
        check_error(c, "inode %u: %llu blocks beyond its size of %u bytes", inum,
                    (unsigned long long)w.extra, d->size);
}

static bool size_fits(const struct dinode *d)
{
    switch (d->type) {
    case T_DIR: return d->size >= 2 * sizeof(struct dirent) && d->size % sizeof(struct dirent) == 0;
    case T_DEVICE: return d->size == 0;
    case T_SYMLINK: return d->size > 0 && d->size < MAXPATH;
    default: return true;
    }
}

static void check_fields(struct checker *c, uint inum, const struct dinode *d)
{
    static const char *const kind[] = {"", "directory", "file", "device", "symbolic link"};
    if (d->type > T_SYMLINK) {
        check_error(c, "inode %u: there is no type %u", inum, d->type);
        return;
    }
    if (!size_fits(d))
        check_error(c, "inode %u: a %s cannot have a size of %u", inum, kind[d->type], d->size);
    if (d->nlink > FS_NLINK_MAX)
        check_error(c, "inode %u: link count %u is above the limit", inum, d->nlink);
    if (d->type == T_DEVICE && (d->major == 0 || d->major >= NDEV))
        check_error(c, "inode %u: there is no device %u,%u", inum, d->major, d->minor);
    if (d->type != T_DEVICE && (d->major || d->minor))
        check_error(c, "inode %u: a %s with the device number %u,%u", inum, kind[d->type], d->major,
                    d->minor);
}

#define PAGE_BLOCKS (4096 / BSIZE)

/* Counts the stretches that the data lies in, along the chain; says so if that is wanted. */
static void count_stretches(struct checker *c, uint inum)
{
    uint64 stretches = 0, breaks = 0, index = 0;
    uint last = 0;
    for (uint b = c->nodes[inum].first; b; last = b, b = c->next[b], index++) {
        stretches += b != last + 1;
        breaks += b != last + 1 && index % PAGE_BLOCKS != 0;
    }
    c->report->stretches += stretches;
    c->report->breaks += breaks;
    if (c->report->list_files && index)
        check_tell(c, "inode %u: %llu blocks in %llu stretches, %llu breaks inside a page", inum,
                   (unsigned long long)index, (unsigned long long)stretches,
                   (unsigned long long)breaks);
}

void checkmap_inodes(struct checker *c)
{
    if (check_dinode(c, 0)->type)
        check_error(c, "inode 0 is in use");
    for (uint inum = 1; inum < c->sb.ninodes; inum++) {
        const struct dinode *d = check_dinode(c, inum);
        if (!d->type)
            continue;
        c->report->inodes_used++;
        check_fields(c, inum, d);
        check_map(c, inum, d);
        count_stretches(c, inum);
    }
}

static const char *bit_fault(const struct checker *c, uint64 b)
{
    const uchar *bits = check_block(c, c->sb.bitmap + (uint)(b / BPB));
    bool set = bits[b % BPB / 8] >> (b % 8) & 1;
    if (b >= c->sb.nblocks)
        return set ? "beyond the end but marked used" : NULL;
    bool used = b < c->sb.data || c->owner[b];
    if (used == set)
        return NULL;
    return used ? "in use but marked free" : "marked used but no inode owns it";
}

static void report_run(struct checker *c, uint64 from, uint64 to, const char *fault)
{
    unsigned long long first = from, last = to - 1;
    if (first == last)
        check_error(c, "bitmap: block %llu: %s", first, fault);
    else
        check_error(c, "bitmap: blocks %llu to %llu: %s", first, last, fault);
}

void checkmap_bitmap(struct checker *c)
{
    uint64 end = (uint64)(c->sb.data - c->sb.bitmap) * BPB;
    const char *fault = NULL;
    uint64 from = 0;
    for (uint64 b = 0; b <= end; b++) {
        const char *now = b < end ? bit_fault(c, b) : NULL;
        if (now == fault)
            continue;
        if (fault)
            report_run(c, from, b, fault);
        fault = now;
        from = b;
    }
}
