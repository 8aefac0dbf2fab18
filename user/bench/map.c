/* Files in memory: what the pages of mappings cost, all of them in the cache. */
#include "kernel/mman.h"
#include "user/bench/bench.h"

static const char path[] = "/bench.tmp";

#define PAGES 256
#define BYTES ((size_t)(PAGES * PGSIZE))

static int fd;

/* An open file of PAGES pages, none of them dirty. */
static int open_file(void)
{
    char *page = bench_pages(1);
    fd = open(path, O_CREATE | O_TRUNC | O_RDWR);
    if (!page || fd < 0)
        return 0;
    memset(page, 'm', PGSIZE);
    for (int i = 0; i < PAGES; i++)
        if (write(fd, page, PGSIZE) != PGSIZE)
            return 0;
    return sync() == 0;
}

static uint64 with_file(uint64 (*once)(long), long arg)
{
    uint64 n = open_file() ? bench_median(once, arg, 7) : BENCH_FAILED;
    close(fd);
    unlink(path);
    return n;
}

static char *map(int prot, int flags, int first, int n)
{
    return mmap(0, n * PGSIZE, prot, flags, fd, first * PGSIZE);
}

static void load_each(volatile char *p, int step)
{
    for (int i = 0; i < PAGES; i++)
        (void)p[i * step];
}

static void store_each(volatile char *p, int step)
{
    for (int i = 0; i < PAGES; i++)
        p[i * step] = 1;
}

/* Of one touch of a page, without the loop. */
static uint64 touch_each(void (*touch)(volatile char *, int), char *p, int step)
{
    uint64 start = r_instret();
    touch(p, step);
    uint64 middle = r_instret();
    touch(p, step);
    return (middle - start - (r_instret() - middle)) / PAGES;
}

static uint64 touch_mapping(void (*touch)(volatile char *, int), char *p)
{
    if (p == MAP_FAILED)
        return BENCH_FAILED;
    uint64 n = touch_each(touch, p, PGSIZE);
    munmap(p, BYTES);
    return n;
}

static uint64 walk_once(long unused)
{
    (void)unused;
    return touch_mapping(load_each, map(PROT_READ, MAP_PRIVATE, 0, PAGES));
}

/* Each page is a mapping of its own, so none comes along with another. */
static uint64 single_once(long unused)
{
    (void)unused;
    char *room = map(PROT_READ, MAP_PRIVATE, 0, PAGES);
    for (int i = 0; room != MAP_FAILED && i < PAGES; i++)
        if (mmap(room + i * PGSIZE, PGSIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd,
                 (PAGES - 1 - i) * PGSIZE) == MAP_FAILED)
            return BENCH_FAILED;
    return touch_mapping(load_each, room);
}

static uint64 write_once(long unused)
{
    (void)unused;
    return touch_mapping(store_each, map(PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, PAGES));
}

/* Pages of a shared mapping that are mapped already, but clean. */
static uint64 dirty_once(long unused)
{
    (void)unused;
    char *p = map(PROT_READ | PROT_WRITE, MAP_SHARED, 0, PAGES);
    if (p == MAP_FAILED)
        return BENCH_FAILED;
    load_each(p, PGSIZE);
    uint64 n = touch_mapping(store_each, p);
    sync();
    return n;
}

uint64 measure_map_walk(void)
{
    return with_file(walk_once, 0);
}

uint64 measure_map_single(void)
{
    return with_file(single_once, 0);
}

uint64 measure_map_write(void)
{
    return with_file(write_once, 0);
}

uint64 measure_map_dirty(void)
{
    return with_file(dirty_once, 0);
}

/* --- the calls -------------------------------------------------------------------------------- */

static void op_map_file(void)
{
    char *p = map(PROT_READ, MAP_PRIVATE, 0, 1);
    (void)*(volatile char *)p;
    munmap(p, PGSIZE);
}

static void op_map_memory(void)
{
    volatile char *p = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *p = 1;
    munmap((char *)p, PGSIZE);
}

static uint64 loop_once(long memory)
{
    return bench_loop(memory ? op_map_memory : op_map_file, 100);
}

uint64 measure_map_unmap(void)
{
    return with_file(loop_once, 0);
}

uint64 measure_map_memory(void)
{
    return with_file(loop_once, 1);
}
