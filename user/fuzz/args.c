/*
 * Random arguments, many of them at the boundaries of what makes sense, and the memory that they
 * point to: an arena with unmapped memory behind it, of which a call may change only the bytes that
 * it was given.
 */
#include "kernel/fcntl.h"
#include "kernel/ioctl.h"
#include "kernel/memlayout.h"
#include "user/fuzz/fuzz.h"

#define ARENA (4 * PGSIZE)
#define GUARD 64 /* bytes on either side of a target that are looked at */

static char *arena; /* at the end of the heap: what follows is not mapped */
static uint64 text_sum;
static char before[GUARD], after[GUARD];

#define PICK(f, list) list[fuzz_below(f, sizeof list / sizeof list[0])]

uint fuzz_below(struct fuzzer *f, uint n)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (uint)(f->random >> 20) % n;
}

/* The program's first page. */
static uint64 sum_of_text(void)
{
    const volatile uint64 *text = 0;
    uint64 sum = 0;
    asm volatile("" : "+r"(text)); /* it stands at 0, where C expects nothing */
    for (uint i = 0; i < PGSIZE / sizeof *text; i++)
        sum = sum * 31 + text[i];
    return sum;
}

void fuzz_prepare(struct fuzzer *f)
{
    uint64 end = (uint64)sbrk(0);
    uint64 pad = PGROUNDUP(end) - end + PGSIZE; /* with room for a guard before the arena */
    arena = sbrk((int)(pad + ARENA));
    if (arena == SBRK_ERROR)
        fuzz_fail(f, "no memory for the arena", 0);
    arena += pad;
    memset(arena, 'a', ARENA);
    text_sum = sum_of_text();
}

/* --- addresses -------------------------------------------------------------------------------- */

/* Nobody may read or write there. */
static uint64 bad_address(struct fuzzer *f)
{
    static const uint64 places[] = {
        MAXVA,
        MAXVA - 1,
        TRAMPOLINE,
        TRAPFRAME,
        1ul << 40,
        1ul << 63,
        -1ul,
        -8ul,
        0xffffffc000000000,
        KERNBASE,
        0x10000000,
        -4096ul,
        0xffffffc080200000,
        0xffffffff80000000,
        1ul << 38,
        MAXVA + 4096,
    };
    return PICK(f, places) + (fuzz_below(f, 4) ? 0 : fuzz_below(f, PGSIZE));
}

/* Mostly in the arena, often near the ends of its pages or beyond the last. */
static uint64 address(struct fuzzer *f, int to_write)
{
    uint64 local = (uint64)&local;
    switch (fuzz_below(f, 13)) {
    case 12: return FUZZ_ZONE + fuzz_below(f, FUZZ_ZONE_PAGES * PGSIZE);
    case 0: return bad_address(f);
    case 1: return (uint64)arena + ARENA - fuzz_below(f, 64);
    case 2: return (uint64)arena + PGSIZE * (1 + fuzz_below(f, 3)) - fuzz_below(f, 64);
    case 3: return fuzz_below(f, 2 * PGSIZE);                     /* text: may be read */
    case 4: return to_write ? local - PGSIZE * 20 : local & ~7ul; /* below the stack pointer */
    default: return (uint64)arena + GUARD + fuzz_below(f, ARENA - GUARD);
    }
}

/* How many bytes at `at` are the arena's. */
static uint64 room(uint64 at)
{
    uint64 start = (uint64)arena, end = start + ARENA;
    return at >= start && at < end ? end - at : 0;
}

/* --- strings ---------------------------------------------------------------------------------- */

/*
 * Puts the string at or across the end of a page, or at that of the arena, perhaps without its NUL.
 * The pages take turns, so that a call's two paths never become a third.
 */
static uint64 place(struct fuzzer *f, const char *s)
{
    uint64 n = strlen(s) + 1;
    char *at = arena + PGSIZE * (1 + f->strings++ % 3) - n + fuzz_below(f, 20);
    if (fuzz_below(f, 30) == 0) {
        n -= fuzz_below(f, 2);
        at = arena + ARENA - n;
    }
    memmove(at, s, n);
    return (uint64)at;
}

static uint64 odd_path(struct fuzzer *f)
{
    static char text[200];
    switch (fuzz_below(f, 4)) {
    case 0: return bad_address(f);
    case 1:
        memset(text, 'a', sizeof text);
        text[126 + fuzz_below(f, 4)] = 0; /* about MAXPATH */
        return place(f, text);
    case 2:
        text[0] = (char)(fuzz_below(f, 200) + '0'); /* no dot, no slash */
        text[1] = 0;
        return place(f, text);
    default: return place(f, "");
    }
}

/* Nothing that leads out of the directory, as nothing there is ours. */
static uint64 path(struct fuzzer *f, enum kind kind)
{
    static const char *const names[] = {
        "a",
        "b",
        "c",
        "d",
        "d/a",
        "d/b",
        "e",
        "e/d",
        "e/d/a",
        "./a",
        "d//b",
        "a/",
        "d/",
        "a/b",
        "d/.",
        "e/e",
        FUZZ_DIR "/a",
        FUZZ_DIR "/d/a",
        "a-name-of-more-than-14",
        "a-name-of-more",
    };
    static const char *const dots[] = {".", "..", "d/..", "./.", "/", FUZZ_DIR "/."};
    static const char *const places[] = {FUZZ_DIR, FUZZ_DIR "/d", FUZZ_DIR "/e/d", "d", "e", "."};
    if (fuzz_below(f, 12) == 0)
        return odd_path(f);
    if (kind == DIRECTORY)
        return place(f, PICK(f, places));
    if (kind == PATH && fuzz_below(f, 10) == 0)
        return place(f, PICK(f, dots));
    return place(f, PICK(f, names));
}

