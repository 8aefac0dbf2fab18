/* The smallest program: one page of code, no library.  What is measured with it is its start. */
#include "kernel/fcntl.h"
#include "kernel/riscv.h"
#include "kernel/syscall.h"
#include "user/extra.h"
#include "user/lib/elf.h"
#include "user/lib/tiny.h"

#define CODE_AT 0x1000 /* the page in which the code lies */

struct tiny {
    struct elf_header head;
    struct elf_segment seg;
    uint code[3];
};

int tiny_write(const char *path, int pages)
{
    static const char nothing[PGSIZE];
    uint64 at = __builtin_offsetof(struct tiny, code);
    struct tiny tiny = {
        .head = elf_head(CODE_AT + at, 1),
        .seg = elf_to_load(ELF_R | ELF_X, at, CODE_AT + at, sizeof tiny.code),
        .code = {0x00000893 | SYS_exit << 20, 0x00000513, 0x00000073}, /* li a7; li a0, 0; ecall */
    };
    int fd = open(path, O_CREATE | O_TRUNC | O_WRONLY);
    tiny.seg.filesz = tiny.seg.memsz += (pages - 1) * PGSIZE;
    int ok = fd >= 0 && write(fd, &tiny, sizeof tiny) == sizeof tiny;
    for (int i = 1; i < pages; i++)
        ok = ok && write(fd, nothing, PGSIZE) == PGSIZE;
    close(fd);
    return ok ? 0 : -1;
}

static int start(const char *path, char **argv, enum tiny_way way)
{
    if (way == TINY_SPAWN)
        return spawn(path, argv, 0, 0);
    int pid = way == TINY_VFORK ? vfork() : fork();
    if (pid != 0)
        return pid;
    exec(path, argv);
    exit(1);
}

int tiny_run(const char *path, enum tiny_way way)
{
    char *argv[] = {"tiny", 0};
    int status = 0, pid = start(path, argv, way);
    return pid > 0 && wait(&status) == pid && status == 0 ? 0 : -1;
}
