#ifndef USERPAGER_USERPAGER_H
#define USERPAGER_USERPAGER_H

#include "kernel/fcntl.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "user/extra.h"

/* What one step of a demonstration did, and what its handler had to do for it. */
struct counts {
    uint64 accesses; /* reads and writes of the program */
    uint64 reads;    /* faults by a read */
    uint64 writes;   /* and by a write */
    uint64 in, out;  /* pages copied into the region, and out of it */
};

extern struct counts counts;

#define WORDS (PGSIZE / sizeof(uint64)) /* in a page */

/* A region of so many pages with rights `prot`, whose faults go to fault(page, access). */
volatile uint64 *region_new(int pages, int prot, void (*fault)(int page, int access));
void region_free(void);
char *region_page(int page); /* the address of that page */
void region_allow(int page, int n, int prot);

/* Prints the counts under `name` and clears them. */
void report(const char *name);

/* Ends the program with a message unless `good`. */
void require(int good, const char *what);

/* A number that tells of what is lost or in the wrong place: word `i` of an array. */
static inline uint64 word_of(uint64 i)
{
    return (i + 1) * 0x9e3779b97f4a7c15;
}

/* --- remote.c: an array in another process --------------------------------------------------- */
void remote_start(int pages);
void remote_get(int page, void *to);
void remote_put(int page, const void *from);
uint64 remote_stop(void); /* the sum of its words at last */

/* --- one file for each demonstration --------------------------------------------------------- */
void show_cache(void);
void show_snapshot(void);
void show_barrier(void);

#endif
