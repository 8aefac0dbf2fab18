/*
 * The way from memory that runs short to whoever can free some: the file layer, which registers
 * itself here because kernel/vm does not know it.  No lock.
 */
#include "kernel/vm/reclaim.h"
#include "kernel/mem/frame.h"

#define BATCH 64 /* frames asked for at a time */

static const struct reclaim_ops *reclaim;

void reclaim_set(const struct reclaim_ops *ops)
{
    reclaim = ops;
}

static bool is_short(void)
{
    return frame_free_count() <= frame_reserve_count() + BATCH;
}

/* What was missing a moment ago, somebody else may have freed. */
bool reclaim_some(void)
{
    if (!reclaim)
        return false;
    bool some = is_short() && reclaim->pages(BATCH) > 0;
    return some || !is_short();
}

void reclaim_throttle(void)
{
    if (reclaim)
        reclaim->throttle();
}
