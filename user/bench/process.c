/* Processes, memory and switching. */
#include "kernel/vmview.h"
#include "kernel/vmstat.h"
#include "user/bench/bench.h"
#include "user/lib/tiny.h"

static void op_getpid(void)
{
    getpid();
}

uint64 measure_getpid(void)
{
    return bench_loop(op_getpid, 1000);
}

/* Another process that does nothing but yield, so each yield() here is two switches. */
static void op_yield(void)
{
    yield();
}

uint64 measure_yield(void)
{
    int pid = fork();
    if (pid == 0)
        for (;;)
            yield();
    uint64 n = pid < 0 ? BENCH_FAILED : bench_loop(op_yield, 200) / 2;
    kill(pid);
    wait(0);
    return n;
}

/* The call alone: the child has to wait until this process sleeps in wait(). */
static uint64 fork_once(long unused)
{
    (void)unused;
    uint64 start = r_instret();
    int pid = fork();
    uint64 end = r_instret();
    if (pid == 0)
        exit(0);
    if (pid < 0 || wait(0) != pid)
        return BENCH_FAILED;
    return end - start;
}

static uint64 fork_wait_once(long unused)
{
    (void)unused;
    uint64 start = r_instret();
    int pid = fork();
    if (pid == 0)
        exit(0);
    if (pid < 0 || wait(0) != pid)
        return BENCH_FAILED;
    return r_instret() - start;
}

uint64 measure_fork(void)
{
    return bench_median(fork_once, 0, 21);
}

uint64 measure_fork_wait(void)
{
    return bench_median(fork_wait_once, 0, 21);
}

/* So many MiB of heap, every page written. */
static int touch(int mib)
{
    int pages = mib * (1024 * 1024 / PGSIZE);
    char *p = bench_pages(pages);
    for (int i = 0; p && i < pages; i++)
        p[i * PGSIZE] = 1;
    return p != 0;
}

uint64 measure_fork_64m(void)
{
    return touch(64) ? bench_median(fork_once, 0, 5) : BENCH_FAILED;
}

uint64 measure_fork_wait_64m(void)
{
    return touch(64) ? bench_median(fork_wait_once, 0, 5) : BENCH_FAILED;
}

/* --- a heap of 255 GiB with a page here and there -------------------------------------------- */

#define GIB 255L

/* The first page of every 16 GiB is written. */
static int grow_sparse(void)
{
    for (long i = 0; i < GIB; i++) {
        volatile char *p = sbrklazy(1 << 30);
        if (p == SBRK_ERROR)
            return 0;
        if (i % 16 == 0)
            *p = 1;
    }
    return 1;
}

uint64 measure_fork_sparse(void)
{
    return grow_sparse() ? bench_median(fork_wait_once, 0, 5) : BENCH_FAILED;
}

static uint64 shrink_sparse_once(long unused)
{
    (void)unused;
    uint64 start = r_instret();
    if (!grow_sparse())
        return BENCH_FAILED;
    for (long i = 0; i < GIB; i++)
        sbrk(-(1 << 30));
    return r_instret() - start;
}

uint64 measure_shrink_sparse(void)
{
    return bench_median(shrink_sparse_once, 0, 5);
}

/* All that can be seen of the heap from `start` on: its area, and each page or run of pages. */
static uint64 look_once(long start)
{
    static struct areainfo area[8];
    struct pageinfo page;
    uint64 before = r_instret(), seen = 0, va;
    int n = pmap(0, area, 8), last = n - 1;
    if (n < 1 || n >= 8)
        return BENCH_FAILED;
    for (va = (uint64)start; va < area[last].end; va += (page.run ? page.run : 1) * PGSIZE) {
        if (pagemap(0, va, &page, 1) != 1)
            return BENCH_FAILED;
        seen += page.state == PAGE_PRIVATE;
    }
    if (va != area[last].end || seen != GIB / 16 + 1 || area[last].resident < seen)
        return BENCH_FAILED;
    return r_instret() - before;
}

uint64 measure_look_sparse(void)
{
    long start = (long)sbrk(0);
    return grow_sparse() ? bench_median(look_once, start, 3) : BENCH_FAILED;
}

/* --- programs -------------------------------------------------------------------------------- */

static const char tiny[] = "/bench.tmp";

static uint64 run_once(long way)
{
    uint64 start = r_instret();
    if (tiny_run(tiny, (enum tiny_way)way) < 0)
        return BENCH_FAILED;
    return r_instret() - start;
}

