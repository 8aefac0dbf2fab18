// sources: kernel/vm/promise.c kernel/vm/heap.c kernel/vm/shm.c
// sources: kernel/vm/rmap.c kernel/vm/reclaim.c kernel/vm/store.c kernel/vm/pmap_fork.c
// sources: kernel/vm/fault.c kernel/vm/space.c kernel/vm/area.c kernel/vm/stat.c
// sources: kernel/vm/commit.c kernel/vm/pmap.c kernel/vm/tlb.c kernel/vm/usercopy.c
// sources: kernel/lib/avl.c tests/host/vm_shim.c
/* Areas with a store, on the machine of vm_shim.h: what faults ask it, and the reverse map. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "kernel/vm/rmap.h"
#include "kernel/vm/tlb.h"
#include "kernel/vm/usercopy.h"
#include "tests/host/vm_shim.h"

#define BASE  0x40000000UL
#define PAGES 40
#define RW    (AREA_R | AREA_W)
#define RX    (AREA_R | AREA_X)

/* A store of frames that are made when they are first asked for; page i begins with the word i. */
static struct store file;
static struct frame *page[PAGES];
static bool is_dirty[PAGES];
static uint64 length; /* pages */
static int users, writers, answer;
static uint64 frames_before, objects_before;

static struct frame *page_of(uint64 i)
{
    if (page[i] == NULL && (page[i] = frame_alloc(FRAME_CACHE, FRAME_ZEROED)) != NULL) {
        uint64 *word = frame_virt(page[i]);
        for (uint64 n = 0; n < PGSIZE / 8; n++)
            word[n] = i + (n << 32);
    }
    return page[i];
}

static int fetch(struct store *st, uint64 i, bool write, struct frame **out)
{
    assert_ptr_equal(st, &file);
    if (i >= length)
        return -ERANGE;
    if (answer < 0)
        return answer;
    int waited = page[i] == NULL;
    if (page_of(i) == NULL)
        return -ENOMEM;
    is_dirty[i] |= write;
    frame_get(page[i]);
    *out = page[i];
    return waited;
}

static uint peek(struct store *st, uint64 first, uint n, struct frame *out[])
{
    uint found = 0;
    (void)st;
    for (uint i = 0; i < n; i++) {
        out[i] = first + i < length ? page[first + i] : NULL;
        if (out[i]) {
            frame_get(out[i]);
            found++;
        }
    }
    return found;
}

static int dirty(struct store *st, uint64 i)
{
    (void)st;
    if (i >= length || !page[i])
        return -ERANGE;
    is_dirty[i] = true;
    return 0;
}

/* One page more than fetch() knows when `answer` says so: the store shrinks between the two. */
static uint64 pages(struct store *st)
{
    (void)st;
    return answer == -ERANGE ? length + 1 : length;
}

static void get(struct store *st, bool writer)
{
    (void)st;
    users++;
    writers += writer;
}

static void put(struct store *st, bool writer)
{
    (void)st;
    users--;
    writers -= writer;
}

static const struct store_ops ops = {
    .fetch = fetch, .peek = peek, .dirty = dirty, .pages = pages, .get = get, .put = put};

static int setup(void **state)
{
    (void)state;
    shim_reset(16);
    store_init(&file, &ops);
    memset(page, 0, sizeof page);
    memset(is_dirty, 0, sizeof is_dirty);
    length = PAGES;
    users = writers = answer = 0;
    reclaim_set(NULL);
    frames_before = shim_frames_used();
    objects_before = shim_objects_used();
    return 0;
}

/* Takes page i from the store, as truncation or eviction does. */
static void forget(uint64 i)
{
    frame_put(page[i]);
    page[i] = NULL;
}

static int teardown(void **state)
{
    (void)state;
    shim_hart(0);
    for (uint64 i = 0; i < PAGES; i++)
        if (page[i]) {
            assert_int_equal(page[i]->refs, 1);
            forget(i);
        }
    assert_int_equal(users, 0);
    assert_int_equal(writers, 0);
    assert_true(list_empty(&file.areas));
    assert_int_equal(shim_frames_used(), frames_before);
    assert_int_equal(shim_objects_used(), objects_before);
    assert_int_equal(commit_total(), 0);
    return 0;
}

static void activate(struct space *s)
{
    irq_push();
    space_activate(s);
    irq_pop();
}

