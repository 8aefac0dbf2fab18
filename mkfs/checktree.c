/*
 * The directories of an image: from the root to every name, and back over '..'.
 *
 * Directories are searched breadth first along the block chains that checkmap.c left.  A directory
 * is queued where it is first found; to find it again is an error, which also ends every loop.
 * Links are counted over the directories reached, '.' and '..' included.  What has links but was
 * not reached is lost; what has none is an orphan, which the kernel reclaims at its next mount.
 */
#include "mkfs/checker.h"
#include "kernel/stat.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_BLOCK (BSIZE / sizeof(struct dirent))

struct search {
    struct checker *c;
    uint tail;                   /* end of the queue */
    uint dir;                    /* directory being searched */
    const struct dirent **names; /* its entries in use */
    uint64 nnames;
};

struct quoted {
    char text[DIRSIZ * 4 + 3];
};

static struct quoted quote(const struct dirent *e)
{
    struct quoted q;
    char *p = q.text;
    *p++ = '\'';
    for (int i = 0; i < DIRSIZ && e->name[i]; i++) {
        uchar ch = (uchar)e->name[i];
        p += sprintf(p, ch < 128 && isprint(ch) ? "%c" : "\\x%02x", ch);
    }
    *p++ = '\'';
    *p = '\0';
    return q;
}

static bool is_directory(const struct checker *c, uint inum)
{
    return check_dinode(c, inum)->type == T_DIR;
}

static void check_name(struct search *s, const struct dirent *e)
{
    size_t n = strnlen(e->name, DIRSIZ);
    if (n == 0)
        check_error(s->c, "directory %u: an entry has no name", s->dir);
    if (memchr(e->name, '/', n))
        check_error(s->c, "directory %u: the name %s has a slash", s->dir, quote(e).text);
    for (size_t i = n; i < DIRSIZ; i++) {
        if (e->name[i]) {
            check_error(s->c, "directory %u: stray bytes after the name %s", s->dir, quote(e).text);
            return;
        }
    }
}

static void found_directory(struct search *s, const struct dirent *e)
{
    struct check_node *node = &s->c->nodes[e->inum];
    if (node->parent) {
        check_error(s->c, "directory %u: %s names directory %u, which already stands in %u", s->dir,
                    quote(e).text, e->inum, node->parent);
        return;
    }
    node->parent = s->dir;
    s->c->queue[s->tail++] = e->inum;
}

static void check_dots(struct search *s, const struct dirent *e, uint slot)
{
    const char *name = slot == 0 ? "." : "..";
    uint right = slot == 0 ? s->dir : s->c->nodes[s->dir].parent;
    if (strncmp(e->name, name, DIRSIZ) != 0 || !e->inum)
        check_error(s->c, "directory %u: entry %u is %s, not '%s'", s->dir, slot, quote(e).text,
                    name);
    else if (e->inum != right)
        check_error(s->c, "directory %u: '%s' names inode %u, not %u", s->dir, name, e->inum,
                    right);
}

