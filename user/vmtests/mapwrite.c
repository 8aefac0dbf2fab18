/* Shared mappings of files that are written: the file, its other mappings, read() and the disk. */
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "user/vmtests/maps.h"

#define PAGES 3
#define BYTES (2 * PGSIZE + 700)

static char *map_whole(void)
{
    file_make("f", 1, BYTES);
    return map_file("f", PAGES * PGSIZE);
}

static long size_of(const char *path)
{
    struct stat st;
    SAME(stat(path, &st), 0);
    return (long)st.size;
}

/* What is stored is read, at once and after the mapping has gone. */
void mapwrite_reaches_file(void)
{
    char *p = map_whole();
    long promised = committed();
    char *q = map_file("f", PAGES * PGSIZE);
    data_fill(p, 2, 0, BYTES);
    SAME(committed(), promised); /* the file has room for what is written */
    file_check("f", 2, BYTES);
    CHECK(data_good(q, 2, 0, BYTES));
    SAME(page_of(0, p).frame, page_of(0, q).frame);
    SAME(munmap(p, PAGES * PGSIZE), 0);
    q[5] = (char)~q[5];
    q[5] = (char)~q[5];
    SAME(munmap(q, PAGES * PGSIZE), 0);
    SAME(sync(), 0);
    file_check("f", 2, BYTES);
}

static int is_writable(const char *p)
{
    return page_of(0, p).rights >> 1 & 1;
}

/*
 * Of each page the first write tells the file, and the next do not; a read does neither.  Half a
 * second after the first write the pages may be clean again: then once more.
 */
void fault_dirty(void)
{
    char *p = map_whole();
    int writable = 0;
    for (int turn = 0; turn < 10 && !writable; turn++) {
        pages_load(p, PAGES);
        SAME(msync(p, PAGES * PGSIZE, MS_SYNC), 0);
        faults_begin(getpid());
        pages_load(p, PAGES);
        pages_store(p, 2, 5);
        pages_store(p, 2, 6);
        writable = faults_of(KIND_DIRTY) == 2 && is_writable(p);
    }
    CHECK(writable);
    SAME(is_writable(p + 2 * PGSIZE), 0);
}

/*
 * A page that may be written here is dirty for the file, whether it was written at once or read
 * before: so it is written back, and may not be written any more.
 */
void mapwrite_is_told(void)
{
    char *p = map_whole();
    SAME(sync(), 0);
    p[0] = 'a';
    page_load((long)(p + PGSIZE));
    p[PGSIZE] = 'b';
    int broken = vmcheck(); /* a kernel made without DEBUG has no such call */
    CHECK(broken <= 0);
    SAME(msync(p, PAGES * PGSIZE, MS_SYNC), 0);
    SAME(is_writable(p), 0);
    SAME(is_writable(p + PGSIZE), 0);
}

/* Once it is on the disk it is clean, and the next write is noticed again. */
void mapwrite_msync(void)
{
    char *p = map_whole();
    p[0] = 'a';
    SAME(msync(p, PAGES * PGSIZE, MS_SYNC), 0);
    SAME(is_writable(p), 0);
    faults_begin(getpid());
    p[1] = 'b';
    CHECK(faults_of(KIND_DIRTY) >= 1); /* more if it was written back before the store came */
    SAME(msync(p, PAGES * PGSIZE, MS_ASYNC), 0);
    SAME(msync(p + PGSIZE, PGSIZE, MS_SYNC), 0);
    SAME(p[0] == 'a' && p[1] == 'b', 1);
}

/* Bytes behind the end are zero and stay the mapping's; nothing makes the file longer. */
void pitfall_23_never_longer(void)
{
    char *p = map_whole();
    p[BYTES - 1] = 'l';
    p[BYTES] = 'x';
    p[PAGES * PGSIZE - 1] = 'y';
    SAME(msync(p, PAGES * PGSIZE, MS_SYNC), 0);
    SAME(munmap(p, PAGES * PGSIZE), 0);
    SAME(sync(), 0);
    SAME(size_of("f"), BYTES);
    int fd = (int)MUST(open("f", O_RDWR | O_APPEND));
    for (int i = 0; i < BYTES; i += SCRATCH / 2)
        MUST(read(fd, scratch, BYTES - i < SCRATCH / 2 ? BYTES - i : SCRATCH / 2));
    SAME(read(fd, scratch, 100), 0);
    SAME(write(fd, "end", 3), 3);
    p = map_file("f", PAGES * PGSIZE);
    SAME(p[BYTES - 1], 'l');
    SAME(memcmp(p + BYTES, "end", 3), 0);
    SAME(p[BYTES + 3], 0);
}

