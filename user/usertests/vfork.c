/*
 * vfork: the child runs in its parent's memory while the parent waits.  Variables that both look at
 * are volatile, since the compiler may not know who else runs on its stack.
 */
#include "kernel/vmstat.h"
#include "user/testlib/tests.h"

static char self[] = "/usertests";
static volatile int shared;

/* The hazard: what the child does to memory, stack and break, its parent finds done. */
void vfork_shares_memory(void)
{
    volatile int on_stack = 1;
    long end = (long)sbrk(0);
    shared = 1;
    int pid = MUST(vfork());
    if (pid == 0) {
        on_stack = 2;
        shared = 3;
        *(volatile char *)MUST(sbrk(PGSIZE)) = 4;
        close(0); /* but descriptors are its own */
        exit(7);
    }
    SAME(on_stack, 2);
    SAME(shared, 3);
    SAME((long)sbrk(0), end + PGSIZE);
    SAME(*(char *)end, 4);
    SAME(child_wait(pid), 7);
    SAME(close(0), 0);
}

/* Ends with 6 when nobody can write to the pipe that is its descriptor argv[0]. */
int helper_hold(int argc, char *argv[])
{
    char c;
    return argc == 1 && read(atoi(argv[0]), &c, 1) == 0 ? 6 : 1;
}

/* The parent waits for the exec and for no longer. */
void vfork_waits_for_exec(void)
{
    int hold[2];
    char fd[12], *argv[] = {self, "@hold", fd, 0};
    struct procinfo p;
    MUST(pipe(hold));
    file_name(fd, "", hold[0]);
    shared = 0;
    int pid = MUST(vfork());
    if (pid == 0) {
        close(hold[1]);
        pause(3);
        shared = 1;
        exec(self, argv);
        exit(EXEC_REFUSED);
    }
    SAME(shared, 1);
    CHECK(child_find(pid, &p) && p.state != PROC_ZOMBIE);
    SAME(strcmp(p.name, "usertests"), 0);
    SAME(close(hold[1]), 0);
    SAME(child_wait(pid), 6);
    SAME(close(hold[0]), 0);
}

void vfork_exec_fails(void)
{
    char *argv[] = {"x", 0};
    volatile int reason = 0;
    int pid = MUST(vfork());
    if (pid == 0) {
        exec("nosuch", argv);
        reason = errcode();
        exit(9);
    }
    SAME(reason, ENOENT);
    SAME(child_wait(pid), 9);
}

static int vfork_exit(int by_exec)
{
    char *argv[] = {self, "@count", "abc", 0};
    int pid = MUST(vfork());
    if (pid == 0) {
        if (by_exec)
            exec(self, argv);
        exit(10003);
    }
    return child_wait(pid);
}

/* Nothing is counted twice, or left over, where two processes use one space. */
void vfork_many(void)
{
    uint64 before = kernel_now().frames_committed;
    for (int i = 0; i < 300; i++)
        SAME(vfork_exit(i % 8 == 0), 10003);
    SAME(kernel_now().frames_committed, before);
}

static uint64 lazy_faults(int whose)
{
    struct vmstat s;
    MUST(vmstat(whose, &s));
    return s.fault[KIND_LAZY];
}

/* A fault belongs to the one who runs: first the child, and when it has ended the parent again. */
void vfork_counts_apart(void)
{
    char *heap = heap_pages(5);
    lazy_faults(getpid());
    uint64 before = lazy_faults(getpid());
    int pid = MUST(vfork());
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            heap[i * PGSIZE] = 1;
        exit(0);
    }
    SAME(lazy_faults(getpid()), before);
    SAME(child_wait(pid), 0);
    SAME(lazy_faults(VMSTAT_CHILDREN), 3);
    heap[3 * PGSIZE] = heap[4 * PGSIZE] = 1;
    SAME(lazy_faults(getpid()), before + 2);
}

static volatile int depth;

static void descend(int levels)
{
    int level = ++depth;
    if (level == levels) {
        CHECK(vmcheck() <= 0); /* -1 in a release build */
        return;
    }
    int pid = MUST(vfork());
    if (pid == 0) {
        descend(levels);
        exit(0);
    }
    SAME(depth, levels);
    SAME(child_wait(pid), 0);
}

/* A child lends on what it has borrowed. */
void vfork_nested(void)
{
    depth = 0;
    descend(20);
    SAME(depth, 20);
}

static volatile int deepest;

static void descend_for_ever(void)
{
    deepest++;
    int pid = vfork();
    if (pid == 0) {
        descend_for_ever();
        exit(0);
    }
    CHECK(pid > 0 || errcode() == EAGAIN || errcode() == ENOMEM);
    if (pid > 0)
        SAME(child_wait(pid), 0);
}

/* Until no process can be had any more; they all use one stack, which is long enough for that. */
void vfork_exhausts(void)
{
    deepest = 0;
    descend_for_ever();
    CHECK(deepest > 20 && deepest < NPROC);
}

/* A fork in between copies the memory as it is then. */
void vfork_then_fork(void)
{
    volatile int copied = 0;
    shared = 1;
    int pid = MUST(vfork());
    if (pid == 0) {
        shared = 2;
        int inner = child_fork();
        if (inner == 0) {
            CHECK(vmcheck() <= 0);
            copied = shared;
            shared = 99;
            exit(copied);
        }
        exit(child_wait(inner));
    }
    SAME(shared, 2);
    SAME(copied, 0);
    SAME(child_wait(pid), 2);
}

