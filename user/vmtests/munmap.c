/* munmap: any part of anything, whether it is there or not. */
#include "user/vmtests/maps.h"

#define PAGES 8

/* Eight pages of which those whose bit is set in `there` are promised, with their bytes. */
static void check_pages(char *p, uint there, long promised)
{
    for (int i = 0; i < PAGES; i++) {
        int state = page_of(0, p + i * PGSIZE).state;
        if (there >> i & 1)
            CHECK(data_good(p + i * PGSIZE, 1, (uint)i * PGSIZE, PGSIZE));
        else
            SAME(state, PAGE_NONE);
    }
    SAME(committed(), promised);
}

static void unmap(char *p, int from, int n)
{
    SAME(munmap(p + from * PGSIZE, (size_t)n * PGSIZE), 0);
}

void pitfall_22_unmap_parts(void)
{
    char *p = map_pages(PAGES + 2) + PGSIZE; /* its neighbours keep the page tables */
    data_fill(p, 1, 0, PAGES * PGSIZE);
    SAME(munmap(p - PGSIZE, PGSIZE) + munmap(p + PAGES * PGSIZE, PGSIZE), 0);
    CHECK(map_fixed(p - PGSIZE, 1, PROT_READ) && map_fixed(p + PAGES * PGSIZE, 1, PROT_READ));
    long promised = committed();
    unmap(p, 0, 1); /* the start */
    check_pages(p, 0xfe, promised - 1);
    unmap(p, 7, 1); /* the end */
    check_pages(p, 0x7e, promised - 2);
    unmap(p, 3, 2); /* the middle */
    check_pages(p, 0x66, promised - 4);
    unmap(p, 3, 2); /* again */
    unmap(p, 0, 2); /* a hole, then a page */
    check_pages(p, 0x64, promised - 5);
    unmap(p, 2, 4); /* several areas and what is between */
    check_pages(p, 0x40, promised - 7);
    SAME(munmap(p + 6 * PGSIZE, 1), 0); /* a byte is a page */
    check_pages(p, 0, promised - 8);
    unmap(p, 0, PAGES);
    SAME(areas_in(p, PAGES), 0);
}

void pitfall_22_unmap_untouched(void)
{
    long before = committed();
    for (int n = 1; n < 40; n += 7) {
        char *p = map_pages(n);
        unmap(p, n / 2, 1);
        unmap(p, 0, n);
        unmap(p, 0, n);
    }
    char *p = mmap(0, 1ul << 36, PROT_READ, ANON, -1, 0);
    SAME(munmap(p + PGSIZE, (1ul << 36) - 2 * PGSIZE), 0);
    SAME(areas_in(p, 1 << 24), 2);
    SAME(munmap(p, 1ul << 36), 0);
    SAME(committed(), before);
}

/* A page that comes again is empty again, and its frame has gone back. */
void munmap_forgets(void)
{
    char *p = map_pages(2);
    long left = frames_left();
    for (int i = 0; i < 50; i++) {
        pages_store(p, 2, 1 + i);
        unmap(p, 1, 1);
        CHECK(map_fixed(p + PGSIZE, 1, RW) == p + PGSIZE);
        SAME(p[PGSIZE], 0);
    }
    SAME(frames_left() <= left && frames_left() > left - 40, 1);
}

/* What was taken away is gone at once, for the program and for the kernel. */
void munmap_means_it(void)
{
    char *p = map_pages(4);
    pages_store(p, 4, 1);
    int ends[2];
    MUST(pipe(ends));
    unmap(p, 1, 2);
    KILLED(page_load, p + PGSIZE);
    KILLED(page_store, p + 2 * PGSIZE);
    REFUSED(write(ends[1], p + PGSIZE, 1), EFAULT);
    REFUSED(write(ends[1], p, 2 * PGSIZE), EFAULT);
    SAME(p[0] + p[3 * PGSIZE], 2);
}

/*
 * The heap is memory like other: what is unmapped of it stays away until the break has been below
 * it, and a mapping put there is not the heap's to take.
 */
void munmap_heap(void)
{
    char *p = pages_filled(PAGES, 1), *end = sbrk(0);
    long promised = committed();
    unmap(p, 2, 3);
    check_pages(p, 0xe3, promised - 3);
    KILLED(page_store, p + 3 * PGSIZE);
    CHECK(sbrk(0) == end);
    CHECK(map_fixed(p + 3 * PGSIZE, 1, RW) == p + 3 * PGSIZE);
    p[3 * PGSIZE] = 9;
    CHECK(sbrk(-6 * PGSIZE) == end);
    SAME(p[3 * PGSIZE], 9);
    SAME(committed(), promised - 5); /* 2 of the heap and the mapping are left */
    CHECK(data_good(p, 1, 0, 2 * PGSIZE));
    REFUSED((long)sbrk(2 * PGSIZE), ENOMEM);
    CHECK(sbrk(PGSIZE) == p + 2 * PGSIZE);
    SAME(p[2 * PGSIZE], 0);
    unmap(p, 3, 1);
    MUST(sbrk(5 * PGSIZE));
    SAME(p[3 * PGSIZE], 0);
    SAME(committed(), promised);
    unmap(p, 7, 1); /* the last page, and the break inside it */
    MUST(sbrk(-100));
    MUST(sbrk(100));
    KILLED(page_store, p + 7 * PGSIZE);
    MUST(sbrk(-PGSIZE));
    MUST(sbrk(PGSIZE));
    SAME(p[7 * PGSIZE], 0);
    SAME(committed(), promised);
}

/* Of the lazy heap each frame was charged by itself. */
void munmap_lazy_heap(void)
{
    heap_end();
    char *p = sbrklazy(64 * PGSIZE);
    long before = committed();
    pages_store(p, 8, 1);
    long tables = committed() - before - 8;
    CHECK(tables >= 0 && tables <= 2);
    unmap(p, 4, 8);
    SAME(committed(), before + tables + 4);
    SAME(mprotect(p, 2 * PGSIZE, PROT_READ), 0);
    SAME(mprotect(p, 2 * PGSIZE, RW), 0); /* stays lazy */
    SAME(committed(), before + tables + 4);
    MUST(sbrk(-64 * PGSIZE));
    SAME(committed(), before);
}

/* Of the stack, what is unmapped inside its room comes again, empty. */
static void unmap_stack(long unused)
{
    volatile char deep[20 * PGSIZE];
    char *p = (char *)PGROUNDUP((uint64)deep) + PGSIZE;
    (void)unused;
    for (int i = 0; i < 20; i++)
        deep[i * PGSIZE] = 1;
    p[5] = 77;
    unmap(p, 0, 2);
    SAME(page_of(0, p).state, PAGE_NONE);
    SAME(p[5], 0);
    p[5] = 78;
    SAME(p[5], 78);
}

static char data[3 * PGSIZE] = {1};

static void unmap_data(long unused)
{
    char *p = (char *)PGROUNDUP((uint64)data);
    (void)unused;
    p[PGSIZE - 1] = 1;
    unmap(p, 0, 1);
    KILLED(page_load, p);
    CHECK(map_fixed(p, 1, RW) == p);
    SAME(p[PGSIZE - 1], 0);
}

static void unmap_all(long unused)
{
    (void)unused;
    munmap(0, USYSCALL - PGSIZE);
}

void munmap_program(void)
{
    PASSES(unmap_stack, 0);
    PASSES(unmap_data, 0);
    KILLED(unmap_all, 0);
}
