// sources: mkfs/output.c
/* A file appears complete or not at all, whatever the host's disk or a signal does on the way. */
#define _GNU_SOURCE
#include "tests/host/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mkfs/output.h"

#define UNIT  1024
#define UNITS 64
#define USED  (10 * UNIT)

static char folder[] = "/tmp/test_output.XXXXXX";
static char target[64];
static uchar content[USED];

/* What pwrite() does: after so many calls, an error or a signal; or interruptions and halves. */
static struct {
    int after;
    int error;
    int signal;
    bool by_halves;
    int calls;
    int interrupted;
} plan;

/* Stands in for the C library's, in this program only. */
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    plan.calls++;
    if (plan.by_halves && plan.calls % 2) {
        plan.interrupted++;
        errno = EINTR;
        return -1;
    }
    if (plan.calls > plan.after && plan.signal)
        raise(plan.signal);
    if (plan.calls > plan.after && plan.error) {
        errno = plan.error;
        return -1;
    }
    if (plan.by_halves && n > 1)
        n /= 2;
    return syscall(SYS_pwrite64, fd, bytes, n, offset);
}

static int entries(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    int n = 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void assert_content(const char *expected, uint64 n, uint64 size)
{
    static uchar got[UNITS * UNIT + 1];
    int fd = open(target, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof(got)), size);
    close(fd);
    assert_memory_equal(got, expected, n);
    for (uint64 i = n; i < size; i++)
        assert_int_equal(got[i], 0);
}

static void write_old(void)
{
    FILE *f = fopen(target, "w");
    assert_non_null(f);
    fputs("old", f);
    assert_int_equal(fclose(f), 0);
}

static const char *replace(void)
{
    return output_replace(target, content, USED, UNITS * UNIT, UNIT);
}

/* Runs replace() in a process of its own, because its signal handlers stay; returns its status. */
static int replace_in_child(void)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(replace() ? 1 : 0);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void test_new_file(void **unused)
{
    (void)unused;
    assert_null(replace());
    assert_content((char *)content, USED, UNITS * UNIT);
    assert_int_equal(entries(), 1);
    assert_int_equal(plan.calls, 3); /* units 1-2, 4 and 7-9 */
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

static void test_short_and_interrupted_writes(void **unused)
{
    (void)unused;
    plan.by_halves = true;
    assert_null(replace());
    assert_content((char *)content, USED, UNITS * UNIT);
    assert_true(plan.interrupted > 20);
}

static void test_every_failing_write(void **unused)
{
    (void)unused;
    static const int errors[] = {ENOSPC, EIO, EDQUOT};
    write_old();
    for (int i = 0; i < 9; i++) {
        plan.calls = 0;
        plan.after = i / 3;
        plan.error = errors[i % 3];
        const char *why = replace();
        assert_non_null(why);
        assert_string_equal(why, strerror(plan.error));
        assert_content("old", 3, 3);
        assert_int_equal(entries(), 1);
    }
}

static void test_signal_in_every_write(void **unused)
{
    (void)unused;
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    write_old();
    for (int i = 0; i < 15; i++) {
        plan.after = i / 5;
        plan.signal = signals[i % 5];
        signal(plan.signal, SIG_DFL); /* who runs the tests may ignore it */
        int status = replace_in_child();
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), plan.signal);
        assert_content("old", 3, 3);
        assert_int_equal(entries(), 1);
    }
}

/* nohup must go on to work. */
static void test_ignored_signal_stays_ignored(void **unused)
{
    (void)unused;
    plan.signal = SIGHUP;
    signal(SIGHUP, SIG_IGN);
    int status = replace_in_child();
    signal(SIGHUP, SIG_DFL);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_content((char *)content, USED, UNITS * UNIT);
}

static void test_no_target_for_a_file(void **unused)
{
    (void)unused;
    assert_int_equal(mkdir(target, 0755), 0);
    assert_non_null(replace());
    assert_int_equal(entries(), 1);
    assert_int_equal(rmdir(target), 0);
    assert_non_null(output_replace("/dev/null/x", content, USED, USED, UNIT));
    assert_non_null(output_replace("/dev/full", content, USED, USED, UNIT));
}

static void test_long_name(void **unused)
{
    (void)unused;
    char name[5000];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_string_equal(output_replace(name, content, USED, USED, UNIT), strerror(ENAMETOOLONG));
}

static int setup(void **unused)
{
    (void)unused;
    memset(&plan, 0, sizeof(plan));
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    unlink(target);
    return entries();
}

static int start(void **unused)
{
    (void)unused;
    for (int i = 0; i < USED; i++)
        content[i] = "0110100111"[i / UNIT] == '1' && i % UNIT == UNIT / 2 + i / UNIT ? 'x' : 0;
    umask(022);
    if (!mkdtemp(folder))
        return -1;
    snprintf(target, sizeof(target), "%s/image", folder);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    return rmdir(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new_file),
        TEST(test_short_and_interrupted_writes),
        TEST(test_every_failing_write),
        TEST(test_signal_in_every_write),
        TEST(test_ignored_signal_stays_ignored),
        TEST(test_no_target_for_a_file),
        TEST(test_long_name),
    };
    return cmocka_run_group_tests(tests, start, end);
}