/* A child's writes are the parent's; what it wrote is there when it has exited without munmap. */
static void write_all(long p)
{
    data_fill((char *)p, 4, 0, BYTES);
}

void mapwrite_over_fork(void)
{
    char *p = map_whole();
    for (int eager = 0; eager < 2; eager++) {
        data_fill(p, 3, 0, BYTES);
        forkmode(eager ? FORK_EAGER : FORK_COW);
        PASSES(write_all, p);
        CHECK(data_good(p, 4, 0, BYTES));
        file_check("f", 4, BYTES);
    }
    puppet_start(0);
    SAME(munmap(p, PAGES * PGSIZE), 0);
    puppet_store(0, p, 'c');
    puppet_end(0);
    int fd = (int)MUST(open("f", O_RDONLY));
    SAME(read(fd, scratch, 1), 1);
    SAME(scratch[0], 'c');
}

/* Without a name and a descriptor it is still memory that relatives share. */
void mapwrite_unlinked(void)
{
    char *p = map_whole();
    SAME(unlink("f"), 0);
    puppet_start(0);
    puppet_store(0, p + PGSIZE, 'u');
    SAME(p[PGSIZE], 'u');
    SAME(sync(), 0);
    p[PGSIZE] = 'v';
    SAME(puppet_load(0, p + PGSIZE), 'v');
    puppet_end(0);
}

/* write() and stores to one page: each byte is as its last writer left it. */
void pitfall_24_both_ways(void)
{
    char *p = map_whole();
    int fd = (int)MUST(open("f", O_RDWR));
    for (int i = 0; i < 600; i++) {
        char c = (char)i;
        p[i * 2] = c;
        SAME(write(fd, &c, 1), 1);
        SAME(p[i], c);
        SAME(read(fd, &c, 1), 1);
        SAME(c, p[i + 1]);
        SAME(close(fd), 0);
        fd = (int)MUST(open("f", O_RDWR));
        SAME(read(fd, scratch, i + 1), i + 1);
        SAME(memcmp(scratch, p, (size_t)i + 1), 0);
    }
}

/* read() into a mapping of the file that is read, also of the very page, and write() from it. */
void pitfall_25_shared_into_itself(void)
{
    char *p = map_whole();
    int fd = (int)MUST(open("f", O_RDWR));
    SAME(read(fd, p + PGSIZE, PGSIZE), PGSIZE);
    CHECK(data_good(p + PGSIZE, 1, 0, PGSIZE));
    SAME(write(fd, p, PGSIZE), PGSIZE);
    CHECK(data_good(p + PGSIZE, 1, 0, PGSIZE));
    SAME(close(fd), 0);
    fd = (int)MUST(open("f", O_RDWR));
    SAME(read(fd, p, PGSIZE), PGSIZE); /* onto itself */
    CHECK(data_good(p, 1, 0, PGSIZE));
    SAME(write(fd, p, PGSIZE), PGSIZE);
    CHECK(data_good(p, 1, 0, PGSIZE));
}

/* The file is cut while it is dirty, and grows again: zeros, not what was stored before. */
void pitfall_23_truncated_dirty(void)
{
    char *p = map_whole();
    data_fill(p, 6, 0, BYTES);
    SAME(close((int)MUST(open("f", O_WRONLY | O_TRUNC))), 0);
    KILLED(page_store, p);
    int fd = (int)MUST(open("f", O_WRONLY));
    SAME(write(fd, "abc", 3), 3);
    SAME(memcmp(p, "abc\0\0\0", 6), 0);
    p[1] = 'B';
    p[4] = 'x';
    SAME(sync(), 0);
    SAME(write(fd, "d", 1), 1);
    SAME(memcmp(p, "aBcd", 4), 0);
    SAME(size_of("f"), 4);
}

/* Two processes and all the ways in: a counter in the file that each raises in its turn. */
static void raise_stored(long p)
{
    for (int i = 0; i < 100; i++)
        __atomic_fetch_add((int *)p, 1, __ATOMIC_ACQ_REL);
}

void mapwrite_from_all(void)
{
    char *p = map_whole();
    *(int *)(void *)p = 0;
    int pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            raise_stored((long)p);
            SAME(msync(p, PGSIZE, MS_SYNC), 0);
            raise_stored((long)p);
            exit(STATUS_PASSED);
        }
    }
    for (int i = 0, status; i < 3; i++) {
        MUST(wait(&status));
        SAME(status, STATUS_PASSED);
    }
    SAME(*(int *)(void *)p, 600);
    int fd = (int)MUST(open("f", O_RDONLY)), n;
    SAME(read(fd, &n, sizeof n), sizeof n);
    SAME(n, 600);
}
