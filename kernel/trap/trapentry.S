/*
 * Where traps enter supervisor mode and leave it again.  The kernel is mapped in every address
 * space, so no page table changes here.
 *
 * sscratch tells where a trap came from: while user code runs it holds the address of the
 * process's trap frame, which is at the top of its kernel stack; while the kernel runs it is 0.
 */
#include "kernel/mem/addr.h"
#include "kernel/trap/trapframe.h"

    /* All registers but x0, sp (x2) and tp (x4) to or from the frame at sp. */
    .macro each_register op
    \op x1, 1*8(sp)
    \op x3, 3*8(sp)
    .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op x\n, \n*8(sp)
    .endr
    .endm

    .section .text
    .globl trap_entry
    .balign 4                   /* stvec, direct mode: privileged manual, section "stvec" */
trap_entry:
    csrrw sp, sscratch, sp
    beqz sp, from_kernel

    each_register sd
    csrrw t0, sscratch, zero    /* the user's sp; from here on a trap is one from the kernel */
    csrr t1, sepc
    csrr t2, sstatus
    sd t0, 2*8(sp)
    sd tp, 4*8(sp)
    sd t1, 32*8(sp)
    sd t2, 33*8(sp)
    ld tp, 0(sp)
    mv a0, sp
    csrr a1, scause
    mv s0, zero                 /* backtraces end here */
    call user_trap

    /* To user mode; interrupts are off, sp is the trap frame of the running process. */
    .globl trap_return
trap_return:
    ld t1, 32*8(sp)
    ld t2, 33*8(sp)
    sd tp, 0(sp)                /* the process may have moved to another hart */
    csrw sepc, t1
    csrw sstatus, t2
    csrw sscratch, sp
    each_register ld
    ld tp, 4*8(sp)
    ld sp, 2*8(sp)
    sret

from_kernel:
    /*
     * An overflow of the stack shows as a fault whose own frame would land in the guard page, the
     * lowest page of the stack's slot.  Look before the first store: t0 waits in sscratch, which
     * no trap can see because nothing here can fault.
     */
    csrrw sp, sscratch, zero
    addi sp, sp, -TRAPFRAME_SIZE
    csrw sscratch, t0
    srli t0, sp, 12
    andi t0, t0, (KSTACK_SLOT >> 12) - 1
    beqz t0, overflow
    csrrw t0, sscratch, zero

    each_register sd
    addi t0, sp, TRAPFRAME_SIZE
    csrr t1, sepc
    csrr t2, sstatus
    sd t0, 2*8(sp)
    sd t1, 32*8(sp)
    sd t2, 33*8(sp)
    mv a0, sp
    csrr a1, scause
    /* A frame record that leads a backtrace from the handler to the interrupted function. */
    addi sp, sp, -16
    sd t1, 8(sp)
    sd s0, 0(sp)
    addi s0, sp, 16
    call kernel_trap
    addi sp, sp, 16

    ld t1, 32*8(sp)
    ld t2, 33*8(sp)
    csrw sepc, t1
    csrw sstatus, t2
    each_register ld
    addi sp, sp, TRAPFRAME_SIZE
    sret

overflow:
    csrw sscratch, zero
    addi a0, sp, TRAPFRAME_SIZE
    mv a1, s0
    lla sp, emergency_stack_top
    mv s0, zero
    call kernel_stack_overflow

    .bss
    .balign KSTACK_SLOT         /* the check above must find it roomy */
    .space KSTACK_SLOT
emergency_stack_top:
