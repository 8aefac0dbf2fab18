/*
 * init: the first process.  Opens the console, whose device file it makes if the disk has none, as
 * descriptors 0, 1 and 2, and keeps a shell running.  It inherits every process whose parent has
 * ended and waits for it.
 */
#include "kernel/fcntl.h"
#include "kernel/ioctl.h"
#include "kernel/param.h"
#include "user/lib/prog.h"

/* Without a console there is no place for a message: the exit status is all that can be told. */
static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR);
    if (fd < 0) {
        mknod("/console", DEV_CONSOLE, 0);
        fd = open("/console", O_RDWR);
    }
    if (fd < 0)
        exit(1);
    while (fd < 2) {
        fd = dup(fd);
        if (fd < 0)
            exit(2);
    }
}

/* Returns the shell's pid, -1 if there can be none now. */
static int start_shell(void)
{
    char *argv[] = {"sh", 0};

    printf("init: starting sh\n");
    int pid = fork();
    if (pid != 0)
        return pid;
    exec("/sh", argv);
    prog_fail("cannot run /sh");
    exit(127);
}

/* Waits until the shell ends, and for all orphans that end before. */
static void reap_until(int shell)
{
    int pid;

    do
        pid = wait(0);
    while (pid >= 0 && pid != shell);
}

int main(void)
{
    if (getpid() != 1) {
        prog_warn("the system has started already");
        return 1;
    }
    open_console();
    for (;;) {
        int started = uptime();
        int shell = start_shell();
        if (shell < 0)
            prog_fail("cannot start a shell");
        else
            reap_until(shell);
        if (shell < 0 || uptime() - started < TICK_HZ)
            pause(TICK_HZ);
    }
}
