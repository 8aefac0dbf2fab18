#ifndef KERNEL_STAT_H
#define KERNEL_STAT_H

#include "kernel/types.h"

#define T_DIR     1
#define T_FILE    2
#define T_DEVICE  3
#define T_SYMLINK 4

struct stat {
    int dev;     /* device that holds the file */
    uint ino;    /* inode number */
    short type;  /* one of T_* */
    short nlink; /* directory entries that name it */
    uint64 size; /* bytes */
};

#endif
