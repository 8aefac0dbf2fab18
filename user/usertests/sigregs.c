/*
 * A loop in which every register but two holds a known number, until a signal handler sets a flag:
 * what the handler, the kernel and sigreturn() leave of the registers.
 *
 * sigregs_a() keeps the flag's address and a scratch value in t6 and t5, sigregs_b() in a0 and a1,
 * so that the two look at all 31 registers.  They return 0 if all have kept their values.
 */
#include "user/usertests/signals.h"

uint64 sigregs_sp;

#define MOST(op)                                                                                   \
    op(ra, 0x101) op(gp, 0x103) op(tp, 0x104) op(t0, 0x105) op(t1, 0x106) op(t2, 0x107)            \
        op(s0, 0x108) op(s1, 0x109) op(a2, 0x112) op(a3, 0x113) op(a4, 0x114) op(a5, 0x115)        \
            op(a6, 0x116) op(a7, 0x117) op(s2, 0x118) op(s3, 0x119) op(s4, 0x120) op(s5, 0x121)    \
                op(s6, 0x122) op(s7, 0x123) op(s8, 0x124) op(s9, 0x125) op(s10, 0x126)             \
                    op(s11, 0x127) op(t3, 0x128) op(t4, 0x129)

#define ALL_A(op)    MOST(op) op(a0, 0x130) op(a1, 0x131)
#define ALL_B(op)    MOST(op) op(t5, 0x132) op(t6, 0x133)

#define FILL(reg, n) "li " #reg ", " #n ";"
#define LOOK_A(reg, n)                                                                             \
    "addi " #reg ", " #reg ", -" #n ";"                                                            \
    "or t5, t5, " #reg ";"
#define LOOK_B(reg, n)                                                                             \
    "addi " #reg ", " #reg ", -" #n ";"                                                            \
    "or a1, a1, " #reg ";"

#define KEPT(op)                                                                                   \
#op " ra, 0(sp);" #op " gp, 8(sp);" #op " tp, 16(sp);" #op " s0, 24(sp);" #op                  \
        " s1, 32(sp);" #op " s2, 40(sp);" #op " s3, 48(sp);" #op " s4, 56(sp);" #op                \
        " s5, 64(sp);" #op " s6, 72(sp);" #op " s7, 80(sp);" #op " s8, 88(sp);" #op                \
        " s9, 96(sp);" #op " s10, 104(sp);" #op " s11, 112(sp);"

/* The body of a function; `at` and `tmp` are the two registers that it uses itself. */
#define LOOP(name, at, tmp, all, look)                                                             \
    asm(".text\n"                                                                                  \
        ".globl " #name "\n" #name ":"                                                             \
        "addi sp, sp, -128;" KEPT(sd) "mv " #at ", a0;"                                            \
                                      "lla " #tmp ", sigregs_sp;"                                  \
                                      "sd sp, 0(" #tmp                                             \
                                      ");" all(FILL) "1: ld " #tmp ", 0(" #at ");"                 \
                                                     "beqz " #tmp ", 1b;"                          \
                                                     "lla " #tmp ", sigregs_sp;"                   \
                                                     "ld " #tmp ", 0(" #tmp ");"                   \
                                                     "sub " #tmp ", " #tmp                         \
                                                     ", sp;" all(look) "mv a0, " #tmp ";" KEPT(    \
                                                         ld) "addi sp, sp, 128;"                   \
                                                             "ret\n");

LOOP(sigregs_a, t6, t5, ALL_A, LOOK_A)
LOOP(sigregs_b, a0, a1, ALL_B, LOOK_B)

/* A load with a stack pointer of the caller's choice, from an address where nothing is. */
asm(".text\n"
    ".globl sigregs_bad_load\n"
    "sigregs_bad_load:"
    "mv sp, a1;"
    "ld a0, 0(a0);"
    "j sigregs_bad_load\n");

/* A system call with such a stack pointer; it is the old one again when the call returns. */
asm(".text\n"
    ".globl sigregs_call_on\n"
    "sigregs_call_on:"
    "mv t0, sp;"
    "mv sp, a0;"
    "mv a0, a2;"
    "mv a7, a1;"
    "mv a1, a3;"
    "ecall;"
    "mv sp, t0;"
    "ret\n");
