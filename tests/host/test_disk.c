// sources: kernel/dev/disk.c tests/host/sync_shim.c tests/host/panic_shim.c
/*
 * The disk driver against a model of a virtio block device, which looks at the queue only when it
 * is notified, interrupts only when it was asked to, completes in any order, and can be told to
 * fail or to break the rules.  A notification or interrupt that the driver loses ends as a test
 * that makes no progress.
 */
#include "tests/host/unit.h"

#include "kernel/dev/machine.h"
#include "kernel/lib/panic.h"
#include "kernel/mem/addr.h"
#include "kernel/sync/waitq.h"
#include "tests/host/seed.h"

/* In place of kernel/dev/mmio.h: the registers are the model's. */
#define DEV_MMIO_H
static uint32 mmio_read32(paddr at);
static void mmio_write32(paddr at, uint32 value);
static void io_fence(void);

static char said[200];

#include "kernel/dev/virtio_blk.c"

#define SECTORS 2048
#define BASE    0x10001000UL

struct machine machine;

void printf(const char *fmt, ...)
{
    strncpy(said, fmt, sizeof(said) - 1);
}

/* --- the model -------------------------------------------------------------------------------- */

#define DEVICE_QUEUE 1024

static struct {
    uint32 id, version, status, offered_select, driver_select, interrupt;
    uint64 offered, accepted;
    uint32 queue_max, queue_size, ready;
    uint64 address[3]; /* descriptors, driver area, device area */
    uint16 last_avail, last_used;
    bool kicked;
    uint32 held[DEVICE_QUEUE]; /* heads taken from the queue and not completed */
    uint nheld, most_held;
    uint16 used_event; /* as far as the device has seen the driver's stores */
    bool racing;       /* completes requests while the driver runs, too */
    uint notifications, interrupts;
    uint8 status_of_next; /* what the next requests end with */
    bool volatile_writes; /* something was written since the last flush */
    uint8 data[SECTORS * VIRTIO_SECTOR];
} dev;

static void (*handler)(void *);

void plic_set_handler(uint irq, void (*call)(void *), void *arg)
{
    (void)arg;
    assert_int_equal(irq, 5);
    handler = call;
}

static uint32 config(uint reg)
{
    switch (reg) {
    case VIRTIO_BLK_CAPACITY: return SECTORS;
    case VIRTIO_BLK_CAPACITY + 4: return 0;
    case VIRTIO_BLK_SEG_MAX: return dev.queue_max - 2;
    default: fail_msg("read of configuration %u", reg); return 0;
    }
}

static uint32 mmio_read32(paddr at)
{
    uint reg = at - BASE;
    if (reg >= VIRTIO_CONFIG)
        return config(reg - VIRTIO_CONFIG);
    switch (reg) {
    case VIRTIO_MAGIC: return VIRTIO_MAGIC_VALUE;
    case VIRTIO_VERSION: return dev.version;
    case VIRTIO_DEVICE_ID: return dev.id;
    case VIRTIO_DEVICE_FEATURES: return dev.offered >> 32 * dev.offered_select;
    case VIRTIO_QUEUE_MAX: return dev.queue_max;
    case VIRTIO_STATUS: return dev.status;
    case VIRTIO_INTERRUPT_STATUS: return dev.interrupt;
    case VIRTIO_GENERATION: return 0;
    default: fail_msg("read of register %x", reg); return 0;
    }
}

static void reset_queue(void)
{
    dev.ready = dev.queue_size = 0;
    dev.last_avail = dev.last_used = 0;
    dev.nheld = dev.most_held = 0;
    dev.interrupt = 0;
    dev.kicked = false;
}

static void set_status(uint32 value)
{
    if (value == 0)
        reset_queue();
    /* Virtio 2.2.2: features that were not offered, or none of version 1, are not accepted. */
    if (value & VIRTIO_FEATURES_OK &&
        (dev.accepted & ~dev.offered || !(dev.accepted & VIRTIO_F_VERSION_1)))
        value &= ~VIRTIO_FEATURES_OK;
    if (value & VIRTIO_DRIVER_OK)
        assert_true(dev.ready && value & VIRTIO_FEATURES_OK);
    dev.status = value;
}