static struct area mapping(int prot, bool shared)
{
    return (struct area){.prot = (uchar)prot,
                         .kind = AREA_MAP,
                         .charged = !shared && prot & AREA_W,
                         .shared = shared,
                         .may_write = shared && prot & AREA_W,
                         .store = &file,
                         .bytes = AREA_ALL_BYTES};
}

static void map_at(struct space *s, uint64 va, uint64 n, const struct area *like)
{
    assert_int_equal(space_map_like(s, va, va + n * PGSIZE, like), 0);
}

/* A space with n pages of the store at BASE. */
static struct space *mapped(int prot, bool shared, uint64 n)
{
    struct space *s = space_new();
    struct area like = mapping(prot, shared);
    map_at(s, BASE, n, &like);
    activate(s);
    return s;
}

static uint64 load(struct space *s, uint64 va)
{
    uint64 v = 0;
    activate(s);
    assert_int_equal(shim_load(s, va, &v), FAULT_OK);
    return v;
}

static void store(struct space *s, uint64 va, uint64 v)
{
    activate(s);
    assert_int_equal(shim_store(s, va, v), FAULT_OK);
}

static uint64 word_in_store(uint64 i)
{
    return *(uint64 *)frame_virt(page[i]);
}

static struct frame *frame_at(struct space *s, uint64 va)
{
    const pte_t *slot = pmap_find(s, va);
    return slot && *slot ? frame_of(PTE2PA(*slot)) : NULL;
}

static void check(struct space *a, struct space *b)
{
    struct space *const all[] = {a, b};
    shim_check(all, b ? 2 : 1);
}

static void reads_map_the_frame_of_the_store(void **state)
{
    (void)state;
    struct space *a = mapped(AREA_R, false, 3), *b = mapped(RW, false, 3);
    assert_int_equal(load(a, BASE + 2 * PGSIZE), 2);
    assert_int_equal(load(b, BASE + 2 * PGSIZE), 2);
    assert_ptr_equal(frame_at(a, BASE + 2 * PGSIZE), page[2]);
    assert_ptr_equal(frame_at(b, BASE + 2 * PGSIZE), page[2]);
    assert_int_equal(page[2]->refs, 3);
    check(a, b);
    space_put(a);
    space_put(b);
}

static void private_writes_copy(void **state)
{
    (void)state;
    struct space *a = mapped(RW, false, 3), *b = mapped(RW, false, 3);
    store(a, BASE, 77);          /* FILE+COW */
    load(a, BASE + PGSIZE);      /* FILE */
    store(a, BASE + PGSIZE, 78); /* COW */
    assert_int_equal(word_in_store(0), 0);
    assert_int_equal(word_in_store(1), 1);
    assert_int_equal(load(b, BASE), 0);
    assert_int_equal(load(a, BASE), 77);
    assert_int_equal(load(a, BASE + PGSIZE), 78);
    assert_false(is_dirty[0] || is_dirty[1]);
    check(a, b);
    space_put(b);
    forget(1); /* what is alone with a frame of a store does not own it */
    store(a, BASE + PGSIZE, 79);
    space_put(a);
}

static void a_dropped_frame_is_nobodys(void **state)
{
    (void)state;
    struct space *s = mapped(RW, false, 1);
    load(s, BASE);
    struct frame *f = page[0];
    frame_get(f);
    forget(0);
    frame_put(f); /* the entry has the last reference */
    store(s, BASE, 5);
    assert_ptr_not_equal(frame_at(s, BASE), f);
    assert_int_equal(frame_at(s, BASE)->state, FRAME_ANON);
    space_put(s);
}

static void shared_writes_reach_the_store(void **state)
{
    (void)state;
    struct space *a = mapped(RW, true, 3), *b = mapped(AREA_R, true, 3);
    load(a, BASE);
    assert_false(is_dirty[0]);
    store(a, BASE, 5); /* DIRTY */
    assert_true(is_dirty[0]);
    store(a, BASE + PGSIZE, 6); /* FILE, dirty at once */
    assert_true(is_dirty[1] && !is_dirty[2]);
    assert_int_equal(load(b, BASE), 5);
    assert_int_equal(word_in_store(1), 6);
    assert_int_equal(writers, 1);
    assert_int_equal(commit_total(), a->committed + b->committed);
    check(a, b);
    space_put(a);
    space_put(b);
}

