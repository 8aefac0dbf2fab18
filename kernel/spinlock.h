#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

/* Programs written for xv6 include this file; it has nothing that a user program could use. */

#endif
