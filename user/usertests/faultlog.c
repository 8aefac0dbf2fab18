/* Counters of page faults, and the events that /dev/faults tells. */
#include "kernel/faultlog.h"
#include "user/testlib/tests.h"

#define PAGES  20
#define ROUNDS 80
#define BATCH  100

static struct fault_event log[128];

static struct vmstat stat_of(int pid)
{
    struct vmstat v;
    MUST(vmstat(pid, &v));
    return v;
}

static char *lazy_pages(int n)
{
    char *p = sbrklazy((int)(PGROUNDUP((uint64)sbrk(0)) - (uint64)sbrk(0)) + n * PGSIZE);
    CHECK(p != SBRK_ERROR);
    return (char *)PGROUNDUP((uint64)p);
}

static void touch(char *p, int n)
{
    for (int i = 0; i < n; i++)
        p[i * PGSIZE] = 1;
}

void faults_are_counted(void)
{
    char *p = lazy_pages(2 * PAGES);
    volatile char sink = 0;

    struct vmstat first = stat_of(getpid()), machine = stat_of(VMSTAT_MACHINE);
    touch(p, PAGES);
    for (int i = PAGES; i < 2 * PAGES; i++)
        sink += p[i * PGSIZE];
    touch(p + PAGES * PGSIZE, PAGES);
    touch(p, 2 * PAGES);
    struct vmstat last = stat_of(getpid()), machine_last = stat_of(VMSTAT_MACHINE);

    SAME(last.fault[KIND_LAZY] - first.fault[KIND_LAZY], PAGES);
    SAME(last.fault[KIND_ZERO] - first.fault[KIND_ZERO], PAGES);
    SAME(last.fault[KIND_COW] - first.fault[KIND_COW], PAGES);
    SAME(last.frames_zeroed - first.frames_zeroed, 2 * PAGES);
    CHECK(machine_last.fault[KIND_LAZY] >= machine.fault[KIND_LAZY] + PAGES);
}

void faults_refused_are_counted(void)
{
    struct vmstat first = stat_of(getpid());
    REFUSED(read(0, (void *)(uint64)MAXVA, 1), EFAULT);
    REFUSED(procinfo((void *)faults_refused_are_counted, 1), EFAULT);
    struct vmstat last = stat_of(getpid());
    SAME(last.fault[KIND_BAD] - first.fault[KIND_BAD], 1);
    SAME(last.fault[KIND_PROT] - first.fault[KIND_PROT], 1);
}

static void grandchild(long pages)
{
    touch(lazy_pages((int)pages), (int)pages);
}

static void child(long pages)
{
    touch(lazy_pages((int)pages), (int)pages);
    SAME(child_status(grandchild, pages), 0);
    SAME(stat_of(VMSTAT_CHILDREN).fault[KIND_LAZY], pages);
}

/* The counters of those who ended go to whoever waited for them, and stay in the machine's. */
void faults_of_children(void)
{
    struct vmstat before = stat_of(VMSTAT_CHILDREN), machine = stat_of(VMSTAT_MACHINE);

    SAME(before.fault[KIND_LAZY], 0);
    SAME(child_status(child, PAGES), 0);
    SAME(stat_of(VMSTAT_CHILDREN).fault[KIND_LAZY], 2 * PAGES);
    SAME(stat_of(VMSTAT_CHILDREN).forks, 1);
    CHECK(stat_of(VMSTAT_MACHINE).fault[KIND_LAZY] >= machine.fault[KIND_LAZY] + 2 * PAGES);
}

void vmstat_arguments(void)
{
    struct vmstat v;

    REFUSED(vmstat(0x7fffffff, &v), ESRCH);
    REFUSED(vmstat(-2, &v), ESRCH);
    for (const uint64 *bad = bad_addresses; *bad; bad++)
        REFUSED(vmstat(getpid(), (struct vmstat *)*bad), EFAULT);
    MUST(vmstat(1, &v));
    CHECK(v.forks > 0);
}

/* Reads to the end, or to the first event of this process at `p`, if not 0; events of it read. */
static int follow(int fd, const char *p, struct fault_event *found, uint64 *lost)
{
    int mine = 0, n;

    while ((n = (int)MUST(read(fd, log, sizeof log))) > 0) {
        SAME(n % (int)sizeof log[0], 0);
        for (uint i = 0; i < n / sizeof log[0]; i++) {
            *lost += log[i].kind == FAULT_LOST ? log[i].lost : 0;
            if (log[i].kind == FAULT_LOST || log[i].pid != getpid())
                continue;
            mine++;
            if (p && log[i].va == (uint64)p)
                *found = log[i];
        }
    }
    return mine;
}

