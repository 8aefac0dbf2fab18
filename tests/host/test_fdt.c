// sources: kernel/dev/fdt.c kernel/dev/dtb.c
/*
 * Device trees: those that QEMU makes for several machines, some written here for what QEMU does
 * not make, and thousands of damaged ones, which must neither crash the parser nor hang it.
 */
#include "tests/host/unit.h"

#include <unistd.h>

#include "kernel/dev/machine.h"
#include "tests/host/seed.h"

#define LARGEST (4u << 20)

/* --- trees from QEMU -------------------------------------------------------------------------- */

static char folder[] = "/tmp/faultline-fdt-XXXXXX";

static uint get32(const uint8 *p)
{
    return (uint)p[0] << 24 | (uint)p[1] << 16 | (uint)p[2] << 8 | p[3];
}

static void set32(uint8 *p, uint v)
{
    for (int i = 0; i < 4; i++)
        p[i] = v >> (24 - 8 * i);
}

/* The blob in memory of exactly its size, so that the sanitizer sees every byte beyond it. */
static uint8 *exact(const uint8 *blob, uint size)
{
    uint8 *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, blob, size);
    return copy;
}

/* QEMU pads its dump to 1 MiB; the padding behind the last block is cut off. */
static uint8 *without_padding(uint8 *blob)
{
    uint structure = get32(blob + 8) + get32(blob + 36);
    uint strings = get32(blob + 12) + get32(blob + 32);
    uint size = structure > strings ? structure : strings;
    set32(blob + 4, size);
    uint8 *copy = exact(blob, size);
    free(blob);
    return copy;
}

static uint8 *dump(const char *machine, const char *more)
{
    char command[600], path[100];
    const char *qemu = getenv("QEMU");
    snprintf(path, sizeof(path), "%s/dtb", folder);
    snprintf(command, sizeof(command),
             "%s -machine %s,dumpdtb=%s -bios none -display none %s >/dev/null 2>&1",
             qemu ? qemu : "qemu-system-riscv64", machine, path, more);
    if (system(command) != 0)
        fail_msg("QEMU failed: %s", command);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    uint8 *blob = malloc(LARGEST);
    assert_non_null(blob);
    assert_true(fread(blob, 1, LARGEST, f) > 40);
    fclose(f);
    unlink(path);
    return without_padding(blob);
}

static void assert_virt(const struct machine *m, uint harts, uint64 mib)
{
    assert_int_equal(m->ram, 0x80000000);
    assert_int_equal(m->ram_end - m->ram, mib << 20);
    assert_int_equal(m->nharts, harts);
    for (uint i = 0; i < harts; i++) {
        assert_int_equal(m->hartid[i], i);
        assert_int_equal(m->plic_context[i], 2 * i + 1);
    }
    assert_int_equal(m->timebase, 10000000);
    assert_int_equal(m->uart, 0x10000000);
    assert_int_equal(m->uart_irq, 10);
    assert_int_equal(m->plic, 0xc000000);
    assert_int_equal(m->finisher, 0x100000);
    assert_int_equal(m->nvirtio, 8);
    for (uint i = 0; i < 8; i++) {
        assert_int_equal(m->virtio[i].base, 0x10001000 + 0x1000 * i);
        assert_int_equal(m->virtio[i].irq, i + 1);
    }
}

static void machines_of_qemu(void **unused)
{
    (void)unused;
    static const struct {
        const char *options;
        uint harts, mib;
    } cases[] = {
        {"-smp 1 -m 32M", 1, 32},  {"-smp 2 -m 128M", 2, 128}, {"-smp 3 -m 1G", 3, 1024},
        {"-smp 4 -m 4G", 4, 4096}, {"-smp 8 -m 8G", 8, 8192},
    };
    for (uint i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct machine m;
        uint8 *blob = dump("virt,aclint=on", cases[i].options);
        assert_null(fdt_parse(&m, blob));
        assert_virt(&m, cases[i].harts, cases[i].mib);
        assert_true(m.sstc);
        assert_int_equal(m.sswi, 0x2f00000);
        free(blob);
    }
}

