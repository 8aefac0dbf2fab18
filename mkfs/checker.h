#ifndef MKFS_CHECKER_H
#define MKFS_CHECKER_H

#include "mkfs/check.h"
#include "mkfs/layout.h"
#include <stdbool.h>

/* Private to the files of the checker: check.c, checkjournal.c, checkmap.c, checktree.c. */

struct check_node {
    uint first;  /* first data block of the chain through checker.next, 0 = none */
    uint ndata;  /* blocks of that chain */
    uint links;  /* entries of reachable directories that name the inode */
    uint parent; /* directories: where it was first found, 0 = not reached */
    uint visit;  /* directories: round in which the search for loops came by */
};

struct checker {
    const uchar *image;
    struct superblock sb;
    struct check_report *report;
    uint64 lines;             /* findings so far */
    uint *replay;             /* block -> journal block with its committed image, 0 = none */
    uint *next;               /* data block -> the next one of the same file, 0 = last */
    ushort *owner;            /* block -> inode that holds it, 0 = none */
    struct check_node *nodes; /* inode -> what is known of it */
    uint *queue;              /* directories to search */
    bool no_memory;
};

/* check.c */
void check_error(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_tell(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_note(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
const void *check_block(const struct checker *c, uint b); /* b < sb.nblocks; after replay */
const struct dinode *check_dinode(const struct checker *c, uint inum); /* inum < sb.ninodes */

/* Reads the journal's header; fills c->replay if it holds a committed transaction. */
void checkjournal_read(struct checker *c);

/* Checks the fields and block maps of all inodes; fills owner, next and nodes[].first, ndata. */
void checkmap_inodes(struct checker *c);

/* Checks the bitmap against c->owner. */
void checkmap_bitmap(struct checker *c);

/* Searches the tree of directories, then compares links and reports what was not reached. */
void checktree_search(struct checker *c);

#endif
