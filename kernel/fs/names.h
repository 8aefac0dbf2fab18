#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "kernel/fs/inode.h"

/* The part of operations on names that fs.h does not show. */

void names_init(void); /* once */

/* Makes an empty file; 0 with a reference, -EEXIST, or what path_parent() and dir_add() return. */
int names_create_file(struct inode *cwd, const char *path, struct inode **out);

/* Cuts a file to nothing, atomically; 0, -ENOSPC (no inode to take the blocks over), -EROFS, ... */
int names_truncate(struct inode *ip);

#endif
