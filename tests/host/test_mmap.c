// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c kernel/vm/mmap.c
// sources: kernel/vm/mprotect.c kernel/vm/advise.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c
/* Mappings on the model machine of vm_shim.h: what harts remember, and allocations that fail. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/pmap.h"
#include "tests/host/vm_shim.h"

#define RW (AREA_R | AREA_W)
#define RX (AREA_R | AREA_X)
#define N  6 /* pages of a mapping */

static uint64 frames_before, objects_before;
static struct space *s;
static uint64 at; /* of the mapping */

static void run_on(uint hart)
{
    shim_hart(hart);
    irq_push();
    space_activate(s);
    irq_pop();
}

static void run_nowhere(void)
{
    for (uint hart = SHIM_HARTS; hart-- > 0;) {
        shim_hart(hart);
        irq_push();
        space_activate(NULL);
        irq_pop();
    }
}

static uint64 map(uint64 addr, uint64 pages, int prot)
{
    struct mapping m = {
        .addr = addr, .bytes = pages * PGSIZE, .prot = prot, .fixed = addr != 0, .may_write = true};
    return (uint64)space_mmap(s, &m);
}

static int setup(void **state)
{
    (void)state;
    shim_reset(16);
    frames_before = shim_frames_used();
    objects_before = shim_objects_used();
    s = space_new();
    assert_non_null(s);
    run_on(0);
    at = map(0, N, RW);
    assert_int_equal(at, USER_END - N * PGSIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shim_check(&s, 1);
    run_nowhere();
    space_put(s);
    assert_int_equal(shim_frames_used(), frames_before);
    assert_int_equal(shim_objects_used(), objects_before);
    assert_int_equal(commit_total(), 0);
    return 0;
}

/* All pages hold `word` afterwards, and all harts remember them. */
static void write_pages(uint64 word)
{
    for (uint i = 0; i < N; i++)
        assert_int_equal(shim_store(s, at + i * PGSIZE, word), FAULT_OK);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        run_on(hart);
        for (uint i = 0; i < N; i++)
            assert_int_equal(shim_store(s, at + i * PGSIZE, word), FAULT_OK);
    }
}

static int protect(uint64 from, uint64 n, int prot)
{
    return space_mprotect(s, at + from * PGSIZE, n * PGSIZE, prot);
}

/* What each hart may do with pages from .. from + n. */
static void check(uint from, uint n, enum fault_result load, enum fault_result store)
{
    uint64 v;
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        run_on(hart);
        for (uint i = from; i < from + n; i++) {
            assert_int_equal(shim_load(s, at + i * PGSIZE, &v), load);
            assert_int_equal(shim_store(s, at + i * PGSIZE, 7), store);
        }
    }
}

/* Rights are gone on all harts, for one page and for several; what is given comes by faults. */
static void rights_are_taken_everywhere(void **state)
{
    (void)state;
    write_pages(1);
    run_on(0);
    assert_int_equal(protect(1, 1, AREA_R), 0);
    check(1, 1, FAULT_OK, FAULT_PROT);
    assert_int_equal(protect(2, 3, AREA_R), 0);
    check(2, 3, FAULT_OK, FAULT_PROT);
    check(0, 1, FAULT_OK, FAULT_OK);
    assert_int_equal(protect(0, N, 0), 0);
    check(0, N, FAULT_PROT, FAULT_PROT);
    assert_int_equal(protect(0, N, RW), 0);
    check(0, N, FAULT_OK, FAULT_OK);
    assert_null(area_next(area_first(&s->areas)));
}

/* From written to executable: no hart fetches what was there before. */
static void code_is_fetched_anew(void **state)
{
    uint64 v;
    (void)state;
    for (uint64 round = 1; round < 10; round++) {
        run_on((uint)round % SHIM_HARTS);
        assert_int_equal(protect(0, N, RW), 0);
        write_pages(round);
        assert_int_equal(protect(0, N, round % 2 ? RX : AREA_X), 0);
        for (uint hart = 0; hart < SHIM_HARTS; hart++) {
            run_on(hart);
            assert_int_equal(shim_fetch(s, at + PGSIZE, &v), FAULT_OK);
            assert_int_equal(v, round);
        }
    }
}

/* What is forgotten, unmapped or replaced is so on all harts. */
static void pages_go_everywhere(void **state)
{
    uint64 v;
    (void)state;
    write_pages(1);
    assert_int_equal(space_forget(s, at, 2 * PGSIZE), 0);
    assert_int_equal(map(at + 2 * PGSIZE, 2, RW), at + 2 * PGSIZE);
    assert_int_equal(space_munmap(s, at + 4 * PGSIZE, PGSIZE), 0);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        run_on(hart);
        for (uint i = 0; i < 4; i++)
            assert_true(shim_load(s, at + i * PGSIZE, &v) == FAULT_OK && v == 0);
        assert_int_equal(shim_load(s, at + 4 * PGSIZE, &v), FAULT_BAD);
    }
}

