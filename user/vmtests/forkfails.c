/*
 * Forks that fail for lack of memory, at whichever step: nothing may stay behind, and the parent's
 * pages must be its own afterwards.  A child of the test takes the memory away.
 */
#include "user/vmtests/vm.h"

#define PAGES 16

static char *area;

/* Takes all that is promised to anybody, and gives `left` pages back. */
static void promise_all_but(long left)
{
    for (long step = 4096; step > 0; step /= 2)
        while (sbrk((int)(step * PGSIZE)) != SBRK_ERROR)
            ;
    MUST(sbrk((int)(-left * PGSIZE)));
}

/* The hog is a child, so that what it was promised is not a part of what fork needs. */
static void fork_with_little(long left)
{
    int go[2], pid;
    char c;
    MUST(pipe(go));
    int hog = child_fork();
    if (hog == 0) {
        promise_all_but(left);
        SAME(write(go[1], "r", 1), 1);
        pause(100000);
        exit(0);
    }
    SAME(read(go[0], &c, 1), 1);
    struct vmstat was, is;
    SAME(vmstat(getpid(), &was), 0);
    pid = fork();
    if (pid == 0)
        exit(STATUS_PASSED);
    if (pid < 0)
        SAME(errcode(), ENOMEM);
    SAME(vmstat(getpid(), &is), 0);
    SAME(is.forks - was.forks, pid > 0);
    SAME(kill(hog), 0);
    for (int i = 0; i < 1 + (pid > 0); i++)
        MUST(wait(0));
    SAME(close(go[0]) + close(go[1]), 0);
    if (left < PAGES)
        SAME(pid, -1);
}

/* Whatever the step at which memory ends: nothing stays behind, the parent's pages are its own. */
void pitfall_03_fork_fails_halfway(void)
{
    area = pages_filled(PAGES, 1);
    struct kstat before = kernel_now(), after;
    for (long left = 0; left < 100; left = left < 40 ? left + 4 : left + 20) {
        fork_with_little(left);
        CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    }
    for (int i = 0; i < 60 * TICK_HZ; i++) {
        after = kernel_now();
        if (after.frames_committed == before.frames_committed)
            break;
        pause(1);
    }
    SAME(after.frames_committed, before.frames_committed);
    SAME(after.procs, before.procs);
    faults_begin(getpid());
    pages_store(area, PAGES, 7);
    FAULTS_WERE([KIND_REUSE] = PAGES);
}

/* Takes frames until only `left` are left. */
static void take_all_but(long left)
{
    struct kstat k;
    for (;;) {
        SAME(kstat(&k), 0);
        long more = (long)(k.frames_free + k.frames_cache) - left;
        if (more <= 0)
            break;
        int n = (int)(more / 2 + 1);
        pages_store(sbrklazy((int)(n * PGSIZE)), n, 1);
    }
}

/*
 * A fork that copies everything needs frames at every level, and stops at the one that is missing.
 * Returns what fork returned, 0 if the number of frames could not be brought down so far.
 */
static int fork_without_frames(long left)
{
    int go[2];
    char c;
    MUST(pipe(go));
    int hog = child_fork();
    if (hog == 0) {
        take_all_but(left);
        SAME(write(go[1], "r", 1), 1);
        pause(100000);
        exit(0);
    }
    close(go[1]);
    int ready = MUST(read(go[0], &c, 1)); /* 0: no memory for so few, it was the victim */
    forkmode(FORK_EAGER);
    int pid = fork();
    if (pid == 0)
        exit(STATUS_PASSED);
    if (pid < 0)
        CHECK(errcode() == ENOMEM || errcode() == EAGAIN);
    forkmode(FORK_COW);
    kill(hog);
    for (int i = 0; i < 1 + (pid > 0); i++)
        MUST(wait(0));
    SAME(close(go[0]), 0);
    return ready ? pid : 0;
}

static void fork_overcommitted(long unused)
{
    int forked = 0, failed = 0;
    (void)unused;
    for (long left = 48; left < 800 && forked < 2; left += failed ? 6 : 16) {
        int pid = fork_without_frames(left);
        forked += pid > 0;
        failed += pid < 0;
        CHECK(data_good(area, 1, 0, PAGES * PGSIZE));
    }
    CHECK(failed > 2);
}

/* The same where promises are not kept: frames end in the middle of the copying. */
void pitfall_03_fork_without_frames(void)
{
    if (kernel_now().frames_total > 100 * MIB_FRAMES)
        SKIP("takes all memory many times: for small machines");
    area = pages_filled(PAGES, 1);
    int was = vmctl(VMCTL_OVERCOMMIT, 1);
    int status = child_status(fork_overcommitted, 0);
    MUST(vmctl(VMCTL_OVERCOMMIT, was));
    SAME(status, STATUS_PASSED);
}
