#ifndef FS_FS_H
#define FS_FS_H

#include "kernel/fs.h"
#include "kernel/kstat.h"
#include "kernel/lib/iov.h"
#include "kernel/stat.h"
#include <stdbool.h>

/*
 * The file layer as the rest of the kernel sees it.  Buffers are kernel memory (lib/iov.h); paths
 * are NUL-ended kernel strings of less than MAXPATH bytes; errors are -E*.  Everything here may
 * sleep.  References: an `inode` or `file` that a function returns belongs to the caller, who
 * gives it back with inode_put() or file_put().
 */
struct inode;
struct file;
struct store;

/* Replays the journal, reclaims orphans; NULL or in a few words why there is no file system. */
const char *fs_mount(void);
void fs_daemon(void *unused);    /* body of the kernel thread that commits and writes back */
void fs_evictor(void *unused);   /* body of the one that keeps memory free */
int fs_sync(void);               /* everything completed so far is durable when it returns 0 */
void fs_stat(struct kstat *k);   /* files, inodes, pipes, blocks_*, inodes_*, cache, dirty */
uint64 fs_shrink(uint64 frames); /* drops clean cached pages; returns frames freed */
uint64 fs_cached(void);          /* cached pages */

/* --- inodes and paths ------------------------------------------------------------------------- */
struct inode *inode_root(void);
struct inode *inode_get(struct inode *ip); /* one more reference; returns ip */
void inode_put(struct inode *ip);
int inode_lookup(struct inode *cwd, const char *path, struct inode **out); /* follows links */
int inode_type(struct inode *ip);
uint64 inode_size(struct inode *ip);
struct store *inode_store(struct inode *ip); /* its data, to be mapped; no reference */
int64 inode_read(struct inode *ip, struct iov *dst,
                 uint64 off); /* up to dst->total; 0 at the end */

/*
 * While a file is run nobody may open it for writing; -ETXTBSY if somebody has.  Each success is
 * undone by inode_allow_write(), which comes before the inode_put() of the one who runs it.
 */
int inode_deny_write(struct inode *ip);
void inode_allow_write(struct inode *ip);

/* --- operations on names ---------------------------------------------------------------------- */
int fs_open(struct inode *cwd, const char *path, int flags, struct file **out);
int fs_link(struct inode *cwd, const char *old, const char *path);
int fs_symlink(struct inode *cwd, const char *target, const char *path);
int fs_readlink(struct inode *cwd, const char *path, char *dst, uint max); /* bytes, no NUL */
int fs_unlink(struct inode *cwd, const char *path);
int fs_mkdir(struct inode *cwd, const char *path);
int fs_mknod(struct inode *cwd, const char *path, uint major, uint minor);
int fs_opendir(struct inode *cwd, const char *path, struct inode **out); /* for chdir */

/* --- open files ------------------------------------------------------------------------------- */
int pipe_open(struct file **reader, struct file **writer);
struct file *file_get(struct file *f);
void file_put(struct file *f);
bool file_allows(const struct file *f, bool writing);
bool file_is_pipe(const struct file *f);
int file_store(struct file *f, struct store **out); /* the same; 0, or -ENODEV if it is no file */
int64 file_read(struct file *f, struct iov *dst);
int64 file_write(struct file *f, struct iov *src);
int file_stat(struct file *f, struct stat *st); /* st is cleared first: no padding leaks */
int file_sync(struct file *f);
int64 file_ioctl(struct file *f, int request, uint64 arg);

#endif
