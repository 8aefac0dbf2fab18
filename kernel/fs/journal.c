/*
 * The journal: operations join the running transaction; a commit takes all of it to the disk.
 *
 * To commit, the transaction is closed: no operation may begin until those under way have ended and
 * the images of all its blocks have been copied to an area of their own.  Then a new transaction
 * runs, which may change the same blocks again, while the copy is written at leisure.  Pages stay
 * in memory, by one reference for each block, until the copy has gone home.  Whoever needs a commit
 * makes it: a process in fsync, one that finds no room, the daemon once a second; the others who
 * wait for it find it done.
 *
 * If the disk fails, nothing more is written: operations get -EROFS from then on.
 *
 * Locks: journal_lock, a spin lock, guards the running transaction; commit_lock, a mutex and taken
 * first, the area of commit.c.
 */
#include "kernel/fs/journal.h"
#include "kernel/dev/disk.h"
#include "kernel/errno.h"
#include "kernel/fs/alloc.h"
#include "kernel/fs/commit.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/param.h"
#include "kernel/sync/mutex.h"

/* A block of a transaction. */
struct entry {
    struct page *page; /* held */
    uint slot;
    uint block; /* its home */
};

static struct spinlock journal_lock = SPINLOCK_INIT("journal", RANK_JOURNAL);
static struct mutex commit_lock;

static struct entry *running, *committing;
static uint nrunning;
static uint64 round;             /* commit that will take what changes now */
static uint64 done;              /* the last one that took all to the disk */
static uint last_seq;            /* of the last transaction in the journal; commit_lock */
static uint active;              /* operations under way */
static bool closing;             /* no new ones may begin */
static bool failed;              /* nothing is written any more: the disk failed, or is read-only */
static struct waitq drained;     /* a closing transaction waits for active to be 0 */
static struct waitq reopened;    /* operations wait for closing to end */
static struct waitq work, large; /* the daemon's */
static struct commit_area area;
static uint last_count; /* images of the last commit, if the journal still shows them */

static struct entry *new_entries(void)
{
    int order = 0;
    while ((uint64)PGSIZE << order < area.limit * sizeof(struct entry))
        order++;
    struct frame *f = frame_alloc_order(FRAME_WIRED, order, 0);
    return f ? frame_virt(f) : NULL;
}

const char *journal_mount(const struct superblock *sb)
{
    mutex_init(&commit_lock, "commit");
    waitq_init(&drained);
    waitq_init(&reopened);
    waitq_init(&work);
    waitq_init(&large);
    if (!commit_init(sb, &area))
        return "too little memory for the journal";
    running = new_entries();
    committing = new_entries();
    if (!running || !committing)
        return "too little memory for the journal";
    const char *wrong = commit_recover(&last_seq, &last_count);
    if (wrong)
        return wrong;
    round = 1;
    failed = disk_read_only();
    return NULL;
}

/* Makes commit `want` unless that is done; 0 or -EIO. */
static int commit(uint64 want);

int journal_begin(void)
{
    spin_lock(&journal_lock);
    while (!failed) {
        if (closing) {
            waitq_sleep(&reopened, &journal_lock);
        } else if (nrunning + (active + 1) * MAXOPBLOCKS > area.limit) {
            uint64 full = round;
            spin_unlock(&journal_lock);
            commit(full);
            spin_lock(&journal_lock);
        } else {
            active++;
            break;
        }
    }
    int r = failed ? -EROFS : 0;
    spin_unlock(&journal_lock);
    return r;
}

void journal_end(void)
{
    spin_lock(&journal_lock);
    active--;
    if (active == 0 && closing)
        waitq_wake_all(&drained);
    if (nrunning > 0)
        waitq_wake_one(&work);
    if (nrunning > area.limit / 2)
        waitq_wake_one(&large);
    spin_unlock(&journal_lock);
}

void journal_dirty(struct page *pg, uint i)
{
    if (pg->logged >> i & 1)
        return; /* stays so until this operation ends */
    spin_lock(&journal_lock);
    if (nrunning == area.limit)
        panic("journal_dirty: an operation has at most %d blocks", MAXOPBLOCKS);
    if (!(pg->logged >> i & 1)) {
        cache_hold(pg);
        running[nrunning] = (struct entry){.page = pg, .slot = i, .block = pg->block[i]};
        pg->entry[i] = (ushort)nrunning++;
        pg->logged |= (uchar)(1u << i);
    }
    spin_unlock(&journal_lock);
}

void journal_forget(struct page *pg, uint i)
{
    spin_lock(&journal_lock);
    while (closing && active == 0) /* its blocks are being copied; inside an operation never so */
        waitq_sleep(&reopened, &journal_lock);
    bool logged = pg->logged >> i & 1;
    if (logged) {
        struct entry *last = &running[--nrunning];
        last->page->entry[last->slot] = pg->entry[i];
        running[pg->entry[i]] = *last;
        pg->logged &= (uchar) ~(1u << i);
    }
    spin_unlock(&journal_lock);
    if (logged)
        cache_put(pg);
}

