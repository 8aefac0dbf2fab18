/*
 * Mapped files as a course would test them.  Prints a line for each part, then `maplab: passed`, or
 * says what is wrong and exits with 1.
 * Exercises: mmap and munmap with addr 0 of files, private and shared; descriptors closed, files
 * unlinked; ends of files inside a page; unmapping in parts; fork; write() seen in a mapping;
 * pgaccess() as in the lab on page tables.
 */
#include "kernel/param.h"
#include "kernel/fcntl.h"
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/riscv.h"
#include "user/user.h"

#define FAIL ((char *)-1)
#define SIZE (PGSIZE + PGSIZE / 2)

static char page[PGSIZE];
static const char *part;

static void stop(const char *why)
{
    printf("maplab: %s: %s\n", part, why);
    exit(1);
}

/* A page and a half of 'A'. */
static void make_file(const char *name)
{
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);
    if (fd < 0)
        stop("open for writing");
    memset(page, 'A', sizeof(page));
    if (write(fd, page, PGSIZE) != PGSIZE || write(fd, page, PGSIZE / 2) != PGSIZE / 2)
        stop("write");
    if (close(fd) < 0)
        stop("close");
}

/* What a mapping of it has: the bytes of the file, then zeros. */
static void check(const char *p)
{
    for (int i = 0; i < 2 * PGSIZE; i++)
        if (p[i] != (i < SIZE ? 'A' : 0))
            stop("wrong contents");
}

static void begin(const char *name)
{
    part = name;
    make_file("lab.dat");
}

static void end(void)
{
    printf("%s: ok\n", part);
}

static void private_test(void)
{
    begin("private");
    int fd = open("lab.dat", O_RDONLY);
    char *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (p == FAIL || close(fd) < 0)
        stop("mmap of a file that may only be read");
    check(p);
    for (int i = 0; i < 2 * PGSIZE; i++)
        p[i] = 'P';
    if (munmap(p, 2 * PGSIZE) < 0)
        stop("munmap");
    fd = open("lab.dat", O_RDONLY);
    p = mmap(0, 2 * PGSIZE, PROT_READ, MAP_PRIVATE, fd, 0);
    check(p);
    if (close(fd) < 0 || munmap(p, 2 * PGSIZE) < 0)
        stop("the second time");
    end();
}

static void rights_test(void)
{
    begin("rights");
    int fd = open("lab.dat", O_RDONLY);
    if (mmap(0, 3 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != FAIL)
        stop("a shared mapping writes what was opened for reading");
    if (mmap(0, PGSIZE, PROT_READ, MAP_SHARED, 17, 0) != FAIL)
        stop("mmap of no descriptor");
    close(fd);
    end();
}

static void shared_test(void)
{
    char c;
    begin("shared");
    int fd = open("lab.dat", O_RDWR);
    char *p = mmap(0, 3 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == FAIL || close(fd) < 0)
        stop("mmap");
    check(p);
    for (int i = 0; i < 2 * PGSIZE; i++)
        p[i] = 'Z';
    if (munmap(p, PGSIZE) < 0)
        stop("munmap of the first page");
    p[PGSIZE] = 'Y';
    if (munmap(p + PGSIZE, 2 * PGSIZE) < 0)
        stop("munmap of the rest, of which a page was never touched");
    fd = open("lab.dat", O_RDONLY);
    for (int i = 0; i < SIZE; i++)
        if (read(fd, &c, 1) != 1 || c != (i == PGSIZE ? 'Y' : 'Z'))
            stop("what was stored is not in the file");
    if (read(fd, &c, 1) != 0)
        stop("the file has become longer");
    close(fd);
    end();
}

static void middle_test(void)
{
    begin("middle");
    int fd = open("lab.dat", O_RDWR | O_CREATE);
    char *p = mmap(0, 2 * PGSIZE, PROT_READ, MAP_SHARED, fd, 0);
    char *q = mmap(0, 5 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == FAIL || q == FAIL)
        stop("mmap");
    q[0] = q[PGSIZE] = q[4 * PGSIZE] = 'q';
    if (munmap(q + 2 * PGSIZE, PGSIZE) < 0 || munmap(q + PGSIZE, 3 * PGSIZE) < 0)
        stop("munmap in the middle, and over a hole");
    if (q[0] != 'q' || q[4 * PGSIZE] != 'q')
        stop("what is left of it has changed");
    check(p);
    if (write(fd, "new", 3) != 3 || p[0] != 'n' || p[2] != 'w' || p[3] != 'A')
        stop("write() is not seen through the mapping");
    close(fd);
    end();
}

static void gone_test(void)
{
    begin("gone");
    int fd = open("lab.dat", O_RDWR);
    char *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == FAIL || close(fd) < 0 || unlink("lab.dat") < 0)
        stop("unlink of a mapped file");
    check(p);
    p[5] = 'x';
    if (p[5] != 'x' || munmap(p, 2 * PGSIZE) < 0)
        stop("its memory");
    end();
}

static void two_test(void)
{
    begin("two files");
    int one = open("lab1", O_RDWR | O_CREATE), two = open("lab2", O_RDWR | O_CREATE);
    if (write(one, "12345", 5) != 5 || write(two, "67890", 5) != 5)
        stop("write");
    char *p = mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, one, 0);
    char *q = mmap(0, PGSIZE, PROT_READ, MAP_PRIVATE, two, 0);
    close(one);
    close(two);
    unlink("lab1");
    unlink("lab2");
    if (memcmp(p, "12345", 6) != 0 || memcmp(q, "67890", 6) != 0)
        stop("wrong contents");
    munmap(p, PGSIZE);
    if (memcmp(q, "67890", 6) != 0)
        stop("the second one is gone with the first");
    munmap(q, PGSIZE);
    end();
}

static void fork_test(void)
{
    int status = -1;
    begin("fork");
    int fd = open("lab.dat", O_RDWR);
    char *p = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *q = mmap(0, 2 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (p == FAIL || q == FAIL || unlink("lab.dat") < 0)
        stop("mmap");
    if (*p != 'A')
        stop("wrong contents");
    int pid = fork();
    if (pid < 0)
        stop("fork");
    if (pid == 0) {
        check(q);
        check(p);
        q[PGSIZE] = 'q';
        p[PGSIZE] = 'p';
        munmap(p, PGSIZE); /* of the child only */
        exit(0);
    }
    if (wait(&status) != pid || status != 0)
        stop("the child");
    if (p[0] != 'A' || p[PGSIZE] != 'p' || q[0] != 'A' || q[PGSIZE] == 'q')
        stop("what the child wrote");
    end();
}

/* As the course's exercise has it: a buffer of 32 pages that malloc() gave, an int for the bits. */
static void access_test(void)
{
    unsigned int bits;
    part = "pgaccess";
    char *buffer = malloc(32 * PGSIZE);
    if (pgaccess(buffer, 32, &bits) < 0)
        stop("the first call");
    buffer[PGSIZE * 1] += 1;
    buffer[PGSIZE * 2] += 1;
    buffer[PGSIZE * 30] += 1;
    if (pgaccess(buffer, 32, &bits) < 0)
        stop("the second call");
    if (bits != ((1u << 1) | (1u << 2) | (1u << 30)))
        stop("wrong bits");
    free(buffer);
    end();
}

int main(void)
{
    private_test();
    rights_test();
    shared_test();
    middle_test();
    gone_test();
    two_test();
    fork_test();
    access_test();
    printf("maplab: passed\n");
    exit(0);
}
