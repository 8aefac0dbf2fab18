/*
 * Translation caches.
 *
 * Each space has a number of its own, an ASID, so switching drops nothing.  Numbers are given in
 * ascending order; when they run out a new epoch begins, every space gets a new number when it is
 * next loaded, and each hart drops everything when it first loads a space of the new epoch.  Under
 * vfork one hart may run a space by its old number while another loads it by a new one, so a hart
 * fences by the number that it has loaded, not by the one that the space has.
 *
 * Each space counts in tlb_gen how often a PTE was taken away or tightened, and in tlb_seen[] how
 * far each hart has followed.  A hart that has the space loaded is interrupted and follows at
 * once; any other hart compares the two when it loads the space.  kernel_gen and kernel_seen do
 * the same for the kernel half.
 *
 * A hart that goes on to a kernel thread keeps the last space loaded (writing satp is costly: an
 * emulator drops its whole cache), but the first request sends it to the kernel's own root.
 *
 * Interrupts are off wherever a hart's own entry is used.  Locks: s->lock for tlb_gen; asid_lock
 * for the numbers.  Who waits for another hart answers requests meanwhile, so two may wait for
 * each other.
 */
#include "kernel/vm/tlb.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/panic.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trap/ipi.h"
#include "kernel/vm/mmu.h"
#include "kernel/vm/mode.h"
#include "kernel/vm/pmap.h"
#include "kernel/vm/space.h"

struct hart_tlb {
    struct space *loaded; /* whose root is in satp, NULL = the kernel's; others read it */
    bool idle;            /* nobody runs in it: kept only for speed */
    bool online;          /* others read it */
    uint64 number;        /* of the space loaded last, as it was then */
    uint64 kernel_seen;   /* others read it */
} __attribute__((aligned(64)));

static struct hart_tlb hart_tlb[NCPU];
static uint64 kernel_gen; /* atomic */

static struct spinlock asid_lock = SPINLOCK_INIT("asid", RANK_TLB);
static uint64 asid_epoch = 1; /* read without the lock */
static uint asid_next = 1;    /* 0 is the kernel's own root */
static uint asid_max;         /* 0: this machine has none; then each epoch has one space */

/* What a space has as its number: the epoch, and the ASID that it was given in that. */
#define EPOCH_SHIFT      16
#define EPOCH_OF(number) ((number) >> EPOCH_SHIFT)
#define ASID_OF(number)  ((uint)(number)&SATP_ASID_MASK)

static struct hart_tlb *self(void)
{
    return &hart_tlb[hart_self()->id];
}

void tlb_init(void)
{
    uint64 satp = mmu_satp();
    /* Bits that are not implemented read as zero: manual, "satp", field ASID. */
    mmu_set_satp(satp | mode_asids(SATP_ASID_MASK) << SATP_ASID_SHIFT);
    asid_max = (uint)(mmu_satp() >> SATP_ASID_SHIFT & SATP_ASID_MASK);
    mmu_set_satp(satp);
    mmu_fence_all();
}

void tlb_init_hart(void)
{
    struct hart_tlb *h = self();
    h->idle = true;
    store_release(&h->online, true);
    full_fence(); /* who does not see us online yet has changed the tables before this fence */
    store_release(&h->kernel_seen, load_acquire(&kernel_gen));
    mmu_fence_all();
}

/* --- Switching -------------------------------------------------------------------------------- */

static uint64 assign_number(struct space *s)
{
    spin_lock(&asid_lock);
    uint64 number = load_relaxed(&s->number);
    if (EPOCH_OF(number) != asid_epoch) {
        if (asid_next > asid_max) {
            store_release(&asid_epoch, asid_epoch + 1);
            asid_next = 1;
        }
        number = asid_epoch << EPOCH_SHIFT | (asid_max ? asid_next++ : 0);
        store_relaxed(&s->number, number);
    }
    spin_unlock(&asid_lock);
    return number;
}

static void follow_kernel(struct hart_tlb *h)
{
    uint64 gen = load_acquire(&kernel_gen);
    if (h->kernel_seen != gen) {
        mmu_fence_all();
        store_release(&h->kernel_seen, gen);
    }
}

static void follow_space(struct space *s)
{
    uint hart = hart_self()->id;
    uint64 gen = load_acquire(&s->tlb_gen);
    if (s->tlb_seen[hart] != gen) {
        mmu_fence_asid(ASID_OF(self()->number));
        store_release(&s->tlb_seen[hart], gen);
    }
}

static void follow_code(struct space *s)
{
    uint bit = 1u << hart_self()->id;
    if (load_relaxed(&s->code_stale) & bit) {
        atomic_and(&s->code_stale, ~bit);
        mmu_fence_code();
    }
}

