/* The store of store_shim.h, and spaces that map it. */
#include "tests/host/unit.h"

#include "kernel/errno.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/reclaim.h"
#include "tests/host/store_shim.h"

struct file_shim file;
static uint64 frames_before, objects_before;

struct frame *file_page(uint64 i)
{
    if (file.page[i] == NULL && (file.page[i] = frame_alloc(FRAME_CACHE, FRAME_ZEROED)) != NULL) {
        uint64 *word = frame_virt(file.page[i]);
        for (uint64 n = 0; n < PGSIZE / 8; n++)
            word[n] = i + (n << 32);
    }
    return file.page[i];
}

static int fetch(struct store *st, uint64 i, bool write, struct frame **out)
{
    assert_ptr_equal(st, &file.store);
    file.fetches++;
    if (i >= file.length)
        return -ERANGE;
    if (file.answer < 0)
        return file.answer;
    int waited = file.page[i] == NULL;
    if (file_page(i) == NULL)
        return -ENOMEM;
    file.is_dirty[i] |= write;
    frame_get(file.page[i]);
    *out = file.page[i];
    return waited;
}

static uint peek(struct store *st, uint64 first, uint n, struct frame *out[])
{
    uint found = 0;
    (void)st;
    for (uint i = 0; i < n; i++) {
        out[i] = first + i < file.length ? file.page[first + i] : NULL;
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
    if (i >= file.length || !file.page[i])
        return -ERANGE;
    file.is_dirty[i] = true;
    return 0;
}

/* One page more than fetch() knows when `answer` says so: the store shrinks between the two. */
static uint64 pages(struct store *st)
{
    (void)st;
    return file.answer == -ERANGE ? file.length + 1 : file.length;
}

static void get(struct store *st, bool writer)
{
    (void)st;
    file.users++;
    file.writers += writer;
}

static void put(struct store *st, bool writer)
{
    (void)st;
    file.users--;
    file.writers -= writer;
}

static const struct store_ops ops = {
    .fetch = fetch, .peek = peek, .dirty = dirty, .pages = pages, .get = get, .put = put};

int file_setup(void **state)
{
    (void)state;
    shim_reset(16);
    memset(&file, 0, sizeof file);
    store_init(&file.store, &ops);
    file.length = FILE_PAGES;
    reclaim_set(NULL);
    frames_before = shim_frames_used();
    objects_before = shim_objects_used();
    return 0;
}

void file_forget(uint64 i)
{
    frame_put(file.page[i]);
    file.page[i] = NULL;
}

int file_teardown(void **state)
{
    (void)state;
    shim_hart(0);
    for (uint64 i = 0; i < FILE_PAGES; i++)
        if (file.page[i]) {
            assert_int_equal(file.page[i]->refs, 1);
            file_forget(i);
        }
    assert_int_equal(file.users, 0);
    assert_int_equal(file.writers, 0);
    assert_true(list_empty(&file.store.areas));
    assert_int_equal(shim_frames_used(), frames_before);
    assert_int_equal(shim_objects_used(), objects_before);
    assert_int_equal(commit_total(), 0);
    return 0;
}

void activate(struct space *s)
{
    irq_push();
    space_activate(s);
    irq_pop();
}

struct area mapping(int prot, bool shared)
{
    return (struct area){.prot = (uchar)prot,
                         .kind = AREA_MAP,
                         .charged = !shared && prot & AREA_W,
                         .shared = shared,
                         .may_write = shared && prot & AREA_W,
                         .store = &file.store,
                         .bytes = AREA_ALL_BYTES};
}

void map_at(struct space *s, uint64 va, uint64 n, const struct area *like)
{
    assert_int_equal(space_map_like(s, va, va + n * PGSIZE, like), 0);
}

struct space *mapped(int prot, bool shared, uint64 n)
{
    struct space *s = space_new();
    struct area like = mapping(prot, shared);
    map_at(s, BASE, n, &like);
    activate(s);
    return s;
}

uint64 load(struct space *s, uint64 va)
{
    uint64 v = 0;
    activate(s);
    assert_int_equal(shim_load(s, va, &v), FAULT_OK);
    return v;
}

void store(struct space *s, uint64 va, uint64 v)
{
    activate(s);
    assert_int_equal(shim_store(s, va, v), FAULT_OK);
}

uint64 file_word(uint64 i)
{
    return *(uint64 *)frame_virt(file.page[i]);
}

struct frame *frame_at(struct space *s, uint64 va)
{
    const pte_t *slot = pmap_find(s, va);
    return slot && *slot ? frame_of(PTE2PA(*slot)) : NULL;
}

void check(struct space *a, struct space *b)
{
    struct space *const all[] = {a, b};
    shim_check(all, b ? 2 : 1);
}
