/*
 * Reading a flattened device tree.
 *
 * Model: one walk over the structure block with a stack of the open nodes.  All properties of a
 * node stand before its children (Devicetree Specification 0.4, section 5.4.2), so a node is
 * complete, and shown to the visitor, when its first child begins or when it ends.
 *
 * Every read is checked against its block, and each step of the walk consumes a token, so any
 * blob ends the walk with success or a message.
 *
 * Lock: none; the functions are pure.
 */
#include "kernel/dev/dtb.h"
#include "kernel/lib/string.h"
#include <stddef.h>

/* Sections 5.2 (header; the offsets of its fields) and 5.4.1 (tokens). */
#define MAGIC           0xd00dfeedu
#define VERSION         17
#define HEADER_SIZE     40
#define LARGEST         (4u << 20) /* more than any machine has; bounds what boot must map */
#define H_TOTAL         4
#define H_STRUCTURE     8
#define H_STRINGS       12
#define H_VERSION       20
#define H_COMPATIBLE    24
#define H_STRINGS_LEN   32
#define H_STRUCTURE_LEN 36

#define BEGIN_NODE      1
#define END_NODE        2
#define PROP            3
#define NOP             4
#define END             9

#define DEPTH           7 /* cores of a cluster of a socket stand 6 deep */

static const char *const prop_names[DTB_NPROPS] = {
    [DTB_ADDRESS_CELLS] = "#address-cells",
    [DTB_BOOTARGS] = "bootargs",
    [DTB_COMPATIBLE] = "compatible",
    [DTB_DEVICE_TYPE] = "device_type",
    [DTB_INTERRUPTS] = "interrupts",
    [DTB_INTERRUPTS_EXTENDED] = "interrupts-extended",
    [DTB_ISA] = "riscv,isa",
    [DTB_ISA_EXTENSIONS] = "riscv,isa-extensions",
    [DTB_PHANDLE] = "phandle",
    [DTB_RANGES] = "ranges",
    [DTB_REG] = "reg",
    [DTB_RNG_SEED] = "rng-seed",
    [DTB_SIZE_CELLS] = "#size-cells",
    [DTB_STATUS] = "status",
    [DTB_TIMEBASE] = "timebase-frequency",
};

struct walk {
    struct dtb_bytes structure, strings;
    uint pos; /* in structure */
    struct dtb_node node[DEPTH];
    uint depth;      /* open nodes */
    bool collecting; /* the innermost one has not been visited */
    void (*visit)(void *arg, const struct dtb_node *n);
    void *arg;
};

static const char *const too_short = "the device tree ends in the middle";

static uint be32(const uint8 *p)
{
    return (uint)p[0] << 24 | (uint)p[1] << 16 | (uint)p[2] << 8 | p[3];
}

/* --- properties ------------------------------------------------------------------------------- */

bool dtb_number(struct dtb_bytes b, uint64 off, uint cells, uint64 *out)
{
    *out = 0;
    if (!b.at || off + 4UL * cells > b.len)
        return false;
    for (uint i = 0; i < cells; i++) {
        if (*out >> 32)
            return false;
        *out = *out << 32 | be32(b.at + off + 4 * i);
    }
    return true;
}

uint dtb_cell(struct dtb_bytes b, uint otherwise)
{
    uint64 v;
    return dtb_number(b, 0, 1, &v) ? (uint)v : otherwise;
}

bool dtb_has_string(struct dtb_bytes b, const char *word)
{
    uint want = strlen(word) + 1;
    for (uint i = 0, start = 0; b.at && i < b.len; i++) {
        if (b.at[i])
            continue;
        if (i + 1 - start == want && memcmp(b.at + start, word, want) == 0)
            return true;
        start = i + 1;
    }
    return false;
}

/* An address or size of more than 4 cells is nonsense, and then so is what is made of it. */
static uint cells_of(struct dtb_bytes b, uint otherwise)
{
    uint cells = dtb_cell(b, otherwise);
    return cells <= 4 ? cells : 0;
}

/* True if addresses on this bus are the CPU's: all `ranges` from here to the root are empty. */
static bool mapped(const struct dtb_node *bus)
{
    for (; bus->parent; bus = bus->parent)
        if (!bus->prop[DTB_RANGES].at || bus->prop[DTB_RANGES].len)
            return false;
    return true;
}

bool dtb_reg(const struct dtb_node *n, uint i, uint64 *base, uint64 *size)
{
    if (!n->parent || !mapped(n->parent))
        return false;
    uint nbase = cells_of(n->parent->prop[DTB_ADDRESS_CELLS], 2);
    uint nsize = cells_of(n->parent->prop[DTB_SIZE_CELLS], 1);
    uint64 off = 4UL * i * (nbase + nsize);
    return nbase && nsize && dtb_number(n->prop[DTB_REG], off, nbase, base) &&
           dtb_number(n->prop[DTB_REG], off + 4 * nbase, nsize, size);
}