static void write_satp(struct hart_tlb *h, struct space *s)
{
    paddr root = s ? s->root : pmap_kernel_root;
    uint64 asid = s ? ASID_OF(h->number) : 0;
    mmu_set_satp(SATP_SV39 | asid << SATP_ASID_SHIFT | root >> PGSHIFT);
    store_release(&h->loaded, s);
}

static void load_space(struct hart_tlb *h, struct space *s)
{
    uint64 before = h->number, number = load_relaxed(&s->number);
    if (EPOCH_OF(number) != load_acquire(&asid_epoch))
        number = assign_number(s);
    h->number = number;
    if (h->loaded != s || before != number)
        write_satp(h, s);
    if (EPOCH_OF(before) != EPOCH_OF(number))
        mmu_fence_all();
    full_fence(); /* `loaded` is visible before tlb_gen is read: see tell_others() */
    follow_space(s);
    follow_code(s);
}

void space_activate(struct space *s)
{
    struct hart_tlb *h = self();
    h->idle = s == NULL;
    if (s)
        load_space(h, s);
    follow_kernel(h);
}

/* --- Requests --------------------------------------------------------------------------------- */

void tlb_ipi(void)
{
    struct hart_tlb *h = self();
    if (h->loaded && h->idle)
        write_satp(h, NULL);
    else if (h->loaded)
        follow_space(h->loaded);
    follow_kernel(h);
}

static bool behind(uint hart, const struct space *s, uint64 gen)
{
    return load_acquire(&hart_tlb[hart].loaded) == s && load_acquire(&s->tlb_seen[hart]) < gen;
}

static void tell_others(const struct space *s, uint64 gen)
{
    uint me = hart_self()->id;
    bool told = false;

    full_fence(); /* tlb_gen is visible before we look who has s loaded: see load_space() */
    for (uint i = 0; i < nharts; i++) {
        if (i != me && behind(i, s, gen)) {
            ipi_send(i, IPI_TLB);
            told = true;
        }
    }
    for (uint i = 0; told && i < nharts; i++)
        while (i != me && behind(i, s, gen))
            tlb_ipi();
}

void tlb_flush_page(struct space *s, uint64 va)
{
    irq_push();
    uint hart = hart_self()->id;
    uint64 gen = s->tlb_gen + 1;
    store_release(&s->tlb_gen, gen);
    if (self()->loaded == s) {
        ASSERT(s->tlb_seen[hart] == gen - 1, "a hart with the space loaded has missed nothing");
        mmu_fence_page(va, ASID_OF(self()->number));
        store_release(&s->tlb_seen[hart], gen);
    }
    tell_others(s, gen);
    irq_pop();
}

void tlb_flush_space(struct space *s)
{
    irq_push();
    uint64 gen = s->tlb_gen + 1;
    store_release(&s->tlb_gen, gen);
    if (self()->loaded == s)
        follow_space(s);
    tell_others(s, gen);
    irq_pop();
}

void tlb_forget_page(struct space *s, uint64 va)
{
    irq_push();
    if (self()->loaded == s)
        mmu_fence_page(va, ASID_OF(self()->number));
    irq_pop();
}

void tlb_code_changed(struct space *s)
{
    irq_push();
    store_release(&s->code_stale, ~0u);
    if (self()->loaded == s && !self()->idle)
        follow_code(s);
    irq_pop();
}

void tlb_retire(struct space *s)
{
    irq_push();
    if (self()->loaded == s)
        write_satp(self(), NULL);
    for (uint i = 0; i < nharts; i++) {
        if (load_acquire(&hart_tlb[i].loaded) == s)
            ipi_send(i, IPI_TLB);
        while (load_acquire(&hart_tlb[i].loaded) == s)
            tlb_ipi();
    }
    irq_pop();
}

void tlb_flush_kernel(void)
{
    irq_push();
    uint64 gen = atomic_add(&kernel_gen, 1);
    follow_kernel(self());
    full_fence(); /* see tlb_init_hart() */
    for (uint i = 0; i < nharts; i++)
        if (load_acquire(&hart_tlb[i].online) && load_acquire(&hart_tlb[i].kernel_seen) < gen)
            ipi_send(i, IPI_TLB);
    for (uint i = 0; i < nharts; i++)
        while (load_acquire(&hart_tlb[i].online) && load_acquire(&hart_tlb[i].kernel_seen) < gen)
            tlb_ipi();
    irq_pop();
}

void tlb_kernel_grown(void)
{
    atomic_add(&kernel_gen, 1);
}

void tlb_follow_kernel(void)
{
    irq_push();
    follow_kernel(self());
    irq_pop();
}
