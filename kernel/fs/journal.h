#ifndef FS_JOURNAL_H
#define FS_JOURNAL_H

#include "kernel/fs/cache.h"

/*
 * Atomic operations on the disk.  All blocks that are changed between journal_begin() and
 * journal_end() reach the disk together or not at all; operations that complete share a commit.
 * docs/fs.md has the protocol.
 *
 * Order: an operation is begun before any inode is locked and ended after all are unlocked; no
 * wait for user memory inside it.  It dirties at most MAXOPBLOCKS blocks.
 */

/*
 * Recovers the file system: copies the last commit home.  NULL, or in a few words why it cannot be
 * mounted.  After cache_init(), before anything else was read.
 */
const char *journal_mount(const struct superblock *sb);

/* May sleep, for a commit to make room.  0, or -EROFS if the disk is read-only or failed. */
int journal_begin(void);
void journal_end(void);

/*
 * Block i of pg, which is valid and whose block[i] is known, changes in this operation: now, or
 * until its end.  Cannot fail.  The page stays in memory until the change is home.
 */
void journal_dirty(struct page *pg, uint i);

/*
 * The block is freed in this operation: what the running transaction has of it need not be
 * written.  Also used to give up pages after the journal failed.
 */
void journal_forget(struct page *pg, uint i);

/*
 * Everything that completed before is durable when it returns 0; -EIO if it cannot be.  Not inside
 * an operation.
 */
int journal_sync(void);

/* True from the moment when nothing is written any more. */
bool journal_failed(void);

/* Data could not be written: says so, and nothing is written from now on.  No spin lock is held. */
void journal_fail(void);

/* --- for the daemon; deadlines as in waitq_sleep_until() -------------------------------------- */

/* Sleeps until there is something to commit: true, or until the deadline. */
bool journal_wait_work(uint64 deadline);

/* Sleeps until much has changed, or until the deadline. */
void journal_wait_large(uint64 deadline);

/* Data has become dirty, much of it perhaps: wakes who waits for that.  No spin lock is held. */
void journal_wake(void);

/* Marks a journal empty whose images are all home, so that the next mount is quick. */
void journal_rest(void);

#endif
