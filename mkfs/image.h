#ifndef MKFS_IMAGE_H
#define MKFS_IMAGE_H

#include "mkfs/layout.h"

/*
 * A file system that is being made in memory.  Paths are absolute with or without the first slash;
 * missing directories on the way are made.  Every function that can fail returns NULL or in a few
 * words why not; the image is then fit for nothing but image_free().
 */
struct image {
    struct superblock sb;
    uchar *bytes;    /* sb.nblocks blocks; those from `next` on are zero */
    uint next;       /* first block behind all that were given to anything */
    uint next_inode; /* likewise */
    uint spare;      /* blocks before `next`, up to spare_end - 1, are not given to anything */
    uint spare_end;
};

/* Starts a file system of this size with an empty root directory. */
const char *image_init(struct image *img, uint64 nblocks, uint64 njournal, uint64 ninodes);

const char *image_device(struct image *img, const char *path, uint major, uint minor);
const char *image_link(struct image *img, const char *old, const char *path);

/* Makes a file of `size` bytes, zero until the caller puts them at *content (NULL if none). */
const char *image_file(struct image *img, const char *path, uint64 size, uchar **content);

/* Completes superblock, journal and bitmap: blocks 0 to next-1 are now what belongs on the disk. */
void image_finish(struct image *img);

void image_free(struct image *img);

#endif
