/*
 * The file system's kernel thread: what operations leave in memory is on the disk a second later,
 * or sooner if it grows large.
 */
#include "kernel/dev/machine.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/journal.h"
#include "kernel/riscv.h"

#define NEVER (~0UL)

void fs_daemon(void *unused)
{
    (void)unused;
    for (;;) {
        if (!journal_wait_work(r_time() + machine.timebase)) {
            journal_rest();
            while (!journal_wait_work(NEVER))
                ;
        }
        journal_wait_large(r_time() + machine.timebase / 2); /* the commit takes the other half */
        inode_retry();
        journal_sync(); /* an error has been reported, and ends the work */
    }
}
