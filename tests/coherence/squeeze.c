/*
 * squeeze MIB ROUNDS: files of that size that are mapped, beside memory that is not of any file.
 *
 * Of three files one is written through a shared mapping, one is read through a private one, in no
 * order, and of one a part is copied by private writes.  A hog takes all that may still be promised
 * and gives it back, again and again.  Everybody looks whether all is as it was left, and goes on
 * until all have gone so many rounds; the kernel, if it can, looks as often.  Then nothing is used
 * that was not before.
 */
#include "kernel/mman.h"
#include "user/lib/prog.h"
#include "user/testlib/run.h"
#include "user/testlib/tests.h"

#define WORDS (PGSIZE / sizeof(uint64))
#define PARTS 16  /* one of so many of a file is copied */
#define SPARE 768 /* pages that the hog leaves: the reserve for the shell, tables and the copies */

static uint64 pages;
static int rounds;

/* Rounds that each has gone; all of them see it. */
static volatile int *gone;

enum { WRITER, READER, COPIER, HOG, WORKERS };
static const char *const file[] = {[WRITER] = "written", [READER] = "read", [COPIER] = "copied"};

static uint64 word_at(int who, uint64 at)
{
    return ((uint64)who << 40 | at) * 0x9e3779b97f4a7c15UL;
}

static void make(int who)
{
    static uint64 block[16 * WORDS];
    int fd = (int)MUST(open(file[who], O_CREATE | O_WRONLY));
    for (uint64 i = 0; i < pages * WORDS; i += 16 * WORDS) {
        for (uint64 k = 0; k < 16 * WORDS; k++)
            block[k] = word_at(who, i + k);
        SAME(write(fd, block, sizeof block), sizeof block);
    }
    SAME(close(fd), 0);
}

static uint64 *map(int who, uint64 n, int prot, int flags)
{
    int fd = (int)MUST(open(file[who], flags == MAP_SHARED ? O_RDWR : O_RDONLY));
    void *p = mmap(0, n * PGSIZE, prot, flags, fd, 0);
    CHECK((char *)p != MAP_FAILED);
    SAME(close(fd), 0);
    return p;
}

/* Two words of page i, of which the first may have been changed to `first`. */
static void check_page(int who, const uint64 *p, uint64 i, uint64 first)
{
    SAME(p[i * WORDS], first);
    SAME(p[(i + 1) * WORDS - 1], word_at(who, (i + 1) * WORDS - 1));
}

/* --- who works, one round each ---------------------------------------------------------------- */

static void writer(int round)
{
    static uint64 *p;
    if (!p)
        p = map(WRITER, pages, PROT_READ | PROT_WRITE, MAP_SHARED);
    for (uint64 i = 0; i < pages; i++) {
        check_page(WRITER, p, i, word_at(WRITER, i * WORDS) + (uint64)round);
        p[i * WORDS]++;
    }
}

static void reader(int round)
{
    static const uint64 *p;
    (void)round;
    if (!p)
        p = map(READER, pages, PROT_READ, MAP_PRIVATE);
    for (uint64 n = 0; n < pages; n++) {
        uint64 i = data_random() % pages;
        check_page(READER, p, i, word_at(READER, i * WORDS));
    }
}

/* In its second half the copy is never written.  A kernel made without DEBUG has no vmcheck(). */
static void copier(int round)
{
    static uint64 *p;
    if (!p)
        p = map(COPIER, pages / PARTS, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    for (uint64 i = 0; i < pages / PARTS; i++) {
        int written = i < pages / PARTS / 2;
        check_page(COPIER, p, i, word_at(COPIER, i * WORDS) + (written ? (uint64)round : 0));
        p[i * WORDS] += (uint64)written;
    }
    if (round < rounds)
        CHECK(vmcheck() <= 0);
}

static void hog(int round)
{
    struct kstat k;
    SAME(kstat(&k), 0);
    uint64 n = k.frames_limit - k.frames_committed;
    n = n > 2 * SPARE ? n - SPARE : SPARE;
    uint64 *p = (uint64 *)(void *)MUST(sbrk((int)(n * PGSIZE)));
    for (uint64 i = 0; i < n; i++)
        p[i * WORDS] = word_at(HOG + round, i);
    SAME(kstat(&k), 0);
    CHECK(k.frames_cache < pages); /* not even one file fits beside it */
    for (uint64 i = 0; i < n; i++)
        SAME(p[i * WORDS], word_at(HOG + round, i));
    MUST(sbrk(-(int)(n * PGSIZE)));
}

static void (*const work[])(int round) = {writer, reader, copier, hog};

static int all_have_gone(void)
{
    for (int i = 0; i < WORKERS; i++)
        if (gone[i] < rounds)
            return 0;
    return 1;
}

static void go(long who)
{
    while (!all_have_gone()) {
        work[who](gone[who]);
        gone[who]++;
    }
}

/* --- afterwards ------------------------------------------------------------------------------- */

static void check_file(int who, uint64 added)
{
    static uint64 page[WORDS];
    int fd = (int)MUST(open(file[who], O_RDONLY));
    for (uint64 i = 0; i < pages; i++) {
        SAME(read(fd, page, PGSIZE), PGSIZE);
        SAME(page[0], word_at(who, i * WORDS) + added);
        for (uint64 k = 1; k < WORDS; k++)
            SAME(page[k], word_at(who, i * WORDS + k));
    }
    SAME(close(fd), 0);
}

static void squeeze(long unused)
{
    (void)unused;
    gone = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK((char *)gone != MAP_FAILED);
    crowd(WORKERS, go);
    check_file(WRITER, (uint64)gone[WRITER]);
    check_file(READER, 0);
    check_file(COPIER, 0);
}

int main(int argc, char *argv[])
{
    char reason[200];
    int mib;
    if (argc != 3 || !prog_number(argv[1], &mib) || !prog_number(argv[2], &rounds))
        prog_usage("squeeze MIB ROUNDS");
    SAME(dup2(2, REPORT_FD), REPORT_FD);
    pages = ((uint64)mib << 20) / PGSIZE;
    for (int who = 0; who < HOG; who++)
        make(who);
    struct kstat before = kernel_now();
    PASSES(squeeze, 0);
    if (leak_found(&before, LEAK_FRAMES | LEAK_PIECES, reason, sizeof reason)) {
        prog_warn("%s", reason);
        return 1;
    }
    printf("squeeze: all is as it was left\n");
    return 0;
}
