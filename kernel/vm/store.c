/* Stores: what all kinds of them have in common.  No lock. */
#include "kernel/vm/store.h"

void store_init(struct store *st, const struct store_ops *ops)
{
    st->ops = ops;
    list_init(&st->pages);
    list_init(&st->areas);
    st->round = 0;
    mutex_init(&st->walk, "walk");
}
