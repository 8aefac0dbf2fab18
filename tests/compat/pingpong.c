/*
 * A token goes back and forth over two pipes.  Prints, with the pids of the two processes:
 *     6: got 1 ... 5: got 2 ... up to "got 10", then "pingpong: done".
 * Exercises: pipe, fork, read, write, getpid, wait(0); stat.h before types.h.
 */
#include "kernel/stat.h"
#include "kernel/types.h"
#include "user/user.h"

static void player(int in, int out, int last)
{
    int token;

    while (read(in, &token, sizeof(token)) == sizeof(token)) {
        printf("%d: got %d\n", getpid(), token);
        if (token == last)
            break;
        token++;
        if (write(out, &token, sizeof(token)) != sizeof(token))
            break;
        if (token == last)
            break;
    }
    close(in);
    close(out);
}

int main(int argc, char *argv[])
{
    int there[2], back[2], token = 1;

    if (argc != 1) {
        fprintf(2, "usage: %s\n", argv[0]);
        exit(1);
    }
    if (pipe(there) < 0 || pipe(back) < 0) {
        fprintf(2, "pingpong: pipe failed\n");
        exit(1);
    }
    if (fork() == 0) {
        close(there[1]);
        close(back[0]);
        player(there[0], back[1], 10);
        exit(0);
    }
    close(there[0]);
    close(back[1]);
    write(there[1], &token, sizeof(token));
    player(back[0], there[1], 10);
    wait(0);
    printf("pingpong: done\n");
    exit(0);
}
