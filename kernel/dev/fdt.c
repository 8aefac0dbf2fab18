/*
 * What the machine consists of, from its device tree.
 *
 * Model: dtb_walk() shows one node after the other; each is recognised by its type, its name or
 * its `compatible`.  A device whose properties make no sense is as good as absent, so only what
 * the kernel cannot do without leads to a message.  What refers to nodes that may come later, the
 * PLIC's contexts, is resolved after the walk.
 *
 * Lock: none; fdt_parse() is pure, and `machine` is constant after boot.
 */
#include "kernel/dev/dtb.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/string.h"
#include "kernel/riscv.h"
#include <stddef.h>

#define KERNEL_RAM          0x80000000UL
#define SUPERVISOR_EXTERNAL 9 /* privileged manual, "scause": the interrupt's number */

struct machine machine;

struct cpu {
    uint hartid;
    uint intc; /* phandle of its interrupt controller, 0 = none */
    bool sstc;
};

struct scan {
    struct machine *m;
    struct cpu cpu[NCPU]; /* ascending hart numbers */
    uint ncpu;
    struct dtb_bytes contexts; /* the PLIC's interrupts-extended */
};

/* --- devices ---------------------------------------------------------------------------------- */

/* A device's registers must lie in the direct map; *base is 0 on failure. */
static bool get_device(const struct dtb_node *n, paddr *base)
{
    uint64 size;
    if (dtb_reg(n, 0, base, &size) && *base < DIRECT_SIZE && size <= DIRECT_SIZE - *base &&
        size > 0)
        return true;
    *base = 0;
    return false;
}

static bool get_irq(const struct dtb_node *n, uint *irq)
{
    *irq = dtb_cell(n->prop[DTB_INTERRUPTS], 0);
    return *irq > 0 && *irq < MACHINE_IRQS;
}

static void found_uart(struct scan *s, const struct dtb_node *n)
{
    paddr base;
    uint irq;
    if (!s->m->uart && get_device(n, &base) && get_irq(n, &irq)) {
        s->m->uart = base;
        s->m->uart_irq = irq;
    }
}

/* Keeps those with the lowest addresses, sorted. */
static void found_virtio(struct scan *s, const struct dtb_node *n)
{
    struct machine *m = s->m;
    paddr base;
    uint irq;
    if (!get_device(n, &base) || !get_irq(n, &irq))
        return;
    uint i = m->nvirtio < MACHINE_VIRTIO ? m->nvirtio++ : MACHINE_VIRTIO;
    for (; i > 0 && m->virtio[i - 1].base > base; i--)
        if (i < MACHINE_VIRTIO)
            m->virtio[i] = m->virtio[i - 1];
    if (i < MACHINE_VIRTIO) {
        m->virtio[i].base = base;
        m->virtio[i].irq = irq;
    }
}

static void found_plic(struct scan *s, const struct dtb_node *n)
{
    if (!s->m->plic && get_device(n, &s->m->plic))
        s->contexts = n->prop[DTB_INTERRUPTS_EXTENDED];
}

static void found_sswi(struct scan *s, const struct dtb_node *n)
{
    if (!s->m->sswi)
        get_device(n, &s->m->sswi);
}

static void found_finisher(struct scan *s, const struct dtb_node *n)
{
    if (!s->m->finisher)
        get_device(n, &s->m->finisher);
}

/* A hart's own interrupt controller is a child of its CPU node. */
static void found_intc(struct scan *s, const struct dtb_node *n)
{
    uint64 hartid;
    if (!n->parent || !dtb_unit(n->parent, &hartid))
        return;
    for (uint i = 0; i < s->ncpu; i++)
        if (s->cpu[i].hartid == hartid)
            s->cpu[i].intc = dtb_cell(n->prop[DTB_PHANDLE], 0);
}

static const struct {
    const char *compatible;
    void (*found)(struct scan *, const struct dtb_node *);
} drivers[] = {
    {"ns16550a", found_uart},          {"virtio,mmio", found_virtio},
    {"sifive,plic-1.0.0", found_plic}, {"riscv,plic0", found_plic},
    {"riscv,aclint-sswi", found_sswi}, {"riscv,cpu-intc", found_intc},
    {"sifive,test0", found_finisher},  {"sifive,test1", found_finisher},
};

static void found_device(struct scan *s, const struct dtb_node *n)
{
    for (uint i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
        if (dtb_has_string(n->prop[DTB_COMPATIBLE], drivers[i].compatible)) {
            drivers[i].found(s, n);
            return;
        }
    }
}

/* --- memory, harts, what the user chose ------------------------------------------------------- */

/* RAM is the piece where the kernel was loaded; without such a piece, the largest. */
static void found_ram(struct machine *m, uint64 base, uint64 size)
{
    if (base >= DIRECT_SIZE)
        return;
    uint64 end = size > DIRECT_SIZE - base ? DIRECT_SIZE : base + size;
    bool has_kernel = base <= KERNEL_RAM && KERNEL_RAM < end;
    bool had_kernel = m->ram <= KERNEL_RAM && KERNEL_RAM < m->ram_end;
    if (has_kernel || (!had_kernel && end - base > m->ram_end - m->ram)) {
        m->ram = PGROUNDUP(base);
        m->ram_end = PGROUNDDOWN(end);
    }
}

static void found_memory(struct scan *s, const struct dtb_node *n)
{
    uint64 base, size;
    for (uint i = 0; dtb_reg(n, i, &base, &size); i++)
        found_ram(s->m, base, size);
}

