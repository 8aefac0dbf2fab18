/*
 * The ledger of translation caches: see ledger.h.  The machine it keeps the books of is the
 * weakest that the privileged manual allows ("Supervisor Memory-Management Fence Instruction"): a
 * hart may have cached every entry, leaf or pointer, of each space that it has loaded, under the
 * number it had then, and keeps it until an sfence.vma that names it.  A fence for one address
 * drops leaves only; one that names an address space keeps global entries, the kernel's.
 *
 * A hart's cache lives until a fence of everything; then its next life begins, in which it holds
 * nothing but the space that is loaded.  Instructions are cached by frame: until a fence.i.
 *
 * A note is made before the store that it speaks of, and dropped before the fence: in between, a
 * fault may go unnoticed, but none is found where there is none.
 *
 * Lock: `busy`, of this file only and taken with interrupts off; nothing else is taken under it.
 * It has no rank, for a fence may come under any lock.
 */
#include "kernel/vm/ledger.h"

#ifdef DEBUG
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/mmu.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/space.h"

#define ASIDS (SATP_ASID_MASK + 1)
#define SLOTS (NPROC + 4 * NCPU) /* kernel stacks */

enum change { NOTHING, REMOVED, TABLE, REDIRECTED, TIGHTENED, REUSED, SPURIOUS };

static const char *const change_name[] = {
    [REMOVED] = "its entry was removed",         [TABLE] = "the table there was removed",
    [REDIRECTED] = "its entry was redirected",   [TIGHTENED] = "its entry was tightened",
    [REUSED] = "its number was another space's", [SPURIOUS] = "a fault there was spurious",
};

/* What each hart has in its registers and caches. */
static struct {
    uint64 life; /* 0: the tables of the boot, too */
    uint64 satp;
    struct space *space; /* whose root that is, NULL = the kernel's */
    bool ran;            /* it has been in user mode with that satp */
    uint64 code_fences;
    uint64 numbers[ASIDS / 64]; /* address-space numbers that it may hold entries of */
} hart[NCPU];

/* Bits of harts that may not know the stack in that slot, or may still know the last one. */
static uchar stack_new[SLOTS], stack_gone[SLOTS];
static uint slots_used;

static uint busy;

static uint64 enter(void)
{
    uint64 irq = irq_save();
    while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        ;
    return irq;
}

static void leave(uint64 irq)
{
    store_release(&busy, 0);
    irq_restore(irq);
}

/* Others go on, to be stopped by the panic. */
#define BROKEN(...)                                                                                \
    do {                                                                                           \
        store_release(&busy, 0);                                                                   \
        panic("ledger: " __VA_ARGS__);                                                             \
    } while (0)

static void __attribute__((noreturn))
broken(const char *when, const struct space *s, uint h, struct ledger_note what)
{
    BROKEN("%s: hart %u may hold 0x%lx of pid %d: %s", when, h, what.va, s->user ? s->user->pid : 0,
           change_name[what.change]);
}

/* --- Spaces ----------------------------------------------------------------------------------- */

void ledger_new_root(struct space *s)
{
    frame_of(s->root)->owner[0] = (uint64)s;
}

static enum change change_of(int level, pte_t old, pte_t pte)
{
    if (!(old & PTE_V))
        return NOTHING;
    if (!(pte & PTE_V))
        return level > 0 ? TABLE : REMOVED;
    if (PTE2PA(old) != PTE2PA(pte))
        return REDIRECTED;
    return old & ~pte & (PTE_R | PTE_W | PTE_X | PTE_U | PTE_D) ? TIGHTENED : NOTHING;
}

/* A page that there is no room for can only be forgotten with the whole space. */
static void note(struct ledger_view *v, uint64 va, enum change change)
{
    struct ledger_note n = {va, (uchar)change};
    if (change != TABLE && change != REUSED) {
        for (uint i = 0; i < LEDGER_PAGES; i++) {
            if (v->page[i].change == NOTHING || v->page[i].va == va) {
                v->page[i] = n;
                return;
            }
        }
    }
    v->whole = n;
}