static void mmio_write32(paddr at, uint32 value)
{
    uint reg = at - BASE;
    if (reg >= VIRTIO_QUEUE_DESC && reg <= VIRTIO_QUEUE_DEVICE + 4) {
        uint64 *address = &dev.address[(reg - VIRTIO_QUEUE_DESC) / 16];
        *address = reg % 16 ? (uint32)*address | (uint64)value << 32 : value;
        return;
    }
    switch (reg) {
    case VIRTIO_DEVICE_SELECT: dev.offered_select = value; break;
    case VIRTIO_DRIVER_SELECT: dev.driver_select = value; break;
    case VIRTIO_DRIVER_FEATURES:
        dev.accepted = dev.driver_select ? (uint32)dev.accepted | (uint64)value << 32 : value;
        break;
    case VIRTIO_QUEUE_SELECT: assert_int_equal(value, 0); break;
    case VIRTIO_QUEUE_SIZE:
        assert_true(value <= dev.queue_max && (value & (value - 1)) == 0);
        dev.queue_size = value;
        break;
    case VIRTIO_QUEUE_READY: dev.ready = value; break;
    case VIRTIO_QUEUE_NOTIFY:
        assert_true(dev.status & VIRTIO_DRIVER_OK);
        dev.kicked = true;
        dev.notifications++;
        break;
    case VIRTIO_INTERRUPT_ACK: dev.interrupt &= ~value; break;
    case VIRTIO_STATUS: set_status(value); break;
    default: fail_msg("write of register %x", reg);
    }
}

static uint16 *avail_area(void)
{
    return virt(dev.address[1]);
}

static uint16 *used_area(void)
{
    return virt(dev.address[2]);
}

/* Takes what was made available and tells at which index the next notification is wanted. */
static void take_available(void)
{
    uint16 *area = avail_area();
    if (!dev.kicked)
        return;
    dev.kicked = false;
    while (dev.last_avail != area[1])
        dev.held[dev.nheld++] = area[2 + dev.last_avail++ % dev.queue_size];
    if (dev.accepted & VIRTIO_F_EVENT_IDX)
        used_area()[2 + 4 * dev.queue_size] = dev.last_avail;
    if (dev.nheld > dev.most_held)
        dev.most_held = dev.nheld;
}

static void add_used(uint32 id)
{
    uint16 *area = used_area();
    struct virtq_used_entry *entries = (struct virtq_used_entry *)(area + 2);
    entries[dev.last_used % dev.queue_size].id = id;
    area[1] = ++dev.last_used;
    bool wanted =
        !(dev.accepted & VIRTIO_F_EVENT_IDX) || dev.used_event == (uint16)(dev.last_used - 1);
    if (wanted)
        dev.interrupt |= 1;
}

/* The pieces of a request, in order; returns their number. */
static int chain(uint32 head, struct virtq_desc *out)
{
    struct virtq_desc *table = virt(dev.address[0]);
    int n = 0, first = head;
    assert_true(head < dev.queue_size);
    if (table[head].flags & VIRTQ_INDIRECT) {
        assert_true(dev.accepted & VIRTIO_F_INDIRECT);
        assert_int_equal(table[head].flags, VIRTQ_INDIRECT);
        table = virt(table[head].addr);
        first = 0;
    }
    for (int i = first;; i = table[i].next) {
        assert_true(n < (int)dev.queue_size);
        out[n++] = table[i];
        if (!(table[i].flags & VIRTQ_NEXT))
            return n;
    }
}

/* Moves one piece of data; a device may write only what it was allowed to. */
static void transfer(const struct virtq_desc *d, uint32 type, uint64 at)
{
    assert_true(at + d->len <= sizeof(dev.data));
    assert_int_equal(!!(d->flags & VIRTQ_WRITE), type == VIRTIO_BLK_IN);
    if (type == VIRTIO_BLK_IN)
        memcpy(virt(d->addr), dev.data + at, d->len);
    else
        memcpy(dev.data + at, virt(d->addr), d->len);
}

