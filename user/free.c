/*
 * free [-h]: memory in KiB, with -h in units that read well.  `cache` could be dropped when memory
 * is needed, what of it is `dirty` once it is on the disk; `committed` is promised to processes,
 * out of `limit`.
 */
#include "kernel/kstat.h"
#include "kernel/riscv.h"
#include "user/extra.h"
#include "user/lib/prog.h"

static uint human;

static int show(const char *name, uint64 frames)
{
    uint64 kib = frames * (PGSIZE / 1024);

    if (!human)
        return printf("%-10s %10lu KiB\n", name, kib);
    if (kib < 1024)
        return printf("%-10s %6lu KiB\n", name, kib);
    const char *unit = kib < 1024 * 1024 ? "MiB" : "GiB";
    uint64 tenths = kib < 1024 * 1024 ? kib * 10 / 1024 : kib * 10 / (1024 * 1024);
    return printf("%-10s %4lu.%lu %s\n", name, tenths / 10, tenths % 10, unit);
}

int main(int argc, char **argv)
{
    struct kstat k;
    int i = prog_flags(argc, argv, "h", "free [-h]", &human);

    if (i < argc)
        prog_usage("free [-h]");
    if (kstat(&k) < 0)
        return prog_fail("cannot ask the kernel");
    int written = show("total", k.frames_total);
    written |= show("used", k.frames_total - k.frames_free);
    written |= show("free", k.frames_free);
    written |= show("cache", k.frames_cache);
    written |= show("dirty", k.frames_dirty);
    written |= show("committed", k.frames_committed);
    written |= show("limit", k.frames_limit);
    return written < 0 ? prog_fail("write error") : 0;
}