static void forget_whole(struct ledger_view *v)
{
    memset(v->page, 0, sizeof v->page);
    v->whole.change = NOTHING;
}

static struct ledger_note pending(const struct ledger_view *v, uint h)
{
    if (v->life != hart[h].life || v->whole.change)
        return v->life == hart[h].life ? v->whole : (struct ledger_note){0};
    for (uint i = 0; i < LEDGER_PAGES; i++)
        if (v->page[i].change)
            return v->page[i];
    return (struct ledger_note){0};
}

void ledger_store(struct space *s, uint64 va, int level, pte_t old, pte_t pte)
{
    enum change change = change_of(level, old, pte);
    bool code = pte & PTE_X && (!(old & PTE_X) || change == REDIRECTED);

    if (change == NOTHING && !code)
        return;
    uint64 irq = enter();
    for (uint h = 0; h < nharts; h++) {
        struct ledger_view *v = &s->ledger.view[h];
        if (change && v->life == hart[h].life)
            note(v, va, change);
        if (code)
            s->ledger.code[h] = hart[h].code_fences + 1;
    }
    leave(irq);
}

void ledger_spurious(struct space *s, uint64 va)
{
    uint64 irq = enter();
    if (hart[hart_self()->id].space == s)
        s->ledger.spurious = va | 1;
    leave(irq);
}

/* --- The kernel half: stacks come and go, the rest is there from the start ------------------- */

static void mark(uchar *slots, uint64 va)
{
    uint slot = (uint)((va - KSTACK_BASE) / KSTACK_SLOT);
    uint64 irq = enter();
    slots[slot] = (uchar)((1u << nharts) - 1);
    if (slot >= slots_used)
        slots_used = slot + 1;
    leave(irq);
}

void ledger_kernel_map(uint64 va)
{
    mark(stack_new, va);
}

void ledger_kernel_clear(uint64 va)
{
    mark(stack_gone, va);
}

/* --- Fences ----------------------------------------------------------------------------------- */

static bool holds_number(uint h, uint asid)
{
    return hart[h].numbers[asid / 64] >> asid % 64 & 1;
}

/* The hart has s loaded from now on, as number `asid`, in this life of its cache. */
static void begin_view(uint h, struct space *s, uint asid)
{
    struct ledger_view *v = &s->ledger.view[h];
    if (v->life == hart[h].life && v->asid == asid)
        return;
    forget_whole(v);
    v->life = hart[h].life;
    v->asid = asid;
    if (holds_number(h, asid))
        note(v, 0, REUSED);
}

static uint number_of(uint64 satp)
{
    return (uint)(satp >> SATP_ASID_SHIFT & SATP_ASID_MASK);
}

static paddr root_of(uint64 satp)
{
    return (satp & ((1UL << SATP_ASID_SHIFT) - 1)) << PGSHIFT;
}

/* What satp names may be cached.  The kernel's own root has no user half to speak of. */
static void begin_number(uint h)
{
    uint asid = number_of(hart[h].satp);
    if (hart[h].space)
        begin_view(h, hart[h].space, asid);
    if (hart[h].space || asid)
        hart[h].numbers[asid / 64] |= 1UL << asid % 64;
}

void ledger_satp(uint64 satp)
{
    uint64 irq = enter();
    uint h = hart_self()->id;
    hart[h].satp = satp;
    hart[h].space = (struct space *)frame_of(root_of(satp))->owner[0];
    hart[h].ran = false;
    begin_number(h);
    leave(irq);
}

/* The view that a fence for that number drops from: the loaded space's, if it has it. */
static struct ledger_view *named(uint h, uint asid)
{
    struct space *s = hart[h].space;
    return s && s->ledger.view[h].asid == asid ? &s->ledger.view[h] : NULL;
}

