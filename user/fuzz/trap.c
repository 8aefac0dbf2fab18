/*
 * A system call seen from its registers: all but a0 have to keep their values.
 *
 * trap_registers(number, a[6]) fills the registers that a call does not use with known numbers,
 * makes the call and returns its result in a0 and in a1 a number that is 0 if all are the same.
 */
#include "kernel/errno.h"
#include "kernel/syscall.h"
#include "user/fuzz/fuzz.h"

struct trapped {
    uint64 result, changed;
};

struct trapped trap_registers(uint64 number, const uint64 a[6]);

#define SAVED(op)                                                                                  \
#op " ra, 0(sp);" #op " s0, 8(sp);" #op " s1, 16(sp);" #op " s2, 24(sp);" #op                  \
        " s3, 32(sp);" #op " s4, 40(sp);" #op " s5, 48(sp);" #op " s6, 56(sp);" #op                \
        " s7, 64(sp);" #op " s8, 72(sp);" #op " s9, 80(sp);" #op " s10, 88(sp);" #op               \
        " s11, 96(sp);"

/* Registers of which each gets a number of its own. */
#define EACH(op)                                                                                   \
    op(t1, 0x101) op(t2, 0x102) op(t3, 0x103) op(t4, 0x104) op(t5, 0x105) op(t6, 0x106)            \
        op(s0, 0x200) op(s1, 0x201) op(s2, 0x202) op(s3, 0x203) op(s4, 0x204) op(s5, 0x205)        \
            op(s6, 0x206) op(s7, 0x207) op(s8, 0x208) op(s9, 0x209) op(s10, 0x20a) op(s11, 0x20b)  \
                op(ra, 0x300) op(a6, 0x306)

#define FILL(reg, n)  "li " #reg ", " #n ";"
#define CHECK(reg, n) "addi " #reg ", " #reg ", -" #n "; or t0, t0, " #reg ";"

/* a1 to a5 and a7 are compared with what the caller gave. */
#define SAME(reg, at) "ld t2, " #at "; xor t2, t2, " #reg "; or t0, t0, t2;"

asm(".text\n"
    ".globl trap_registers\n"
    "trap_registers:"
    "addi sp, sp, -128;" SAVED(
        sd) "sd a0, 104(sp); sd a1, 112(sp);"
            "mv a7, a0; mv t0, a1;"
            "ld a0, 0(t0); ld a1, 8(t0); ld a2, 16(t0); ld a3, 24(t0); ld a4, 32(t0); ld a5, "
            "40(t0);"
            "li t0, 0x100;" EACH(FILL) "ecall;"
                                       "addi t0, t0, -0x100;" EACH(CHECK)
                                           SAME(a7, 104(sp)) "ld t1, 112(sp);" SAME(a1, 8(t1))
                                               SAME(a2, 16(t1)) SAME(a3, 24(t1)) SAME(a4, 32(t1))
                                                   SAME(a5, 40(t1)) "mv a1, t0;" SAVED(
                                                       ld) "addi sp, sp, 128;"
                                                           "ret\n");

/* Why a call may fail: never for the disk's sake. */
static int possible(int code)
{
    return code > 0 && code <= ELOOP && code != EIO && code != EROFS;
}

long fuzz_call(struct fuzzer *f, uint64 number, const struct arguments *a)
{
    f->calls++;
    fuzz_guard(f, a);
    struct trapped t = trap_registers(number, a->a);
    if (t.changed)
        fuzz_fail(f, "a register has changed", (long)t.changed);
    fuzz_check_guard(f, a);
    if ((long)t.result == -1 && !possible(errcode()))
        fuzz_fail(f, "it failed for no good reason", errcode());
    return (long)t.result;
}
