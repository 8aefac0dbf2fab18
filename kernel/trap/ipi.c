/*
 * Interrupts between harts.  The reasons wait in one word for each hart, set before the interrupt
 * is raised, so one interrupt may deliver several and none is lost.
 */
#include "kernel/trap/ipi.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/sync/spinlock.h"
#include "kernel/vm/tlb.h"

static uint pending[NCPU]; /* enum ipi_reason bits; atomic */
static uint pausing;       /* atomic: harts shall stand still */
static uint standing;      /* atomic: harts that do */

void ipi_send(uint hart, enum ipi_reason why)
{
    atomic_or(&pending[hart], (uint)why);
    if (!machine.sswi)
        return; /* then this is the only hart */
    /* ACLINT specification, SETSSIP: one 32-bit register a hart. */
    volatile uint *setssip = virt(machine.sswi);
    full_fence();
    setssip[harts[hart].hartid] = 1;
}

void ipi_stop_others(void)
{
    for (uint i = 0; i < nharts; i++)
        if (&harts[i] != hart_self())
            ipi_send(i, IPI_STOP);
}

void ipi_pause_others(void)
{
    irq_push();
    store_release(&pausing, 1);
    for (uint i = 0; i < nharts; i++)
        if (&harts[i] != hart_self())
            ipi_send(i, IPI_PAUSE);
    /* A hart may have to wait for our answer before it can stop. */
    while (load_acquire(&standing) < nharts - 1)
        tlb_ipi();
}

void ipi_resume_others(void)
{
    store_release(&pausing, 0);
    while (load_acquire(&standing) > 0)
        ; /* else the next pause might count one that has not left this one */
    irq_pop();
}

/* A panic of the hart that paused us ends the wait: its IPI_STOP follows at once. */
static void stand_still(void)
{
    atomic_add(&standing, 1);
    while (load_acquire(&pausing) && !(load_relaxed(&pending[hart_self()->id]) & IPI_STOP))
        tlb_ipi();
    atomic_sub(&standing, 1);
}

void ipi_interrupt(void)
{
    csr_clear(sip, SIE_SSIE);
    uint why = atomic_swap(&pending[hart_self()->id], 0);
    if (why & IPI_TLB)
        tlb_ipi();
    if (why & IPI_PAUSE)
        stand_still();
    while (why & IPI_STOP)
        wait_for_interrupt();
    /* IPI_RESCHEDULE has done its work by ending a wfi or entering the kernel. */
}