/* A program of so many pages of text, from a process with `mib` MiB of memory. */
static uint64 measure_program(enum tiny_way way, int pages, int mib)
{
    if (tiny_write(tiny, pages) < 0)
        return BENCH_FAILED;
    uint64 n = touch(mib) ? bench_median(run_once, way, mib ? 7 : 21) : BENCH_FAILED;
    unlink(tiny);
    return n;
}

static uint64 measure_run(enum tiny_way way, int mib)
{
    return measure_program(way, 1, mib);
}

uint64 measure_exec(void)
{
    return measure_run(TINY_FORK, 0);
}

uint64 measure_exec_16m(void)
{
    return measure_run(TINY_FORK, 16);
}

uint64 measure_vfork(void)
{
    return measure_run(TINY_VFORK, 0);
}

uint64 measure_vfork_16m(void)
{
    return measure_run(TINY_VFORK, 16);
}

uint64 measure_vfork_64m(void)
{
    return measure_run(TINY_VFORK, 64);
}

uint64 measure_spawn(void)
{
    return measure_run(TINY_SPAWN, 0);
}

/* Of which one page runs. */
uint64 measure_spawn_big(void)
{
    return measure_program(TINY_SPAWN, 256, 0);
}

uint64 measure_spawn_16m(void)
{
    return measure_run(TINY_SPAWN, 16);
}

uint64 measure_spawn_64m(void)
{
    return measure_run(TINY_SPAWN, 64);
}

/* --- pages ----------------------------------------------------------------------------------- */

#define PAGES 400

/* Instructions for a store to each of PAGES pages, less those of the loop itself. */
static uint64 store_each(char *p)
{
    uint64 start = r_instret();
    for (int i = 0; i < PAGES; i++)
        ((volatile char *)p)[i * PGSIZE] = 1;
    uint64 all = r_instret() - start;
    start = r_instret();
    for (int i = 0; i < PAGES; i++)
        ((volatile char *)p)[i * PGSIZE] = 1;
    return (all - (r_instret() - start)) / PAGES;
}

static uint64 lazy_write_once(long unused)
{
    (void)unused;
    char *p = bench_pages(PAGES);
    uint64 n = p ? store_each(p) : BENCH_FAILED;
    sbrk((int)(-PAGES * PGSIZE));
    return n;
}

uint64 measure_lazy_write(void)
{
    return bench_median(lazy_write_once, 0, 7);
}

static uint64 lazy_read_once(long unused)
{
    (void)unused;
    char *p = bench_pages(PAGES);
    if (!p)
        return BENCH_FAILED;
    uint64 start = r_instret();
    for (int i = 0; i < PAGES; i++)
        (void)((volatile char *)p)[i * PGSIZE];
    uint64 all = r_instret() - start;
    start = r_instret();
    for (int i = 0; i < PAGES; i++)
        (void)((volatile char *)p)[i * PGSIZE];
    all -= r_instret() - start;
    sbrk((int)(-PAGES * PGSIZE));
    return all / PAGES;
}

uint64 measure_lazy_read(void)
{
    return bench_median(lazy_read_once, 0, 7);
}

static uint64 shrink_once(long unused)
{
    (void)unused;
    char *p = bench_pages(PAGES);
    if (!p)
        return BENCH_FAILED;
    store_each(p);
    uint64 start = r_instret();
    sbrk((int)(-PAGES * PGSIZE));
    return (r_instret() - start) / PAGES;
}

uint64 measure_shrink(void)
{
    return bench_median(shrink_once, 0, 7);
}

/* Writes of this process to pages that it got by fork or gave away by it. */
static uint64 writes_after_fork(void)
{
    struct vmstat s;
    return vmstat(getpid(), &s) < 0 ? 0 : s.fault[KIND_COW] + s.fault[KIND_REUSE];
}

/* Writes to pages that a child shares; it lives on meanwhile if `alive`.  No faults, no figure. */
static uint64 cow_once(long alive)
{
    char c, *p = bench_pages(PAGES);
    int ends[2];
    if (!p || pipe(ends) < 0)
        return BENCH_FAILED;
    store_each(p);
    int pid = fork();
    if (pid == 0) {
        close(ends[1]);
        if (alive)
            read(ends[0], &c, 1);
        exit(0);
    }
    if (!alive)
        wait(0);
    uint64 faults = writes_after_fork(), n = store_each(p);
    if (pid < 0 || writes_after_fork() - faults < PAGES)
        n = BENCH_FAILED;
    close(ends[1]);
    close(ends[0]);
    if (alive)
        wait(0);
    sbrk((int)(-PAGES * PGSIZE));
    return n;
}

uint64 measure_cow_shared(void)
{
    return bench_median(cow_once, 1, 7);
}

uint64 measure_cow_alone(void)
{
    return bench_median(cow_once, 0, 7);
}
