/*
 * The driver of a virtio block device over MMIO, version 1.2 of the specification ("virtio" below).
 *
 * Model: one split queue.  A request in flight has a slot, which holds its header, its status byte
 * and its descriptors: a table of its own if the device knows indirect descriptors, else a fixed
 * run of the queue's.  Requests beyond the slots wait in a list, from which the completion
 * interrupt starts them.  The device is told of new requests, and tells of completed ones, only
 * when the other side has caught up with what it was told before (VIRTIO_F_EVENT_IDX).
 *
 * A device that breaks the rules or asks for a reset is reset, which takes all memory away from
 * it, and everything fails from then on.
 *
 * Lock: disk_lock guards the queue and the slots.  done() is called without it.
 */
#include "kernel/dev/virtio_blk.h"
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/mmio.h"
#include "kernel/dev/virtio.h"
#include "kernel/errno.h"
#include "kernel/fs.h"
#include "kernel/lib/printf.h"
#include "kernel/sync/spinlock.h"
#include <stddef.h>

#define QUEUE 256               /* descriptors at most; a power of 2 */
#define SLOTS 64                /* requests in flight at most */
#define CHAIN (DISK_PIECES + 2) /* descriptors of the longest request */

struct slot {
    struct virtq_desc table[CHAIN];
    struct virtio_blk_header header;
    struct disk_request *request; /* NULL: the slot is free */
    uint8 status;
};

/* What the device reads and writes; each ring is followed by the event index of the other side. */
static struct virtq_desc descriptors[QUEUE] __attribute__((aligned(16)));
static volatile struct {
    uint16 flags, idx, ring[QUEUE + 1]; /* the entry behind the last is used_event */
} avail __attribute__((aligned(2)));
static volatile struct {
    uint16 flags, idx;
    struct virtq_used_entry ring[QUEUE + 1]; /* behind the last begins avail_event */
} used __attribute__((aligned(4)));

static struct spinlock disk_lock = SPINLOCK_INIT("disk", RANK_DISK);
static struct slot slots[SLOTS] __attribute__((aligned(16)));
static uint free_slots[SLOTS], nfree;
static struct list waiting = {&waiting, &waiting}; /* requests without a slot */
static uint16 seen;                                /* used entries that were handled */
static uint16 notified; /* avail.idx at the last decision about a notification */
static bool dead;

static paddr base;      /* registers */
static uint queue_size; /* a power of 2 */
static uint64 features; /* agreed on */

static uint32 get(uint reg)
{
    return mmio_read32(base + reg);
}

static void set(uint reg, uint32 value)
{
    mmio_write32(base + reg, value);
}

/* --- requests --------------------------------------------------------------------------------- */

static uint16 avail_event(void)
{
    return used.ring[queue_size].id; /* its low half */
}

static void describe(struct virtq_desc *d, const void *at, uint32 len, uint16 flags)
{
    d->addr = phys(at);
    d->len = len;
    d->flags = flags;
}

/* Fills table with the chain header, pieces, status byte; table[0] has number `first`. */
static uint build_chain(struct slot *s, struct virtq_desc *table, uint first)
{
    const struct disk_request *r = s->request;
    uint n = 0;

    describe(&table[n++], &s->header, sizeof(s->header), VIRTQ_NEXT);
    for (int i = 0; r->op != DISK_FLUSH && i < r->npieces; i++, n++) {
        table[n].addr = r->piece[i].at;
        table[n].len = r->piece[i].len;
        table[n].flags = VIRTQ_NEXT | (r->op == DISK_READ ? VIRTQ_WRITE : 0);
    }
    describe(&table[n++], &s->status, 1, VIRTQ_WRITE);
    for (uint i = 0; i + 1 < n; i++)
        table[i].next = first + i + 1;
    return n;
}

static void fill_header(struct slot *s)
{
    static const uint32 types[] = {
        [DISK_READ] = VIRTIO_BLK_IN,
        [DISK_WRITE] = VIRTIO_BLK_OUT,
        [DISK_FLUSH] = VIRTIO_BLK_FLUSH,
    };
    const struct disk_request *r = s->request;
    s->header.type = types[r->op];
    s->header.reserved = 0;
    s->header.sector = r->op == DISK_FLUSH ? 0 : (uint64)r->block * (BSIZE / VIRTIO_SECTOR);
    s->status = ~VIRTIO_BLK_OK;
}

/* Makes r available to the device in slot i (virtio 2.7.13). */
static void start(uint i, struct disk_request *r)
{
    struct slot *s = &slots[i];
    uint head = features & VIRTIO_F_INDIRECT ? i : i * CHAIN;

    s->request = r;
    fill_header(s);
    if (features & VIRTIO_F_INDIRECT) {
        uint n = build_chain(s, s->table, 0);
        describe(&descriptors[head], s->table, n * sizeof(s->table[0]), VIRTQ_INDIRECT);
    } else {
        build_chain(s, &descriptors[head], head);
    }
    avail.ring[avail.idx % queue_size] = head;
    io_fence(); /* the entry before the index: virtio 2.7.13.3 */
    avail.idx = avail.idx + 1;
}

