#ifndef MEM_POISON_H
#define MEM_POISON_H

#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"

/*
 * DEBUG builds fill free memory with poison.  A use after free then reads nonsense, and a write
 * after free is found when the memory is handed out again.
 */
#ifdef DEBUG
#define POISON_FRAME  0x5a
#define POISON_OBJECT 0x6b

/* The first byte of at[n] that is not `byte`, NULL if all are. */
static inline const uint8 *poison_damage(const void *at, uint64 n, uint8 byte)
{
    const uint8 *p = (const uint8 *)at;

    for (uint64 i = 0; i < n; i++) {
        if (p[i] != byte)
            return p + i;
    }
    return NULL;
}

static inline void poison_frames(struct frame *f, int order)
{
    for (struct frame *end = f + (1UL << order); f < end; f++) {
        memset(frame_virt(f), POISON_FRAME, 4096);
        f->poisoned = 1;
    }
}

static inline void poison_check_frame(const struct frame *f)
{
    const uint8 *bytes = (const uint8 *)frame_virt(f);
    const uint8 *damage = poison_damage(bytes, 4096, POISON_FRAME);

    if (damage)
        panic("frame_alloc: frame %lu (0x%lx) was written at +0x%lx while it was free",
              (uint64)(f - frame_table), frame_pa(f), (uint64)(damage - bytes));
}

static inline void poison_check_frames(struct frame *f, int order)
{
    for (struct frame *end = f + (1UL << order); f < end; f++) {
        if (f->poisoned)
            poison_check_frame(f);
        f->poisoned = 0;
    }
}

static inline void poison_object(void *at, uint64 n)
{
    memset(at, POISON_OBJECT, n);
}

static inline bool poison_object_intact(const void *at, uint64 n)
{
    return !poison_damage(at, n, POISON_OBJECT);
}
#else
static inline void poison_frames(struct frame *f, int order)
{
    (void)f;
    (void)order;
}

static inline void poison_check_frames(struct frame *f, int order)
{
    (void)f;
    (void)order;
}

static inline void poison_object(void *at, uint64 n)
{
    (void)at;
    (void)n;
}

static inline bool poison_object_intact(const void *at, uint64 n)
{
    (void)at;
    (void)n;
    return true;
}
#endif

#endif
