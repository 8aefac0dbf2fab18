/*
 * What older programs do and newer ones should not: a long printed by %d, a function of its own
 * with the name of a library function, global names like buf, run, err and fds, a main that falls
 * off its end by return.  Has to compile under -Wall -Werror.  Prints
 *     oldstyle: 3 big 1 ok
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "kernel/syscall.h"

#define N 3

char buf[BSIZE];
int fds[2];
const char *secret = "ok";

int strncmp(const char *p, const char *q, int n)
{
    while (n-- > 0 && *p && *p == *q)
        p++, q++;
    return n < 0 ? 0 : *p - *q;
}

static void err(const char *why)
{
    printf("oldstyle: %s\n", why);
    exit(1);
}

static int run(int big)
{
    if (pipe(fds) != 0)
        err("pipe");
    if (write(fds[1], buf, sizeof buf) != sizeof buf)
        err("write");
    int count = read(fds[0], buf, sizeof buf);
    return big && count == BSIZE;
}

int main(void)
{
    long n = N;
    if (MAXFILE != NDIRECT + NINDIRECT + NINDIRECT * NINDIRECT || DIRSIZ != 14 || NPROC < 64)
        err("constants");
    if (TRAPFRAME != TRAMPOLINE - PGSIZE || KERNBASE != 0x80000000L || SYS_getpid != 11)
        err("addresses");
    if (strncmp("abc", "abd", 2) != 0)
        err("strncmp");
    printf("oldstyle: %d big %d %s\n", n, run(1), secret);
    return 0;
}
