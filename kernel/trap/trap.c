/*
 * What a trap means and who handles it.
 *
 * A trap from user mode is a system call, a page fault to be resolved, an interrupt, or the end of
 * the process.  A trap from the kernel is an interrupt or a bug of ours.  Only this file turns the
 * result of vm_fault() into the end of a process.
 */
#include "kernel/trap/trap.h"
#include "kernel/dev/dev.h"
#include "kernel/lib/csr.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/timer.h"
#include "kernel/trap/explain.h"
#include "kernel/trap/ipi.h"
#include "kernel/trap/syscall.h"
#include "kernel/vm/mode.h"
#include "kernel/vm/space.h"

void trap_init_hart(void)
{
    csr_write(sscratch, 0);
    csr_write(stvec, (uint64)trap_entry);
    csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
}

static void clock(void)
{
    timer_interrupt();
    signal_tick(proc_self());
}

/* An interrupt, from either mode; false if nobody knows it. */
static bool interrupt(uint64 cause)
{
    struct hart *h = hart_self();
    h->in_interrupt = true;
    bool known = true;
    if (cause == CAUSE_TIMER)
        clock();
    else if (cause == CAUSE_EXTERNAL)
        plic_interrupt();
    else if (cause == CAUSE_SOFTWARE)
        ipi_interrupt();
    else
        known = false;
    h->in_interrupt = false;
    return known;
}

/* The end of the running process; access and result are those of a page fault. */
static void __attribute__((noinline, noreturn))
die(struct proc *p, uint64 cause, uint64 address, enum fault_access access,
    enum fault_result result)
{
    struct crash c = {.cause = cause, .address = address, .access = access, .result = result};
    explain_crash(p, &c);
    proc_exit(-1);
}

static enum fault_access access_of(uint64 cause)
{
    return cause == CAUSE_STORE_FAULT   ? ACCESS_WRITE
           : cause == CAUSE_FETCH_FAULT ? ACCESS_EXEC
                                        : ACCESS_READ;
}

/* The signal that a refused access is; 0: none, the process has to end. */
static int signal_of(enum fault_result result)
{
    if (result == FAULT_BAD || result == FAULT_PROT)
        return SIGSEGV;
    return result == FAULT_EOF || result == FAULT_IO ? SIGBUS : 0;
}

static bool caught(struct proc *p, uint64 cause, uint64 address, enum fault_result result)
{
    struct siginfo info = {
        signal_of(result),
        cause == CAUSE_STORE_FAULT   ? SEGV_WRITE
        : cause == CAUSE_FETCH_FAULT ? SEGV_EXEC
                                     : SEGV_READ,
        address,
        p->tf->pc,
    };
    return info.sig && signal_fault(p, &info);
}

/* Apart, and finding out again what it can, so that a fault that succeeds saves few registers. */
static void __attribute__((noinline))
fault_failed(uint64 cause, uint64 address, enum fault_result result)
{
    struct proc *p = proc_self();
    if (result == FAULT_NOMEM)
        result = oom_fault(p, address, access_of(cause));
    if (result != FAULT_OK && !caught(p, cause, address, result))
        die(p, cause, address, access_of(cause), result);
}

static void page_fault(struct proc *p, uint64 cause, uint64 address)
{
    enum fault_result result = vm_fault(p->space, address, access_of(cause));
    if (result != FAULT_OK)
        fault_failed(cause, address, result);
}

static void exception(struct proc *p, uint64 cause)
{
    uint64 address = csr_read(stval);
    irq_on();
    if (cause == CAUSE_FETCH_FAULT || cause == CAUSE_LOAD_FAULT || cause == CAUSE_STORE_FAULT)
        page_fault(p, cause, address);
    else
        die(p, cause, address, ACCESS_READ, FAULT_OK);
}

/* All but system calls; apart, so that those need not save the registers used here. */
static void __attribute__((noinline)) other_trap(struct proc *p, uint64 cause)
{
    if (!(cause & CAUSE_INTERRUPT))
        exception(p, cause);
    else if (!interrupt(cause))
        panic("user_trap: unknown interrupt %lx", cause);
    else
        sched_tick();
    if (cause & CAUSE_INTERRUPT)
        mode_age(p->space);
}

/* The stack has no room for the frame of a handler: as if the process had written it itself. */
static void __attribute__((noinline, noreturn)) die_without_frame(struct proc *p)
{
    uint64 at = signal_frame_at(p);
    enum fault_result r = vm_fault(p->space, at, ACCESS_WRITE);
    die(p, CAUSE_STORE_FAULT, at, ACCESS_WRITE, r == FAULT_OK ? FAULT_NOMEM : r);
}

/* Apart, so that a trap without signals saves few registers. */
static void __attribute__((noinline)) deliver(struct proc *p)
{
    do {
        irq_on();
        if (signal_deliver(p) < 0)
            die_without_frame(p);
        irq_off();
    } while (signal_waiting(&p->signal));
}

/* Interrupts go off before the look: what comes later interrupts user mode at once. */
static inline void __attribute__((always_inline)) leave(void)
{
    irq_off();
    if (signal_waiting(&proc_self()->signal))
        deliver(proc_self());
    ledger_check_user_return(proc_self()->space);
}

void user_trap_leave(void)
{
    leave();
}

void user_trap(struct trapframe *tf, uint64 cause)
{
    struct proc *p = proc_self();
    if (cause == CAUSE_ECALL_U) {
        irq_on();
        tf->pc += 4;
        syscall_dispatch(p, tf);
        mode_age(p->space);
    } else {
        other_trap(p, cause);
    }
    leave();
}

static void die_in_kernel(struct trapframe *tf, uint64 cause)
{
    uint64 address = csr_read(stval);
    panic_begin();
    printf("\nkernel trap: %s (scause %lx), pc 0x%lx, address 0x%lx, sstatus %lx\n",
           explain_cause(cause), cause, tf->pc, address, tf->status);
    for (int i = 1; i < 32; i++)
        printf("x%-2d %016lx%s", i, tf->reg[i], i % 4 == 3 ? "\n" : "  ");
    printf("at ");
    print_symbol(tf->pc);
    printf("\n");
    panic("kernel_trap: the kernel itself must not cause a trap");
}

void kernel_trap(struct trapframe *tf, uint64 cause)
{
    tf->reg[4] = (uint64)hart_self();
    if (!(cause & CAUSE_INTERRUPT) || !interrupt(cause))
        die_in_kernel(tf, cause);
    sched_tick();
}

void kernel_stack_overflow(uint64 sp, uint64 fp)
{
    uint64 pc = csr_read(sepc), address = csr_read(stval);
    panic_begin(); /* all harts share the emergency stack: the first one has it */
    printf("\nkernel stack overflow: sp 0x%lx, address 0x%lx\n", sp, address);
    backtrace(pc, fp);
    panic("kernel_stack_overflow: a kernel stack has %d bytes", KSTACK_SLOT - KSTACK_GUARD);
}
