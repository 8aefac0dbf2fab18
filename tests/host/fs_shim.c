/* The file layer on this machine; see fs_shim.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/dev/dev.h"
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/lib/panic.h"
#include "kernel/mem/slab.h"
#include "kernel/sync/mutex.h"
#include "mkfs/image.h"
#include "tests/host/fs_shim.h"
#include "tests/host/ram.h"

#define RAM (1UL << 31)

struct disk *disk;
uchar *disk_image;
struct event *disk_events;
uchar *disk_data;
bool shim_killed;

/* --- sleeping: nobody else is there to wake us ------------------------------------------------------ */

static struct spinlock any = SPINLOCK_INIT("any", RANK_NONE);

struct proc *proc_self(void)
{
    return (struct proc *)&any;
}

void assert_may_sleep(const char *who)
{
    (void)who;
    spin_lock(&any); /* ranks forbid that if a lock is held */
    spin_unlock(&any);
}

void waitq_init(struct waitq *q)
{
    list_init(&q->sleepers);
}

void waitq_sleep(struct waitq *q, struct spinlock *lk)
{
    (void)q;
    panic("waitq_sleep: nobody would wake the sleeper with \"%s\"", lk->name);
}

int waitq_sleep_killable(struct waitq *q, struct spinlock *lk)
{
    if (!shim_killed)
        waitq_sleep(q, lk);
    return -EINTR;
}

int waitq_sleep_until(struct waitq *q, struct spinlock *lk, uint64 deadline)
{
    (void)q;
    (void)lk;
    (void)deadline;
    return 0;
}

void waitq_wake_one(struct waitq *q)
{
    (void)q;
}

void waitq_wake_all(struct waitq *q)
{
    (void)q;
}

/* --- devices ---------------------------------------------------------------------------------------- */

static int null_read(struct iov *dst)
{
    (void)dst;
    return 0;
}

static int null_write(struct iov *src)
{
    return (int)src->total;
}

const struct device *device_get(uint major)
{
    static const struct device null = {.name = "null", .read = null_read, .write = null_write};
    return major == 2 ? &null : NULL;
}

uint disk_blocks(void)
{
    return disk->nblocks;
}

static void remember(uint block, const void *bytes, uint n)
{
    if (!disk->record)
        return;
    if (disk->nevents == MAX_EVENTS || disk->ndata + n > MAX_DATA)
        panic("disk: the record is full");
    disk_events[disk->nevents++] = (struct event){block, n, disk->ndata};
    memcpy(disk_data + disk->ndata, bytes, n);
    disk->ndata += n;
}

static bool fails(void)
{
    uint64 n = ++disk->requests;
    return disk->fail_at && (n == disk->fail_at || (disk->fail_on && n > disk->fail_at));
}

static void transfer(struct disk_request *r)
{
    uint64 at = (uint64)r->block * BSIZE, end = (uint64)disk->nblocks * BSIZE;
    if (r->npieces < 1 || r->npieces > DISK_PIECES)
        panic("disk: a request has %d pieces", r->npieces);
    for (int i = 0; i < r->npieces; i++) {
        uint len = r->piece[i].len;
        void *bytes = virt(r->piece[i].at);
        if (len == 0 || len % 512 || at + len > end)
            panic("disk: %u bytes at byte %lu", len, at);
        if (r->op == DISK_READ) {
            memcpy(bytes, disk_image + at, len);
        } else {
            memcpy(disk_image + at, bytes, len);
            remember((uint)(at / BSIZE), bytes, len);
        }
        at += len;
    }
}

static void carry_out(struct disk_request *r)
{
    r->status = fails() ? -EIO : 0;
    if (r->status)
        return;
    if (r->op == DISK_FLUSH)
        remember(0, NULL, 0);
    else
        transfer(r);
}

void disk_submit(struct disk_request *r)
{
    carry_out(r);
    r->done(r);
}

int disk_wait(struct disk_request *r)
{
    assert_may_sleep("disk_wait");
    carry_out(r);
    return r->status;
}

int disk_wait_all(struct disk_request *r, int n)
{
    int first = 0;
    for (int i = 0; i < n; i++) {
        disk_wait(&r[i]);
        first = first ? first : r[i].status;
    }
    return first;
}

int disk_flush(void)
{
    struct disk_request r = {.op = DISK_FLUSH};
    return disk_wait(&r);
}

/* --- boots ------------------------------------------------------------------------------------------ */

static void *shared(uint64 bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED)
        fail_msg("no memory for the disk");
    return p;
}

void shim_init(uint max_blocks)
{
    disk = shared(sizeof(*disk));
    disk_image = shared((uint64)max_blocks * BSIZE);
    disk_events = shared(MAX_EVENTS * sizeof(*disk_events));
    disk_data = shared(MAX_DATA);
}

void shim_format(uint nblocks, uint njournal, uint ninodes)
{
    struct image img;
    const char *wrong = image_init(&img, nblocks, njournal, ninodes);
    if (!wrong)
        wrong = image_device(&img, "/null", 2, 0);
    if (wrong)
        fail_msg("image: %s", wrong);
    image_finish(&img);
    memcpy(disk_image, img.bytes, (uint64)nblocks * BSIZE);
    image_free(&img);
    *disk = (struct disk){.nblocks = nblocks};
}

