/*
 * Machine mode: each hart passes through start() once, hands everything that can be handed to
 * supervisor mode, and never comes back.  No translation is on here, so this file uses neither
 * global pointers nor tables of addresses (entry.S says why that works).
 */
#include "kernel/boot/boot.h"
#include "kernel/lib/csr.h"
#include "kernel/mem/addr.h"
#include "kernel/riscv.h"

/*
 * The direct map in leaves of 1 GiB, without permissions worth the name: good for as long as it
 * takes main() to build the real one (vm/pmap.c).
 */
static uint64 boot_root[PGSIZE / sizeof(uint64)] __attribute__((aligned(4096)));

bool boot_has_sstc;

void start_make_root(void)
{
    uint64 first = (DIRECT_BASE >> 30) & 511;
    for (uint64 gib = 0; gib < DIRECT_SIZE >> 30; gib++)
        boot_root[first + gib] =
            PA2PTE(gib << 30) | PTE_V | PTE_R | PTE_W | PTE_X | PTE_G | PTE_A | PTE_D;
}

/*
 * Opens stimecmp to supervisor mode (Sstc extension, section "Machine and Supervisor Level
 * Additions") and touches it.  On a machine that lacks it, or menvcfg, the access traps: then
 * mtvec continues behind it.
 */
static bool enable_sstc(void)
{
    uint64 found;
    asm volatile("lla t0, 1f\n"
                 "csrw mtvec, t0\n"
                 "li %0, 0\n"
                 "csrs %1, %3\n"
                 "csrr t0, %2\n"
                 "li %0, 1\n"
                 ".balign 4\n"
                 "1:\n"
                 : "=&r"(found)
                 : "i"(CSR_MENVCFG), "i"(CSR_STIMECMP), "r"(MENVCFG_STCE)
                 : "t0", "memory");
    return found;
}

void start(uint64 hartid, paddr fdt)
{
    if (enable_sstc()) /* all harts are of one kind */
        boot_has_sstc = true;

    /* Without a PMP entry supervisor mode may touch nothing: one for the whole address space. */
    csr_write(pmpaddr0, ~0UL >> 10);
    csr_write(pmpcfg0, 0x1f); /* NAPOT, R W X */

    csr_write(medeleg, 0xffff);
    csr_write(mideleg, SIE_SSIE | SIE_STIE | SIE_SEIE);
    csr_write(mcounteren, 7); /* cycle, time, instret: for S-mode (time also opens stimecmp) ... */
    csr_write(scounteren, 7); /* ... and for user mode */

    csr_write(satp, SATP_SV39 | (paddr)boot_root >> PGSHIFT);
    asm volatile("sfence.vma" ::: "memory");

    /* A reset clears MIE and MPRV only (Privileged, "Reset"): SIE may still be set. */
    csr_clear(mstatus, MSTATUS_MPP_MASK | SSTATUS_SIE);
    csr_set(mstatus, MSTATUS_MPP_S);
    csr_write(mepc, (uint64)main + DIRECT_BASE);
    asm volatile("mv a0, %0\n"
                 "mv a1, %1\n"
                 "add sp, sp, %2\n"
                 "mv s0, zero\n"
                 "mret\n" ::"r"(hartid),
                 "r"(fdt), "r"(DIRECT_BASE)
                 : "a0", "a1");
    __builtin_unreachable();
}