void ledger_fence_page(uint64 va, uint asid)
{
    uint64 irq = enter();
    uint h = hart_self()->id;
    struct ledger_view *v = named(h, asid);
    for (uint i = 0; v && i < LEDGER_PAGES; i++)
        if (v->page[i].va == va)
            v->page[i].change = NOTHING;
    if (v && hart[h].space->ledger.spurious == (va | 1))
        hart[h].space->ledger.spurious = 0;
    leave(irq);
}

void ledger_fence_asid(uint asid)
{
    uint64 irq = enter();
    uint h = hart_self()->id;
    struct ledger_view *v = named(h, asid);
    if (v) {
        forget_whole(v);
        hart[h].space->ledger.spurious = 0;
    }
    leave(irq);
}

void ledger_fence_all(void)
{
    uint64 irq = enter();
    uint h = hart_self()->id;
    hart[h].life++;
    memset(hart[h].numbers, 0, sizeof hart[h].numbers);
    begin_number(h);
    for (uint i = 0; i < slots_used; i++) {
        stack_new[i] &= (uchar) ~(1u << h);
        stack_gone[i] &= (uchar) ~(1u << h);
    }
    leave(irq);
}

void ledger_fence_code(void)
{
    uint64 irq = enter();
    hart[hart_self()->id].code_fences++;
    leave(irq);
}

/* --- Checks ----------------------------------------------------------------------------------- */

/*
 * A hart that has not been in user mode since it loaded the space may be about to fence: it has to
 * be done before ledger_check_user_return().
 */
void ledger_check(struct space *s, const char *when)
{
    uint64 irq = enter();
    for (uint h = 0; h < nharts; h++) {
        struct ledger_note n = pending(&s->ledger.view[h], h);
        if (n.change && hart[h].space == s && hart[h].ran)
            broken(when, s, h, n);
    }
    leave(irq);
}

void ledger_check_user_return(struct space *s)
{
    static const char when[] = "return to user mode";
    uint64 irq = enter();
    uint h = hart_self()->id;
    struct ledger_note n = pending(&s->ledger.view[h], h);

    if (root_of(mmu_satp()) != s->root || hart[h].satp != mmu_satp())
        BROKEN("%s: hart %u has satp %lx, not the root %lx", when, h, mmu_satp(), s->root);
    if (s->ledger.code[h] > hart[h].code_fences)
        BROKEN("%s: hart %u has had no fence.i since code was mapped", when, h);
    /* Who holds the lock, on another hart, may be between its store and its flush. */
    if (n.change && load_acquire(&s->lock.holder) == NULL)
        broken(when, s, h, n);
    if (s->ledger.spurious)
        broken(when, s, h, (struct ledger_note){s->ledger.spurious - 1, SPURIOUS});
    hart[h].ran = true;
    leave(irq);
}

void ledger_check_root(paddr root)
{
    uint64 irq = enter();
    for (uint h = 0; h < nharts; h++)
        if (root_of(hart[h].satp) == root)
            BROKEN("a root is freed: hart %u has it loaded", h);
    leave(irq);
}

void ledger_check_stack(uint64 va)
{
    uint slot = (uint)((va - KSTACK_BASE) / KSTACK_SLOT);
    uint64 irq = enter();
    uint h = hart_self()->id;
    if (va >= KSTACK_BASE && stack_new[slot] >> h & 1)
        BROKEN("hart %u has had no fence since the stack at 0x%lx was mapped", h, va);
    leave(irq);
}

void ledger_check_stack_gone(uint64 va)
{
    uint64 irq = enter();
    uchar harts_left = stack_gone[(va - KSTACK_BASE) / KSTACK_SLOT];
    for (uint h = 0; h < nharts; h++)
        if (hart[h].life > 0 && harts_left >> h & 1)
            BROKEN("a kernel stack is freed: hart %u may hold 0x%lx", h, va);
    leave(irq);
}

void ledger_check_hart(void)
{
    uint h = hart_self()->id;
    if (root_of(mmu_satp()) != pmap_kernel_root || hart[h].life == 0)
        panic("ledger: hart %u may use the tables of the boot", h);
}
#endif
