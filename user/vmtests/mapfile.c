/* Files in memory: what a mapping shows of a file, and what it may do to it. */
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "user/vmtests/maps.h"

#define PAGES 5
#define BYTES (4 * PGSIZE + 1000) /* the file's: four pages and a part */

static char *map(int fd, int n, int prot, int flags, long offset)
{
    char *p = mmap(0, (size_t)n * PGSIZE, prot, flags, fd, offset);
    MUST((long)p);
    return p;
}

static int open_file(int flags)
{
    file_make("f", 1, BYTES);
    return (int)MUST(open("f", flags));
}

/* The file from `offset` on, then zeros to the end of its last page. */
static void shows(const char *p, int pages, uint offset)
{
    int n = pages * PGSIZE, has = BYTES - (int)offset < n ? BYTES - (int)offset : n;
    CHECK(data_good(p, 1, offset, has));
    for (int i = has; i < n; i++)
        SAME(p[i], 0);
}

void mapfile_shows_file(void)
{
    int fd = open_file(O_RDONLY);
    char *a = map(fd, PAGES, PROT_READ, MAP_PRIVATE, 0), *b = map(fd, 2, PROT_READ, MAP_SHARED, 0);
    char *c = map(fd, 3, RW, MAP_PRIVATE, 2 * PGSIZE);
    SAME(close(fd), 0);
    shows(a, PAGES, 0);
    shows(b, 2, 0);
    shows(c, 3, 2 * PGSIZE);
    SAME(page_of(0, a).frame, page_of(0, b).frame); /* there is one copy in memory */
    SAME(unlink("f"), 0);
    shows(a, PAGES, 0);
    SAME(munmap(a, PAGES * PGSIZE), 0);
    shows(b, 2, 0);
    SAME(b == a || b + 2 * PGSIZE == a, 1);
}

/* Private: the file's until written, our own then; never in the file, nor in another mapping. */
void mapfile_private(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    long promised = committed();
    char *other = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    SAME(committed(), promised + PAGES); /* each page may come to be a copy */
    faults_begin(getpid());
    p[PGSIZE] = 'x'; /* a write that is the first touch */
    p[3] = p[4];     /* a read before it */
    struct vmstat now = faults_now();
    SAME(now.fault[KIND_FILE_COW] + now.fault[KIND_COW], 2);
    SAME(now.frames_copied, 2);
    CHECK(data_good(other, 1, 0, 2 * PGSIZE));
    file_check("f", 1, BYTES);
    SAME(madvise(p, 2 * PGSIZE, MADV_DONTNEED), 0);
    shows(p, PAGES, 0);
    p[4 * PGSIZE + 1500] = 'y'; /* behind the end of the file */
    shows(other, PAGES, 0);
    SAME(p[4 * PGSIZE + 1500], 'y');
    PASSES(page_store, p);
    CHECK(data_good(p, 1, 0, PGSIZE));
    file_check("f", 1, BYTES);
}

/* Rights that the descriptor does not give, and files that are none. */
void pitfall_22_files(void)
{
    int read_only = open_file(O_RDONLY), write_only = (int)MUST(open("f", O_WRONLY)), ends[2];
    int both = (int)MUST(open("f", O_RDWR)), dir = (int)MUST(open(".", O_RDONLY));
    MUST(pipe(ends));
    REFUSED((long)mmap(0, PGSIZE, RW, MAP_SHARED, read_only, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, write_only, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, PROT_WRITE, MAP_SHARED, write_only, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, PROT_NONE, MAP_PRIVATE, write_only, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, RW | PROT_EXEC, MAP_PRIVATE, read_only, 0), EACCES);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, 55, 0), EBADF);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, -1, 0), EBADF);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, dir, 0), ENODEV);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, ends[0], 0), ENODEV);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, 0, 0), ENODEV); /* the console */
    REFUSED((long)mmap(0, 0, PROT_READ, MAP_SHARED, both, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED | MAP_PRIVATE, both, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, 0, both, 0), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, both, 1024), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, both, -PGSIZE), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, both, 1l << 62), EINVAL);
    REFUSED((long)mmap(0, PGSIZE, PROT_READ, MAP_SHARED, both, 1l << 40), EINVAL);
    char *p = map(read_only, 1, PROT_READ, MAP_SHARED, 0);
    REFUSED(mprotect(p, PGSIZE, RW), EACCES);
    SAME(mprotect(p, PGSIZE, PROT_NONE), 0);
    SAME(mprotect(p, PGSIZE, PROT_READ), 0);
    KILLED(page_store, p);
    SAME(*p, data_byte(1, 0));
    char *q = map(read_only, 1, PROT_READ, MAP_PRIVATE, 0);
    SAME(mprotect(q, PGSIZE, RW), 0); /* what is private need not be the file's to give */
    *q = 'z';
    file_check("f", 1, BYTES);
    char *later = map(both, 1, PROT_READ, MAP_SHARED, 0);
    SAME(close(both), 0);
    SAME(mprotect(later, PGSIZE, RW), 0); /* it was opened for that, and holds the file */
    *later = 'z';
    SAME(*p, 'z');
}

