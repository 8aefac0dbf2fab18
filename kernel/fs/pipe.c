/*
 * Pipes: a ring of up to RING pages, allocated when a writer needs them.
 *
 * `in` and `out` count the bytes ever written and read; byte n stands in page n / PGSIZE % RING.
 * Data moves between the ring and the caller's pinned pages in stretches of up to a page, under the
 * lock: that is at most some thousand instructions.  A page that was read to its end is freed; the
 * one that a slow exchange of a few bytes keeps using is not, because an empty ring starts over.
 *
 * A reader needs any byte, so one is woken, who passes that on if something is left.  Writers need
 * room of different sizes: all are woken, since for one of them it may be enough.
 *
 * Lock: the pipe's own.
 */
#include "kernel/errno.h"
#include "kernel/fs/file.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/commit.h"

#define RING     16
#define CAPACITY ((uint64)RING * PGSIZE)

struct pipe {
    struct spinlock lock;
    bool has_reader, has_writer;
    uint64 in, out;    /* out <= in <= out + CAPACITY */
    uint8 *page[RING]; /* NULL: none */
    struct waitq readers, writers;
};

static struct slab_cache pipe_slab;
static uint npipes; /* atomic */

void pipe_init(void)
{
    slab_init(&pipe_slab, "pipe", sizeof(struct pipe));
}

uint pipe_count(void)
{
    return load_relaxed(&npipes);
}

/* A page, which counts as promised like one of a process; NULL if there is none. */
static uint8 *new_page(void)
{
    if (commit_charge_other(1, false) < 0)
        return NULL;
    struct frame *f = frame_alloc(FRAME_PIPE, 0);
    if (!f)
        commit_uncharge_other(1);
    return f ? frame_virt(f) : NULL;
}

static void free_page(uint8 *page)
{
    if (!page)
        return;
    frame_put(frame_of(phys(page)));
    commit_uncharge_other(1);
}

static struct pipe *new_pipe(void)
{
    uint8 *first = new_page();
    struct pipe *p = first ? slab_alloc(&pipe_slab) : NULL;
    if (!p) {
        free_page(first);
        return NULL;
    }
    *p = (struct pipe){.has_reader = true, .has_writer = true, .page = {first}};
    spin_init(&p->lock, "pipe", RANK_PIPE);
    waitq_init(&p->readers);
    waitq_init(&p->writers);
    atomic_add(&npipes, 1);
    return p;
}

static void free_pipe(struct pipe *p)
{
    for (int i = 0; i < RING; i++)
        free_page(p->page[i]);
    slab_free(&pipe_slab, p);
    atomic_sub(&npipes, 1);
}

int pipe_open(struct file **reader, struct file **writer)
{
    *reader = file_new();
    *writer = file_new();
    struct pipe *p = *reader && *writer ? new_pipe() : NULL;
    if (!p) {
        int r = *reader && *writer ? -ENOMEM : -ENFILE;
        if (*reader)
            file_free(*reader);
        if (*writer)
            file_free(*writer);
        return r;
    }
    (*reader)->pipe = (*writer)->pipe = p;
    (*reader)->readable = true;
    (*writer)->writable = true;
    return 0;
}

void pipe_close(struct pipe *p, bool writer)
{
    spin_lock(&p->lock);
    if (writer)
        p->has_writer = false;
    else
        p->has_reader = false;
    waitq_wake_all(writer ? &p->readers : &p->writers);
    bool last = !p->has_reader && !p->has_writer;
    spin_unlock(&p->lock);
    if (last)
        free_pipe(p);
}

static uint8 **page_of(struct pipe *p, uint64 pos)
{
    return &p->page[pos / PGSIZE % RING];
}

static uint64 least(uint64 a, uint64 b)
{
    return a < b ? a : b;
}

/* How far it is from pos to the end of its page. */
static uint64 to_page_end(uint64 pos)
{
    return PGSIZE - pos % PGSIZE;
}

/* --- reading: the lock is held ---------------------------------------------------------------- */

