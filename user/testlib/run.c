/*
 * One test from start to end.  The driver starts the test and a watchdog, a child that sleeps and
 * then kills the test.  Whoever of the test's descendants is still alive at the end is found in
 * the process list, by group and parents, and killed.  Reasons of failure come through a pipe
 * whose writing end is REPORT_FD in the test and in all its children.
 */
#include "user/extra.h"
#include "user/testlib/run.h"

#define QUICK_LIMIT (300 * TICK_HZ) /* ticks; a loaded host is slow */
#define SLOW_LIMIT  (1200 * TICK_HZ)
#define GRACE       (30 * TICK_HZ) /* ticks for orphans to end */

static int start_test(const struct test *t, const int report[2])
{
    int pid = fork();
    if (pid != 0)
        return pid;
    char go;
    dup2(report[1], REPORT_FD);
    SAME(read(report[0], &go, 1), 1); /* not before the watchdog is there: tests count processes */
    close(report[0]);
    close(report[1]);
    SAME(chdir(TEST_DIR), 0);
    t->body();
    exit(STATUS_PASSED);
}

/* It lets the test go when it is as it will stay: nothing that happens then is its doing. */
static int start_watchdog(int victim, int ticks, int go)
{
    int pid = fork();
    if (pid != 0)
        return pid;
    for (int fd = 0; fd < NOFILE; fd++)
        if (fd != go)
            close(fd);
    write(go, "g", 1);
    close(go);
    pause(ticks);
    kill(victim);
    exit(0);
}

/* Waits for both; the test's status, *late if the watchdog had to act. */
static int await(int test, int watchdog, int *late)
{
    int status = -1, s, pid, test_ended = 0, dog_ended = watchdog < 0;
    *late = 0;
    while ((!test_ended || !dog_ended) && (pid = wait(&s)) > 0) {
        if (pid == test) {
            test_ended = 1;
            status = s;
            if (!dog_ended)
                kill(watchdog);
        } else if (pid == watchdog) {
            dog_ended = 1;
            *late = !test_ended;
        }
    }
    return status;
}

/* Kills process `orphan` of the list; from then on its children count as orphans too. */
static int kill_orphan(struct procinfo *list, int n, int orphan)
{
    for (int i = 0; i < n; i++)
        if (list[i].ppid == list[orphan].pid)
            list[i].ppid = 1;
    list[orphan].pgid = -1;
    return list[orphan].state != PROC_ZOMBIE && kill(list[orphan].pid) == 0;
}

/*
 * Kills what is left of a test: younger members of our group whose parent is init, or is such a
 * process itself.  Our ancestors are older, and neighbours in a pipeline have another parent.
 * Returns the number of those killed.
 */
static int kill_strays(void)
{
    struct procinfo self, *list;
    int killed = 0, bytes = NPROC * sizeof *list;
    if (!child_find(getpid(), &self) || (list = (void *)sbrk(bytes)) == (void *)SBRK_ERROR)
        return 0;
    int n = procinfo(list, NPROC);
    for (int i = 0; i < n; i++) {
        if (list[i].ppid == 1 && list[i].pid > self.pid && list[i].pgid == self.pgid) {
            killed += kill_orphan(list, n, i);
            i = -1; /* who has become an orphan may stand further up */
        }
    }
    sbrk(-bytes);
    return killed;
}

/* Those that are about to end by themselves get a moment for it. */
static int end_strays(const struct kstat *before)
{
    struct kstat now;
    for (int i = 0; i < GRACE && kstat(&now) == 0 && now.procs > before->procs; i++)
        pause(1);
    return kill_strays();
}

/* In a process of its own, so that deep recursion leaves no trace in the driver's stack. */
void run_remove_directory(void)
{
    int pid = fork();
    if (pid == 0) {
        if (chdir(TEST_DIR) == 0)
            dir_clear();
        exit(0);
    }
    while (pid > 0 && wait(0) != pid)
        ;
    unlink(TEST_DIR);
}

/* The first line of what comes out of the pipe; reads it to the end, until nobody can write. */
static void read_reason(int fd, char *reason, int n)
{
    char c;
    int used = 0, line = 1;
    while (read(fd, &c, 1) == 1) {
        line = line && c != '\n';
        if (line && used < n - 1)
            reason[used++] = c;
    }
    reason[used] = 0;
}

static enum result judge(int status, int late, int strays, char *reason, int n)
{
    if (late)
        snprintf(reason, n, "did not end in time");
    else if (status == STATUS_SKIPPED)
        return SKIPPED;
    else if (status == -1 && !reason[0])
        snprintf(reason, n, "was killed by the kernel");
    else if (status != STATUS_PASSED && !reason[0])
        snprintf(reason, n, "exit status %d", status);
    else if (strays && !reason[0])
        snprintf(reason, n, "left %d processes running", strays);
    return reason[0] ? FAILED : PASSED;
}

static enum result run_body(const struct test *t, const struct kstat *before, char *reason, int n)
{
    int report[2], late;
    if (mkdir(TEST_DIR) < 0 || pipe(report) < 0) {
        snprintf(reason, n, "cannot prepare it: %s", strerror(errcode()));
        return FAILED;
    }
    int test = start_test(t, report);
    int limit = t->slow ? SLOW_LIMIT : QUICK_LIMIT;
    int watchdog = test > 0 ? start_watchdog(test, limit, report[1]) : -1;
    if (watchdog < 0)
        write(report[1], "g", 1);
    close(report[1]);
    int status = await(test, watchdog, &late);
    int strays = end_strays(before);
    read_reason(report[0], reason, n);
    close(report[0]);
    run_remove_directory();
    if (test < 0)
        snprintf(reason, n, "cannot start it: %s", strerror(errcode()));
    return judge(status, late, strays, reason, n);
}

/* A kernel made with DEBUG=1 proves its rules (docs/invariants.md); another one cannot be asked. */
static int rules_broken(char *reason, int n)
{
    int broken = vmcheck();
    if (broken > 0)
        snprintf(reason, n, "the kernel breaks %d of its rules: see the console", broken);
    return broken > 0;
}

/*
 * A kernel may keep some frames for itself after the first time that it needed them: a loss of
 * nothing but frames counts only if it happens again.
 */
enum result run_test(const struct test *t, char *reason, int n)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        struct kstat before = kernel_now();
        enum result r = run_body(t, &before, reason, n);
        if (r == FAILED || rules_broken(reason, n))
            return FAILED;
        char leak[160];
        int kinds = leak_found(&before, LEAK_FRAMES | LEAK_PIECES, leak, sizeof leak);
        if (!kinds)
            return r;
        strlcpy(reason, leak, n);
        if (kinds != LEAK_FRAMES)
            return FAILED;
    }
    return FAILED;
}
