#ifndef HOST_FS_SHIM_H
#define HOST_FS_SHIM_H

#include "kernel/fs/fs.h"
#include "mkfs/check.h"
#include <stdbool.h>

/*
 * The file layer in a process on this machine (fs_shim.c): memory, one thread, and a disk in shared
 * memory that remembers what was written and flushed, in order.  The kernel's state cannot be set
 * back, so each "boot" is a child process.
 */

/* One event at the disk: a write of `bytes` at `block`, or a flush if there are none. */
struct event {
    uint block;
    uint bytes;
    uint64 data; /* offset in disk.data */
};

#define MAX_EVENTS (1u << 16)
#define MAX_DATA   (256UL << 20)

struct disk {
    uint nblocks;
    uint64 requests; /* so far */
    uint64 fail_at;  /* this request fails, counted from 1; 0 = none */
    bool fail_on;    /* and all after it */
    bool read_only;
    bool slow; /* what disk_submit() gets stays in flight until somebody sleeps */
    uint in_flight, most_in_flight;
    uint claimed; /* blocks that the disk says it has, if not 0 */
    bool record;
    uint nevents;
    uint64 ndata;
};

extern struct disk *disk; /* shared between boots */
extern uchar *disk_image; /* likewise */
extern struct event *disk_events;
extern uchar *disk_data;
extern bool shim_killed;                    /* the process that would sleep is killed */
extern bool shim_verbose;                   /* show what the kernel prints */
extern uint shim_lines;                     /* what it printed so far */
extern uint64 shim_promised, shim_promises; /* pages of commit_charge(): now, and at most */

/* Once: the shared memory for a disk of up to this size. */
void shim_init(uint max_blocks);

/* Memory of this program and all its boots, filled with zeros. */
void *shim_shared(uint64 bytes);

/* Makes an empty file system of this size on the disk, with a device /null. */
void shim_format(uint nblocks, uint njournal, uint ninodes);

/*
 * Runs fn(arg) in a child with `mib` MiB of memory; returns its exit status, fails the test if it
 * dies of a signal or takes longer than `seconds`.
 */
int shim_boot(uint mib, int seconds, int (*fn)(void *arg), void *arg);

/* The checker of mkfs on the disk as it is: prints what is wrong; number of errors. */
uint64 shim_check(uint64 *orphans);

/* fs_calls.c: calls of the file layer with the root as current directory. */
int shim_open(const char *path, int flags, struct file **f);
int64 shim_write(struct file *f, const void *bytes, uint64 n);
int64 shim_read(struct file *f, void *bytes, uint64 n);
int shim_create(const char *path, const void *bytes, uint64 n); /* open, write all, close */
int64 shim_size(const char *path);                              /* or -E* */
struct inode *shim_root(void);                                  /* borrowed */

/* A digest of names, types, link counts and contents of the whole tree; 0 on an error. */
uint64 shim_tree(void);

/* The same with inode numbers in the place of what files hold; fn is told of that. */
typedef void file_fn(const struct stat *st, const uchar *bytes);
uint64 shim_shape(file_fn *fn);

#endif
