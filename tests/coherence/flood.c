/*
 * flood FILE MIB: dirties a file of that size in three ways, each time all of it: by write(), by
 * stores to a shared mapping, and by read() of a pipe into one.  Each goes on from what the one
 * before has left.  Meanwhile a child looks how much is dirty, for each hundred pages that may be,
 * and tells the most; and it takes memory again and again, which it must get.
 */
#include "kernel/fcntl.h"
#include "kernel/kstat.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"
#include "user/lib/prog.h"

#define WORDS  (PGSIZE / sizeof(uint64))
#define HEAP   (1 << 20)
#define FACTOR 0x9e3779b97f4a7c15UL
#define STORED 0x5555555555555555UL
#define READ   0x3333333333333333UL

static const char *path;
static uint64 pages;
static uint64 page[WORDS];

static int open_file(void)
{
    int fd = open(path, O_CREATE | O_RDWR);
    if (fd < 0)
        exit(prog_fail("cannot open %s", path));
    return fd;
}

static uint64 *map_file(void)
{
    int fd = open_file();
    void *p = mmap(0, pages * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if ((char *)p == MAP_FAILED)
        exit(prog_fail("cannot map %s", path));
    close(fd);
    return p;
}

/* --- the three ways --------------------------------------------------------------------------- */

static void by_write(void)
{
    static uint64 block[16 * WORDS];
    int fd = open_file();
    for (uint64 i = 0; i < pages * WORDS; i += 16 * WORDS) {
        for (uint64 k = 0; k < 16 * WORDS; k++)
            block[k] = (i + k + 1) * FACTOR;
        if (!prog_write(fd, block, sizeof block))
            exit(prog_fail("write"));
    }
    close(fd);
}

static void by_stores(void)
{
    uint64 *p = map_file();
    for (uint64 i = 0; i < pages * WORDS; i++)
        p[i] ^= STORED;
}

static void by_read(void)
{
    uint64 *p = map_file();
    int ends[2];
    if (pipe(ends) < 0)
        exit(prog_fail("pipe"));
    for (uint64 i = 0; i < pages * WORDS; i += WORDS) {
        for (uint64 k = 0; k < WORDS; k++)
            page[k] = p[i + k] ^ READ;
        if (write(ends[1], page, PGSIZE) != PGSIZE || read(ends[0], &p[i], PGSIZE) != PGSIZE)
            exit(prog_fail("pipe"));
    }
}

/* --- who looks -------------------------------------------------------------------------------- */

static void take_memory(void)
{
    char *p = sbrk(HEAP);
    if (p == SBRK_ERROR)
        exit(prog_fail("sbrk"));
    for (int i = 0; i < HEAP; i += PGSIZE)
        p[i] = 1;
    sbrk(-HEAP);
}

static void watch(const char *way, volatile const uint64 *done)
{
    struct kstat k;
    uint64 most = 0;
    while (!*done) {
        take_memory();
        if (kstat(&k) < 0)
            exit(prog_fail("kstat"));
        uint64 of_limit = k.frames_dirty * 400 / (k.frames_free + k.frames_cache);
        most = of_limit > most ? of_limit : most;
        yield();
    }
    printf("flood: %s: %lu of 100\n", way, most);
    exit(0);
}

static void flood(const char *way, void (*all)(void))
{
    uint64 *done = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status, pid = (char *)done == MAP_FAILED ? -1 : fork();
    if (pid < 0)
        exit(prog_fail("nobody watches"));
    if (pid == 0)
        watch(way, done);
    all();
    *done = 1;
    if (wait(&status) != pid || status != 0)
        exit(prog_fail("%s", way));
}

int main(int argc, char *argv[])
{
    int mib;
    if (argc != 3 || !prog_number(argv[2], &mib))
        prog_usage("flood FILE MIB");
    path = argv[1];
    pages = ((uint64)mib << 20) / PGSIZE;
    flood("write", by_write);
    flood("store", by_stores);
    flood("read", by_read);
    return 0;
}