static void clean_pages_are_told_of_the_next_write(void **state)
{
    (void)state;
    struct space *a = mapped(RW, true, 3), *b = mapped(RW, true, 3);
    shim_hart(1);
    store(b, BASE + PGSIZE, 1);
    shim_hart(0);
    store(a, BASE, 1);
    store(a, BASE + PGSIZE, 2);
    is_dirty[0] = is_dirty[1] = false;
    rmap_protect(&file, 1, 2);
    store(a, BASE, 3);
    assert_false(is_dirty[0]); /* outside the range */
    assert_int_equal(load(a, BASE + PGSIZE), 2);
    assert_false(is_dirty[1]);
    shim_hart(1);
    store(b, BASE + PGSIZE, 4);
    assert_true(is_dirty[1]);
    is_dirty[1] = false;
    shim_hart(0);
    store(a, BASE + PGSIZE, 5);
    assert_true(is_dirty[1]);
    check(a, b);
    space_put(a);
    shim_hart(1);
    space_activate(NULL);
    space_put(b);
}

static void unmapping_leaves_private_copies(void **state)
{
    (void)state;
    struct space *a = mapped(RW, false, 4), *b = mapped(RW, true, 4);
    store(a, BASE, 50);
    load(a, BASE + PGSIZE);
    shim_hart(1);
    store(b, BASE + PGSIZE, 60);
    shim_hart(0);
    struct frame *old = page[1];
    frame_get(old);
    forget(1);
    rmap_unmap(&file, 0, 4);
    assert_int_equal(old->refs, 1);
    frame_put(old);
    assert_int_equal(load(a, BASE), 50);
    assert_int_equal(load(a, BASE + PGSIZE), 1);
    shim_hart(1);
    assert_int_equal(load(b, BASE + PGSIZE), 1);
    check(a, b);
    space_activate(NULL);
    shim_hart(0);
    space_put(a);
    space_put(b);
}

static void the_part_behind_the_bytes_is_zero(void **state)
{
    (void)state;
    struct area like = mapping(RW, false);
    struct space *s = space_new();
    like.bytes = PGSIZE + 16;
    map_at(s, BASE, 2, &like);
    assert_int_equal(load(s, BASE + PGSIZE), 1);
    assert_int_equal(load(s, BASE + PGSIZE + 8), 1 + (1UL << 32));
    assert_int_equal(load(s, BASE + PGSIZE + 16), 0);
    assert_int_equal(load(s, BASE + 2 * PGSIZE - 8), 0);
    assert_int_not_equal(load(s, BASE + PGSIZE - 8), 0);
    assert_int_equal(word_in_store(1), 1);
    check(s, NULL);
    /* Where the area begins later, it still ends there. */
    assert_int_equal(space_unmap(s, BASE, BASE + PGSIZE), 0);
    rmap_unmap(&file, 0, PAGES);
    assert_int_equal(load(s, BASE + PGSIZE + 16), 0);
    space_put(s);
}

static void the_store_says_no(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, PAGES);
    uint64 v, before = shim_frames_used();
    length = 2;
    activate(s);
    assert_int_equal(shim_load(s, BASE + 2 * PGSIZE, &v), FAULT_EOF);
    answer = -EIO;
    assert_int_equal(shim_load(s, BASE, &v), FAULT_IO);
    answer = -ENOMEM;
    assert_int_equal(shim_store(s, BASE, 1), FAULT_NOMEM);
    answer = -ERANGE;
    uint64 seen = fault_count_of(KIND_EOF);
    assert_int_equal(shim_load(s, BASE + 2 * PGSIZE, &v), FAULT_EOF);
    assert_int_equal(fault_count_of(KIND_EOF), seen + 1);
    answer = 0;
    load(s, BASE);
    length = 0;
    assert_int_equal(shim_store(s, BASE, 1), FAULT_EOF); /* DIRTY of a page that went */
    assert_true(shim_frames_used() <= before + 4);
    check(s, NULL);
    space_put(s);
}

/* No failure of an allocation leaves a reference or a charge behind. */
static void nothing_is_lost_without_memory(void **state)
{
    (void)state;
    struct area like = mapping(RW, false);
    like.charged = false; /* so that keeping the promise is charged, too */
    for (uint64 n = 1; n < 20; n++) {
        struct space *s = space_new();
        map_at(s, BASE, 3, &like);
        page_of(0);
        activate(s);
        shim_fail_nth(n);
        enum fault_result r = shim_store(s, BASE, 9);
        bool failed = shim_failed();
        shim_fail_nth(0);
        assert_int_equal(r, failed ? FAULT_NOMEM : FAULT_OK);
        check(s, NULL);
        space_put(s);
        assert_int_equal(page[0]->refs, 1);
    }
}

