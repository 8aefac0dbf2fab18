#ifndef FS_FILE_H
#define FS_FILE_H

#include "kernel/dev/dev.h"
#include "kernel/fs/inode.h"

struct pipe;

/* An open file: what descriptors refer to.  Everything but refs and offset is constant. */
struct file {
    uint refs; /* atomic */
    bool readable, writable, append;
    bool writer;              /* counted among those who may write ip */
    struct inode *ip;         /* NULL for a pipe */
    const struct device *dev; /* of a device node */
    void *state; /* that the device keeps for this file, or NULL; used under ip->lock */
    struct pipe *pipe;
    uint64 offset; /* ip->lock */
};

void file_init(void);
uint file_count(void);

/* A file with one reference that refers to nothing yet; NULL if there are NFILE, or no memory. */
struct file *file_new(void);
void file_free(struct file *f); /* one that still refers to nothing */

/* --- pipe.c ----------------------------------------------------------------------------------- */

void pipe_init(void);
uint pipe_count(void);

/* Up to dst->total bytes, at least one unless there is no writer (0); -EINTR if killed. */
int64 pipe_read(struct pipe *p, struct iov *dst);

/*
 * All of src unless the last reader goes or the writer is killed or memory ends: then what was
 * written, or -EPIPE, -EINTR, -ENOMEM if that is nothing.  A write of up to a page is atomic.
 */
int64 pipe_write(struct pipe *p, struct iov *src);

/* One side closes its end for good; the second frees the pipe. */
void pipe_close(struct pipe *p, bool writer);

#endif
