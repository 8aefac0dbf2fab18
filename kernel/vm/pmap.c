/*
 * The user half of page tables: a cache of promises kept, written here and nowhere else.
 *
 * A frame that an entry maps has one reference for it, except the zero frame, whose entries are
 * not counted (so that they cannot overflow its count).  Tables exist only where an area lies:
 * pmap_remove() is told the neighbours and frees what no area needs any more, so sparse spaces
 * cost what they touch, and every walk skips what is not there.
 *
 * Order when something is taken away: change the entry, make every hart forget it, then let the
 * frame go.  When something is added nobody is told: a hart that remembers less than the table
 * permits takes a fault of kind SPURIOUS (privileged manual, "Supervisor Memory-Management Fence").
 *
 * Lock: s->lock, held by the caller.
 */
#include "kernel/vm/pmap_entry.h"
#include "kernel/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/stat.h"
#include "kernel/vm/sv39.h"
#include "kernel/vm/tlb.h"

#define ROOT_USER_BYTES 2048 /* entries 0 .. 255 are the user's, the rest the kernel's */

struct frame *pmap_zero;

paddr pmap_new_root(int frame_flags)
{
    struct frame *f = frame_alloc(FRAME_TABLE, frame_flags);
    if (f == NULL)
        return 0;
    char *root = frame_virt(f);
    const char *kernel = virt(pmap_kernel_root);
    memset(root, 0, ROOT_USER_BYTES);
    memcpy(root + ROOT_USER_BYTES, kernel + ROOT_USER_BYTES, PGSIZE - ROOT_USER_BYTES);
    return frame_pa(f);
}

void pmap_free_root(paddr root)
{
    ledger_check_root(root);
    frame_put(frame_of(root));
}

pte_t *pmap_new_table(struct space *s, pte_t *slot)
{
    struct frame *f = frame_alloc(FRAME_TABLE, FRAME_ZEROED | space_frame_flags(s));
    if (f == NULL)
        return NULL;
    s->tables++;
    sv39_store(slot, PA2PTE(frame_pa(f)) | PTE_V);
    return frame_virt(f);
}

/* The table that the entry points to, charged and created if need be; NULL if that fails. */
static pte_t *lower_table(struct space *s, pte_t *slot)
{
    if (*slot)
        return sv39_table(*slot);
    if (space_charge(s, 1) < 0)
        return NULL;
    pte_t *table = pmap_new_table(s, slot);
    if (table == NULL)
        space_uncharge(s, 1);
    else
        vm_count(s, VM_STAT(tables), 1);
    return table;
}

const pte_t *pmap_slot(struct space *s, uint64 va)
{
    pte_t *table = virt(s->root);

    for (int level = 2; table && level > 0; level--)
        table = lower_table(s, &table[sv39_index(va, level)]);
    return table ? &table[sv39_index(va, 0)] : NULL;
}

int pmap_make_tables(struct space *s, uint64 start, uint64 end)
{
    uint64 span = sv39_span(1);

    for (uint64 va = start; va < end; va = (va | (span - 1)) + 1)
        if (pmap_slot(s, va) == NULL)
            return -ENOMEM;
    return 0;
}

/* What pmap_enter() needs besides for an entry that mapped something before, or for code. */
static void __attribute__((noinline)) after_enter(struct space *s, pte_t old, uint64 va, int prot)
{
    if (old != 0) {
        struct frame *f = frame_of(PTE2PA(old));
        tlb_flush_page(s, va);
        ledger_check(s, "a page was replaced");
        if (f != pmap_zero) {
            s->resident--;
            frame_put(f);
        }
    }
    if (prot & AREA_X)
        tlb_code_changed(s);
}

void pmap_enter(struct space *s, const pte_t *slot, uint64 va, struct frame *f, int prot)
{
    pte_t old = *slot;

    put_entry(s, slot, va, 0, leaf(frame_pa(f), prot));
    if (f != pmap_zero)
        s->resident++;
    if (old != 0 || prot & AREA_X)
        after_enter(s, old, va, prot);
}

void pmap_widen(struct space *s, const pte_t *slot, uint64 va, int prot)
{
    pte_t pte = *slot;
    bool more_code = prot & AREA_X && !(pte & PTE_X);

    put_entry(s, slot, va, 0, pte | leaf(PTE2PA(pte), prot));
    if (more_code)
        tlb_code_changed(s);
}