static void neighbours_come_along(void **state)
{
    (void)state;
    struct area like = mapping(RX, false);
    struct space *s = space_new();
    like.offset = 3 * PGSIZE;
    map_at(s, BASE + 5 * PGSIZE, 30, &like);
    for (uint64 i = 0; i < PAGES; i += 2)
        page_of(i);
    activate(s);
    uint64 v;
    assert_int_equal(shim_fetch(s, BASE + 9 * PGSIZE, &v), FAULT_OK);
    assert_int_equal(v, 7);
    for (uint64 i = 5; i < 35; i++) {
        struct frame *f = frame_at(s, BASE + i * PGSIZE);
        bool in_window = i / AROUND_PAGES == 9 / AROUND_PAGES, there = i == 9 || i % 2 == 0;
        assert_ptr_equal(f, in_window && there ? page[i - 2] : NULL);
    }
    check(s, NULL);
    assert_int_equal(shim_fetch(s, BASE + 8 * PGSIZE, &v), FAULT_OK);
    assert_int_equal(v, 6);
    space_put(s);
}

static void pieces_keep_their_references(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 10);
    for (uint64 i = 0; i < 10; i++)
        store(s, BASE + i * PGSIZE, 100 + i);
    assert_int_equal(space_unmap(s, BASE + 3 * PGSIZE, BASE + 5 * PGSIZE), 0);
    assert_int_equal(users, 2);
    assert_int_equal(writers, 2);
    check(s, NULL);
    rmap_unmap(&file, 0, PAGES);
    assert_int_equal(s->resident, 0);
    assert_int_equal(load(s, BASE + 6 * PGSIZE), 106);
    assert_ptr_equal(frame_at(s, BASE + 6 * PGSIZE), page[6]);
    assert_int_equal(space_unmap(s, BASE, BASE + 3 * PGSIZE), 0);
    assert_int_equal(users, 1);
    assert_int_equal(space_unmap(s, BASE + 5 * PGSIZE, BASE + 6 * PGSIZE), 0);
    assert_int_equal(load(s, BASE + 7 * PGSIZE), 107);
    check(s, NULL);
    space_put(s);
}

/* Else a process that divides and joins areas all the time would hold up a walk for ever. */
static void pieces_are_not_new_to_a_walk(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 4);
    struct area *a = area_find(&s->areas, BASE), *dead;
    rmap_protect(&file, 0, PAGES);
    assert_int_equal(a->round, file.round);
    assert_int_equal(area_split(&s->areas, a, BASE + PGSIZE, 0), 0);
    struct area *b = area_next(a);
    assert_int_equal(b->round, file.round);
    assert_true(area_join(&s->areas, a, &dead));
    area_free_dead(dead);
    assert_int_equal(a->round, file.round);
    assert_int_equal(area_split(&s->areas, a, BASE + PGSIZE, 0), 0);
    a->round = 0; /* as if a walk had dealt with the second only */
    assert_true(area_join(&s->areas, a, &dead));
    area_free_dead(dead);
    assert_int_equal(a->round, 0);
    check(s, NULL);
    space_put(s);
}

static void forks(bool shared, int mode)
{
    struct space *s = mapped(RW, shared, 4), *child;
    store(s, BASE, 1);
    load(s, BASE + PGSIZE);
    assert_int_equal(space_fork(s, mode, &child), 0);
    check(s, child);
    store(child, BASE, 2);
    store(s, BASE + PGSIZE, 3);
    store(child, BASE + 2 * PGSIZE, 4);
    assert_int_equal(load(s, BASE), shared ? 2 : 1);
    assert_int_equal(load(child, BASE + PGSIZE), shared ? 3 : 1);
    assert_int_equal(load(s, BASE + 2 * PGSIZE), shared ? 4 : 2);
    check(s, child);
    memset(is_dirty, 0, sizeof is_dirty);
    rmap_protect(&file, 0, PAGES);
    store(child, BASE, 5);
    assert_int_equal(is_dirty[0], shared);
    rmap_unmap(&file, 0, PAGES);
    assert_int_equal(load(child, BASE), 5);
    check(s, child);
    space_put(s);
    space_put(child);
}

static void fork_shares_what_is_shared(void **state)
{
    (void)state;
    forks(true, FORK_COW);
    forks(true, FORK_EAGER);
}

static void fork_divides_what_is_private(void **state)
{
    (void)state;
    forks(false, FORK_COW);
    for (uint64 i = 0; i < PAGES; i++)
        if (page[i])
            forget(i);
    forks(false, FORK_EAGER);
}

