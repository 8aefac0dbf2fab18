/*
 * A new file system, made in memory in the form it has on the disk.
 *
 * Blocks and inodes are given out in rising order and never taken back.  So the result depends on
 * nothing but the order of the calls, and all that is used lies below two marks.  A file's data is
 * one run of blocks, which begins where a page can if it fills one; what that passes over is used
 * for tables and directories, or stays free.  The memory is a private mapping, in which only what
 * is touched costs anything.
 *
 * The caller keeps one image to one thread; there is no lock.
 */
#define _GNU_SOURCE
#include "mkfs/image.h"
#include "kernel/stat.h"
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BLOCKS (4096 / BSIZE)

static const char no_block[] = "no block is left in the image (see -s)";
static const char no_inode[] = "no inode is left in the image (see -i)";

/* A path taken apart: the directory that holds its last name, and that name. */
struct place {
    uint dir;
    char name[DIRSIZ];
};

static void *block(struct image *img, uint b)
{
    return img->bytes + (uint64)b * BSIZE;
}

static struct dinode *dinode(struct image *img, uint inum)
{
    struct dinode *table = block(img, img->sb.inodes + inum / IPB);
    return &table[inum % IPB];
}

static uint take(struct image *img, uint b)
{
    uchar *bits = block(img, img->sb.bitmap);
    bits[b / 8] |= (uchar)(1u << b % 8);
    return b;
}

/* A block for anything but a file's data; 0 if there is none. */
static uint new_block(struct image *img)
{
    if (img->spare < img->spare_end)
        return take(img, img->spare++);
    return img->next < img->sb.nblocks ? take(img, img->next++) : 0;
}

/* Lets `next` be a multiple of PAGE_BLOCKS, if n blocks still fit behind it. */
static void align(struct image *img, uint64 n)
{
    uint64 to = ((uint64)img->next + PAGE_BLOCKS - 1) / PAGE_BLOCKS * PAGE_BLOCKS;
    if (to + n > img->sb.nblocks || to == img->next)
        return;
    img->spare = img->next;
    img->spare_end = img->next = (uint)to;
}

static uint new_inode(struct image *img, uint type)
{
    if (img->next_inode >= img->sb.ninodes)
        return 0;
    dinode(img, img->next_inode)->type = (ushort)type;
    return img->next_inode++;
}

/* Entry i of the indirect block that *slot names, which is made if there is none; NULL if full. */
static uint *below(struct image *img, uint *slot, uint64 i)
{
    if (!*slot)
        *slot = new_block(img);
    return *slot ? (uint *)block(img, *slot) + i : NULL;
}

/* Where the number of file block `index` stands; NULL if an indirect block cannot be made. */
static uint *map_slot(struct image *img, struct dinode *d, uint64 index)
{
    if (index < NDIRECT)
        return &d->addr[index];
    index -= NDIRECT;
    if (index < NINDIRECT)
        return below(img, &d->addr[NDIRECT], index);
    index -= NINDIRECT;
    uint *slot = below(img, &d->addr[NDIRECT + 1], index / NINDIRECT);
    return slot ? below(img, slot, index % NINDIRECT) : NULL;
}

static struct dirent *entry_at(struct image *img, struct dinode *d, uint64 offset)
{
    uint b = *map_slot(img, d, offset / BSIZE);
    return (struct dirent *)((uchar *)block(img, b) + offset % BSIZE);
}

static uint find(struct image *img, const struct place *at)
{
    struct dinode *d = dinode(img, at->dir);
    for (uint offset = 0; offset < d->size; offset += sizeof(struct dirent)) {
        const struct dirent *e = entry_at(img, d, offset);
        if (memcmp(e->name, at->name, DIRSIZ) == 0)
            return e->inum;
    }
    return 0;
}

static const char *add(struct image *img, const struct place *at, uint inum)
{
    struct dinode *d = dinode(img, at->dir);
    if (d->size == MAXFILE * BSIZE)
        return "a directory is full";
    if (dinode(img, inum)->nlink == FS_NLINK_MAX)
        return "too many links";
    if (d->size % BSIZE == 0) {
        uint *slot = map_slot(img, d, d->size / BSIZE);
        if (!slot || !(*slot = new_block(img)))
            return no_block;
    }
    struct dirent *e = entry_at(img, d, d->size);
    e->inum = (ushort)inum;
    memcpy(e->name, at->name, DIRSIZ);
    d->size += sizeof(*e);
    dinode(img, inum)->nlink++;
    return NULL;
}

static const char *add_dots(struct image *img, uint dir, uint parent)
{
    const char *why = add(img, &(struct place){dir, "."}, dir);
    return why ? why : add(img, &(struct place){dir, ".."}, parent);
}

