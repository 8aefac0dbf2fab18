/*
 * Directories.
 *
 * A small directory is searched from front to back, two words an entry.  One with more than a block
 * of entries gets an index when a name is looked up in it (dirindex.c), which is kept right from
 * then on and goes with the inode.  Without memory for it such a directory is searched like a small
 * one; for this the inode remembers an offset before which no slot is free.
 *
 * Of several entries with one name, which only a damaged disk has, the first counts.
 *
 * Lock: the directory's mutex.
 */
#include "kernel/fs/dir.h"
#include "kernel/errno.h"
#include "kernel/fs/dirindex.h"
#include "kernel/fs/namecache.h"
#include "kernel/lib/string.h"

#define ENTRY sizeof(struct dirent)

typedef uint64 __attribute__((may_alias)) word;

struct pattern {
    uint64 bits[2], mask[2];
    bool differ; /* find what does not fit */
};

bool dir_next_key(struct dirent *key, const char **path)
{
    const char *p = *path;
    uint64 n = 0;
    *key = (struct dirent){0};
    while (*p == '/')
        p++;
    for (; *p && *p != '/'; p++)
        if (n < DIRSIZ)
            key->name[n++] = *p;
    while (*p == '/')
        p++;
    *path = p;
    return n > 0;
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
static int64 search(struct inode *dp, uint64 from, const struct pattern *p, struct dir_words *found)
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
            *found = (struct dir_words){{e[0], e[1]}};
        cache_put(pg);
        if (off < end)
            return (int64)off;
    }
    return -ENOENT;
}

static int find_by_search(struct inode *dp, const struct dirent *key, uint *inum, uint64 *off)
{
    struct dir_words w = dir_words(key);
    struct pattern p = {.bits = {w.word[0], w.word[1]}, .mask = {~DIR_NUMBER, ~0UL}};
    struct dir_words found;
    int64 at = search(dp, 0, &p, &found);
    while (at >= 0 && dir_number(&found) == 0)
        at = search(dp, (uint64)at + ENTRY, &p, &found);
    if (at < 0)
        return (int)at;
    *inum = dir_number(&found);
    *off = (uint64)at;
    return 0;
}

/* --- with an index ---------------------------------------------------------------------------- */

static void drop_index(struct inode *dp)
{
    dirindex_free(dp->index);
    dp->index = NULL;
}

/* Enters what the page with offset `off` holds from there on; returns the offset behind. */
static int64 index_page(struct inode *dp, uint64 off)
{
    uint64 end = off + PGSIZE < dp->d.size ? off + PGSIZE : dp->d.size;
    struct page *pg;
    int r = data_page(dp, off, end - 1, &pg);
    if (r < 0)
        return r;
    for (; off < end; off += ENTRY)
        dirindex_append(dp->index, (const struct dirent *)(pg->bytes + off % PGSIZE));
    cache_put(pg);
    return (int64)end;
}

/* True if dp has an index, now. */
static bool has_index(struct inode *dp)
{
    if (dp->index || dp->d.size <= BSIZE)
        return dp->index;
    dp->index = dirindex_new(dp->d.size / ENTRY);
    for (int64 off = 0; dp->index && off < (int64)dp->d.size;) {
        off = index_page(dp, (uint64)off);
        if (off < 0) {
            drop_index(dp);
            break;
        }
    }
    return dp->index;
}

static int read_entry(struct inode *dp, uint64 off, struct dir_words *w)
{
    struct page *pg;
    int r = data_page(dp, off, off + ENTRY - 1, &pg);
    if (r < 0)
        return r;
    *w = dir_words((const struct dirent *)(pg->bytes + off % PGSIZE));
    cache_put(pg);
    return 0;
}

static int find_by_index(struct inode *dp, const struct dirent *key, uint *inum, uint64 *off)
{
    struct dir_words wanted = dir_words(key), w;
    uint first = DIRINDEX_NONE, s = dirindex_first(dp->index, key);
    for (; s != DIRINDEX_NONE; s = dirindex_next(dp->index, s)) {
        if (s > first)
            continue;
        int r = read_entry(dp, s * ENTRY, &w);
        if (r < 0)
            return r;
        if (!dir_same_name(&w, &wanted))
            continue;
        first = s;
        *inum = dir_number(&w);
        *off = s * ENTRY;
    }
    return first == DIRINDEX_NONE ? -ENOENT : 0;
}

/* The entry at `off`, behind the last or a free one, is e now. */
static void note_added(struct inode *dp, uint64 off, const struct dirent *e)
{
    if (!dp->index)
        return;
    if (off / ENTRY < dirindex_slots(dp->index)) {
        dirindex_fill(dp->index, (uint)(off / ENTRY), e);
        return;
    }
    if (dirindex_append(dp->index, e))
        return;
    struct dirindex *larger = dirindex_grow(dp->index);
    if (!larger) {
        drop_index(dp);
        return;
    }
    dp->index = larger;
    dirindex_append(larger, e);
}

/* --- operations ------------------------------------------------------------------------------- */

int dir_find(struct inode *dp, const struct dirent *key, uint *inum, uint64 *off)
{
    return has_index(dp) ? find_by_index(dp, key, inum, off) : find_by_search(dp, key, inum, off);
}

int dir_check_empty(struct inode *dp)
{
    struct pattern used = {.mask = {DIR_NUMBER, 0}, .differ = true};
    struct dir_words found;
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

/* Offset of a free entry, or of the end; -EIO, -ENOMEM. */
static int64 find_room(struct inode *dp)
{
    struct pattern free = {.mask = {DIR_NUMBER, 0}};
    struct dir_words found;
    if (has_index(dp)) {
        uint slot = dirindex_vacant(dp->index);
        return slot == DIRINDEX_NONE ? (int64)dp->d.size : (int64)(slot * ENTRY);
    }
    int64 at = search(dp, dp->free_slot, &free, &found);
    if (at == -ENOENT)
        at = (int64)dp->d.size;
    if (at >= 0)
        dp->free_slot = (uint64)at;
    return at;
}

int dir_add(struct inode *dp, const struct dirent *key, uint inum)
{
    int64 off = find_room(dp);
    if (off < 0)
        return (int)off;
    struct dirent e = *key;
    e.inum = (ushort)inum;
    int r = write_entry(dp, (uint64)off, &e);
    if (r == 0)
        note_added(dp, (uint64)off, &e);
    return r;
}

int dir_remove(struct inode *dp, const struct dirent *key, uint64 off)
{
    struct dirent none = {0};
    int r = write_entry(dp, off, &none);
    if (r < 0)
        return r;
    namecache_forget(dp, key);
    if (off < dp->free_slot)
        dp->free_slot = off;
    if (dp->index)
        dirindex_clear(dp->index, (uint)(off / ENTRY));
    return 0;
}