static void execute(uint32 head)
{
    static struct virtq_desc d[DEVICE_QUEUE];
    int n = chain(head, d);
    assert_true(n >= 2 && d[n - 1].len == 1 && d[n - 1].flags == VIRTQ_WRITE);
    assert_int_equal(d[0].len, sizeof(struct virtio_blk_header));
    struct virtio_blk_header *h = virt(d[0].addr);
    assert_int_equal(h->reserved, 0);
    uint64 at = h->sector * VIRTIO_SECTOR;
    for (int i = 1; i < n - 1 && dev.status_of_next == VIRTIO_BLK_OK; i++) {
        transfer(&d[i], h->type, at);
        at += d[i].len;
    }
    if (h->type == VIRTIO_BLK_FLUSH) {
        assert_true(n == 2 && h->sector == 0 && dev.accepted & VIRTIO_BLK_F_FLUSH);
        dev.volatile_writes = false;
    } else if (h->type == VIRTIO_BLK_OUT) {
        dev.volatile_writes = true;
    }
    *(uint8 *)virt(d[n - 1].addr) = dev.status_of_next;
}

/* Completes one of the requests that the device has, any of them. */
static void complete_one(void)
{
    if (dev.nheld == 0)
        return;
    uint i = random_below(dev.nheld);
    uint32 head = dev.held[i];
    dev.held[i] = dev.held[--dev.nheld];
    execute(head);
    add_used(head);
}

static void see_stores(void)
{
    dev.used_event = avail_area()[2 + dev.queue_size];
}

/* What the driver stored before a fence need not be visible to the device until the fence ends. */
static void io_fence(void)
{
    if (!(dev.status & VIRTIO_DRIVER_OK))
        return;
    if (dev.racing && random_below(3) == 0)
        complete_one();
    see_stores();
}

static void deliver_interrupt(void)
{
    see_stores();
    if (dev.interrupt) {
        dev.interrupts++;
        handler(NULL);
    }
}

/* --- who waits -------------------------------------------------------------------------------- */

static void (*while_waiting)(void);

/* The device works while a process sleeps. */
void waitq_sleep(struct waitq *q, struct spinlock *lk)
{
    (void)q;
    spin_unlock(lk);
    while_waiting();
    spin_lock(lk);
}

void waitq_init(struct waitq *q)
{
    list_init(&q->sleepers);
}

void waitq_wake_one(struct waitq *q)
{
    (void)q;
}

static uint64 progress(void)
{
    return dev.last_used * 3UL + dev.last_avail + dev.interrupts;
}

static void device_works(void)
{
    uint64 before = progress();
    see_stores();
    take_available();
    for (uint n = random_below(4) + 1; n > 0; n--)
        complete_one();
    deliver_interrupt();
    if (progress() == before)
        fail_msg("a notification or an interrupt was lost");
}

/* --- the tests -------------------------------------------------------------------------------- */

#define FEATURES                                                                                   \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX | VIRTIO_BLK_F_FLUSH |            \
     VIRTIO_BLK_F_SEG_MAX | 1UL << 35)

static void power_on(uint64 offered, uint queue_max)
{
    memset(&dev, 0, sizeof(dev));
    dev.id = VIRTIO_ID_BLOCK;
    dev.version = VIRTIO_MODERN;
    dev.offered = offered;
    dev.queue_max = queue_max;
    machine.nvirtio = 1;
    machine.virtio[0].base = BASE;
    machine.virtio[0].irq = 5;
    while_waiting = device_works;
    said[0] = '\0';

    memset((void *)&avail, 0, sizeof(avail));
    memset((void *)&used, 0, sizeof(used));
    memset(slots, 0, sizeof(slots));
    seen = notified = 0;
    dead = false;
}

static void start_disk(uint64 offered, uint queue_max)
{
    power_on(offered, queue_max);
    const char *wrong = disk_init();
    if (wrong)
        fail_msg("%s", wrong);
    assert_int_equal(disk_blocks(), SECTORS / 2);
}

#define REQUESTS 200

static struct disk_request requests[REQUESTS];
static uint8 memory[REQUESTS][DISK_PIECES * 1024];
static uint undone;

static void count_done(struct disk_request *r)
{
    assert_ptr_equal(r->arg, &undone);
    assert_true(undone > 0);
    r->arg = NULL; /* a second call fails */
    undone--;
}