bool dtb_unit(const struct dtb_node *n, uint64 *number)
{
    uint cells = n->parent ? cells_of(n->parent->prop[DTB_ADDRESS_CELLS], 2) : 0;
    return cells && dtb_number(n->prop[DTB_REG], 0, cells, number);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Takes n bytes and the padding to the next cell; NULL if they are not there. */
static const uint8 *take(struct walk *w, uint64 n)
{
    uint64 padded = (n + 3) & ~3UL;
    if (padded > w->structure.len - w->pos)
        return NULL;
    const uint8 *at = w->structure.at + w->pos;
    w->pos += padded;
    return at;
}

/* The bytes of the string at `from`, its NUL included; 0 if it has no end. */
static uint string_size(struct dtb_bytes b, uint from)
{
    for (uint i = from; i < b.len; i++)
        if (!b.at[i])
            return i + 1 - from;
    return 0;
}

static void show(struct walk *w)
{
    if (w->collecting)
        w->visit(w->arg, &w->node[w->depth - 1]);
    w->collecting = false;
}

static const char *begin_node(struct walk *w)
{
    show(w);
    if (w->depth == DEPTH)
        return "the device tree is nested too deeply";
    uint size = string_size(w->structure, w->pos);
    const uint8 *name = take(w, size);
    if (!size || !name)
        return too_short;
    struct dtb_node *n = &w->node[w->depth];
    memset(n, 0, sizeof(*n));
    n->name = (const char *)name;
    n->parent = w->depth ? n - 1 : NULL;
    w->depth++;
    w->collecting = true;
    return NULL;
}

static const char *end_node(struct walk *w)
{
    if (w->depth == 0)
        return "the device tree closes a node that it did not open";
    show(w);
    w->depth--;
    return NULL;
}

static const char *property(struct walk *w)
{
    const uint8 *head = take(w, 8);
    const uint8 *value = head ? take(w, be32(head)) : NULL;
    if (!value)
        return too_short;
    if (!w->collecting)
        return "the device tree has a property outside of a node";
    uint name = be32(head + 4);
    if (!string_size(w->strings, name))
        return "the device tree has a property without a name";
    struct dtb_bytes *prop = w->node[w->depth - 1].prop;
    for (uint i = 0; i < DTB_NPROPS; i++) {
        if (strcmp((const char *)w->strings.at + name, prop_names[i]) == 0) {
            prop[i].at = value;
            prop[i].len = be32(head);
        }
    }
    return NULL;
}

static const char *walk_tokens(struct walk *w)
{
    for (;;) {
        const char *wrong = NULL;
        const uint8 *token = take(w, 4);
        if (!token)
            return too_short;
        switch (be32(token)) {
        case BEGIN_NODE: wrong = begin_node(w); break;
        case END_NODE: wrong = end_node(w); break;
        case PROP: wrong = property(w); break;
        case NOP: break;
        case END: return w->depth ? too_short : NULL;
        default: return "the device tree has an unknown token";
        }
        if (wrong)
            return wrong;
    }
}

uint dtb_size(const void *blob)
{
    const uint8 *header = blob;
    uint size = be32(header + H_TOTAL);
    return be32(header) == MAGIC && size >= HEADER_SIZE && size <= LARGEST ? size : 0;
}

/* The block whose offset and length stand at these bytes of the header. */
static bool get_block(const uint8 *header, uint offset_at, uint length_at, struct dtb_bytes *b)
{
    uint size = dtb_size(header), offset = be32(header + offset_at);
    b->len = be32(header + length_at);
    if (offset > size || b->len > size - offset)
        return false;
    b->at = header + offset;
    return true;
}

const char *dtb_walk(const void *blob, void (*visit)(void *, const struct dtb_node *), void *arg)
{
    const uint8 *header = blob;
    struct walk w = {.visit = visit, .arg = arg};
    if (dtb_size(blob) == 0)
        return "there is no device tree where the machine should have left it";
    if (be32(header + H_VERSION) < VERSION || be32(header + H_COMPATIBLE) > VERSION)
        return "the device tree has a version other than 17";
    if (!get_block(header, H_STRUCTURE, H_STRUCTURE_LEN, &w.structure) ||
        !get_block(header, H_STRINGS, H_STRINGS_LEN, &w.strings))
        return "the device tree's header is damaged";
    return walk_tokens(&w);
}
