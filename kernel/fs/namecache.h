#ifndef FS_NAMECACHE_H
#define FS_NAMECACHE_H

#include "kernel/fs/inode.h"

/*
 * Names that were looked up lately, so that a path whose directories are in memory is walked under
 * one spin lock.  It may know less than the directories, never anything else: who finds or removes
 * a name while it holds the directory's lock says so here.
 */

/*
 * Walks from `from` along *path as far as the cache knows, over no symbolic link and, if `parent`,
 * not over the last component.  Returns a reference to where it came and lets *path begin behind;
 * NULL, with nothing changed, if there can be none.
 */
struct inode *namecache_walk(uint from, const char **path, bool parent);

/* Directory dp, whose lock is held, has this entry; or it will have none of that name. */
void namecache_enter(const struct inode *dp, const struct dirent *e);
void namecache_forget(const struct inode *dp, const struct dirent *key);

#endif