/* What was used is told once, and the harts are told of it. */
static void accessed_bits_are_taken(void **state)
{
    uint8 bits[1];
    (void)state;
    write_pages(1);
    uint64 fences = shim_fences();
    assert_int_equal(space_pgaccess(s, at, N, bits), 0);
    assert_int_equal(bits[0], (1 << N) - 1);
    assert_true(shim_fences() > fences);
    assert_int_equal(space_pgaccess(s, at, N, bits), 0);
    assert_int_equal(bits[0], 0);
}

/* The bit is set again by the next use, on every hart: none remembers that it was set. */
static void accessed_bits_come_again(void **state)
{
    uint8 bits[1];
    uint64 v;
    (void)state;
    write_pages(1);
    for (uint hart = 0; hart < SHIM_HARTS; hart++) {
        run_on(hart);
        assert_int_equal(space_pgaccess(s, at, N, bits), 0);
        assert_int_equal(shim_load(s, at + hart * PGSIZE, &v), FAULT_OK);
        assert_int_equal(shim_store(s, at + 4 * PGSIZE, 1), FAULT_OK);
        assert_int_equal(space_pgaccess(s, at, N, bits), 0);
        assert_int_equal(bits[0], 1 << hart | 1 << 4);
    }
}

/* The heap takes back its own, not what was mapped into it. */
static void the_heap_takes_its_own(void **state)
{
    uint64 v;
    (void)state;
    assert_int_equal(space_set_stack(s, 0x8000), 0);
    uint64 heap = s->heap;
    assert_int_equal(space_sbrk(s, 8 * PGSIZE, SBRK_EAGER), heap);
    assert_int_equal(map(heap + 4 * PGSIZE, 1, RW), heap + 4 * PGSIZE);
    assert_int_equal(shim_store(s, heap + 4 * PGSIZE, 5), FAULT_OK);
    assert_int_equal(space_munmap(s, heap + PGSIZE, PGSIZE), 0);
    assert_int_equal(space_sbrk(s, -8 * PGSIZE, SBRK_EAGER), heap + 8 * PGSIZE);
    assert_true(shim_load(s, heap + 4 * PGSIZE, &v) == FAULT_OK && v == 5);
    assert_int_equal(shim_load(s, heap, &v), FAULT_BAD);
    assert_int_equal(space_sbrk(s, 8 * PGSIZE, SBRK_EAGER), -ENOMEM);
    assert_int_equal(map(s->stack_low - PGSIZE, 1, RW), -EINVAL);
}

/* --- Each allocation of a call fails in turn: then nothing has changed ------------------------ */

static int divide(void)
{
    return protect(2, 2, AREA_R);
}

static int cut_out(void)
{
    return space_munmap(s, at + 2 * PGSIZE, 2 * PGSIZE);
}

static int replace(void)
{
    int64 r = (int64)map(at + 2 * PGSIZE, 2, AREA_R);
    return r < 0 ? (int)r : 0;
}

/* With room for tables of its own below the mapping. */
static int extend(void)
{
    int64 r = (int64)map(at - 4 * SUPERPGSIZE, (4 * SUPERPGSIZE >> PGSHIFT) + 1, RW);
    return r < 0 ? (int)r : 0;
}

static void fails_cleanly(int (*call)(void))
{
    uint64 promised = s->promised, committed = commit_total(), frames = shim_frames_used();
    uint failures = 0;
    int r;

    write_pages(3);
    frames = shim_frames_used();
    for (uint n = 1; shim_fail_nth(n), (r = call()) < 0; n++, failures++) {
        shim_fail_nth(0);
        assert_int_equal(r, -ENOMEM);
        assert_true(s->promised == promised);
        assert_true(commit_total() == committed);
        assert_true(shim_frames_used() == frames);
        assert_null(area_next(area_first(&s->areas)));
        check(0, N, FAULT_OK, FAULT_OK);
        shim_check(&s, 1);
    }
    shim_fail_nth(0);
    assert_true(failures > 0);
}

static void every_allocation_may_fail(void **state)
{
    int (*const calls[])(void) = {divide, cut_out, replace, extend};
    for (uint i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        fails_cleanly(calls[i]);
        teardown(state);
        setup(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rights_are_taken_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(code_is_fetched_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_go_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(accessed_bits_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(accessed_bits_come_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_heap_takes_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
