/*
 * fsck checks a disk image and names what is wrong, one finding a line; it only reads.  The rules
 * are in check.c and its neighbours; here are the arguments, the file and the verdict.
 */
#define _GNU_SOURCE
#include "mkfs/check.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANNOT_CHECK 2
#define MAX_LINES    50

static const char usage[] = "usage: fsck [-v] [-e] [-q] IMAGE\n"
                            "  -v also tells what the image holds, and every finding\n"
                            "  -e also tells in how many stretches each file lies\n"
                            "  -q prints nothing but why an image cannot be read\n"
                            "status: 0 sound, 1 damaged, 2 cannot be read\n";

static void die(const char *what, const char *why) __attribute__((noreturn));

static void die(const char *what, const char *why)
{
    fprintf(stderr, "fsck: %s: %s\n", what, why);
    exit(CANNOT_CHECK);
}

/* Somebody cut the file while it was mapped, or the host cannot read it. */
static void on_bus_error(int number)
{
    static const char text[] = "fsck: the image cannot be read to its end\n";
    (void)number;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(CANNOT_CHECK);
    _exit(CANNOT_CHECK);
}

static const void *map_image(const char *path, uint64 *size)
{
    struct stat st;
    /* O_NONBLOCK: to open a pipe must not wait for somebody to write into it. */
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        die(path, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        die(path, "neither a regular file nor a block device");
    off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0)
        die(path, strerror(errno));
    *size = (uint64)end;
    if (end == 0)
        return "";
    const void *image = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED)
        die(path, strerror(errno));
    close(fd);
    signal(SIGBUS, on_bus_error);
    return image;
}

static void print_line(void *arg, const char *line)
{
    printf("%s: %s\n", (const char *)arg, line);
}

static void print_contents(const char *path, const struct check_report *r)
{
    printf("%s: %llu of %llu inodes used, %llu orphans; %llu of %llu blocks hold data; "
           "%llu blocks to replay\n",
           path, (unsigned long long)r->inodes_used, (unsigned long long)r->inodes_total,
           (unsigned long long)r->orphans, (unsigned long long)r->blocks_used,
           (unsigned long long)r->blocks_total, (unsigned long long)r->replayed);
}

static void print_verdict(const char *path, const struct check_report *r)
{
    uint64 findings = r->errors + r->notes;
    if (findings > r->max_lines)
        printf("%s: and %llu findings more (-v shows all)\n", path,
               (unsigned long long)(findings - r->max_lines));
    if (r->errors)
        printf("%s: DAMAGED, %llu errors\n", path, (unsigned long long)r->errors);
    else
        printf("%s: clean\n", path);
}

int main(int argc, char **argv)
{
    bool verbose = false, extents = false, quiet = false;
    int option;
    while ((option = getopt(argc, argv, "veqh")) != -1) {
        switch (option) {
        case 'v': verbose = true; break;
        case 'e': extents = true; break;
        case 'q': quiet = true; break;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return CANNOT_CHECK;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return CANNOT_CHECK;
    }
    char *path = argv[optind];
    struct check_report report = {.arg = path, .max_lines = verbose ? ~0ul : MAX_LINES};
    report.print = quiet ? NULL : print_line;
    report.list_files = extents;
    uint64 size;
    const void *image = map_image(path, &size);
    int result = check_image(image, size, &report);
    if (result == CHECK_NO_MEMORY)
        die(path, "not enough memory to check it");
    if (verbose && !quiet && report.blocks_total)
        print_contents(path, &report);
    if (extents && !quiet)
        printf("%s: %llu stretches in all, %llu breaks inside a page\n", path,
               (unsigned long long)report.stretches, (unsigned long long)report.breaks);
    if (!quiet)
        print_verdict(path, &report);
    return result == CHECK_CLEAN ? 0 : 1;
}
