#ifndef DEV_DTB_H
#define DEV_DTB_H

#include "kernel/types.h"
#include <stdbool.h>

/*
 * A flattened device tree, read in place (Devicetree Specification 0.4, chapter 5).  The blob need
 * not be trusted: nothing outside of its dtb_size() bytes is read, whatever it contains.
 */

/* The properties that the kernel asks for. */
enum dtb_prop {
    DTB_ADDRESS_CELLS,
    DTB_BOOTARGS,
    DTB_COMPATIBLE,
    DTB_DEVICE_TYPE,
    DTB_INTERRUPTS,
    DTB_INTERRUPTS_EXTENDED,
    DTB_ISA,
    DTB_ISA_EXTENSIONS,
    DTB_PHANDLE,
    DTB_RANGES,
    DTB_REG,
    DTB_RNG_SEED,
    DTB_SIZE_CELLS,
    DTB_STATUS,
    DTB_TIMEBASE,
    DTB_NPROPS
};

struct dtb_bytes {
    const uint8 *at; /* NULL: the node lacks the property */
    uint len;
};

struct dtb_node {
    const char *name;              /* with its unit address */
    const struct dtb_node *parent; /* NULL for the root */
    struct dtb_bytes prop[DTB_NPROPS];
};

/* Bytes of the blob, 0 if it is none.  The first 40 bytes at `blob` must be readable. */
uint dtb_size(const void *blob);

/*
 * Calls visit(arg, node) for every node, parents before their children, siblings in their order.
 * The node and its parents are valid during the call only, their bytes as long as the blob.
 * Returns NULL, or in a few words what is wrong with the blob; what came before was visited.
 */
const char *dtb_walk(const void *blob, void (*visit)(void *arg, const struct dtb_node *n),
                     void *arg);

/* Big-endian number of `cells` 32-bit cells at byte `off`; false if absent or over 64 bits. */
bool dtb_number(struct dtb_bytes b, uint64 off, uint cells, uint64 *out);
uint dtb_cell(struct dtb_bytes b, uint otherwise); /* the first cell */

/* True if the string list b has the member `word`; a member without its NUL does not count. */
bool dtb_has_string(struct dtb_bytes b, const char *word);

/*
 * Entry i of the node's `reg`; false if there is none.  dtb_reg() also says false if the CPU does
 * not see it at that very address, because a bus above translates or hides it (section 2.3.8).
 */
bool dtb_reg(const struct dtb_node *n, uint i, uint64 *base, uint64 *size);
bool dtb_unit(const struct dtb_node *n, uint64 *number); /* entry 0 on a bus that is no memory */

#endif
