/*
 * The end of the machine: QEMU's model of the SiFive test finisher (hw/misc/sifive_test.c there;
 * SiFive documents none).  A word written to it ends QEMU with a status of our choice.
 *
 * Lock: none; the first hart to write ends it for all.
 */
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/mmio.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/printf.h"
#include "kernel/trap/ipi.h"

#define PASS 0x5555
#define FAIL 0x3333 /* exit status in the upper half */

void machine_off(int status)
{
    irq_off();
    if (!machine.finisher)
        printf("The machine cannot switch itself off: all harts stop here.\n");
    uart_flush();
    if (machine.finisher)
        mmio_write32(machine.finisher, status ? (uint)status << 16 | FAIL : PASS);
    else
        ipi_stop_others();
    for (;;)
        wait_for_interrupt();
}
