// sources: kernel/trap/mistake.c
/* Each row of the table of mistakes in docs/fault.md. */
#include "tests/host/unit.h"

#include "kernel/trap/mistake.h"

#define RW        (AREA_R | AREA_W)
#define RX        (AREA_R | AREA_X)

#define TEXT_END  0x2000UL
#define DATA_END  0x4000UL
#define GUARD     DATA_END
#define STACK_LOW 0x5000UL
#define STACK     0x40000UL /* where the stack area begins now */
#define HEAP      0x45000UL
#define BRK       0x47100UL

#define PLACE(from, to, rights, is)                                                                \
    {                                                                                              \
        .start = (from), .end = (to), .prot = (rights), .kind = (is)                               \
    }

/* A program with text and constants from 0 on, data, stack, a heap, and a mapping far above. */
static const struct look_area areas[] = {
    PLACE(0, TEXT_END, RX, AREA_TEXT),          PLACE(TEXT_END, 0x3000, AREA_R, AREA_DATA),
    PLACE(0x3000, DATA_END, RW, AREA_DATA),     PLACE(STACK, HEAP, RW, AREA_STACK),
    PLACE(HEAP, 0x48000, RW, AREA_HEAP),        PLACE(0x10000000, 0x10001000, AREA_R, AREA_MAP),
    PLACE(0x10001000, 0x10002000, 0, AREA_MAP),
};

static struct crash crash;

/* The data of an access as the kernel would gather them. */
static struct crash *fault(uint64 va, enum fault_access access)
{
    struct look *l = &crash.look;
    crash = (struct crash){
        .cause = access == ACCESS_EXEC    ? CAUSE_FETCH_FAULT
                 : access == ACCESS_WRITE ? CAUSE_STORE_FAULT
                                          : CAUSE_LOAD_FAULT,
        .address = va,
        .sp = STACK + 0x100,
        .access = access,
        .result = FAULT_BAD,
        .look = {.va = va, .heap = HEAP, .brk = BRK, .stack_top = HEAP, .stack_low = STACK_LOW},
    };
    for (uint i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        if (va >= areas[i].end)
            l->below = areas[i];
        else if (va >= areas[i].start)
            l->at = areas[i];
        else if (!l->above.end)
            l->above = areas[i];
    }
    if (l->at.end) {
        l->above.end = l->below.end = 0;
        crash.result = FAULT_PROT;
    }
    return &crash;
}

static void expect(const struct crash *c, const char *words)
{
    char text[100];
    mistake_explain(c, text, sizeof text);
    assert_string_equal(text, words);
}

static void resources(void **state)
{
    (void)state;
    struct crash *c = fault(HEAP + 8, ACCESS_WRITE);
    c->result = FAULT_NOMEM;
    expect(c, "out of memory");
    c->result = FAULT_STUCK;
    expect(c, "the same fault comes again although it was resolved");
    c->result = FAULT_IO;
    expect(c, "the page could not be read from the disk");
}

static void end_of_file(void **state)
{
    (void)state;
    for (uint64 va = 8; va < 0x20000000; va += 0x0ffffff8) { /* in text, in a mapping */
        struct crash *c = fault(va, ACCESS_READ);
        c->result = FAULT_EOF;
        expect(c, "the file ends before this page");
    }
}

static void stack_full(void **state)
{
    (void)state;
    struct crash *c = fault(STACK_LOW - 8, ACCESS_WRITE);
    c->sp = STACK_LOW - 64;
    expect(c, "below the stack, in its guard page: the stack is full");
    c->sp = STACK_LOW;
    expect(c, "in the guard page below the stack");
}

static void stack_lost(void **state)
{
    (void)state;
    struct crash *c = fault(0x900000, ACCESS_WRITE);
    c->sp = 0x900000 - 16;
    expect(c, "the stack pointer is not in the stack");
    c->sp = 0x900000 - 4096;
    expect(c, "wild pointer: nothing is near");
    c = fault(24, ACCESS_READ);
    c->look.at.end = 0;
    c->result = FAULT_BAD;
    c->sp = 16;
    expect(c, "the stack pointer is not in the stack");
    c->access = ACCESS_EXEC;
    expect(c, "jump through a null pointer");
}

