#ifndef DEV_DISK_H
#define DEV_DISK_H

#include "kernel/mem/addr.h"
#include "kernel/lib/list.h"

/*
 * The disk: virtio-blk 1.x over MMIO (virtio specification 1.2, sections 4.2 and 5.2).
 * Many requests are in flight; completion comes by interrupt.
 */
enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH };

#define DISK_PIECES 32

struct disk_request {
    enum disk_op op;
    uint block;  /* first block, in units of BSIZE */
    int npieces; /* physically contiguous pieces of memory, multiples of 512 bytes each */
    struct {
        paddr at;
        uint len;
    } piece[DISK_PIECES];
    void (*done)(struct disk_request *); /* status is set; may free r, may not sleep */
    void *arg;                           /* the caller's */
    int status;                          /* 0 or -EIO */
    struct list link;                    /* the driver's, while the request waits for descriptors */
};

/* Finds and starts the disk; NULL, or in a few words what is wrong. */
const char *disk_init(void);

uint disk_blocks(void);    /* capacity in whole BSIZE blocks */
bool disk_read_only(void); /* every write fails */

/*
 * Queues r and returns; never sleeps.  r stays the driver's until done(r), which comes from the
 * completion interrupt; but a request that is impossible, or needs no device, is done before
 * disk_submit() returns, so the caller holds no lock that done() takes.  A flush is complete when
 * everything whose done() ran before it was submitted is durable.
 */
void disk_submit(struct disk_request *r);

/* Submits r and sleeps until it is complete; overrides done and arg.  Returns r->status. */
int disk_wait(struct disk_request *r);

/* Submits n requests together and sleeps until all are complete; 0 or the first error. */
int disk_wait_all(struct disk_request *r, int n);

int disk_flush(void); /* submits a flush and sleeps until it is complete */

#endif
