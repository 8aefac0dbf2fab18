// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c
// sources: kernel/vm/stat.c kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c
/* The rows of docs/fault.md, each decided by fault_classify() alone. */
#include "tests/host/unit.h"

#include "kernel/vm/fault.h"
#include "kernel/vm/store.h"

#define RW       (AREA_R | AREA_W)
#define RX       (AREA_R | AREA_X)

#define READABLE (PA2PTE(0x80001000) | PTE_V | PTE_U | PTE_R | PTE_A)
#define WRITABLE (READABLE | PTE_W | PTE_D)
#define CODE     (READABLE | PTE_X)

static const struct area data = {.prot = RW, .kind = AREA_DATA};
static const struct area text = {.prot = RX, .kind = AREA_TEXT};
static const struct area rodata = {.prot = AREA_R, .kind = AREA_DATA};
static const struct area none = {.prot = 0, .kind = AREA_MAP};
static const struct area stack = {.prot = RW, .kind = AREA_STACK};

static void bad(void **state)
{
    (void)state;
    for (int access = ACCESS_READ; access <= ACCESS_EXEC; access++) {
        assert_int_equal(fault_classify(NULL, false, 0, PART_NONE, false, access), KIND_BAD);
        assert_int_equal(fault_classify(NULL, false, WRITABLE, PART_NONE, true, access), KIND_BAD);
    }
}

static void prot(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&text, false, 0, PART_NONE, false, ACCESS_WRITE), KIND_PROT);
    assert_int_equal(fault_classify(&text, false, CODE, PART_NONE, true, ACCESS_WRITE), KIND_PROT);
    assert_int_equal(fault_classify(&rodata, false, READABLE, PART_NONE, true, ACCESS_WRITE),
                     KIND_PROT);
    assert_int_equal(fault_classify(&rodata, false, READABLE, PART_NONE, true, ACCESS_EXEC),
                     KIND_PROT);
    assert_int_equal(fault_classify(&data, false, 0, PART_NONE, false, ACCESS_EXEC), KIND_PROT);
    assert_int_equal(fault_classify(&data, false, WRITABLE, PART_NONE, true, ACCESS_EXEC),
                     KIND_PROT);
    assert_int_equal(fault_classify(&none, false, 0, PART_NONE, false, ACCESS_READ), KIND_PROT);
    assert_int_equal(fault_classify(&stack, true, 0, PART_NONE, false, ACCESS_EXEC), KIND_PROT);
}

/* The area is asked, not only the entry: a broken table must not grant what nobody promised. */
static void prot_before_pte(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&rodata, false, WRITABLE, PART_NONE, true, ACCESS_WRITE),
                     KIND_PROT);
    assert_int_equal(fault_classify(&data, false, CODE, PART_NONE, true, ACCESS_EXEC), KIND_PROT);
}

static void grows(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&stack, true, 0, PART_NONE, false, ACCESS_READ), KIND_STACK);
    assert_int_equal(fault_classify(&stack, true, 0, PART_NONE, false, ACCESS_WRITE), KIND_STACK);
}

static void zero(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&data, false, 0, PART_NONE, false, ACCESS_READ), KIND_ZERO);
    assert_int_equal(fault_classify(&text, false, 0, PART_NONE, false, ACCESS_EXEC), KIND_ZERO);
    assert_int_equal(fault_classify(&text, false, 0, PART_NONE, false, ACCESS_READ), KIND_ZERO);
}

static void lazy(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&data, false, 0, PART_NONE, false, ACCESS_WRITE), KIND_LAZY);
    assert_int_equal(fault_classify(&stack, false, 0, PART_NONE, false, ACCESS_WRITE), KIND_LAZY);
}

static void cow(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&data, false, READABLE, PART_NONE, false, ACCESS_WRITE),
                     KIND_COW);
}

static void reuse(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&data, false, READABLE, PART_NONE, true, ACCESS_WRITE),
                     KIND_REUSE);
}

