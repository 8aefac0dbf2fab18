/*
 * Where the kernel is and how it got there.
 *
 * Functions keep frame pointers (-fno-omit-frame-pointer): below the address in s0 lie the return
 * address, at -8, and the caller's s0, at -16 (RISC-V psABI, "Frame Pointer Convention").  Names
 * and lines come from the table that the build appends to the kernel (lib/ksyms.h).  The table is
 * checked before it is used, as this code runs when memory may be damaged.
 *
 * Takes no lock but printf()'s.
 */
#include "kernel/lib/ksyms.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printf.h"
#include <stdbool.h>
#include <stddef.h>

#define STACK_SLOT (16 * 1024UL) /* KSTACK_SLOT of mem/addr.h */
#define MAX_CALLS  64            /* a longer chain is a damaged one */

static const struct ksyms_header *table(void)
{
    const struct ksyms_header *h = (const struct ksyms_header *)ksyms_start;
    uint64 space = (uint64)ksyms_end - (uint64)ksyms_start;

    if (space < sizeof *h || h->magic != KSYMS_MAGIC || h->size > space || h->nsyms == 0)
        return NULL;
    return h;
}

static const void *part(const struct ksyms_header *h, uint offset)
{
    return (const char *)h + offset;
}

static const char *string(const struct ksyms_header *h, uint offset)
{
    return offset < h->size - h->names ? (const char *)part(h, h->names) + offset : "?";
}

/*
 * Index of the last of n rows of two uints whose first one, `start`, is not above addr; -1 if there
 * is none.  Both tables have this shape.
 */
static int find(const void *rows, uint n, uint addr)
{
    const uint(*start)[2] = rows;
    uint low = 0, high = n;

    while (low < high) {
        uint mid = low + (high - low) / 2;
        if (start[mid][0] <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return (int)low - 1;
}

static void print_line(const struct ksyms_header *h, uint addr)
{
    int i = find(part(h, h->lines), h->nlines, addr);
    if (i < 0)
        return;

    const struct ksyms_line *row = (const struct ksyms_line *)part(h, h->lines) + i;
    if (row->file < h->nfiles)
        printf(" %s:%u", string(h, ((const uint *)part(h, h->files))[row->file]), row->line);
}

static bool is_text(uint64 pc)
{
    return pc >= (uint64)text_start && pc < (uint64)text_end;
}

/* Prints `pc`, taking the function and line of the instruction at `at`. */
static void print_place(uint64 pc, uint64 at)
{
    const struct ksyms_header *h = table();
    uint64 start = (uint64)text_start;
    int i = -1;

    printf("0x%016lx", pc);
    if (h && is_text(at))
        i = find(part(h, h->syms), h->nsyms, (uint)(at - start));
    if (i < 0)
        return;

    const struct ksyms_sym *sym = (const struct ksyms_sym *)part(h, h->syms) + i;
    printf(" %s+0x%lx", string(h, sym->name), pc - start - sym->start);
    print_line(h, (uint)(at - start));
}

void print_symbol(uint64 pc)
{
    print_place(pc, pc);
}

static uint64 slot_of(uint64 address)
{
    return address & ~(STACK_SLOT - 1);
}

/* fp - 16 .. fp may be a frame record: in the upper half, on the stack that begins at `slot`. */
static bool is_frame(uint64 fp, uint64 slot)
{
    return (int64)fp < 0 && fp % 8 == 0 && slot_of(fp - 16) == slot && slot_of(fp - 1) == slot;
}

void backtrace(uint64 pc, uint64 fp)
{
    uint64 slot = slot_of(fp - 16), caller;

    printf("#0 ");
    print_place(pc, pc);
    printf("\n");
    for (int calls = 1; calls < MAX_CALLS && is_frame(fp, slot); fp = caller) {
        const uint64 *frame = (const uint64 *)fp;
        uint64 ra = frame[-1];
        caller = frame[-2];
        if (!is_text(ra) && is_frame(ra, slot)) {
            caller = ra; /* interrupted in a leaf function: it saves nothing but s0, at -8 */
        } else {
            printf("#%d ", calls++);
            print_place(ra, ra - 1); /* the call; behind it another function or line may begin */
            printf("\n");
        }
        if (caller <= fp)
            break;
    }
}