/* Starts waiting requests while there are free slots. */
static void start_waiting(void)
{
    while (nfree > 0 && !list_empty(&waiting))
        start(free_slots[--nfree], container_of(list_pop(&waiting), struct disk_request, link));
}

/* Tells the device of what was made available since the last time, if it wants to know. */
static void notify(void)
{
    uint16 before = notified, now = avail.idx;
    if (before == now)
        return;
    notified = now;
    io_fence(); /* the index before the question: virtio 2.7.13.4.1 */
    bool wanted = !(used.flags & VIRTQ_NO_NOTIFY);
    /* Virtio 2.7.10: wanted when the index passes avail_event, all modulo 2^16. */
    if (features & VIRTIO_F_EVENT_IDX)
        wanted = (uint16)(now - avail_event() - 1) < (uint16)(now - before);
    if (wanted)
        set(VIRTIO_QUEUE_NOTIFY, 0);
}

/* --- completion ------------------------------------------------------------------------------- */

static void finish(struct disk_request *r, int status, struct list *finished)
{
    r->status = status;
    list_add_tail(finished, &r->link);
}

static void call_done(struct list *finished)
{
    struct list *l;
    while ((l = list_pop(finished)) != NULL) {
        struct disk_request *r = container_of(l, struct disk_request, link);
        r->done(r);
    }
}

/* Completes the request in slot s and frees the slot. */
static void finish_slot(struct slot *s, int status, struct list *finished)
{
    finish(s->request, status, finished);
    s->request = NULL;
    free_slots[nfree++] = s - slots;
}

/* Takes the device out of service: after the reset it no longer touches memory (virtio 2.4). */
static void give_up(const char *why, struct list *finished)
{
    struct list *l;
    dead = true;
    set(VIRTIO_STATUS, 0);
    printf("disk: %s; it is not used any more\n", why);
    for (uint i = 0; i < SLOTS; i++)
        if (slots[i].request)
            finish_slot(&slots[i], -EIO, finished);
    while ((l = list_pop(&waiting)) != NULL)
        finish(container_of(l, struct disk_request, link), -EIO, finished);
}

/* The slot of the chain with this head; NULL if the device made that up. */
static struct slot *slot_of(uint32 head)
{
    uint per_slot = features & VIRTIO_F_INDIRECT ? 1 : CHAIN;
    uint i = head / per_slot;
    return head % per_slot == 0 && i < SLOTS && slots[i].request ? &slots[i] : NULL;
}

/* Handles all used entries; false if one of them makes no sense. */
static bool collect(struct list *finished)
{
    while (seen != used.idx) {
        io_fence(); /* the index before the entry: virtio 2.7.14 */
        struct slot *s = slot_of(used.ring[seen++ % queue_size].id);
        if (!s)
            return false;
        finish_slot(s, s->status == VIRTIO_BLK_OK ? 0 : -EIO, finished);
    }
    return true;
}

/* Handles completions until none is left that the device has not promised an interrupt for. */
static bool collect_all(struct list *finished)
{
    do {
        if (!collect(finished))
            return false;
        avail.ring[queue_size] = seen; /* used_event: virtio 2.7.7 */
        io_fence();                    /* the promise before the last look */
    } while (seen != used.idx);
    return true;
}

