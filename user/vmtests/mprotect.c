/* mprotect: rights taken at once and given lazily, for all of a range or for none of it. */
#include "user/vmtests/maps.h"

#define PAGES 8

/* Rights of the areas of eight pages, in octal digits from the first page on; 9: none there. */
static long rights(const char *p)
{
    static struct areainfo all[100];
    int n = (int)MUST(pmap(0, all, 100));
    long word = 0;
    for (int i = 0; i < PAGES; i++) {
        int digit = 9;
        for (int k = 0; k < n; k++)
            if (all[k].start <= (uint64)p + i * PGSIZE && (uint64)p + i * PGSIZE < all[k].end)
                digit = all[k].prot;
        word = word * 10 + digit;
    }
    return word;
}

static void protect(char *p, int from, int n, int prot)
{
    SAME(mprotect(p + from * PGSIZE, (size_t)n * PGSIZE, prot), 0);
}

void mprotect_splits_and_joins(void)
{
    char *p = map_pages(PAGES);
    data_fill(p, 1, 0, PAGES * PGSIZE);
    long promised = committed();
    protect(p, 2, 1, PROT_READ);
    SAME(rights(p), 33133333);
    protect(p, 4, 2, PROT_NONE);
    SAME(rights(p), 33130033);
    protect(p, 3, 1, PROT_READ);
    SAME(rights(p), 33110033);
    SAME(areas_in(p, PAGES), 4);
    protect(p, 0, PAGES, PROT_READ);
    SAME(rights(p), 11111111);
    SAME(areas_in(p, PAGES), 1);
    protect(p, 1, 6, RW);
    SAME(areas_in(p, PAGES), 3);
    protect(p, 0, 1, PROT_WRITE); /* what may be written may be read */
    protect(p, 7, 1, RW);
    SAME(rights(p), 33333333);
    SAME(areas_in(p, PAGES), 1);
    SAME(mprotect(p + PGSIZE, 1, PROT_READ), 0); /* a byte is a page */
    SAME(mprotect(p + 3 * PGSIZE, 0, PROT_NONE), 0);
    SAME(rights(p), 31333333);
    protect(p, 0, PAGES, RW);
    CHECK(data_good(p, 1, 0, PAGES * PGSIZE));
    SAME(committed(), promised);
}