uint pmap_enter_around(struct space *s, const pte_t *slot, uint64 va, struct frame *const frame[],
                       uint n, int prot)
{
    uint entered = 0;

    for (uint i = 0; i < n; i++) {
        if (frame[i] && slot[i]) {
            frame_put(frame[i]);
        } else if (frame[i]) {
            put_entry(s, &slot[i], va + i * PGSIZE, 0, leaf(frame_pa(frame[i]), prot & ~AREA_W));
            entered++;
        }
    }
    s->resident += entered;
    if (entered && prot & AREA_X)
        tlb_code_changed(s);
    return entered;
}

/* --- Removal ---------------------------------------------------------------------------------- */

#define SWEEP_FRAMES 32 /* that may wait for one flush */

struct sweep {
    struct space *s;
    uint64 floor, ceiling;
    uint64 mapped; /* frames whose mapping was removed */
    uint64 stored; /* of those, frames of stores */
    bool of_store; /* only such are removed */
    uint64 freed;  /* tables removed */
    uint64 stale;  /* entries cleared since the last flush */
    uint64 va;     /* of the last of them */
    bool tables;   /* one of them pointed to a table */
    uint n;
    struct frame *frame[SWEEP_FRAMES];
};

/* A fence for one address need not drop pointers to tables: only whole-space ones do. */
static void sweep_flush(struct sweep *w)
{
    if (w->stale == 1 && !w->tables)
        tlb_flush_page(w->s, w->va);
    else if (w->stale)
        tlb_flush_space(w->s);
    ledger_check(w->s, "pages were removed");
    for (uint i = 0; i < w->n; i++)
        frame_put(w->frame[i]);
    w->stale = 0;
    w->tables = false;
    w->n = 0;
}

static void sweep_keep(struct sweep *w, struct frame *f)
{
    w->frame[w->n++] = f;
    if (w->n == SWEEP_FRAMES)
        sweep_flush(w);
}

static void sweep_page(struct sweep *w, pte_t *slot, uint64 va)
{
    struct frame *f = frame_of(PTE2PA(*slot));

    put_entry(w->s, slot, va, 0, 0);
    w->stale++;
    w->va = va;
    if (f != pmap_zero) {
        w->mapped++;
        if (f->state != FRAME_ANON)
            w->stored++;
        sweep_keep(w, f);
    }
}

static void sweep_table(struct sweep *w, pte_t *slot, uint64 va, int level)
{
    struct frame *f = frame_of(PTE2PA(*slot));

    put_entry(w->s, slot, va, level, 0);
    w->stale++;
    w->freed++;
    w->tables = true;
    sweep_keep(w, f);
}

static void sweep_leaves(struct sweep *w, pte_t *slot, uint64 start, uint64 end)
{
    bool all = !w->of_store;

    for (uint64 va = start; va < end; va += PGSIZE, slot++)
        if (*slot && (all || frame_of(PTE2PA(*slot))->state != FRAME_ANON))
            sweep_page(w, slot, va);
}

/* start .. end lies within what `table` maps. */
static void sweep(struct sweep *w, pte_t *table, int level, uint64 start, uint64 end)
{
    uint64 span = sv39_span(level);
    uint64 next;

    if (level == 0) {
        sweep_leaves(w, &table[sv39_index(start, 0)], start, end);
        return;
    }
    for (uint64 va = start; va < end; va = next) {
        uint64 base = va & ~(span - 1);
        pte_t *slot = &table[sv39_index(va, level)];
        next = base + span;
        if (*slot == 0)
            continue;
        sweep(w, sv39_table(*slot), level - 1, va, next < end ? next : end);
        if (w->floor <= base && next <= w->ceiling)
            sweep_table(w, slot, base, level);
    }
}

