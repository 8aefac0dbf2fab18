#ifndef FS_INODE_H
#define FS_INODE_H

#include "kernel/fs/alloc.h"
#include "kernel/fs/cache.h"
#include "kernel/fs/fs.h"
#include "kernel/sync/mutex.h"

/*
 * Inodes in memory.  At most one for each number; those that nobody uses stay for a while, with
 * their pages, so that they are found again.
 *
 * Order of locks: write_lock or the tree lock (names.c), then a journal operation, then `lock`s: a
 * directory before what is not a directory; two directories only by who holds the tree lock.  No
 * reference is given back while an operation is under way or an inode locked, because the last one
 * frees the file.
 */
struct inode {
    struct store store; /* its data */
    struct inode *next; /* in its hash chain; inode table lock, like the next three but for refs */
    uint refs;          /* atomic; leaves and reaches zero under the lock */
    bool dying;         /* its last user is freeing it: it cannot be opened any more */
    struct list unused; /* while refs is 0; or its place among those to be freed later */
    uint num;
    int writers;             /* who may write it, or if negative, who runs it; atomic (writers.c) */
    uint64 serial;           /* since boot: no other inode that ever came into memory has it */
    struct mutex write_lock; /* one file_write() at a time: up to 64 KiB do not mix */
    struct mutex lock;       /* guards the rest, and offsets of open files */
    bool loaded;             /* d is right; once set it stays; read with load_acquire */
    struct dinode d;         /* as on the disk, or as it will be after this operation */
    uint tail;               /* last data block, 0 = not known */
    struct alloc_room room;  /* where it grows, while somebody uses it; the allocator's */
    uint64 ahead;            /* page behind those that were read ahead last */
    uint window;             /* how many they were */
    uint64 free_slot;        /* directory: no entry before this offset is free */
    struct dirindex *index;  /* directory: its index, or NULL */
};

void inode_init(void);

/*
 * A reference to the inode `num`; 0, -ENFILE, -ENOMEM, -EIO (also if it is free or damaged): then
 * *out is left as it was.
 */
int inode_open(uint num, struct inode **out);

/*
 * A new inode of this type with no links and no data, in an operation; 0, -ENOSPC, -ENFILE,
 * -ENOMEM, -EIO: then *out is left as it was.
 */
int inode_create(uint type, struct inode **out);

uint inode_count(void); /* in use */

/*
 * Drops inodes in memory that nobody uses, with their indexes: looks at the n that were unused for
 * the longest time.  Returns how many went.
 */
uint inode_shrink(uint n);

/* Goes on to free files for which there was too little memory; the daemon's. */
void inode_retry(void);

/* For namecache.c and evict.c: the table's lock; while it is held, who may be used. */
extern struct spinlock inode_lock;
struct inode *inode_find(uint num);   /* not dying; perhaps not loaded; or NULL */
bool inode_try_use(struct inode *ip); /* one more reference; false if there are too many inodes */

/* Reads ip->d, which nobody has before; with ip->lock held.  0, -EIO, -ENOMEM.  For inode.c. */
int inode_load(struct inode *ip);

/*
 * The rest is called with ip->lock held; inode_prepare() and inode_update() in an operation.
 * After inode_prepare() returned 0, inode_update() writes ip->d and cannot fail.
 */
int inode_prepare(struct inode *ip);
void inode_update(struct inode *ip);

static inline uint64 inode_nblocks(const struct inode *ip)
{
    return ((uint64)ip->d.size + BSIZE - 1) / BSIZE;
}

extern const struct store_ops filemap_ops; /* filemap.c: of the store of each inode */

/* --- writers.c -------------------------------------------------------------------------------- */

/* One more may write the file: 0, or -ETXTBSY if it is being run.  Any context. */
int inode_get_writer(struct inode *ip);
void inode_put_writer(struct inode *ip);

/* --- map.c: where the blocks of a file are ---------------------------------------------------- */

/* The numbers of n blocks from `first` on, below inode_nblocks(); 0, -EIO, -ENOMEM. */
int map_blocks(struct inode *ip, uint64 first, uint n, uint *out);

/*
 * Adds a block at the end of the file, in an operation after inode_prepare(); the caller fills it
 * and lets the size include it.  0, -EFBIG, -ENOSPC, -ENOMEM, -EIO: then nothing has changed.
 */
int map_append(struct inode *ip, uint *out);

/*
 * Frees blocks from the end of the file on, as many as one operation may, and sets the size
 * accordingly; inode_prepare() was called, inode_update() is up to the caller.  0 or -EIO, -ENOMEM
 * if it cannot go on.  The pages are the caller's to drop.
 */
int map_shrink(struct inode *ip);

/* --- data.c: the bytes of a file -------------------------------------------------------------- */

/* The page with bytes first .. last of the file, their blocks valid; 0, -EIO, -ENOMEM. */
int data_page(struct inode *ip, uint64 first, uint64 last, struct page **out);

/*
 * Page `index`, all of it valid: blocks that the file has, then zeros.  0, 1 if the disk was waited
 * for, -ERANGE if the file ends before, -EIO, -ENOMEM.
 */
int data_whole_page(struct inode *ip, uint64 index, struct page **out);

/* The mask of blocks of page `index` that the file has. */
uint data_blocks(const struct inode *ip, uint64 index);

/* Up to `n` bytes from `off` on, behind the first `done` of dst; the number, 0 at the end. */
int64 data_read(struct inode *ip, struct iov *dst, uint64 done, uint64 off, uint64 n);

/*
 * Writes up to n bytes of src, from byte `done` on, at `off` <= size.  Returns how many, or an
 * error if none.  It may stop early, when it has added DATA_CHUNK blocks to the file or as many as
 * an operation can (data.c).  In an operation, unless it is a file and all lies before its end.
 */
#define DATA_CHUNK 128
int64 data_write(struct inode *ip, struct iov *src, uint64 done, uint64 off, uint64 n);

#endif
