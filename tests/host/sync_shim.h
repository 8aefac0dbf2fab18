#ifndef HOST_SYNC_SHIM_H
#define HOST_SYNC_SHIM_H

/*
 * Spin locks and interrupts for unit tests (sync_shim.c).  All threads of a test run on harts[0];
 * a single-threaded test may play another hart by changing harts[0].id.
 */

/* Forgets the locks that this thread holds, after a panic left them behind. */
void sync_shim_reset(void);

#endif