static void prepare(struct disk_request *r, uint8 *at, enum disk_op op, uint block, int npieces)
{
    memset(r, 0, sizeof(*r));
    r->op = op;
    r->block = block;
    r->npieces = npieces;
    for (int i = 0; i < npieces; i++) {
        r->piece[i].at = phys(at + 1024 * i);
        r->piece[i].len = 1024;
    }
    r->done = count_done;
    r->arg = &undone;
    r->status = 1;
    undone++;
}

static void finish_all(void)
{
    while (undone > 0)
        device_works();
    assert_int_equal(dev.nheld, 0);
    assert_int_equal(nfree, features & VIRTIO_F_INDIRECT ? (queue_size < SLOTS ? queue_size : SLOTS)
                                                         : queue_size / CHAIN);
}

/* Many requests to different blocks in flight; what was written is read again. */
static void write_and_read(int npieces)
{
    uint n = SECTORS / 2 / npieces < REQUESTS ? SECTORS / 2 / npieces : REQUESTS;
    for (int writing = 1; writing >= 0; writing--) {
        for (uint i = 0; i < n; i++) {
            memset(memory[i], writing ? i + npieces : 0, sizeof(memory[i]));
            prepare(&requests[i], memory[i], writing ? DISK_WRITE : DISK_READ, i * npieces,
                    npieces);
            disk_submit(&requests[i]);
            if (random_below(8) == 0)
                device_works();
        }
        finish_all();
        for (uint i = 0; i < n; i++) {
            assert_int_equal(requests[i].status, 0);
            for (int k = 0; k < npieces * 1024; k++)
                assert_int_equal(memory[i][k], (uint8)(i + npieces));
        }
    }
}

