/*
 * Symbolic links as a course would test them.  Prints "slinks: passed", or what is wrong and exits
 * with 1.  Leaves nothing behind.
 * Exercises: symlink, O_NOFOLLOW, T_SYMLINK, chains and loops; two processes making and removing
 * links at the same time; user.h included first.
 */
#include "user/user.h"
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "kernel/types.h"

static void stop(const char *why)
{
    fprintf(2, "slinks: %s\n", why);
    exit(1);
}

static int type_of(const char *path, int flags)
{
    struct stat info;
    int fd = open(path, flags), r = -1;

    if (fd >= 0 && fstat(fd, &info) == 0)
        r = info.type;
    close(fd);
    return r;
}

static void follow(void)
{
    char c = 0;
    int fd = open("sl.file", O_CREATE | O_RDWR);

    if (fd < 0 || write(fd, "#", 1) != 1)
        stop("cannot write");
    close(fd);
    if (symlink("sl.file", "sl.a") < 0 || symlink("sl.a", "sl.b") < 0)
        stop("symlink failed");
    fd = open("sl.b", O_RDWR);
    if (fd < 0 || read(fd, &c, 1) != 1 || c != '#')
        stop("the link does not lead to the file");
    close(fd);
    if (type_of("sl.a", O_NOFOLLOW) != T_SYMLINK || type_of("sl.b", O_RDONLY) != T_FILE)
        stop("wrong type");
    unlink("sl.file");
    if (open("sl.b", O_RDWR) >= 0)
        stop("a link without a target was opened");
    unlink("sl.a");
    if (symlink("sl.b", "sl.a") < 0 || open("sl.a", O_RDONLY) >= 0)
        stop("a loop was opened");
    unlink("sl.a");
    unlink("sl.b");
}

static void race(void)
{
    int status, bad = 0;

    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            for (int k = 0; k < 50; k++) {
                int t;
                if ((k + i) % 2)
                    symlink("/sl.none", "sl.z");
                else
                    unlink("sl.z");
                t = type_of("sl.z", O_NOFOLLOW);
                if (t != -1 && t != T_SYMLINK)
                    exit(1);
            }
            exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        wait(&status);
        bad |= status;
    }
    unlink("sl.z");
    if (bad)
        stop("something is neither a link nor nothing");
}

int main(int argc, char *argv[])
{
    follow();
    race();
    printf("slinks: passed\n");
    exit(0);
}
