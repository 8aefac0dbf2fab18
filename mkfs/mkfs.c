/*
 * mkfs makes a disk image: an empty file system, the device files, and each FILE of the host under
 * its own name or under the NAME that stands before it.  The same arguments and contents give the
 * same image, byte for byte.  On any error it says what is wrong, leaves with status 1 and leaves
 * no image, nor harms one that was there (output.c).
 */
#define _GNU_SOURCE
#include "kernel/ioctl.h"
#include "mkfs/image.h"
#include "mkfs/output.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_INODES 4096

struct options {
    uint64 nblocks;
    uint64 njournal;
    uint64 ninodes;
};

static const char usage[] =
    "usage: mkfs [-s blocks] [-l journal blocks] [-i inodes] IMAGE [FILE | NAME=FILE]...\n"
    "  FILE goes into the root directory under its last name, or becomes NAME if that is given\n"
    "  (NAME may have directories, which are made).  A FILE with '=' in it needs a NAME.\n";

static void die(const char *what, const char *why) __attribute__((noreturn));

static void die(const char *what, const char *why)
{
    fprintf(stderr, "mkfs: %s: %s\n", what, why);
    exit(1);
}

static void must(const char *what, const char *why)
{
    if (why)
        die(what, why);
}

static uint64 number(int option, const char *text)
{
    char name[] = {'-', (char)option, '\0'};
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno)
        die(name, "needs a number");
    return value;
}

static struct options parse_options(int argc, char **argv)
{
    struct options o = {FSSIZE, LOGSIZE, DEFAULT_INODES};
    int option;
    while ((option = getopt(argc, argv, "s:l:i:h")) != -1) {
        switch (option) {
        case 's': o.nblocks = number(option, optarg); break;
        case 'l': o.njournal = number(option, optarg); break;
        case 'i': o.ninodes = number(option, optarg); break;
        case 'h': fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(1);
        }
    }
    if (optind == argc || !argv[optind][0]) {
        fputs(usage, stderr);
        exit(1);
    }
    return o;
}

static void add_devices(struct image *img)
{
    static const struct {
        const char *path;
        uint major;
    } device[] = {
        {"/dev/console", DEV_CONSOLE}, {"/dev/null", DEV_NULL},     {"/dev/zero", DEV_ZERO},
        {"/dev/random", DEV_RANDOM},   {"/dev/faults", DEV_FAULTS},
    };
    for (size_t i = 0; i < sizeof(device) / sizeof(device[0]); i++)
        must(device[i].path, image_device(img, device[i].path, device[i].major, 0));
    must("/console", image_link(img, "/dev/console", "/console"));
}

/* Reads up to `size` bytes; fewer at the end of the file, dies if it cannot be read. */
static uint64 read_up_to(int fd, const char *file, uchar *to, uint64 size)
{
    uint64 got = 0;
    while (got < size) {
        ssize_t n = read(fd, to + got, size - got);
        if (n < 0 && errno != EINTR)
            die(file, strerror(errno));
        if (n == 0)
            break;
        got += n > 0 ? (uint64)n : 0;
    }
    return got;
}

static void add_file(struct image *img, const char *path, const char *file)
{
    struct stat st;
    uchar *content;
    uchar more;
    /* O_NONBLOCK: to open a pipe must not wait for somebody to write into it. */
    int fd = open(file, O_RDONLY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        die(file, strerror(errno));
    if (!S_ISREG(st.st_mode))
        die(file, "not a regular file");
    uint64 size = (uint64)st.st_size;
    must(path, image_file(img, path, size, &content));
    if (read_up_to(fd, file, content, size) < size || read_up_to(fd, file, &more, 1) > 0)
        die(file, "its size changes while it is read");
    close(fd);
}

static void add_argument(struct image *img, char *arg)
{
    char *equals = strchr(arg, '=');
    char *slash = strrchr(arg, '/');
    if (equals) {
        *equals = '\0';
        add_file(img, arg, equals + 1);
    } else {
        add_file(img, slash ? slash + 1 : arg, arg);
    }
}

int main(int argc, char **argv)
{
    struct options o = parse_options(argc, argv);
    struct image img = {0};
    char *target = argv[optind];
    must(target, image_init(&img, o.nblocks, o.njournal, o.ninodes));
    add_devices(&img);
    for (int i = optind + 1; i < argc; i++)
        add_argument(&img, argv[i]);
    image_finish(&img);
    must(target, output_replace(target, img.bytes, (uint64)img.next * BSIZE,
                                (uint64)img.sb.nblocks * BSIZE, BSIZE));
    image_free(&img);
    return 0;
}
