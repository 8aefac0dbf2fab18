/* The rest of what programs written for xv6 expect of their library. */
#include "user/user.h"
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "kernel/vm.h"

char *sbrk(int n)
{
    return sys_sbrk(n, SBRK_EAGER);
}

char *sbrklazy(int n)
{
    return sys_sbrk(n, SBRK_LAZY);
}

int stat(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    int result = fstat(fd, st);
    close(fd);
    return result;
}

/* Byte by byte: what follows the line must be left for whoever reads descriptor 0 next. */
char *gets(char *to, int max)
{
    int n = 0;

    while (n + 1 < max && read(0, &to[n], 1) == 1)
        if (to[n++] == '\n')
            break;
    if (max > 0)
        to[n] = 0;
    return to;
}

int atoi(const char *s)
{
    uint n = 0;

    while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
        s++;
    int negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    for (; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (*s - '0');
    return negative ? -n : n;
}