static void check_entry(struct search *s, const struct dirent *e, uint64 slot)
{
    struct checker *c = s->c;
    if (slot < 2)
        check_dots(s, e, (uint)slot);
    if (!e->inum)
        return;
    s->names[s->nnames++] = e;
    check_name(s, e);
    if (e->inum >= c->sb.ninodes) {
        check_error(c, "directory %u: %s names inode %u of %u", s->dir, quote(e).text, e->inum,
                    c->sb.ninodes);
    } else if (!check_dinode(c, e->inum)->type) {
        check_error(c, "directory %u: %s names inode %u, which is free", s->dir, quote(e).text,
                    e->inum);
    } else {
        c->nodes[e->inum].links++;
        if (slot >= 2 && is_directory(c, e->inum))
            found_directory(s, e);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct dirent *const *x = a;
    const struct dirent *const *y = b;
    return strncmp((*x)->name, (*y)->name, DIRSIZ);
}

static void check_duplicates(struct search *s)
{
    qsort(s->names, s->nnames, sizeof(*s->names), by_name);
    for (uint64 i = 1; i < s->nnames; i++) {
        if (by_name(&s->names[i - 1], &s->names[i]) == 0)
            check_error(s->c, "directory %u: the name %s stands there twice", s->dir,
                        quote(s->names[i]).text);
    }
}

static void search_directory(struct search *s)
{
    struct checker *c = s->c;
    const struct check_node *node = &c->nodes[s->dir];
    s->names = malloc(((uint64)node->ndata * PER_BLOCK + 1) * sizeof(*s->names));
    if (!s->names) {
        c->no_memory = true;
        return;
    }
    s->nnames = 0;
    uint64 slots = check_dinode(c, s->dir)->size / sizeof(struct dirent);
    uint64 slot = 0;
    for (uint b = node->first; b; b = c->next[b]) {
        const struct dirent *entry = check_block(c, b);
        for (uint i = 0; i < PER_BLOCK && slot < slots; i++)
            check_entry(s, &entry[i], slot++);
    }
    check_duplicates(s);
    free(s->names);
}

static void check_target(struct checker *c, uint inum)
{
    const struct dinode *d = check_dinode(c, inum);
    uint b = c->nodes[inum].first;
    if (d->type == T_SYMLINK && b && d->size < BSIZE && memchr(check_block(c, b), '\0', d->size))
        check_error(c, "inode %u: the target of the symbolic link has a NUL byte", inum);
}

static void check_links(struct checker *c, uint inum)
{
    uint nlink = check_dinode(c, inum)->nlink;
    uint links = c->nodes[inum].links;
    if (links && links != nlink) {
        check_error(c, "inode %u: link count %u, but %u entries name it", inum, nlink, links);
    } else if (!links && nlink) {
        check_error(c, "inode %u: link count %u, but it cannot be reached from the root%s", inum,
                    nlink, is_directory(c, inum) ? " (a directory)" : "");
    } else if (!nlink) {
        c->report->orphans++;
        check_note(c, "inode %u: an orphan, which the next mount reclaims", inum);
    }
}

static uint dotdot(const struct checker *c, uint inum)
{
    uint b = c->nodes[inum].first;
    if (!b)
        return 0;
    const struct dirent *entry = check_block(c, b);
    uint up = entry[1].inum;
    return up && up < c->sb.ninodes && is_directory(c, up) ? up : 0;
}

/*
 * Climbs from every lost directory over '..' until it meets the root's tree, a dead end or ground
 * that an earlier climb covered.  To meet its own track is a loop.
 */
static void check_loops(struct checker *c)
{
    for (uint inum = ROOTINO + 1; inum < c->sb.ninodes; inum++) {
        uint at = inum;
        if (!is_directory(c, inum) || !check_dinode(c, inum)->nlink)
            continue;
        while (at && !c->nodes[at].parent && !c->nodes[at].visit) {
            c->nodes[at].visit = inum;
            at = dotdot(c, at);
        }
        if (at && !c->nodes[at].parent && c->nodes[at].visit == inum)
            check_error(c, "directory %u: part of a loop of directories", at);
    }
}

void checktree_search(struct checker *c)
{
    if (!is_directory(c, ROOTINO)) {
        check_error(c, "the root, inode %u, is not a directory", ROOTINO);
        return;
    }
    struct search s = {.c = c, .tail = 1};
    c->queue[0] = ROOTINO;
    c->nodes[ROOTINO].parent = ROOTINO;
    for (uint head = 0; head < s.tail && !c->no_memory; head++) {
        s.dir = c->queue[head];
        search_directory(&s);
    }
    for (uint inum = 1; inum < c->sb.ninodes; inum++) {
        if (check_dinode(c, inum)->type) {
            check_target(c, inum);
            check_links(c, inum);
        }
    }
    check_loops(c);
}
