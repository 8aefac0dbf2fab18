/*
 * attack NAME: one attempt to take init, the console or the kernel away from the others.
 * Status 0 if the kernel behaved; what is to be seen from outside is checked by tests/test_init.py.
 */
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/ioctl.h"
#include "kernel/param.h"
#include "user/extra.h"

static int refused(int result, int code)
{
    return result == -1 && errcode() == code;
}

/* Makes init's group the foreground, for ^C. */
static int foreground(void)
{
    return ioctl(0, TTY_SETFG, 1) == 0 || errcode() != 0;
}

static int signals(void)
{
    int good = 1;
    for (int i = 0; i < 1000; i++)
        good = good && refused(kill(1), EPERM) && refused(setpgid(1, 0), ESRCH) &&
               refused(setpgid(1, getpid()), ESRCH);
    return good && setpgid(0, 1) == 0 && setpgid(0, 0) == 0;
}

/* Each child leaves orphans behind, which end at once or a little later. */
static int orphans(void)
{
    for (int i = 0; i < 300; i++) {
        int pid = fork();
        if (pid == 0) {
            for (int k = 0; k < 5 && fork() != 0; k++)
                ;
            if (i % 3 == 0)
                yield();
            exit(0);
        }
        if (pid < 0 || wait(0) < 0)
            pause(1);
    }
    return 1;
}

/* Orphans that init is to wait for while they exec, sleep and are killed. */
static int busy_orphans(void)
{
    char *argv[] = {"echo", 0};
    for (int i = 0; i < 60; i++) {
        int middle = fork();
        if (middle == 0) {
            int pid = fork();
            if (pid == 0 && i % 2) {
                dup2(open("/dev/null", O_WRONLY), 1);
                exec("/echo", argv);
            }
            if (pid == 0)
                pause(i % 5);
            if (pid > 0 && i % 7 == 0)
                kill(pid);
            exit(0);
        }
        if (middle > 0)
            wait(0);
    }
    return 1;
}

/* Nothing of this is a program. */
static int execs(void)
{
    static const char *const paths[] = {"/",         "attacked",     "/dev/null",
                                        "/dev/zero", "/dev/console", "/dev/random",
                                        "/README",   "attacked/."};
    char *argv[] = {"x", 0};
    int good = mkdir("attacked") == 0;
    for (uint i = 0; i < sizeof paths / sizeof paths[0]; i++)
        good = good && exec(paths[i], argv) == -1 && (errcode() == ENOEXEC || errcode() == EISDIR);
    return good && unlink("attacked") == 0;
}

/* Opens as many files as it may; tells the parent by one byte whether the table was full. */
static void hold_inodes(int i, int tell, int wait_for)
{
    char name[16], full = 0, end;
    for (int n = 0; n < NOFILE; n++) {
        snprintf(name, sizeof name, "in%d.%d", i, n);
        if (open(name, O_CREATE | O_RDWR) < 0 && errcode() == ENFILE)
            full = 1;
        unlink(name);
    }
    write(tell, &full, 1);
    read(wait_for, &end, 1); /* until the parent closes its end */
    exit(0);
}

/* All inodes in memory in use, by several processes; the file system has to go on. */
static int inode_table(void)
{
    int told[2], go[2], children = 0;
    char full = 0, one;
    if (pipe(told) < 0 || pipe(go) < 0)
        return 0;
    for (int i = 0; i < 1 + NINODE / (NOFILE - 8); i++) {
        int pid = fork();
        if (pid == 0) {
            close(go[1]);
            hold_inodes(i, told[1], go[0]);
        }
        children += pid > 0;
    }
    for (int i = 0; i < children && read(told[0], &one, 1) == 1; i++)
        full |= one;
    close(go[1]);
    while (wait(0) > 0)
        ;
    return full && unlink("nothing") < 0 && mkdir("after") == 0 && unlink("after") == 0;
}

/* Everything that a directory without a name may be asked for. */
static int lost_directory(void)
{
    char c;
    mkdir("lost");
    if (chdir("lost") < 0 || unlink("../lost") < 0)
        return 0;
    int fd = open(".", O_RDONLY), good = 1;
    good &= open("..", O_RDONLY) < 0 && chdir("..") < 0 && mkdir("x") < 0 && unlink("../x") < 0;
    good &= open("x", O_CREATE) < 0 && link("/README", "x") < 0 && symlink("x", "y") < 0;
    if (fd >= 0)
        read(fd, &c, 1);
    return good && mkdir("../lost") < 0 && chdir("/") == 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} attacks[] = {
    {"foreground", foreground},     {"signals", signals}, {"orphans", orphans},
    {"busy_orphans", busy_orphans}, {"execs", execs},     {"inode_table", inode_table},
    {"lost", lost_directory},
};

int main(int argc, char **argv)
{
    for (uint i = 0; argc == 2 && i < sizeof attacks / sizeof attacks[0]; i++)
        if (strcmp(argv[1], attacks[i].name) == 0)
            return attacks[i].run() ? 0 : 1;
    fprintf(2, "attack: which one?\n");
    return 2;
}