static void interrupt(void *unused)
{
    (void)unused;
    struct list finished;
    list_init(&finished);

    spin_lock(&disk_lock);
    set(VIRTIO_INTERRUPT_ACK, get(VIRTIO_INTERRUPT_STATUS));
    if (!dead && !collect_all(&finished))
        give_up("the device completed what was not asked for", &finished);
    if (!dead && get(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET)
        give_up("the device failed", &finished);
    if (!dead) {
        start_waiting();
        notify();
    }
    spin_unlock(&disk_lock);
    call_done(&finished);
}

/* Without VIRTIO_BLK_F_FLUSH a write is durable when it is complete: virtio 5.2.6.2. */
static bool needs_device(const struct disk_request *r)
{
    return r->op != DISK_FLUSH || features & VIRTIO_BLK_F_FLUSH;
}

void virtio_blk_submit(struct disk_request *r, int n)
{
    struct list finished;
    list_init(&finished);

    spin_lock(&disk_lock);
    for (int i = 0; i < n; i++) {
        if (dead || (r[i].op == DISK_WRITE && features & VIRTIO_BLK_F_RO))
            finish(&r[i], -EIO, &finished);
        else if (!needs_device(&r[i]))
            finish(&r[i], 0, &finished);
        else
            list_add_tail(&waiting, &r[i].link);
    }
    if (!dead) {
        start_waiting();
        notify();
    }
    spin_unlock(&disk_lock);
    call_done(&finished);
}

/* --- finding and starting the device ---------------------------------------------------------- */

/* The machine.virtio of the first block device that we can drive; sets base. */
static const char *find(uint *irq)
{
    bool legacy = false;
    for (uint i = 0; i < machine.nvirtio; i++) {
        base = machine.virtio[i].base;
        *irq = machine.virtio[i].irq;
        if (get(VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE || get(VIRTIO_DEVICE_ID) != VIRTIO_ID_BLOCK)
            continue;
        if (get(VIRTIO_VERSION) == VIRTIO_MODERN)
            return NULL;
        legacy = true;
    }
    return legacy ? "the disk speaks only the old virtio protocol: start QEMU with "
                    "-global virtio-mmio.force-legacy=false"
                  : "there is no virtio disk: start QEMU with -drive file=FILE,if=none,format=raw,"
                    "id=disk -device virtio-blk-device,drive=disk";
}

static uint64 offered_features(void)
{
    set(VIRTIO_DEVICE_SELECT, 0);
    uint64 low = get(VIRTIO_DEVICE_FEATURES);
    set(VIRTIO_DEVICE_SELECT, 1);
    return low | (uint64)get(VIRTIO_DEVICE_FEATURES) << 32;
}

/* The first steps of virtio 3.1.1, up to FEATURES_OK. */
static const char *negotiate(void)
{
    set(VIRTIO_STATUS, 0);
    while (get(VIRTIO_STATUS) != 0)
        ; /* virtio 4.2.2.2: the reset is complete when the status reads 0 */
    set(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    set(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);

    features = offered_features() & (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX |
                                     VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_SEG_MAX);
    set(VIRTIO_DRIVER_SELECT, 0);
    set(VIRTIO_DRIVER_FEATURES, features);
    set(VIRTIO_DRIVER_SELECT, 1);
    set(VIRTIO_DRIVER_FEATURES, features >> 32);
    set(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    if (!(features & VIRTIO_F_VERSION_1) || !(get(VIRTIO_STATUS) & VIRTIO_FEATURES_OK))
        return "the disk does not accept what this driver knows of virtio 1";
    if (features & VIRTIO_BLK_F_SEG_MAX && get(VIRTIO_CONFIG + VIRTIO_BLK_SEG_MAX) < DISK_PIECES)
        return "the disk takes too few pieces of memory in one request";
    return NULL;
}

bool virtio_blk_read_only(void)
{
    return features & VIRTIO_BLK_F_RO;
}

static void set_address(uint reg, paddr at)
{
    set(reg, at);
    set(reg + 4, at >> 32);
}

/* Virtio 4.2.3.2, and 2.7.5.3.1: no chain is longer than the queue, not even an indirect one. */
static const char *start_queue(void)
{
    set(VIRTIO_QUEUE_SELECT, 0);
    uint max = get(VIRTIO_QUEUE_MAX);
    for (queue_size = QUEUE; queue_size > max;)
        queue_size /= 2;
    if (queue_size < CHAIN)
        return "the disk's queue is too short";
    set(VIRTIO_QUEUE_SIZE, queue_size);
    set_address(VIRTIO_QUEUE_DESC, phys(descriptors));
    set_address(VIRTIO_QUEUE_DRIVER, phys((void *)&avail));
    set_address(VIRTIO_QUEUE_DEVICE, phys((void *)&used));
    io_fence();
    set(VIRTIO_QUEUE_READY, 1);

    uint n = features & VIRTIO_F_INDIRECT ? queue_size : queue_size / CHAIN;
    for (nfree = 0; nfree < n && nfree < SLOTS; nfree++)
        free_slots[nfree] = nfree;
    return NULL;
}

/* Two halves that belong together, unless the generation changed meanwhile: virtio 2.5.1. */
static uint64 read_capacity(void)
{
    uint32 generation;
    uint64 n;
    do {
        generation = get(VIRTIO_GENERATION);
        n = get(VIRTIO_CONFIG + VIRTIO_BLK_CAPACITY);
        n |= (uint64)get(VIRTIO_CONFIG + VIRTIO_BLK_CAPACITY + 4) << 32;
    } while (get(VIRTIO_GENERATION) != generation);
    return n;
}

const char *virtio_blk_init(uint64 *sectors)
{
    uint irq;
    const char *wrong = find(&irq);
    if (wrong)
        return wrong;
    wrong = negotiate();
    if (!wrong)
        wrong = start_queue();
    if (wrong) {
        set(VIRTIO_STATUS, VIRTIO_FAILED);
        return wrong;
    }
    *sectors = read_capacity();
    plic_set_handler(irq, interrupt, NULL);
    set(VIRTIO_STATUS, get(VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
    return NULL;
}
