/*
 * mmap of memory that belongs to no file: where it goes, what it holds, what is refused, and that
 * a refusal changes nothing.
 */
#include "user/vmtests/maps.h"

#define PAGES 8

void mmap_reads_zero(void)
{
    char *p = map_pages(PAGES);
    faults_begin(getpid());
    for (int i = 0; i < PAGES; i += 2)
        SAME(p[i * PGSIZE + 77], 0);
    pages_store(p, PAGES, 3);
    for (int i = 0; i < PAGES; i++)
        SAME(p[i * PGSIZE] + p[i * PGSIZE + 1], 3);
    FAULTS_WERE([KIND_ZERO] = PAGES / 2, [KIND_LAZY] = PAGES / 2, [KIND_COW] = PAGES / 2);
    SAME(munmap(p, PAGES * PGSIZE), 0);
    KILLED(page_load, p);
    KILLED(page_store, p + (PAGES - 1) * PGSIZE);
    p = map_fixed(p, 1, PROT_WRITE); /* what may be written may be read */
    SAME(p[0], 0);
    pages_store(p, 1, 3);
    SAME(p[0] + p[1], 3);
    SAME(munmap(p, PGSIZE), 0);
}

/* From the top down, each below the one before, without a gap. */
void mmap_goes_down(void)
{
    char *a = map_pages(3), *b = map_pages(2), *c = map_pages(1);
    CHECK((uint64)a + 3 * PGSIZE <= USYSCALL);
    CHECK(b == a - 2 * PGSIZE && c == b - PGSIZE);
    SAME(munmap(b, 2 * PGSIZE), 0);
    CHECK(map_pages(3) == c - 3 * PGSIZE); /* does not fit into the gap */
    CHECK(map_pages(1) == a - PGSIZE);     /* does */
    CHECK(map_pages(1) == a - 2 * PGSIZE);
    CHECK((long)mmap(0, 1, RW, ANON, -1, 0) == (long)c - 4 * PGSIZE); /* a byte is a page */
}

/* A wish is granted if the place is free, and rounded down; if not, the kernel chooses. */
void mmap_takes_hints(void)
{
    char *wish = heap_end() + 64 * PGSIZE;
    CHECK(mmap(wish, PGSIZE, RW, ANON, -1, 0) == wish);
    CHECK(mmap(wish + PGSIZE + 5, PGSIZE, RW, ANON, -1, 0) == wish + PGSIZE);
    char *other = mmap(wish, PGSIZE, RW, ANON, -1, 0);
    CHECK(other > wish + 2 * PGSIZE);
    CHECK(mmap(wish - PGSIZE, 2 * PGSIZE, RW, ANON, -1, 0) != wish - PGSIZE); /* in part */
    CHECK((long)mmap((char *)-5000l, PGSIZE, RW, ANON, -1, 0) > 0);
    CHECK((long)mmap(stack_room(), PGSIZE, RW, ANON, -1, 0) != (long)stack_room());
}

/* The heap grows until it meets a mapping, and again when that is gone. */
void mmap_stops_heap(void)
{
    char *end = heap_end();
    char *wall = mmap(end + 4 * PGSIZE, PGSIZE, RW, ANON, -1, 0);
    CHECK(wall == end + 4 * PGSIZE);
    *wall = 9;
    REFUSED((long)sbrk(4 * PGSIZE + 1), ENOMEM);
    REFUSED((long)sbrklazy(8 * PGSIZE), ENOMEM);
    CHECK(sbrk(0) == end && sbrk(4 * PGSIZE) == end);
    end[4 * PGSIZE - 1] = 1;
    REFUSED((long)sbrk(1), ENOMEM);
    SAME(*wall, 9);
    SAME(munmap(wall, PGSIZE), 0);
    MUST(sbrk(1));
    SAME(*wall, 0);
}