/* Strings of all kinds, now and then more than exec() takes, or without an end. */
static uint64 vector(struct fuzzer *f)
{
    if (fuzz_below(f, 4) == 0)
        return address(f, 0);
    uint64 *v = (uint64 *)(arena + PGSIZE / 2);
    uint n = fuzz_below(f, fuzz_below(f, 5) ? 4 : MAXARG + 3);
    for (uint i = 0; i < n; i++)
        v[i] = fuzz_below(f, 8) ? path(f, TARGET) : address(f, 0);
    v[n] = 0;
    return (uint64)v;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64 number(struct fuzzer *f)
{
    static const uint64 bounds[] = {
        0,
        1,
        -1ul,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        1ul << 32,
        1ul << 63,
        -1ul >> 1,
        PGSIZE,
        PGSIZE - 1,
        -4096ul,
        0x80000001,
        65535,
        65536,
        MAXVA,
        67383296,
        0x100000001,
        0xffffffff00000003,
    };
    return fuzz_below(f, 3) ? PICK(f, bounds) : f->random >> fuzz_below(f, 64);
}

/* Not 1 and 2, where messages go. */
static uint64 descriptor(struct fuzzer *f)
{
    static const uint64 odd[] = {-1ul,       NOFILE - 1,  NOFILE,    NOFILE + 1, 0x7fffffff,
                                 0x80000000, 0x100000003, 1ul << 63, 1000};
    return fuzz_below(f, 10) ? 3 + fuzz_below(f, 12) : PICK(f, odd);
}

static uint64 size(struct fuzzer *f, const struct arguments *to)
{
    uint64 fits = room(to->address);
    switch (fuzz_below(f, 6)) {
    case 0: return number(f);
    case 1: return fits;
    case 2: return fits + 1;
    default: return fuzz_below(f, ARENA);
    }
}

static uint64 flags(struct fuzzer *f)
{
    static const uint64 some[] = {O_RDONLY,
                                  O_WRONLY,
                                  O_RDWR,
                                  O_RDWR | O_CREATE,
                                  O_RDWR | O_CREATE,
                                  O_CREATE | O_WRONLY | O_TRUNC,
                                  O_RDWR | O_TRUNC,
                                  O_RDWR | O_APPEND | O_CREATE,
                                  O_NOFOLLOW,
                                  O_NOFOLLOW | O_RDWR,
                                  O_WRONLY | O_RDWR,
                                  0x80000000};
    return fuzz_below(f, 20) ? PICK(f, some) : number(f);
}

static uint64 device(struct fuzzer *f)
{
    uint64 n = fuzz_below(f, 2) ? number(f) : fuzz_below(f, 2 * NDEV);
    return (n & 0xffff) == DEV_CONSOLE ? DEV_NULL : n;
}

/* init, which is safe, and processes that there are not: pids come one after the other. */
static uint64 pid(struct fuzzer *f)
{
    static const uint64 nobody[] = {0,          1,       -1ul,          0x7fffffff,
                                    0x80000000, 1 << 22, (1 << 22) + 1, 1000000};
    return PICK(f, nobody);
}

void fuzz_argument(struct fuzzer *f, enum kind kind, struct arguments *to, int i)
{
    uint64 x = 0;
    switch (kind) {
    case FD: x = descriptor(f); break;
    case PATH:
    case DIRECTORY:
    case TARGET: x = path(f, kind); break;
    case FROM: x = to->address = address(f, 0); break;
    case TO: x = to->address = address(f, 1); break;
    case SIZE: x = size(f, to); break;
    case NUMBER: x = number(f); break;
    case FLAGS: x = flags(f); break;
    case DEVICE: x = device(f); break;
    case PID: x = pid(f); break;
    case VECTOR: x = vector(f); break;
    case END: break;
    }
    to->a[i] = x;
}

/* --- the oracle of memory --------------------------------------------------------------------- */

/* The bytes behind those that may change, as far as the arena goes. */
static uint64 tail(const struct arguments *a, uint64 *n)
{
    uint64 end = a->address + a->bytes;
    uint64 left = a->bytes < room(a->address) ? room(end) : 0;
    *n = left < GUARD ? left : GUARD;
    return end;
}

void fuzz_guard(struct fuzzer *f, const struct arguments *a)
{
    uint64 n, end = tail(a, &n);
    (void)f;
    if (!room(a->address))
        return;
    memmove(before, (char *)a->address - GUARD, GUARD);
    memmove(after, (char *)end, n);
}

void fuzz_check_guard(struct fuzzer *f, const struct arguments *a)
{
    uint64 n, end = tail(a, &n);
    if (fuzz_below(f, 100) == 0 && sum_of_text() != text_sum)
        fuzz_fail(f, "the program's text has changed", 0);
    if (!room(a->address))
        return;
    if (memcmp(before, (char *)a->address - GUARD, GUARD) != 0)
        fuzz_fail(f, "memory before the buffer has changed", (long)a->address);
    if (memcmp(after, (char *)end, n) != 0)
        fuzz_fail(f, "memory behind the buffer has changed", (long)end);
}
