#ifndef KERNEL_SYSINFO_H
#define KERNEL_SYSINFO_H

#include "kernel/types.h"

struct sysinfo {
    uint64 freemem; /* bytes of free memory */
    uint64 nproc;   /* processes that are not free */
};

#endif