static void no_sswi_without_aclint(void **unused)
{
    (void)unused;
    struct machine m;
    uint8 *blob = dump("virt", "-smp 2 -m 64M");
    assert_null(fdt_parse(&m, blob));
    assert_virt(&m, 2, 64);
    assert_int_equal(m.sswi, 0);
    free(blob);
}

static void no_sstc(void **unused)
{
    (void)unused;
    struct machine m;
    uint8 *blob = dump("virt", "-cpu rv64,sstc=off -m 64M");
    assert_null(fdt_parse(&m, blob));
    assert_false(m.sstc);
    free(blob);
}

static void command_line_and_seed(void **unused)
{
    (void)unused;
    char path[100], options[300];
    snprintf(path, sizeof(path), "%s/kernel", folder);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("o\1\0\0", f);
    fclose(f);
    snprintf(options, sizeof(options), "-m 64M -kernel %s -append 'panic=exit trace quiet='", path);
    uint8 *blob = dump("virt", options);
    unlink(path);

    assert_null(fdt_parse(&machine, blob));
    assert_string_equal(machine.bootargs, "panic=exit trace quiet=");
    static const uint8 zeros[32];
    assert_memory_not_equal(machine.seed, zeros, 32);
    free(blob);
}

static void another_machine_is_refused(void **unused)
{
    (void)unused;
    struct machine m;
    uint8 *blob = dump("sifive_u", "-m 128M");
    assert_non_null(fdt_parse(&m, blob));
    free(blob);
}

/* --- trees written here ----------------------------------------------------------------------- */

static uint8 structure[LARGEST / 2];
static char strings[4096];
static uint nstructure, nstrings;

static void cell(uint v)
{
    set32(structure + nstructure, v);
    nstructure += 4;
}

static void padded(const void *at, uint n)
{
    memset(structure + nstructure, 0, n + 4);
    memcpy(structure + nstructure, at, n);
    nstructure += (n + 3) & ~3u;
}

static void begin(const char *name)
{
    cell(1);
    padded(name, strlen(name) + 1);
}

static void end(void)
{
    cell(2);
}

static void prop(const char *name, const void *at, uint n)
{
    cell(3);
    cell(n);
    cell(nstrings);
    strcpy(strings + nstrings, name);
    nstrings += strlen(name) + 1;
    padded(at, n);
}

#define STRING(name, s) prop(name, s, sizeof(s))

/* Up to 8 cells. */
#define CELLS(name, ...) cells(name, (const uint[]){__VA_ARGS__}, sizeof((uint[]){__VA_ARGS__}) / 4)

static void cells(const char *name, const uint *v, uint n)
{
    uint8 raw[32];
    assert_true(n <= 8);
    for (uint i = 0; i < n; i++)
        set32(raw + 4 * i, v[i]);
    prop(name, raw, 4 * n);
}

static void new_tree(void)
{
    nstructure = nstrings = 0;
    begin("");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
}

static uint8 *finish_tree(void)
{
    end();
    cell(9);
    uint size = 40 + nstructure + nstrings;
    uint8 *blob = calloc(1, size);
    assert_non_null(blob);
    const uint header[10] = {0xd00dfeed, size, 40, 40 + nstructure, 40,
                             17,         16,   0,  nstrings,        nstructure};
    for (int i = 0; i < 10; i++)
        set32(blob + 4 * i, header[i]);
    memcpy(blob + 40, structure, nstructure);
    memcpy(blob + 40 + nstructure, strings, nstrings);
    return blob;
}

static void add_memory(uint64 base, uint64 size)
{
    begin("memory");
    STRING("device_type", "memory");
    CELLS("reg", base >> 32, base, size >> 32, size);
    end();
}

