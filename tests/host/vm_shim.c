/* The machine under kernel/vm: see vm_shim.h. */
#include "tests/host/vm_shim.h"
#include "tests/host/unit.h"

#include "kernel/lib/panic.h"
#include "kernel/mem/slab.h"
#include "kernel/trap/ipi.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/mmu.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/sv39.h"
#include "kernel/vm/tlb.h"

struct frame *frame_table;
paddr frame_base;
uint8 *frame_memory;
uint64 frame_count = SHIM_FRAMES;
struct hart harts[NCPU];
uint nharts = SHIM_HARTS;
paddr pmap_kernel_root;

static uint8 *arena;
static struct frame table[SHIM_FRAMES];
static uint free_list[SHIM_FRAMES];
static uint nfree;
static uint64 objects, fences, ipis, allocations, fail_at;

/* --- What the kernel's other parts provide ---------------------------------------------------- */

void panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

static bool refused(void)
{
    return ++allocations == fail_at;
}

void shim_fail_nth(uint64 n)
{
    allocations = 0;
    fail_at = n;
}

bool shim_failed(void)
{
    return fail_at && allocations >= fail_at;
}

struct frame *frame_alloc(enum frame_state state, int flags)
{
    if (refused() || nfree == 0)
        return NULL;
    struct frame *f = &table[free_list[--nfree]];
    assert_int_equal(f->refs, 0);
    f->refs = 1;
    f->state = (uchar)state;
    if (flags & FRAME_ZEROED)
        memset(frame_virt(f), 0, PGSIZE);
    return f;
}

void frame_get(struct frame *f)
{
    assert_true(f >= table && f < table + SHIM_FRAMES && f->refs > 0);
    f->refs++;
}

bool frame_put(struct frame *f)
{
    assert_true(f >= table && f < table + SHIM_FRAMES && f->refs > 0);
    if (--f->refs > 0)
        return false;
    f->state = FRAME_FREE;
    memset(frame_virt(f), 0xa5, PGSIZE);
    free_list[nfree++] = (uint)(f - table);
    return true;
}

uint64 frame_free_count(void)
{
    return nfree;
}

uint64 frame_reserve_count(void)
{
    return 0;
}

bool frame_known(const struct frame *f)
{
    return f >= table && f < table + SHIM_FRAMES;
}

uint64 shim_frames_used(void)
{
    return SHIM_FRAMES - nfree;
}

uint64 shim_objects_used(void)
{
    return objects;
}

void slab_init(struct slab_cache *c, const char *name, uint size)
{
    c->name = name;
    c->size = size;
}

void *slab_alloc_flags(struct slab_cache *c, int frame_flags)
{
    (void)frame_flags;
    if (refused())
        return NULL;
    objects++;
    void *p = malloc(c->size);
    memset(p, 0x5a, c->size);
    return p;
}

void slab_free(struct slab_cache *c, void *p)
{
    (void)c;
    objects--;
    free(p);
}

void page_clear(void *page)
{
    memset(page, 0, PGSIZE);
}

void page_copy(void *restrict dst, const void *restrict src)
{
    memcpy(dst, src, PGSIZE);
}

static char self; /* the only process: its mutexes are free when it takes them */

struct proc *proc_self(void)
{
    return (struct proc *)(void *)&self;
}

void assert_may_sleep(const char *who)
{
    (void)who;
    assert_int_equal(harts[0].irq_depth, 0);
}

void waitq_sleep(struct waitq *q, struct spinlock *lk)
{
    (void)q;
    fail_msg("nobody would wake who sleeps with \"%s\"", lk->name);
}

void waitq_wake_all(struct waitq *q)
{
    (void)q;
}

void mutex_init(struct mutex *m, const char *name)
{
    m->name = name;
    m->holder = NULL;
}

void mutex_lock_slowly(struct mutex *m)
{
    fail_msg("mutex \"%s\" is taken twice", m->name);
}

void mutex_unlock_and_wake(struct mutex *m)
{
    fail_msg("mutex \"%s\" was not taken", m->name);
}

void irq_push(void)
{
    harts[0].irq_depth++;
}

void irq_pop(void)
{
    assert_true(harts[0].irq_depth > 0);
    harts[0].irq_depth--;
}

