/*
 * Supervisor mode from its first instruction to the first process.
 *
 * Hart 0 brings the kernel up, one subsystem after the other, while the others sleep; then it
 * wakes them, and each hart becomes its own idle process.  What needs to sleep, such as mounting
 * the file system, is done by process 1 on its way to user mode (proc/init.c).
 */
#include "kernel/boot/boot.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/disk.h"
#include "kernel/dev/machine.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/timer.h"
#include "kernel/riscv.h"
#include "kernel/trace/trace.h"
#include "kernel/trap/ipi.h"
#include "kernel/trap/trap.h"
#include "kernel/vm/faultlog.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/space.h"

#define PANIC_FAULTS 4 /* latest page faults of the hart that a panic tells */

extern char kernel_end[]; /* kernel.ld */

static uint kernel_up; /* set when the other harts may go on */

/* Says in one line why there is nothing to run, and stops. */
static void __attribute__((noreturn)) give_up(const char *what)
{
    printf("faultline: %s\n", what);
    machine_off(1);
}

/* The end of a panic: QEMU ends too if the boot option `panic=exit` asks for it. */
static void __attribute__((noreturn)) stop(void)
{
    if (machine_option("panic", NULL, 0))
        machine_off(127);
    for (;;)
        wait_for_interrupt();
}

static void describe_panic(void)
{
    struct proc *p = proc_self();
    printf("hart %u, ", hart_self()->id);
    if (p)
        printf("pid %d %s\n", p->pid, p->name);
    else
        printf("no process\n");
    faultlog_print_last(PANIC_FAULTS);
}

static void set_tp(struct hart *h)
{
    asm volatile("mv tp, %0" ::"r"(h));
}

static void read_device_tree(paddr fdt)
{
    const char *wrong = fdt_parse(&machine, virt(fdt));
    uart_init();
    printf_set_sink(uart_write);
    printf_set_panic_sink(uart_write_polled);
    if (wrong)
        give_up(wrong);
    if (!boot_has_sstc)
        give_up("this machine has no Sstc timer: QEMU 7.2 or later is needed (qemu -machine virt)");
}

/* Harts that can be woken; without supervisor software interrupts that is this one. */
static void count_harts(void)
{
    nharts = machine.sswi ? machine.nharts : 1;
    if (nharts < machine.nharts)
        printf("faultline: no interrupts between harts (add ,aclint=on to -machine virt): "
               "1 of %u harts is used\n",
               machine.nharts);
    for (uint i = 0; i < nharts; i++) {
        harts[i].id = i;
        harts[i].hartid = machine.hartid[i];
    }
}

/* A ring of fault events for each hart. */
static void init_trace(void)
{
    int order = 0;
    while (((uint64)PGSIZE << order) < TRACE_EVENTS * sizeof(struct fault_event))
        order++;
    for (uint i = 0; i < nharts; i++) {
        struct frame *f = frame_alloc_order(FRAME_WIRED, order, FRAME_ZEROED);
        if (!f)
            panic("init_trace: no memory for the fault events of hart %u", i);
        trace_init(i, frame_virt(f), frame_base >> PGSHIFT);
    }
}

/* RAM behind the kernel, but for the device tree, goes to the frame allocator. */
static void init_memory(paddr fdt)
{
    paddr free = frame_init(machine.ram, machine.ram_end, PGROUNDUP(phys(kernel_end)));
    paddr fdt_end = PGROUNDUP(fdt + fdt_size(virt(fdt)));
    if (fdt >= free && fdt < machine.ram_end) {
        frame_add(free, PGROUNDDOWN(fdt));
        free = fdt_end;
    }
    frame_add(free, machine.ram_end);
    kmalloc_init();
    pmap_init_kernel();
    init_trace();
}

/* The allocator found nothing: gives back what is kept only for speed. */
static bool reclaim(void)
{
    if (!may_sleep())
        return false;
    return kstack_shrink() + slab_shrink() + fs_shrink(32) > 0;
}

static void init_subsystems(void)
{
    space_init_all();
    commit_set_overcommit(machine_option("overcommit", NULL, 0));
    timer_init();
    sched_init();
    proc_init();
    plic_init();
    console_init();
    console_set_hooks(signal_interrupt_group, keys_show);
    random_init(machine.seed);
    const char *wrong = disk_init();
    if (wrong)
        give_up(wrong);
    frame_set_reclaim(reclaim);
}

static void __attribute__((noreturn)) idle(void)
{
    plic_init_hart();
    timer_arm_idle();
    irq_on();
    sched_idle();
}

/* Leaves the boot stack, below which lies another hart's, for one with an unmapped guard page. */
static void __attribute__((noreturn)) become_idle(void)
{
    uint64 stack = kstack_alloc(FRAME_RESERVE);
    if (!stack)
        panic("become_idle: no memory for a stack at boot");
    sched_adopt_boot(stack);
    space_activate(NULL); /* another hart may have mapped the stack */
    asm volatile("mv sp, %0\n"
                 "mv s0, zero\n" /* the end of a backtrace */
                 "jr %1" ::"r"(stack),
                 "r"(idle)
                 : "memory");
    __builtin_unreachable();
}

static void __attribute__((noreturn)) main_first(paddr fdt)
{
    read_device_tree(fdt);
    printf("\nFaultline: %lu MiB, %u hart%s\n", (machine.ram_end - machine.ram) >> 20,
           machine.nharts, machine.nharts == 1 ? "" : "s");
    count_harts();
    panic_set_describe(describe_panic);
    panic_set_halt_others(ipi_stop_others);
    panic_set_stop(stop);
    init_memory(fdt);
    init_subsystems();
    uart_start();
    proc_start_init();
    keys_init();
    store_release(&kernel_up, 1);
    for (uint i = 1; i < nharts; i++)
        ipi_send(i, IPI_RESCHEDULE);
    become_idle();
}

/* Index of the hart that the hardware calls hartid, or NCPU; harts[] is filled by then. */
static uint hart_index(uint64 hartid)
{
    for (uint i = 0; i < nharts; i++)
        if (harts[i].hartid == hartid)
            return i;
    return NCPU;
}

static void __attribute__((noreturn)) main_other(uint64 hartid)
{
    csr_write(sie, SIE_SSIE);
    while (!load_acquire(&kernel_up))
        wait_for_interrupt();
    uint i = hart_index(hartid);
    while (i == NCPU)
        wait_for_interrupt();
    set_tp(&harts[i]);
    pmap_init_hart();
    trap_init_hart();
    become_idle();
}

void main(uint64 hartid, paddr fdt)
{
    if (hartid != 0)
        main_other(hartid);
    set_tp(&harts[0]);
    trap_init_hart();
    main_first(fdt);
}
