/*
 * `foreach COMMAND ARGUMENT...` runs COMMAND once for each line of its input, the words of the line
 * appended to the arguments:
 *     $ echo a b | foreach echo x
 *     x a b
 * Exercises: exec with a vector built at run time, MAXARG, malloc, read of single bytes.
 */
#include "kernel/param.h"
#include "kernel/types.h"
#include "user/user.h"

static int read_line(char *to, int max)
{
    int n = 0;
    char c;

    while (n < max - 1 && read(0, &c, 1) == 1) {
        if (c == '\n') {
            to[n] = 0;
            return 1;
        }
        to[n++] = c;
    }
    to[n] = 0;
    return n > 0;
}

int main(int argc, char *argv[])
{
    char *line = malloc(1024), *args[MAXARG];
    int failed = 0;

    if (argc < 2 || argc > MAXARG - 2 || line == 0) {
        fprintf(2, "usage: foreach COMMAND ARGUMENT...\n");
        exit(1);
    }
    while (read_line(line, 1024)) {
        int n = 0, status;
        for (int i = 1; i < argc; i++)
            args[n++] = argv[i];
        for (char *p = line; *p && n < MAXARG - 1;) {
            while (*p == ' ')
                *p++ = 0;
            if (*p)
                args[n++] = p;
            while (*p && *p != ' ')
                p++;
        }
        args[n] = 0;
        if (fork() == 0) {
            exec(args[0], args);
            fprintf(2, "foreach: cannot run %s\n", args[0]);
            exit(1);
        }
        wait(&status);
        if (status != 0)
            failed = 1;
    }
    free(line);
    exit(failed);
}