/* True if an ISA string like "rv64imac_zicsr_sstc" names `extension` between underscores. */
static bool isa_has(struct dtb_bytes isa, const char *extension)
{
    uint want = strlen(extension);
    for (uint i = 0, start = 0; isa.at && i < isa.len; i++) {
        if (isa.at[i] && isa.at[i] != '_')
            continue;
        if (i - start == want && memcmp(isa.at + start, extension, want) == 0)
            return true;
        start = i + 1;
    }
    return false;
}

/* Keeps those with the lowest numbers, sorted. */
static void found_cpu(struct scan *s, const struct dtb_node *n)
{
    uint64 hartid;
    if (!dtb_unit(n, &hartid) || hartid >> 32)
        return;
    uint i = s->ncpu < NCPU ? s->ncpu++ : NCPU;
    for (; i > 0 && s->cpu[i - 1].hartid > hartid; i--)
        if (i < NCPU)
            s->cpu[i] = s->cpu[i - 1];
    if (i < NCPU) {
        s->cpu[i].hartid = hartid;
        s->cpu[i].intc = 0;
        s->cpu[i].sstc = isa_has(n->prop[DTB_ISA], "sstc") ||
                         dtb_has_string(n->prop[DTB_ISA_EXTENSIONS], "sstc");
    }
}

static void found_chosen(struct scan *s, const struct dtb_node *n)
{
    struct dtb_bytes args = n->prop[DTB_BOOTARGS], seed = n->prop[DTB_RNG_SEED];
    struct machine *m = s->m;

    for (uint i = 0; i < seed.len && i < sizeof(m->seed); i++)
        m->seed[i] = seed.at[i];
    for (uint i = 0; i < args.len && i < sizeof(m->bootargs) - 1 && args.at[i]; i++)
        m->bootargs[i] = args.at[i];
}

static bool enabled(const struct dtb_node *n)
{
    struct dtb_bytes status = n->prop[DTB_STATUS];
    return !status.at || dtb_has_string(status, "okay") || dtb_has_string(status, "ok");
}

static void visit(void *arg, const struct dtb_node *n)
{
    struct scan *s = arg;
    if (!enabled(n))
        return;
    if (n->prop[DTB_TIMEBASE].at)
        s->m->timebase = dtb_cell(n->prop[DTB_TIMEBASE], 0);
    if (dtb_has_string(n->prop[DTB_DEVICE_TYPE], "memory"))
        found_memory(s, n);
    else if (dtb_has_string(n->prop[DTB_DEVICE_TYPE], "cpu"))
        found_cpu(s, n);
    else if (strcmp(n->name, "chosen") == 0)
        found_chosen(s, n);
    else
        found_device(s, n);
}

/* --- the result ------------------------------------------------------------------------------- */

/*
 * The PLIC's contexts are numbered in the order of its interrupts-extended: pairs of a hart's
 * interrupt controller and the cause raised there.  True if `intc` has one for supervisor mode.
 */
static bool find_context(struct dtb_bytes contexts, uint intc, uint *context)
{
    uint64 to, cause;
    for (uint i = 0; dtb_number(contexts, 8UL * i, 1, &to); i++) {
        if (to == intc && dtb_number(contexts, 8UL * i + 4, 1, &cause) &&
            cause == SUPERVISOR_EXTERNAL) {
            *context = i;
            return intc != 0;
        }
    }
    return false;
}

static const char *fill_harts(const struct scan *s)
{
    struct machine *m = s->m;
    m->nharts = s->ncpu;
    m->sstc = true;
    for (uint i = 0; i < s->ncpu; i++) {
        m->hartid[i] = s->cpu[i].hartid;
        m->sstc &= s->cpu[i].sstc;
        if (i > 0 && m->hartid[i] == m->hartid[i - 1])
            return "the device tree has the same hart twice";
        if (!find_context(s->contexts, s->cpu[i].intc, &m->plic_context[i]))
            return "the PLIC does not reach supervisor mode of every hart";
    }
    return NULL;
}

static const char *missing(const struct scan *s)
{
    const struct machine *m = s->m;
    if (m->ram_end <= m->ram)
        return "the device tree has no memory";
    if (s->ncpu == 0)
        return "the device tree has no hart";
    if (m->timebase == 0)
        return "the device tree does not tell the frequency of the clock";
    if (!m->uart)
        return "the machine has no ns16550a serial port";
    if (!m->plic)
        return "the machine has no PLIC";
    return NULL;
}

uint fdt_size(const void *fdt)
{
    return dtb_size(fdt);
}

const char *fdt_parse(struct machine *m, const void *fdt)
{
    struct scan s = {.m = m};
    memset(m, 0, sizeof(*m));
    const char *wrong = dtb_walk(fdt, visit, &s);
    if (!wrong)
        wrong = missing(&s);
    return wrong ? wrong : fill_harts(&s);
}

/* Copies the n bytes at `from`, as many as fit, and a NUL. */
static void copy_value(char *value, uint size, const char *from, uint n)
{
    if (!value || !size)
        return;
    if (n > size - 1)
        n = size - 1;
    memcpy(value, from, n);
    value[n] = '\0';
}

bool machine_option(const char *name, char *value, uint size)
{
    uint want = strlen(name);
    const char *end;

    copy_value(value, size, "", 0);
    for (const char *word = machine.bootargs; *word; word = *end ? end + 1 : end) {
        end = word;
        while (*end && *end != ' ')
            end++;
        uint len = end - word;
        if (len < want || memcmp(word, name, want) != 0)
            continue;
        if (len == want)
            return true;
        if (word[want] == '=') {
            copy_value(value, size, word + want + 1, len - want - 1);
            return true;
        }
    }
    return false;
}
