/* spawn: what the new process gets, what each action does, and requests that are refused. */
#include "kernel/spawn.h"
#include "user/testlib/tests.h"

static char self[] = "/usertests";

static int run(char **argv, const struct spawn_action *actions, int n)
{
    return child_wait(MUST(spawn(argv[0], argv, actions, n)));
}

void spawn_arguments(void)
{
    char *argv[MAXARG + 2] = {self, "@count"};
    for (int n = 0; n <= MAXARG - 2; n += 6) {
        argv[2 + n] = 0;
        SAME(run(argv, 0, 0), n * 10000 + n);
        for (int i = 0; i < 6 && 2 + n + i < MAXARG; i++)
            argv[2 + n + i] = "x";
    }
    char *by_name[] = {self, "@name", "usertests", 0};
    SAME(run(by_name, 0, 0), 0);
}

/* Memory, working directory and open files: the first anew, the others the caller's. */
void spawn_keeps(void)
{
    char fd[12], *argv[] = {self, "@reads", fd, "here", 0};
    MUST(mkdir("d"));
    file_make("d/here", 3, 200);
    SAME(chdir("d"), 0);
    int in = MUST(open("here", O_RDONLY));
    SAME(read(in, scratch, 100), 100);
    SAME(run((file_name(fd, "", in), argv), 0, 0), 0);
    SAME(read(in, scratch, 200), 99); /* the offset is shared */
    SAME(close(in), 0);
    SAME(chdir(".."), 0);
}

int helper_reads(int argc, char *argv[])
{
    char c;
    if (argc != 2 || !file_exists(argv[1]))
        return 1;
    return read(atoi(argv[0]), &c, 1) == 1 && c == data_byte(3, 100) ? 0 : 2;
}

/* Writes its own name to descriptor argv[0]; then 0 if argv[1] is not open. */
int helper_writes(int argc, char *argv[])
{
    struct stat st;
    if (argc != 2 || write(atoi(argv[0]), "hello", 5) != 5)
        return 1;
    return fstat(atoi(argv[1]), &st) < 0 ? 0 : 2;
}

static void expect_text(const char *path, const char *text)
{
    int n = strlen(text), fd = MUST(open(path, O_RDONLY));
    SAME(read(fd, scratch, SCRATCH), n);
    SAME(memcmp(scratch, text, n), 0);
    SAME(close(fd), 0);
}

void spawn_opens(void)
{
    char *argv[] = {self, "@writes", "7", "3", 0};
    struct stat st;
    struct spawn_action create[] = {{SPAWN_OPEN, 7, O_CREATE | O_WRONLY, "new"}};
    SAME(run(argv, create, 1), 0);
    expect_text("new", "hello");
    create[0].arg = O_WRONLY | O_APPEND;
    SAME(run(argv, create, 1), 0);
    expect_text("new", "hellohello");
    REFUSED(fstat(7, &st), EBADF); /* here nothing has happened */
    struct spawn_action twice[] = {{SPAWN_OPEN, 7, O_CREATE | O_WRONLY, "a"},
                                   {SPAWN_OPEN, 7, O_CREATE | O_WRONLY, "b"}};
    SAME(run(argv, twice, 2), 0); /* the second takes the place of the first */
    expect_text("a", "");
    expect_text("b", "hello");
}

/* The usual pipe: its writing end becomes descriptor 1, and both ends of the caller are closed. */
void spawn_pipe(void)
{
    int ends[2];
    char *argv[] = {"/echo", "through", "a", "pipe", 0};
    MUST(pipe(ends));
    const struct spawn_action actions[] = {
        {SPAWN_DUP, 1, ends[1], 0}, {SPAWN_CLOSE, ends[1], 0, 0}, {SPAWN_CLOSE, ends[0], 0, 0}};
    int pid = MUST(spawn("/echo", argv, actions, 3));
    SAME(close(ends[1]), 0);
    SAME(read(ends[0], scratch, SCRATCH), 15);
    SAME(memcmp(scratch, "through a pipe\n", 15), 0);
    SAME(read(ends[0], scratch, SCRATCH), 0); /* nobody else has the end */
    SAME(child_wait(pid), 0);
    SAME(close(ends[0]), 0);
}

