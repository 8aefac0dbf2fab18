// sources: kernel/proc/elf.c
/*
 * Checks of executables: every rule by itself, then a few hundred thousand damaged headers, each
 * compared with an oracle that knows nothing of how the kernel decides.
 */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/proc/elf.h"
#include "kernel/vm/space.h"
#include "tests/host/seed.h"

#define FILE_SIZE 100000UL
#define LIMIT     (1UL << 37)
#define ROUNDS    300000

static const struct elf_header good_header = {
    .magic = ELF_MAGIC,
    .class = ELF_CLASS64,
    .encoding = ELF_LSB,
    .type = ELF_EXEC,
    .machine = ELF_RISCV,
    .entry = 0x100,
    .phoff = 64,
    .phentsize = sizeof(struct elf_segment),
    .phnum = 4,
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
CHANGE(one_too_many, struct elf_header, x->phnum = ELF_HEADERS + 1)
CHANGE(many_segments, struct elf_header, x->phnum = 0xffff)

static void headers(void **state)
{
    (void)state;
    assert_int_equal(header_with(no_change), 0);
    void (*const bad[])(struct elf_header *) = {
        bad_magic,   bad_class,     bad_encoding, bad_type,     bad_machine,  bad_entsize,
        no_segments, table_outside, table_wraps,  one_too_many, many_segments};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(header_with(bad[i]), -ENOEXEC);
}

static struct elf_load loads[ELF_SEGMENTS];

static int segment_with(void (*change)(struct elf_segment *))
{
    struct elf_segment s = good_text;
    int n = 0;
    change(&s);
    return elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n);
}

CHANGE(as_is, struct elf_segment, (void)x)
CHANGE(write_exec, struct elf_segment, x->flags |= ELF_W)
CHANGE(no_access, struct elf_segment, x->flags = 0)
CHANGE(file_beyond_memory, struct elf_segment, x->memsz = x->filesz - 1)
CHANGE(file_outside, struct elf_segment, x->offset = FILE_SIZE & ~0xfffUL)
CHANGE(offset_wraps, struct elf_segment, x->offset = ~0UL - 0xfff)
CHANGE(memory_wraps, struct elf_segment, x->vaddr = ~0UL - 0xfff)
CHANGE(above_limit, struct elf_segment, x->vaddr = LIMIT - 0x1000)
CHANGE(huge, struct elf_segment, x->memsz = ~0UL)
CHANGE(incongruent, struct elf_segment, x->offset += 8)

static void segments(void **state)
{
    (void)state;
    assert_int_equal(segment_with(as_is), 0);
    void (*const bad[])(struct elf_segment *) = {write_exec,   no_access,    file_beyond_memory,
                                                 file_outside, offset_wraps, memory_wraps,
                                                 above_limit,  huge,         incongruent};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(segment_with(bad[i]), -ENOEXEC);
}

CHANGE(inside_pages, struct elf_segment, x->offset = 0x1678; x->vaddr = 0x678)
CHANGE(with_bss, struct elf_segment, x->offset = 0x1678; x->vaddr = 0x678; x->memsz += 0x3000)
CHANGE(only_bss, struct elf_segment, x->filesz = 0)

/* Which bytes of the file the pages of a segment get. */
static void parts_of_the_file(void **state)
{
    (void)state;
    assert_int_equal(segment_with(inside_pages), 0);
    assert_true(loads[0].start == 0 && loads[0].end == 0x2000 && loads[0].offset == 0x1000);
    assert_true(loads[0].bytes == 0x2000);
    assert_int_equal(segment_with(with_bss), 0);
    assert_true(loads[0].end == 0x5000 && loads[0].bytes == 0x678 + 0x1800);
    assert_int_equal(segment_with(only_bss), 0);
    assert_true(loads[0].end == 0x2000 && loads[0].bytes == 0);
}

