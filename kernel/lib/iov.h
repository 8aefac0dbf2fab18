#ifndef LIB_IOV_H
#define LIB_IOV_H

#include "kernel/lib/string.h"

/*
 * A buffer as the file layer sees it: pieces of kernel memory, one after the other.  User buffers
 * reach it as pinned pages seen through the direct map (vm/usercopy.h), so copying under a lock
 * can never fault (docs/locking.md, "pin first").
 */
#define IOV_PIECES 17 /* 16 pages of any alignment */

struct iov_piece {
    uint8 *at;
    uint64 len;
};

struct iov {
    struct iov_piece piece[IOV_PIECES];
    int n;
    uint64 total; /* bytes of all pieces */
};

static inline void iov_one(struct iov *v, void *at, uint64 len)
{
    v->n = 1;
    v->total = len;
    v->piece[0].at = (uint8 *)at;
    v->piece[0].len = len;
}

/* Copies n bytes between buf and v, beginning `off` bytes into v; off + n <= v->total. */
void iov_write(struct iov *v, uint64 off, const void *buf, uint64 n); /* buf -> v */
void iov_read(struct iov *v, uint64 off, void *buf, uint64 n);        /* v -> buf */
void iov_clear(struct iov *v, uint64 off, uint64 n);                  /* zeros -> v */

#endif