uint64 r_time(void)
{
    static uint64 now;
    return ++now;
}

uint64 irq_save(void)
{
    return harts[0].irq_depth++;
}

void irq_restore(uint64 old)
{
    assert_int_equal(--harts[0].irq_depth, old);
}

void spin_lock(struct spinlock *lk)
{
    irq_push();
    assert_int_equal(lk->locked, 0);
    lk->locked = 1;
}

void spin_unlock(struct spinlock *lk)
{
    lk->locked = 0;
    irq_pop();
}

/* The other hart takes the interrupt at once. */
void ipi_send(uint hart, enum ipi_reason why)
{
    uint me = harts[0].id;
    assert_int_equal(why, IPI_TLB);
    assert_int_not_equal(hart, me);
    ipis++;
    harts[0].id = hart;
    tlb_ipi();
    harts[0].id = me;
}

/* --- What the hardware does ------------------------------------------------------------------- */

#define TLB_ENTRIES  512
#define ICACHE_LINES 64

struct translation {
    bool valid;
    uint asid;
    uint64 page;
    pte_t pte;
};

struct line {
    paddr pa; /* 0 = empty */
    uint64 bytes;
};

static struct {
    uint64 satp;
    struct translation tlb[TLB_ENTRIES];
    uint next;
    struct line icache[ICACHE_LINES];
} cpu[SHIM_HARTS];

static uint64 satp_mask;

uint64 mmu_satp(void)
{
    return cpu[harts[0].id].satp;
}

void mmu_set_satp(uint64 satp)
{
    cpu[harts[0].id].satp = satp & satp_mask;
}

static uint asid_of(uint64 satp)
{
    return (uint)(satp >> SATP_ASID_SHIFT & SATP_ASID_MASK);
}

/* The entry of va in the tables of this hart's satp, 0 if there is none. */
static pte_t table_walk(uint64 va)
{
    pte_t *t = virt(PTE2PA((cpu[harts[0].id].satp & ((1UL << 44) - 1)) << 10));
    for (int level = 2; level > 0; level--) {
        pte_t pte = t[sv39_index(va, level)];
        if (pte == 0)
            return 0;
        t = sv39_table(pte);
    }
    return t[sv39_index(va, 0)];
}

/* Hardware may load an entry at any moment: this loads at once what it had to forget. */
static void load_again(struct translation *t)
{
    pte_t pte = t->asid == asid_of(cpu[harts[0].id].satp) ? table_walk(t->page << PGSHIFT) : 0;

    t->pte = pte;
    t->valid = pte & PTE_V && pte & PTE_A;
}

static void forget(bool any_asid, uint asid, bool any_page, uint64 va)
{
    fences++;
    for (uint i = 0; i < TLB_ENTRIES; i++) {
        struct translation *t = &cpu[harts[0].id].tlb[i];
        if (t->valid && (any_asid || t->asid == asid) && (any_page || t->page == va >> PGSHIFT))
            load_again(t);
    }
}

void mmu_fence_page(uint64 va, uint asid)
{
    forget(false, asid, false, va);
}

void mmu_fence_asid(uint asid)
{
    forget(false, asid, true, 0);
}

void mmu_fence_all(void)
{
    forget(true, 0, true, 0);
}

void mmu_fence_code(void)
{
    memset(cpu[harts[0].id].icache, 0, sizeof cpu[0].icache);
}

/* True if the hardware lets the access through; *pa is where it goes. */
static bool translate(uint64 va, enum fault_access access, paddr *pa)
{
    uint asid = asid_of(cpu[harts[0].id].satp);
    struct translation *t = NULL;

    for (uint i = 0; i < TLB_ENTRIES; i++) {
        struct translation *c = &cpu[harts[0].id].tlb[i];
        if (c->valid && c->asid == asid && c->page == va >> PGSHIFT)
            t = c;
    }
    if (t == NULL) {
        pte_t pte = table_walk(va);
        if (!(pte & PTE_V))
            return false;
        t = &cpu[harts[0].id].tlb[cpu[harts[0].id].next++ % TLB_ENTRIES];
        *t = (struct translation){true, asid, va >> PGSHIFT, pte};
    }
    /* Hardware without Svadu: clear A or D bits fault. */
    if (!(t->pte & PTE_U) || !(t->pte & PTE_A) || !fault_permits(t->pte, access) ||
        (access == ACCESS_WRITE && !(t->pte & PTE_D)))
        return false;
    *pa = PTE2PA(t->pte) + (va & (PGSIZE - 8));
    return true;
}