/* Beyond the end of the file: the mapping is there, the pages are not. */
void pitfall_23_beyond_end(void)
{
    int fd = open_file(O_RDWR), ends[2];
    MUST(pipe(ends));
    char *p = map(fd, 12, PROT_READ, MAP_SHARED, 0), *q = map(fd, 12, RW, MAP_PRIVATE, 0);
    char *far = map(fd, 1, RW, MAP_PRIVATE, 1 << 20);
    shows(p, PAGES, 0);
    KILLED(page_load, p + PAGES * PGSIZE);
    KILLED(page_store, q + PAGES * PGSIZE);
    KILLED(page_load, far);
    REFUSED(write(ends[1], p + PAGES * PGSIZE, 1), EFAULT);
    REFUSED(write(ends[1], far, 1), EFAULT);
    SAME(write(ends[1], "a", 1), 1);
    REFUSED(read(ends[0], far, 1), EFAULT);
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_load, p + 11 * PGSIZE);
    SAME(faults_of(KIND_EOF), 1);
    for (int at = 0; at < BYTES; at += (int)MUST(read(fd, scratch, SCRATCH)))
        ;
    for (int at = BYTES; at < 7 * PGSIZE; at += 1000) { /* it grows, and is there at once */
        int n = 7 * PGSIZE - at < 1000 ? 7 * PGSIZE - at : 1000;
        data_fill(scratch, 1, (uint)at, n);
        SAME(write(fd, scratch, n), n);
    }
    CHECK(data_good(p, 1, 0, 7 * PGSIZE));
    CHECK(data_good(q, 1, 0, 7 * PGSIZE));
    KILLED(page_load, p + 7 * PGSIZE);
}

/* What write() writes is in the mappings at once; a private page that was written stays. */
void pitfall_24_write_is_seen(void)
{
    int fd = open_file(O_RDWR);
    char *p = map(fd, PAGES, PROT_READ, MAP_SHARED, 0), *q = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    shows(p, PAGES, 0);
    q[10] = 'q';
    for (int i = 0; i < 4; i++) {
        data_fill(scratch, 2, (uint)(i * PGSIZE), PGSIZE);
        SAME(write(fd, scratch, PGSIZE), PGSIZE);
        CHECK(data_good(p + i * PGSIZE, 2, (uint)(i * PGSIZE), PGSIZE));
        CHECK(data_good(p + (i + 1) * PGSIZE, 1, (uint)((i + 1) * PGSIZE), 500));
    }
    CHECK(data_good(q + PGSIZE, 2, PGSIZE, 3 * PGSIZE));
    SAME(q[10], 'q');
    SAME(q[11], data_byte(1, 11));
}

/* A file that is emptied under its mappings: nothing of it is left but private copies. */
void pitfall_23_truncated(void)
{
    int fd = open_file(O_RDWR);
    char *p = map(fd, PAGES, PROT_READ, MAP_SHARED, 0), *q = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    shows(p, PAGES, 0);
    shows(q, PAGES, 0);
    q[PGSIZE] = 'q';
    SAME(close((int)MUST(open("f", O_WRONLY | O_TRUNC))), 0);
    KILLED(page_load, p);
    KILLED(page_load, q);
    SAME(q[PGSIZE], 'q');
    SAME(q[PGSIZE + 1], data_byte(1, PGSIZE + 1));
    SAME(write(fd, "new", 3), 3);
    SAME(memcmp(p, "new\0\0", 5), 0);
    SAME(memcmp(q, "new\0\0", 5), 0);
    KILLED(page_load, p + PGSIZE);
    SAME(munmap(p, PAGES * PGSIZE) + munmap(q, PAGES * PGSIZE), 0);
}