void spawn_order(void)
{
    char *argv[] = {self, "@writes", "9", "8", 0};
    file_make("f", 1, 0);
    const struct spawn_action good[] = {{SPAWN_OPEN, 8, O_WRONLY, "f"},
                                        {SPAWN_DUP, 9, 8, 0},
                                        {SPAWN_DUP, 9, 9, 0},
                                        {SPAWN_CLOSE, 8, 0, 0}};
    SAME(run(argv, good, 4), 0);
    expect_text("f", "hello");
    const struct spawn_action bad[] = {
        {SPAWN_OPEN, 8, O_WRONLY, "f"}, {SPAWN_CLOSE, 8, 0, 0}, {SPAWN_DUP, 9, 8, 0}};
    REFUSED(spawn(self, argv, bad, 3), EBADF);
}

/* Is its group argv[0] (0: its own), and that of the console in the foreground if argv[1] is 1? */
int helper_group(int argc, char *argv[])
{
    struct procinfo p;
    if (argc != 2 || !child_find(getpid(), &p))
        return 1;
    if (p.pgid != (atoi(argv[0]) ? atoi(argv[0]) : getpid()))
        return 2;
    return atoi(argv[1]) && ioctl(9, TTY_GETFG, 0) != p.pgid ? 3 : 0;
}

void spawn_group(void)
{
    char number[12], *argv[] = {self, "@group", "0", "0", 0};
    struct spawn_action group = {SPAWN_GROUP, 0, 0, 0};
    struct procinfo p;
    SAME(run(argv, &group, 1), 0);
    group.arg = 4711;
    argv[2] = "4711";
    SAME(run(argv, &group, 1), 0);
    CHECK(child_find(getpid(), &p));
    argv[2] = file_name(number, "", p.pgid);
    SAME(run(argv, 0, 0), 0); /* inherited */
    group.arg = -1;
    REFUSED(spawn(self, argv, &group, 1), EINVAL);
}

void spawn_foreground(void)
{
    char *argv[] = {self, "@group", "0", "1", 0};
    const struct spawn_action actions[] = {{SPAWN_OPEN, 9, O_RDWR, "/dev/console"},
                                           {SPAWN_FOREGROUND, 9, 0, 0},
                                           {SPAWN_GROUP, 0, 0, 0}};
    int console = MUST(open("/dev/console", O_RDWR)), before = MUST(ioctl(console, TTY_GETFG, 0));
    int status = run(argv, actions, 3);
    SAME(ioctl(console, TTY_SETFG, before), 0);
    SAME(status, 0);
    file_touch("f");
    const struct spawn_action no_console[] = {{SPAWN_OPEN, 9, O_RDWR, "f"},
                                              {SPAWN_FOREGROUND, 9, 0, 0}};
    REFUSED(spawn(self, argv, no_console, 2), ENOTTY);
    SAME(ioctl(console, TTY_GETFG, 0), before);
    SAME(close(console), 0);
}

static void refuse_action(int what, int fd, int arg, const char *path, int code)
{
    char *argv[] = {self, "@count", 0};
    struct spawn_action actions[] = {
        {SPAWN_OPEN, 12, O_RDONLY, "/README"}, {SPAWN_GROUP, 0, 0, 0}, {what, fd, arg, path}};
    REFUSED(spawn(self, argv, actions, 3), code);
    REFUSED(wait(0), ECHILD);
}

