/*
 * exec: the new image is built beside the old one and takes its place only when nothing can fail
 * any more.
 */
#include "kernel/errno.h"
#include "kernel/fs/fs.h"
#include "kernel/lib/string.h"
#include "kernel/memlayout.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/proc.h"
#include "kernel/vm/usercopy.h"

struct image {
    struct inode *file;
    struct space *space;
    uint64 end; /* of the highest segment */
    uint64 entry;
    uint64 sp; /* initial stack pointer, which is also where argv is */
};

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

static int read_headers(struct image *im, struct elf_load *loads, int *n)
{
    struct elf_header h;
    uint64 size = inode_size(im->file);
    int r = read_exact(im->file, &h, sizeof h, 0);
    if (r == 0)
        r = elf_check_header(&h, size);
    for (uint i = 0; r == 0 && i < h.phnum; i++) {
        struct elf_segment s;
        r = read_exact(im->file, &s, sizeof s, h.phoff + i * sizeof s);
        if (r == 0)
            r = elf_check_segment(&s, size, TRAPFRAME - USERSTACK * PGSIZE - 4 * PGSIZE, loads, n);
    }
    if (r == 0)
        r = elf_check_entry(h.entry, loads, *n);
    if (r == 0)
        im->entry = h.entry;
    return r;
}

/* Fills the part of the segment that the file has; the rest reads as zero by itself. */
static int load_segment(struct image *im, const struct elf_load *l)
{
    int r =
        space_map(im->space, l->start, l->end, l->prot, l->prot & AREA_X ? AREA_TEXT : AREA_DATA);
    for (uint64 done = 0; r == 0 && done < l->filesz;) {
        struct pin pin;
        int64 n = user_pin(im->space, l->vaddr + done, l->filesz - done, PIN_LOAD, &pin);
        if (n < 0)
            return -ENOMEM;
        int64 got = inode_read(im->file, &pin.iov, l->offset + done);
        user_unpin(&pin);
        r = got > 0 ? 0 : got < 0 ? (int)got : -ENOEXEC;
        done += (uint64)got;
    }
    return r;
}

static int load_program(struct image *im)
{
    struct elf_load loads[ELF_SEGMENTS];
    int n = 0, r = read_headers(im, loads, &n);
    for (int i = 0; r == 0 && i < n; i++)
        r = load_segment(im, &loads[i]);
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

static int build(struct image *im, const char *path, char *const argv[], int argc)
{
    struct proc *p = proc_self();
    int r = inode_lookup(p->cwd, path, &im->file);
    if (r < 0)
        return r;
    im->space = NULL;
    if (inode_type(im->file) != T_FILE)
        r = inode_type(im->file) == T_DIR ? -EISDIR : -ENOEXEC;
    else if (!(im->space = space_new_reserved(p->reserve)))
        r = -ENOMEM;
    if (r == 0)
        r = load_program(im);
    inode_put(im->file);
    if (r == 0)
        r = push_arguments(im, argv, argc);
    if (r < 0 && im->space)
        space_put(im->space);
    return r;
}

static void set_name(struct proc *p, const char *path)
{
    const char *base = path;
    for (const char *c = path; *c; c++)
        if (*c == '/' && c[1] && c[1] != '/')
            base = c + 1;
    strlcpy(p->name, base, sizeof p->name);
}

int proc_exec(const char *path, char *const argv[], int argc)
{
    struct image im;
    int r = build(&im, path, argv, argc);
    if (r < 0)
        return r;

    struct proc *p = proc_self();
    struct space *old = p->space;
    spin_lock(&ptable_lock); /* proc_list() looks into the space and the name under this lock */
    p->space = im.space;
    p->space->user = &p->vm;
    set_name(p, path);
    spin_unlock(&ptable_lock);
    irq_push();
    space_activate(im.space);
    irq_pop();
    if (old)
        space_put(old);

    /* The console's shell is whatever init starts; its children had the reserves to get here. */
    if (p != proc_init_process && p->parent != proc_init_process)
        p->reserve = p->space->reserve = false;

    uint64 status = p->tf->status;
    memset(p->tf, 0, sizeof *p->tf); /* no register of the old program reaches the new one */
    p->tf->status = status;
    p->tf->pc = im.entry;
    p->tf->reg[TF_SP] = im.sp;
    p->tf->reg[TF_A0 + 1] = im.sp;
    return argc; /* the system call's result, a0 */
}
