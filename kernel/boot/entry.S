/*
 * The first instructions of every hart: machine mode, no translation, a0 = hart number,
 * a1 = physical address of the device tree.  The kernel is linked at its address in the direct map
 * but runs here at physical ones; everything is addressed relative to pc, so both work.
 */
#include "kernel/mem/addr.h"
#include "kernel/param.h"

    .section .text.entry, "ax"
    .globl _entry
_entry:
    csrw mie, zero
    li t0, NCPU
    bgeu a0, t0, park

    lla sp, boot_stacks
    addi t0, a0, 1
    li t1, KSTACK_SLOT
    mul t0, t0, t1
    add sp, sp, t0
    bnez a0, wait_for_bss

    lla t0, bss_start
    lla t1, bss_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    mv s1, a0
    mv s2, a1
    call start_make_root
    mv a0, s1
    mv a1, s2
    lla t0, boot_gate
    li t1, 1
    fence rw, rw
    sw t1, 0(t0)
    j 3f

wait_for_bss:
    lla t0, boot_gate
2:  lw t1, 0(t0)
    beqz t1, 2b
    fence rw, rw

3:  mv s0, zero
    call start              /* does not return: mret to main() */

park:
    wfi
    j park

    .data
    .balign 4
boot_gate:                  /* not in .bss, which is being cleared while others look here */
    .word 0

    .bss
    .balign KSTACK_SLOT
    .globl boot_stacks
boot_stacks:
    .space KSTACK_SLOT * NCPU
