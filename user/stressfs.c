/*
 * stressfs [-p PROCESSES] [-k KIB] [-r ROUNDS]: processes that write files and read each other's.
 *
 * A file consists of records of 512 bytes.  A record tells who wrote it, in which round and where
 * it belongs; the rest of it follows from these.  Each process writes its own file again and again
 * and reads its neighbour's, in which every record has to be whole and in its place, though of any
 * round.  In the end each file has to be complete and of the last round.
 */
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "user/extra.h"
#include "user/lib/prog.h"

#define WORDS 64

struct record {
    uint64 word[WORDS]; /* writer, round, place, then what follows from them */
};

static const char usage[] = "stressfs [-p PROCESSES] [-k KIB] [-r ROUNDS]";

static int processes = 4, kib = 64, rounds = 5;

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        int *to = strcmp(argv[i], "-p") == 0   ? &processes
                  : strcmp(argv[i], "-k") == 0 ? &kib
                  : strcmp(argv[i], "-r") == 0 ? &rounds
                                               : 0;
        if (!to || i + 1 == argc || !prog_number(argv[i + 1], to) || *to < 1)
            prog_usage(usage);
    }
    if (processes > 100 || kib > 65000)
        prog_usage(usage);
}

static uint64 word(uint64 writer, uint64 round, uint64 place, int i)
{
    uint64 x = (writer * 1000003 + round) * 1000033 + place * WORDS + i;
    return (x ^ x >> 29) * 0x9e3779b97f4a7c15;
}

static void fill(struct record *r, int writer, int round, int place)
{
    r->word[0] = writer;
    r->word[1] = round;
    r->word[2] = place;
    for (int i = 3; i < WORDS; i++)
        r->word[i] = word(writer, round, place, i);
}

static int whole(const struct record *r, int writer, int place)
{
    if (r->word[0] != (uint64)writer || r->word[2] != (uint64)place)
        return 0;
    for (int i = 3; i < WORDS; i++)
        if (r->word[i] != word(writer, r->word[1], place, i))
            return 0;
    return 1;
}

static const char *path(int writer)
{
    static char text[24];
    snprintf(text, sizeof text, "stressfs.%d", writer);
    return text;
}

static int write_file(int writer, int round)
{
    struct record r;
    int fd = open(path(writer), O_CREATE | O_WRONLY);
    if (fd < 0)
        return prog_fail("%s", path(writer));
    for (int place = 0; place < kib * 2; place++) {
        fill(&r, writer, round, place);
        int n = write(fd, &r, sizeof r);
        if (n != sizeof r)
            return prog_fail("%s: write gave %d", path(writer), n);
    }
    if (round % 3 == writer % 3 && fsync(fd) < 0)
        return prog_fail("%s: fsync", path(writer));
    return close(fd);
}

/* With `round` >= 0 the file has to be complete and all of that round. */
static int check_file(int writer, int round)
{
    struct record r;
    int place = 0, n, fd = open(path(writer), O_RDONLY);
    if (fd < 0)
        return round < 0 && errcode() == ENOENT ? 0 : prog_fail("%s", path(writer));
    while ((n = read(fd, &r, sizeof r)) == sizeof r) {
        if (!whole(&r, writer, place) || (round >= 0 && r.word[1] != (uint64)round)) {
            prog_warn("%s: record %d is not what was written", path(writer), place);
            return 1;
        }
        place++;
    }
    close(fd);
    if (n != 0 || place > kib * 2 || (round >= 0 && place < kib * 2)) {
        prog_warn("%s: ends after %d records and %d bytes", path(writer), place, n);
        return 1;
    }
    return 0;
}

static int work(int writer)
{
    for (int round = 0; round < rounds; round++)
        if (write_file(writer, round) != 0 || check_file((writer + 1) % processes, -1) != 0 ||
            check_file(writer, round) != 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, status, started = 0;
    parse(argc, argv);
    for (; started < processes; started++) {
        int pid = fork();
        if (pid == 0)
            exit(work(started));
        if (pid < 0) {
            failed += prog_fail("fork");
            break;
        }
    }
    for (int i = 0; i < started; i++)
        if (wait(&status) < 0 || status != 0)
            failed++;
    for (int i = 0; i < started; i++) {
        failed += check_file(i, rounds - 1);
        if (unlink(path(i)) < 0)
            failed += prog_fail("%s", path(i));
    }
    if (failed) {
        printf("stressfs: FAILED\n");
        return 1;
    }
    printf("stressfs: %d files of %d KiB, %d rounds, OK\n", processes, kib, rounds);
    return 0;
}
