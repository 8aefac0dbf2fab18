/*
 * `seek DIRECTORY NAME` prints the path of every file called NAME below DIRECTORY, one a line, in
 * the order of the directories:
 *     $ mkdir t; mkdir t/u; echo x > t/n; echo x > t/u/n; seek t n
 *     t/u/n
 *     t/n
 * Exercises: struct dirent by read() of a directory, fstat, T_DIR, memmove and strcpy on paths;
 * fcntl.h and fs.h before types.h.
 */
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/stat.h"
#include "kernel/types.h"
#include "user/user.h"

static char path[512];

static void visit(const char *name, uint used)
{
    struct dirent entry;
    struct stat info;
    int fd = open(path, O_RDONLY);

    if (fd < 0) {
        fprintf(2, "seek: cannot open %s\n", path);
        return;
    }
    if (fstat(fd, &info) < 0 || info.type != T_DIR || used + 1 + DIRSIZ + 1 > sizeof(path)) {
        close(fd);
        return;
    }
    path[used++] = '/';
    while (read(fd, &entry, sizeof(entry)) == sizeof(entry)) {
        if (entry.inum == 0)
            continue;
        memmove(path + used, entry.name, DIRSIZ);
        path[used + DIRSIZ] = 0;
        if (strcmp(path + used, ".") == 0 || strcmp(path + used, "..") == 0)
            continue;
        if (strcmp(path + used, name) == 0)
            printf("%s\n", path);
        visit(name, strlen(path));
    }
    path[used - 1] = 0;
    close(fd);
}

int main(int argc, char *argv[])
{
    if (argc != 3 || strlen(argv[1]) >= 128) {
        fprintf(2, "usage: seek DIRECTORY NAME\n");
        exit(1);
    }
    strcpy(path, argv[1]);
    visit(argv[2], strlen(path));
    exit(0);
}
