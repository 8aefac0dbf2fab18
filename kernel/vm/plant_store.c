/*
 * Violations about the pages of stores: areas and lists that do not agree, entries that map what
 * their area does not say, writers that nobody noted.  They are rows of plant_list.c; the places
 * are pages of the program's own file.
 *
 * The machine stands still: plant.c.
 */
#include "kernel/vm/plant.h"

#ifdef PLANT
#include "kernel/vm/pmap.h"
#include "kernel/vm/store.h"

#define SET PLANT_SET

/* Puts `a` behind `at` in a list. */
static void link_behind(struct plot *p, struct list *at, struct area *a)
{
    a->of_store = (struct list){.next = at->next, .prev = at};
    SET(p, at->next->prev, &a->of_store);
    SET(p, at->next, &a->of_store);
}

void plant_area_unlisted(struct plot *p)
{
    struct list *l = &p->text.area->of_store;
    SET(p, l->prev->next, l->next);
    SET(p, l->next->prev, l->prev);
    plant_name_page(p, NULL, p->text.area->start);
}

/* In its place stands another, so the list has one area that no space has, and lacks none. */
void plant_area_stray(struct plot *p)
{
    p->stray = *p->text.area;
    p->stray.check = 0;
    link_behind(p, p->text.area->store->areas.prev, &p->stray);
}

/* From the last one the list goes on to the first, not to its head. */
void plant_area_twice(struct plot *p)
{
    struct list *head = &p->text.area->store->areas;
    SET(p, head->prev->next, head->next);
}

void plant_other_page(struct plot *p)
{
    struct file_page *page = &p->constant;
    SET(p, *page->slot, (*page->slot & 0x3ff) | PA2PTE(frame_pa(p->cached)));
    SET(p, page->frame->refs, page->frame->refs - 1);
    SET(p, p->cached->refs, p->cached->refs + 1);
    plant_name_page(p, p->cached, page->va);
}

void plant_page_in_heap(struct plot *p)
{
    SET(p, *p->slot[PLANT_EMPTY], *p->constant.slot);
    SET(p, p->constant.frame->refs, p->constant.frame->refs + 1);
    SET(p, p->s->resident, p->s->resident + 1);
    plant_name_page(p, p->constant.frame, p->va[PLANT_EMPTY]);
}

void plant_private_in_shared(struct plot *p)
{
    struct file_page *page = &p->constant;
    SET(p, p->spare->state, FRAME_ANON);
    SET(p, page->area->shared, true);
    SET(p, *page->slot, (*page->slot & 0x3ff) | PA2PTE(frame_pa(p->spare)));
    SET(p, page->frame->refs, page->frame->refs - 1);
    SET(p, p->s->committed, p->s->committed + 1);
    plant_name_page(p, p->spare, page->va);
}

void plant_page_uncounted(struct plot *p)
{
    SET(p, p->text.frame->refs, p->text.frame->refs - 1);
    plant_name_page(p, p->text.frame, p->text.va);
}

void plant_private_writable(struct plot *p)
{
    SET(p, *p->data.slot, *p->data.slot | PTE_W | PTE_D);
    plant_name_page(p, p->data.frame, p->data.va);
}

void plant_clean_writable(struct plot *p)
{
    struct file_page *page = &p->constant;
    SET(p, page->area->shared, true);
    SET(p, page->area->prot, AREA_R | AREA_W);
    SET(p, *page->slot, *page->slot | PTE_W | PTE_D);
    plant_name_page(p, page->frame, page->va);
}
#endif
