/*
 * The likely mistake behind a trap that ends a process, decided from plain data.
 *
 * Each kind of mistake is one row: a function that either does not apply or writes its words.  Rows
 * are tried from the top, and the first that applies wins; docs/fault.md lists them in this order,
 * and tests/host/test_mistake.c has a test for each.  A row says what follows from the data, not
 * what might be: where nothing is near, it says just that.
 *
 * Pure: no lock, no memory, any context.
 */
#include "kernel/trap/mistake.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/printf.h"

#define NEAR (1UL << 20) /* farther away than this, an area has nothing to do with an address */

struct words {
    char *to;
    uint64 size;
};

typedef bool row(const struct crash *c, const struct words *w);

const char *const mistake_area_name[] = {
    [AREA_TEXT] = "text", [AREA_DATA] = "data",   [AREA_STACK] = "stack",
    [AREA_HEAP] = "heap", [AREA_MAP] = "mapping",
};

static bool __attribute__((format(__printf__, 2, 3)))
say(const struct words *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(w->to, w->size, format, args);
    va_end(args);
    return true;
}

static bool say_bytes(const struct words *w, const char *where, uint64 n)
{
    return say(w, "%s by %lu byte%s", where, n, n == 1 ? "" : "s");
}

static bool resources(const struct crash *c, const struct words *w)
{
    if (c->result == FAULT_NOMEM)
        return say(w, "out of memory");
    if (c->result == FAULT_STUCK)
        return say(w, "the same fault comes again although it was resolved");
    return c->result == FAULT_IO && say(w, "the page could not be read from the disk");
}

static bool end_of_file(const struct crash *c, const struct words *w)
{
    return c->result == FAULT_EOF && say(w, "the file ends before this page");
}

static bool in_stack(const struct look *l, uint64 va)
{
    return va >= l->stack_low && va <= l->stack_top;
}

static bool in_guard(const struct look *l, uint64 va)
{
    return va < l->stack_low && va >= l->stack_low - PGSIZE;
}

static bool stack_full(const struct crash *c, const struct words *w)
{
    return in_guard(&c->look, c->address) && c->sp < c->look.stack_low &&
           say(w, "below the stack, in its guard page: the stack is full");
}

/* Accessed as the stack is, by a small offset from its pointer, but that points elsewhere. */
static bool stack_lost(const struct crash *c, const struct words *w)
{
    return c->access != ACCESS_EXEC && c->result == FAULT_BAD && c->address - c->sp < PGSIZE &&
           !in_stack(&c->look, c->sp) && say(w, "the stack pointer is not in the stack");
}

static bool null_pointer(const struct crash *c, const struct words *w)
{
    uint64 above = c->address, below = -c->address;
    if (above >= PGSIZE && below >= PGSIZE)
        return false;
    if (c->access == ACCESS_EXEC)
        return say(w, "jump through a null pointer");
    if (above == 0)
        return say(w, "null pointer");
    return say(w, "null pointer %c %lu", above < PGSIZE ? '+' : '-',
               above < PGSIZE ? above : below);
}

/* The bytes of the address, if they are text: a string was written over a pointer. */
static bool text_pointer(const struct crash *c, const struct words *w)
{
    char text[9] = "";
    uint64 rest = c->address;
    int n = 0;
    for (; rest && (rest & 255) > ' ' && (rest & 255) <= '~'; rest >>= 8)
        text[n++] = (char)(rest & 255);
    return rest == 0 && n >= 4 && (!c->look.at.end || c->result == FAULT_BAD) &&
           say(w, "the pointer holds the text \"%s\"", text);
}

static bool beyond_user(const struct crash *c, const struct words *w)
{
    if (c->address >= -(uint64)MAXVA)
        return say(w, "kernel address");
    return c->address >= USER_END && say(w, "beyond the user half");
}

