/*
 * Lazy allocation and copy-on-write as a course would test them.  Prints
 *     lazy: ok / cow: ok / file: ok / lazycow: passed
 * or says what is wrong and exits with 1.
 * Exercises: sbrk and sbrklazy, SBRK_LAZY by sys_sbrk, fork with most of memory shared, sysinfo,
 * read() into shared pages; memlayout.h, file.h and vm.h in user programs.
 */
#include "kernel/sysinfo.h"
#include "kernel/memlayout.h"
#include "kernel/file.h"
#include "kernel/fcntl.h"
#include "kernel/vm.h"
#include "kernel/types.h"
#include "user/user.h"

static char shared[5 * PGSIZE];

static void stop(const char *why)
{
    printf("lazycow: %s\n", why);
    exit(1);
}

static void test_lazy(void)
{
    const int size = 512 * 1024 * 1024;
    char *area = sbrklazy(size), *old;

    if (area == SBRK_ERROR)
        stop("sbrklazy failed");
    for (int i = 0; i < size; i += size / 32)
        area[i] = i / (size / 32);
    for (int i = 0; i < size; i += size / 32)
        if (area[i] != i / (size / 32))
            stop("a lazy page has lost its content");
    old = sys_sbrk(-size, SBRK_LAZY);
    if (old != area + size || sbrk(0) != area)
        stop("the heap did not shrink");
    printf("lazy: ok\n");
}

/* Four processes share what one of them has touched; each is promised room for a copy. */
static void test_cow(void)
{
    struct sysinfo info;
    int status;

    if (sysinfo(&info) < 0)
        stop("sysinfo failed");
    int size = (int)(info.freemem < 128 << 20 ? info.freemem / 8 : 16 << 20) & ~(PGSIZE - 1);
    char *area = sbrk(size);
    if (area == SBRK_ERROR)
        stop("sbrk failed");
    for (char *p = area; p < area + size; p += PGSIZE)
        *(int *)p = getpid();
    for (int i = 0; i < 3; i++) {
        int pid = fork();
        if (pid < 0)
            stop("fork failed");
        if (pid == 0) {
            for (char *p = area; p < area + size; p += 4 * PGSIZE)
                *(int *)p = 7777;
            exit(11 + i);
        }
    }
    for (int i = 0; i < 3; i++)
        if (wait(&status) < 0 || status < 11 || status > 13)
            stop("a child was lost");
    for (char *p = area; p < area + size; p += PGSIZE)
        if (*(int *)p != getpid())
            stop("a child wrote to its parent's memory");
    sbrk(-size);
    printf("cow: ok\n");
}

/* The kernel writes into a page that is still shared. */
static void test_file(void)
{
    int ends[2], status;

    pipe(ends);
    memset(shared, 's', sizeof(shared));
    if (fork() == 0) {
        if (read(ends[0], shared + PGSIZE - 2, 4) != 4 || shared[PGSIZE + 1] != 'd')
            exit(1);
        exit(0);
    }
    write(ends[1], "abcd", 4);
    wait(&status);
    for (uint i = 0; i < sizeof(shared); i++)
        if (status != 0 || shared[i] != 's')
            stop("read() went to the wrong page");
    printf("file: ok\n");
}

int main(void)
{
    test_lazy();
    test_cow();
    test_file();
    printf("lazycow: passed\n");
    return 0;
}
