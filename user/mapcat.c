/*
 * mapcat [FILE...]: copies files, or descriptor 0, to descriptor 1 without reading them: they are
 * mapped, window by window, and write() takes the bytes out of the mapping.  So the bytes are
 * copied once, from the page cache to where they go, and a file may be larger than the memory.
 *
 * Only files can be mapped.  This program itself never touches a mapping: if a file becomes
 * shorter meanwhile, it is write() that fails, where a load would be the end of the process.
 */
#include "kernel/errno.h"
#include "kernel/mman.h"
#include "kernel/stat.h"
#include "user/lib/prog.h"

#define WINDOW (1ul << 20)

/* Returns the exit status, as all here. */
static int copy_window(int fd, const char *name, uint64 at, size_t n)
{
    char *window = mmap(0, n, PROT_READ, MAP_SHARED, fd, (off_t)at);
    if (window == MAP_FAILED)
        return prog_fail("%s", name);
    int failed = !prog_write(1, window, n), why = failed ? errcode() : 0;
    munmap(window, n);
    if (failed)
        prog_warn("%s: %s", name,
                  why == EFAULT ? "has become shorter, or cannot be read" : strerror(why));
    return failed;
}

static int copy(int fd, const char *name)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || st.type != T_FILE) { /* a pipe has no stat at all */
        prog_warn("%s: is no file, and only files can be mapped: use cat", name);
        return 1;
    }
    for (uint64 at = 0; at < st.size; at += WINDOW)
        if (copy_window(fd, name, at, st.size - at < WINDOW ? st.size - at : WINDOW))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    uint none;
    int status = 0, i = prog_flags(argc, argv, "", "mapcat [FILE...]", &none);

    if (i == argc)
        return copy(0, "input");
    for (; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            status = prog_fail("%s", argv[i]);
            continue;
        }
        status |= copy(fd, argv[i]);
        close(fd);
    }
    return status;
}
