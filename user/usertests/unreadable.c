/*
 * Pages that cannot be read from the disk, of a file and of this program.  tests/test_errors.py
 * starts these on a disk that fails there until something is written to it.
 */
#include "kernel/mman.h"
#include "user/usertests/signals.h"

#define WORDS (PGSIZE / sizeof(uint64))

/* A page of this program that nothing else needs; its first word is how it is found on the disk. */
#define MARK 0x756e7265616461UL
static const uint64 own_page[WORDS] __attribute__((aligned(PGSIZE))) = {MARK, 1, 2, 3};

/* A file whose words are numbers from 0 on, and the page of it that cannot be read. */
static const char *path;
static uint64 pages, bad;

static uint64 *map_words(int prot, int flags)
{
    int fd = (int)MUST(open(path, flags == MAP_SHARED ? O_RDWR : O_RDONLY));
    void *p = mmap(0, pages * PGSIZE, prot, flags, fd, 0);
    CHECK((char *)p != MAP_FAILED);
    SAME(close(fd), 0);
    return p;
}

static void check_page(const uint64 *p, uint64 page)
{
    for (uint64 i = page * WORDS; i < (page + 1) * WORDS; i++)
        SAME(p[i], i);
}

static void check_others(long p)
{
    for (uint64 page = 0; page < pages; page++)
        if (page != bad)
            check_page((const uint64 *)p, page);
}

static void load(long p)
{
    (void)*(volatile uint64 *)p;
}

static void store(long p)
{
    *(volatile uint64 *)p = 7;
}

/* Memory of its own where the file cannot be read. */
static void put_zeros(int sig, struct siginfo *info)
{
    signal_note(sig, info);
    void *page = (void *)PGROUNDDOWN(info->addr);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    SAME(mmap(page, PGSIZE, PROT_READ | PROT_WRITE, flags, -1, 0), page);
}

static void repair(uint64 *p, int access)
{
    volatile uint64 *at = &p[bad * WORDS + 9];
    signal_calls = 0;
    signal_catch(SIGBUS, put_zeros, 0);
    if (access == SEGV_READ)
        SAME(*at, 0);
    else
        *at = 5;
    SAME(signal_calls, 1);
    SAME(signal_last.sig, SIGBUS);
    SAME(signal_last.addr, (long)at);
    SAME(signal_last.access, access);
    SAME(at[1], 0);
    check_others((long)p);
    signal_catch(SIGBUS, SIG_DFL, 0);
}

static void repair_store(long p)
{
    repair((uint64 *)p, SEGV_WRITE);
}

/* The access is an error, each time; for a system call as well; and only in that page. */
static void is_refused(int prot, int flags)
{
    uint64 *p = map_words(prot, flags);
    int ends[2];
    MUST(pipe(ends));
    for (int i = 0; i < 2; i++) {
        KILLED(load, &p[bad * WORDS + 1]);
        if (prot & PROT_WRITE)
            KILLED(store, &p[bad * WORDS + 1]);
        REFUSED(write(ends[1], &p[bad * WORDS], 1), EFAULT);
        REFUSED(open((char *)&p[bad * WORDS], O_RDONLY), EFAULT);
        PASSES(check_others, p);
        check_others((long)p);
    }
    if (prot & PROT_WRITE)
        PASSES(repair_store, p);
    repair(p, SEGV_READ);
    SAME(munmap(p, pages * PGSIZE) + close(ends[0]) + close(ends[1]), 0);
}

/* Up to the page, and no further. */
static void is_not_read(void)
{
    static uint64 words[3 * WORDS];
    int fd = (int)MUST(open(path, O_RDONLY));
    for (uint64 page = 0; page < bad; page++) {
        SAME(read(fd, words, PGSIZE), PGSIZE);
        SAME(words[0], page * WORDS);
    }
    REFUSED(read(fd, words, sizeof words), EIO);
    REFUSED(read(fd, words, 1), EIO);
    SAME(close(fd), 0);
    fd = (int)MUST(open(path, O_RDONLY));
    for (uint64 page = 1; page < bad; page++)
        SAME(read(fd, words, PGSIZE), PGSIZE);
    if (bad > 0)
        SAME(read(fd, words, sizeof words), PGSIZE); /* what can be had of it */
    SAME(close(fd), 0);
}

static void mend(int sig, struct siginfo *info)
{
    signal_note(sig, info);
    file_touch("/mended");
    SAME(sync(), 0);
}

/* What was an error is none any more when the disk can be read. */
static void comes_back(const uint64 *p, uint64 value)
{
    signal_calls = 0;
    signal_catch(SIGBUS, mend, 0);
    SAME(*(const volatile uint64 *)p, value);
    SAME(signal_calls, 1);
    SAME(signal_last.addr, (long)p);
    SAME(signal_last.access, SEGV_READ);
}

/* "@unreadable PATH PAGES BAD" */
int helper_unreadable(int argc, char *argv[])
{
    SAME(dup2(2, REPORT_FD), REPORT_FD);
    SAME(argc, 3);
    path = argv[0];
    pages = (uint64)atoi(argv[1]);
    bad = (uint64)atoi(argv[2]);
    is_refused(PROT_READ, MAP_PRIVATE);
    is_refused(PROT_READ | PROT_WRITE, MAP_PRIVATE);
    is_refused(PROT_READ | PROT_WRITE, MAP_SHARED);
    is_not_read();
    uint64 *p = map_words(PROT_READ | PROT_WRITE, MAP_SHARED);
    comes_back(&p[bad * WORDS + 3], bad * WORDS + 3);
    check_page(p, bad);
    check_others((long)p);
    p[bad * WORDS] = 0; /* it can be changed, and tests/ finds that on the disk */
    return 0;
}

/* "@unreadable_self": as above for `own_page`, without a handler first. */
int helper_unreadable_self(int argc, char *argv[])
{
    (void)argc, (void)argv;
    SAME(dup2(2, REPORT_FD), REPORT_FD);
    KILLED(load, own_page);
    comes_back(own_page, MARK);
    for (uint64 i = 1; i < WORDS; i++)
        SAME(own_page[i], i < 4 ? i : 0);
    return 0;
}