static void add_device(const char *compatible, uint base, uint irq)
{
    begin("device");
    prop("compatible", compatible, strlen(compatible) + 1);
    CELLS("reg", 0, base, 0, 0x1000);
    CELLS("interrupts", irq);
    end();
}

static void add_cpu(uint hartid, uint phandle, const char *isa_extension)
{
    begin("cpu");
    STRING("device_type", "cpu");
    CELLS("reg", hartid);
    STRING("riscv,isa", "rv64imac_zicsr_sstcnot_xsstc");
    if (isa_extension)
        prop("riscv,isa-extensions", isa_extension, strlen(isa_extension) + 1);
    begin("interrupt-controller");
    STRING("compatible", "riscv,cpu-intc");
    CELLS("phandle", phandle);
    end();
    end();
}

static void begin_cpus(void)
{
    begin("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    CELLS("timebase-frequency", 1000);
}

static void add_plic(const uint *pairs, uint n)
{
    static uint8 raw[8 * 64];
    for (uint i = 0; i < 2 * n; i++)
        set32(raw + 4 * i, pairs[i]);
    begin("plic");
    STRING("compatible", "sifive,plic-1.0.0\0riscv,plic0");
    CELLS("reg", 0, 0xc000000, 0, 0x600000);
    prop("interrupts-extended", raw, 8 * n);
    end();
}

enum { WITH_RAM = 1, WITH_CPU = 2, WITH_UART = 4, WITH_PLIC = 8, WITH_ALL = 15 };

/* A machine of one hart with the parts that `with` says. */
static void usual(uint with)
{
    static const uint pairs[] = {7, 9};
    if (with & WITH_RAM)
        add_memory(0x80000000, 64 << 20);
    if (with & WITH_CPU) {
        begin_cpus();
        add_cpu(0, 7, "sstc");
        end();
    }
    if (with & WITH_UART)
        add_device("ns16550a", 0x10000000, 10);
    if (with & WITH_PLIC)
        add_plic(pairs, 1);
}

static struct machine m;

static const char *parse(uint8 *blob)
{
    const char *wrong = fdt_parse(&m, blob);
    free(blob);
    return wrong;
}

static void what_is_missing_is_named(void **unused)
{
    (void)unused;
    static const struct {
        uint without;
        const char *word;
    } cases[] = {
        {WITH_RAM, "memory"}, {WITH_CPU, "hart"}, {WITH_UART, "ns16550a"}, {WITH_PLIC, "PLIC"}};
    for (uint i = 0; i < 4; i++) {
        new_tree();
        usual(WITH_ALL & ~cases[i].without);
        const char *wrong = parse(finish_tree());
        assert_non_null(wrong);
        assert_non_null(strstr(wrong, cases[i].word));
    }
    new_tree();
    usual(WITH_ALL);
    assert_null(parse(finish_tree()));
    assert_true(m.sstc);
    assert_int_equal(m.timebase, 1000);
}

static void ram_is_where_the_kernel_is(void **unused)
{
    (void)unused;
    new_tree();
    usual(WITH_ALL);
    add_memory(0x100000000, 8UL << 30);
    assert_null(parse(finish_tree()));
    assert_int_equal(m.ram, 0x80000000);
    assert_int_equal(m.ram_end, 0x84000000);

    new_tree();
    usual(WITH_ALL & ~WITH_RAM);
    add_memory(0x100000000, 1 << 20);
    add_memory(0x200000800, 2 << 20);
    add_memory(0x300000000, 1 << 20);
    assert_null(parse(finish_tree()));
    assert_int_equal(m.ram, 0x200001000);
    assert_int_equal(m.ram_end, 0x200200000);
}

static void several_pieces_in_one_node(void **unused)
{
    (void)unused;
    new_tree();
    usual(WITH_ALL & ~WITH_RAM);
    begin("memory");
    STRING("device_type", "memory");
    CELLS("reg", 0, 0x1000, 0, 0x100000, 0, 0x80000000, 0, 0x10000);
    end();
    assert_null(parse(finish_tree()));
    assert_int_equal(m.ram, 0x80000000);
    assert_int_equal(m.ram_end, 0x80010000);
}

static void ram_beyond_the_direct_map_is_cut(void **unused)
{
    (void)unused;
    new_tree();
    usual(WITH_ALL & ~WITH_RAM);
    add_memory(DIRECT_SIZE + (1 << 20), 1 << 20);
    add_memory(0x80000000, ~0UL);
    assert_null(parse(finish_tree()));
    assert_int_equal(m.ram, 0x80000000);
    assert_int_equal(m.ram_end, DIRECT_SIZE);
}

static void harts_are_sorted_and_limited(void **unused)
{
    (void)unused;
    uint pairs[2 * 24];
    new_tree();
    usual(WITH_RAM | WITH_UART);
    begin_cpus();
    for (uint i = 0; i < 12; i++) {
        uint hartid = 5 * i % 12 + 100;
        add_cpu(hartid, hartid + 1000, "zicsr");
        pairs[4 * i] = pairs[4 * i + 2] = 100 + i + 1000;
        pairs[4 * i + 1] = 11;
        pairs[4 * i + 3] = 9;
    }
    end();
    add_plic(pairs, 24);
    assert_null(parse(finish_tree()));
    assert_int_equal(m.nharts, NCPU);
    for (uint i = 0; i < NCPU; i++) {
        assert_int_equal(m.hartid[i], 100 + i);
        assert_int_equal(m.plic_context[i], 2 * i + 1);
    }
    assert_false(m.sstc); /* no part of another extension's name */
}

static void every_hart_needs_sstc_and_a_context(void **unused)
{
    (void)unused;
    static const uint pairs[] = {7, 9, 8, 9};
    for (uint contexts = 1; contexts <= 2; contexts++) {
        new_tree();
        usual(WITH_RAM | WITH_UART);
        begin_cpus();
        add_cpu(0, 7, "sstc");
        add_cpu(1, 8, NULL);
        end();
        add_plic(pairs, contexts);
        const char *wrong = parse(finish_tree());
        assert_true(contexts == 1 ? wrong && strstr(wrong, "PLIC") : !wrong);
        assert_false(m.sstc);
    }
}

static void the_same_hart_twice(void **unused)
{
    (void)unused;
    static const uint pairs[] = {7, 9};
    new_tree();
    usual(WITH_RAM | WITH_UART);
    begin_cpus();
    add_cpu(0, 7, "sstc");
    add_cpu(0, 7, "sstc");
    end();
    add_plic(pairs, 1);
    assert_non_null(parse(finish_tree()));
}

static void virtio_is_sorted_and_limited(void **unused)
{
    (void)unused;
    new_tree();
    usual(WITH_ALL);
    for (uint i = 0; i < 11; i++)
        add_device("virtio,mmio", 0x10000000 + 0x1000 * (7 * i % 11), 7 * i % 11 + 1);
    assert_null(parse(finish_tree()));
    assert_int_equal(m.nvirtio, MACHINE_VIRTIO);
    for (uint i = 0; i < MACHINE_VIRTIO; i++) {
        assert_int_equal(m.virtio[i].base, 0x10000000 + 0x1000 * i);
        assert_int_equal(m.virtio[i].irq, i + 1);
    }
}

static void senseless_devices_are_absent(void **unused)
{
    (void)unused;
    new_tree();
    usual(WITH_ALL);
    add_device("virtio,mmio", 0x10001000, 0);
    add_device("virtio,mmio", 0x10001000, MACHINE_IRQS);
    begin("disabled");
    STRING("status", "disabled");
    STRING("compatible", "virtio,mmio");
    CELLS("reg", 0, 0x10001000, 0, 0x1000);
    CELLS("interrupts", 1);
    end();
    begin("too-far");
    STRING("compatible", "virtio,mmio");
    CELLS("reg", 0x10, 0x10001000, 0, 0x1000);
    CELLS("interrupts", 1);
    end();
    begin("short");
    STRING("compatible", "virtio,mmio");
    CELLS("reg", 0, 0x10001000, 0);
    CELLS("interrupts", 1);
    end();
    assert_null(parse(finish_tree()));
    assert_int_equal(m.nvirtio, 0);
}

/* A bus with empty `ranges` shows its devices where they are; any other does not. */
static void addresses_behind_a_bus(void **unused)
{
    (void)unused;
    for (uint with_ranges = 0; with_ranges <= 2; with_ranges++) {
        new_tree();
        usual(WITH_ALL);
        begin("bus");
        CELLS("#address-cells", 2);
        CELLS("#size-cells", 2);
        if (with_ranges)
            prop("ranges", "12345678", with_ranges == 2 ? 8 : 0);
        add_device("sifive,test1\0sifive,test0", 0x100000, 1);
        end();
        assert_null(parse(finish_tree()));
        assert_int_equal(m.finisher, with_ranges == 1 ? 0x100000 : 0);
    }
}

static void a_long_command_line_is_cut(void **unused)
{
    (void)unused;
    char args[1000];
    memset(args, 'x', sizeof(args)); /* not even a NUL */
    new_tree();
    begin("chosen");
    prop("bootargs", args, sizeof(args));
    prop("rng-seed", "short", 5);
    end();
    usual(WITH_ALL);
    assert_null(parse(finish_tree()));
    assert_int_equal(strlen(m.bootargs), sizeof(m.bootargs) - 1);
    assert_memory_equal(m.seed, "short\0\0\0", 8);
}

static void broken_structure(void **unused)
{
    (void)unused;
    for (int i = 0; i < 6; i++) {
        new_tree();
        usual(WITH_ALL);
        switch (i) {
        case 0:
            end();
            end();
            break;
        case 1: cell(5); break;
        case 2: STRING("status", "behind the children"); break;
        case 3:
            cell(3);
            cell(0xfffffffd);
            cell(0);
            break;
        case 4:
            begin("x");
            cell(3);
            cell(0);
            cell(0xfffffff0);
            end();
            break;
        case 5:
            for (int depth = 0; depth < 40; depth++)
                begin("deeper");
            for (int depth = 0; depth < 40; depth++)
                end();
            break;
        }
        assert_non_null(parse(finish_tree()));
    }
}

static void broken_header(void **unused)
{
    (void)unused;
    /* Field, its new value. */
    static const uint cases[][2] = {
        {0, 0xd00dfeee}, {4, 39},  {4, LARGEST + 1}, {8, 0xffffff00},  {12, 0xffffff00},
        {20, 16},        {24, 18}, {32, 0xffffffff}, {36, 0xffffffff}, {36, 8},
    };
    for (uint i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        new_tree();
        usual(WITH_ALL);
        uint8 *blob = finish_tree();
        set32(blob + cases[i][0], cases[i][1]);
        assert_non_null(parse(blob));
    }
}

/* --- damage ----------------------------------------------------------------------------------- */

/* The total size must stay true: it is all that the parser knows of the memory. */
static void damage(uint8 *blob, uint size)
{
    static const uint interesting[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xffffffff};
    for (uint n = random_below(6) + 1; n > 0; n--) {
        uint at = random_below(4) == 0 ? random_below(40) : random_below(size);
        if (random_below(2)) {
            blob[at] ^= 1u << random_below(8);
        } else {
            at &= ~3u;
            if (at + 4 <= size)
                set32(blob + at, interesting[random_below(9)]);
        }
    }
    set32(blob, 0xd00dfeed);
    set32(blob + 4, size);
}

static void assert_sane(void)
{
    assert_true(m.nharts <= NCPU && m.nvirtio <= MACHINE_VIRTIO);
    assert_true(m.ram < m.ram_end && m.ram_end <= DIRECT_SIZE);
    assert_true(m.nharts > 0 && m.timebase > 0 && m.uart > 0 && m.uart < DIRECT_SIZE);
    assert_true(memchr(m.bootargs, 0, sizeof(m.bootargs)) != NULL);
    for (uint i = 0; i < m.nvirtio; i++)
        assert_true(m.virtio[i].irq > 0 && m.virtio[i].irq < MACHINE_IRQS);
}

static void damaged_trees(void **unused)
{
    (void)unused;
    uint8 *good = dump("virt,aclint=on", "-smp 4 -m 128M");
    uint size = fdt_size(good), accepted = 0, refused = 0;
    for (int round = 0; round < 20000; round++) {
        uint8 *blob = exact(good, size);
        damage(blob, size);
        if (fdt_parse(&m, blob)) {
            refused++;
        } else {
            accepted++;
            assert_sane();
        }
        free(blob);
    }
    assert_true(accepted > 1000 && refused > 1000);
    free(good);
}

static void truncated_trees(void **unused)
{
    (void)unused;
    uint8 *good = dump("virt,aclint=on", "-smp 1 -m 128M");
    uint full = fdt_size(good);
    for (uint size = 40; size < full; size += 3) {
        uint8 *blob = exact(good, size);
        set32(blob + 4, size);
        assert_non_null(fdt_parse(&m, blob));
        /* The same with a structure block that ends there: the walk itself meets the end. */
        uint at = get32(blob + 8);
        if (at < size) {
            set32(blob + 36, size - at);
            set32(blob + 12, at);
            set32(blob + 32, size - at);
            assert_non_null(fdt_parse(&m, blob));
        }
        free(blob);
    }
    free(good);
}

/* --- the command line ------------------------------------------------------------------------- */

static void options(void **unused)
{
    (void)unused;
    char value[8];
    strcpy(machine.bootargs, " panic=exit  panicky quiet= x=123456789 init=/a=b");
    assert_true(machine_option("panic", value, sizeof(value)));
    assert_string_equal(value, "exit");
    assert_true(machine_option("panicky", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(machine_option("quiet", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(machine_option("x", value, sizeof(value)));
    assert_string_equal(value, "1234567");
    assert_true(machine_option("init", value, sizeof(value)));
    assert_string_equal(value, "/a=b");
    assert_true(machine_option("x", NULL, 0));
    assert_false(machine_option("pan", value, sizeof(value)));
    assert_false(machine_option("exit", value, sizeof(value)));
    assert_false(machine_option("xx", value, sizeof(value)));
    assert_string_equal(value, "");
    machine.bootargs[0] = '\0';
    assert_false(machine_option("panic", value, sizeof(value)));
}

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **unused)
{
    (void)unused;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_of_qemu),
        cmocka_unit_test(no_sswi_without_aclint),
        cmocka_unit_test(no_sstc),
        cmocka_unit_test(command_line_and_seed),
        cmocka_unit_test(another_machine_is_refused),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(ram_is_where_the_kernel_is),
        cmocka_unit_test(several_pieces_in_one_node),
        cmocka_unit_test(ram_beyond_the_direct_map_is_cut),
        cmocka_unit_test(harts_are_sorted_and_limited),
        cmocka_unit_test(every_hart_needs_sstc_and_a_context),
        cmocka_unit_test(the_same_hart_twice),
        cmocka_unit_test(virtio_is_sorted_and_limited),
        cmocka_unit_test(senseless_devices_are_absent),
        cmocka_unit_test(addresses_behind_a_bus),
        cmocka_unit_test(a_long_command_line_is_cut),
        cmocka_unit_test(broken_structure),
        cmocka_unit_test(broken_header),
        cmocka_unit_test(damaged_trees),
        cmocka_unit_test(truncated_trees),
        cmocka_unit_test(options),
    };
    random_start();
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
