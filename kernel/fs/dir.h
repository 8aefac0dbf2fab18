#ifndef FS_DIR_H
#define FS_DIR_H

#include "kernel/fs/inode.h"

/*
 * Directories as arrays of struct dirent.  dp is a directory whose lock is held.  A key is an
 * entry of which only the name counts.
 */

/*
 * Takes the next component off *path, with the slashes on both sides, cut at DIRSIZ and filled up
 * with NULs; false, and an empty name, if there is none.
 */
bool dir_next_key(struct dirent *key, const char **path);
bool dir_is_dots(const struct dirent *key); /* "." or ".." */

/* Finds the entry of that name: 0 with its inode number and offset; -ENOENT, -EIO, -ENOMEM. */
int dir_find(struct inode *dp, const struct dirent *key, uint *inum, uint64 *off);

/* 0 if there is nothing but "." and "..", -ENOTEMPTY, -EIO, -ENOMEM. */
int dir_check_empty(struct inode *dp);

/*
 * In an operation: enters the name, which is not there; 0, -ENOSPC, -EFBIG, -EIO, -ENOMEM.
 * Dirties 9 blocks at most: the entry's, those of data_write() for one new block, the inode.
 */
int dir_add(struct inode *dp, const struct dirent *key, uint inum);

/* In an operation: clears the entry `key`, at this offset; 0, -EIO, -ENOMEM. */
int dir_remove(struct inode *dp, const struct dirent *key, uint64 off);

/* --- an entry as two words, to compare and to hash -------------------------------------------- */

struct dir_words {
    uint64 word[2];
};

#define DIR_NUMBER 0xffffUL /* the bits of the first one that are the inode number */

static inline struct dir_words dir_words(const struct dirent *e)
{
    struct dir_words w;
    _Static_assert(sizeof(*e) == sizeof(w), "an entry is two words");
    __builtin_memcpy(&w, e, sizeof(w)); /* inline, unlike memcpy() */
    return w;
}

static inline uint dir_number(const struct dir_words *w)
{
    return w->word[0] & DIR_NUMBER;
}

static inline bool dir_same_name(const struct dir_words *a, const struct dir_words *b)
{
    return !((a->word[0] ^ b->word[0]) & ~DIR_NUMBER) && a->word[1] == b->word[1];
}

/* Of the name; the upper half is the better one. */
static inline uint64 dir_hash(const struct dir_words *w)
{
    uint64 sum = (w->word[0] & ~DIR_NUMBER) * 0x9e3779b97f4a7c15UL;
    sum += w->word[1] * 0xc2b2ae3d27d4eb4fUL;
    return (sum ^ sum >> 29) * 0xbf58476d1ce4e5b9UL;
}

#endif
