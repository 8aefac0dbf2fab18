/*
 * Mappings: the calls that arrange memory, most of them in a zone of the address space where
 * nothing else is, so that other calls find buffers of all kinds there (args.c).
 *
 * Elsewhere only addresses beyond all that the program needs: it would not survive the loss of its
 * own text, and that would be no error.
 */
#include "kernel/fcntl.h"
#include "kernel/memlayout.h"
#include "kernel/mman.h"
#include "kernel/syscall.h"
#include "user/fuzz/fuzz.h"
#include "user/fuzz/several.h"

#define MOST (32 * PGSIZE) /* what is longer does not stay */

static uint64 place(struct fuzzer *f)
{
    static const uint64 odd[] = {
        USYSCALL, USYSCALL - PGSIZE, MAXVA, MAXVA - PGSIZE, 1ul << 63, -4096ul, -1ul, 1ul << 40,
    };
    uint64 at = FUZZ_ZONE + fuzz_below(f, FUZZ_ZONE_PAGES) * PGSIZE;
    switch (fuzz_below(f, 20)) {
    case 0: return odd[fuzz_below(f, 8)];
    case 1: return at + fuzz_below(f, PGSIZE);
    default: return at;
    }
}

static uint64 length(struct fuzzer *f)
{
    struct arguments any = {.address = 0};
    switch (fuzz_below(f, 16)) {
    case 0: fuzz_argument(f, NUMBER, &any, 0); return any.a[0];
    case 1: return fuzz_below(f, MOST);
    default: return (1 + fuzz_below(f, 6)) * PGSIZE;
    }
}

static uint64 one_of(struct fuzzer *f, const uchar list[], uint n)
{
    struct arguments any = {.address = 0};
    if (fuzz_below(f, 40) == 0)
        fuzz_argument(f, NUMBER, &any, 0);
    return fuzz_below(f, 40) ? list[fuzz_below(f, n)] : any.a[0];
}

static uint64 rights(struct fuzzer *f)
{
    static const uchar list[] = {0, 1, 1, 2, 3, 3, 3, 4, 5, 7, 6};
    return one_of(f, list, sizeof list);
}

static void map(struct fuzzer *f)
{
    static const uchar kinds[] = {
        MAP_PRIVATE | MAP_ANONYMOUS,
        MAP_SHARED | MAP_ANONYMOUS,
        MAP_PRIVATE,
        MAP_SHARED,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
        MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
        MAP_PRIVATE | MAP_FIXED,
        MAP_SHARED | MAP_FIXED,
        MAP_FIXED,
    };
    struct arguments a = {.a = {place(f), length(f), rights(f), one_of(f, kinds, sizeof kinds)}};
    f->call = "mmap";
    fuzz_argument(f, FD, &a, 4);
    fuzz_argument(f, NUMBER, &a, 5);
    if (fuzz_below(f, 8))
        a.a[5] = fuzz_below(f, 3) * PGSIZE;
    long r = fuzz_call(f, SYS_mmap, &a);
    if (r == -1)
        return;
    if (r & (PGSIZE - 1) || r <= 0 || (uint64)r >= USYSCALL || a.a[1] > USYSCALL - (uint64)r)
        fuzz_fail(f, "an impossible address", r);
    if (a.a[3] & MAP_FIXED ? (uint64)r != a.a[0] : 0)
        fuzz_fail(f, "not the address that was commanded", r);
    if ((a.a[1] > MOST || (uint64)r < FUZZ_ZONE || (uint64)r >= FUZZ_ZONE_END) &&
        munmap((char *)r, a.a[1]) < 0)
        fuzz_fail(f, "it cannot be unmapped", r);
}

/* Calls about a range, with one more argument; all of them return 0 or -1. */
static void change(struct fuzzer *f)
{
    static const struct {
        uchar number, choices[4];
        const char *name;
    } calls[] = {
        {SYS_munmap, {0}, "munmap"},
        {SYS_mprotect, {0}, "mprotect"},
        {SYS_msync, {MS_ASYNC, MS_ASYNC, MS_ASYNC, MS_SYNC}, "msync"},
        {SYS_madvise, {MADV_DONTNEED, MADV_NORMAL, MADV_DONTNEED, 1}, "madvise"},
    };
    uint i = fuzz_below(f, 4);
    struct arguments a = {.a = {place(f), length(f)}};
    a.a[2] = calls[i].number == SYS_mprotect ? rights(f) : one_of(f, calls[i].choices, 4);
    f->call = calls[i].name;
    long r = fuzz_call(f, calls[i].number, &a);
    if (r < -1 || r > 0)
        fuzz_fail(f, "an impossible result", r);
}

/* Calls that tell about a range, to an address. */
static void ask(struct fuzzer *f)
{
    int bytes = (int)fuzz_below(f, 2);
    struct arguments a = {.a = {place(f), length(f)}};
    fuzz_argument(f, TO, &a, 2);
    f->call = bytes ? "mincore" : "pgaccess";
    if (!bytes && fuzz_below(f, 10))
        a.a[1] = fuzz_below(f, 80);
    a.bytes = bytes ? PGROUNDUP(a.a[1]) / PGSIZE : ((a.a[1] & 0xffffffff) + 31) / 32 * 4;
    long r = fuzz_call(f, bytes ? SYS_mincore : SYS_pgaccess, &a);
    if (r < -1 || r > 0)
        fuzz_fail(f, "an impossible result", r);
}

void several_mappings(struct fuzzer *f)
{
    switch (fuzz_below(f, 8)) {
    case 0:
    case 1:
    case 2: map(f); break;
    case 3: ask(f); break;
    default: change(f);
    }
}