/*
 * The reader has come to the end of a page that the writer is not in again.  The lock is released,
 * as in add_page(): between two pages interrupts and others have their chance.
 */
static void __attribute__((noinline)) drop_page(struct pipe *p)
{
    uint8 **place = page_of(p, p->out - 1), *page = *place;
    *place = NULL;
    spin_unlock(&p->lock);
    free_page(page);
    spin_lock(&p->lock);
}

/* Copies one stretch out; returns its length. */
static uint64 take(struct pipe *p, struct iov *dst, uint64 done)
{
    uint64 n = least(least(dst->total - done, p->in - p->out), to_page_end(p->out));
    iov_write(dst, done, *page_of(p, p->out) + p->out % PGSIZE, n);
    p->out += n;
    if (p->out == p->in)
        p->in = p->out = PGROUNDDOWN(p->out - 1); /* the page is used again from its start */
    else if (p->out % PGSIZE == 0 && p->in <= p->out - PGSIZE + CAPACITY)
        drop_page(p);
    return n;
}

/* Copies what there is. */
static uint64 take_all(struct pipe *p, struct iov *dst)
{
    uint64 done = 0;
    while (done < dst->total && p->in != p->out)
        done += take(p, dst, done);
    return done;
}

static void wake_reader(struct pipe *p)
{
    if (p->in != p->out && !waitq_empty(&p->readers))
        waitq_wake_one(&p->readers);
}

int64 pipe_read(struct pipe *p, struct iov *dst)
{
    int64 n = 0;
    spin_lock(&p->lock);
    while (p->in == p->out && p->has_writer && n == 0)
        n = waitq_sleep_interruptible(&p->readers, &p->lock);
    if (n == 0)
        n = (int64)take_all(p, dst);
    if (n > 0 && !waitq_empty(&p->writers))
        waitq_wake_all(&p->writers);
    wake_reader(p);
    spin_unlock(&p->lock);
    return n;
}

/* --- writing: the lock is held ---------------------------------------------------------------- */

/* A place in the ring for the next n bytes that has no page yet; NULL if there is none. */
static uint8 **missing_page(struct pipe *p, uint64 n)
{
    for (uint64 pos = p->in; pos < p->in + n; pos += to_page_end(pos))
        if (!*page_of(p, pos))
            return page_of(p, pos);
    return NULL;
}

/* Fills the place unless another does so meanwhile: the lock is released for the allocation. */
static int __attribute__((noinline)) add_page(struct pipe *p, uint8 **place)
{
    spin_unlock(&p->lock);
    uint8 *page = new_page();
    spin_lock(&p->lock);
    if (!page)
        return -ENOMEM;
    if (*place)
        free_page(page);
    else
        *place = page;
    return 0;
}

/* Waits until the ring has room and pages for n bytes; 0, -EPIPE, -EINTR, -ENOMEM. */
static int make_room(struct pipe *p, uint64 n)
{
    int r = 0;
    while (r == 0) {
        uint8 **place;
        if (!p->has_reader)
            r = -EPIPE;
        else if (CAPACITY - (p->in - p->out) < n)
            r = waitq_sleep_interruptible(&p->writers, &p->lock);
        else if ((place = missing_page(p, n)))
            r = add_page(p, place);
        else
            break;
    }
    return r;
}

static void put(struct pipe *p, struct iov *src, uint64 done, uint64 n)
{
    for (uint64 len; n > 0; n -= len, done += len) {
        len = least(n, to_page_end(p->in));
        iov_read(src, done, *page_of(p, p->in) + p->in % PGSIZE, len);
        p->in += len;
    }
}

int64 pipe_write(struct pipe *p, struct iov *src)
{
    uint64 done = 0;
    int r = 0;
    spin_lock(&p->lock);
    while (done < src->total) {
        uint64 n = least(src->total - done, PGSIZE);
        r = make_room(p, n);
        if (r < 0)
            break;
        put(p, src, done, n);
        done += n;
        if (done < src->total)
            wake_reader(p);
    }
    wake_reader(p);
    spin_unlock(&p->lock);
    return done > 0 ? (int64)done : r;
}
