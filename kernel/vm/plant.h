#ifndef VM_PLANT_H
#define VM_PLANT_H

#include "kernel/vm.h"
#include "kernel/vm/check.h"

#ifdef PLANT
/*
 * Plants violation `n` of the rules of docs/invariants.md into the standing machine, checks it, and
 * takes the violation back; prints what was planted, and what the checker should have said.
 * Returns the number of findings; -EINVAL if there is no such violation, or the heap of s is not
 * PLANT_PAGES pages in the states that kernel/vm.h names; -ENOMEM.  May sleep.
 */
int64 plant_and_check(struct space *s, uint n);

/* --- Between plant.c and plant_list.c --------------------------------------------------------- */

#define PLANT_STORES 8 /* that one violation takes */

struct plot {
    struct space *s;
    struct area *heap;
    uint64 va[PLANT_PAGES];       /* pages of known state */
    pte_t *slot[PLANT_PAGES];     /* their entries */
    struct frame *own, *shared;   /* frames of two of them */
    struct frame *spare;          /* wired, zeroed, nobody else's */
    struct frame *cached, *loose; /* one of the file cache, one that is free */
    pte_t *device;                /* the kernel's entry for a device that nobody uses now */
    struct file_page {
        struct area *area;
        uint64 va;
        pte_t *slot;
        struct frame *frame;
    } text, constant, data; /* pages of the program's file, mapped as it has them */
    struct area stray;      /* that no space has */

    const struct frame *frame; /* what the checker should name; NULL: no frame */
    int pid;                   /* -1: no process */
    uint64 at;

    uint n;
    struct {
        void *at;
        uint size;
        uint64 old;
    } store[PLANT_STORES];
};

struct plant {
    const char *name;
    enum check_rule rule;
    void (*put)(struct plot *p); /* NULL: `charge` is all there is to it */
    uint charge;                 /* pages that are promised besides */
};

extern const struct plant plant_list[];
extern const uint plant_count;

/* A store that is taken back. */
#define PLANT_SET(p, what, value) (plant_remember(p, &(what), sizeof(what)), (what) = (value))

/* What the checker should name: a frame unless NULL, at an address of the process. */
void plant_name_page(struct plot *p, const struct frame *f, uint64 va);

/* plant_store.c: violations about pages of stores. */
void plant_area_unlisted(struct plot *p);
void plant_area_stray(struct plot *p);
void plant_area_twice(struct plot *p);
void plant_other_page(struct plot *p);
void plant_page_in_heap(struct plot *p);
void plant_private_in_shared(struct plot *p);
void plant_page_uncounted(struct plot *p);
void plant_private_writable(struct plot *p);
void plant_clean_writable(struct plot *p);

/* The bytes at `at`, at most 8, are restored when the violation is taken back. */
void plant_remember(struct plot *p, void *at, uint size);
#endif

#endif