/* Goes into at->name of at->dir, a directory that is made if it is missing. */
static const char *enter(struct image *img, struct place *at)
{
    uint inum = find(img, at);
    if (inum) {
        at->dir = inum;
        return dinode(img, inum)->type == T_DIR ? NULL
                                                : "the path leads through what is no directory";
    }
    inum = new_inode(img, T_DIR);
    if (!inum)
        return no_inode;
    const char *why = add(img, at, inum);
    if (!why)
        why = add_dots(img, inum, at->dir);
    at->dir = inum;
    return why;
}

static const char *set_name(struct place *at, const char *name, size_t n)
{
    if (n == 0)
        return "a name is empty";
    if (n > DIRSIZ)
        return "a name is longer than 14 bytes";
    if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
        return "'.' and '..' are names that every directory has";
    memset(at->name, 0, DIRSIZ);
    memcpy(at->name, name, n);
    return NULL;
}

static const char *resolve(struct image *img, const char *path, struct place *at)
{
    path += path[0] == '/';
    if (strlen(path) + 1 >= MAXPATH)
        return "the path is too long";
    at->dir = ROOTINO;
    for (;;) {
        size_t n = strcspn(path, "/");
        const char *why = set_name(at, path, n);
        if (why || !path[n])
            return why;
        why = enter(img, at);
        if (why)
            return why;
        path += n + 1;
    }
}

static const char *new_name(struct image *img, const char *path, uint type, uint *inum)
{
    struct place at;
    const char *why = resolve(img, path, &at);
    if (why)
        return why;
    if (find(img, &at))
        return "the image has this name already";
    *inum = new_inode(img, type);
    return *inum ? add(img, &at, *inum) : no_inode;
}

const char *image_device(struct image *img, const char *path, uint major, uint minor)
{
    uint inum = 0;
    const char *why = new_name(img, path, T_DEVICE, &inum);
    if (why)
        return why;
    dinode(img, inum)->major = (ushort)major;
    dinode(img, inum)->minor = (ushort)minor;
    return NULL;
}

const char *image_link(struct image *img, const char *old, const char *path)
{
    struct place from, to;
    const char *why = resolve(img, old, &from);
    if (!why)
        why = resolve(img, path, &to);
    if (why)
        return why;
    uint inum = find(img, &from);
    if (!inum || dinode(img, inum)->type == T_DIR)
        return "there is no file to link to";
    return find(img, &to) ? "the image has this name already" : add(img, &to, inum);
}

const char *image_file(struct image *img, const char *path, uint64 size, uchar **content)
{
    uint inum = 0;
    if (size > (uint64)MAXFILE * BSIZE)
        return "larger than a file can be";
    const char *why = new_name(img, path, T_FILE, &inum);
    if (why)
        return why;
    struct dinode *d = dinode(img, inum);
    uint64 count = (size + BSIZE - 1) / BSIZE;
    d->size = (uint)size;

    /* All indirect blocks come first, so that the data is one run. */
    for (uint64 i = 0; i < count; i++) {
        if (!map_slot(img, d, i))
            return no_block;
    }
    if (count >= PAGE_BLOCKS)
        align(img, count);
    if (count > img->sb.nblocks - img->next)
        return no_block;
    *content = count ? block(img, img->next) : NULL;
    for (uint64 i = 0; i < count; i++)
        *map_slot(img, d, i) = take(img, img->next++);
    return NULL;
}

const char *image_init(struct image *img, uint64 nblocks, uint64 njournal, uint64 ninodes)
{
    const char *why = layout_init(&img->sb, nblocks, njournal, ninodes);
    if (why)
        return why;
    void *bytes = mmap(NULL, nblocks * BSIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        return "not enough memory for an image of this size";
    img->bytes = bytes;
    img->next = img->sb.data;
    img->spare = img->spare_end = 0;
    img->next_inode = ROOTINO;
    return add_dots(img, new_inode(img, T_DIR), ROOTINO);
}

void image_finish(struct image *img)
{
    *(struct superblock *)block(img, FS_SUPER) = img->sb;
    for (uint half = 0; half < 2; half++) {
        struct journal_header *h = block(img, img->sb.journal + half * (img->sb.njournal / 2));
        *h = (struct journal_header){JOURNAL_MAGIC, half, .checksum = FS_CHECKSUM_SEED};
        h->selfcheck = layout_journal_selfcheck(h);
    }
    for (uint b = 0; b < img->sb.data; b++)
        take(img, b);
}

void image_free(struct image *img)
{
    if (img->bytes)
        munmap(img->bytes, (uint64)img->sb.nblocks * BSIZE);
    img->bytes = NULL;
}
