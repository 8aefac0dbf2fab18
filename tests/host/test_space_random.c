// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c kernel/vm/mmap.c
// sources: kernel/vm/mprotect.c kernel/vm/advise.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c
/*
 * Random programs on the model machine of vm_shim.h: several processes that load, store, fetch,
 * copy, fork, exit, move the break, map, unmap, protect, forget and wander from hart to hart, while
 * now and then an allocation fails.  An array for each process says what every page must hold.
 */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/tlb.h"
#include "kernel/vm/usercopy.h"
#include "tests/host/vm_shim.h"

#define PROCS  6
#define TEXT   4 /* pages, from address 0 */
#define DATA   4
#define STACK  (TEXT + DATA + 1)
#define HEAP   (STACK + USERSTACK)
#define MAP    (HEAP + 600) /* slots of the model from here on lie at MAP_AT */
#define SLOTS  (MAP + 64)
#define MAP_AT ((1UL << 30) - 40 * PGSIZE)

#define R      AREA_R
#define W      AREA_W
#define X      AREA_X
#define NONE   8 /* promised, without any right */

/* A page of a process: what may be done with it (0 = nothing) and its first word. */
struct model {
    uchar prot;
    uint64 word;
};

static struct process {
    struct space *s;
    struct model page[SLOTS];
} proc[PROCS];

static uint64 serial;
static bool may_fail; /* an allocation fails in this step */

static uint64 va_of(uint slot)
{
    return slot < MAP ? slot * PGSIZE : MAP_AT + (slot - MAP) * PGSIZE;
}

static uint pick(uint n)
{
    return (uint)rand() % n;
}

static void run_somewhere(struct process *p)
{
    shim_hart(pick(SHIM_HARTS));
    irq_push();
    space_activate(p->s);
    irq_pop();
}

/* The process stops: its hart idles or runs another. */
static void rest(void)
{
    irq_push();
    space_activate(NULL);
    irq_pop();
}

static void new_program(struct process *p)
{
    struct pin pin;
    memset(p->page, 0, sizeof p->page);
    p->s = space_new();
    assert_non_null(p->s);
    assert_int_equal(space_map(p->s, 0, TEXT * PGSIZE, R | W, AREA_TEXT), 0);
    assert_int_equal(space_map(p->s, TEXT * PGSIZE, (TEXT + DATA) * PGSIZE, R | W, AREA_DATA), 0);
    assert_int_equal(space_set_stack(p->s, (TEXT + DATA) * PGSIZE), 0);
    assert_int_equal(user_pin(p->s, 0, TEXT * PGSIZE, PIN_WRITE, &pin), TEXT * PGSIZE);
    for (uint i = 0; i < TEXT; i++) {
        p->page[i] = (struct model){R | X, ++serial};
        *(uint64 *)(void *)pin.iov.piece[i].at = serial;
    }
    user_unpin(&pin);
    assert_int_equal(space_mprotect(p->s, 0, TEXT * PGSIZE, R | X), 0);
    for (uint i = 0; i < DATA; i++)
        p->page[TEXT + i].prot = R | W;
    p->page[HEAP - 1].prot = R | W;
}

/* What the access must lead to, the growth of the stack included. */
static enum fault_result expected(struct process *p, uint slot, uchar need)
{
    if (slot >= STACK && slot < HEAP && p->page[slot].prot == 0 && need != X)
        for (uint i = slot; i < HEAP; i++)
            p->page[i].prot = R | W;
    if (slot >= STACK && slot < HEAP && need == X)
        return FAULT_PROT;
    if (p->page[slot].prot == 0)
        return FAULT_BAD;
    return p->page[slot].prot & need ? FAULT_OK : FAULT_PROT;
}

/* After a failed allocation the model of the stack is taken from the space. */
static void resync_stack(struct process *p)
{
    for (uint i = STACK; i < HEAP; i++)
        p->page[i].prot = area_find(&p->s->areas, va_of(i)) ? R | W : 0;
}

static void judge(struct process *p, enum fault_result got, enum fault_result want)
{
    if (may_fail && got == FAULT_NOMEM)
        resync_stack(p);
    else
        assert_int_equal(got, want);
}

