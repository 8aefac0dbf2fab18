/*
 * Directories.
 *
 * A search goes through the pages of the directory, 256 entries each, comparing two words an entry.
 * The inode remembers an offset before which no slot is free, so that filling a directory does not
 * search for room from its start each time.
 *
 * Lock: the directory's mutex.
 */
#include "kernel/fs/dir.h"
#include "kernel/errno.h"
#include "kernel/lib/string.h"

#define ENTRY sizeof(struct dirent)

/* An entry as two words: the number is the low 16 bits of the first. */
typedef uint64 __attribute__((may_alias)) word;
#define NUMBER 0xffffUL

_Static_assert(ENTRY == 2 * sizeof(word), "an entry is two words");

struct pattern {
    uint64 bits[2], mask[2];
    bool differ; /* find what does not fit */
};

void dir_make_key(struct dirent *key, const char *name, uint64 n)
{
    *key = (struct dirent){0};
    memcpy(key->name, name, n < DIRSIZ ? n : DIRSIZ);
}

bool dir_is_dots(const struct dirent *key)
{
    const char *n = key->name;
    return n[0] == '.' && (n[1] == 0 || (n[1] == '.' && n[2] == 0));
}

static inline bool fits(const word *e, const struct pattern *p)
{
    uint64 wrong = ((e[0] ^ p->bits[0]) & p->mask[0]) | ((e[1] ^ p->bits[1]) & p->mask[1]);
    return (wrong == 0) != p->differ;
}

/* Offset of the first entry at or after `from` that fits, -ENOENT, -EIO, -ENOMEM. */
static int64 search(struct inode *dp, uint64 from, const struct pattern *p, struct dirent *found)
{
    uint64 size = dp->d.size;
    for (uint64 off = from, end; off < size; off = end) {
        end = off - off % PGSIZE + PGSIZE;
        if (end > size)
            end = size;
        struct page *pg;
        int r = data_page(dp, off, end - 1, &pg);
        if (r < 0)
            return r;
        const word *e = (const word *)(pg->bytes + off % PGSIZE);
        while (off < end && !fits(e, p)) {
            e += 2;
            off += ENTRY;
        }
        if (off < end)
            memcpy(found, e, ENTRY);
        cache_put(pg);
        if (off < end)
            return (int64)off;
    }
    return -ENOENT;
}

int dir_find(struct inode *dp, const struct dirent *key, uint *inum, uint64 *off)
{
    struct pattern p = {.mask = {~NUMBER, ~0UL}};
    struct dirent found;
    memcpy(p.bits, key, ENTRY);
    int64 at = search(dp, 0, &p, &found);
    while (at >= 0 && found.inum == 0)
        at = search(dp, (uint64)at + ENTRY, &p, &found);
    if (at < 0)
        return (int)at;
    *inum = found.inum;
    *off = (uint64)at;
    return 0;
}

int dir_check_empty(struct inode *dp)
{
    struct pattern used = {.mask = {NUMBER, 0}, .differ = true};
    struct dirent found;
    int64 at = search(dp, 2 * ENTRY, &used, &found);
    if (at >= 0)
        return -ENOTEMPTY;
    return at == -ENOENT ? 0 : (int)at;
}

static int write_entry(struct inode *dp, uint64 off, struct dirent *e)
{
    struct iov v;
    iov_one(&v, e, ENTRY);
    int64 n = data_write(dp, &v, 0, off, ENTRY);
    return n < 0 ? (int)n : 0;
}

int dir_add(struct inode *dp, const struct dirent *key, uint inum)
{
    struct pattern free = {.mask = {NUMBER, 0}};
    struct dirent e;
    int64 at = search(dp, dp->free_slot, &free, &e);
    if (at < 0 && at != -ENOENT)
        return (int)at;
    uint64 off = at < 0 ? dp->d.size : (uint64)at;
    e = *key;
    e.inum = (ushort)inum;
    int r = write_entry(dp, off, &e);
    if (r == 0)
        dp->free_slot = off + ENTRY;
    return r;
}

int dir_remove(struct inode *dp, uint64 off)
{
    struct dirent none = {0};
    int r = write_entry(dp, off, &none);
    if (r == 0 && off < dp->free_slot)
        dp->free_slot = off;
    return r;
}
