/*
 * Path look-up.
 *
 * A walk holds a reference to one inode and locks one directory at a time, so it needs no order
 * and two walks cannot wait for each other, whatever a damaged disk makes of the tree.  A symbolic
 * link is followed by putting its target before the rest of the path.  The name cache takes the
 * walk as far as it can; every step from there on tells it one more name.
 *
 * Lock: of the directory in which a name is looked up.  A directory without links was removed: it
 * has no entries any more, ".." included.
 */
#include "kernel/fs/path.h"
#include "kernel/errno.h"
#include "kernel/fs/namecache.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"

struct walk {
    struct inode *at;   /* held */
    char text[MAXPATH]; /* the path, after the first symbolic link */
    const char *rest;   /* what is still to go */
    struct dirent key;  /* the component taken last */
    int links;          /* symbolic links followed */
};

/* Takes the next component off the path; false if there is none. */
static bool next_name(struct walk *w)
{
    return dir_next_key(&w->key, &w->rest);
}

/* Begins with as much as the name cache knows; `parent`: of all but the last component. */
static int walk_begin(struct walk *w, struct inode *cwd, const char *path, bool parent)
{
    if (*path == 0)
        return -ENOENT;
    w->rest = path;
    w->links = 0;
    w->at = namecache_walk(*path == '/' ? ROOTINO : cwd->num, &w->rest, parent);
    if (!w->at)
        w->at = *path == '/' ? inode_root() : inode_get(cwd);
    return w->at ? 0 : -EIO;
}

int path_step(struct inode *dp, const struct dirent *key, uint64 *off, struct inode **out)
{
    uint inum;
    if (dp->d.nlink == 0)
        return -ENOENT;
    int r = dir_find(dp, key, &inum, off);
    return r < 0 ? r : inode_open(inum, out);
}

static int step(struct walk *w, struct inode **out)
{
    uint64 off;
    if (w->at->d.type != T_DIR)
        return -ENOTDIR;
    mutex_lock(&w->at->lock);
    int r = path_step(w->at, &w->key, &off, out);
    if (r == 0) {
        w->key.inum = (ushort)(*out)->num;
        namecache_enter(w->at, &w->key);
    }
    mutex_unlock(&w->at->lock);
    return r;
}

int path_read_link(struct inode *ip, char *dst, uint max)
{
    struct iov v;
    iov_one(&v, dst, max);
    return (int)inode_read(ip, &v, 0);
}

/* Puts the target of `link` before the rest of the path; the walk goes on from there. */
static int follow(struct walk *w, struct inode *link)
{
    char target[MAXPATH];
    int n = path_read_link(link, target, MAXPATH - 1);
    if (n < 0)
        return n;
    uint64 rest = strlen(w->rest);
    if (++w->links > MAXSYMLINK)
        return -ELOOP;
    if ((uint64)n + 1 + rest >= MAXPATH)
        return -ENAMETOOLONG;
    memmove(w->text + n + 1, w->rest, rest + 1);
    memcpy(w->text, target, (uint64)n);
    w->text[n] = rest > 0 ? '/' : 0;
    w->rest = w->text;
    if (w->text[0] != '/')
        return 0;
    inode_put(w->at);
    w->at = inode_root();
    return w->at ? 0 : -EIO;
}

/* Goes on to the component w->key. */
static int advance(struct walk *w, bool follow_last)
{
    struct inode *next;
    int r = step(w, &next);
    if (r < 0)
        return r;
    if (next->d.type == T_SYMLINK && (follow_last || *w->rest)) {
        r = follow(w, next);
        inode_put(next);
        return r;
    }
    inode_put(w->at);
    w->at = next;
    return 0;
}

static int walk_end(struct walk *w, int r, struct inode **out)
{
    if (r == 0)
        *out = w->at;
    else if (w->at)
        inode_put(w->at);
    return r;
}

int path_lookup(struct inode *cwd, const char *path, bool follow_last, struct inode **out)
{
    struct walk w;
    int r = walk_begin(&w, cwd, path, false);
    if (r < 0)
        return r;
    while (r == 0 && next_name(&w))
        r = advance(&w, follow_last);
    return walk_end(&w, r, out);
}

int path_parent(struct inode *cwd, const char *path, struct dirent *last, struct inode **out)
{
    struct walk w;
    int r = walk_begin(&w, cwd, path, true);
    if (r < 0)
        return r;
    if (!next_name(&w))
        r = -EBUSY;
    while (r == 0 && *w.rest) {
        r = advance(&w, false);
        if (r == 0 && !next_name(&w))
            r = -EBUSY;
    }
    if (r == 0 && w.at->d.type != T_DIR)
        r = -ENOTDIR;
    *last = w.key;
    return walk_end(&w, r, out);
}

int inode_lookup(struct inode *cwd, const char *path, struct inode **out)
{
    return path_lookup(cwd, path, true, out);
}