/* read() into a mapping of what is read, and write() from one: no lock waits for itself. */
void pitfall_25_file_into_itself(void)
{
    int fd = open_file(O_RDWR);
    char *q = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    SAME(read(fd, q + PGSIZE, 2 * PGSIZE), 2 * PGSIZE);
    CHECK(data_good(q + PGSIZE, 1, 0, 2 * PGSIZE));
    CHECK(data_good(q + 3 * PGSIZE, 1, 3 * PGSIZE, PGSIZE));
    char *p = map(fd, PAGES, PROT_READ, MAP_SHARED, 0);
    SAME(write(fd, p, 2 * PGSIZE), 2 * PGSIZE); /* pages 0 and 1 to where 2 and 3 were */
    CHECK(data_good(p + 2 * PGSIZE, 1, 0, 2 * PGSIZE));
}

/* Parts of mappings of one file join again where they go on. */
void mapfile_parts(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, PAGES, PROT_READ, MAP_PRIVATE, 0);
    SAME(mprotect(p + PGSIZE, 2 * PGSIZE, RW), 0);
    SAME(areas_in(p, PAGES), 3);
    p[PGSIZE] = 'x';
    SAME(mprotect(p + PGSIZE, 2 * PGSIZE, PROT_READ), 0);
    SAME(areas_in(p, PAGES), 3); /* charged now, the others are not */
    SAME(mprotect(p, PAGES * PGSIZE, RW), 0);
    SAME(areas_in(p, PAGES), 1);
    SAME(p[PGSIZE], 'x');
    SAME(munmap(p + 2 * PGSIZE, PGSIZE), 0);
    CHECK(data_good(p + 3 * PGSIZE, 1, 3 * PGSIZE, PGSIZE));
    CHECK(mmap(p + 2 * PGSIZE, PGSIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 2 * PGSIZE) ==
          p + 2 * PGSIZE);
    CHECK(data_good(p + 2 * PGSIZE, 1, 2 * PGSIZE, PGSIZE));
    uchar in[PAGES];
    page_load((long)(p + 4 * PGSIZE));
    SAME(mincore(p, PAGES * PGSIZE, in), 0);
    SAME(in[0] + in[1] + in[2] + in[3] + in[4], PAGES);
}

/* Inherited, dropped by exec; the file lives as long as anybody maps it. */
static void inherited(long p)
{
    shows((char *)p, PAGES, 0);
    page_store(p);
    SAME(munmap((char *)p, PAGES * PGSIZE), 0);
}

void mapfile_over_fork(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, PAGES, RW, MAP_PRIVATE, 0);
    SAME(close(fd) + unlink("f"), 0);
    for (int eager = 0; eager < 2; eager++) {
        forkmode(eager ? FORK_EAGER : FORK_COW);
        PASSES(inherited, p);
        shows(p, PAGES, 0);
    }
}

/* One fault brings what is in memory of a window of pages, counted apart. */
void fault_file(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, PAGES, PROT_READ, MAP_SHARED, 0), *q = map(fd, 1, RW, MAP_PRIVATE, 0);
    faults_begin(getpid());
    pages_load(p, PAGES);
    struct vmstat now = faults_now();
    SAME(now.fault[KIND_FILE] + now.around, PAGES);
    CHECK(now.fault[KIND_FILE] >= 1);
    FAULTS_WERE([KIND_FILE] = now.fault[KIND_FILE]);
    page_load((long)q);
    SAME(page_of(0, q).rights, PROT_READ);
    SAME(page_of(0, q).frame, page_of(0, p).frame);
    SAME(page_of(0, q).state, PAGE_FILE);
    SAME(munmap(p, PAGES * PGSIZE) + munmap(q, PGSIZE) + sync(), 0);
    MUST(vmctl(VMCTL_DROPCACHES, 1));
    p = map(fd, 1, PROT_READ, MAP_SHARED, 0);
    q = map(fd, 1, PROT_READ, MAP_SHARED, 0);
    faults_begin(getpid());
    page_load((long)p);
    SAME(faults_now().reads, 1); /* it waited for the disk, */
    page_load((long)q);
    SAME(faults_now().reads, 1); /* and now the page is there */
    FAULTS_WERE([KIND_FILE] = 2);
}

