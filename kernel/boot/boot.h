#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "kernel/mem/addr.h"
#include <stdbool.h>

/* Machine mode, physical addresses (start.c). */
void start_make_root(void);
void start(uint64 hartid, paddr fdt) __attribute__((noreturn));

extern bool boot_has_sstc; /* some hart found stimecmp */

/* Supervisor mode, upper half (main.c): where every hart arrives. */
void main(uint64 hartid, paddr fdt) __attribute__((noreturn));

#endif
