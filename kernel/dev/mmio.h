#ifndef DEV_MMIO_H
#define DEV_MMIO_H

#include "kernel/mem/addr.h"

/*
 * Device registers by physical address, through the direct map.  Accesses to one device stay in
 * program order; io_fence() orders them with ordinary memory (RISC-V unprivileged manual, "FENCE").
 */
static inline uint8 mmio_read8(paddr at)
{
    return *(volatile uint8 *)virt(at);
}

static inline void mmio_write8(paddr at, uint8 value)
{
    *(volatile uint8 *)virt(at) = value;
}

static inline uint32 mmio_read32(paddr at)
{
    return *(volatile uint32 *)virt(at);
}

static inline void mmio_write32(paddr at, uint32 value)
{
    *(volatile uint32 *)virt(at) = value;
}

static inline void io_fence(void)
{
#ifdef __riscv
    asm volatile("fence iorw, iorw" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
