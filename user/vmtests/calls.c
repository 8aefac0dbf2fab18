/*
 * Every system call that takes a pointer, with every kind of memory behind it: absent, mapping the
 * zero frame, shared by fork, read-only, half there, or no memory of programs at all.  The faults
 * that the kernel takes for the call are counted.
 */
#include "user/vmtests/calls.h"

/* Ends the test unless `ok`; the reason names the row. */
static void expect(int ok, const char *call, const char *memory, long got)
{
    if (ok)
        return;
    int code = got == -1 ? errcode() : 0;
    fprintf(REPORT_FD, "%s with %s memory: %ld, errcode %d; faults", call, memory, got, code);
    struct vmstat now = faults_now();
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        fprintf(REPORT_FD, " %ld", (long)now.fault[kind]);
    fprintf(REPORT_FD, "\n");
    exit(STATUS_FAILED);
}

enum memory { ABSENT, ZERO, SHARED, OWN };
static const char *const memory_names[] = {"absent", "zero", "shared", "own"};

/* Two pages in that state, full of pattern 7 where there is anything. */
static char *memory_in_state(enum memory m)
{
    char *p = m == SHARED || m == OWN ? pages_filled(2, 7) : heap_pages(2);
    if (m == ZERO)
        pages_load(p, 2);
    return p;
}

static int faults_only(enum fault_kind kind, uint64 n)
{
    struct vmstat now = faults_now();
    for (int k = 0; k < FAULT_KINDS; k++)
        if (k != KIND_SPURIOUS && now.fault[k] != (k == (int)kind ? n : 0))
            return 0;
    return 1;
}

/* The result lies across the border of two pages, and nothing beside it has changed. */
static void try_result(const struct result *r, enum memory m)
{
    call_before(r); /* may fork, which would share the memory */
    char *p = memory_in_state(m), *at = p + PGSIZE - r->bytes / 2;
    int filled = m == SHARED || m == OWN;
    if (m == SHARED)
        holder_start();
    faults_begin(getpid());
    long got = r->call(at);
    expect(got >= 0, r->name, memory_names[m], got);
    if (m == OWN)
        expect(faults_only(KIND_LAZY, 0), r->name, memory_names[m], got);
    else if (m != OWN)
        expect(faults_only(m == ABSENT ? KIND_LAZY : KIND_COW, 2), r->name, memory_names[m], got);
    call_after(r, at);
    for (char *q = p; q < p + 2 * PGSIZE; q++)
        if (q < at || q >= at + r->bytes)
            SAME(*q, filled ? data_byte(7, q - p) : 0);
    if (m == SHARED)
        holder_end();
}

static void try_results(long m)
{
    call_set_up();
    for (const struct result *r = call_results; r->name; r++)
        try_result(r, (enum memory)m);
    call_tear_down();
}

void pitfall_16_results(void)
{
    for (int m = ABSENT; m <= OWN; m++)
        PASSES(try_results, m);
}

/* Untouched memory holds an empty string or zeros. */
static void try_argument(const struct argument *a, enum memory m)
{
    char *p = memory_in_state(m), *at = p + PGSIZE - 4;
    int there = m == SHARED || m == OWN;
    if (a->text[0] && there)
        strcpy(at, a->text);
    else
        memset(at, 0, there ? 104 : 0);
    if (m == SHARED)
        holder_start();
    faults_begin(getpid());
    long got = a->call(at);
    int code = got == -1 ? errcode() : 0;
    int good = !there && a->text[0] ? code != EFAULT : code == a->code && got >= (code ? -1 : 0);
    expect(good, a->name, memory_names[m], got);
    if (m == ABSENT)
        expect(faults_of(KIND_ZERO) + faults_of(KIND_LAZY) > 0, a->name, memory_names[m], got);
    expect(faults_of(KIND_COW) == 0 || m != SHARED, a->name, memory_names[m], got);
    if (m == SHARED)
        holder_end();
}

static void try_arguments(long m)
{
    call_set_up();
    for (const struct argument *a = call_arguments; a->name; a++)
        try_argument(a, (enum memory)m);
    call_tear_down();
}

void pitfall_16_arguments(void)
{
    for (int m = ABSENT; m <= OWN; m++)
        PASSES(try_arguments, m);
}

/* All calls with one address that nobody may touch. */
static void refuse_address(char *bad)
{
    for (const struct result *r = call_results; r->name; r++) {
        long got = r->call(bad);
        expect(got == -1 && errcode() == EFAULT, r->name, "bad", got);
    }
    for (const struct argument *a = call_arguments; a->name; a++) {
        long got = a->call(bad);
        expect(got == -1 && errcode() == EFAULT, a->name, "bad", got);
    }
}

void pointer_bad(void)
{
    call_set_up();
    for (int i = 0; bad_addresses[i]; i++)
        refuse_address((char *)bad_addresses[i]);
    refuse_address(heap_pages(1) + PGSIZE);
    call_check_unmoved();
    call_tear_down();
    file_check("f", 1, 4000);
    SAME(dir_count("."), 4);
}

/* The first byte may be touched, the last may not: refused, or the part that could be moved. */
void pointer_partly_bad(void)
{
    call_set_up();
    char *p = heap_pages(1);
    for (const struct result *r = call_results; r->name; r++) {
        memset(p, 0, PGSIZE);
        long got = r->call(p + PGSIZE - r->bytes / 2);
        expect(got == -1 ? errcode() == EFAULT : r->part && got == r->bytes / 2, r->name, "half",
               got);
    }
    memset(p, 'x', PGSIZE);
    for (const struct argument *a = call_arguments; a->name; a++) {
        long got = a->call(p + PGSIZE - 4);
        expect(got == -1 ? errcode() == EFAULT : a->part && got == 4, a->name, "half", got);
    }
    call_tear_down();
}

/* Text is never written on a program's behalf, before or after a fork. */
static void refuse_text(long text)
{
    char was[256];
    call_set_up();
    memmove(was, (char *)text, sizeof was);
    for (const struct result *r = call_results; r->name; r++) {
        faults_begin(getpid());
        long got = r->call((char *)text);
        expect(got == -1 && errcode() == EFAULT, r->name, "read-only", got);
        expect(faults_only(KIND_PROT, 1), r->name, "read-only", got);
    }
    SAME(memcmp(was, (char *)text, sizeof was), 0);
    call_tear_down();
}

void pitfall_41_copyout_to_text(void)
{
    static const char constant[256] = "constants are as read-only as code";
    refuse_text((long)refuse_text & ~7l);
    refuse_text((long)constant);
    PASSES(refuse_text, (long)refuse_text & ~7l);
    PASSES(refuse_text, constant);
    refuse_text((long)refuse_text & ~7l);
}

/* The new program finds arguments that were in memory of every kind. */
int helper_arguments(int argc, char *argv[])
{
    return argc == 3 && !argv[0][0] && !argv[1][0] && strcmp(argv[2], "shared") == 0 ? 0 : 1;
}

void pitfall_16_exec(void)
{
    char *zero = heap_pages(1), *shared = pages_filled(2, 1), **argv = (char **)heap_pages(2);
    page_load((long)zero);
    strcpy(shared + PGSIZE - 3, "shared");
    argv += PGSIZE / sizeof *argv - 3; /* across the border of two untouched pages */
    argv[0] = "vmtests";
    argv[1] = "@arguments";
    argv[2] = zero;
    argv[3] = heap_pages(1); /* untouched */
    argv[4] = shared + PGSIZE - 3;
    SAME(child_exec("/vmtests", argv), 0);
}
