#ifndef LIB_CSR_H
#define LIB_CSR_H

/*
 * Control and status registers (RISC-V privileged manual, chapters 2 to 4).  Registers that older
 * assemblers have no name for are written as numbers.
 */
#define CSR_MENVCFG       0x30a
#define CSR_STIMECMP      0x14d

#define MSTATUS_MPP_MASK  (3UL << 11)
#define MSTATUS_MPP_S     (1UL << 11)
#define MENVCFG_STCE      (1UL << 63) /* stimecmp exists for S-mode */

#define SSTATUS_SIE       (1UL << 1)
#define SSTATUS_SPIE      (1UL << 5)
#define SSTATUS_SPP       (1UL << 8)

#define SIE_SSIE          (1UL << 1) /* software */
#define SIE_STIE          (1UL << 5) /* timer */
#define SIE_SEIE          (1UL << 9) /* external */

#define SATP_SV39         (8UL << 60)

#define CAUSE_INTERRUPT   (1UL << 63)
#define CAUSE_SOFTWARE    (CAUSE_INTERRUPT | 1)
#define CAUSE_TIMER       (CAUSE_INTERRUPT | 5)
#define CAUSE_EXTERNAL    (CAUSE_INTERRUPT | 9)
#define CAUSE_ILLEGAL     2
#define CAUSE_BREAKPOINT  3
#define CAUSE_LOAD_ALIGN  4
#define CAUSE_STORE_ALIGN 6
#define CAUSE_ECALL_U     8
#define CAUSE_FETCH_FAULT 12
#define CAUSE_LOAD_FAULT  13
#define CAUSE_STORE_FAULT 15

#ifndef __ASSEMBLER__
#include "kernel/types.h"

#define CSR_STR_(x) #x
#define CSR_STR(x)  CSR_STR_(x)

#define csr_read(csr)                                                                              \
    __extension__({                                                                                \
        uint64 csr_value_;                                                                         \
        asm volatile("csrr %0, " CSR_STR(csr) : "=r"(csr_value_)::"memory");                       \
        csr_value_;                                                                                \
    })
#define csr_write(csr, v) asm volatile("csrw " CSR_STR(csr) ", %0" ::"rK"((uint64)(v)) : "memory")
#define csr_set(csr, v)   asm volatile("csrs " CSR_STR(csr) ", %0" ::"rK"((uint64)(v)) : "memory")
#define csr_clear(csr, v) asm volatile("csrc " CSR_STR(csr) ", %0" ::"rK"((uint64)(v)) : "memory")

static inline void irq_on(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

static inline void irq_off(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
}

/* Turns interrupts off; irq_restore() of the result puts back what was before. */
#ifdef __riscv
static inline uint64 irq_save(void)
{
    uint64 old;
    asm volatile("csrrci %0, sstatus, %1" : "=r"(old) : "i"(SSTATUS_SIE) : "memory");
    return old & SSTATUS_SIE;
}

static inline void irq_restore(uint64 old)
{
    csr_set(sstatus, old);
}
#else
uint64 irq_save(void); /* tests/host/sync_shim.c */
void irq_restore(uint64 old);
#endif

static inline void wait_for_interrupt(void)
{
    asm volatile("wfi" ::: "memory");
}
#endif

#endif
