#ifndef FS_DIR_H
#define FS_DIR_H

#include "kernel/fs/inode.h"

/*
 * Directories as arrays of struct dirent.  dp is a directory whose lock is held.  A key is an
 * entry of which only the name counts.
 */

/* Cuts the name of n bytes at DIRSIZ and fills it up with NULs. */
void dir_make_key(struct dirent *key, const char *name, uint64 n);
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

/* In an operation: clears the entry at this offset; 0, -EIO, -ENOMEM. */
int dir_remove(struct inode *dp, uint64 off);

#endif