static void init_memory(uint mib)
{
    paddr end = RAM + ((paddr)mib << 20);
    ram_map(RAM, end);
    frame_add(frame_init(RAM, end, RAM), end);
    kmalloc_init();
}

int shim_boot(uint mib, int seconds, int (*fn)(void *arg), void *arg)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm((unsigned)seconds);
        init_memory(mib);
        int status = fn(arg);
        fflush(stdout);
        _exit(status);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fail_msg("no child process");
    if (!WIFEXITED(status))
        fail_msg("a boot died of signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static void print_line(void *arg, const char *line)
{
    (void)arg;
    printf("fsck: %s\n", line);
}

static void count_only(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

uint64 shim_check(uint64 *orphans)
{
    struct check_report r = {.print = count_only, .max_lines = 20};
    uint64 size = (uint64)disk->nblocks * BSIZE;
    if (check_image(disk_image, size, &r) != CHECK_CLEAN) {
        struct check_report again = {.print = print_line, .max_lines = 20};
        check_image(disk_image, size, &again);
        return r.errors ? r.errors : 1;
    }
    if (orphans)
        *orphans = r.orphans;
    return 0;
}

/* --- calls ------------------------------------------------------------------------------------------ */

struct inode *shim_root(void)
{
    static struct inode *root;
    if (!root)
        root = inode_root();
    return root;
}

int shim_open(const char *path, int flags, struct file **f)
{
    return fs_open(shim_root(), path, flags, f);
}

int64 shim_write(struct file *f, const void *bytes, uint64 n)
{
    struct iov v;
    iov_one(&v, (void *)bytes, n);
    return file_write(f, &v);
}

int64 shim_read(struct file *f, void *bytes, uint64 n)
{
    struct iov v;
    iov_one(&v, bytes, n);
    return file_read(f, &v);
}

int shim_create(const char *path, const void *bytes, uint64 n)
{
    struct file *f;
    int r = shim_open(path, O_CREATE | O_WRONLY | O_TRUNC, &f);
    if (r < 0)
        return r;
    int64 done = n > 0 ? shim_write(f, bytes, n) : 0;
    file_put(f);
    return done < 0 ? (int)done : done == (int64)n ? 0 : -ENOSPC;
}

int64 shim_size(const char *path)
{
    struct inode *ip;
    int r = inode_lookup(shim_root(), path, &ip);
    if (r < 0)
        return r;
    int64 size = (int64)inode_size(ip);
    inode_put(ip);
    return size;
}

/* --- the tree --------------------------------------------------------------------------------------- */

static uint64 mix(uint64 sum, const void *bytes, uint64 n)
{
    const uchar *p = bytes;
    for (uint64 i = 0; i < n; i++)
        sum = (sum ^ p[i]) * 0x100000001b3UL;
    return sum;
}

static uint64 tree(struct file *f, uint64 sum, const char *path, bool *bad);

static int by_name(const void *a, const void *b)
{
    const struct dirent *x = a, *y = b;
    return strncmp(x->name, y->name, DIRSIZ);
}

static uint64 member(const struct dirent *e, uint64 sum, const char *path, bool *bad)
{
    char name[256];
    struct file *f;
    snprintf(name, sizeof(name), "%s/%.*s", path, DIRSIZ, e->name);
    if (strlen(name) >= MAXPATH || shim_open(name, O_RDONLY | O_NOFOLLOW, &f) < 0) {
        *bad = true;
        return sum;
    }
    sum = mix(sum, e->name, DIRSIZ);
    sum = tree(f, sum, name, bad);
    file_put(f);
    return sum;
}

static uint64 tree(struct file *f, uint64 sum, const char *path, bool *bad)
{
    struct stat st;
    file_stat(f, &st);
    sum = mix(sum, &st.type, sizeof(st.type));
    sum = mix(sum, &st.nlink, sizeof(st.nlink));
    sum = mix(sum, &st.size, st.type == T_DIR ? 0 : sizeof(st.size));
    if (st.type == T_DEVICE)
        return sum;
    uchar *bytes = malloc(st.size + 1);
    if (st.size > 0 && shim_read(f, bytes, st.size) != (int64)st.size)
        *bad = true;
    else if (st.type != T_DIR)
        sum = mix(sum, bytes, st.size);
    uint n = st.type == T_DIR && !*bad ? (uint)(st.size / sizeof(struct dirent)) : 0;
    struct dirent *e = (struct dirent *)bytes;
    if (n > 2)
        qsort(e + 2, n - 2, sizeof(*e), by_name);
    for (uint i = 2; i < n; i++)
        if (e[i].inum)
            sum = member(&e[i], sum, path, bad);
    free(bytes);
    return sum;
}

uint64 shim_tree(void)
{
    struct file *f;
    bool bad = false;
    if (shim_open("/", O_RDONLY, &f) < 0)
        return 0;
    uint64 sum = tree(f, 0xcbf29ce484222325UL, "", &bad);
    file_put(f);
    return bad ? 0 : sum;
}
