/*
 * Copying to and from a buffer that lies in pieces.  Each function hands every stretch of the range
 * off .. off + n that lies inside one piece to the memory functions.
 * The caller keeps the pieces alive; there is no lock.
 */
#include "kernel/lib/iov.h"
#include "kernel/lib/panic.h"
#include <stdbool.h>

static inline void check_range(const struct iov *v, uint64 off, uint64 n)
{
    if (off > v->total || n > v->total - off)
        panic("iov: bytes %lu to %lu of a buffer of %lu", off, off + n, v->total);
}

/* True if byte *off lies behind the piece; it is then counted from the next one on. */
static inline bool skip_piece(const struct iov_piece *p, uint64 *off)
{
    if (*off < p->len)
        return false;
    *off -= p->len;
    return true;
}

/* How many of n bytes, from byte `off` of the piece on, lie in it. */
static inline uint64 within(const struct iov_piece *p, uint64 off, uint64 n)
{
    uint64 left = p->len - off;
    return n < left ? n : left;
}

void iov_write(struct iov *v, uint64 off, const void *buf, uint64 n)
{
    const uint8 *from = buf;

    check_range(v, off, n);
    for (const struct iov_piece *p = v->piece; n > 0; p++) {
        if (skip_piece(p, &off))
            continue;
        uint64 len = within(p, off, n);
        memmove(p->at + off, from, len);
        from += len;
        n -= len;
        off = 0;
    }
}

void iov_read(struct iov *v, uint64 off, void *buf, uint64 n)
{
    uint8 *to = buf;

    check_range(v, off, n);
    for (const struct iov_piece *p = v->piece; n > 0; p++) {
        if (skip_piece(p, &off))
            continue;
        uint64 len = within(p, off, n);
        memmove(to, p->at + off, len);
        to += len;
        n -= len;
        off = 0;
    }
}

void iov_clear(struct iov *v, uint64 off, uint64 n)
{
    check_range(v, off, n);
    for (const struct iov_piece *p = v->piece; n > 0; p++) {
        if (skip_piece(p, &off))
            continue;
        uint64 len = within(p, off, n);
        memset(p->at + off, 0, len);
        n -= len;
        off = 0;
    }
}
