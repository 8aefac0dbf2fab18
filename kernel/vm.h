#ifndef KERNEL_VM_H
#define KERNEL_VM_H

/* Modes of sys_sbrk(). */
#define SBRK_EAGER 1 /* memory is charged: the call fails if it could not be delivered */
#define SBRK_LAZY  2 /* not charged: may promise more than there is */

/* Modes of forkmode(). */
#define FORK_ASK   0 /* changes nothing */
#define FORK_COW   1 /* frames are shared until somebody writes */
#define FORK_EAGER 2 /* every frame is copied at once */

/* Settings of vmctl(); a negative value only asks. */
#define VMCTL_OVERCOMMIT 1 /* 1: promises are never refused for lack of memory */
#define VMCTL_TRACE      2 /* 1: page faults leave events in /dev/faults, as from boot on */
#define VMCTL_DROPCACHES 3 /* 1: drops cached pages of files that nobody uses */

/*
 * vmplant(), for a kernel made with PLANT=1: the pages that the caller's heap has to consist of, so
 * that the kernel finds entries of every kind.
 */
#define PLANT_OWN    0 /* written, nobody else's */
#define PLANT_SHARED 1 /* written, then shared with one child */
#define PLANT_EMPTY  2 /* never touched */
#define PLANT_ZERO   3 /* only read */
#define PLANT_PAGES  4

#endif