static uint64 remove(struct space *s, uint64 start, uint64 end, uint64 floor, uint64 ceiling,
                     bool of_store)
{
    struct sweep w;

    /* Field by field: the array of frames needs no clearing. */
    w.s = s;
    w.floor = floor;
    w.ceiling = ceiling;
    w.mapped = w.stored = w.freed = w.stale = 0;
    w.of_store = of_store;
    w.tables = false;
    w.n = 0;
    sweep(&w, virt(s->root), 2, start, end);
    sweep_flush(&w);
    s->resident -= w.mapped;
    if (w.freed) {
        s->tables -= w.freed;
        space_uncharge(s, w.freed);
    }
    return w.mapped - w.stored;
}

uint64 pmap_remove(struct space *s, uint64 start, uint64 end, uint64 floor, uint64 ceiling)
{
    return remove(s, start, end, floor, ceiling, false);
}

void pmap_remove_store(struct space *s, uint64 start, uint64 end)
{
    remove(s, start, end, MAXVA, 0, true);
}

/* --- Protection ------------------------------------------------------------------------------- */

/*
 * The entry with no more rights than `prot`.  A leaf without R, W and X would be a pointer to a
 * table (privileged manual, "Addressing and Memory Protection" of Sv32), so V goes with them: what
 * is left is the frame's number, which the hardware does not look at.
 */
static pte_t tightened(pte_t pte, int prot)
{
    pte &= ~(pte_t)(PTE_R | PTE_W | PTE_X) | AREA_TO_PTE(prot);
    if (!(pte & PTE_W))
        pte &= ~(pte_t)PTE_D;
    if (!(pte & (PTE_R | PTE_X)))
        pte &= ~(pte_t)(PTE_V | PTE_U | PTE_A);
    return pte;
}

static uint64 protect_leaves(struct space *s, pte_t *slot, uint64 va, uint64 n, int prot)
{
    uint64 changed = 0;

    for (uint64 i = 0; i < n; i++, va += PGSIZE) {
        pte_t pte = slot[i] ? tightened(slot[i], prot) : 0;
        if (pte == slot[i])
            continue;
        put_entry(s, &slot[i], va, 0, pte);
        changed++;
    }
    return changed;
}

static uint64 protect_range(struct space *s, pte_t *table, int level, uint64 start, uint64 end,
                            int prot)
{
    uint64 span = sv39_span(level), changed = 0, next;

    if (level == 0)
        return protect_leaves(s, &table[sv39_index(start, 0)], start, (end - start) >> PGSHIFT,
                              prot);
    for (uint64 va = start; va < end; va = next) {
        pte_t entry = table[sv39_index(va, level)];
        next = (va | (span - 1)) + 1;
        if (entry)
            changed +=
                protect_range(s, sv39_table(entry), level - 1, va, next < end ? next : end, prot);
    }
    return changed;
}

void pmap_protect(struct space *s, uint64 start, uint64 end, int prot)
{
    uint64 changed = protect_range(s, virt(s->root), 2, start, end, prot);

    if (changed == 1 && end - start == PGSIZE)
        tlb_flush_page(s, start);
    else if (changed)
        tlb_flush_space(s);
}

/* --- Accessed pages --------------------------------------------------------------------------- */

void pmap_take_accessed(struct space *s, uint64 start, uint n, uint8 bits[])
{
    uint64 taken = 0;

    for (uint i = 0; i < n; i++) {
        uint64 va = start + i * PGSIZE;
        const pte_t *slot = pmap_find(s, va);
        if (slot == NULL || !(*slot & PTE_A))
            continue;
        put_entry(s, slot, va, 0, *slot & ~(pte_t)PTE_A);
        bits[i / 8] |= (uint8)(1 << i % 8);
        taken++;
    }
    if (taken)
        tlb_flush_space(s);
}

/* --- Ageing ----------------------------------------------------------------------------------- */

#ifdef DEBUG
static void age(struct space *s, pte_t *table, int level, uint64 base)
{
    for (uint64 i = 0; i < (level == 2 ? sv39_index(MAXVA, 2) : 512); i++) {
        uint64 va = base + i * sv39_span(level);
        if (table[i] && level > 0)
            age(s, sv39_table(table[i]), level - 1, va);
        else if (table[i])
            put_entry(s, &table[i], va, 0, table[i] & ~(pte_t)(PTE_A | PTE_D | PTE_U));
    }
}

void pmap_age(struct space *s)
{
    age(s, virt(s->root), 2, 0);
    tlb_flush_space(s);
}
#endif
