/* Names and lines from the kernel's symbol table, sound and damaged. */
#include "tests/host/unit.h"

#define printf    k_printf
#define vprintf   k_vprintf
#define snprintf  k_snprintf
#define vsnprintf k_vsnprintf
#include "kernel/lib/backtrace.c"
#undef snprintf
#undef vsnprintf

/*
 * Text of 0x1000 bytes with three functions, the second without lines, and the table that
 * tools/ksyms would make of it.
 */
__asm__(
    ".data\n"
    ".balign 16\n"
    ".globl text_start, text_end, ksyms_start, ksyms_end\n"
    "text_start: .zero 0x1000\n"
    "text_end:\n"
    "ksyms_start:\n"
    "  .long 0x6d79736b, ksyms_end - ksyms_start, 3, 4, 2\n"
    "  .long syms - ksyms_start, lines - ksyms_start, files - ksyms_start, names - ksyms_start\n"
    "syms: .long 0x10,0, 0x100,6, 0x200,11\n"
    "lines: .long 0x10, 0x00070000, 0x20, 0x00080000, 0x100, 0x0000ffff, 0x200, 0x00630001\n"
    "files: .long 16, 20\n"
    "names: .asciz \"first\", \"wait\", \"last\", \"a.c\", \"dir/b.c\"\n"
    "ksyms_end:\n"
    ".text\n");

extern uint table_words[] __asm__("ksyms_start");
static char console[256];

void k_printf(const char *fmt, ...)
{
    size_t used = strlen(console);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(console + used, sizeof console - used, fmt, ap);
    va_end(ap);
}

static void expect(uint64 offset, const char *symbol)
{
    char want[sizeof console];
    uint64 pc = (uint64)text_start + offset;

    console[0] = '\0';
    snprintf(want, sizeof want, "0x%016lx%s", pc, symbol);
    print_symbol(pc);
    assert_string_equal(console, want);
}

static void test_symbols(void **state)
{
    (void)state;
    expect(0x10, " first+0x0 a.c:7");
    expect(0x1f, " first+0xf a.c:7");
    expect(0x20, " first+0x10 a.c:8");
    expect(0xff, " first+0xef a.c:8");
    expect(0x100, " wait+0x0");
    expect(0x1ff, " wait+0xff");
    expect(0x200, " last+0x0 dir/b.c:99");
    expect(0xfff, " last+0xdff dir/b.c:99");
}

static void test_outside(void **state)
{
    (void)state;
    expect(0, "");
    expect(0xf, "");
    expect(0x1000, "");
    expect(-1UL, "");
    expect(-(uint64)text_start, "");
}

static void test_damaged_table(void **state)
{
    static const uint at[] = {0, 1, 2}; /* magic, size, nsyms */
    static const uint bad[] = {1, ~0U, 0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        uint good = table_words[at[i]];
        table_words[at[i]] = bad[i];
        expect(0x20, "");
        table_words[at[i]] = good;
    }
    expect(0x20, " first+0x10 a.c:8");
}

/* A frame pointer that cannot be a kernel's leads nowhere. */
static void test_no_chain(void **state)
{
    char want[sizeof console];
    uint64 pc = (uint64)text_start + 0x20;

    (void)state;
    for (uint64 fp = 0; fp <= 0x3fffff0000UL; fp = fp * 16 + 8) {
        console[0] = '\0';
        snprintf(want, sizeof want, "#0 0x%016lx first+0x10 a.c:8\n", pc);
        backtrace(pc, fp);
        assert_string_equal(console, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_damaged_table),
        cmocka_unit_test(test_no_chain),
    };

    return cmocka_run_group_tests_name("backtrace", tests, NULL, NULL);
}
