/*
 * Why a process ended, as its author wants to know it: what was accessed from where, what is
 * promised there, the walk of the page table, and the likely mistake (mistake.c).
 *
 * All of it is formatted first and sent as one piece, in the process itself and with interrupts on:
 * a slow terminal makes the dying process wait and nobody else, and two that die together do not
 * mix their lines.  Shown are addresses of the user half and page-table entries with the physical
 * addresses in them; no address of the kernel's half.
 *
 * No lock: what is shown was copied out under the locks of its owners.
 */
#include "kernel/trap/explain.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/lib/printf.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/proc.h"
#include "kernel/proc/symbols.h"
#include "kernel/riscv.h"
#include "kernel/vm/sv39.h"
#include "kernel/vm/usercopy.h"

#define LINE 256

/* Text that grows at its end; what does not fit is dropped. */
struct text {
    char *at;
    uint64 size, used;
};

static uint64 ration;

static void __attribute__((format(__printf__, 2, 3))) add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at + t->used, t->size - t->used, format, args);
    va_end(args);
    uint64 left = t->size - 1 - t->used;
    t->used += (uint64)n < left ? (uint64)n : left;
}

/* Privileged manual, table "Supervisor cause register (scause) values after trap". */
const char *explain_cause(uint64 cause)
{
    static const char *const names[] = {
        [0] = "misaligned instruction address",
        [1] = "instruction access fault",
        [CAUSE_ILLEGAL] = "illegal instruction",
        [CAUSE_BREAKPOINT] = "breakpoint",
        [CAUSE_LOAD_ALIGN] = "misaligned load address",
        [5] = "load access fault",
        [CAUSE_STORE_ALIGN] = "misaligned store address",
        [7] = "store access fault",
        [CAUSE_ECALL_U] = "system call",
        [CAUSE_FETCH_FAULT] = "instruction page fault",
        [CAUSE_LOAD_FAULT] = "load page fault",
        [CAUSE_STORE_FAULT] = "store page fault",
    };
    const char *name = NULL;
    if (cause < sizeof names / sizeof names[0])
        name = names[cause];
    return name ? name : "unknown trap";
}

/* From memory, because stval need not tell; unprivileged manual 1.5: the length is in the bits. */
static uint read_instruction(struct space *s, uint64 pc, uint stval)
{
    ushort half[2] = {0, 0};
    if (copyin(s, &half[0], pc, 2) < 0)
        return stval;
    if ((half[0] & 3) == 3 && copyin(s, &half[1], pc + 2, 2) < 0)
        return stval;
    return (uint)half[1] << 16 | half[0];
}

static void gather(const struct proc *p, struct crash *c)
{
    c->pc = p->tf->pc;
    c->ra = p->tf->reg[TF_RA];
    c->sp = p->tf->reg[TF_SP];
    c->instruction = 0;
    if (c->cause == CAUSE_ILLEGAL)
        c->instruction = read_instruction(p->space, c->pc, (uint)c->address);
    look_at(p->space, c->address, &c->look);
}

static bool find_symbol(const struct proc *p, uint64 pc, struct symbol *s)
{
    s->name[0] = '\0';
    return p->exe && symbols_find(p->exe, pc, s);
}

static bool is_restorer(const struct proc *p, uint64 ra)
{
    for (int sig = 1; sig < NSIG; sig++)
        if (p->signal.caught & SIGNAL_BIT(sig) && (uint64)p->action[sig].restorer == ra)
            return true;
    return false;
}

/*
 * ra leads to the caller until a function calls others; then it says nothing new.  The call is the
 * instruction before ra, which itself may be in the next function: what never returns is called
 * last.  Handlers were not called, and return to where a function begins.
 */
static void add_return(struct text *t, const struct proc *p, const struct crash *c)
{
    struct symbol here, caller;
    uint64 back = is_restorer(p, c->ra) ? 0 : 1;
    find_symbol(p, c->pc, &here);
    if (find_symbol(p, c->ra - back, &caller) && strcmp(here.name, caller.name) != 0)
        add(t, "    return   0x%lx (%s+0x%lx)\n", c->ra, caller.name, caller.offset + back);
}