static void spurious(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&data, false, WRITABLE, PART_NONE, true, ACCESS_WRITE),
                     KIND_SPURIOUS);
    assert_int_equal(fault_classify(&data, false, WRITABLE, PART_NONE, true, ACCESS_READ),
                     KIND_SPURIOUS);
    assert_int_equal(fault_classify(&data, false, READABLE, PART_NONE, false, ACCESS_READ),
                     KIND_SPURIOUS);
    assert_int_equal(fault_classify(&text, false, CODE, PART_NONE, false, ACCESS_EXEC),
                     KIND_SPURIOUS);
    assert_int_equal(
        fault_classify(&data, false, WRITABLE & ~(PTE_A | PTE_D), PART_NONE, true, ACCESS_WRITE),
        KIND_SPURIOUS);
}

/* A store as far as the rows are concerned: only that there is one. */
static struct store a_file;
static const struct area library = {.prot = RX, .kind = AREA_TEXT, .store = &a_file};
static const struct area copy = {.prot = RW, .kind = AREA_MAP, .store = &a_file};
static const struct area mapping = {
    .prot = RW, .kind = AREA_MAP, .store = &a_file, .shared = true, .may_write = true};

static void eof(void **state)
{
    (void)state;
    for (int access = ACCESS_READ; access <= ACCESS_WRITE; access++) {
        assert_int_equal(fault_classify(&copy, false, 0, PART_NONE, false, access), KIND_EOF);
        assert_int_equal(fault_classify(&mapping, false, 0, PART_NONE, false, access), KIND_EOF);
    }
    assert_int_equal(fault_classify(&library, false, 0, PART_NONE, false, ACCESS_EXEC), KIND_EOF);
    assert_int_equal(fault_classify(&library, false, 0, PART_NONE, false, ACCESS_WRITE), KIND_PROT);
}

static void file(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&library, false, 0, PART_ALL, false, ACCESS_EXEC), KIND_FILE);
    assert_int_equal(fault_classify(&library, false, 0, PART_ALL, false, ACCESS_READ), KIND_FILE);
    assert_int_equal(fault_classify(&copy, false, 0, PART_ALL, false, ACCESS_READ), KIND_FILE);
    assert_int_equal(fault_classify(&mapping, false, 0, PART_ALL, false, ACCESS_READ), KIND_FILE);
    assert_int_equal(fault_classify(&mapping, false, 0, PART_ALL, false, ACCESS_WRITE), KIND_FILE);
}

static void file_cow(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&copy, false, 0, PART_ALL, false, ACCESS_WRITE), KIND_FILE_COW);
    assert_int_equal(fault_classify(&copy, false, 0, PART_SOME, false, ACCESS_WRITE),
                     KIND_FILE_COW);
    assert_int_equal(fault_classify(&copy, false, 0, PART_SOME, false, ACCESS_READ), KIND_FILE_COW);
}

static void dirty(void **state)
{
    (void)state;
    assert_int_equal(fault_classify(&mapping, false, READABLE, PART_NONE, false, ACCESS_WRITE),
                     KIND_DIRTY);
    assert_int_equal(fault_classify(&mapping, false, WRITABLE, PART_NONE, false, ACCESS_WRITE),
                     KIND_SPURIOUS);
    assert_int_equal(fault_classify(&copy, false, READABLE, PART_NONE, false, ACCESS_WRITE),
                     KIND_COW);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        assert_non_null(fault_kind_name[kind]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad),
        cmocka_unit_test(prot),
        cmocka_unit_test(prot_before_pte),
        cmocka_unit_test(grows),
        cmocka_unit_test(zero),
        cmocka_unit_test(lazy),
        cmocka_unit_test(cow),
        cmocka_unit_test(reuse),
        cmocka_unit_test(spurious),
        cmocka_unit_test(eof),
        cmocka_unit_test(file),
        cmocka_unit_test(file_cow),
        cmocka_unit_test(dirty),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
