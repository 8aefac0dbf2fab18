/*
 * The violations that plant.c plants, one function and one row of the list each: which rule is
 * broken, by which stores, and what the checker has to name.  A violation breaks one rule and no
 * other, so where two books have to agree both are changed.
 *
 * The machine stands still: plant.c.
 */
#include "kernel/vm/plant.h"

#ifdef PLANT
#include "kernel/dev/machine.h"
#include "kernel/vm/pmap.h"

#define SET PLANT_SET

static void name_frame(struct plot *p, const struct frame *f)
{
    p->frame = f;
}

static pte_t user_leaf(paddr pa)
{
    return PA2PTE(pa) | PTE_V | PTE_U | PTE_R | PTE_W | PTE_A | PTE_D;
}

/* Maps pa at the page of the heap that has no entry, as one frame more that is resident. */
static void map_empty(struct plot *p, paddr pa, const struct frame *f)
{
    SET(p, *p->slot[PLANT_EMPTY], user_leaf(pa));
    SET(p, p->s->resident, p->s->resident + 1);
    plant_name_page(p, f, p->va[PLANT_EMPTY]);
}

/* --- The violations: areas and entries -------------------------------------------------------- */

static void area_overlap_below(struct plot *p)
{
    SET(p, p->heap->start, p->heap->start - PGSIZE);
    plant_name_page(p, NULL, p->heap->start);
}

static void area_misaligned(struct plot *p)
{
    SET(p, p->heap->end, p->heap->end + 8);
    plant_name_page(p, NULL, p->heap->start);
}

static void area_empty(struct plot *p)
{
    SET(p, p->heap->end, p->heap->start);
    plant_name_page(p, NULL, p->heap->start);
}

static void area_in_guard(struct plot *p)
{
    struct area *stack = area_prev(p->heap);
    SET(p, stack->start, p->s->stack_low - PGSIZE);
    plant_name_page(p, NULL, stack->start);
}

/* The guard page of the stack belongs to no area, and has a table. */
static void entry_outside(struct plot *p)
{
    uint64 guard = p->s->stack_low - PGSIZE;
    pte_t *slot = (pte_t *)pmap_find(p->s, guard);
    SET(p, *slot, *p->slot[PLANT_SHARED]);
    SET(p, p->shared->refs, p->shared->refs + 1);
    SET(p, p->s->resident, p->s->resident + 1);
    plant_name_page(p, p->shared, guard);
}

static void entry_beyond_area(struct plot *p)
{
    SET(p, *p->slot[PLANT_SHARED], *p->slot[PLANT_SHARED] | PTE_X);
    plant_name_page(p, p->shared, p->va[PLANT_SHARED]);
}

