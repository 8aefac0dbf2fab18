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

#endif
