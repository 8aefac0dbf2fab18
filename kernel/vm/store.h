#ifndef VM_STORE_H
#define VM_STORE_H

#include "kernel/lib/list.h"
#include "kernel/sync/mutex.h"

/*
 * A store is where the pages of a mapping come from and where shared writes go: the data of a file
 * (fs/filemap.c) or memory that relatives share (vm/shm.c).  kernel/vm knows files only as this.
 * Pages are numbered from 0.
 */
struct store;
struct frame;

struct store_ops {
    /*
     * The frame of page `index`, all of it valid, in *out, with a reference for the caller; zeros
     * behind the end of the store.  `write`: it is about to be mapped writable, so from now on it
     * is dirty, until it is written back.  Returns 0, 1 if the disk was waited for, -ERANGE if the
     * page lies wholly beyond the end, -EIO, -ENOMEM.
     *
     * The caller holds the lock of one space, so this waits neither for a commit of the journal nor
     * for the lock of a space, nor, holding a lock of its own, for anybody who does.  May sleep.
     */
    int (*fetch)(struct store *st, uint64 index, bool write, struct frame **out);

    /*
     * Frames of those of the n pages from `first` on that are in memory and valid now, each with a
     * reference, NULL for the others.  Never sleeps.  Returns how many there are.
     */
    uint (*peek)(struct store *st, uint64 first, uint n, struct frame *out[]);

    /* Page `index`, which is mapped, is about to be writable: dirty, as above.  0 or -ERANGE. */
    int (*dirty)(struct store *st, uint64 index);

    /* Pages that the store has now, the last of them perhaps in part.  A snapshot. */
    uint64 (*pages)(struct store *st);

    /* Writes the dirty ones of n pages from `first` on, durably; 0 or -EIO.  No locks are held. */
    int (*sync)(struct store *st, uint64 first, uint64 n);

    /*
     * One more or one less area refers to it; `writer`: it may be written through that area, now or
     * after mprotect().  get() never sleeps; put() may, and no lock is held then.
     */
    void (*get)(struct store *st, bool writer);
    void (*put)(struct store *st, bool writer);

    uint64 (*number)(struct store *st); /* of its inode, 0 if it is no file */
};

struct store {
    const struct store_ops *ops; /* NULL: cannot be mapped */
    struct list pages;           /* the cache's (fs/cache.h) */
    struct list areas;           /* that map it; rmap_lock (rmap.c) */
    uint64 round;                /* of the latest walk over them; `walk` */
    struct mutex walk;           /* one walk at a time */
#ifdef DEBUG
    uint64 check; /* check_store.c */
#endif
};

void store_init(struct store *st, const struct store_ops *ops);

#endif