static void entry_not_user(struct plot *p)
{
    SET(p, *p->slot[PLANT_OWN], *p->slot[PLANT_OWN] & ~(pte_t)PTE_U);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void entry_not_valid(struct plot *p)
{
    SET(p, *p->slot[PLANT_OWN], *p->slot[PLANT_OWN] & ~(pte_t)PTE_V);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void entry_write_execute(struct plot *p)
{
    SET(p, *p->slot[PLANT_OWN], *p->slot[PLANT_OWN] | PTE_X);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void shared_writable(struct plot *p)
{
    SET(p, *p->slot[PLANT_SHARED], *p->slot[PLANT_SHARED] | PTE_W | PTE_D);
    plant_name_page(p, p->shared, p->va[PLANT_SHARED]);
}

static void zero_writable(struct plot *p)
{
    SET(p, *p->slot[PLANT_ZERO], *p->slot[PLANT_ZERO] | PTE_W | PTE_D);
    plant_name_page(p, pmap_zero, p->va[PLANT_ZERO]);
}

static void zero_written(struct plot *p)
{
    uint64 *last = (uint64 *)frame_virt(pmap_zero) + PGSIZE / sizeof(uint64) - 1;
    SET(p, *last, 1);
    name_frame(p, pmap_zero);
}

static void kernel_mapped(struct plot *p)
{
    map_empty(p, p->s->root, frame_of(p->s->root));
}

static void device_mapped(struct plot *p)
{
    map_empty(p, machine.finisher, NULL);
}

static void free_mapped(struct plot *p)
{
    map_empty(p, frame_pa(p->loose), p->loose);
}

static void table_without_area(struct plot *p)
{
    uint64 va = 200UL << 30; /* far from everything that a program has */
    pte_t *root = virt(p->s->root);
    SET(p, p->spare->state, FRAME_TABLE);
    SET(p, root[sv39_index(va, 2)], PA2PTE(frame_pa(p->spare)) | PTE_V);
    SET(p, p->s->tables, p->s->tables + 1);
    SET(p, p->s->committed, p->s->committed + 1);
    plant_name_page(p, p->spare, va);
}

static void root_differs(struct plot *p)
{
    uint64 *root = virt(p->s->root);
    SET(p, root[510], root[sv39_index(KSTACK_BASE, 2)]);
    plant_name_page(p, NULL, ~0UL << 39 | 510UL << 30);
}

/* --- The kernel half -------------------------------------------------------------------------- */

static void name_device(struct plot *p)
{
    p->pid = 0;
    p->at = machine.finisher + DIRECT_BASE;
}

static void device_for_user(struct plot *p)
{
    SET(p, *p->device, *p->device | PTE_U);
    name_device(p);
}

static void device_executable(struct plot *p)
{
    SET(p, *p->device, *p->device | PTE_X);
    name_device(p);
}

/* --- Counts and states ------------------------------------------------------------------------ */

static void count_extra(struct plot *p)
{
    SET(p, p->own->refs, p->own->refs + 1);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void count_lost(struct plot *p)
{
    SET(p, p->shared->refs, p->shared->refs - 1);
    plant_name_page(p, p->shared, p->va[PLANT_SHARED]);
}

static void pin_extra(struct plot *p)
{
    SET(p, p->own->pins, p->own->pins + 1);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void cached_extra(struct plot *p)
{
    SET(p, p->cached->refs, p->cached->refs + 1);
    name_frame(p, p->cached);
}

static void cached_renamed(struct plot *p)
{
    SET(p, p->cached->owner[1], p->cached->owner[1] + (1UL << 40));
    name_frame(p, p->cached);
}

static void state_unknown(struct plot *p)
{
    SET(p, p->own->state, 42);
    plant_name_page(p, p->own, p->va[PLANT_OWN]);
}

static void free_counted(struct plot *p)
{
    SET(p, p->loose->refs, 1);
    name_frame(p, p->loose);
}

static void free_lost(struct plot *p)
{
    SET(p, p->spare->state, FRAME_FREE);
    SET(p, p->spare->refs, 0);
    name_frame(p, p->spare);
}

static void frame_disowned(struct plot *p)
{
    SET(p, p->spare->state, FRAME_RESERVED);
    SET(p, p->spare->refs, 0);
}

static void spare_becomes(struct plot *p, enum frame_state state)
{
    SET(p, p->spare->state, state);
    name_frame(p, p->spare);
}

static void leaked_anon(struct plot *p)
{
    spare_becomes(p, FRAME_ANON);
}

static void leaked_table(struct plot *p)
{
    spare_becomes(p, FRAME_TABLE);
}

static void leaked_kstack(struct plot *p)
{
    spare_becomes(p, FRAME_KSTACK);
}

static void used_uncounted(struct plot *p)
{
    SET(p, p->spare->refs, 0);
    name_frame(p, p->spare);
}

/* --- Totals ----------------------------------------------------------------------------------- */

static void resident_wrong(struct plot *p)
{
    SET(p, p->s->resident, p->s->resident + 1);
    plant_name_page(p, NULL, 0);
}

static void promised_wrong(struct plot *p)
{
    SET(p, p->s->promised, p->s->promised - 1);
    plant_name_page(p, NULL, 0);
}

static void tables_wrong(struct plot *p)
{
    SET(p, p->s->tables, p->s->tables + 1);
    plant_name_page(p, NULL, 0);
}

static void committed_wrong(struct plot *p)
{
    SET(p, p->s->committed, p->s->committed + 1);
    plant_name_page(p, NULL, 0);
}

/* --- All of them ------------------------------------------------------------------------------ */

const struct plant plant_list[] = {
    {"area-overlap", RULE_V1, area_overlap_below, 0},
    {"area-misaligned", RULE_V1, area_misaligned, 0},
    {"area-empty", RULE_V1, area_empty, 0},
    {"area-in-guard", RULE_V1, area_in_guard, 0},
    {"entry-outside", RULE_V2, entry_outside, 0},
    {"entry-beyond-area", RULE_V2, entry_beyond_area, 0},
    {"entry-not-user", RULE_V2, entry_not_user, 0},
    {"entry-not-valid", RULE_V2, entry_not_valid, 0},
    {"area-unlisted", RULE_V3, plant_area_unlisted, 0},
    {"area-stray", RULE_V3, plant_area_stray, 0},
    {"area-twice", RULE_V3, plant_area_twice, 0},
    {"other-page", RULE_V3, plant_other_page, 0},
    {"page-in-heap", RULE_V3, plant_page_in_heap, 0},
    {"private-in-shared", RULE_V3, plant_private_in_shared, 1},
    {"page-uncounted", RULE_V4, plant_page_uncounted, 0},
    {"count-extra", RULE_V4, count_extra, 0},
    {"count-lost", RULE_V4, count_lost, 0},
    {"pin-extra", RULE_V4, pin_extra, 0},
    {"cached-extra", RULE_V4, cached_extra, 0},
    {"shared-writable", RULE_V5, shared_writable, 0},
    {"private-writable", RULE_V5, plant_private_writable, 0},
    {"clean-writable", RULE_V5, plant_clean_writable, 0},
    {"zero-writable", RULE_V5, zero_writable, 0},
    {"state-unknown", RULE_V7, state_unknown, 0},
    {"free-mapped", RULE_V7, free_mapped, 0},
    {"free-counted", RULE_V7, free_counted, 0},
    {"used-uncounted", RULE_V7, used_uncounted, 0},
    {"cached-renamed", RULE_V8, cached_renamed, 0},
    {"leaked-anon", RULE_V9, leaked_anon, 0},
    {"leaked-table", RULE_V9, leaked_table, 0},
    {"leaked-kstack", RULE_V9, leaked_kstack, 0},
    {"free-lost", RULE_V9, free_lost, 0},
    {"frame-disowned", RULE_V9, frame_disowned, 0},
    {"kernel-mapped", RULE_V10, kernel_mapped, 0},
    {"device-mapped", RULE_V10, device_mapped, 0},
    {"kernel-for-user", RULE_V10, device_for_user, 0},
    {"root-differs", RULE_V10, root_differs, 0},
    {"write-execute", RULE_V11, entry_write_execute, 0},
    {"kernel-write-execute", RULE_V11, device_executable, 0},
    {"resident-wrong", RULE_V12, resident_wrong, 0},
    {"promised-wrong", RULE_V12, promised_wrong, 0},
    {"tables-wrong", RULE_V12, tables_wrong, 0},
    {"committed-wrong", RULE_V12, committed_wrong, 0},
    {"total-wrong", RULE_V12, NULL, 1},
    {"zero-written", RULE_V13, zero_written, 0},
    {"table-without-area", RULE_T1, table_without_area, 1},
};

const uint plant_count = sizeof plant_list / sizeof plant_list[0];
#endif
