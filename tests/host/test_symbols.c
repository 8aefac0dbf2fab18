// sources: kernel/proc/symbols.c kernel/proc/elf.c kernel/lib/iov.c tests/host/panic_shim.c
/* Names of functions from the symbol table of a file that may be anything. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/symbols.h"
#include "tests/host/seed.h"

#define TEXT    0x1000 /* where the text segment begins, 0x800 bytes */
#define SYMBOLS 7

/* A program file with all that matters here, in the order in which it lies on the disk. */
struct program {
    struct elf_header header;
    struct elf_segment segment[2];
    struct elf_section section[4];
    struct elf_symbol symbol[SYMBOLS];
    char names[64];
};

static struct program file;
static uint64 file_size;
static uint64 reads, fail_after; /* inode_read() calls; how many succeed */

uint64 inode_size(struct inode *ip)
{
    (void)ip;
    return file_size;
}

/* Short reads are allowed: this one gives at most 100 bytes, and as a symbol table never ends. */
int64 inode_read(struct inode *ip, struct iov *dst, uint64 off)
{
    static const uint8 nothing[100];
    (void)ip;
    if (++reads > fail_after)
        return -EIO;
    uint64 n = dst->total < 100 ? dst->total : 100;
    assert_true(off <= file_size && n <= file_size - off);
    if (off + n <= sizeof file)
        iov_write(dst, 0, (uint8 *)&file + off, n);
    else
        iov_write(dst, 0, nothing, n);
    return (int64)n;
}

static void make_program(void)
{
    file_size = sizeof file;
    reads = 0;
    fail_after = ~0UL;
    file = (struct program){
        .header = {.magic = ELF_MAGIC,
                   .class = ELF_CLASS64,
                   .encoding = ELF_LSB,
                   .type = ELF_EXEC,
                   .machine = ELF_RISCV,
                   .phoff = offsetof(struct program, segment),
                   .phentsize = sizeof(struct elf_segment),
                   .phnum = 2,
                   .shoff = offsetof(struct program, section),
                   .shentsize = sizeof(struct elf_section),
                   .shnum = 4},
        .segment = {{.type = ELF_LOAD, .flags = ELF_R, .vaddr = 0, .memsz = 0x800},
                    {.type = ELF_LOAD, .flags = ELF_R | ELF_X, .vaddr = TEXT, .memsz = 0x800}},
        .section = {{.type = 0},
                    {.type = 1},
                    {.type = ELF_SYMTAB,
                     .offset = offsetof(struct program, symbol),
                     .size = sizeof file.symbol,
                     .entsize = sizeof(struct elf_symbol),
                     .link = 3},
                    {.type = ELF_STRTAB,
                     .offset = offsetof(struct program, names),
                     .size = sizeof file.names}},
        .symbol = {{.name = 0},
                   {.name = 1, .info = ELF_FUNC, .section = 1, .value = TEXT + 0x40, .size = 0x20},
                   {.name = 6, .info = ELF_FUNC, .section = 1, .value = TEXT, .size = 0x40},
                   {.name = 13, .info = 1, .section = 1, .value = TEXT + 0x50},
                   {.name = 20, .info = ELF_FUNC, .section = 0, .value = TEXT + 0x44},
                   {.name = 26, .info = ELF_FUNC, .section = 1, .value = TEXT + 0x100},
                   {.name = 31, .info = ELF_FUNC, .section = 1, .value = 0x10}},
        .names = "\0main\0_start\0object\0other\0last\0data",
    };
}

static void expect(uint64 pc, const char *name, uint64 offset)
{
    struct symbol s;
    assert_true(symbols_find(NULL, pc, &s));
    assert_string_equal(s.name, name);
    assert_int_equal(s.offset, offset);
}

static void expect_none(uint64 pc)
{
    struct symbol s;
    memset(&s, 'x', sizeof s);
    reads = 0;
    assert_false(symbols_find(NULL, pc, &s));
    assert_int_equal(s.name[0], 0);
}

static void finds_the_closest_below(void **state)
{
    (void)state;
    make_program();
    expect(TEXT, "_start", 0);
    expect(TEXT + 0x3e, "_start", 0x3e);
    expect(TEXT + 0x40, "main", 0);
    expect(TEXT + 0x5e, "main", 0x1e);
    expect(TEXT + 0x100, "last", 0);
    expect(TEXT + 0x7fe, "last", 0x6fe); /* its size is not known */
}

static void only_within_the_segment(void **state)
{
    (void)state;
    make_program();
    expect_none(TEXT + 0x60); /* main is known to end before */
    expect_none(TEXT + 0x800);
    expect_none(TEXT - 1);
    expect_none(0x20); /* not executable */
    expect_none(~0UL);
    file.symbol[2].size = 0;
    file.symbol[2].value = 0x20; /* a function below the segment is not in it */
    expect_none(TEXT + 0x3e);
}

