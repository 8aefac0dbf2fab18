/*
 * Sieve of pipes: each process passes on what its prime does not divide.  `primes [LIMIT]` prints
 *     prime 2 / prime 3 / ... / prime 31 (for the default limit of 35), one a line, in order.
 * Exercises: a chain of processes and pipes, descriptors handed down, wait((int *)0), a function
 * that never returns.
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

static void stage(int from) __attribute__((noreturn));

static void stage(int from)
{
    int prime, n, next[2];

    if (read(from, &prime, sizeof(prime)) == 0)
        exit(0);
    printf("prime %d\n", prime);
    if (pipe(next) < 0 || (n = fork()) < 0) {
        fprintf(2, "primes: no more processes\n");
        exit(1);
    }
    if (n == 0) {
        close(from);
        close(next[1]);
        stage(next[0]);
    }
    close(next[0]);
    while (read(from, &n, sizeof(n)) == sizeof(n))
        if (n % prime)
            write(next[1], &n, sizeof(n));
    close(next[1]);
    wait((int *)0);
    exit(0);
}

int main(int argc, char **argv)
{
    int limit = argc > 1 ? atoi(argv[1]) : 35, first[2];

    pipe(first);
    if (fork() == 0) {
        close(first[1]);
        stage(first[0]);
    }
    close(first[0]);
    for (int i = 2; i <= limit; i++)
        write(first[1], &i, sizeof(i));
    close(first[1]);
    wait((int *)0);
    exit(0);
}
