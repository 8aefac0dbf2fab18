/*
 * The name cache.
 *
 * An element says that a directory in memory has an entry.  Each has one place that it can be in,
 * by the hash of both, and a newer one takes it from an older one.  A directory goes by the serial
 * number that its inode got when it came into memory, so what is known of it is forgotten with it.
 * The inode that an entry names is looked for in the table of inodes: if it has left, so be it, the
 * walk goes on in the directory (path.c).
 *
 * The answer is right at the time of the look: an entry is removed under its directory's lock, and
 * from here before that lock is released.  Removed directories are empty, so nothing is known of
 * them; "." and ".." are never entered.
 *
 * Lock: inode_lock.  A walk holds it throughout, and thus needs no references on its way.
 */
#include "kernel/fs/namecache.h"
#include "kernel/fs/dir.h"
#include "kernel/lib/atomic.h"
#include "kernel/stat.h"

#define PLACES 1024

static struct known {
    uint64 dir; /* serial number, 0 = empty */
    struct dir_words entry;
} known[PLACES];

static struct known *place_of(const struct inode *dp, const struct dir_words *key)
{
    uint64 sum = dir_hash(key) ^ dp->serial * 0x9e3779b97f4a7c15UL;
    return &known[(sum >> 32) % PLACES];
}

/* What is known of the entry with that name in dp; or NULL. */
static struct known *look_up(const struct inode *dp, const struct dirent *key)
{
    struct dir_words k = dir_words(key);
    struct known *at = place_of(dp, &k);
    return at->dir == dp->serial && dir_same_name(&at->entry, &k) ? at : NULL;
}

/* The inode behind one more component; NULL if it is not known or the walk must not pass it. */
static struct inode *step(const struct inode *dp, const struct dirent *key)
{
    const struct known *at = look_up(dp, key);
    struct inode *ip = at ? inode_find(dir_number(&at->entry)) : NULL;
    return ip && load_acquire(&ip->loaded) && ip->d.type != T_SYMLINK ? ip : NULL;
}

struct inode *namecache_walk(uint from, const char **path, bool parent)
{
    struct dirent key;
    const char *rest = *path, *left = rest;
    spin_lock(&inode_lock);
    struct inode *at = inode_find(from), *next = at;
    while (next && dir_next_key(&key, &rest) && !(parent && *rest == 0)) {
        next = step(at, &key);
        if (next) {
            at = next;
            left = rest;
        }
    }
    if (at && !inode_try_use(at))
        at = NULL;
    spin_unlock(&inode_lock);
    if (at)
        *path = left;
    return at;
}

void namecache_enter(const struct inode *dp, const struct dirent *e)
{
    if (dir_is_dots(e))
        return;
    struct dir_words words = dir_words(e);
    spin_lock(&inode_lock);
    *place_of(dp, &words) = (struct known){dp->serial, words};
    spin_unlock(&inode_lock);
}

void namecache_forget(const struct inode *dp, const struct dirent *key)
{
    spin_lock(&inode_lock);
    struct known *at = look_up(dp, key);
    if (at)
        at->dir = 0;
    spin_unlock(&inode_lock);
}
