/*
 * The character devices and their table, by major number.
 *
 * Lock: none; the table is constant.
 */
#include "kernel/dev/dev.h"
#include "kernel/ioctl.h"
#include <stddef.h>

static int swallow(struct iov *src)
{
    return src->total;
}

static int null_read(struct iov *dst)
{
    (void)dst;
    return 0;
}

static int zero_read(struct iov *dst)
{
    iov_clear(dst, 0, dst->total);
    return dst->total;
}

static int random_read(struct iov *dst)
{
    for (int i = 0; i < dst->n; i++)
        random_bytes(dst->piece[i].at, dst->piece[i].len);
    return dst->total;
}

static const struct device devices[] = {
    [DEV_CONSOLE] = {"console", console_read, console_write, console_ioctl},
    [DEV_NULL] = {"null", null_read, swallow, NULL},
    [DEV_ZERO] = {"zero", zero_read, swallow, NULL},
    [DEV_RANDOM] = {"random", random_read, swallow, NULL},
};

const struct device *device_get(uint major)
{
    bool known = major < sizeof(devices) / sizeof(devices[0]) && devices[major].name;
    return known ? &devices[major] : NULL;
}
