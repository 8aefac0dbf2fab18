#ifndef FS_CACHE_H
#define FS_CACHE_H

#include "kernel/dev/disk.h"
#include "kernel/fs.h"
#include "kernel/mem/frame.h"
#include "kernel/riscv.h"
#include "kernel/vm/store.h"

/*
 * The one cache of the file system: frames found by (store, index).  A store is the data of a
 * file, index counting its pages, or the disk itself, index counting groups of PAGE_BLOCKS blocks;
 * the latter holds what belongs to no file: inode table, bitmap, indirect blocks.
 *
 * A page has PAGE_BLOCKS blocks, each of them valid (the bytes are right) or not.  Whoever excludes
 * other users of a block (the mutex of its inode, in most cases) may read and write the bytes of a
 * valid one while holding a reference.
 */
#define PAGE_BLOCKS (uint)(PGSIZE / BSIZE)
#define ALL_BLOCKS  ((1u << PAGE_BLOCKS) - 1)

struct page {
    struct page *next; /* in its hash chain; cache lock, like all up to `dirty_since` */
    struct list lru;
    struct list of_store;
    struct list of_dirty; /* while `dirty` is not 0: among all such pages, the oldest first */
    struct waitq waiters; /* for the end of busy */
    bool busy;            /* the disk fills blocks that are not valid */
    bool used;            /* since the hand of the clock came by */
    bool gone;            /* no longer in the table */
    uchar dirty;          /* one bit a block: newer than on the disk */
    uchar writing;        /* one bit a block: no longer dirty, not yet on the disk */
    uint64 dirty_since;   /* cache_mark() then */
    uchar valid;          /* one bit a block; set under the cache lock, never cleared */
    uchar logged;         /* one bit a block: in the running transaction; the journal's */
    uint refs;            /* atomic; the table itself holds one */
    struct store *store;
    uint64 index;
    uint8 *bytes;
    ushort clear_from; /* bytes behind the end of the file were zeros from here on; as the bytes */
    uint block[PAGE_BLOCKS];   /* where the blocks live on the disk, 0 = not known; as the bytes */
    ushort entry[PAGE_BLOCKS]; /* of logged blocks: which of the transaction; the journal's */
};

/* The disk as a store. */
extern struct store cache_disk;

/* Once, before all others.  False: no memory. */
bool cache_init(void);

/*
 * A reference to the page, which is made if it is not there (then no block is valid).  NULL: no
 * memory.  Never waits for the disk; whoever holds references in turn keeps others from memory.
 */
struct page *cache_get(struct store *s, uint64 index);
struct page *cache_find(struct store *s, uint64 index); /* NULL if it is not there */
void cache_hold(struct page *pg);                       /* one more reference */
void cache_put(struct page *pg);                        /* any context */

static inline struct frame *cache_frame(const struct page *pg)
{
    return frame_of(phys(pg->bytes));
}

/* The frame of a page that is there, all of it valid, with a reference for the caller; or NULL. */
struct frame *cache_find_frame(struct store *s, uint64 index);

/*
 * The same of n pages from `first` on, in out[], which nobody has asked for yet: they do not count
 * as used.  Returns how many there are.
 */
uint cache_peek(struct store *s, uint64 first, uint n, struct frame *out[]);

/*
 * Makes the blocks in the mask `want` valid by reading them from block[], where 0 gives zeros.
 * Sleeps.  0, or -EIO with the page as it was.
 */
int cache_load(struct page *pg, uint want);

/*
 * The caller fills these blocks itself, for instance because it writes all of them: first it waits
 * until none of them is being read, in the end it marks them valid.
 */
void cache_await(struct page *pg, uint blocks);
void cache_claim(struct page *pg, uint blocks);

/*
 * Starts to read n pages, at most DISK_PIECES, and returns.  `want[i]` is the mask of blocks of
 * page[i].  It is only a hint: pages that are in part valid, busy or scattered over the disk are
 * left to cache_load().
 */
