#ifndef DEV_DEV_H
#define DEV_DEV_H

#include "kernel/lib/iov.h"
#include "kernel/mem/addr.h"
#include <stdbool.h>

/*
 * Character devices, by major number (kernel/ioctl.h).  Functions return bytes or -E*.  A device
 * that has something to remember for each open file has open() and close(); reads of files with a
 * state come one after the other, and must not wait.
 */
struct device {
    const char *name;
    int (*read)(struct iov *dst, void *state); /* up to dst->total; 0 = end of file */
    int (*write)(struct iov *src);
    int (*ioctl)(int request, uint64 arg); /* may be NULL */
    void *(*open)(void);                   /* a new state, NULL without memory; may be NULL */
    void (*close)(void *state);
};

/* The device with this major, NULL if there is none. */
const struct device *device_get(uint major);

/* --- UART (dev/uart.c), NS16550A ------------------------------------------------------------ */
void uart_init(void);  /* output by polling works from here on; needs only machine.uart */
void uart_start(void); /* from here on interrupts drain the output; needs plic_init() */
void uart_write(const char *bytes, uint64 n); /* never sleeps; spins while the queue is full */

/* Sends what is queued and then these bytes, takes no lock: for panic. */
void uart_write_polled(const char *bytes, uint64 n);

/* Queues as many bytes as there is room for; if not all, console_room() will be called. */
uint64 uart_queue(const char *bytes, uint64 n);
bool uart_try(const char *bytes, uint64 n); /* queues all or nothing */
void uart_flush(void); /* returns when everything queued is sent, or another holds the lock long */

/*
 * --- Console (dev/console.c): the line discipline ---------------------------------------------
 * ^H/DEL erase, ^W word, ^U line, ^D end of file, ^C SIGINT to the foreground group, ^P process
 * list, ^T memory.
 */
void console_init(void);
void console_input(char c); /* a key; in interrupt context */
void console_room(void);    /* the UART takes output again; in interrupt context */
int console_read(struct iov *dst, void *unused);
int console_write(struct iov *src);

/*
 * The kernel tells what a process caused: NUL-ended text, sent as one write of that process is, so
 * it sleeps while the terminal takes nothing.  A kill does not silence it, but who is killed waits
 * CONSOLE_LAST_WORDS seconds at most, and what is left then is lost.  In a process, without a spin
 * lock; anybody else has printf().
 */
#define CONSOLE_LAST_WORDS 2
void console_report(const char *text);
int console_ioctl(int request, uint64 arg);

/* What the console asks of the layer above, in interrupt context: set once at boot. */
enum console_show { CONSOLE_PROCESSES, CONSOLE_MEMORY };
void console_set_hooks(void (*interrupt_group)(int pgid), void (*show)(enum console_show what));

/* --- PLIC (dev/plic.c): "RISC-V Platform-Level Interrupt Controller Specification" ----------- */
void plic_init(void);      /* once, before all the others: all sources off */
void plic_init_hart(void); /* on every hart */
void plic_interrupt(void); /* claims and handles all that is pending for this hart */

/* Enables source irq (1 .. MACHINE_IRQS-1) on the calling hart alone; at boot, once a source. */
void plic_set_handler(uint irq, void (*handler)(void *), void *arg);

/* --- random (dev/random.c): ChaCha20, seeded from the device tree and the clock --------------- */
void random_init(const uint8 seed[32]);
void random_bytes(void *dst, uint64 n); /* any context; n < 256 GiB */

/* --- faults (dev/faults.c): the latest page faults, as struct fault_event --------------------- */
void *faults_open(void);
void faults_close(void *state);
int faults_read(struct iov *dst, void *state); /* whole events; -EINVAL if none would fit */

/* --- finisher (dev/finisher.c) ---------------------------------------------------------------- */
/*
 * Ends the machine when the output is sent: QEMU exits with `status` (0..255).  Without the device:
 * stops all harts.  Any context; what is not on the disk is lost.
 */
void machine_off(int status) __attribute__((noreturn));

#endif
