#ifndef MKFS_CHECK_H
#define MKFS_CHECK_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * What a check found.  The caller clears it, then sets `print`, `arg` and `max_lines`; the rest is
 * counted here.  Lines beyond max_lines are counted but not printed.
 */
struct check_report {
    void (*print)(void *arg, const char *line); /* one finding, no newline; NULL prints nothing */
    void *arg;
    uint64 max_lines;
    bool list_files; /* also one line for each inode with data, not counted: how it lies */

    uint64 errors;      /* rules of the format that the image breaks */
    uint64 notes;       /* states that are right but not at rest: a full journal, orphans */
    uint64 replayed;    /* blocks taken from the journal's committed transaction */
    uint64 orphans;     /* inodes that the next mount reclaims */
    uint64 inodes_used; /* of inodes_total, orphans included */
    uint64 inodes_total;
    uint64 blocks_used; /* data blocks that an inode owns, of blocks_total of the whole disk */
    uint64 blocks_total;
    uint64 stretches; /* in which the data of all files lies, each as long as can be */
    uint64 breaks;    /* between two blocks of one page (4 KiB) of a file */
};

#define CHECK_CLEAN     0
#define CHECK_DAMAGED   1
#define CHECK_NO_MEMORY 2 /* the check is not complete */

/*
 * Checks the file system image of `size` bytes against every rule of kernel/fs.h and returns one
 * of CHECK_*.  A committed transaction in the journal counts as replayed; the image itself, which
 * must be aligned to 4 bytes, is only read.  Any content is safe and is checked in time and memory
 * in proportion to its size (n log n in the entries of one directory).
 */
int check_image(const void *image, uint64 size, struct check_report *report);

#endif
