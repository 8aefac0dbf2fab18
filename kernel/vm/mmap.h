#ifndef VM_MMAP_H
#define VM_MMAP_H

#include "kernel/vm/space.h"

/*
 * The calls by which a program arranges its own memory.  `start` and `n` are what it says: any
 * numbers.  n, in bytes, is rounded up to pages; a `start` inside a page is -EINVAL.  Each call
 * takes s->lock and on failure has changed nothing.
 */

struct mapping {
    uint64 addr; /* 0: wherever there is room; else a wish, if `fixed` a command */
    uint64 bytes;
    int prot; /* AREA_R | AREA_W | AREA_X; W implies R */
    bool fixed;
    bool shared;
    bool may_write;      /* shared: AREA_W is allowed, now or later */
    struct store *store; /* NULL: anonymous */
    uint64 offset;       /* of the first page in the store, page-aligned */
};

/*
 * Promises m->bytes: of the store, which a reference is taken of, or of zeroed memory.  `fixed`
 * replaces what was promised there.  Returns the address, or
 *   -EINVAL  no bytes, a fixed address inside a page, or one where the stack has its room
 *   -ENOMEM  no room at that address or anywhere, or no promise possible
 *   -EACCES  W and X together, or W of shared memory without may_write
 * The pages that the kernel chooses are the highest that are free and lie above the break.
 */
int64 space_mmap(struct space *s, const struct mapping *m);

/*
 * Removes all that is promised in the range, of whatever kind: nothing there is no error.
 * 0, -EINVAL if n is 0 or the range leaves the user half, -ENOMEM if an area would have to be
 * divided and there is no memory for that.
 */
int space_munmap(struct space *s, uint64 start, uint64 n);

/*
 * Gives all pages of the range the rights `prot`, AREA_W implying AREA_R.  What is taken away is
 * gone on every hart when it returns; what is given is found by the next fault, so that pages which
 * others share stay read-only until they are written.  A private area that becomes writable is
 * charged from then on, except the lazy heap.
 * 0, -ENOMEM if something in the range is not promised or cannot be charged, -EACCES for W and X
 * together or W on a shared area that may not be written.
 */
int space_mprotect(struct space *s, uint64 start, uint64 n, int prot);

/* Writes what is dirty of shared areas; 0 when it is durable, -EIO, -ENOMEM for holes. */
int space_msync(struct space *s, uint64 start, uint64 n);

/* Forgets the pages: they are as when they were mapped.  0, or -ENOMEM for holes. */
int space_forget(struct space *s, uint64 start, uint64 n);

/*
 * Maps all pages that the space has of stores, so that reading them needs no disk any more unless
 * memory runs short; 0, -EIO, -ENOMEM.
 */
int space_populate(struct space *s);

/* True (0) if all of the range is promised, else -ENOMEM. */
int space_promises(struct space *s, uint64 start, uint64 n);

/*
 * n pages from that of `start` on: in[i] is 1 if a touch of page i would find it in memory, as far
 * as it is promised.  Returns how many are promised without a hole from `start` on, at most n.
 */
uint space_mincore(struct space *s, uint64 start, uint n, uchar in[]);

/*
 * Bit i of `bits`, which are cleared before, tells whether page i of the n from `start` on was
 * accessed since the last call, the first time since it was made; 0, or -ENOMEM for holes.
 */
int space_pgaccess(struct space *s, uint64 start, uint n, uint8 bits[]);

#endif