void spawn_bad_actions(void)
{
    static const int bad_fds[] = {-1, NOFILE, 1 << 30, -1000};
    file_touch("f");
    for (uint i = 0; i < sizeof bad_fds / sizeof bad_fds[0]; i++) {
        refuse_action(SPAWN_OPEN, bad_fds[i], O_RDONLY, "f", EBADF);
        refuse_action(SPAWN_CLOSE, bad_fds[i], 0, 0, EBADF);
        refuse_action(SPAWN_DUP, bad_fds[i], 0, 0, EBADF);
        refuse_action(SPAWN_DUP, 5, bad_fds[i], 0, EBADF);
        refuse_action(SPAWN_FOREGROUND, bad_fds[i], 0, 0, EBADF);
    }
    refuse_action(0, 0, 0, 0, EINVAL);
    refuse_action(SPAWN_FOREGROUND + 1, 0, 0, 0, EINVAL);
    refuse_action(-1, 0, 0, 0, EINVAL);
    refuse_action(SPAWN_CLOSE, 30, 0, 0, EBADF);
    refuse_action(SPAWN_DUP, 5, 30, 0, EBADF);
    refuse_action(SPAWN_FOREGROUND, 30, 0, 0, EBADF);
    refuse_action(SPAWN_OPEN, 5, O_RDONLY, "nosuch", ENOENT);
    refuse_action(SPAWN_OPEN, 5, O_RDONLY, "f/x", ENOTDIR);
    refuse_action(SPAWN_OPEN, 5, O_WRONLY, ".", EISDIR);
    for (int i = 0; bad_addresses[i]; i++)
        refuse_action(SPAWN_OPEN, 5, O_RDONLY, (char *)bad_addresses[i], EFAULT);
}

void spawn_refused(void)
{
    char *argv[] = {self, "@count", 0}, *many[MAXARG + 2];
    struct spawn_action actions[SPAWN_MAX + 1];
    file_make("text", 0, 100);
    REFUSED(spawn("nosuch", argv, 0, 0), ENOENT);
    REFUSED(spawn("text", argv, 0, 0), ENOEXEC);
    REFUSED(spawn(".", argv, 0, 0), EISDIR);
    REFUSED(spawn(self, argv, actions, SPAWN_MAX + 1), EINVAL);
    REFUSED(spawn(self, argv, actions, -1), EINVAL);
    for (int i = 0; bad_addresses[i]; i++) {
        char *bad = (char *)bad_addresses[i], *holed[] = {self, bad, 0};
        REFUSED(spawn(bad, argv, 0, 0), EFAULT);
        REFUSED(spawn(self, (char **)bad, 0, 0), EFAULT);
        REFUSED(spawn(self, holed, 0, 0), EFAULT);
        REFUSED(spawn(self, argv, (struct spawn_action *)bad, 1), EFAULT);
    }
    for (int i = 0; i <= MAXARG; i++)
        many[i] = "x";
    many[MAXARG + 1] = 0;
    REFUSED(spawn(self, many, 0, 0), E2BIG);
    for (int i = 0; i < SPAWN_MAX; i++)
        actions[i] = (struct spawn_action){SPAWN_DUP, 10 + i, 0, 0};
    SAME(run(argv, actions, SPAWN_MAX), 0);
    REFUSED(wait(0), ECHILD);
}

void spawn_many(void)
{
    enum { AT_ONCE = 30, ROUNDS = 10 };
    char *argv[] = {self, "@count", "ab", 0};
    const struct spawn_action actions[] = {{SPAWN_OPEN, 9, O_CREATE | O_RDWR, "f"},
                                           {SPAWN_DUP, 10, 9, 0}};
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            MUST(spawn(self, argv, actions, 2));
        for (int i = 0; i < AT_ONCE; i++) {
            int status = 0;
            MUST(wait(&status));
            SAME(status, 10002);
        }
    }
}

/* Until there can be no more: then no kind of child can be had, and trying leaves nothing. */
void spawn_exhausts(void)
{
    int hold[2], n = 0, status;
    char fd[12], *argv[] = {self, "@hold", fd, 0};
    struct spawn_action action = {SPAWN_CLOSE, 0, 0, 0};
    MUST(pipe(hold));
    file_name(fd, "", hold[0]);
    action.fd = hold[1];
    while (spawn(self, argv, &action, 1) > 0)
        n++;
    int code = errcode();
    CHECK(code == EAGAIN || code == ENOMEM);
    CHECK(n > 10);
    for (int i = 0; i < 20; i++) {
        REFUSED_ANY(fork());
        REFUSED_ANY(spawn(self, argv, &action, 1));
    }
    SAME(close(hold[1]), 0);
    for (; n > 0; n--) {
        MUST(wait(&status));
        SAME(status, 6);
    }
    REFUSED(wait(0), ECHILD);
    SAME(close(hold[0]), 0);
}
