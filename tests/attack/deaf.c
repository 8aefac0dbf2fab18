/*
 * deaf FILE COMMAND [ARGUMENT...]: runs a program and makes FILE when it has ended.  ^C ends the
 * program but not deaf, so FILE tells that without a word on the console.
 */
#include "kernel/fcntl.h"
#include "kernel/signal.h"
#include "user/extra.h"

static void nothing(int sig, struct siginfo *info)
{
    (void)sig, (void)info;
}

int main(int argc, char **argv)
{
    struct sigaction deaf = {.handler = nothing}; /* unlike SIG_IGN, exec does not keep it */
    if (argc < 3 || sigaction(SIGINT, &deaf, 0) < 0)
        return 2;
    int pid = spawn(argv[2], argv + 2, 0, 0);
    while (pid > 0 && wait(0) < 0)
        ; /* interrupted: the program is being ended */
    return open(argv[1], O_CREATE | O_WRONLY) < 0;
}