static void null_pointer(void **state)
{
    (void)state;
    expect(fault(0, ACCESS_WRITE), "null pointer");
    expect(fault(8, ACCESS_WRITE), "null pointer + 8");
    expect(fault(4095, ACCESS_WRITE), "null pointer + 4095");
    expect(fault(4096, ACCESS_WRITE), "write to program text (it is read-only)");
    expect(fault(-8UL, ACCESS_READ), "null pointer - 8");
    expect(fault(-8UL, ACCESS_EXEC), "jump through a null pointer");
    expect(fault(-4095UL, ACCESS_READ), "null pointer - 4095");
    expect(fault(-4096UL, ACCESS_READ), "kernel address");
}

static void text_pointer(void **state)
{
    (void)state;
    expect(fault(0x64636261, ACCESS_READ), "the pointer holds the text \"abcd\"");
    expect(fault(0x6867666564636261, ACCESS_WRITE), "the pointer holds the text \"abcdefgh\"");
    expect(fault(0x20636261, ACCESS_READ), "wild pointer: nothing is near");
    expect(fault(0x7f636261, ACCESS_READ), "wild pointer: nothing is near");
    expect(fault(0x6300616263, ACCESS_READ), "beyond the user half");
}

static void beyond_user(void **state)
{
    (void)state;
    expect(fault(-(1UL << 38), ACCESS_READ), "kernel address");
    expect(fault(0xffffffff80000000, ACCESS_EXEC), "kernel address");
    expect(fault(-(1UL << 38) - 1, ACCESS_READ), "beyond the user half");
    expect(fault(1UL << 38, ACCESS_WRITE), "beyond the user half");
    expect(fault(USER_END, ACCESS_WRITE), "beyond the user half");
    expect(fault(USER_END - 1, ACCESS_WRITE), "wild pointer: nothing is near");
}

static void forbidden(void **state)
{
    (void)state;
    expect(fault(TEXT_END - 1, ACCESS_WRITE), "write to program text (it is read-only)");
    expect(fault(TEXT_END, ACCESS_WRITE), "write to constant data (it is read-only)");
    expect(fault(0x10000000, ACCESS_WRITE), "write to mapping (it is read-only)");
    expect(fault(0x10001000, ACCESS_READ), "read from the mapping, which may not be read");
    expect(fault(0x3000, ACCESS_EXEC), "jump into the data: not executable");
    expect(fault(HEAP, ACCESS_EXEC), "jump into the heap: not executable");
    expect(fault(STACK + 0x100, ACCESS_EXEC), "jump into the stack: not executable");
    struct crash *c = fault(STACK - 8, ACCESS_EXEC); /* where it would have grown */
    c->result = FAULT_PROT;
    expect(c, "jump into the stack: not executable");
}

static void jump(void **state)
{
    (void)state;
    expect(fault(GUARD, ACCESS_EXEC), "jump to where nothing is");
    expect(fault(0x900000, ACCESS_EXEC), "jump to where nothing is");
}

static void around_stack(void **state)
{
    (void)state;
    expect(fault(GUARD, ACCESS_READ), "in the guard page below the stack");
    expect(fault(STACK - 1, ACCESS_READ), "below the stack pointer by 257 bytes");
    expect(fault(STACK_LOW, ACCESS_WRITE), "below the stack pointer by 241920 bytes");
    struct crash *c = fault(0x8000000, ACCESS_READ);
    c->sp = 0x9000000;
    expect(c, "wild pointer: nothing is near");
    c = fault(HEAP, ACCESS_READ);
    c->look.at.end = 0;
    c->look.brk = HEAP;
    c->result = FAULT_BAD;
    expect(c, "beyond the top of the stack by 1 byte");
    c = fault(STACK - 1, ACCESS_READ);
    c->sp = 0x9000000;
    expect(c, "beyond the end of the data by 245760 bytes");
}

