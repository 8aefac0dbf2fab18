#ifndef DEV_MACHINE_H
#define DEV_MACHINE_H

#include "kernel/mem/addr.h"
#include "kernel/param.h"
#include <stdbool.h>

/* What the device tree says of the machine (dev/fdt.c); constant after boot. */
#define MACHINE_VIRTIO 8
#define MACHINE_IRQS   128 /* interrupt sources that are used: 1 .. 127 */

struct machine {
    paddr ram, ram_end;
    uint nharts; /* at most NCPU; more are left asleep */
    uint hartid[NCPU];
    uint plic_context[NCPU]; /* S-mode context of the PLIC for that hart */
    uint64 timebase;         /* ticks of r_time() a second */
    paddr uart;
    uint uart_irq;
    paddr plic;
    paddr sswi;     /* ACLINT supervisor software interrupts, 0 = none */
    paddr finisher; /* SiFive test finisher, 0 = none */
    uint nvirtio;
    struct {
        paddr base;
        uint irq;
    } virtio[MACHINE_VIRTIO]; /* ascending addresses */
    bool sstc;                /* every hart has it */
    uint8 seed[32];           /* from the host; zeros if none */
    char bootargs[256];       /* kernel command line */
};

extern struct machine machine;

/*
 * Fills *m from the flattened device tree at `fdt` (Devicetree Specification 0.4, chapter 5).
 * Pure: touches nothing else.  Returns NULL, or in a few words what is wrong; then *m has what was
 * found until then, zeros for the rest.
 */
const char *fdt_parse(struct machine *m, const void *fdt);
uint fdt_size(const void *fdt); /* bytes, 0 if it is not a device tree */

/* True if the command line has `name` or `name=...`; copies the value, else "", to value. */
bool machine_option(const char *name, char *value, uint size);

#endif
