#ifndef KERNEL_VMVIEW_H
#define KERNEL_VMVIEW_H

#include "kernel/types.h"

/* One area of an address space, as pmap() tells it. */
struct areainfo {
    uint64 start, end; /* user addresses */
    int prot;          /* 1 read, 2 write, 4 execute */
    int kind;          /* 0 text, 1 data, 2 stack, 3 heap, 4 mapping */
    int charged;       /* promised in full, not page by page */
    int shared_map;    /* writes reach the file, or the relatives that share it */
    uint64 resident;   /* pages in frames, the zero frame not counted */
    uint64 shared;     /* of those, pages whose frame others hold too: of a file, the cache */
    uint64 zero;       /* pages that map the zero frame */
    uint64 swapped;    /* pages on a swap device: 0, there is none */
    uint64 offset;     /* in the file, of `start` */
    uint64 file;       /* inode number, 0 = none */
};

/* One page, as pagemap() tells it. */
struct pageinfo {
    uchar state;  /* enum page_state */
    uchar rights; /* 1 read, 2 write, 4 execute: what the entry grants now */
    ushort pad;
    uint refs;    /* holders of the frame, the cache among them; of the zero frame 0 */
    uint64 frame; /* its number, that of the zero frame too; 0: there is none */
    uint64 run;   /* PAGE_NONE, PAGE_ABSENT: as many pages from this one on are alike; else 0 */
};

enum page_state {
    PAGE_NONE,    /* not promised */
    PAGE_ABSENT,  /* promised, not touched yet */
    PAGE_ZERO,    /* maps the zero frame */
    PAGE_PRIVATE, /* has a frame of its own */
    PAGE_SHARED,  /* its frame has other holders too */
    PAGE_FILE,    /* maps a page of a file, or of memory that relatives share; writable: dirty */
};

/* What a frame of RAM is used for. */
enum frame_state {
    FRAME_FREE,     /* in the buddy allocator or a hart's cache; refs is 0 */
    FRAME_WIRED,    /* kernel memory that is none of the following */
    FRAME_TABLE,    /* a page table */
    FRAME_KSTACK,   /* a part of a kernel stack */
    FRAME_SLAB,     /* small objects of the kernel */
    FRAME_PIPE,     /* bytes in a pipe */
    FRAME_ANON,     /* a page of user memory that no file backs */
    FRAME_CACHE,    /* a page of a file or of the disk; may be user-mapped too */
    FRAME_RESERVED, /* not RAM that can be handed out: kernel image, device tree, frame table */
};

/* What memmap() says of each frame. */
struct frameinfo {
    uchar state; /* enum frame_state */
    uchar zero;  /* 1: the zero frame, which all pages read that nobody has written */
    ushort refs; /* how many hold it, at most 65535 */
};

/* Kinds of frames in pictures of memory: the states, then those that only a look inside tells. */
#define FRAME_KIND_SHARED  9 /* FRAME_ANON with several holders */
#define FRAME_KIND_ZERO    10
#define FRAME_KIND_MAPPED  11 /* FRAME_CACHE with holders besides the cache */
#define FRAME_KINDS        12
#define FRAME_KIND_LETTERS ".ktso|pc#+zf"
#define FRAME_KIND_NAMES                                                                           \
    {                                                                                              \
        "free", "kernel", "page tables", "kernel stacks", "objects", "pipes", "private", "cache",  \
            "reserved", "shared", "zero frame", "mapped files"                                     \
    }

static inline int frame_kind(const struct frameinfo *f)
{
    if (f->zero)
        return FRAME_KIND_ZERO;
    if (f->refs > 1 && f->state == FRAME_CACHE)
        return FRAME_KIND_MAPPED;
    return f->state == FRAME_ANON && f->refs > 1 ? FRAME_KIND_SHARED : f->state;
}

#endif
