#ifndef VM_MMU_H
#define VM_MMU_H

#include "kernel/lib/csr.h"
#include "kernel/vm/ledger.h"

/*
 * The few instructions by which this hart's address translation is steered: privileged manual,
 * "Supervisor Address Translation and Protection (satp) Register", "SFENCE.VMA".  Only tlb.c uses
 * them.  A host test supplies its own, which model a translation cache.
 */
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xffffUL

#ifdef HOST_TEST
uint64 mmu_satp(void);
void mmu_set_satp(uint64 satp);
void mmu_fence_page(uint64 va, uint asid);
void mmu_fence_asid(uint asid);
void mmu_fence_all(void);
void mmu_fence_code(void);
#else
static inline uint64 mmu_satp(void)
{
    return csr_read(satp);
}

static inline void mmu_set_satp(uint64 satp)
{
    ledger_satp(satp);
    csr_write(satp, satp);
}

/* Entries for one page of one space; global entries stay. */
static inline void mmu_fence_page(uint64 va, uint asid)
{
    ledger_fence_page(va, asid);
    asm volatile("sfence.vma %0, %1" ::"r"(va), "r"((uint64)asid) : "memory");
}

/* All entries of one space; global entries stay. */
static inline void mmu_fence_asid(uint asid)
{
    ledger_fence_asid(asid);
    asm volatile("sfence.vma zero, %0" ::"r"((uint64)asid) : "memory");
}

static inline void mmu_fence_all(void)
{
    ledger_fence_all();
    asm volatile("sfence.vma zero, zero" ::: "memory");
}

/* Instructions fetched from here on see all stores that this hart sees. */
static inline void mmu_fence_code(void)
{
    ledger_fence_code();
    asm volatile("fence.i" ::: "memory");
}
#endif

#endif
