#ifndef STORE_SHIM_H
#define STORE_SHIM_H

#include "kernel/vm/store.h"
#include "tests/host/vm_shim.h"

/*
 * A store on the machine of vm_shim.h, whose frames are made when they are first asked for; the
 * words of page i are i + (n << 32), for n from 0 on.
 */
#define FILE_PAGES 40
#define BASE       0x40000000UL /* where mapped() puts it */
#define RW         (AREA_R | AREA_W)
#define RX         (AREA_R | AREA_X)

extern struct file_shim {
    struct store store;
    struct frame *page[FILE_PAGES];
    bool is_dirty[FILE_PAGES];
    uint64 length;      /* pages */
    int users, writers; /* areas */
    int fetches;
    int answer; /* of fetch, if negative; with -ERANGE it shrinks between pages() and fetch() */
} file;

int file_setup(void **state);    /* before each test: nothing is allocated */
int file_teardown(void **state); /* and nothing but pages of the store after it */

#define TEST(name) cmocka_unit_test_setup_teardown(name, file_setup, file_teardown)

struct frame *file_page(uint64 i); /* makes it, if it is not there */
void file_forget(uint64 i);        /* takes it from the store, as truncation or eviction does */
uint64 file_word(uint64 i);        /* the first of page i */

void activate(struct space *s); /* on this hart */

/* An area with all of the store, for map_at(), which promises n pages of it. */
struct area mapping(int prot, bool shared);
void map_at(struct space *s, uint64 va, uint64 n, const struct area *like);

/* A space with n pages of the store at BASE. */
struct space *mapped(int prot, bool shared, uint64 n);

/* By the program in s, on this hart; they have to succeed. */
uint64 load(struct space *s, uint64 va);
void store(struct space *s, uint64 va, uint64 v);

struct frame *frame_at(struct space *s, uint64 va); /* NULL: nothing is mapped */

/* The rules, of one space or two (NULL: one), which are all there are. */
void check(struct space *a, struct space *b);

#endif