static void step_access(struct process *p)
{
    uint slot = pick(4) ? pick(HEAP + 40) : pick(SLOTS);
    uint64 v = 0;
    run_somewhere(p);
    uint kind = pick(3);
    enum fault_result want = expected(p, slot, kind == 0 ? R : kind == 1 ? W : X), got;
    if (kind == 1) {
        got = shim_store(p->s, va_of(slot), ++serial);
        if (got == FAULT_OK)
            p->page[slot].word = serial;
    } else {
        got = (kind == 0 ? shim_load : shim_fetch)(p->s, va_of(slot), &v);
        if (got == FAULT_OK)
            assert_int_equal(v, p->page[slot].word);
    }
    judge(p, got, want);
    rest();
}

static void step_copy(struct process *p)
{
    uint slot = pick(SLOTS);
    uint64 v = 0;
    run_somewhere(p);
    bool out = pick(2);
    enum fault_result want = expected(p, slot, out ? W : R);
    int r;
    if (out) {
        v = ++serial;
        r = copyout(p->s, va_of(slot), &v, sizeof v);
        if (r == 0)
            p->page[slot].word = v;
    } else {
        r = copyin(p->s, &v, va_of(slot), sizeof v);
        if (r == 0)
            assert_int_equal(v, p->page[slot].word);
    }
    if (may_fail && r == -EFAULT)
        resync_stack(p);
    else
        assert_int_equal(r, want == FAULT_OK ? 0 : -EFAULT);
    rest();
}

static void step_fork(struct process *p)
{
    struct process *child = &proc[pick(PROCS)];
    struct space *s = NULL;
    if (child->s)
        return;
    run_somewhere(p);
    int r = space_fork(p->s, pick(4) ? FORK_COW : FORK_EAGER, &s);
    rest();
    if (r == 0) {
        memcpy(child->page, p->page, sizeof p->page);
        child->s = s;
    } else {
        assert_true(may_fail && r == -ENOMEM);
    }
}

static void step_exit(struct process *p)
{
    run_somewhere(p);
    rest();
    if (pick(2))
        shim_hart(pick(SHIM_HARTS));
    space_put(p->s);
    p->s = NULL;
}

static void step_sbrk(struct process *p)
{
    uint64 old = p->s->brk;
    int64 n = (int64)pick(40 * PGSIZE) - 18 * PGSIZE;
    if (old + (uint64)n > va_of(MAP - 1))
        return;
    run_somewhere(p);
    int64 r = space_sbrk(p->s, n, pick(2) ? SBRK_EAGER : SBRK_LAZY);
    rest();
    if (old + (uint64)n < va_of(HEAP)) {
        assert_int_equal(r, -EINVAL);
        return;
    }
    if (r == -ENOMEM && may_fail && n > 0)
        return;
    assert_int_equal(r, old);
    for (uint i = HEAP; i < MAP; i++) {
        bool there = va_of(i) < p->s->brk;
        if (there != (p->page[i].prot != 0))
            p->page[i] = (struct model){there ? R | W : 0, 0};
    }
}

static void step_map(struct process *p)
{
    uint from = MAP + pick(60), n = 1 + pick(SLOTS - from);
    uchar prot = (uchar[]){R, R | W, R | X, W}[pick(4)];
    bool vacant = true;
    for (uint i = from; i < from + n; i++)
        vacant = vacant && p->page[i].prot == 0;
    run_somewhere(p);
    uint64 start = va_of(from), end = start + n * PGSIZE;
    int r = vacant ? space_map(p->s, start, end, prot, AREA_MAP) : space_unmap(p->s, start, end);
    rest();
    if (r == -ENOMEM && may_fail)
        return;
    assert_int_equal(r, 0);
    prot = prot & W ? R | W : prot;
    for (uint i = from; i < from + n; i++)
        p->page[i] = (struct model){vacant ? prot : 0, 0};
}