static void add_summary(struct text *t, const struct proc *p, const struct crash *c)
{
    char why[LINE / 2];
    mistake_explain(c, why, sizeof why);
    add(t, "pid %d %s: %s", p->pid, p->name, explain_cause(c->cause));
    if (c->cause == CAUSE_ILLEGAL)
        add(t, " 0x%0*x", (c->instruction & 3) == 3 ? 8 : 4, c->instruction);
    add(t, " at pc 0x%lx", c->pc);
    struct symbol s;
    if (find_symbol(p, c->pc, &s))
        add(t, " (%s+0x%lx)", s.name, s.offset);
    if (c->cause != CAUSE_ILLEGAL && c->cause != CAUSE_BREAKPOINT)
        add(t, ", address 0x%lx", c->address);
    add(t, ": %s; killed\n", why);
}

static void add_distance(struct text *t, uint64 n)
{
    if (n < 1UL << 20)
        add(t, "%lu byte%s", n, n == 1 ? "" : "s");
    else if (n < 1UL << 30)
        add(t, "%lu MiB", n >> 20);
    else
        add(t, "%lu GiB", n >> 30);
}

static void add_area(struct text *t, const struct look_area *a)
{
    add(t, "0x%lx to 0x%lx %s, %c%c%c", a->start, a->end, mistake_area_name[a->kind],
        a->prot & AREA_R ? 'r' : '-', a->prot & AREA_W ? 'w' : '-', a->prot & AREA_X ? 'x' : '-');
    if (a->file)
        add(t, ", of inode %lu from 0x%lx on", a->file, a->offset);
}

static void add_areas(struct text *t, const struct look *l)
{
    if (l->at.end) {
        add(t, "    area     ");
        add_area(t, &l->at);
        add(t, "\n");
        return;
    }
    add(t, "    area     none\n");
    if (l->below.end && l->va < MAXVA) {
        add(t, "    below    ");
        add_area(t, &l->below);
        add(t, ", ends ");
        add_distance(t, l->va - l->below.end + 1);
        add(t, " below\n");
    }
    if (l->above.end) {
        add(t, "    above    ");
        add_area(t, &l->above);
        add(t, ", begins ");
        add_distance(t, l->above.start - l->va);
        add(t, " above\n");
    }
}

static void add_allowed(struct text *t, const struct look *l)
{
    static const char *const rights[] = {"nothing",        "read",    "write",
                                         "read, write",    "execute", "read, execute",
                                         "write, execute", "all"};
    add(t, "    allowed  %s\n", rights[l->at.end ? l->at.prot & 7 : 0]);
}

/* The stack, where it explains anything: at an address in it, its room or its guard page. */
static void add_stack(struct text *t, const struct crash *c)
{
    const struct look *l = &c->look;
    bool near = l->va >= l->stack_low - PGSIZE && l->va < l->stack_top;
    bool inside = c->sp >= l->stack_low && c->sp <= l->stack_top;
    if (near || !inside)
        add(t, "    stack    sp 0x%lx; may grow from 0x%lx down to 0x%lx\n", c->sp, l->stack_top,
            l->stack_low);
}

static void add_entry(struct text *t, const struct look *l, int level)
{
    static const char letters[] = "VRWXUGAD";
    pte_t pte = l->pte[level];
    char flags[sizeof letters];
    for (int i = 0; i < 8; i++)
        flags[i] = pte >> i & 1 ? letters[i] : '-';
    flags[8] = '\0';
    add(t, "    %-8s level %d entry %3lu: 0x%016lx ", level == 2 ? "walk" : "", level,
        sv39_index(l->va, level), pte);
    if (pte)
        add(t, "%s %s 0x%lx\n", flags, level ? "table" : "page", PTE2PA(pte));
    else
        add(t, "empty\n");
}

static void add_walk(struct text *t, const struct look *l)
{
    if (l->lowest == 3)
        add(t, "    walk     none: the address is not in the user half\n");
    for (int level = 2; level >= l->lowest; level--)
        add_entry(t, l, level);
}

void explain_crash(struct proc *p, struct crash *c)
{
    char line[LINE];
    bool in_full = mistake_is_page_fault(c) && mistake_ration(&ration, r_time() / machine.timebase);
    char *page = in_full ? kmalloc(PGSIZE) : NULL;
    struct text t = {.at = page ? page : line, .size = page ? PGSIZE : sizeof line};

    gather(p, c);
    add_summary(&t, p, c);
    if (page) {
        add_return(&t, p, c);
        add_areas(&t, &c->look);
        add_allowed(&t, &c->look);
        add_stack(&t, c);
        add_walk(&t, &c->look);
    }
    console_report(t.at);
    kfree(page);
}
