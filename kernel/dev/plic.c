/*
 * The interrupt controller (RISC-V Platform-Level Interrupt Controller Specification 1.0.0).
 *
 * Model: each source is enabled for one hart, the one that set its handler.  Enabling it for all
 * would wake every sleeping hart for each interrupt, to find it claimed by the first.
 *
 * Lock: none; the table of handlers is constant after boot, and each hart claims for itself.
 */
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/mmio.h"
#include "kernel/lib/panic.h"
#include "kernel/sync/hart.h"

/* Chapter "Memory Map": offsets and distances in bytes. */
#define PRIORITY       0x000000
#define ENABLE         0x002000
#define ENABLE_STEP    0x80 /* from one context to the next */
#define CONTEXT        0x200000
#define CONTEXT_STEP   0x1000
#define THRESHOLD      0 /* in a context */
#define CLAIM_COMPLETE 4

static struct {
    void (*call)(void *);
    void *arg;
} handlers[MACHINE_IRQS];

static paddr enable_word(uint hart, uint irq)
{
    return machine.plic + ENABLE + ENABLE_STEP * machine.plic_context[hart] + irq / 32 * 4;
}

static paddr context(uint hart)
{
    return machine.plic + CONTEXT + CONTEXT_STEP * machine.plic_context[hart];
}

void plic_init(void)
{
    for (uint hart = 0; hart < machine.nharts; hart++)
        for (uint irq = 0; irq < MACHINE_IRQS; irq += 32)
            mmio_write32(enable_word(hart, irq), 0);
}

void plic_init_hart(void)
{
    mmio_write32(context(hart_self()->id) + THRESHOLD, 0);
}

void plic_set_handler(uint irq, void (*handler)(void *), void *arg)
{
    ASSERT(irq > 0 && irq < MACHINE_IRQS && !handlers[irq].call, "a source has one handler");
    handlers[irq].call = handler;
    handlers[irq].arg = arg;
    mmio_write32(machine.plic + PRIORITY + 4 * irq, 1);
    paddr word = enable_word(hart_self()->id, irq);
    mmio_write32(word, mmio_read32(word) | 1u << irq % 32);
}

void plic_interrupt(void)
{
    paddr claim = context(hart_self()->id) + CLAIM_COMPLETE;
    uint irq;
    while ((irq = mmio_read32(claim)) != 0) {
        if (irq < MACHINE_IRQS && handlers[irq].call)
            handlers[irq].call(handlers[irq].arg);
        mmio_write32(claim, irq);
    }
}
