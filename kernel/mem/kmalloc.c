/*
 * Memory of any size up to one page: a ladder of slab caches, each half as large again or a third
 * larger than the one before, so that at most a third of an object is wasted.  The cache of an
 * object is found through the frame table.  The caches have the locks.
 */
#include "kernel/lib/panic.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"

static struct step {
    uint size;
    const char *name;
    struct slab_cache cache;
} ladder[] = {
    {.size = 16, .name = "kmalloc-16"},     {.size = 32, .name = "kmalloc-32"},
    {.size = 48, .name = "kmalloc-48"},     {.size = 64, .name = "kmalloc-64"},
    {.size = 96, .name = "kmalloc-96"},     {.size = 128, .name = "kmalloc-128"},
    {.size = 192, .name = "kmalloc-192"},   {.size = 256, .name = "kmalloc-256"},
    {.size = 384, .name = "kmalloc-384"},   {.size = 512, .name = "kmalloc-512"},
    {.size = 768, .name = "kmalloc-768"},   {.size = 1024, .name = "kmalloc-1024"},
    {.size = 1536, .name = "kmalloc-1536"}, {.size = 2048, .name = "kmalloc-2048"},
    {.size = 4096, .name = "kmalloc-4096"},
};

#define LADDER_END (ladder + sizeof ladder / sizeof ladder[0])

void kmalloc_init(void)
{
    for (struct step *s = ladder; s < LADDER_END; s++)
        slab_init(&s->cache, s->name, s->size);
}

void *kmalloc(uint64 size)
{
    if (size == 0)
        return NULL;
    for (struct step *s = ladder; s < LADDER_END; s++) {
        if (size <= s->size)
            return slab_alloc(&s->cache);
    }
    return NULL;
}

void kfree(void *obj)
{
    if (!obj)
        return;
    struct slab_cache *c = (struct slab_cache *)frame_of(phys(obj))->owner[0];
    if ((void *)c < (void *)ladder || (void *)c >= (void *)LADDER_END)
        panic("kfree: %p does not come from kmalloc", obj);
    slab_free(c, obj);
}
