/*
 * hog THING: takes all there is of something, says so, and keeps it until it is killed (^C), while
 * it goes on trying.
 *
 *     forks    processes, each of which forks in turn
 *     memory   what sbrk() gives, touched, in several processes
 *     lazy     the same with sbrklazy(), which promises more than there is
 *     large    half of it in one process, which then waits
 *     fork     two thirds of the memory for one process, which forks once and ends
 *     files    open files
 *     pipes    pipes, each full
 *     disk     blocks, by one large file after the other
 *     inodes   empty files
 */
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/kstat.h"
#include "kernel/riscv.h"
#include "user/extra.h"
#include "user/lib/prog.h"

#define MANY  10 /* processes, where one cannot take all */
#define CHUNK (64 * PGSIZE)

static int told;

/* The first time that there is no more. */
static void tell(const char *thing)
{
    if (!told++)
        printf("hog: no more %s: %s\n", thing, strerror(errcode()));
    yield();
}

/* Starts processes that do the same as this one from here on. */
static void multiply(void)
{
    for (int i = 1; i < MANY; i++)
        if (fork() == 0)
            return;
}

static void take_forks(void)
{
    for (;;) {
        int pid = fork();
        told |= pid == 0; /* only the first one tells */
        if (pid < 0)
            tell("processes");
    }
}

static void take_memory(char *(*more)(int))
{
    multiply();
    for (;;) {
        char *p = more(CHUNK);
        if (p == SBRK_ERROR)
            tell("memory");
        for (int i = 0; p != SBRK_ERROR && i < CHUNK; i += PGSIZE)
            p[i] = 1;
    }
}

/* Touches n sixths of what may still be promised. */
static void grow_large(int n)
{
    struct kstat k;
    kstat(&k);
    for (int i = (int)((k.frames_limit - k.frames_committed) * PGSIZE / CHUNK) * n / 6; i > 0;
         i--) {
        char *p = sbrk(CHUNK);
        for (int at = 0; p != SBRK_ERROR && at < CHUNK; at += PGSIZE)
            p[at] = 1;
    }
}

static void stay_large(void)
{
    grow_large(3);
    printf("hog: large\n");
    for (;;)
        pause(1000);
}

static void fork_large(void)
{
    grow_large(4);
    int pid = fork();
    if (pid == 0)
        exit(0);
    if (pid < 0)
        tell("processes");
    else if (wait(0) == pid)
        printf("hog: forked\n");
    exit(pid < 0);
}

static void take_files(void)
{
    for (int i = 0; i < 5 * MANY; i++)
        if (fork() == 0)
            break;
    for (;;)
        if (open("/README", O_RDONLY) < 0)
            tell("open files");
}

static void take_pipes(void)
{
    static char page[PGSIZE];
    int ends[2];
    multiply();
    for (;;) {
        if (pipe(ends) < 0) {
            tell("pipes");
            continue;
        }
        for (int i = 0; i < 15; i++)
            if (write(ends[1], page, sizeof page) < 0)
                tell("room in pipes");
    }
}

/* File `name`, of a name that none has yet. */
static int create(char *name)
{
    static int number;
    snprintf(name, DIRSIZ + 1, "hog%d", number++);
    return open(name, O_CREATE | O_WRONLY);
}

static void take_disk(int with_contents)
{
    static char block[CHUNK];
    char name[DIRSIZ + 1];
    for (;;) {
        int fd = create(name);
        if (fd < 0)
            tell("inodes");
        while (with_contents && fd >= 0 && write(fd, block, sizeof block) == sizeof block)
            ;
        if (with_contents && errcode() == ENOSPC)
            tell("blocks");
        close(fd);
    }
}

int main(int argc, char **argv)
{
    const char *thing = argc == 2 ? argv[1] : "";

    if (strcmp(thing, "forks") == 0)
        take_forks();
    else if (strcmp(thing, "memory") == 0)
        take_memory(sbrk);
    else if (strcmp(thing, "lazy") == 0)
        take_memory(sbrklazy);
    else if (strcmp(thing, "large") == 0)
        stay_large();
    else if (strcmp(thing, "fork") == 0)
        fork_large();
    else if (strcmp(thing, "files") == 0)
        take_files();
    else if (strcmp(thing, "pipes") == 0)
        take_pipes();
    else if (strcmp(thing, "disk") == 0 || strcmp(thing, "inodes") == 0)
        take_disk(thing[0] == 'd');
    prog_usage("hog forks|memory|lazy|large|fork|files|pipes|disk|inodes");
}
