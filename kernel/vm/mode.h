#ifndef VM_MODE_H
#define VM_MODE_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * Boot options of DEBUG kernels that make the machine behave as others may (docs/vm.md):
 *     asids=N    it has N address-space numbers besides 0
 *     spurious   1 in 64 faults is reported again, 1 in 64 user copies finds the page as if stale
 *     softad     accessed and dirty bits are software's: pages fault until theirs are set
 */
struct space;

#if defined(DEBUG) && !defined(HOST_TEST)
void mode_init(void); /* before there are processes */

uint64 mode_asids(uint64 all); /* of `all` numbers, those that may be used */
bool mode_again(void);         /* this one is to be taken as spurious */

/* s will run in user mode: its pages may lose their A and D bits.  May sleep. */
void mode_age(struct space *s);
#else
static inline void mode_init(void)
{
}

static inline uint64 mode_asids(uint64 all)
{
    return all;
}

static inline bool mode_again(void)
{
    return false;
}

static inline void mode_age(struct space *s)
{
    (void)s;
}
#endif

#endif
