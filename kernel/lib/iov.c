/*
 * Copying to and from a buffer that lies in pieces.  Each function walks the pieces that the range
 * off .. off + n touches and hands every stretch inside one piece to the memory functions.
 * The caller keeps the pieces alive; there is no lock.
 */
#include "kernel/lib/iov.h"
#include "kernel/lib/panic.h"

/* A place in an iov: `skip` bytes into piece[i]. */
struct cursor {
    const struct iov *v;
    int i;
    uint64 skip;
};

static struct cursor cursor_at(const struct iov *v, uint64 off, uint64 n)
{
    struct cursor c = {.v = v, .i = 0, .skip = off};

    if (off > v->total || n > v->total - off)
        panic("iov: bytes %lu to %lu of a buffer of %lu", off, off + n, v->total);
    while (c.i < v->n && c.skip >= v->piece[c.i].len)
        c.skip -= v->piece[c.i++].len;
    return c;
}

/* The next stretch of at most n bytes; *len is its length, and the cursor stands behind it. */
static uint8 *cursor_take(struct cursor *c, uint64 n, uint64 *len)
{
    while (c->skip == c->v->piece[c->i].len) { /* also steps over empty pieces */
        c->i++;
        c->skip = 0;
    }
    uint8 *at = c->v->piece[c->i].at + c->skip;
    uint64 left = c->v->piece[c->i].len - c->skip;

    *len = n < left ? n : left;
    c->skip += *len;
    return at;
}

void iov_write(struct iov *v, uint64 off, const void *buf, uint64 n)
{
    struct cursor c = cursor_at(v, off, n);
    const uint8 *from = buf;

    for (uint64 len; n > 0; n -= len, from += len) {
        uint8 *at = cursor_take(&c, n, &len);
        memmove(at, from, len);
    }
}

void iov_read(struct iov *v, uint64 off, void *buf, uint64 n)
{
    struct cursor c = cursor_at(v, off, n);
    uint8 *to = buf;

    for (uint64 len; n > 0; n -= len, to += len) {
        const uint8 *at = cursor_take(&c, n, &len);
        memmove(to, at, len);
    }
}

void iov_clear(struct iov *v, uint64 off, uint64 n)
{
    struct cursor c = cursor_at(v, off, n);

    for (uint64 len; n > 0; n -= len) {
        uint8 *at = cursor_take(&c, n, &len);
        memset(at, 0, len);
    }
}
