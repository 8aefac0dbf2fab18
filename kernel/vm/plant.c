/*
 * Deliberate violations of docs/invariants.md, to see that the checker finds each: a test of the
 * test.  Only in kernels made with PLANT=1.
 *
 * A plant is a few stores to the books of the standing machine: page-table entries, counts, states.
 * Each store remembers what was there before, so all are taken back by one loop before anything
 * runs again.  This file alone breaks the rule that only pmap.c writes entries.
 *
 * plant_list.c has the violations, this file what they share: where to plant, how to take back.
 * The places are in the caller's space, whose first pages of heap have agreed states, and in two
 * spare frames; so it is known which frame, process and address the checker has to name.
 *
 * Lock: none of its own; everything happens between check_freeze() and check_thaw().
 */
#include "kernel/vm/plant.h"

#ifdef PLANT
#include "kernel/dev/machine.h"
#include "kernel/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/tlb.h"

/* --- Stores that can be taken back ------------------------------------------------------------ */

void plant_remember(struct plot *p, void *at, uint size)
{
    p->store[p->n].at = at;
    p->store[p->n].size = size;
    memcpy(&p->store[p->n++].old, at, size);
}

static void take_back(struct plot *p)
{
    while (p->n > 0) {
        p->n--;
        memcpy(p->store[p->n].at, &p->store[p->n].old, p->store[p->n].size);
    }
    tlb_flush_space(p->s);
}

void plant_name_page(struct plot *p, const struct frame *f, uint64 va)
{
    p->frame = f;
    p->pid = p->s->user->pid;
    p->at = va;
}

/* --- The places ------------------------------------------------------------------------------- */

static struct frame *any_free;

static void note_free(struct frame *f)
{
    any_free = f;
}

static struct frame *find_frame(bool (*fits)(const struct frame *f))
{
    for (uint64 i = 0; i < frame_count; i++)
        if (frame_known(&frame_table[i]) && fits(&frame_table[i]))
            return &frame_table[i];
    return NULL;
}

static bool is_unmapped_cache(const struct frame *f)
{
    return f->state == FRAME_CACHE && f->owner[0] && f->refs == 1;
}

static bool is_free(const struct frame *f)
{
    return f->state == FRAME_FREE;
}

/* The entry of the kernel half that maps the kernel address va. */
static pte_t *kernel_slot(uint64 va)
{
    pte_t *table = virt(pmap_kernel_root);

    for (int level = 2;; level--) {
        pte_t *slot = &table[sv39_index(va, level)];
        if (*slot == 0 || level == 0 || *slot & (PTE_R | PTE_W | PTE_X))
            return slot;
        table = sv39_table(*slot);
    }
}

/* The four pages, if they are as agreed. */
static bool find_pages(struct plot *p)
{
    uint64 va = PGROUNDUP(p->s->heap);

    p->heap = area_find(&p->s->areas, va);
    for (uint i = 0; p->heap && i < PLANT_PAGES; i++) {
        p->va[i] = va + i * PGSIZE;
        p->slot[i] = (pte_t *)pmap_find(p->s, p->va[i]);
        if (p->slot[i] == NULL || (*p->slot[i] == 0) != (i == PLANT_EMPTY))
            return false;
    }
    if (p->heap == NULL || p->heap->end != va + PLANT_PAGES * PGSIZE)
        return false;
    p->own = frame_of(PTE2PA(*p->slot[PLANT_OWN]));
    p->shared = frame_of(PTE2PA(*p->slot[PLANT_SHARED]));
    return p->own->refs == 1 && *p->slot[PLANT_OWN] & PTE_W && p->shared->refs == 2 &&
           frame_of(PTE2PA(*p->slot[PLANT_ZERO])) == pmap_zero;
}

/* A page of the area that is mapped as the file has it. */
static bool find_file_page(const struct plot *p, struct area *a, struct file_page *page)
{
    for (uint64 va = a ? a->start : MAXVA; a && va < a->end; va += PGSIZE) {
        pte_t *slot = (pte_t *)pmap_find(p->s, va);
        if (slot && *slot && frame_of(PTE2PA(*slot))->state == FRAME_CACHE) {
            *page = (struct file_page){a, va, slot, frame_of(PTE2PA(*slot))};
            return true;
        }
    }
    return false;
}

/* As user.ld lays programs out: text, constants, data. */
static bool find_file_pages(struct plot *p)
{
    struct area *text = area_first(&p->s->areas), *constant = text ? area_next(text) : NULL;
    return find_file_page(p, text, &p->text) && find_file_page(p, constant, &p->constant) &&
           find_file_page(p, constant ? area_next(constant) : NULL, &p->data);
}

static bool find_places(struct plot *p)
{
    any_free = NULL;
    frame_each_cached(note_free);
    p->loose = any_free ? any_free : find_frame(is_free);
    p->cached = find_frame(is_unmapped_cache);
    p->device = kernel_slot(machine.finisher + DIRECT_BASE);
    return find_pages(p) && find_file_pages(p) && p->loose && p->cached && *p->device;
}

/* --- One violation ---------------------------------------------------------------------------- */

static void tell(const struct plot *p, const struct plant *plant)
{
    printf("planted %s: %s", plant->name, check_rule_name(plant->rule));
    if (p->frame)
        printf(" frame %lu", (uint64)(p->frame - frame_table));
    if (p->pid >= 0)
        printf(" pid %d at 0x%lx", p->pid, p->at);
    printf("\n");
}

static int64 plant_and_take_back(struct plot *p, const struct plant *plant)
{
    check_freeze();
    bool found = find_places(p);
    if (found) {
        if (plant->put)
            plant->put(p);
        check_audit();
        take_back(p);
    }
    int64 n = check_thaw();
    if (found)
        tell(p, plant);
    return found ? n : -EINVAL;
}

int64 plant_and_check(struct space *s, uint n)
{
    struct plot p = {.s = s, .pid = -1};
    uint64 charge = n < plant_count ? plant_list[n].charge : 0;
    int64 r = -ENOMEM;

    if (n >= plant_count)
        return -EINVAL;
    p.spare = frame_alloc(FRAME_WIRED, FRAME_ZEROED);
    if (p.spare && commit_charge(charge, true) == 0) {
        r = plant_and_take_back(&p, &plant_list[n]);
        commit_uncharge(charge);
    }
    if (p.spare)
        frame_put(p.spare);
    return r;
}
#endif
