/* What can be asked of memory: madvise, mincore, pgaccess, msync without files. */
#include "user/vmtests/maps.h"

#define PAGES 8

void madvise_forgets(void)
{
    char *p = map_pages(PAGES), *heap = pages_filled(4, 2);
    data_fill(p, 1, 0, PAGES * PGSIZE);
    SAME(mprotect(p + PGSIZE, PGSIZE, PROT_READ), 0);
    long promised = committed(), left = frames_left();
    SAME(madvise(p, PAGES * PGSIZE, MADV_NORMAL), 0);
    CHECK(data_good(p, 1, 0, PAGES * PGSIZE));
    SAME(madvise(p + PGSIZE, 3 * PGSIZE - 100, MADV_DONTNEED), 0);
    CHECK(frames_left() >= left + 3);
    SAME(committed(), promised);
    CHECK(data_good(p, 1, 0, PGSIZE));
    CHECK(data_good(p + 4 * PGSIZE, 1, 4 * PGSIZE, PGSIZE));
    for (int i = PGSIZE; i < 4 * PGSIZE; i += 64)
        SAME(p[i], 0);
    KILLED(page_store, p + PGSIZE);
    SAME(madvise(heap, 4 * PGSIZE, MADV_DONTNEED), 0);
    SAME(heap[2 * PGSIZE + 3], 0);
    SAME(madvise(p, 0, MADV_DONTNEED), 0);
    SAME(areas_in(p, PAGES), 3);
}

/* Frames of the lazy heap are charged one by one, not again when copied, and so are given back. */
void madvise_lazy_heap(void)
{
    heap_end();
    long before = committed();
    char *p = sbrklazy(4096 * PGSIZE);
    for (int i = 0; i < 4096; i += 64)
        p[i * PGSIZE] = 1;
    CHECK(committed() >= before + 64);
    holder_start();
    long charged = committed();
    for (int i = 0; i < 4096; i += 64)
        p[i * PGSIZE] = 2;
    SAME(committed() - charged, 0);
    holder_end();
    SAME(madvise(p, 4096 * PGSIZE, MADV_DONTNEED), 0);
    CHECK(committed() <= before + 2); /* tables at its ends */
    SAME(p[64 * PGSIZE], 0);
    MUST(sbrk(-4096 * PGSIZE));
    SAME(committed(), before);
}

void madvise_refuses(void)
{
    char *p = map_pages(4);
    data_fill(p, 1, 0, 4 * PGSIZE);
    SAME(munmap(p + 2 * PGSIZE, PGSIZE), 0);
    REFUSED(madvise(p, 4 * PGSIZE, MADV_DONTNEED), ENOMEM);
    REFUSED(madvise(p, 4 * PGSIZE, MADV_NORMAL), ENOMEM);
    REFUSED(madvise(p + 1, PGSIZE, MADV_DONTNEED), EINVAL);
    REFUSED(madvise(p, PGSIZE, 77), EINVAL);
    REFUSED(madvise(p, -1ul, MADV_DONTNEED), ENOMEM);
    REFUSED(madvise((char *)-PGSIZE, 2 * PGSIZE, MADV_DONTNEED), ENOMEM);
    REFUSED(msync(p, 4 * PGSIZE, MS_SYNC), ENOMEM);
    REFUSED(msync(p, 4 * PGSIZE, MS_ASYNC), ENOMEM);
    REFUSED(msync(p + 1, PGSIZE, MS_SYNC), EINVAL);
    REFUSED(msync(p + 1, PGSIZE, MS_ASYNC), EINVAL);
    REFUSED(msync(p, PGSIZE, 0), EINVAL);
    REFUSED(msync(p, PGSIZE, MS_SYNC | MS_ASYNC), EINVAL);
    REFUSED(msync(p, -1ul, MS_SYNC), ENOMEM);
    SAME(msync(p, 2 * PGSIZE, MS_SYNC), 0);
    SAME(msync(p, 2 * PGSIZE, MS_ASYNC), 0);
    SAME(msync(p, 0, MS_SYNC), 0);
    CHECK(data_good(p, 1, 0, 2 * PGSIZE));
}