/* As trap.c does it; a fault that makes no progress fails the test. */
static enum fault_result reach(struct space *s, uint64 va, enum fault_access access, paddr *pa)
{
    for (int tries = 0; tries < 4; tries++) {
        if (va < MAXVA && translate(va, access, pa))
            return FAULT_OK;
        enum fault_result r = vm_fault(s, va, access);
        if (r != FAULT_OK)
            return r;
    }
    fail_msg("the same fault without end at %lx", va);
    return FAULT_BAD;
}

enum fault_result shim_load(struct space *s, uint64 va, uint64 *value)
{
    paddr pa;
    enum fault_result r = reach(s, va, ACCESS_READ, &pa);
    if (r == FAULT_OK)
        *value = *(uint64 *)virt(pa);
    return r;
}

enum fault_result shim_store(struct space *s, uint64 va, uint64 value)
{
    paddr pa;
    enum fault_result r = reach(s, va, ACCESS_WRITE, &pa);
    if (r == FAULT_OK)
        *(uint64 *)virt(pa) = value;
    return r;
}

enum fault_result shim_fetch(struct space *s, uint64 va, uint64 *value)
{
    paddr pa;
    enum fault_result r = reach(s, va, ACCESS_EXEC, &pa);
    if (r != FAULT_OK)
        return r;
    struct line *l = &cpu[harts[0].id].icache[(pa >> PGSHIFT) % ICACHE_LINES];
    if (l->pa != pa)
        *l = (struct line){pa, *(uint64 *)virt(pa)};
    *value = l->bytes;
    return r;
}

static struct trapframe tf;

void shim_set_pc(uint64 pc)
{
    tf.pc = pc;
}

void shim_set_sp(struct space *s, uint64 sp)
{
    static struct vm_user user = {.pid = 2, .tf = &tf};
    tf.reg[TF_SP] = sp;
    s->user = &user;
}

uint64 shim_fences(void)
{
    return fences;
}

uint64 shim_ipis(void)
{
    return ipis;
}

void shim_hart(uint hart)
{
    assert_true(hart < SHIM_HARTS);
    harts[0].id = hart;
}

void shim_reset(uint asid_bits)
{
    if (arena == NULL)
        arena = aligned_alloc(PGSIZE, SHIM_FRAMES * PGSIZE);
    memset(table, 0, sizeof table);
    memset(arena, 0xa5, SHIM_FRAMES * PGSIZE);
    memset(cpu, 0, sizeof cpu);
    frame_table = table;
    frame_base = phys(arena);
    frame_memory = arena;
    nfree = 0;
    while (nfree < SHIM_FRAMES) {
        free_list[nfree] = SHIM_FRAMES - 1 - nfree;
        nfree++;
    }
    shim_fail_nth(0);
    satp_mask = ~(SATP_ASID_MASK << SATP_ASID_SHIFT) | ((1UL << asid_bits) - 1) << SATP_ASID_SHIFT;
    struct frame *root = frame_alloc(FRAME_WIRED, FRAME_ZEROED);
    pmap_kernel_root = frame_pa(root);
    space_init_all();
    for (uint i = 0; i < SHIM_HARTS; i++) {
        shim_hart(i);
        mmu_set_satp(SATP_SV39 | pmap_kernel_root >> PGSHIFT);
        space_activate(NULL);
        tlb_ipi(); /* leaves whatever an earlier test had loaded */
        mmu_fence_all();
        tlb_init_hart();
        tlb_init();
    }
    shim_hart(0);
}

/* --- Rules ------------------------------------------------------------------------------------ */

static uint mappings[SHIM_FRAMES];

