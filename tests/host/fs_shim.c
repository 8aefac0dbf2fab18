/* The file layer on this machine; see fs_shim.h. */
#include "tests/host/unit.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/dev/dev.h"
#include "kernel/dev/disk.h"
#include "kernel/dev/machine.h"
#include "kernel/errno.h"
#include "kernel/fs/evict.h"
#include "kernel/lib/panic.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sync/mutex.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/rmap.h"
#include "mkfs/image.h"
#include "tests/host/fs_shim.h"
#include "tests/host/ram.h"

#define RAM (1UL << 31)

struct disk *disk;
uchar *disk_image;
struct event *disk_events;
uchar *disk_data;
bool shim_killed;
bool shim_verbose;
uint shim_lines;
uint64 shim_promised, shim_promises = ~0UL;

/* A small program forks faster, and these tests fork thousands of times. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4";
}

/* The kernel's console. */
void kernel_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void kernel_printf(const char *fmt, ...)
{
    shim_lines++;
    if (!shim_verbose)
        return;
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
}

/* --- sleeping: nobody else is there to wake us ------------------------------------------------ */

static struct spinlock any = SPINLOCK_INIT("any", RANK_NONE);

static void complete_all(void);

struct proc *proc_self(void)
{
    return (struct proc *)&any;
}

/* No daemon runs here: what it would ask. */
struct machine machine;

uint64 r_time(void)
{
    return 0;
}

bool may_sleep(void)
{
    return false;
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
    if (disk->in_flight > 0) {
        spin_unlock(lk);
        complete_all();
        spin_lock(lk);
        return;
    }
    panic("waitq_sleep: nobody would wake the sleeper with \"%s\"", lk->name);
}

int waitq_sleep_interruptible(struct waitq *q, struct spinlock *lk)
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

struct proc *waitq_take(struct waitq *q)
{
    (void)q;
    return NULL;
}

void waitq_wake_all(struct waitq *q)
{
    (void)q;
}

/* --- address spaces: none --------------------------------------------------------------------- */

void rmap_unmap(struct store *st, uint64 first, uint64 n)
{
    (void)first, (void)n;
    if (!list_empty(&st->areas))
        panic("rmap_unmap: nobody maps files here");
}

/* --- mappings: there are none ----------------------------------------------------------------- */

void rmap_protect(struct store *st, uint64 first, uint64 n)
{
    (void)st;
    (void)first;
    (void)n;
    assert_may_sleep("rmap_protect");
}

/* --- memory that was promised ----------------------------------------------------------------- */

int commit_charge_other(uint64 n, bool use_reserve)
{
    (void)use_reserve;
    if (n > shim_promises - shim_promised)
        return -ENOMEM;
    shim_promised += n;
    return 0;
}

void commit_uncharge_other(uint64 n)
{
    if (n > shim_promised)
        panic("commit_uncharge_other: more than was promised");
    shim_promised -= n;
}

/* --- devices ---------------------------------------------------------------------------------- */

static int null_read(struct iov *dst, void *unused)
{
    (void)dst, (void)unused;
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
    return disk->claimed ? disk->claimed : disk->nblocks;
}

bool disk_read_only(void)
{
    return disk->read_only;
}

static void remember(uint block, const void *bytes, uint n)
{
    if (!disk->record)
        return;
    if (disk->nevents == MAX_EVENTS || disk->ndata + n > MAX_DATA)
        panic("disk: the record is full");
    disk_events[disk->nevents++] = (struct event){block, n, disk->ndata};
    if (n > 0)
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
    r->status = fails() || (r->op == DISK_WRITE && disk->read_only) ? -EIO : 0;
    if (r->status)
        return;
    if (r->op == DISK_FLUSH)
        remember(0, NULL, 0);
    else
        transfer(r);
}

static struct list flying;

static void complete_all(void)
{
    for (struct list *l; disk->in_flight > 0 && (l = list_pop(&flying)); disk->in_flight--) {
        struct disk_request *r = container_of(l, struct disk_request, link);
        carry_out(r);
        r->done(r);
    }
}

void disk_submit(struct disk_request *r)
{
    if (disk->slow) {
        if (disk->in_flight++ == 0)
            list_init(&flying);
        list_add_tail(&flying, &r->link);
        disk->most_in_flight += disk->in_flight > disk->most_in_flight;
        return;
    }
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

/* --- boots ------------------------------------------------------------------------------------ */

void *shim_shared(uint64 bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED)
        fail_msg("no memory for the disk");
    return p;
}

void shim_init(uint max_blocks)
{
    disk = shim_shared(sizeof(*disk));
    disk_image = shim_shared((uint64)max_blocks * BSIZE);
    disk_events = shim_shared(MAX_EVENTS * sizeof(*disk_events));
    disk_data = shim_shared(MAX_DATA);
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