/* Without an area here the stack would have grown, but not for this access. */
static bool forbidden(const struct crash *c, const struct words *w)
{
    uint kind = c->look.at.end ? c->look.at.kind : AREA_STACK;
    if (c->result != FAULT_PROT)
        return false;
    if (c->access == ACCESS_EXEC)
        return say(w, "jump into the %s: not executable", mistake_area_name[kind]);
    if (c->access == ACCESS_READ)
        return say(w, "read from the %s, which may not be read", mistake_area_name[kind]);
    if (kind == AREA_TEXT)
        return say(w, "write to program text (it is read-only)");
    return say(w, "write to %s (it is read-only)",
               kind == AREA_DATA ? "constant data" : mistake_area_name[kind]);
}

static bool jump(const struct crash *c, const struct words *w)
{
    return c->access == ACCESS_EXEC && say(w, "jump to where nothing is");
}

static bool around_stack(const struct crash *c, const struct words *w)
{
    const struct look *l = &c->look;
    if (in_guard(l, c->address))
        return say(w, "in the guard page below the stack");
    if (in_stack(l, c->address) && in_stack(l, c->sp) && c->address < c->sp)
        return say_bytes(w, "below the stack pointer", c->sp - c->address);
    return l->brk == l->heap && c->address >= l->stack_top && c->address - l->stack_top < NEAR &&
           say_bytes(w, "beyond the top of the stack", c->address - l->stack_top + 1);
}

/* Where there is no heap the break is the top of the stack, and around_stack() has answered. */
static bool beyond_break(const struct crash *c, const struct words *w)
{
    const struct look *l = &c->look;
    return c->address >= l->brk && c->address - l->brk < NEAR &&
           say_bytes(w, "heap beyond the break", c->address - l->brk + 1);
}

static bool wild(const struct crash *c, const struct words *w)
{
    const struct look_area *below = &c->look.below, *above = &c->look.above;
    char where[40];
    if (below->end && c->address - below->end < NEAR) {
        snprintf(where, sizeof where, "beyond the end of the %s", mistake_area_name[below->kind]);
        return say_bytes(w, where, c->address - below->end + 1);
    }
    if (above->end && above->start - c->address < NEAR) {
        snprintf(where, sizeof where, "below the start of the %s", mistake_area_name[above->kind]);
        return say_bytes(w, where, above->start - c->address);
    }
    return say(w, "wild pointer: nothing is near");
}

static void page_fault(const struct crash *c, const struct words *w)
{
    static row *const rows[] = {
        resources,   end_of_file, stack_full, stack_lost,   null_pointer, text_pointer,
        beyond_user, forbidden,   jump,       around_stack, beyond_break, wild,
    };
    for (uint i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i](c, w))
            return;
}

/* Unprivileged manual, "RV32/64G Instruction Set Listings": the lowest seven bits. */
static bool illegal(const struct crash *c, const struct words *w)
{
    uint opcode = c->instruction & 0x7f, minor = c->instruction >> 12 & 7;
    if (c->instruction == 0)
        return say(w, "zeros are no instruction");
    if (opcode == 0x53 || opcode == 0x07 || opcode == 0x27 || (opcode & 0x73) == 0x43)
        return say(w, "programs have no floating-point unit");
    if (opcode == 0x73)
        return say(w, minor ? "a control register that programs may not use"
                            : "only the kernel may do this");
    return say(w, "not an instruction of this machine");
}

void mistake_explain(const struct crash *c, char *to, uint64 size)
{
    struct words w = {to, size};
    if (size)
        to[0] = '\0';
    if (mistake_is_page_fault(c))
        page_fault(c, &w);
    else if (c->cause == CAUSE_ILLEGAL)
        illegal(c, &w);
    else if (c->cause == CAUSE_BREAKPOINT)
        say(&w, "ebreak, and nobody debugs this program");
    else if (c->cause == CAUSE_LOAD_ALIGN || c->cause == CAUSE_STORE_ALIGN)
        say(&w, "the address is no multiple of the size of the access");
    else
        say(&w, "the process cannot go on");
}

/* *state is second * 8 + calls in it, so that one compare-and-swap moves both. */
bool mistake_ration(uint64 *state, uint64 second)
{
    uint64 seen, next;
    do {
        seen = load_relaxed(state);
        next = seen >> 3 == second ? seen + 1 : second << 3 | 1;
        if ((next & 7) > MISTAKE_RATION)
            return false;
    } while (!atomic_cas(state, seen, next));
    return true;
}