void vfork_child_faults(void)
{
    shared = 5;
    int pid = MUST(vfork());
    if (pid == 0) {
        shared = 6;
        *(volatile char *)vfork_child_faults = 1; /* program text */
        exit(0);
    }
    SAME(shared, 6);
    SAME(child_wait(pid), -1);
}

void vfork_child_killed(void)
{
    int pid = MUST(vfork());
    if (pid == 0) {
        int victim = getpid();
        if (child_fork() == 0) {
            pause(3);
            exit(kill(victim));
        }
        pause(100000);
        exit(0);
    }
    SAME(child_wait(pid), -1);
}

/*
 * Of three in a chain, the middle one is killed: the first has to wait for the third all the same,
 * which is now a child of init.
 */
void vfork_middle_killed(void)
{
    shared = 0;
    int pid = MUST(vfork());
    if (pid == 0) {
        int middle = getpid();
        if (MUST(vfork()) == 0) {
            struct procinfo p;
            kill(middle);
            while (child_find(middle, &p) && p.state != PROC_ZOMBIE)
                pause(1);
            pause(3);
            shared = 1;
            exit(0);
        }
        exit(0);
    }
    SAME(shared, 1);
    SAME(child_wait(pid), -1);
}

/* Sums up what is on its lender's heap, long after that was killed. */
static void outlive(const int out[2], const int go[2], const char *heap, int n)
{
    int sum = 0, pid = getpid();
    char c;
    close(go[1]);
    if (write(out[1], &pid, sizeof pid) != sizeof pid || read(go[0], &c, 1) != 0)
        exit(1);
    for (int i = 0; i < n; i++)
        sum += heap[i * PGSIZE];
    write(out[1], &sum, sizeof sum);
    exit(0);
}

void vfork_parent_killed(void)
{
    enum { PAGES = 40 };
    int out[2], go[2], number;
    MUST(pipe(out));
    MUST(pipe(go));
    int parent = child_fork();
    if (parent == 0) {
        char *heap = heap_pages(PAGES);
        for (int i = 0; i < PAGES; i++)
            heap[i * PGSIZE] = 2;
        if (MUST(vfork()) == 0)
            outlive(out, go, heap, PAGES);
        exit(0);
    }
    SAME(read(out[0], &number, sizeof number), sizeof number);
    SAME(kill(parent), 0);
    SAME(child_wait(parent), -1);
    struct procinfo p;
    CHECK(child_find(number, &p));
    SAME(p.ppid, 1);
    SAME(close(go[1]), 0);
    SAME(read(out[0], &number, sizeof number), sizeof number);
    SAME(number, 2 * PAGES);
    SAME(close(go[0]) + close(out[0]) + close(out[1]), 0);
}

/* Parents and children are killed at any moment. */
static void vfork_for_ever(long by_exec)
{
    for (;;)
        vfork_exit(by_exec);
}

static void kill_lenders(long i)
{
    for (int round = 0; round < 15; round++) {
        int pid = child_fork();
        if (pid == 0)
            vfork_for_ever((i + round) % 2);
        if (round % 3)
            pause(round % 3 - 1);
        for (volatile int n = 0; n < round * 1000; n++)
            ;
        SAME(kill(pid), 0);
        SAME(child_wait(pid), -1);
    }
}

void vfork_killed_anywhere(void)
{
    crowd(3, kill_lenders);
}

static uint run(uint *page)
{
    return ((uint(*)(void))(void *)page)();
}

/* Lends the space to a child that makes code of the page and is the first to run it. */
static int run_first(uint *page)
{
    int pid = MUST(vfork());
    if (pid == 0)
        exit(mprotect(page, PGSIZE, PROT_READ | PROT_EXEC) == 0 ? (int)run(page) : -1);
    return pid;
}

void vfork_makes_code(void)
{
    for (uint n = 0; n < 20; n++) {
        uint *p = mmap(0, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK((long)p > 0);
        p[0] = 0x513 | n << 20; /* li a0, n */
        p[1] = 0x8067;          /* ret */
        int pid = run_first(p);
        SAME(run(p), n);
        SAME(child_wait(pid), n);
        SAME(munmap(p, PGSIZE), 0);
    }
}

int helper_forkmode(int argc, char *argv[])
{
    (void)argc, (void)argv;
    return forkmode(FORK_ASK);
}

static void expect_mode(long mode)
{
    SAME(forkmode(FORK_ASK), mode);
}

void forkmode_inherited(void)
{
    char *argv[] = {self, "@forkmode", 0};
    SAME(forkmode(FORK_ASK), FORK_COW);
    SAME(forkmode(FORK_EAGER), FORK_COW);
    SAME(forkmode(FORK_ASK), FORK_EAGER);
    REFUSED(forkmode(-1), EINVAL);
    REFUSED(forkmode(FORK_EAGER + 1), EINVAL);
    PASSES(expect_mode, FORK_EAGER);
    SAME(child_exec(self, argv), FORK_EAGER);
    SAME(child_wait(MUST(spawn(self, argv, 0, 0))), FORK_EAGER);
    int pid = MUST(vfork());
    if (pid == 0)
        exit(forkmode(FORK_COW));
    SAME(child_wait(pid), FORK_EAGER);
    SAME(forkmode(FORK_ASK), FORK_EAGER);
    SAME(forkmode(FORK_COW), FORK_EAGER);
    PASSES(expect_mode, FORK_COW);
}
