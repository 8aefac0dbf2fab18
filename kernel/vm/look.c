/*
 * An address space as somebody sees it who has to explain a fault: the promises around an address
 * and the walk that the hardware makes for it, copied out as plain data.
 *
 * Nothing is changed, and nothing is kept: what is seen was true at one moment, under the lock of
 * the space, and another process that shares the space (vfork) may change it afterwards.  The walk
 * ends at the first entry that leads nowhere.  The kernel's half is never looked at.
 *
 * Lock: s->lock, taken here.
 */
#include "kernel/vm/look.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/store.h"

static struct look_area copy(const struct area *a)
{
    if (!a)
        return (struct look_area){.end = 0};
    return (struct look_area){.start = a->start,
                              .end = a->end,
                              .prot = a->prot,
                              .kind = a->kind,
                              .file = a->store ? a->store->ops->number(a->store) : 0,
                              .offset = a->store ? a->offset : 0};
}

static void find_areas(const struct space *s, struct look *l)
{
    const struct area *at = area_find(&s->areas, l->va);
    const struct area *above = area_above(&s->areas, l->va), *below = NULL;
    if (above) {
        below = area_prev(above);
    } else {
        for (struct avl_node *n = s->areas.root; n; n = n->child[1])
            below = container_of(n, struct area, node);
    }
    l->at = copy(at);
    l->above = copy(at ? NULL : above);
    l->below = copy(at ? NULL : below);
}

static void walk(const struct space *s, struct look *l)
{
    const pte_t *table = virt(s->root);
    l->lowest = 3;
    while (table && l->va < MAXVA && l->lowest > 0) {
        pte_t pte = table[sv39_index(l->va, --l->lowest)];
        l->pte[l->lowest] = pte;
        table = pte && l->lowest > 0 ? sv39_table(pte) : NULL;
    }
}

void look_at(struct space *s, uint64 va, struct look *l)
{
    *l = (struct look){.va = va};
    mutex_lock(&s->lock);
    find_areas(s, l);
    walk(s, l);
    l->heap = s->heap;
    l->brk = s->brk;
    l->stack_top = s->stack_top;
    l->stack_low = s->stack_low;
    mutex_unlock(&s->lock);
}
