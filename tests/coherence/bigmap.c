/*
 * bigmap FILE MIB: a file larger than memory, mapped as a whole.  What write() has written is read
 * through a private mapping; a shared one then changes all of it, and read() finds the changes.
 * Meanwhile a child fills memory that it was promised, again and again, and must get all of it.
 */
#include "kernel/fcntl.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"
#include "user/lib/prog.h"

#define WORDS   (PGSIZE / sizeof(uint64))
#define HEAP    (4 << 20)
#define CHANGED 0x5555555555555555UL

static uint64 page[WORDS];

static uint64 word_at(uint64 at)
{
    return (at + 1) * 0x9e3779b97f4a7c15UL;
}

static void fail(const char *what, uint64 at)
{
    fprintf(2, "bigmap: %s: word %lu is wrong\n", what, at);
    exit(1);
}

static int open_file(const char *path, int flags)
{
    int fd = open(path, flags);
    if (fd < 0)
        exit(prog_fail("cannot open %s", path));
    return fd;
}

static uint64 *map_file(const char *path, uint64 bytes, int prot, int flags)
{
    int fd = open_file(path, O_RDWR);
    char *p = mmap(0, bytes, prot, flags, fd, 0);
    if (p == MAP_FAILED)
        exit(prog_fail("cannot map %s", path));
    close(fd);
    return (uint64 *)(void *)p;
}

static void make(const char *path, uint64 pages)
{
    int fd = open_file(path, O_CREATE | O_TRUNC | O_WRONLY);
    for (uint64 i = 0; i < pages; i++) {
        for (uint64 k = 0; k < WORDS; k++)
            page[k] = word_at(i * WORDS + k);
        if (!prog_write(fd, page, PGSIZE))
            exit(prog_fail("write"));
    }
    close(fd);
}

/* Each page is looked at in two places, so that reading it is most of the work. */
static void look(const uint64 *p, uint64 pages)
{
    for (uint64 i = 0; i < pages; i++)
        for (uint64 k = i * WORDS; k < (i + 1) * WORDS; k += WORDS / 2)
            if (p[k] != word_at(k))
                fail("the private mapping", k);
}

static void change(uint64 *p, uint64 pages)
{
    for (uint64 i = 0; i < pages; i++)
        for (uint64 k = i * WORDS; k < (i + 1) * WORDS; k += WORDS / 2)
            p[k] ^= CHANGED;
}

static void check(const char *path, uint64 pages)
{
    int fd = open_file(path, O_RDONLY);
    for (uint64 i = 0; i < pages; i++) {
        for (int done = 0, n; done < PGSIZE; done += n)
            if ((n = read(fd, (char *)page + done, PGSIZE - done)) <= 0)
                exit(prog_fail("read"));
        for (uint64 k = 0; k < WORDS; k++)
            if (page[k] != (word_at(i * WORDS + k) ^ (k % (WORDS / 2) ? 0 : CHANGED)))
                fail("the file", i * WORDS + k);
    }
    close(fd);
}

/* Until nobody writes to the pipe any more: takes memory, fills all of it, gives it back. */
static void fill_memory(int until)
{
    char c;
    int turns = 0;
    do {
        char *p = sbrk(HEAP);
        if (p == SBRK_ERROR)
            exit(prog_fail("sbrk"));
        for (int i = 0; i < HEAP; i += PGSIZE)
            p[i] = (char)i;
        sbrk(-HEAP);
        turns++;
    } while (read(until, &c, 1) > 0);
    exit(turns > 1 ? 0 : 1);
}

/* One more turn for the child; it is a page behind at most, so the pipe has room. */
static void go_on(int to)
{
    if (write(to, "", 1) != 1)
        exit(prog_fail("write to the child"));
}

int main(int argc, char *argv[])
{
    int mib, ends[2], status;
    if (argc != 3 || !prog_number(argv[2], &mib) || pipe(ends) < 0)
        prog_usage("FILE MIB");
    uint64 bytes = (uint64)mib << 20, pages = bytes / PGSIZE;
    make(argv[1], pages);
    if (fork() == 0) {
        close(ends[1]);
        fill_memory(ends[0]);
    }
    close(ends[0]);
    const uint64 *seen = map_file(argv[1], bytes, PROT_READ, MAP_PRIVATE);
    for (int turn = 0; turn < 2; turn++) {
        go_on(ends[1]);
        look(seen, pages);
    }
    uint64 *p = map_file(argv[1], bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
    go_on(ends[1]);
    change(p, pages);
    if (msync(p, bytes, MS_SYNC) < 0)
        return prog_fail("msync");
    go_on(ends[1]);
    check(argv[1], pages);
    close(ends[1]);
    if (wait(&status) < 0 || status != 0)
        return 1;
    printf("bigmap: %lu pages changed and found\n", pages);
    return 0;
}
