#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "kernel/dev/disk.h"

/* Finds and starts the device and tells its size in sectors of 512 bytes; NULL or what is wrong. */
const char *virtio_blk_init(uint64 *sectors);

bool virtio_blk_read_only(void); /* the device refuses writes: virtio 5.2.6.2 */

/*
 * Queues n requests, each within the disk and with pieces of whole sectors; else as disk_submit().
 * The device is told of them together.
 */
void virtio_blk_submit(struct disk_request *r, int n);

#endif