static void segments_must_ascend_without_sharing_pages(void **state)
{
    (void)state;
    struct elf_segment s = good_text;
    int n = 0;
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), 0);
    s.vaddr = 0x1800; /* on the last page of the first */
    s.offset = 0x800;
    assert_int_equal(elf_check_segment(&s, FILE_SIZE, LIMIT, loads, &n), -ENOEXEC);
    s.vaddr = 0x2800;
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
    struct elf_load two[2] = {{.vaddr = 0x10, .memsz = 0x1ff0, .prot = AREA_R | AREA_X},
                              {.vaddr = 0x2000, .memsz = 0x1000, .prot = AREA_R | AREA_W}};
    assert_int_equal(elf_check_entry(0x10, two, 2), 0);
    assert_int_equal(elf_check_entry(0x1ffe, two, 2), 0);
    assert_int_equal(elf_check_entry(0xe, two, 2), -ENOEXEC);
    assert_int_equal(elf_check_entry(0x2000, two, 2), -ENOEXEC);
    assert_int_equal(elf_check_entry(0x9000, two, 2), -ENOEXEC);
    assert_int_equal(elf_check_entry(0x10, two, 0), -ENOEXEC);
}

/* --- Damaged files ---------------------------------------------------------------------------- */

#define PARTS 4
#define HEADS (sizeof(struct elf_header) + PARTS * sizeof(struct elf_segment))

static uint8_t file[FILE_SIZE];

static void make_file(void)
{
    static const struct elf_segment parts[PARTS] = {
        {.type = 1, .flags = 5, .offset = 0x1000, .vaddr = 0, .filesz = 0x1800, .memsz = 0x1800},
        {.type = 1, .flags = 4, .offset = 0x3010, .vaddr = 0x2010, .filesz = 0x9f0, .memsz = 0x9f0},
        {.type = 1, .flags = 6, .offset = 0x3a00, .vaddr = 0x3a00, .filesz = 0x20, .memsz = 0x5000},
        {.type = 0x6474e551, .flags = 6, .align = 16},
    };
    memcpy(file, &good_header, sizeof good_header);
    memcpy(file + sizeof good_header, parts, sizeof parts);
}

/* One change of the headers: random bytes, a value that is special somewhere, or a swap. */
static void damage(void)
{
    static const uint64 special[] = {0,         1,      7,         0xfff,        0x1000,
                                     0x1001,    0x1800, FILE_SIZE, LIMIT - 0x10, LIMIT,
                                     1UL << 63, ~0UL,   ~0xfffUL,  ~0xfffUL + 8, FILE_SIZE - 0x20};
    unsigned long kind = random_below(4), at = random_below(HEADS);
    if (kind == 0) {
        file[at] = (uint8_t)random_below(256);
    } else if (kind == 1) {
        file[at] ^= (uint8_t)(1u << random_below(8));
    } else if (kind == 2) {
        uint64 value = special[random_below(sizeof special / sizeof special[0])];
        memcpy(file + at / 8 * 8, &value, 8);
    } else {
        uint8_t *a = file + 64 + random_below(PARTS) * 56,
                *b = file + 64 + random_below(PARTS) * 56;
        uint8_t keep[56];
        memcpy(keep, a, 56);
        memmove(a, b, 56);
        memcpy(b, keep, 56);
    }
}

/* --- The oracle: fields by their offsets in the file, and numbers that cannot wrap ------------ */

typedef unsigned __int128 wide;

static uint64 field(uint64 at, int bytes)
{
    uint64 value = 0;
    while (bytes-- > 0)
        value = value << 8 | file[at + (uint64)bytes];
    return value;
}

/* System V gABI, figures "ELF Header" and "Program Header", ELF64. */
struct part {
    wide offset, vaddr, filesz, memsz;
    uint64 flags;
    bool loaded;
};

static struct part part_at(uint64 at)
{
    struct part p = {field(at + 8, 8),  field(at + 16, 8), field(at + 32, 8),
                     field(at + 40, 8), field(at + 4, 4),  false};
    p.loaded = field(at, 4) == 1 && p.memsz > 0;
    return p;
}

