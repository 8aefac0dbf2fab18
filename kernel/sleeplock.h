#ifndef KERNEL_SLEEPLOCK_H
#define KERNEL_SLEEPLOCK_H

/* Programs written for xv6 include this file; it has nothing that a user program could use. */

#endif