void mincore_tells(void)
{
    static uchar in[600];
    char *p = map_pages(500), *shared = map_shared(2);
    for (int i = 0; i < 500; i += 3)
        p[i * PGSIZE] = 1;
    SAME(mincore(p, 500 * PGSIZE, in), 0);
    for (int i = 0; i < 500; i++)
        SAME(in[i], i % 3 == 0);
    PASSES(page_store, shared); /* in a child: not in our page table, but there */
    SAME(mincore(shared, PGSIZE + 1, in), 0);
    SAME(in[0], 1);
    SAME(in[1], 0);
    SAME(page_of(0, shared).state, PAGE_ABSENT);
    SAME(mincore(p, 0, in), 0);
    in[1] = 7;
    SAME(mincore(p, 1, in), 0);
    SAME(in[1], 7);
    SAME(munmap(p + 300 * PGSIZE, PGSIZE), 0);
    REFUSED(mincore(p, 500 * PGSIZE, in), ENOMEM);
    REFUSED(mincore(p + 1, PGSIZE, in), EINVAL);
    REFUSED(mincore(p, -1ul, in), ENOMEM);
    REFUSED(mincore(p, 300 * PGSIZE, (uchar *)MAXVA), EFAULT);
    REFUSED(mincore(p, 300 * PGSIZE, (uchar *)p + 299 * PGSIZE + PGSIZE - 10), EFAULT);
}

static uint used[3]; /* by pgaccess() */

/* Which of the first 64 pages from p on were used since the last look. */
static uint64 look(char *p, int n)
{
    SAME(pgaccess(p, n, used), 0);
    return used[0] | (uint64)used[1] << 32;
}

/*
 * Which of them were used by touch(p) alone.  A machine that was told to
 * drop accessed bits (docs/vm.md, "Other machines") may lose some, so it is tried a few times.
 */
static uint64 used_by(char *p, int n, void (*touch)(char *p))
{
    uint64 all = 0;
    for (int i = 0; i < 10; i++) {
        look(p, n);
        touch(p);
        all |= look(p, n);
    }
    return all;
}

static void touch_some(char *p)
{
    p[PGSIZE] = 2;
    page_load((long)(p + 2 * PGSIZE));
    p[37 * PGSIZE]++;
}

static void touch_nothing(char *p)
{
    (void)p;
}

/* By the kernel, for the program. */
static void touch_in_call(char *p)
{
    int ends[2];
    MUST(pipe(ends));
    SAME(write(ends[1], p + 4 * PGSIZE, 1), 1);
    SAME(read(ends[0], p + 5 * PGSIZE, 1), 1);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

/* Bits of the pages used since the last call; the address need not be that of a page. */
void pgaccess_tells(void)
{
    char *p = map_pages(40) + 16, *lazy = map_pages(3);
    uint64 first = 0;
    used[2] = 77;
    for (int i = 0; i < 10; i++) {
        pages_store(p, 40, 1);
        first |= look(p, 40);
    }
    SAME(first, (1ul << 40) - 1);
    SAME(used_by(p, 40, touch_some), 1ul << 1 | 1ul << 2 | 1ul << 37);
    SAME(used_by(p, 40, touch_nothing), 0);
    SAME(used_by(p, 40, touch_in_call), 1ul << 4 | 1ul << 5);
    SAME(used[2], 77);
    SAME(used_by(p, 33, touch_some), 1ul << 1 | 1ul << 2);
    SAME(used_by(lazy, 3, touch_nothing), 0);
    SAME(page_of(0, lazy).state, PAGE_ABSENT);
    SAME(pgaccess(p, 0, used), 0);
}

/* Nothing is cleared when the answer cannot be given. */
void pgaccess_refuses(void)
{
    char *p = map_pages(4);
    uint64 all = 0;
    SAME(munmap(p + 3 * PGSIZE, PGSIZE), 0);
    for (int i = 0; i < 10; i++) {
        pages_store(p, 3, 1);
        REFUSED(pgaccess(p, -1, used), EINVAL);
        REFUSED(pgaccess(p, PGACCESS_MAX + 1, used), EINVAL);
        REFUSED(pgaccess(p, 4, used), ENOMEM);
        REFUSED(pgaccess((char *)MAXVA, 1, used), ENOMEM);
        REFUSED(pgaccess((char *)-PGSIZE, 2, used), ENOMEM);
        REFUSED(pgaccess(p, 3, (void *)(p + 3 * PGSIZE)), EFAULT);
        REFUSED(pgaccess(p, 3, (void *)MAXVA), EFAULT);
        REFUSED(pgaccess(p, 3, 0), EFAULT);
        SAME(pgaccess(p, 3, used), 0);
        all |= used[0];
    }
    SAME(all, 7);
}