static void fork_fails_as_a_whole(void **state)
{
    (void)state;
    struct space *s = mapped(RW, true, 4), *child;
    store(s, BASE, 1);
    int n = 0;
    for (uint64 i = 1;; i++) {
        shim_fail_nth(i);
        int r = space_fork(s, FORK_COW, &child);
        shim_fail_nth(0);
        if (r == 0)
            break;
        n++;
        assert_int_equal(users, 1);
        check(s, NULL);
    }
    assert_true(n > 3);
    space_put(child);
    space_put(s);
}

static void hidden_pages_come_back(void **state)
{
    (void)state;
    struct space *s = mapped(RW, false, 2);
    store(s, BASE, 8);
    struct frame *f = frame_at(s, BASE);
    mutex_lock(&s->lock);
    area_find(&s->areas, BASE)->prot = 0;
    pmap_protect(s, BASE, BASE + 2 * PGSIZE, 0);
    space_unlock(s);
    uint64 v;
    char byte;
    assert_int_equal(shim_load(s, BASE, &v), FAULT_PROT);
    assert_int_equal(copyin(s, &byte, BASE, 1), -EFAULT);
    check(s, NULL);
    mutex_lock(&s->lock);
    area_find(&s->areas, BASE)->prot = RW;
    space_unlock(s);
    assert_int_equal(load(s, BASE), 8);
    store(s, BASE, 9);
    assert_ptr_equal(frame_at(s, BASE), f);
    check(s, NULL);
    space_put(s);
}

static uint64 give_back(uint64 n)
{
    uint64 done = 0;
    for (uint64 i = 0; i < PAGES && done < n; i++)
        if (page[i] && page[i]->refs == 1) {
            forget(i);
            done++;
        }
    return done;
}

static void nobody(void)
{
}

static struct frame *hoard[SHIM_FRAMES];
static uint hoarded;

static void take_all_memory(void)
{
    while ((hoard[hoarded] = frame_alloc(FRAME_WIRED, 0)) != NULL)
        hoarded++;
}

/* The files have nothing, but meanwhile another process has given back what it had. */
static uint64 others_give_back(uint64 n)
{
    (void)n;
    while (hoarded > 0)
        frame_put(hoard[--hoarded]);
    return 0;
}

static void memory_comes_from_others(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {others_give_back, nobody};
    struct space *s = space_new();
    assert_int_equal(space_map(s, BASE, BASE + PGSIZE, RW, AREA_DATA), 0);
    take_all_memory();
    reclaim_set(&files);
    activate(s);
    assert_int_equal(shim_store(s, BASE, 1), FAULT_OK);
    check(s, NULL);
    space_put(s);
}

static void memory_is_asked_of_the_files(void **state)
{
    (void)state;
    static const struct reclaim_ops files = {give_back, nobody};
    struct space *s = space_new();
    char byte = 1;
    assert_int_equal(space_map(s, BASE, BASE + 4 * PGSIZE, RW, AREA_DATA), 0);
    for (uint64 i = 0; i < PAGES; i++)
        page_of(i);
    take_all_memory();
    activate(s);
    assert_int_equal(shim_store(s, BASE, 1), FAULT_NOMEM);
    assert_int_equal(copyout(s, BASE, &byte, 1), -EFAULT);
    reclaim_set(&files);
    assert_int_equal(copyout(s, BASE, &byte, 1), 0);
    assert_int_equal(shim_store(s, BASE + PGSIZE, 1), FAULT_OK);
    others_give_back(0);
    check(s, NULL);
    space_put(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(reads_map_the_frame_of_the_store),
        TEST(private_writes_copy),
        TEST(a_dropped_frame_is_nobodys),
        TEST(shared_writes_reach_the_store),
        TEST(clean_pages_are_told_of_the_next_write),
        TEST(unmapping_leaves_private_copies),
        TEST(the_part_behind_the_bytes_is_zero),
        TEST(the_store_says_no),
        TEST(nothing_is_lost_without_memory),
        TEST(neighbours_come_along),
        TEST(pieces_keep_their_references),
        TEST(pieces_are_not_new_to_a_walk),
        TEST(fork_shares_what_is_shared),
        TEST(fork_divides_what_is_private),
        TEST(fork_fails_as_a_whole),
        TEST(hidden_pages_come_back),
        TEST(memory_is_asked_of_the_files),
        TEST(memory_comes_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