/* With MAP_FIXED in place of whatever was there: parts of areas, several, holes, the heap. */
void mmap_replaces(void)
{
    char *p = map_pages(8);
    data_fill(p, 1, 0, 8 * PGSIZE);
    SAME(munmap(p + 5 * PGSIZE, PGSIZE), 0);
    SAME(mprotect(p + 6 * PGSIZE, PGSIZE, PROT_READ), 0);
    long promised = committed();
    CHECK(map_fixed(p + 2 * PGSIZE, 5, RW) == p + 2 * PGSIZE); /* 2 to 6; 5 is a hole */
    SAME(committed(), promised + 1);
    CHECK(data_good(p, 1, 0, 2 * PGSIZE));
    for (int i = 2 * PGSIZE; i < 7 * PGSIZE; i += 512)
        SAME(p[i], 0);
    CHECK(data_good(p + 7 * PGSIZE, 1, 7 * PGSIZE, PGSIZE));
    pages_store(p, 8, 5);
    SAME(areas_in(p, 8), 1); /* all alike again */

    char *heap = pages_filled(4, 2);
    CHECK(map_fixed(heap + PGSIZE, 2, PROT_READ) == heap + PGSIZE);
    SAME(heap[PGSIZE], 0);
    CHECK(data_good(heap + 3 * PGSIZE, 2, 3 * PGSIZE, PGSIZE));
    KILLED(page_store, heap + PGSIZE);
}

/* What is refused has changed nothing. */
static void nothing_changed(char *p, long promised)
{
    CHECK(data_good(p, 1, 0, 4 * PGSIZE));
    SAME(areas_in(p, 4), 1);
    SAME(committed(), promised);
}

void pitfall_22_arguments(void)
{
    char *p = map_pages(4), *room = stack_room();
    data_fill(p, 1, 0, 4 * PGSIZE);
    long promised = committed();
    REFUSED((long)mmap(0, 0, RW, ANON, -1, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, RW, ANON | MAP_SHARED, -1, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, RW, ANON | 0x8000, -1, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, 8, ANON, -1, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, RW | PROT_EXEC, ANON, -1, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, RW, ANON, -1, 100), EINVAL);
    REFUSED((long)mmap(0, -1ul, RW, ANON, -1, 0), ENOMEM);
    REFUSED((long)mmap(0, MAXVA, PROT_READ, ANON, -1, 0), ENOMEM);
    REFUSED((long)mmap(0, 1ul << 63, PROT_READ, ANON, -1, 0), ENOMEM);
    REFUSED((long)mmap(p + 1, PGSIZE, RW, FIXED, -1, 0), EINVAL);
    REFUSED((long)mmap((char *)USYSCALL, PGSIZE, RW, FIXED, -1, 0), ENOMEM);
    REFUSED((long)mmap((char *)USYSCALL - PGSIZE, 2 * PGSIZE, RW, FIXED, -1, 0), ENOMEM);
    REFUSED((long)mmap((char *)-PGSIZE, PGSIZE, RW, FIXED, -1, 0), ENOMEM);
    REFUSED((long)mmap((char *)KERNBASE, -1ul << 20, RW, FIXED, -1, 0), ENOMEM);
    REFUSED((long)mmap(room, PGSIZE, RW, FIXED, -1, 0), EINVAL);
    REFUSED((long)mmap(room - PGSIZE, PGSIZE, RW, FIXED, -1, 0), EINVAL); /* the guard */
    REFUSED((long)mmap((char *)PGROUNDDOWN(r_sp()), PGSIZE, RW, FIXED, -1, 0), EINVAL);
    nothing_changed(p, promised);
    REFUSED(munmap(p + 1, PGSIZE), EINVAL);
    REFUSED(munmap(p, 0), EINVAL);
    REFUSED(munmap(p, -1ul), EINVAL);
    REFUSED(munmap(p, MAXVA), EINVAL);
    REFUSED(munmap((char *)MAXVA, PGSIZE), EINVAL);
    REFUSED(munmap((char *)(-1ul << 12), PGSIZE), EINVAL);
    nothing_changed(p, promised);
}

