#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "kernel/types.h"

/* From "Virtual I/O Device (VIRTIO) Version 1.2": what a block device over MMIO needs of it. */

/* MMIO registers: section 4.2.2. */
#define VIRTIO_MAGIC            0x000
#define VIRTIO_VERSION          0x004
#define VIRTIO_DEVICE_ID        0x008
#define VIRTIO_DEVICE_FEATURES  0x010
#define VIRTIO_DEVICE_SELECT    0x014
#define VIRTIO_DRIVER_FEATURES  0x020
#define VIRTIO_DRIVER_SELECT    0x024
#define VIRTIO_QUEUE_SELECT     0x030
#define VIRTIO_QUEUE_MAX        0x034
#define VIRTIO_QUEUE_SIZE       0x038
#define VIRTIO_QUEUE_READY      0x044
#define VIRTIO_QUEUE_NOTIFY     0x050
#define VIRTIO_INTERRUPT_STATUS 0x060
#define VIRTIO_INTERRUPT_ACK    0x064
#define VIRTIO_STATUS           0x070
#define VIRTIO_QUEUE_DESC       0x080 /* low half; the high half follows, here and below */
#define VIRTIO_QUEUE_DRIVER     0x090
#define VIRTIO_QUEUE_DEVICE     0x0a0
#define VIRTIO_GENERATION       0x0fc
#define VIRTIO_CONFIG           0x100

#define VIRTIO_MAGIC_VALUE      0x74726976u
#define VIRTIO_MODERN           2
#define VIRTIO_ID_BLOCK         2

/* Device status: section 2.1. */
#define VIRTIO_ACKNOWLEDGE 1
#define VIRTIO_DRIVER      2
#define VIRTIO_DRIVER_OK   4
#define VIRTIO_FEATURES_OK 8
#define VIRTIO_NEEDS_RESET 64
#define VIRTIO_FAILED      128

/* Feature bits: sections 5.2.3 and 6. */
#define VIRTIO_BLK_F_SEG_MAX (1UL << 2)
#define VIRTIO_BLK_F_RO      (1UL << 5)
#define VIRTIO_BLK_F_FLUSH   (1UL << 9)
#define VIRTIO_F_INDIRECT    (1UL << 28)
#define VIRTIO_F_EVENT_IDX   (1UL << 29)
#define VIRTIO_F_VERSION_1   (1UL << 32)

/* Configuration of a block device: section 5.2.4. */
#define VIRTIO_BLK_CAPACITY 0 /* 64 bits, in sectors */
#define VIRTIO_BLK_SEG_MAX  12

/* Split virtqueues: sections 2.7.5, 2.7.6 and 2.7.8. */
#define VIRTQ_NEXT     1 /* another descriptor follows in the chain */
#define VIRTQ_WRITE    2 /* the device writes this piece */
#define VIRTQ_INDIRECT 4 /* the piece is itself a table of descriptors */

struct virtq_desc {
    uint64 addr;
    uint32 len;
    uint16 flags;
    uint16 next;
};

struct virtq_used_entry {
    uint32 id; /* head of the chain */
    uint32 len;
};

#define VIRTQ_NO_NOTIFY 1 /* in the used ring's flags, without VIRTIO_F_EVENT_IDX */

/* Requests of a block device: section 5.2.6. */
#define VIRTIO_SECTOR    512
#define VIRTIO_BLK_IN    0
#define VIRTIO_BLK_OUT   1
#define VIRTIO_BLK_FLUSH 4
#define VIRTIO_BLK_OK    0

struct virtio_blk_header {
    uint32 type;
    uint32 reserved;
    uint64 sector;
};

#endif
