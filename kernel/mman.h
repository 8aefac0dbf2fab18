#ifndef KERNEL_MMAN_H
#define KERNEL_MMAN_H

#include "kernel/fcntl.h"

/* mmap(): PROT_* and MAP_* are in kernel/fcntl.h, where programs written for xv6 look for them. */
#define MAP_FAILED ((char *)-1)

/* msync() */
#define MS_ASYNC 1 /* only checks: what is dirty is written within a second anyway */
#define MS_SYNC  4 /* on the disk when it returns */

/* madvise() */
#define MADV_NORMAL   0
#define MADV_DONTNEED 4 /* forget the pages: private ones read as when they were mapped */

#define PGACCESS_MAX  4096 /* pages that one pgaccess() can tell about */

#endif
