/*
 * The kernel half of page tables: built once at boot, then shared by all spaces, which copy the
 * root entries 256 .. 511.  So those entries never change afterwards: whatever grows later, the
 * kernel stacks, has its table below the root from the start.
 *
 *     DIRECT_BASE + pa   RAM and devices, as large leaves as alignment permits, never executable
 *                        but for the kernel's text, which is not writable
 *     KSTACK_BASE        kernel stacks, mapped and unmapped page by page (kstack.c)
 *
 * All leaves are global and have A and D set, so the hardware never needs to write them.
 *
 * Lock: none.  The entry of a kernel address belongs to the one who owns that address; tables are
 * installed by compare-and-swap and never freed.
 */
#include "kernel/dev/machine.h"
#include "kernel/lib/panic.h"
#include "kernel/vm/mmu.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/sv39.h"
#include "kernel/vm/tlb.h"

extern char text_start[], rodata_start[], data_start[], ksyms_start[], kernel_end[];

#define READ      (PTE_V | PTE_R | PTE_G | PTE_A)
#define WRITE     (READ | PTE_W | PTE_D)
#define EXECUTE   (READ | PTE_X)

#define PLIC_SIZE (4UL << 20) /* up to the registers of context 511 */

paddr pmap_kernel_root;

static pte_t *boot_table(pte_t *slot)
{
    if (*slot == 0) {
        struct frame *f = frame_alloc(FRAME_TABLE, FRAME_ZEROED);
        if (f == NULL)
            panic("pmap_init_kernel: there must be memory for the kernel's page tables");
        sv39_store(slot, PA2PTE(frame_pa(f)) | PTE_V);
    }
    return sv39_table(*slot);
}

static void map_leaf(paddr pa, int level, pte_t rights)
{
    uint64 va = pa + DIRECT_BASE;
    pte_t *table = virt(pmap_kernel_root);

    for (int at = 2; at > level; at--)
        table = boot_table(&table[sv39_index(va, at)]);
    sv39_store(&table[sv39_index(va, level)], PA2PTE(pa) | rights);
}

/* The largest leaf that starts at pa and ends at or before `end`. */
static int largest_leaf(paddr pa, paddr end)
{
    int level = 2;
    while (level > 0 && (pa & (sv39_span(level) - 1) || end - pa < sv39_span(level)))
        level--;
    return level;
}

static void map_direct(paddr start, paddr end, pte_t rights)
{
    if ((start | end) & (PGSIZE - 1) || end > DIRECT_SIZE)
        panic("pmap_init_kernel: %lx .. %lx must be whole pages of the direct map", start, end);
    for (paddr pa = start; pa < end;) {
        int level = largest_leaf(pa, end);
        map_leaf(pa, level, rights);
        pa += sv39_span(level);
    }
}

static void map_ram(void)
{
    map_direct(machine.ram, phys(text_start), WRITE);
    map_direct(phys(text_start), phys(rodata_start), EXECUTE);
    map_direct(phys(rodata_start), phys(data_start), READ);
    map_direct(phys(data_start), phys(ksyms_start), WRITE);
    map_direct(phys(ksyms_start), phys(kernel_end), READ);
    map_direct(phys(kernel_end), PGROUNDDOWN(machine.ram_end), WRITE);
}

static void map_device(paddr base, uint64 size)
{
    if (base)
        map_direct(PGROUNDDOWN(base), PGROUNDUP(base + size), WRITE);
}

static void map_devices(void)
{
    map_device(machine.uart, PGSIZE);
    map_device(machine.plic, PLIC_SIZE);
    map_device(machine.sswi, PGSIZE);
    map_device(machine.finisher, PGSIZE);
    for (uint i = 0; i < machine.nvirtio; i++)
        map_device(machine.virtio[i].base, PGSIZE);
}

void pmap_init_kernel(void)
{
    pte_t root = 0;
    pmap_kernel_root = phys(boot_table(&root));
    map_ram();
    map_devices();
    pte_t *kernel = virt(pmap_kernel_root);
    boot_table(&kernel[sv39_index(KSTACK_BASE, 2)]);
    pmap_init_hart();
    tlb_init();
}

void pmap_init_hart(void)
{
    mmu_set_satp(SATP_SV39 | pmap_kernel_root >> PGSHIFT);
    tlb_init_hart(); /* fences */
    ledger_check_hart();
}

/* The lower table that the entry points to; another hart may be creating it at the same time. */
static pte_t *shared_table(pte_t *slot, int frame_flags)
{
    pte_t pte = load_acquire(slot);
    if (pte)
        return sv39_table(pte);
    struct frame *f = frame_alloc(FRAME_WIRED, FRAME_ZEROED | frame_flags);
    if (f == NULL)
        return NULL;
    whole_begin();
    if (atomic_cas(slot, 0, PA2PTE(frame_pa(f)) | PTE_V))
        f->state = FRAME_TABLE;
    else
        frame_put(f);
    whole_end();
    return sv39_table(load_acquire(slot));
}

bool pmap_kernel_map(uint64 va, struct frame *const *frame, uint n, int frame_flags)
{
    pte_t *table = virt(pmap_kernel_root);

    for (int level = 2; level > 0; level--) {
        table = shared_table(&table[sv39_index(va, level)], frame_flags);
        if (table == NULL)
            return false;
    }
    ledger_kernel_map(va);
    for (uint i = 0; i < n; i++) {
        whole_begin();
        sv39_store(&table[sv39_index(va, 0) + i], PA2PTE(frame_pa(frame[i])) | WRITE);
        frame[i]->state = FRAME_KSTACK;
        whole_end();
    }
    return true;
}

void pmap_kernel_clear(uint64 va, struct frame **frame, uint n)
{
    pte_t *table = virt(pmap_kernel_root);

    for (int level = 2; level > 0; level--)
        table = sv39_table(table[sv39_index(va, level)]);
    ledger_kernel_clear(va);
    for (uint i = 0; i < n; i++) {
        const pte_t *slot = &table[sv39_index(va, 0) + i];
        frame[i] = frame_of(PTE2PA(*slot));
        whole_begin();
        sv39_store(slot, 0);
        frame[i]->state = FRAME_WIRED;
        whole_end();
    }
}
