#ifndef PROC_IMAGE_H
#define PROC_IMAGE_H

#include "kernel/types.h"
#include <stdbool.h>

struct inode;
struct space;
struct trapframe;

/*
 * A program in an address space of its own that no process uses yet.  Both references are the
 * caller's, who gives them to a process or to image_free().
 */
struct image {
    struct inode *file;  /* that nobody may write meanwhile */
    struct space *space; /* refs 1 */
    uint64 entry;
    uint64 sp; /* initial stack pointer, which is also where argv is */
    int argc;
};

/*
 * Builds the image of program `path`, looked up from `cwd`, with argv[0..argc-1], strings in kernel
 * memory.  `reserve`: may use the reserves of memory.  May sleep.  0, or -E* with nothing left
 * behind: those of inode_lookup(), -ETXTBSY, -EISDIR, -ENOEXEC, -E2BIG, -ENOMEM, -EIO.
 */
int image_build(struct image *im, struct inode *cwd, const char *path, char *const argv[], int argc,
                bool reserve);

/*
 * Reads all of the program, for init and the console's shell: a disk that fails later does not end
 * them.  0, -EIO, -ENOMEM.
 */
int image_read(const struct image *im);

void image_free(const struct image *im);

/* One process more, or less, runs this program, which is being run. */
struct inode *image_share(struct inode *exe); /* returns exe */
void image_release(struct inode *exe);

/* Sets the registers with which a process starts in the image; tf->status stays. */
void image_start(const struct image *im, struct trapframe *tf);

#endif