/* Promised only if it can be kept; and what cannot replaces nothing. */
void mmap_honest(void)
{
    struct kstat k = kernel_now();
    uint64 left = (k.frames_limit - k.frames_committed) * PGSIZE;
    char *p = map_pages(4);
    data_fill(p, 1, 0, 4 * PGSIZE);
    long promised = committed();
    REFUSED((long)mmap(0, left, RW, ANON, -1, 0), ENOMEM);
    REFUSED((long)mmap(0, left, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM);
    REFUSED((long)mmap(p - left, left + PGSIZE, RW, FIXED, -1, 0), ENOMEM);
    nothing_changed(p, promised);
    char *readable = mmap(0, 1ul << 36, PROT_READ, ANON, -1, 0); /* costs nothing */
    CHECK((long)readable > 0);
    SAME(committed(), promised);
    REFUSED(mprotect(readable, 1ul << 36, RW), ENOMEM);
    SAME(committed(), promised);
    SAME(areas_in(readable, 1 << 24), 1);
    SAME(munmap(readable, 1ul << 36), 0);
    nothing_changed(p, promised);
}

/* Writable private memory is charged in full, with its tables; what is only read is not. */
void mmap_charges(void)
{
    char *at = heap_end() + 1024 * PGSIZE; /* with room for tables of its own */
    at = (char *)((uint64)at & ~(SUPERPGSIZE - 1)) + 2 * SUPERPGSIZE;
    long before = committed();
    CHECK(map_fixed(at, 512, RW) == at);
    SAME(committed(), before + 512 + 1);
    pages_store(at, 512, 1);
    SAME(committed(), before + 512 + 1);
    SAME(munmap(at, 256 * PGSIZE), 0);
    SAME(committed(), before + 256 + 1);
    SAME(munmap(at, 512 * PGSIZE), 0);
    SAME(committed(), before);
    CHECK(map_fixed(at, 512, PROT_READ) == at);
    SAME(committed(), before);
    pages_load(at, 512);
    SAME(committed(), before + 1);
    SAME(munmap(at, 512 * PGSIZE), 0);
    SAME(committed(), before);
}

/* The child has what the parent had, and exec nothing of it. */
static void inherits(long p)
{
    char *at = (char *)p;
    CHECK(data_good(at, 4, 0, 4 * PGSIZE));
    data_fill(at, 5, 0, 4 * PGSIZE);
    KILLED(page_store, at + 4 * PGSIZE);
    SAME(munmap(at, 5 * PGSIZE), 0);
}

void mmap_over_fork(void)
{
    char *p = map_pages(5);
    data_fill(p, 4, 0, 4 * PGSIZE);
    SAME(mprotect(p + 4 * PGSIZE, PGSIZE, PROT_READ), 0);
    for (int eager = 0; eager < 2; eager++) {
        forkmode(eager ? FORK_EAGER : FORK_COW);
        PASSES(inherits, p);
        CHECK(data_good(p, 4, 0, 4 * PGSIZE));
        SAME(areas_in(p, 5), 2);
    }
}

int helper_mapped(int argc, char *argv[])
{
    struct pageinfo page;
    (void)argc;
    return pagemap(0, (uint64)atoi(argv[0]) * PGSIZE, &page, 1) == 1 && page.state == PAGE_NONE
               ? STATUS_PASSED
               : STATUS_FAILED;
}

void mmap_ends_with_exec(void)
{
    char *p = map_pages(2), number[20];
    *p = 1;
    snprintf(number, sizeof number, "%lu", (uint64)p / PGSIZE);
    char *argv[] = {"vmtests", "@mapped", number, 0};
    SAME(child_exec("/vmtests", argv), STATUS_PASSED);
}

/* Under vfork there is one space: what the child maps, its parent has. */
void mmap_under_vfork(void)
{
    static char *volatile p;
    int pid = vfork();
    if (pid == 0) {
        p = mmap(0, PGSIZE, RW, ANON, -1, 0);
        *p = 7;
        exit(STATUS_PASSED);
    }
    SAME(child_wait(MUST(pid)), STATUS_PASSED);
    SAME(*p, 7);
}
