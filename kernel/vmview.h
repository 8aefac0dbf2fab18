#ifndef KERNEL_VMVIEW_H
#define KERNEL_VMVIEW_H

#include "kernel/types.h"

/* One area of an address space, as pmap() tells it. */
struct areainfo {
    uint64 start, end; /* user addresses */
    int prot;          /* 1 read, 2 write, 4 execute */
    int kind;          /* 0 text, 1 data, 2 stack, 3 heap, 4 mapping */
    int charged;       /* promised in full, not page by page */
    int pad;
    uint64 resident; /* pages in frames, the zero frame not counted */
    uint64 shared;   /* of those, pages whose frame others hold too */
    uint64 zero;     /* pages that map the zero frame */
    uint64 swapped;  /* pages on the swap device */
};

/* One page, as pagemap() tells it. */
struct pageinfo {
    uchar state;  /* enum page_state */
    uchar rights; /* 1 read, 2 write, 4 execute: what the entry grants now */
    ushort pad;
    uint refs;    /* holders of the frame */
    uint64 frame; /* its number, 0 if none */
};

enum page_state { PAGE_NONE, PAGE_ABSENT, PAGE_ZERO, PAGE_PRIVATE, PAGE_SHARED };

/* What memmap() says of each frame: the owner in the low bits, and how many hold it. */
struct frameinfo {
    uchar state; /* enum frame_state of kernel/mem/frame.h */
    uchar zero;  /* 1: the shared zero frame */
    ushort refs; /* at most 65535 */
};

#endif
