#ifndef KERNEL_VM_H
#define KERNEL_VM_H

/* Modes of sys_sbrk(). */
#define SBRK_EAGER 1 /* memory is charged: the call fails if it could not be delivered */
#define SBRK_LAZY  2 /* not charged: may promise more than there is */

#endif
