/*
 * The image of a program: a new address space with its segments, its stack and its arguments.
 * exec and spawn build one beside everything that exists, so until it is complete a failure only
 * throws it away.
 *
 * Of the file only the headers are read.  Areas say which bytes of it each segment is; the pages
 * come with the faults of the program, so it costs what of it runs.  Text and constants are the
 * frames of the page cache, the same for everybody; data is copied when it is written.
 *
 * Nothing here asks for the running process, so an image may be built for one that does not exist
 * yet.
 */
#include "kernel/proc/image.h"
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/string.h"
#include "kernel/memlayout.h"
#include "kernel/proc/elf.h"
#include "kernel/trap/trapframe.h"
#include "kernel/vm/mmap.h"
#include "kernel/vm/usercopy.h"

/* Reads exactly n bytes at `off`.  A read that ends early says why when asked for the rest. */
static int read_exact(struct inode *ip, void *dst, uint64 n, uint64 off)
{
    for (uint64 done = 0; done < n;) {
        struct iov v;
        iov_one(&v, (char *)dst + done, n - done);
        int64 got = inode_read(ip, &v, off + done);
        if (got <= 0)
            return got < 0 ? (int)got : -ENOEXEC;
        done += (uint64)got;
    }
    return 0;
}

/* The beginning of the file, where linkers put all headers. */
struct head {
    uint64 n;
    uint64 bytes[64];
};

static int read_head(struct inode *ip, struct head *head)
{
    struct iov v;
    iov_one(&v, (char *)head->bytes, sizeof head->bytes);
    int64 got = inode_read(ip, &v, 0);
    head->n = got < 0 ? 0 : (uint64)got;
    return got < 0 ? (int)got : 0;
}

/* n bytes at `off`, which the file has unless it is shorter than its header says. */
static int read_part(struct inode *ip, const struct head *head, void *dst, uint64 n, uint64 off)
{
    if (off + n > head->n)
        return read_exact(ip, dst, n, off);
    memcpy(dst, (const char *)head->bytes + off, n);
    return 0;
}

static int read_headers(struct image *im, struct elf_load *loads, int *n)
{
    struct head head;
    struct elf_header h;
    uint64 size = inode_size(im->file);
    int r = read_head(im->file, &head);
    if (r == 0)
        r = read_part(im->file, &head, &h, sizeof h, 0);
    if (r == 0)
        r = elf_check_header(&h, size);
    for (uint i = 0; r == 0 && i < h.phnum; i++) {
        struct elf_segment s;
        r = read_part(im->file, &head, &s, sizeof s, h.phoff + i * sizeof s);
        if (r == 0)
            r = elf_check_segment(&s, size, TRAPFRAME - USERSTACK * PGSIZE - 4 * PGSIZE, loads, n);
    }
    if (r == 0)
        r = elf_check_entry(h.entry, loads, *n);
    if (r == 0)
        im->entry = h.entry;
    return r;
}

/*
 * Promises what the file has of the segment as a private mapping, and the rest as zeros.  What may
 * be written is charged: each page of it may come to be a copy.
 */
static int map_segment(struct space *s, struct inode *file, const struct elf_load *l)
{
    uint64 split = l->start + PGROUNDUP(l->bytes);
    struct area like = {.prot = (uchar)l->prot,
                        .kind = l->prot & AREA_X ? AREA_TEXT : AREA_DATA,
                        .charged = l->prot & AREA_W,
                        .store = inode_store(file),
                        .offset = l->offset,
                        .bytes = l->bytes};
    int r = split > l->start ? space_map_like(s, l->start, split, &like) : 0;
    like.store = NULL;
    if (r == 0 && split < l->end)
        r = space_map_like(s, split, l->end, &like);
    return r;
}

static int load_program(struct image *im)
{
    struct elf_load loads[ELF_SEGMENTS];
    int n = 0, r = read_headers(im, loads, &n);
    for (int i = 0; r == 0 && i < n; i++)
        r = map_segment(im->space, im->file, &loads[i]);
    if (r == 0)
        r = space_set_stack(im->space, loads[n - 1].end);
    return r;
}

/* Lays the strings, then the vector of pointers to them, below the top of the stack. */
static int push_arguments(struct image *im, char *const argv[], int argc)
{
    uint64 top = im->space->stack_top, sp = top, vector[MAXARG + 1];
    for (int i = 0; i < argc; i++) {
        uint64 n = strlen(argv[i]) + 1;
        if (n > sp - (top - PGSIZE))
            return -E2BIG;
        sp -= n;
        vector[i] = sp;
        if (copyout(im->space, sp, argv[i], n) < 0)
            return -ENOMEM;
    }
    vector[argc] = 0;
    uint64 bytes = (uint64)(argc + 1) * sizeof vector[0];
    if (bytes + 16 > sp - (top - PGSIZE))
        return -E2BIG;
    im->sp = (sp - bytes) & ~15UL; /* psABI: the stack pointer is 16-byte aligned */
    return copyout(im->space, im->sp, vector, bytes) < 0 ? -ENOMEM : 0;
}

/* A file of any type; what may be run stays as it is from here on. */
static int open_program(struct inode *cwd, const char *path, struct inode **file)
{
    int r = inode_lookup(cwd, path, file);
    if (r < 0)
        return r;
    if (inode_type(*file) != T_FILE)
        r = inode_type(*file) == T_DIR ? -EISDIR : -ENOEXEC;
    else
        r = inode_deny_write(*file);
    if (r < 0)
        inode_put(*file);
    return r;
}

struct inode *image_share(struct inode *exe)
{
    inode_deny_write(exe); /* cannot fail: it is being run */
    return inode_get(exe);
}

void image_release(struct inode *exe)
{
    inode_allow_write(exe);
    inode_put(exe);
}

/* Fills *im, the file apart; on failure the caller frees what is there. */
static int load(struct image *im, char *const argv[], bool reserve)
{
    im->space = space_new_reserved(reserve);
    int r = im->space ? load_program(im) : -ENOMEM;
    return r < 0 ? r : push_arguments(im, argv, im->argc);
}

int image_build(struct image *im, struct inode *cwd, const char *path, char *const argv[], int argc,
                bool reserve)
{
    int r = open_program(cwd, path, &im->file);
    if (r < 0)
        return r;
    im->space = NULL;
    im->argc = argc;
    r = load(im, argv, reserve);
    if (r < 0)
        image_free(im);
    return r;
}

int image_read(const struct image *im)
{
    return space_populate(im->space);
}

void image_free(const struct image *im)
{
    if (im->space)
        space_put(im->space);
    image_release(im->file);
}

void image_start(const struct image *im, struct trapframe *tf)
{
    uint64 status = tf->status;
    memset(tf, 0, sizeof *tf); /* no register of another program reaches this one */
    tf->status = status;
    tf->pc = im->entry;
    tf->reg[TF_SP] = im->sp;
    tf->reg[TF_A0] = (uint64)im->argc;
    tf->reg[TF_A0 + 1] = im->sp;
}
