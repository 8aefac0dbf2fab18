/*
 * Interrupts between harts.  The reasons wait in one word for each hart, set before the interrupt
 * is raised, so one interrupt may deliver several and none is lost.
 */
#include "kernel/trap/ipi.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/sync/hart.h"
#include "kernel/vm/tlb.h"

static uint pending[NCPU]; /* enum ipi_reason bits; atomic */

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

void ipi_interrupt(void)
{
    csr_clear(sip, SIE_SSIE);
    uint why = atomic_swap(&pending[hart_self()->id], 0);
    if (why & IPI_TLB)
        tlb_ipi();
    while (why & IPI_STOP)
        wait_for_interrupt();
    /* IPI_RESCHEDULE has done its work by ending a wfi or entering the kernel. */
}
