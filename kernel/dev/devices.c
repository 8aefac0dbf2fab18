/*
 * The character devices and their table, by major number.
 *
 * Lock: none; the table is constant.
 */
#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/ioctl.h"
#include <stddef.h>

static int swallow(struct iov *src)
{
    return src->total;
}

static int null_read(struct iov *dst, void *unused)
{
    (void)dst, (void)unused;
    return 0;
}

static int zero_read(struct iov *dst, void *unused)
{
    (void)unused;
    iov_clear(dst, 0, dst->total);
    return dst->total;
}

static int random_read(struct iov *dst, void *unused)
{
    (void)unused;
    for (int i = 0; i < dst->n; i++)
        random_bytes(dst->piece[i].at, dst->piece[i].len);
    return dst->total;
}

static int refuse(struct iov *src)
{
    (void)src;
    return -EINVAL;
}

static const struct device devices[] = {
    [DEV_CONSOLE] = {.name = "console",
                     .read = console_read,
                     .write = console_write,
                     .ioctl = console_ioctl},
    [DEV_NULL] = {.name = "null", .read = null_read, .write = swallow},
    [DEV_ZERO] = {.name = "zero", .read = zero_read, .write = swallow},
    [DEV_RANDOM] = {.name = "random", .read = random_read, .write = swallow},
    [DEV_FAULTS] = {.name = "faults",
                    .read = faults_read,
                    .write = refuse,
                    .open = faults_open,
                    .close = faults_close},
};

const struct device *device_get(uint major)
{
    bool known = major < sizeof(devices) / sizeof(devices[0]) && devices[major].name;
    return known ? &devices[major] : NULL;
}
