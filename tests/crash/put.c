/*
 * put FILE LETTER KIB [s]: writes so many KiB of the letter from the start of the file on, in the
 * place of what it holds; with s, fsync follows.
 */
#include "kernel/fcntl.h"
#include "user/extra.h"

static char bytes[4096];

int main(int argc, char **argv)
{
    int fd = argc >= 4 ? open(argv[1], O_CREATE | O_RDWR) : -1;
    if (fd < 0)
        exit(1);
    memset(bytes, argv[2][0], sizeof(bytes));
    for (int left = atoi(argv[3]) * 1024; left > 0; left -= sizeof(bytes)) {
        int n = left < (int)sizeof(bytes) ? left : (int)sizeof(bytes);
        if (write(fd, bytes, n) != n)
            exit(2);
    }
    exit(argc > 4 && fsync(fd) < 0 ? 3 : 0);
}
