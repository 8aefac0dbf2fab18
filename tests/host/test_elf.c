// sources: kernel/proc/elf.c
/* Checks of executables: every rule by itself, then thousands of mutated headers. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/proc/elf.h"
#include "kernel/vm/space.h"

#define FILE_SIZE 100000UL
#define LIMIT     (1UL << 37)

static const struct elf_header good_header = {
    .magic = ELF_MAGIC,
    .class = ELF_CLASS64,
    .encoding = ELF_LSB,
    .type = ELF_EXEC,
    .machine = ELF_RISCV,
    .entry = 0x100,
    .phoff = 64,
    .phentsize = sizeof(struct elf_segment),
    .phnum = 2,
};

static const struct elf_segment good_text = {
    .type = ELF_LOAD,
    .flags = ELF_R | ELF_X,
    .offset = 0x1000,
    .vaddr = 0,
    .filesz = 0x1800,
    .memsz = 0x1800,
};

static int header_with(void (*change)(struct elf_header *))
{
    struct elf_header h = good_header;
    change(&h);
    return elf_check_header(&h, FILE_SIZE);
}

#define CHANGE(name, type, body)                                                                   \
    static void name(type *x)                                                                      \
    {                                                                                              \
        body;                                                                                      \
    }
CHANGE(no_change, struct elf_header, (void)x)
CHANGE(bad_magic, struct elf_header, x->magic ^= 1)
CHANGE(bad_class, struct elf_header, x->class = 1)
CHANGE(bad_encoding, struct elf_header, x->encoding = 2)
CHANGE(bad_type, struct elf_header, x->type = 3)
CHANGE(bad_machine, struct elf_header, x->machine = 62)
CHANGE(bad_entsize, struct elf_header, x->phentsize = 32)
CHANGE(no_segments, struct elf_header, x->phnum = 0)
CHANGE(table_outside, struct elf_header, x->phoff = FILE_SIZE - 64)
CHANGE(table_wraps, struct elf_header, x->phoff = ~0UL - 8)
CHANGE(many_segments, struct elf_header, x->phnum = 0xffff)

static void headers(void **state)
{
    (void)state;
    assert_int_equal(header_with(no_change), 0);
    void (*const bad[])(struct elf_header *) = {
        bad_magic,   bad_class,   bad_encoding,  bad_type,    bad_machine,
        bad_entsize, no_segments, table_outside, table_wraps, many_segments};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(header_with(bad[i]), -ENOEXEC);
}

static int segment_with(void (*change)(struct elf_segment *))
{
    struct elf_load loads[ELF_SEGMENTS];
    struct elf_segment s = good_text;
    int n = 0;
    change(&s);
    return elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n);
}

CHANGE(as_is, struct elf_segment, (void)x)
CHANGE(write_exec, struct elf_segment, x->flags |= ELF_W)
CHANGE(no_access, struct elf_segment, x->flags = 0)
CHANGE(file_beyond_memory, struct elf_segment, x->memsz = x->filesz - 1)
CHANGE(file_outside, struct elf_segment, x->offset = FILE_SIZE)
CHANGE(offset_wraps, struct elf_segment, x->offset = ~0UL - 0xfff)
CHANGE(memory_wraps, struct elf_segment, x->vaddr = ~0UL - 0xfff)
CHANGE(above_limit, struct elf_segment, x->vaddr = LIMIT - 0x1000)
CHANGE(huge, struct elf_segment, x->memsz = ~0UL)

static void segments(void **state)
{
    (void)state;
    assert_int_equal(segment_with(as_is), 0);
    void (*const bad[])(struct elf_segment *) = {write_exec,   no_access,    file_beyond_memory,
                                                 file_outside, offset_wraps, memory_wraps,
                                                 above_limit,  huge};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(segment_with(bad[i]), -ENOEXEC);
}

static void segments_must_ascend_without_sharing_pages(void **state)
{
    (void)state;
    struct elf_load loads[ELF_SEGMENTS];
    struct elf_segment s = good_text;
    int n = 0;
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), 0);
    s.vaddr = 0x1800; /* on the last page of the first */
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), -ENOEXEC);
    s.vaddr = 0x2000;
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), 0);
    assert_int_equal(n, 2);
    for (; n < ELF_SEGMENTS;) {
        s.vaddr += 0x2000;
        assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), 0);
    }
    s.vaddr += 0x2000;
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), -ENOEXEC);
}

static void entry_must_be_executable(void **state)
{
    (void)state;
    struct elf_load loads[2] = {{.start = 0, .end = 0x2000, .prot = AREA_R | AREA_X},
                                {.start = 0x2000, .end = 0x3000, .prot = AREA_R | AREA_W}};
    assert_int_equal(elf_check_entry(0x1ffe, loads, 2), 0);
    assert_int_equal(elf_check_entry(0x2000, loads, 2), -ENOEXEC);
    assert_int_equal(elf_check_entry(0x9000, loads, 2), -ENOEXEC);
    assert_int_equal(elf_check_entry(0, loads, 0), -ENOEXEC);
}

static void mutate(void *bytes, unsigned long n)
{
    for (int k = rand() % 4 + 1; k > 0; k--)
        ((unsigned char *)bytes)[(unsigned)rand() % n] = (unsigned char)rand();
}

/* Whatever passes the checks keeps the promises that exec relies on. */
static void mutated_segments_keep_the_rules(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)atoi(given) : 1;
    printf("SEED=%u\n", seed);
    srand(seed);
    int passed = 0;
    for (int round = 0; round < 200000; round++) {
        struct elf_load loads[ELF_SEGMENTS];
        int n = 0;
        for (int i = 0; i < 4; i++) {
            struct elf_segment s = good_text;
            s.vaddr = (uint64)i * 0x4000;
            mutate(&s, sizeof s);
            elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n);
        }
        for (int i = 0; i < n; i++, passed++) {
            assert_true(loads[i].start < loads[i].end && loads[i].end <= LIMIT);
            assert_true(loads[i].start % 4096 == 0 && loads[i].end % 4096 == 0);
            assert_true(loads[i].vaddr >= loads[i].start);
            assert_true(loads[i].filesz <= loads[i].end - loads[i].vaddr);
            assert_true(loads[i].offset + loads[i].filesz <= FILE_SIZE);
            assert_true((loads[i].prot & (AREA_W | AREA_X)) != (AREA_W | AREA_X));
            assert_true(i == 0 || loads[i].start >= loads[i - 1].end);
        }
    }
    assert_true(passed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(segments),
        cmocka_unit_test(segments_must_ascend_without_sharing_pages),
        cmocka_unit_test(entry_must_be_executable),
        cmocka_unit_test(mutated_segments_keep_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