static void beyond_break(void **state)
{
    (void)state;
    expect(fault(0x48000, ACCESS_WRITE), "heap beyond the break by 3841 bytes");
    expect(fault(BRK + 0xfffff, ACCESS_WRITE), "heap beyond the break by 1048576 bytes");
    expect(fault(BRK + 0x100000, ACCESS_WRITE), "beyond the end of the heap by 1044737 bytes");
    struct crash *c = fault(0x48000, ACCESS_WRITE);
    c->look.brk = 0x48000;
    expect(c, "heap beyond the break by 1 byte");
    c->look.brk = 0x47fff;
    expect(c, "heap beyond the break by 2 bytes");
}

static void wild(void **state)
{
    (void)state;
    expect(fault(0x10002000, ACCESS_READ), "beyond the end of the mapping by 1 byte");
    expect(fault(0x0fffffff, ACCESS_READ), "below the start of the mapping by 1 byte");
    expect(fault(0x8000000, ACCESS_READ), "wild pointer: nothing is near");
    struct crash *c = fault(0x8000000, ACCESS_READ);
    c->look.above.end = c->look.below.end = 0;
    expect(c, "wild pointer: nothing is near");
}

static void expect_cause(uint64 cause, uint instruction, const char *words)
{
    expect(&(struct crash){.cause = cause, .instruction = instruction}, words);
}

static void other_exceptions(void **state)
{
    (void)state;
    expect_cause(CAUSE_ILLEGAL, 0, "zeros are no instruction");
    expect_cause(CAUSE_ILLEGAL, 0x00007053, "programs have no floating-point unit");
    expect_cause(CAUSE_ILLEGAL, 0x00053787, "programs have no floating-point unit"); /* fld */
    expect_cause(CAUSE_ILLEGAL, 0x18002573, "a control register that programs may not use");
    expect_cause(CAUSE_ILLEGAL, 0x10200073, "only the kernel may do this"); /* sret */
    expect_cause(CAUSE_ILLEGAL, 0xffffffff, "not an instruction of this machine");
    expect_cause(CAUSE_BREAKPOINT, 0, "ebreak, and nobody debugs this program");
    expect_cause(CAUSE_LOAD_ALIGN, 0, "the address is no multiple of the size of the access");
    expect_cause(CAUSE_STORE_ALIGN, 0, "the address is no multiple of the size of the access");
    expect_cause(5, 0, "the process cannot go on");
}

static void short_buffers(void **state)
{
    (void)state;
    char text[8] = "xxxxxxx";
    mistake_explain(fault(8, ACCESS_WRITE), text, 5);
    assert_string_equal(text, "null");
    mistake_explain(fault(8, ACCESS_WRITE), text, 0);
    assert_string_equal(text, "null");
}

static void ration(void **state)
{
    (void)state;
    uint64 s = 0;
    for (uint64 second = 0; second < 3; second++)
        for (int i = 0; i < 10; i++)
            assert_int_equal(mistake_ration(&s, second), i < MISTAKE_RATION);
    for (int i = 0; i < 10; i++)
        assert_int_equal(mistake_ration(&s, 1UL << 40), i < MISTAKE_RATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources),
        cmocka_unit_test(end_of_file),
        cmocka_unit_test(stack_full),
        cmocka_unit_test(stack_lost),
        cmocka_unit_test(null_pointer),
        cmocka_unit_test(text_pointer),
        cmocka_unit_test(beyond_user),
        cmocka_unit_test(forbidden),
        cmocka_unit_test(jump),
        cmocka_unit_test(around_stack),
        cmocka_unit_test(beyond_break),
        cmocka_unit_test(wild),
        cmocka_unit_test(other_exceptions),
        cmocka_unit_test(short_buffers),
        cmocka_unit_test(ration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