static void names_are_cut_and_cleaned(void **state)
{
    (void)state;
    char wanted[SYMBOL_NAME];
    make_program();
    file.names[1] = '\x1b';
    expect(TEXT + 0x40, "?ain", 0);
    memset(file.names, 'n', sizeof file.names);
    memset(wanted, 'n', sizeof wanted - 1);
    wanted[sizeof wanted - 1] = '\0';
    expect(TEXT + 0x40, wanted, 0);
    file.symbol[1].name = sizeof file.names - 1; /* not ended within the strings */
    expect(TEXT + 0x40, "n", 0);
    file.names[sizeof file.names - 1] = '\0';
    expect_none(TEXT + 0x40);
}

#define BAD(statement)                                                                             \
    do {                                                                                           \
        make_program();                                                                            \
        statement;                                                                                 \
        expect_none(TEXT + 0x44);                                                                  \
    } while (0)

static void refuses_what_is_not_sound(void **state)
{
    (void)state;
    make_program();
    expect(TEXT + 0x44, "main", 4);
    struct elf_section *symtab = &file.section[2], *strtab = &file.section[3];
    BAD(file_size = 0);
    BAD(file_size = sizeof file.header - 1);
    BAD(file_size = offsetof(struct program, section) + 10);
    BAD(file_size -= 1);
    BAD(file.header.magic = 0);
    BAD(file.header.phnum = 0xffff);
    BAD(file.header.phoff = ~0UL - 8);
    BAD(file.header.shnum = 0);
    BAD(file.header.shoff = ~0UL - 63);
    BAD(file.header.shoff = ~0UL - 2 * sizeof(struct elf_section) + 1);
    BAD(file.header.shoff = file_size);
    BAD(file.header.shentsize = 0);
    BAD(file.header.shentsize = 65);
    BAD(file.segment[1].memsz = 0);
    BAD(file.segment[1].vaddr = ~0UL - 0x10);
    BAD(symtab->type = ELF_STRTAB);
    BAD(symtab->entsize = 0);
    BAD(symtab->entsize = 8);
    BAD(symtab->offset = ~0UL);
    BAD(symtab->offset = ~0UL - sizeof file.symbol + 1);
    BAD(symtab->size = ~0UL);
    BAD(symtab->size = 0);
    BAD(symtab->link = 2); /* its own strings */
    BAD(symtab->link = 0xffffffff);
    BAD(strtab->offset = ~0UL - 63);
    BAD(strtab->size = ~0UL);
    BAD(strtab->size = 0);
    BAD(strtab->size = 1); /* "main" begins behind it */
    BAD(file.symbol[1].name = 0xffffffff);
}

/* Its end is checked before a read error can be met, so each call fails once. */
static void read_errors_are_no_name(void **state)
{
    (void)state;
    make_program();
    expect(TEXT + 0x44, "main", 4);
    uint64 all = reads;
    assert_true(all > 5);
    for (uint64 i = 0; i < all; i++) {
        fail_after = i;
        expect_none(TEXT + 0x44);
    }
    fail_after = all;
    reads = 0;
    expect(TEXT + 0x44, "main", 4);
}

static void work_is_bounded(void **state)
{
    (void)state;
    make_program();
    file_size = 1UL << 40;
    file.header.shnum = 0xffff;
    file.section[2].size = 1UL << 39; /* the symbols that count come first, then zeros */
    expect(TEXT + 0x44, "main", 4);
    assert_true(reads < 2 * SYMBOLS_MAX * sizeof(struct elf_symbol) / 100);
    file.section[2].type = 0; /* sections without end, none of which is a symbol table */
    expect_none(TEXT + 0x44);
    assert_true(reads < 200);
    file.header.phnum = 0xffff;
    expect_none(0x5000);
    assert_true(reads < 200);
}

static void mutated_files_do_no_harm(void **state)
{
    (void)state;
    random_start();
    uint found = 0, lost = 0;
    for (int round = 0; round < 100000; round++) {
        struct symbol s;
        make_program();
        for (uint64 k = random_below(4) + 1; k > 0; k--)
            ((uint8 *)&file)[random_below(sizeof file)] = (uint8)random_below(256);
        if (random_below(4) == 0)
            file_size = random_below(sizeof file);
        if (symbols_find(NULL, TEXT + random_below(0x200), &s))
            found++;
        else
            lost++;
        assert_true(memchr(s.name, '\0', sizeof s.name) != NULL);
        assert_true(reads < 20000);
    }
    assert_true(found > 1000 && lost > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_closest_below),   cmocka_unit_test(only_within_the_segment),
        cmocka_unit_test(names_are_cut_and_cleaned), cmocka_unit_test(refuses_what_is_not_sound),
        cmocka_unit_test(read_errors_are_no_name),   cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(mutated_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
