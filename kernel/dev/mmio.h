#ifndef DEV_MMIO_H
#define DEV_MMIO_H

#include "kernel/mem/addr.h"

/*
 * Device registers by physical address, through the direct map.  Each call is one access.  They
 * are written in assembly because GCC 12 moves stores out of loops and then repeats a volatile
 * store of the loop behind it (-fmove-loop-stores): the device would see one byte twice.
 *
 * Accesses to one device stay in program order; io_fence() orders them with ordinary memory
 * (RISC-V unprivileged manual, "FENCE").
 */
static inline uint8 mmio_read8(paddr at)
{
    uint8 value;
    asm volatile("lbu %0, 0(%1)" : "=r"(value) : "r"(virt(at)) : "memory");
    return value;
}

static inline void mmio_write8(paddr at, uint8 value)
{
    asm volatile("sb %1, 0(%0)" ::"r"(virt(at)), "r"(value) : "memory");
}

static inline uint32 mmio_read32(paddr at)
{
    uint32 value;
    asm volatile("lw %0, 0(%1)" : "=r"(value) : "r"(virt(at)) : "memory");
    return value;
}

static inline void mmio_write32(paddr at, uint32 value)
{
    asm volatile("sw %1, 0(%0)" ::"r"(virt(at)), "r"(value) : "memory");
}

static inline void io_fence(void)
{
    asm volatile("fence iorw, iorw" ::: "memory");
}

#endif
