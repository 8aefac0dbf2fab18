/*
 * Copying to and from a buffer that lies in pieces.  Each function hands every stretch of the range
 * off .. off + n that lies inside one piece to the memory functions.
 * The caller keeps the pieces alive; there is no lock.
 */
#include "kernel/lib/iov.h"
#include "kernel/lib/panic.h"

static inline void check_range(const struct iov *v, uint64 off, uint64 n)
{
    if (off > v->total || n > v->total - off)
        panic("iov: bytes %lu to %lu of a buffer of %lu", off, off + n, v->total);
}

/* Where byte `off` is, which exists; *len tells how many of n bytes lie there together. */
static inline uint8 *stretch_at(const struct iov *v, uint64 off, uint64 n, uint64 *len)
{
    const struct iov_piece *p = v->piece;
    while (off >= p->len)
        off -= (p++)->len;
    *len = n < p->len - off ? n : p->len - off;
    return p->at + off;
}

void iov_write(struct iov *v, uint64 off, const void *buf, uint64 n)
{
    const uint8 *from = buf;

    check_range(v, off, n);
    for (uint64 len; n > 0; n -= len, off += len, from += len) {
        uint8 *at = stretch_at(v, off, n, &len);
        memmove(at, from, len);
    }
}

void iov_read(struct iov *v, uint64 off, void *buf, uint64 n)
{
    uint8 *to = buf;

    check_range(v, off, n);
    for (uint64 len; n > 0; n -= len, off += len, to += len) {
        const uint8 *at = stretch_at(v, off, n, &len);
        memmove(to, at, len);
    }
}

void iov_clear(struct iov *v, uint64 off, uint64 n)
{
    check_range(v, off, n);
    for (uint64 len; n > 0; n -= len, off += len) {
        uint8 *at = stretch_at(v, off, n, &len);
        memset(at, 0, len);
    }
}