/* A range of the data, of the heap or of mappings; and whether all of it is promised. */
static bool pick_range(struct process *p, uint *from, uint *n)
{
    static const uint start[] = {TEXT, HEAP, MAP}, size[] = {DATA, 40, SLOTS - MAP};
    uint i = pick(3);
    bool whole = true;

    *from = start[i] + pick(size[i]);
    *n = 1 + pick(start[i] + size[i] - *from);
    for (uint k = 0; k < *n; k++)
        whole = whole && p->page[*from + k].prot != 0;
    return whole;
}

static void step_protect(struct process *p)
{
    uint from, n;
    bool whole = pick_range(p, &from, &n);
    int prot = (int[]){0, R, R | W, R | W, R | X, X}[pick(6)];
    run_somewhere(p);
    int r = space_mprotect(p->s, va_of(from), n * PGSIZE, prot);
    rest();
    if (r == -ENOMEM && may_fail)
        return;
    assert_int_equal(r, whole ? 0 : -ENOMEM);
    for (uint i = from; whole && i < from + n; i++)
        p->page[i].prot = (uchar)(prot ? prot : NONE);
}

static void step_forget(struct process *p)
{
    uint from, n;
    bool whole = pick_range(p, &from, &n);
    run_somewhere(p);
    int r = space_forget(p->s, va_of(from), n * PGSIZE);
    rest();
    assert_int_equal(r, whole ? 0 : -ENOMEM);
    for (uint i = from; whole && i < from + n; i++)
        p->page[i].word = 0;
}

static void step_replace(struct process *p)
{
    uint from = MAP + pick(60), n = 1 + pick(SLOTS - from);
    int prot = (int[]){0, R, R | W, R | X}[pick(4)];
    struct mapping m = {.addr = va_of(from), .bytes = n * PGSIZE, .prot = prot, .fixed = true};
    run_somewhere(p);
    int64 r = space_mmap(p->s, &m);
    rest();
    if (r == -ENOMEM && may_fail)
        return;
    assert_int_equal(r, m.addr);
    for (uint i = from; i < from + n; i++)
        p->page[i] = (struct model){(uchar)(prot ? prot : NONE), 0};
}

static void check_all(void)
{
    struct space *all[PROCS];
    uint n = 0;
    for (uint i = 0; i < PROCS; i++)
        if (proc[i].s)
            all[n++] = proc[i].s;
    shim_check(all, n);
}

static void step(struct process *p)
{
    may_fail = pick(8) == 0;
    shim_fail_nth(may_fail ? 1 + pick(6) : 0);
    uint what = pick(100);
    if (what < 55)
        step_access(p);
    else if (what < 70)
        step_copy(p);
    else if (what < 75)
        step_fork(p);
    else if (what < 77)
        step_exit(p);
    else if (what < 88)
        step_sbrk(p);
    else if (what < 92)
        step_map(p);
    else if (what < 96)
        step_protect(p);
    else if (what < 98)
        step_replace(p);
    else
        step_forget(p);
    shim_fail_nth(0);
}

/* Runs `steps` steps with that many bits of ASID, then checks that nothing is left. */
static void random_life(uint asid_bits, unsigned seed, uint steps)
{
    srand(seed);
    shim_reset(asid_bits);
    uint64 frames = shim_frames_used(), objects = shim_objects_used();
    memset(proc, 0, sizeof proc);
    for (uint i = 0; i < steps; i++) {
        struct process *p = &proc[pick(PROCS)];
        if (p->s)
            step(p);
        else if (pick(4) == 0)
            new_program(p);
        if (i % 64 == 0)
            check_all();
    }
    for (uint i = 0; i < PROCS; i++)
        if (proc[i].s)
            step_exit(&proc[i]);
    assert_int_equal(shim_frames_used(), frames);
    assert_int_equal(shim_objects_used(), objects);
    assert_int_equal(commit_total(), 0);
}

static void many_asids(void **state)
{
    (void)state;
    random_life(16, 1, 60000);
}

static void few_asids(void **state)
{
    (void)state;
    random_life(2, 2, 60000);
}

static void no_asids(void **state)
{
    (void)state;
    random_life(0, 3, 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_asids),
        cmocka_unit_test(few_asids),
        cmocka_unit_test(no_asids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