/* --- commit: commit_lock is held -------------------------------------------------------------- */

/* D. L. Shell, 1959, with the gaps of D. E. Knuth; most transactions are nearly in order. */
static void sort_by_block(struct entry *e, uint n)
{
    uint gap = 1;
    while (gap < n / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3) {
        for (uint i = gap; i < n; i++) {
            struct entry moved = e[i];
            uint k = i;
            for (; k >= gap && e[k - gap].block > moved.block; k -= gap)
                e[k] = e[k - gap];
            e[k] = moved;
        }
    }
}

static void copy_images(uint n)
{
    sort_by_block(committing, n);
    for (uint i = 0; i < n; i++) {
        struct entry *e = &committing[i];
        area.homes[i] = e->block;
        memcpy(commit_image(n, i), cache_bytes(e->page, e->slot), BSIZE);
        e->page->logged &= (uchar) ~(1u << e->slot);
    }
}

/*
 * Ends the running transaction and copies it; returns its number of blocks, 0 if it is empty.  The
 * data that these refer to is dirty now, or on the disk: *mark tells it from younger data.
 */
static uint close_running(uint64 *mark)
{
    spin_lock(&journal_lock);
    closing = true;
    while (active > 0)
        waitq_sleep(&drained, &journal_lock);
    uint n = nrunning;
    spin_unlock(&journal_lock);

    struct entry *full = running;
    running = committing;
    committing = full;
    copy_images(n);
    *mark = cache_mark();

    spin_lock(&journal_lock);
    nrunning = 0;
    round++;
    closing = false;
    waitq_wake_all(&reopened);
    spin_unlock(&journal_lock);
    return n;
}

bool journal_failed(void)
{
    return load_acquire(&failed);
}

void journal_fail(void)
{
    spin_lock(&journal_lock);
    bool news = !failed;
    store_release(&failed, true);
    waitq_wake_all(&reopened);
    spin_unlock(&journal_lock);
    if (news)
        printf("journal: the disk failed: the file system is read-only from now on\n");
}

static void set_done(uint64 n)
{
    spin_lock(&journal_lock);
    done = n;
    spin_unlock(&journal_lock);
}

/* Makes durable what was written back, and the transaction of n blocks in the area. */
static int make_durable(uint n)
{
    bool flush = cache_need_flush();
    if (n > 0)
        return commit_write(last_seq + 1, n);
    return flush ? disk_flush() : 0;
}

/* The transaction is durable: its blocks change at home, and what it freed may be used again. */
static int finish(uint n)
{
    last_seq++;
    last_count = n;
    for (uint i = 0; i < n; i++)
        alloc_committed(area.homes[i], commit_image(n, i));
    if (commit_copy_home(n) < 0)
        return -EIO; /* the journal has it: the next mount copies it home */
    for (uint i = 0; i < n; i++)
        cache_put(committing[i].page);
    return 0;
}

static void commit_running(void)
{
    uint64 mark, mine = round;
    uint n = close_running(&mark);
    int r = cache_write_back(mark);
    if (r == 0)
        r = make_durable(n);
    if (r == 0)
        set_done(mine);
    if (r == 0 && n > 0)
        r = finish(n);
    if (r < 0)
        journal_fail();
}

static int commit(uint64 want)
{
    mutex_lock(&commit_lock);
    if (done < want && !failed)
        commit_running();
    int r = done < want && failed ? -EIO : 0;
    mutex_unlock(&commit_lock);
    return r;
}

/* Something has changed that no commit has begun to take to the disk; journal_lock is held. */
static bool any_change(void)
{
    return nrunning > 0 || cache_has_news();
}

int journal_sync(void)
{
    spin_lock(&journal_lock);
    uint64 want = any_change() ? round : round - 1;
    spin_unlock(&journal_lock);
    return commit(want);
}

/* --- the daemon's ----------------------------------------------------------------------------- */

bool journal_wait_work(uint64 deadline)
{
    spin_lock(&journal_lock);
    if (!any_change() || failed)
        waitq_sleep_until(&work, &journal_lock, deadline);
    bool any = any_change() && !failed;
    spin_unlock(&journal_lock);
    return any;
}

void journal_wait_large(uint64 deadline)
{
    spin_lock(&journal_lock);
    if (nrunning <= area.limit / 2 && !cache_is_dirty())
        waitq_sleep_until(&large, &journal_lock, deadline);
    spin_unlock(&journal_lock);
}

void journal_wake(void)
{
    spin_lock(&journal_lock);
    waitq_wake_one(&work);
    waitq_wake_one(&large);
    spin_unlock(&journal_lock);
}

void journal_rest(void)
{
    mutex_lock(&commit_lock);
    if (last_count > 0 && !failed) {
        if (disk_flush() < 0 || commit_write_empty(last_seq) < 0)
            journal_fail();
        last_count = 0;
    }
    mutex_unlock(&commit_lock);
}
