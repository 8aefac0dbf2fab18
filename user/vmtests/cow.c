/* Memory shared by fork until somebody writes: who sees what, and at what price. */
#include "user/vmtests/vm.h"

#define PAGES 40

static char *area; /* PAGES pages */

static void area_fill(int seed)
{
    area = heap_pages(PAGES);
    data_fill(area, seed, 0, PAGES * PGSIZE);
}

static void write_over(long seed)
{
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    data_fill(area, (int)seed, 0, PAGES * PGSIZE);
    yield();
    CHECK(data_good(area, (int)seed, 0, PAGES * PGSIZE));
}

/* The child writes, then the parent sees its own; again for a second and a third child. */
void cow_child_writes(void)
{
    area_fill(1);
    for (int i = 0; i < 3; i++) {
        PASSES(write_over, 10 + i);
        CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    }
}

/* The parent writes while the child still looks. */
void cow_parent_writes(void)
{
    int ends[2];
    char c;
    area_fill(1);
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[1]);
        SAME(read(ends[0], &c, 1), 0); /* until the parent has written */
        CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
        exit(0);
    }
    data_fill(area, 2, 0, PAGES * PGSIZE);
    SAME(close(ends[0]), 0);
    SAME(close(ends[1]), 0);
    SAME(child_wait(pid), 0);
    CHECK(data_good(area, 2, 0, PAGES * PGSIZE));
}

/* A page copied before a fork must be shared again, not left writable in both. */
static void copied_before(long depth)
{
    int mark = 100 + (int)depth;
    area[0] = (char)mark;
    area[PGSIZE * (depth + 1)] = (char)mark;
    if (depth < 6)
        PASSES(copied_before, depth + 1);
    SAME(area[0], mark);
    SAME(area[PGSIZE * (depth + 1)], mark);
    SAME(area[PGSIZE * (depth + 2)], data_byte(1, PGSIZE * (depth + 2)));
}

void pitfall_06_shared_again(void)
{
    area_fill(1);
    PASSES(copied_before, 0);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
}

static void write_some(long i)
{
    for (int round = 0; round < 3; round++) {
        for (int page = (int)i % 4; page < PAGES; page += 4)
            area[page * PGSIZE + 8 + i] = (char)(i + round);
        yield();
        for (int page = (int)i % 4; page < PAGES; page += 4)
            SAME(area[page * PGSIZE + 8 + i], (char)(i + round));
    }
}

void cow_crowd(void)
{
    area_fill(1);
    crowd(24, write_some);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
}

/* One page in more processes than eight bits can count; each then writes, and has its own. */
static void share_one_page(int gate, int n)
{
    char c;
    SAME(read(gate, &c, 1), 0); /* until all are there */
    CHECK(data_good(area, 1, 0, PGSIZE));
    area[n] = 1;
}

void pitfall_08_many_sharers(void)
{
    enum { SHARERS = 270 };
    int gate[2];
    if (kernel_now().frames_total < 60 * MIB_FRAMES)
        SKIP("needs 64 MiB");
    area = pages_filled(1, 1); /* little is promised, so that there is room for many */
    uint64 frame = page_info(area).frame;
    MUST(pipe(gate));
    for (int n = 0; n < SHARERS; n++) {
        if (child_fork() == 0) {
            close(gate[1]);
            share_one_page(gate[0], n);
            exit(STATUS_PASSED);
        }
        SAME(page_info(area).refs, n + 2);
    }
    SAME(close(gate[1]), 0);
    for (int i = 0; i < SHARERS; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, STATUS_PASSED);
    }
    SAME(close(gate[0]), 0);
    CHECK(data_good(area, 1, 0, PGSIZE));
    SAME(page_info(area).refs, 1);
    SAME(page_info(area).frame, frame);
}

/* The kernel writes for the child: into the child's copy. */
static void read_into_area(long fd)
{
    int ends[2];
    SAME(read((int)fd, area + 100, 3 * PGSIZE), 3 * PGSIZE);
    CHECK(data_good(area + 100, 5, 0, 3 * PGSIZE));
    SAME(fstat((int)fd, (struct stat *)(area + 6 * PGSIZE)), 0);
    SAME(pipe((int *)(area + 7 * PGSIZE - 4)), 0);
    memmove(ends, area + 7 * PGSIZE - 4, sizeof ends);
    SAME(write(ends[1], area, 1000), 1000);
    SAME(read(ends[0], area + 9 * PGSIZE - 500, 1000), 1000);
    if (child_fork() == 0)
        exit(0x55);
    MUST(wait((int *)(area + 12 * PGSIZE)));
    SAME(*(int *)(area + 12 * PGSIZE), 0x55);
}

