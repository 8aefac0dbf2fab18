/*
 * Fork: what it leaves shared, with whom, in what state, and what a frame's count says of it.  A
 * count is read off by writing: the last owner's write is a REUSE, any other a COW.
 */
#include "user/vmtests/vm.h"

#define PAGES 16

static char *area;
static int zeros;

static void store_all(long mark)
{
    pages_store(area, PAGES, (int)mark);
}

static void check_all(int mark)
{
    for (int i = 0; i < PAGES; i++)
        SAME(area[i * PGSIZE], mark);
}

/* Each page of the area is held by this process alone: none was let go too often or too rarely. */
static void check_alone(void)
{
    faults_begin(getpid());
    store_all(77);
    FAULTS_WERE([KIND_REUSE] = PAGES);
}

/* --- counts ---------------------------------------------------------------------------------- */

/* Some of the copies are written to, some are only held, on all harts at the same time. */
static void share_and_leave(long i)
{
    for (int round = 0; round < 12; round++) {
        int pid = child_fork();
        if (pid == 0) {
            pages_store(area + i % 2 * PGSIZE, PAGES / 2, (int)i);
            exit(STATUS_PASSED);
        }
        if (round % 3 == 0)
            pages_store(area, round, (int)i);
        SAME(child_wait(pid), STATUS_PASSED);
    }
}

void pitfall_01_counts_on_all_harts(void)
{
    area = pages_filled(PAGES, 1);
    crowd(8, share_and_leave);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    check_alone();
}

/* The ways in which a process lets go of shared pages. */
static void let_go(long way)
{
    static char *argv[] = {"/sleep", "0", 0};
    switch (way) {
    case 0: exit(STATUS_PASSED);
    case 1: store_all(1); break;
    case 2: MUST(sbrk((int)(-PAGES * PGSIZE))); break;
    case 3: exec("/sleep", argv); break;
    case 4: kill(getpid()); break;
    case 5: page_store(0); break;
    case 6: SAME(read(zeros, area, PAGES * PGSIZE), PAGES * PGSIZE); break;
    case 7: SAME(child_status(store_all, 3), STATUS_PASSED); break;
    case 8: MUST(sbrk((int)(1 - PAGES * PGSIZE))); break;
    }
}

void pitfall_02_every_path_lets_go(void)
{
    MUST(mknod("z", DEV_ZERO, 0));
    zeros = MUST(open("z", O_RDWR));
    area = pages_filled(PAGES, 1);
    for (int way = 0; way <= 8; way++) {
        int status = child_status(let_go, way);
        SAME(status, way == 4 || way == 5 ? -1 : STATUS_PASSED);
        check_alone();
    }
    SAME(close(zeros), 0);
}

/* --- the page that others hold --------------------------------------------------------------- */

/* Text that fork shares is not "copied" into writable text. */
static void store_to_text(long address)
{
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_store, address);
    KILLED(page_store, address);
    SAME(faults_of(KIND_PROT), 2);
}

void pitfall_04_text_stays_readonly(void)
{
    static const char constant[] = "constant";
    uint word = *(uint *)pitfall_04_text_stays_readonly;
    PASSES(store_to_text, pitfall_04_text_stays_readonly);
    PASSES(store_to_text, constant);
    KILLED(page_store, pitfall_04_text_stays_readonly);
    SAME(*(uint *)pitfall_04_text_stays_readonly, word);
    SAME(strcmp(constant, "constant"), 0);
}

/* The kernel writes for a process that shares the page: into a copy, or not at all. */
static void read_over(long n)
{
    faults_begin(getpid());
    SAME(read(zeros, area + 8, n), n);
    FAULTS_WERE([KIND_COW] = PGROUNDUP(8 + n) / PGSIZE);
    for (long i = 0; i < n; i++)
        SAME(area[8 + i], 0);
    CHECK(data_good(area, 1, 0, 8));
}

void pitfall_05_copyout_to_shared(void)
{
    MUST(mknod("z", DEV_ZERO, 0));
    zeros = MUST(open("z", O_RDWR));
    area = pages_filled(PAGES, 1);
    PASSES(read_over, 1);
    PASSES(read_over, PGSIZE);
    PASSES(read_over, 5 * PGSIZE);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    check_alone();
    SAME(close(zeros), 0);
}

/* Fork of pages that are shared already, fork of pages that were just copied; three of each. */
static void generation(long depth)
{
    faults_begin(getpid());
    store_all(depth);
    FAULTS_WERE([KIND_COW] = PAGES);
    for (int i = 0; i < 3 && depth < 3; i++)
        PASSES(generation, depth + 1);
    check_all((int)depth);
    faults_begin(getpid());
    store_all(depth);
    FAULTS_WERE([KIND_REUSE] = depth < 3 ? PAGES : 0);
}