void faults_leave_events(void)
{
    struct fault_event e = {0}, again = {0};
    uint64 lost = 0, start = r_time();
    int fd = MUST(open("/dev/faults", O_RDONLY));
    char *p = lazy_pages(1);

    SAME(memcmp(&e, &again, sizeof e), 0); /* its code is there: no fault for it later */
    follow(fd, 0, 0, &lost);
    p[8] = 1;
    CHECK(follow(fd, p + 8, &e, &lost) >= 1);
    SAME(e.kind, KIND_LAZY);
    SAME(e.access, 2);
    SAME(e.result, FAULT_OK);
    SAME(e.before, 0);
    CHECK((e.after & (PTE_V | PTE_W | PTE_U)) == (PTE_V | PTE_W | PTE_U));
    CHECK(e.frame > 0 && e.refs == 1);
    CHECK(e.time > start && e.time < r_time());
    CHECK(e.pc >= (uint64)faults_leave_events && e.pc < (uint64)faults_leave_events + PGSIZE);

    /* Another reader begins at the beginning, and takes nothing from this one. */
    int other = MUST(open("/dev/faults", O_RDONLY));
    follow(other, p + 8, &again, &lost);
    SAME(memcmp(&e, &again, sizeof e), 0);
    SAME(follow(fd, 0, 0, &lost), 0); /* but others may have faults of their own */

    /* A child that shares the open file shares its place. */
    p = lazy_pages(1);
    *p = 1;
    int pid = child_fork();
    if (pid == 0)
        exit(read(fd, log, sizeof log[0]) == sizeof log[0] ? STATUS_PASSED : STATUS_FAILED);
    SAME(child_wait(pid), STATUS_PASSED);
    follow(other, p, &e, &lost);
    SAME(e.va, p);
    close(fd);
    close(other);
}

/* More than all rings hold: what a reader did not get, it is told to have lost. */
void fault_events_lost(void)
{
    struct fault_event e;
    uint64 lost = 0;
    int fd = MUST(open("/dev/faults", O_RDONLY));

    follow(fd, 0, &e, &lost);
    lost = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char *p = lazy_pages(BATCH);
        touch(p, BATCH);
        CHECK(sbrk(-BATCH * PGSIZE) != SBRK_ERROR);
    }
    int mine = follow(fd, 0, &e, &lost);
    CHECK(lost > 0);
    CHECK(mine > 0);
    CHECK(lost + (uint64)mine >= ROUNDS * BATCH);
    close(fd);
}

void fault_events_off(void)
{
    struct fault_event e;
    uint64 lost = 0;
    int fd = MUST(open("/dev/faults", O_RDONLY));
    char *p = lazy_pages(2 * PAGES);

    SAME(vmctl(VMCTL_TRACE, -1), 1);
    SAME(vmctl(VMCTL_TRACE, 0), 1);
    follow(fd, 0, &e, &lost);
    touch(p, PAGES);
    int unseen = follow(fd, 0, &e, &lost), was = vmctl(VMCTL_TRACE, 1);
    touch(p + PAGES * PGSIZE, PAGES);
    SAME(unseen, 0);
    SAME(was, 0);
    CHECK(follow(fd, 0, &e, &lost) >= PAGES);
    REFUSED(vmctl(VMCTL_TRACE, 2), EINVAL);
    SAME(vmctl(VMCTL_TRACE, -1), 1);
    close(fd);
}

void fault_events_arguments(void)
{
    int fd = MUST(open("/dev/faults", O_RDWR));

    REFUSED(read(fd, log, sizeof log[0] - 1), EINVAL);
    SAME(MUST(read(fd, log, 2 * sizeof log[0] - 1)), sizeof log[0]);
    REFUSED(write(fd, log, sizeof log[0]), EINVAL);
    REFUSED(ioctl(fd, TTY_RAW, 0), ENOTTY);
    for (const uint64 *bad = bad_addresses; *bad; bad++)
        REFUSED(read(fd, (void *)*bad, sizeof log[0]), EFAULT);
    close(fd);
}
