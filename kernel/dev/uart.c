/*
 * The serial port: an NS16550A (National Semiconductor, data sheet PC16550D, June 1995).
 *
 * Model: what is to be sent waits in a ring, from which each "transmitter empty" interrupt fills
 * the device's FIFO; that interrupt is enabled only while the ring has something.  Until
 * uart_start() bytes are sent by polling.  A process that wants to print much asks with
 * uart_queue() how much there is room for and sleeps; the kernel's own printf cannot sleep, and
 * uart_write() makes room by polling.
 *
 * Lock: uart_lock guards the ring and the sending half of the device.  Received bytes are handed
 * on without it, because their echo comes back here.
 */
#include "kernel/dev/dev.h"
#include "kernel/dev/machine.h"
#include "kernel/dev/mmio.h"
#include "kernel/sync/spinlock.h"
#include <stddef.h>

/* Registers, by their offset: data sheet, table II. */
#define RBR           0 /* read: received byte */
#define THR           0 /* write: byte to send */
#define DLL           0 /* while LCR_DIVISOR is set */
#define DLM           1
#define IER           1
#define FCR           2
#define LCR           3
#define LSR           5

#define IER_RECEIVED  0x01
#define IER_SENT      0x02
#define FCR_ENABLE    0x01
#define FCR_CLEAR     0x06
#define FCR_TRIGGER_8 0x80 /* interrupt at 8 received bytes, or 4 byte times after the last */
#define LCR_8_BITS    0x03
#define LCR_DIVISOR   0x80
#define LSR_RECEIVED  0x01
#define LSR_EMPTY     0x20 /* the FIFO takes FIFO_SIZE bytes */
#define LSR_IDLE      0x40 /* the last bit is on the wire */

#define FIFO_SIZE     16
#define QUEUE         4096 /* a power of 2 */
#define QEMU_UART     0x10000000UL

#define FLUSH_TRIES   1000000 /* the holder may be the code that panicked */

static struct spinlock uart_lock = SPINLOCK_INIT("uart", RANK_UART);
static char queue[QUEUE];
static uint first, last; /* waiting bytes; they only grow, the ring is indexed modulo QUEUE */
static bool started;     /* interrupts drain the queue */
static bool room_wanted; /* somebody was refused: tell the console when there is room */

static uint8 get(uint reg)
{
    return mmio_read8(machine.uart + reg);
}

static void set(uint reg, uint8 value)
{
    mmio_write8(machine.uart + reg, value);
}

void uart_init(void)
{
    if (!machine.uart)
        machine.uart = QEMU_UART;
    set(IER, 0);
    set(LCR, LCR_8_BITS | LCR_DIVISOR);
    set(DLL, 2); /* 115200 baud of QEMU's 3.6864 MHz; the receive time-out counts in it */
    set(DLM, 0);
    set(LCR, LCR_8_BITS);
    set(FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_8);
}

static void put_polled(char c)
{
    while (!(get(LSR) & LSR_EMPTY))
        ;
    set(THR, c);
}

/* Moves what the device takes from the queue; its interrupt asks for the rest. */
static void fill_fifo(void)
{
    if (get(LSR) & LSR_EMPTY)
        for (uint i = 0; i < FIFO_SIZE && first != last; i++)
            set(THR, queue[first++ % QUEUE]);
    set(IER, first == last && !room_wanted ? IER_RECEIVED : IER_RECEIVED | IER_SENT);
}

static void interrupt(void *unused)
{
    (void)unused;
    char received[FIFO_SIZE];
    uint n = 0;

    spin_lock(&uart_lock);
    while (n < sizeof(received) && get(LSR) & LSR_RECEIVED)
        received[n++] = get(RBR);
    bool room = room_wanted && last - first <= QUEUE / 2;
    if (room)
        room_wanted = false;
    fill_fifo();
    spin_unlock(&uart_lock);

    for (uint i = 0; i < n; i++)
        console_input(received[i]);
    if (room)
        console_room();
}

void uart_start(void)
{
    plic_set_handler(machine.uart_irq, interrupt, NULL);
    spin_lock(&uart_lock);
    started = true;
    fill_fifo();
    spin_unlock(&uart_lock);
}

uint64 uart_queue(const char *bytes, uint64 n)
{
    uint64 i = 0;
    spin_lock(&uart_lock);
    while (i < n && last - first < QUEUE)
        queue[last++ % QUEUE] = bytes[i++];
    if (i < n)
        room_wanted = true;
    fill_fifo();
    spin_unlock(&uart_lock);
    return i;
}

bool uart_try(const char *bytes, uint64 n)
{
    spin_lock(&uart_lock);
    bool fits = n <= QUEUE - (last - first);
    for (uint64 i = 0; fits && i < n; i++)
        queue[last++ % QUEUE] = bytes[i];
    fill_fifo();
    spin_unlock(&uart_lock);
    return fits;
}

static void drain(uint n)
{
    for (; n > 0; n--)
        put_polled(queue[first++ % QUEUE]);
}

void uart_write(const char *bytes, uint64 n)
{
    spin_lock(&uart_lock);
    for (uint64 i = 0; i < n; i++) {
        if (last - first == QUEUE)
            drain(FIFO_SIZE);
        queue[last++ % QUEUE] = bytes[i];
    }
    if (started)
        fill_fifo();
    else
        drain(last - first);
    spin_unlock(&uart_lock);
}

/* Another hart may be at the queue: the text may suffer, but no index leaves the ring. */
void uart_write_polled(const char *bytes, uint64 n)
{
    uint waiting = last - first;
    drain(waiting <= QUEUE ? waiting : 0);
    for (uint64 i = 0; i < n; i++)
        put_polled(bytes[i]);
}

void uart_flush(void)
{
    for (uint tries = 0; !spin_trylock(&uart_lock); tries++)
        if (tries == FLUSH_TRIES)
            return;
    drain(last - first);
    while (!(get(LSR) & LSR_IDLE))
        ;
    spin_unlock(&uart_lock);
}