void pitfall_06_copies_of_copies(void)
{
    area = pages_filled(PAGES, 1);
    for (int i = 0; i < 3; i++)
        PASSES(generation, 1);
    CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    check_alone();
}

/* What vfork shares stays shared: no copy, and the parent sees the write. */
void pitfall_07_shared_stays_shared(void)
{
    area = pages_filled(PAGES, 1);
    faults_begin(VMSTAT_CHILDREN);
    int pid = vfork();
    if (pid == 0) {
        pages_store(area, PAGES, 5);
        exit(STATUS_PASSED);
    }
    MUST(pid);
    SAME(child_wait(pid), STATUS_PASSED);
    SAME(faults_of(KIND_COW) + faults_of(KIND_REUSE), 0);
    check_all(5);
    faults_begin(getpid());
    store_all(6);
    FAULTS_WERE([KIND_COW] = 0);
}

/* REUSE only for the last owner: while a child holds it, and after it has let go. */
void pitfall_09_last_owner_writes_in_place(void)
{
    area = pages_filled(PAGES, 1);
    holder_start();
    faults_begin(getpid());
    pages_store(area, PAGES / 2, 1);
    FAULTS_WERE([KIND_COW] = PAGES / 2);
    holder_end();
    faults_begin(getpid());
    store_all(2);
    FAULTS_WERE([KIND_REUSE] = PAGES / 2);
}

/* --- translations and pins ------------------------------------------------------------------- */

/*
 * The parent's hart has used the page as writable.  Unless fork made it forget that, the parent's
 * next write goes through to the child.
 */
static void write_after_fork(long who)
{
    volatile long *word = (long *)(area + who % PAGES * PGSIZE);
    for (long round = 1; round <= 40; round++) {
        *word = round;
        int pid = child_fork();
        if (pid == 0) {
            for (int i = 0; i < 3; i++, yield())
                SAME(*word, round);
            *word = -1;
            exit(STATUS_PASSED);
        }
        *word = round + 1000;
        if (round % 4 == 0)
            yield();
        SAME(*word, round + 1000);
        SAME(child_wait(pid), STATUS_PASSED);
        SAME(*word, round + 1000);
    }
}

void pitfall_14_parent_forgets(void)
{
    area = pages_filled(PAGES, 1);
    write_after_fork(0);
    crowd(5, write_after_fork);
}

/*
 * A process that waits in write() has its page pinned.  Its parent, which shares the page, writes
 * to it meanwhile: that must be a copy, and what comes out of the pipe the old bytes.
 */
void pitfall_12_pinned_page_shared(void)
{
    enum { SENT = PAGES + 4 }; /* more than a pipe holds */
    int ends[2];
    area = pages_filled(SENT, 3);
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[0]);
        SAME(write(ends[1], area, SENT * PGSIZE), SENT * PGSIZE);
        exit(STATUS_PASSED);
    }
    CHECK(child_asleep(pid));
    faults_begin(getpid());
    pages_store(area, SENT, 9);
    FAULTS_WERE([KIND_COW] = SENT);
    for (int at = 0, n; at < SENT * PGSIZE; at += n) {
        n = MUST(read(ends[0], scratch, SCRATCH));
        CHECK(n > 0 && data_good(scratch, 3, at, n));
    }
    SAME(child_wait(pid), STATUS_PASSED);
    SAME(close(ends[0]) + close(ends[1]), 0);
    check_all(9);
}

/*
 * Two threads of one process would be needed to fork in the middle of an own read().  What can
 * happen here: the kernel writes for one process while others, on other harts, fork and end with
 * the same frames.
 */
static void read_while_others_fork(long who)
{
    int fd = MUST(open("z", O_RDONLY));
    for (int round = 0; round < 25; round++) {
        if (who % 2) {
            PASSES(store_all, who);
            CHECK(data_good(area + 1, 4, 1, PGSIZE - 1));
            continue;
        }
        int pid = child_fork();
        if (pid == 0) {
            SAME(read(fd, area, PAGES * PGSIZE), PAGES * PGSIZE);
            check_all(0);
            exit(STATUS_PASSED);
        }
        CHECK(data_good(area, 4, 0, PAGES * PGSIZE));
        SAME(child_wait(pid), STATUS_PASSED);
    }
    SAME(close(fd), 0);
}

void pitfall_13_copyout_during_fork(void)
{
    MUST(mknod("z", DEV_ZERO, 0));
    area = pages_filled(PAGES, 4);
    crowd(4, read_while_others_fork);
    CHECK(data_good(area, 4, 0, PAGES * PGSIZE));
    check_alone();
}