/* The window is that of the address, cut to the mapping and to the pages the file has whole. */
void mapfile_around(void)
{
    uint64 window = AROUND_PAGES * PGSIZE;
    char *at = (char *)(((uint64)heap_end() & ~(window - 1)) + 4 * window), *p = at + 2 * PGSIZE;
    int n = 2 * AROUND_PAGES; /* pages of the file, the last of them in part */
    file_make("f", 1, (n - 1) * PGSIZE + 1000);
    int fd = (int)MUST(open("f", O_RDONLY));
    CHECK(mmap(p, n * PGSIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p);
    faults_begin(getpid());
    page_load((long)(p + PGSIZE));
    SAME(faults_now().around, AROUND_PAGES - 3);
    for (int i = 0; i < AROUND_PAGES - 2; i++)
        SAME(page_of(0, p + i * PGSIZE).state, PAGE_FILE);
    SAME(page_of(0, p + (AROUND_PAGES - 2) * PGSIZE).state, PAGE_ABSENT);
    page_load((long)(at + 2 * window));
    SAME(faults_now().around, AROUND_PAGES - 3); /* what is left there is the end of the file */
    page_load((long)(at + window + PGSIZE));
    SAME(faults_now().around, 2 * AROUND_PAGES - 4);
    SAME(page_of(0, p + (n - 1) * PGSIZE).state, PAGE_ABSENT);
    FAULTS_WERE([KIND_FILE] = 3);
    CHECK(data_good(p, 1, 0, (n - 1) * PGSIZE + 1000));
}

/* Of one window three pages are the file's; on both sides lies other memory. */
void mapfile_around_others(void)
{
    uint64 window = AROUND_PAGES * PGSIZE;
    char *at = (char *)(((uint64)heap_end() & ~(window - 1)) + 4 * window), *p = at + 2 * PGSIZE;
    file_make("f", 1, AROUND_PAGES * PGSIZE);
    int fd = (int)MUST(open("f", O_RDONLY));
    CHECK(map_fixed(at, AROUND_PAGES, RW) == at);
    CHECK(mmap(p, 3 * PGSIZE, RW, MAP_PRIVATE | MAP_FIXED, fd, 2 * PGSIZE) == p);
    page_load((long)(p + PGSIZE));
    SAME(page_of(0, p).state, PAGE_FILE);
    SAME(page_of(0, p).rights, PROT_READ);
    for (int i = 0; i < AROUND_PAGES; i++)
        if (i < 2 || i >= 5)
            SAME(page_of(0, at + i * PGSIZE).state, PAGE_ABSENT);
    CHECK(data_good(p, 1, 2 * PGSIZE, 3 * PGSIZE));
}

void fault_file_cow(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, 2, RW, MAP_PRIVATE, 0);
    faults_begin(getpid());
    p[PGSIZE + 3] = 'x';
    p[PGSIZE + 4] = 'y';
    FAULTS_WERE([KIND_FILE_COW] = 1);
    SAME(page_of(0, p + PGSIZE).state, PAGE_PRIVATE);
    SAME(p[PGSIZE + 5], data_byte(1, PGSIZE + 5));
}

void fault_eof(void)
{
    int fd = open_file(O_RDONLY);
    char *p = map(fd, PAGES + 1, PROT_READ, MAP_SHARED, 0);
    faults_begin(VMSTAT_CHILDREN);
    KILLED(page_load, p + PAGES * PGSIZE);
    SAME(faults_of(KIND_EOF), 1);
    PASSES(page_load, p + (PAGES - 1) * PGSIZE);
    SAME(faults_of(KIND_EOF), 1);
}