static void change_under(char *p, int prot)
{
    int ends[2];
    MUST(pipe(ends));
    protect(p, 0, 1, prot);
    if (prot & PROT_WRITE)
        PASSES(page_store, p);
    else
        KILLED(page_store, p);
    if (prot & PROT_READ)
        PASSES(page_load, p);
    else
        KILLED(page_load, p);
    if (prot & PROT_EXEC)
        PASSES(page_jump, p);
    else
        KILLED(page_jump, p);
    SAME(write(ends[1], p, 1), prot & PROT_READ ? 1 : -1);
    SAME(write(ends[1], "x", 1), 1);
    SAME(read(ends[0], p, 1), prot & PROT_WRITE ? 1 : -1);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

/* Every change between rights, with a page that was touched and one that was not. */
void mprotect_means_it(void)
{
    static const int kinds[] = {PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC, PROT_EXEC};
    for (int from = 0; from < 5; from++) {
        for (int to = 0; to < 5; to++) {
            char *p = map_pages(2);
            *(uint *)(void *)p = 0x00008082; /* ret */
            protect(p, 0, 2, kinds[from]);
            change_under(p, kinds[to]);
            protect(p, 0, 2, RW);
            SAME(p[1] & 0xff, 0x80);
            SAME(p[PGSIZE], 0);
            SAME(munmap(p, 2 * PGSIZE), 0);
        }
    }
}

/* What was promised is kept through PROT_NONE, without a new frame. */
void mprotect_none_keeps(void)
{
    char *p = map_pages(3);
    data_fill(p, 2, 0, 2 * PGSIZE);
    uint64 frame = page_of(0, p).frame;
    protect(p, 0, 3, PROT_NONE);
    SAME(page_of(0, p).rights, 0);
    SAME(page_of(0, p).state, PAGE_PRIVATE);
    SAME(page_of(0, p).frame, frame);
    PASSES((void (*)(long))(void *)getpid, 0); /* a fork of it */
    protect(p, 0, 3, RW);
    faults_begin(getpid());
    CHECK(data_good(p, 2, 0, 2 * PGSIZE));
    *p = 1;
    FAULTS_WERE([KIND_REUSE] = 1);
    SAME(page_of(0, p).frame, frame);
}

void mprotect_refuses(void)
{
    char *p = map_pages(PAGES);
    data_fill(p, 1, 0, PAGES * PGSIZE);
    SAME(munmap(p + 5 * PGSIZE, PGSIZE), 0);
    long promised = committed();
    REFUSED(mprotect(p, PAGES * PGSIZE, PROT_READ), ENOMEM); /* a hole */
    REFUSED(mprotect(p + 5 * PGSIZE, PGSIZE, PROT_READ), ENOMEM);
    REFUSED(mprotect(p + 4 * PGSIZE, 2 * PGSIZE, PROT_READ), ENOMEM);
    REFUSED(mprotect(p, PGSIZE, RW | PROT_EXEC), EACCES);
    REFUSED(mprotect(p, PGSIZE, PROT_WRITE | PROT_EXEC), EACCES);
    REFUSED(mprotect(p, PGSIZE, 8), EINVAL);
    REFUSED(mprotect(p, PGSIZE, -1), EINVAL);
    REFUSED(mprotect(p + 1, PGSIZE, PROT_READ), EINVAL);
    REFUSED(mprotect(p, -1ul, PROT_READ), ENOMEM);
    REFUSED(mprotect(p, MAXVA, PROT_READ), ENOMEM);
    REFUSED(mprotect((char *)MAXVA, PGSIZE, PROT_READ), ENOMEM);
    REFUSED(mprotect((char *)-PGSIZE, PGSIZE, PROT_READ), ENOMEM);
    REFUSED(mprotect(stack_room(), PGSIZE, PROT_READ), ENOMEM); /* not promised yet */
    SAME(rights(p), 33333933);
    SAME(areas_in(p, PAGES), 2);
    SAME(committed(), promised);
    CHECK(data_good(p, 1, 0, 5 * PGSIZE));
}

/* Private memory that was only readable is charged when it becomes writable, once. */
void mprotect_charges(void)
{
    char *p = map_pages(PAGES + 1); /* the last one keeps the page tables */
    CHECK(map_fixed(p, PAGES, PROT_READ) == p);
    pages_load(p, PAGES);
    long before = committed();
    protect(p, 2, 3, RW);
    SAME(committed(), before + 3);
    protect(p, 2, 3, PROT_READ);
    protect(p, 3, 2, RW);
    SAME(committed(), before + 3); /* it may have been written: it stays charged */
    protect(p, 0, PAGES, RW);
    SAME(committed(), before + PAGES);
    SAME(areas_in(p, PAGES + 1), 1);
    pages_store(p, PAGES, 1);
    SAME(committed(), before + PAGES);
    SAME(munmap(p, PAGES * PGSIZE), 0);
    SAME(committed(), before);
}

/* A page that others share becomes writable by a copy, not by a change of its entry. */
static void write_copy(long at)
{
    char *p = (char *)at;
    protect(p, 0, 1, PROT_READ);
    KILLED(page_store, p);
    protect(p, 0, 1, RW);
    SAME(page_of(0, p).rights & 2, 0);
    *p = 2;
    SAME(*p, 2);
}

void mprotect_shared_frames(void)
{
    char *p = map_pages(1);
    *p = 1;
    PASSES(write_copy, p);
    SAME(*p, 1);
    protect(p, 0, 1, PROT_READ);
    PASSES(write_copy, p);
    SAME(*p, 1);
    char *zero = mmap(0, PGSIZE, PROT_READ, ANON, -1, 0);
    SAME(*zero, 0);
    protect(zero, 0, 1, RW);
    *zero = 1;
    char *other = map_pages(1);
    SAME(*other, 0);
}

/* Heap, data and text are memory like other. */
static char constants[3 * PGSIZE] = {5};

static void protect_text(long unused)
{
    uint64 page = PGROUNDDOWN((uint64)&mprotect_refuses);
    (void)unused;
    REFUSED(mprotect((char *)page, PGSIZE, RW | PROT_EXEC), EACCES);
    KILLED(page_store, page);
}

static void protect_stack(long unused)
{
    volatile char room[4 * PGSIZE];
    char *p = (char *)PGROUNDUP((uint64)room);
    (void)unused;
    for (int i = 0; i < 4; i++)
        room[i * PGSIZE] = 7;
    p[1] = 7;
    protect(p, 0, 1, PROT_READ);
    KILLED(page_store, p);
    SAME(p[1], 7);
    protect(p, 0, 1, RW);
    p[1] = 8;
}

void mprotect_program(void)
{
    char *p = pages_filled(3, 3), *data = (char *)PGROUNDUP((uint64)constants);
    protect(p, 1, 1, PROT_READ);
    KILLED(page_store, p + PGSIZE);
    MUST(sbrk(PGSIZE));
    MUST(sbrk(-3 * PGSIZE)); /* over the borders between rights */
    MUST(sbrk(2 * PGSIZE));
    SAME(p[PGSIZE], 0);
    p[PGSIZE] = 1;
    protect(data, 0, 1, PROT_READ);
    KILLED(page_store, data);
    protect(data, 0, 1, RW);
    *data = 6;
    PASSES(protect_text, 0);
    PASSES(protect_stack, 0);
}

/* Below a page that may only be read, the stack grows to be read. */
static void grow_below_protected(long store)
{
    char *low = (char *)PGROUNDDOWN(stack_reach(8 * PGSIZE, 1));
    protect(low, 0, 1, PROT_READ);
    stack_reach(10 * PGSIZE, 0);
    stack_reach(10 * PGSIZE, store);
}

void stack_keeps_rights(void)
{
    PASSES(grow_below_protected, 0);
    KILLED(grow_below_protected, 1);
}