void cow_by_kernel(void)
{
    area_fill(1);
    file_make("f", 5, 4 * PGSIZE);
    int fd = MUST(open("f", O_RDONLY));
    PASSES(read_into_area, fd);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    SAME(close(fd), 0);
}

/* A buffer handed to a call that sleeps, while the process forks from another side: pipes. */
static void fill_slowly(int fd, int hold)
{
    char c;
    for (int i = 0; i < 30; i++) {
        data_fill(scratch, 9, i * 1000, 1000);
        SAME(write(fd, scratch, 1000), 1000);
        yield();
    }
    SAME(read(hold, &c, 1), 1); /* not to end among the children of the other side */
}

void cow_while_reading(void)
{
    int ends[2], hold[2], at = 0;
    area_fill(1);
    MUST(pipe(ends));
    MUST(pipe(hold));
    int pid = child_fork();
    if (pid == 0) {
        fill_slowly(ends[1], hold[0]);
        exit(0);
    }
    SAME(close(ends[1]), 0);
    while (at < 30000) {
        at += MUST(read(ends[0], area + at, 30000 - at));
        PASSES(write_some, at % 4);
    }
    SAME(write(hold[1], "x", 1), 1);
    SAME(child_wait(pid), 0);
    CHECK(data_good(area, 9, 0, 30000));
    CHECK(data_good(area + 30000, 1, 30000, PAGES * PGSIZE - 30000));
    SAME(close(ends[0]) + close(hold[0]) + close(hold[1]), 0);
}

/* fork promises the child all of its writable memory, so more than half of it cannot fork. */
void cow_promise(void)
{
    struct kstat k = kernel_now();
    uint64 want = (k.frames_limit - k.frames_committed) * 6 / 10 * PGSIZE;
    long end = (long)sbrk(0);
    for (uint64 got = 0; got < want; got += 1 << 20)
        MUST(sbrk(1 << 20));
    for (int i = 0; i < 10; i++)
        REFUSED(fork(), ENOMEM);
    while ((long)sbrk(0) > end)
        MUST(sbrk(-(1 << 20)));
    int pid = child_fork();
    if (pid == 0)
        exit(6);
    SAME(child_wait(pid), 6);
}

/* A page was charged when it was first written, and for the child at fork: its copy is free. */
void cow_charged_at_fork(void)
{
    char *lazy = sbrklazy((PAGES + 1) * PGSIZE);
    MUST(lazy);
    lazy = (char *)PGROUNDUP((uint64)lazy);
    pages_store(lazy, PAGES, 1);
    holder_start();
    uint64 before = kernel_now().frames_committed;
    pages_store(lazy, PAGES, 2);
    SAME(kernel_now().frames_committed, before);
    holder_end();
}

/* Many forks with writes on both sides, on all harts at once. */
static void fork_and_write(long i)
{
    for (int round = 0; round < 15; round++) {
        int pid = child_fork();
        if (pid == 0) {
            write_some(i);
            exit(0);
        }
        write_some(i + 1);
        SAME(child_wait(pid), 0);
    }
}

void cow_storm(void)
{
    area_fill(1);
    crowd(6, fork_and_write);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
}

/* Reading fork's untouched pages costs no memory of its own; writing costs what was written. */
void cow_price(void)
{
    struct kstat before, shared, after;
    int ends[2], back[2];
    char c;
    area_fill(1);
    MUST(pipe(ends));
    MUST(pipe(back));
    before = kernel_now();
    int pid = child_fork();
    if (pid == 0) {
        SAME(write(back[1], "a", 1), 1);
        SAME(read(ends[0], &c, 1), 1);
        data_fill(area, 2, 0, PAGES * PGSIZE);
        SAME(write(back[1], "b", 1), 1);
        SAME(read(ends[0], &c, 1), 1);
        exit(0);
    }
    SAME(read(back[0], &c, 1), 1);
    shared = kernel_now();
    SAME(write(ends[1], "x", 1), 1);
    SAME(read(back[0], &c, 1), 1);
    after = kernel_now();
    SAME(write(ends[1], "x", 1), 1);
    SAME(child_wait(pid), 0);
    long for_fork = (long)(before.frames_free + before.frames_cache) -
                    (long)(shared.frames_free + shared.frames_cache);
    long for_writing = (long)(shared.frames_free + shared.frames_cache) -
                       (long)(after.frames_free + after.frames_cache);
    CHECK(for_fork < PAGES);
    CHECK(for_writing >= PAGES && for_writing < PAGES + 10);
}
