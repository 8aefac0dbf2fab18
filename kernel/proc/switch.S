/*
 * void context_switch(struct context *from, struct context *to)
 * Saves the registers that a called function must keep (RISC-V psABI, "Integer Register
 * Convention") and continues where `to` was saved.  tp stays: it belongs to the hart.
 */
    .text
    .globl context_switch
context_switch:
    sd ra, 0(a0)
    sd sp, 8(a0)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    sd s\n, 16+8*\n(a0)
    .endr
    ld ra, 0(a1)
    ld sp, 8(a1)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    ld s\n, 16+8*\n(a1)
    .endr
    ret

/*
 * Where a new context begins, with sp at its trap frame.  s1 is a function to be called with
 * argument s2, or 0; when it is done the context goes to user mode (a kernel thread's never is).
 */
    .globl context_begin
context_begin:
    mv s0, zero
    call sched_begin
    beqz s1, 1f
    csrsi sstatus, 2            /* SIE */
    mv a0, s2
    jalr s1
1:  call user_trap_leave
    j trap_return