/* V2, V5, V11 and the counts of one page; 1 if it holds a frame, *own counts private ones. */
static uint check_page(const struct space *s, const struct area *a, uint64 va, uint64 *own)
{
    const pte_t *slot = pmap_find(s, va);
    if (slot == NULL || *slot == 0)
        return 0;
    int prot = a->prot << 1; /* AREA_R, _W, _X to PTE_R, _W, _X */
    int granted = *slot & PTE_U ? *slot & (PTE_R | PTE_W | PTE_X) : 0;
    assert_int_equal(granted & ~prot, 0);
    assert_false((granted & PTE_W) && (granted & PTE_X));
    struct frame *f = frame_of(PTE2PA(*slot));
    assert_true(f->state == FRAME_ANON || (f->state == FRAME_CACHE && a->store));
    if (f == pmap_zero && granted & PTE_W)
        fail_msg("the zero frame may be written at %lx", va);
    if (f == pmap_zero)
        return 0;
    if (granted & PTE_W)
        assert_true(f->state == FRAME_ANON ? f->refs == 1 : a->shared);
    mappings[f - table]++;
    *own += f->state == FRAME_ANON;
    return 1;
}

/* Leaves and tables under `t` that are in use, counted without asking the areas. */
static void count_entries(const pte_t *t, int level, uint n, uint64 *leaves, uint64 *tables)
{
    for (uint i = 0; i < n; i++) {
        if (t[i] == 0)
            continue;
        if (level == 0) {
            *leaves += frame_of(PTE2PA(t[i])) != pmap_zero;
        } else {
            ++*tables;
            count_entries(sv39_table(t[i]), level - 1, 512, leaves, tables);
        }
    }
}

/* One figure of a space against what a walk over its areas and entries finds. */
static void compare(const char *what, uint64 is, uint64 walked)
{
    if (is != walked)
        fail_msg("%s is %lu, a walk finds %lu", what, is, walked);
}

static void check_space(const struct space *s, uint64 *all_tables)
{
    uint64 resident = 0, promised = 0, charge = SPACE_COST, end = 0, leaves = 0, tables = 0;

    for (struct area *a = area_first(&s->areas); a; a = area_next(a)) {
        uint64 frames = 0, own = 0;
        assert_true(end <= a->start && a->start < a->end && a->end <= USER_END);
        assert_int_equal((a->start | a->end) & (PGSIZE - 1), 0);
        end = a->end;
        for (uint64 va = a->start, gap; va < a->end; va = gap) {
            gap = va + PGSIZE;
            if (pmap_find(s, va))
                frames += check_page(s, a, va, &own);
            else if (a->charged && !commit_overcommits())
                fail_msg("no table for %lx, which is charged", va);
            else
                gap = (va | (SUPERPGSIZE - 1)) + 1;
        }
        uint64 pages = (a->end - a->start) >> PGSHIFT;
        promised += pages;
        resident += frames;
        charge += a->charged ? pages : own;
    }
    compare("resident", s->resident, resident);
    compare("promised", s->promised, promised);
    count_entries(virt(s->root), 2, 256, &leaves, &tables);
    compare("frames in all entries", leaves, resident);
    compare("tables", s->tables, tables);
    compare("committed", s->committed, charge + tables);
    *all_tables += tables;
}

static void check_zeros(void)
{
    const uint64 *word = frame_virt(pmap_zero);

    for (uint i = 0; i < PGSIZE / sizeof *word; i++)
        if (word[i] != 0)
            fail_msg("byte %lu of the zero frame is not zero", i * sizeof *word);
}

void shim_check(struct space *const *space, uint n)
{
    uint64 committed = 0, anon = 0, stored = 0, tables = 0,
           expected = 2; /* the kernel's root, the zero frame */

    memset(mappings, 0, sizeof mappings);
    for (uint i = 0; i < n; i++) {
        check_space(space[i], &tables);
        committed += space[i]->committed;
    }
    check_zeros();
    assert_int_equal(commit_total(), committed + commit_other());
    for (uint i = 0; i < SHIM_FRAMES; i++) {
        if (table[i].state == FRAME_CACHE)
            stored++;
        if (&table[i] == pmap_zero || table[i].state != FRAME_ANON)
            continue;
        assert_int_equal(table[i].refs, mappings[i]);
        anon++;
    }
    expected += anon + stored + tables + n; /* and the roots */
    assert_int_equal(shim_frames_used(), expected);
}
