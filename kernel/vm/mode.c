/*
 * What other machines do and QEMU does not: see mode.h.  The manual lets a hart fault on an entry
 * that permits the access (it remembers an older one), and one without Svadu faults where A, or D
 * for a store, is clear.  QEMU sets these bits itself; so here an entry that loses A loses U too,
 * which user mode cannot overlook.  The kernel does not use user mappings and sees no difference.
 *
 * Ageing comes after system calls and interrupts only, never after a fault: the instruction that
 * was let through can be executed before its pages are taken away again.
 *
 * Lock: none; the settings are constant after boot, the counts atomic.
 */
#include "kernel/vm/mode.h"

#ifdef DEBUG
#include "kernel/dev/machine.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/space.h"
#include "kernel/vm/tlb.h"

#define ONE_IN 64

static bool spurious, softad;
static uint lookups, returns;

void mode_init(void)
{
    spurious = machine_option("spurious", NULL, 0);
    softad = machine_option("softad", NULL, 0);
}

uint64 mode_asids(uint64 all)
{
    char text[8];
    uint64 n = 0;

    if (!machine_option("asids", text, sizeof text))
        return all;
    for (const char *c = text; *c >= '0' && *c <= '9'; c++)
        n = n * 10 + (uint64)(*c - '0');
    return n < all ? n : all;
}

bool mode_again(void)
{
    return spurious && atomic_add(&lookups, 1) % ONE_IN == 0;
}

void mode_age(struct space *s)
{
    if (!softad || atomic_add(&returns, 1) % ONE_IN != 0)
        return;
    irq_on();
    mutex_lock(&s->lock);
    pmap_age(s);
    space_unlock(s);
}
#endif
