#ifndef FS_PATH_H
#define FS_PATH_H

#include "kernel/fs/dir.h"

/*
 * From a path to an inode.  Components are cut at DIRSIZ characters; empty ones count for nothing;
 * a path that begins with '/' starts at the root, others at cwd.  At most MAXSYMLINK symbolic
 * links are followed.  Errors: -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG (a path with a link put
 * into it), -ENFILE, -ENOMEM, -EIO.  Sleeps; the caller holds no lock and is in no operation.
 */

/* `follow`: also a symbolic link that the last component names. */
int path_lookup(struct inode *cwd, const char *path, bool follow, struct inode **out);

/*
 * The directory that the last component stands, or would stand, in, and its name in *last.  The
 * directory may be removed before it is locked: then its link count is 0.  -EBUSY if the path
 * names the root.
 */
int path_parent(struct inode *cwd, const char *path, struct dirent *last, struct inode **out);

/* Looks up one name in dp, a directory whose lock is held; 0 with a reference, or -ENOENT, ... */
int path_step(struct inode *dp, const struct dirent *key, uint64 *off, struct inode **out);

/* Copies the target of a symbolic link, at most `max` bytes, no NUL; bytes or -E*. */
int path_read_link(struct inode *ip, char *dst, uint max);

#endif