static bool acceptable_part(const struct part *p)
{
    return p->offset % 4096 == p->vaddr % 4096 && p->filesz <= p->memsz &&
           p->offset + p->filesz <= FILE_SIZE && p->vaddr + p->memsz <= LIMIT &&
           (p->flags & 7) != 0 && (p->flags & 3) != 3;
}

static bool acceptable(void)
{
    uint64 entry = field(24, 8), n = field(56, 2);
    wide table = field(32, 8), last_page = 0;
    bool entered = false, first = true;

    if (memcmp(file, "\177ELF\2\1", 6) != 0 || field(16, 2) != 2 || field(18, 2) != 243 ||
        field(54, 2) != 56 || n < 1 || n > 64 || table + n * 56 > FILE_SIZE)
        return false;
    for (uint64 i = 0; i < n; i++) {
        struct part p = part_at((uint64)table + i * 56);
        if (!p.loaded)
            continue;
        if (!acceptable_part(&p) || (!first && p.vaddr / 4096 <= last_page))
            return false;
        first = false;
        last_page = (p.vaddr + p.memsz - 1) / 4096;
        entered |= (p.flags & 1) && entry >= p.vaddr && entry < p.vaddr + p.memsz;
    }
    return entered;
}

/* --- What the kernel says --------------------------------------------------------------------- */

static bool accepted(int *n)
{
    struct elf_header h;
    struct elf_segment s;

    *n = 0;
    memcpy(&h, file, sizeof h);
    if (elf_check_header(&h, FILE_SIZE) < 0)
        return false;
    for (unsigned i = 0; i < h.phnum; i++) {
        memcpy(&s, file + h.phoff + i * sizeof s, sizeof s);
        if (elf_check_segment(&s, FILE_SIZE, LIMIT, loads, n) < 0)
            return false;
    }
    return elf_check_entry(h.entry, loads, *n) == 0;
}

/* Where in the file the byte at va comes from; ~0: it is zero. */
static uint64 source(const struct elf_load *l, uint64 va)
{
    return va - l->start < l->bytes ? l->offset + (va - l->start) : ~0UL;
}

/* Pages and their contents are those that the program header wants, tried at both ends. */
static void check_load(const struct elf_load *l, const struct part *p)
{
    uint64 at = (uint64)p->vaddr, filled = at + (uint64)p->filesz, end = at + (uint64)p->memsz;

    assert_true(l->start % 4096 == 0 && l->end % 4096 == 0 && l->offset % 4096 == 0);
    assert_true(l->start <= at && at - l->start < 4096 && l->end >= end && l->end - end < 4096);
    if (filled > at) {
        assert_true(source(l, at) == (uint64)p->offset);
        assert_true(source(l, filled - 1) == (uint64)(p->offset + p->filesz) - 1);
    }
    if (end > filled) {
        assert_true(source(l, filled) == ~0UL);
        assert_true(source(l, end - 1) == ~0UL);
    }
    assert_true(!(l->prot & AREA_W) == !(p->flags & ELF_W));
    assert_true(!(l->prot & AREA_X) == !(p->flags & ELF_X));
}

static void check_loads(int n)
{
    int found = 0;
    for (uint64 i = 0; i < field(56, 2); i++) {
        struct part p = part_at(field(32, 8) + i * 56);
        if (p.loaded)
            check_load(&loads[found++], &p);
    }
    assert_int_equal(found, n);
}

static void damaged_files(void **state)
{
    (void)state;
    int good = 0;
    random_start();
    for (int round = 0; round < ROUNDS; round++) {
        int n;
        make_file();
        for (unsigned long changes = random_below(4); changes > 0; changes--)
            damage();
        bool is = accepted(&n);
        if (is != acceptable())
            fail_msg("round %d: the kernel says %d", round, is);
        if (is)
            check_loads(n);
        good += is;
    }
    assert_true(good > ROUNDS / 5 && good < ROUNDS * 4 / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(segments),
        cmocka_unit_test(parts_of_the_file),
        cmocka_unit_test(segments_must_ascend_without_sharing_pages),
        cmocka_unit_test(entry_must_be_executable),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