static const struct {
    uint64 without;
    uint queue_max, in_flight;
} kinds[] = {
    {0, 64, 64},
    {0, 1024, 64},
    {VIRTIO_F_INDIRECT, 128, 3},
    {VIRTIO_F_EVENT_IDX, 128, 64},
    {VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX, 256, 7},
    {VIRTIO_BLK_F_SEG_MAX, 64, 64},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void all_kinds_of_devices(void **unused)
{
    (void)unused;
    for (uint i = 0; i < KINDS; i++) {
        start_disk(FEATURES & ~kinds[i].without, kinds[i].queue_max);
        assert_int_equal(dev.accepted, FEATURES & ~(1UL << 35) & ~kinds[i].without);
        write_and_read(1);
        write_and_read(7);
        write_and_read(DISK_PIECES);
        assert_int_equal(dev.most_held, kinds[i].in_flight);
        dev.racing = true;
        write_and_read(1);
    }
}

/* The indices of the rings have 16 bits. */
static void indices_wrap_around(void **unused)
{
    (void)unused;
    for (uint i = 0; i < KINDS; i++) {
        start_disk(FEATURES & ~kinds[i].without, kinds[i].queue_max);
        dev.racing = true;
        for (uint round = 0; round < 70000 / 50; round++) {
            for (uint k = 0; k < 50; k++)
                prepare(&requests[k], memory[k], DISK_READ, k, 1);
            for (uint k = 0; k < 50; k++)
                disk_submit(&requests[k]);
            finish_all();
        }
        assert_true(dev.last_used == (uint16)70000);
    }
}

static void few_notifications_and_interrupts(void **unused)
{
    (void)unused;
    start_disk(FEATURES, 128);
    for (uint k = 0; k < 40; k++)
        prepare(&requests[k], memory[k], DISK_READ, k, 1);
    assert_int_equal(disk_wait_all(requests, 40), 0);
    assert_int_equal(dev.notifications, 1);

    dev.interrupts = 0;
    undone = 0;
    for (uint k = 0; k < 40; k++) {
        prepare(&requests[k], memory[k], DISK_READ, k, 1);
        disk_submit(&requests[k]);
    }
    assert_int_equal(dev.notifications, 2);
    take_available();
    while (dev.nheld > 0)
        complete_one();
    deliver_interrupt();
    assert_int_equal(undone, 0);
    assert_int_equal(dev.interrupts, 1);
    assert_int_equal(dev.interrupt, 0);
}

static void errors_of_the_device(void **unused)
{
    (void)unused;
    start_disk(FEATURES, 128);
    struct disk_request r;
    for (uint8 status = 1; status < 4; status++) {
        dev.status_of_next = status;
        prepare(&r, memory[0], DISK_READ, 3, 2);
        assert_int_equal(disk_wait(&r), -EIO);
        assert_int_equal(disk_flush(), -EIO);
    }
    dev.status_of_next = VIRTIO_BLK_OK;
    prepare(&r, memory[0], DISK_READ, 3, 2);
    assert_int_equal(disk_wait(&r), 0);
    undone = 0;
}

static void one_error_of_many(void **unused)
{
    (void)unused;
    start_disk(FEATURES, 128);
    for (uint k = 0; k < 10; k++)
        prepare(&requests[k], memory[k], DISK_READ, k == 6 ? SECTORS : k, 1);
    assert_int_equal(disk_wait_all(requests, 10), -EIO);
    for (uint k = 0; k < 10; k++)
        assert_int_equal(requests[k].status, k == 6 ? -EIO : 0);
    assert_int_equal(disk_wait_all(requests, 0), 0);
    undone = 0;
}

/* What cannot be done is refused before the device sees it. */
static void impossible_requests(void **unused)
{
    (void)unused;
    static const struct {
        uint block;
        int npieces;
        uint len;
        int status;
    } cases[] = {
        {SECTORS / 2 - 1, 1, 1024, 0},
        {SECTORS / 2 - 1, 2, 1024, -EIO},
        {SECTORS / 2, 1, 512, -EIO},
        {~0u, 1, 512, -EIO},
        {0, 1, 0, -EIO},
        {0, 1, 513, -EIO},
        {0, 0, 1024, -EIO},
        {0, DISK_PIECES + 1, 1024, -EIO},
        {0, -1, 1024, -EIO},
        {0, 2, 0xfffffe00, -EIO},
        {SECTORS / 2 - 1, 2, 512, 0},
    };
    start_disk(FEATURES, 128);
    for (uint i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct disk_request r;
        prepare(&r, memory[0], DISK_READ, cases[i].block, DISK_PIECES);
        r.npieces = cases[i].npieces;
        for (int k = 0; k < DISK_PIECES; k++)
            r.piece[k].len = cases[i].len;
        uint16 before = dev.last_avail;
        assert_int_equal(disk_wait(&r), cases[i].status);
        assert_int_equal(dev.last_avail - before, cases[i].status == 0);
    }
    undone = 0;
}

static void flush_makes_durable(void **unused)
{
    (void)unused;
    struct disk_request r;
    start_disk(FEATURES, 128);
    prepare(&r, memory[0], DISK_WRITE, 1, 1);
    assert_int_equal(disk_wait(&r), 0);
    assert_true(dev.volatile_writes);
    assert_int_equal(disk_flush(), 0);
    assert_false(dev.volatile_writes);

    start_disk(FEATURES & ~VIRTIO_BLK_F_FLUSH, 128);
    assert_int_equal(disk_flush(), 0);
    assert_int_equal(dev.last_avail, 0);
    undone = 0;
}

static void a_disk_that_cannot_be_written(void **unused)
{
    (void)unused;
    struct disk_request r;
    start_disk(FEATURES | VIRTIO_BLK_F_RO, 128);
    prepare(&r, memory[0], DISK_WRITE, 1, 1);
    assert_int_equal(disk_wait(&r), -EIO);
    assert_int_equal(dev.last_avail, 0);
    prepare(&r, memory[0], DISK_READ, 1, 1);
    assert_int_equal(disk_wait(&r), 0);
    undone = 0;
}

/* --- a device that fails for good ------------------------------------------------------------- */

/* Requests in flight and waiting; the device has some of them. */
static void fill_the_disk(uint64 offered)
{
    start_disk(offered, 128);
    for (uint k = 0; k < REQUESTS; k++) {
        prepare(&requests[k], memory[k], DISK_READ, k, 1);
        disk_submit(&requests[k]);
    }
    take_available();
    complete_one();
    deliver_interrupt();
    assert_int_equal(undone, REQUESTS - 1);
}

/* All requests have failed, the device is reset, and nothing reaches it any more. */
static void assert_out_of_service(void)
{
    uint failed = 0;
    struct disk_request r;
    assert_int_equal(undone, 0);
    for (uint k = 0; k < REQUESTS; k++)
        failed += requests[k].status == -EIO;
    assert_int_equal(failed, REQUESTS - 1);
    assert_int_equal(dev.status, 0);
    assert_non_null(strstr(said, "disk"));
    prepare(&r, memory[0], DISK_READ, 0, 1);
    assert_int_equal(disk_wait(&r), -EIO);
    assert_int_equal(disk_flush(), -EIO);
    undone = 0;
    dev.interrupt = 1;
    deliver_interrupt();
    assert_false(dev.kicked);
}

static void a_device_that_needs_a_reset(void **unused)
{
    (void)unused;
    fill_the_disk(FEATURES);
    dev.status |= VIRTIO_NEEDS_RESET;
    dev.interrupt |= 2;
    deliver_interrupt();
    assert_out_of_service();
}

static void a_device_that_invents_completions(void **unused)
{
    (void)unused;
    static const struct {
        uint64 without;
        uint32 id;
    } cases[] = {
        {0, 64},
        {0, 127},
        {0, 128},
        {0, 0x10000},
        {0, 0xffffffff},
        {VIRTIO_F_INDIRECT, 1},
        {VIRTIO_F_INDIRECT, 3 * CHAIN},
        {VIRTIO_F_INDIRECT, 2 * CHAIN - 1},
    };
    for (uint i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill_the_disk(FEATURES & ~cases[i].without);
        add_used(cases[i].id);
        dev.interrupt |= 1;
        deliver_interrupt();
        assert_out_of_service();
    }
}

static void a_device_that_completes_twice(void **unused)
{
    (void)unused;
    start_disk(FEATURES, 128);
    prepare(&requests[0], memory[0], DISK_READ, 0, 1);
    disk_submit(&requests[0]);
    take_available();
    uint32 head = dev.held[0];
    complete_one();
    add_used(head);
    deliver_interrupt();
    assert_int_equal(undone, 0);
    assert_int_equal(requests[0].status, 0);
    assert_int_equal(dev.status, 0);
    assert_int_equal(disk_flush(), -EIO);
}

/* --- a disk that cannot be used --------------------------------------------------------------- */

static void assert_refused(const char *word)
{
    const char *wrong = disk_init();
    assert_non_null(wrong);
    if (!strstr(wrong, word))
        fail_msg("\"%s\" does not say \"%s\"", wrong, word);
    assert_false(dev.status & VIRTIO_DRIVER_OK);
}

static void disks_that_are_refused(void **unused)
{
    (void)unused;
    power_on(FEATURES, 128);
    machine.nvirtio = 0;
    assert_refused("-device virtio-blk-device");
    power_on(FEATURES, 128);
    dev.id = 1;
    assert_refused("-device virtio-blk-device");
    power_on(FEATURES, 128);
    dev.version = 1;
    assert_refused("force-legacy=false");
    power_on(FEATURES & ~VIRTIO_F_VERSION_1, 128);
    assert_refused("virtio 1");
    assert_int_equal(dev.status & VIRTIO_FAILED, VIRTIO_FAILED);
    power_on(FEATURES, 32);
    assert_refused("pieces");
    power_on(FEATURES & ~VIRTIO_BLK_F_SEG_MAX, 32);
    assert_refused("queue");
    power_on(FEATURES & ~VIRTIO_BLK_F_SEG_MAX, 0);
    assert_refused("queue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_devices),
        cmocka_unit_test(indices_wrap_around),
        cmocka_unit_test(few_notifications_and_interrupts),
        cmocka_unit_test(errors_of_the_device),
        cmocka_unit_test(one_error_of_many),
        cmocka_unit_test(impossible_requests),
        cmocka_unit_test(flush_makes_durable),
        cmocka_unit_test(a_disk_that_cannot_be_written),
        cmocka_unit_test(a_device_that_needs_a_reset),
        cmocka_unit_test(a_device_that_invents_completions),
        cmocka_unit_test(a_device_that_completes_twice),
        cmocka_unit_test(disks_that_are_refused),
    };
    random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
