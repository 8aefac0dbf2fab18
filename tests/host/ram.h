#ifndef HOST_RAM_H
#define HOST_RAM_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/mem/addr.h"

/*
 * "Physical memory" of a unit test: maps start .. end of the direct map, filled with zeros, or ends
 * the program.  Costs no memory until it is touched.
 */
static inline void ram_map(paddr start, paddr end)
{
    void *want = virt(start);
    void *got = mmap(want, end - start, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == want)
        return;
    perror("ram_map");
    exit(1);
}

static inline void ram_unmap(paddr start, paddr end)
{
    munmap(virt(start), end - start);
}

#endif