void cache_prefetch(struct page *const page[], const uint want[], int n);

/*
 * Drops all pages of a store for good, what they still had to write included: the caller has freed
 * their blocks, or is about to, in the operation that it is in.
 */
void cache_drop(struct store *s);

/* Drops those of the first n pages of a store that nobody holds; true if it has none then. */
bool cache_forget(struct store *s, uint n);

/* The page of the disk that holds block b, which is made valid; 0 or -EIO or -ENOMEM. */
int cache_block(uint b, struct page **out);

/*
 * Starts to read the pages of the disk with blocks first .. first+n-1, and returns.  A hint, of
 * which no more than the CACHE_ASK blocks of one request are taken.
 */
#define CACHE_ASK (uint)(DISK_PIECES * PAGE_BLOCKS)
void cache_ask(uint first, uint n);

/* Where block b stands in its page of the disk. */
static inline uint cache_slot(uint b)
{
    return b % PAGE_BLOCKS;
}

static inline void *cache_bytes(const struct page *pg, uint slot)
{
    return pg->bytes + slot * BSIZE;
}

/* Drops up to n pages that nobody holds; returns how many.  Any context without spin locks. */
uint64 cache_shrink(uint64 n);
uint64 cache_pages(void);

/*
 * The next page that is mapped (or pinned) and was not used since the hand came by, with a
 * reference; NULL if there is none.  *number is that of its inode, which is in memory now.
 */
struct page *cache_mapped(uint64 *number);

/* --- writeback.c ------------------------------------------------------------------------------ */

/*
 * These blocks of pg, which belongs to the data of a file, are newer than those on the disk: they
 * are valid and block[] is known.  Called after they were changed, or before a mapping may change
 * them; whoever keeps cache_drop() out (the mutex of the inode) holds a reference meanwhile.  They
 * are written home with the next commit or before; until then the page stays in memory.  Never
 * sleeps.  Once the disk has failed nothing is written any more, and fsync says so.
 */
void cache_dirty(struct page *pg, uint blocks);

/* Pages with blocks that are dirty or being written. */
uint64 cache_dirty_pages(void);

/* True if so many pages are dirty that writing them back should begin. */
bool cache_is_dirty(void);

/*
 * For whoever makes pages dirty, with no lock held: while more than a quarter of the memory that
 * the cache can have is dirty, writes pages back.
 */
void cache_throttle(void);

/*
 * Writes back some of the oldest dirty pages; sleeps, no lock may be held.  Returns how many, 0 if
 * there are none, or -EIO, and from then on the file system is read-only.
 */
int64 cache_clean(void);

/* Whatever becomes dirty from now on is younger than the mark that this returns. */
uint64 cache_mark(void);

/* Writes back all that is not younger than the mark, as cache_clean() does; 0 or -EIO. */
int cache_write_back(uint64 mark);

/*
 * True if something was written back since the last time that this returned true; the flush that
 * the caller makes now takes it to the disk.
 */
bool cache_need_flush(void);

/* True if anything is dirty, or being written back, or written back and not flushed since. */
bool cache_has_news(void);

/* Of a store that has no pages any more: waits until no write-back knows it.  No lock is held. */
void cache_settle(const struct store *s);

/* --- between the files of the cache ----------------------------------------------------------- */

extern struct spinlock cache_lock;

void cache_init_writeback(void);

/* How many blocks of pg, i and others in the mask, follow each other on the disk from slot i on. */
uint cache_run(const struct page *pg, uint i, uint mask);

/* The page if it is in memory, without a reference; the cache lock is held. */
struct page *cache_look(const struct store *s, uint64 index);

/* A page leaves the table: only what a commit refers to is still written.  Cache lock held. */
void cache_undirty(struct page *pg);

/* True while pages of the store, even if gone, are being written back.  The cache lock is held. */
bool cache_in_batch(const struct store *s);

#endif
