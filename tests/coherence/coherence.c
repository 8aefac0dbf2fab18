/*
 * coherence FILE PAGES ROUNDS [-t]: processes that write one file and look at it, by read() and
 * write() and through mappings, all at the same time.
 * coherence -c FILE PAGES ROUNDS: the file is as they left it.
 *
 * The file has two halves with the same records.  Every word of a record says where it belongs and
 * in which round it was written, so a word is right or wrong by itself; and since each record has
 * one writer, who goes up from round to round, nobody ever sees a word go back.  In the end all
 * words are of the last round, in whichever way one looks.
 *
 * With -t another process empties the file again and again and fills it with round 0.  Who uses a
 * mapping then dies of it at times, which is no mistake, and is started anew.
 */
#include "kernel/fcntl.h"
#include "kernel/mman.h"
#include "kernel/riscv.h"
#include "user/lib/prog.h"

#define WORDS   8
#define RECORD  (WORDS * (int)sizeof(uint64))
#define WRITERS 6
#define READERS 4

static const char *path;
static uint records; /* in each half */
static uint rounds;
static uint64 bytes; /* of the file */
static int cut;      /* it is emptied meanwhile */

/* --- words ------------------------------------------------------------------------------------ */

/* Round, place and a digest of both: 20, 20 and 24 bits. */
static uint64 word_at(uint record, uint i, uint round)
{
    uint64 place = (uint64)record * WORDS + i, said = (uint64)round << 20 | place;
    return said << 24 | ((said + 1) * 0x9e3779b97f4a7c15UL) >> 40;
}

static void fill(uint64 *to, uint record, uint round)
{
    for (uint i = 0; i < WORDS; i++)
        to[i] = word_at(record, i, round);
}

static void fail(const char *who, uint64 at, uint64 word, uint wanted)
{
    fprintf(2, "coherence: %s: byte %lu has 0x%lx, wanted round %u or later\n", who, at, word,
            wanted);
    exit(1);
}

/* The rounds that a reader has seen, for each word; one half is followed. */
static uchar *seen;

static void check(const char *who, const uint64 *words, uint record, uint half, uint least)
{
    for (uint i = 0; i < WORDS; i++) {
        uint64 word = ((volatile const uint64 *)words)[i];
        uint round = (uint)(word >> 44), place = record * WORDS + i;
        uint wanted = half == 0 && seen && seen[place] > least ? seen[place] : least;
        if (word == 0 && cut)
            continue; /* behind the end, in its page */
        if (word != word_at(record, i, round) || round < wanted || round > rounds)
            fail(who, ((uint64)half * records + record) * RECORD + i * sizeof(uint64), word,
                 wanted);
        if (half == 0 && seen)
            seen[place] = (uchar)round;
    }
}

/* --- the file --------------------------------------------------------------------------------- */

static int open_file(int flags)
{
    int fd = open(path, flags);
    if (fd < 0)
        exit(prog_fail("cannot open %s", path));
    return fd;
}

static uint64 *map_file(int flags)
{
    int fd = open_file(O_RDWR);
    char *p = mmap(0, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (p == MAP_FAILED)
        exit(prog_fail("cannot map %s", path));
    close(fd);
    return (uint64 *)(void *)p;
}

/* False if the file, or the mapping that `record` lies in, ends before. */
static int write_record(int fd, const void *record)
{
    int n = write(fd, record, RECORD);
    if (n != RECORD && !cut)
        exit(prog_fail("write"));
    return n == RECORD;
}

/* False at the end of the file, which a truncation may have brought near. */
static int read_record(int fd, void *record)
{
    int n = read(fd, record, RECORD);
    if (n != RECORD && !cut)
        exit(prog_fail("read"));
    return n == RECORD;
}

static void make_file(int flags)
{
    int fd = open_file(O_CREATE | O_WRONLY | flags);
    uint64 record[WORDS];
    for (uint half = 0; half < 2; half++)
        for (uint r = 0; r < records; r++) {
            fill(record, r, 0);
            write_record(fd, record);
        }
    close(fd);
}

/* --- writers: each has every WRITERS-th record ------------------------------------------------ */

/* Goes through the file by read(), and by write() where its records are. */
static void write_by_calls(uint mine)
{
    uint64 record[WORDS];
    for (uint round = 1; round <= rounds; round++) {
        int fd = open_file(O_RDWR);
        for (uint n = 0; n < 2 * records; n++) {
            uint r = n % records;
            fill(record, r, round);
            int mine_too = r % WRITERS == mine;
            if (!(mine_too ? write_record(fd, record) : read_record(fd, record)))
                break;
            if (!mine_too)
                check("a writer's read()", record, r, n / records, 0);
        }
        if (round % 8 == 0 && fsync(fd) < 0)
            exit(prog_fail("fsync"));
        close(fd);
    }
}

static void write_by_mapping(uint mine)
{
    uint64 *p = map_file(MAP_SHARED);
    for (uint round = 1; round <= rounds; round++) {
        for (uint n = 0; n < 2 * records; n++)
            if (n % records % WRITERS == mine)
                fill(p + (uint64)n * WORDS, n % records, round);
        if (round % 8 == 0 && msync(p, bytes, MS_SYNC) < 0)
            exit(prog_fail("msync"));
    }
}

/* Stores in the first half; the second gets it by read(), straight into the mapping of the file. */
static void write_by_read(uint mine)
{
    uint64 *p = map_file(MAP_SHARED), other[WORDS];
    for (uint round = 1; round <= rounds; round++) {
        int fd = open_file(O_RDONLY);
        for (uint r = mine; r < records; r += WRITERS)
            fill(p + (uint64)r * WORDS, r, round);
        for (uint r = 0; r < records; r++)
            if (!read_record(fd, r % WRITERS == mine ? p + (uint64)(records + r) * WORDS : other))
                break;
        close(fd);
    }
}

/* The other way: write() from the mapping of the file. */
static void write_by_write(uint mine)
{
    uint64 *p = map_file(MAP_SHARED), other[WORDS];
    for (uint round = 1; round <= rounds; round++) {
        int fd = open_file(O_RDWR);
        for (uint r = mine; r < records; r += WRITERS)
            fill(p + (uint64)r * WORDS, r, round);
        for (uint n = 0; n < 2 * records; n++) {
            uint r = n % records;
            if (!(n >= records && r % WRITERS == mine ? write_record(fd, p + (uint64)r * WORDS)
                                                      : read_record(fd, other)))
                break;
        }
        close(fd);
    }
}

/* --- readers ---------------------------------------------------------------------------------- */

static void watch(void)
{
    uint n = records * WORDS;
    seen = cut ? 0 : malloc(n);
    if (seen)
        memset(seen, 0, n);
}

static void read_by_calls(void)
{
    uint64 record[WORDS];
    watch();
    for (uint turn = 0; turn < rounds; turn++) {
        int fd = open_file(O_RDONLY);
        for (uint n = 0; n < 2 * records && read_record(fd, record); n++)
            check("read()", record, n % records, n / records, 0);
        close(fd);
    }
}

static void read_by_mapping(int flags)
{
    const uint64 *p = map_file(flags);
    watch();
    for (uint turn = 0; turn < rounds; turn++)
        for (uint n = 0; n < 2 * records; n++)
            check("a mapping", p + (uint64)n * WORDS, n % records, n / records, 0);
}

static void sync_again_and_again(void)
{
    int fd = open_file(O_RDWR);
    for (uint turn = 0; turn < rounds; turn++)
        if (fsync(fd) < 0)
            exit(prog_fail("fsync"));
}

/* --- all together ----------------------------------------------------------------------------- */

static void act(uint role)
{
    switch (role) {
    case 0:
    case 1: write_by_calls(role); break;
    case 2:
    case 3: write_by_mapping(role); break;
    case 4: write_by_read(role); break;
    case 5: write_by_write(role); break;
    case 6: read_by_calls(); break;
    case 7: read_by_mapping(MAP_SHARED); break;
    case 8: read_by_mapping(MAP_PRIVATE); break;
    default: sync_again_and_again();
    }
}

static int start(uint role)
{
    int pid = fork();
    if (pid < 0)
        exit(prog_fail("fork"));
    if (pid == 0) {
        act(role);
        exit(0);
    }
    return pid;
}

static int all(void)
{
    int pid[WRITERS + READERS], status, good = 1;
    uint left = WRITERS + READERS;
    for (uint i = 0; i < left; i++)
        pid[i] = start(i);
    for (uint turn = 0; cut && turn < rounds; turn++)
        make_file(O_TRUNC);
    while (left > 0) {
        int who = wait(&status);
        uint i = 0;
        while (i < WRITERS + READERS && pid[i] != who)
            i++;
        if (cut && status == -1 && i < WRITERS + READERS) {
            pid[i] = start(i); /* the file ended where it was at work */
            continue;
        }
        good &= status == 0;
        left--;
    }
    return good;
}

static int look_at_end(void)
{
    uint64 record[WORDS];
    const uint64 *views[] = {map_file(MAP_SHARED), map_file(MAP_PRIVATE)};
    int fd = open_file(O_RDONLY);
    for (uint n = 0; n < 2 * records; n++) {
        if (!read_record(fd, record)) {
            fprintf(2, "coherence: the file ends early\n");
            return 1;
        }
        check("read() at the end", record, n % records, n / records, rounds);
        for (uint i = 0; i < 2; i++)
            check("a mapping at the end", views[i] + (uint64)n * WORDS, n % records, n / records,
                  rounds);
    }
    printf("coherence: %u words of round %u\n", 2 * records * WORDS, rounds);
    return 0;
}

int main(int argc, char *argv[])
{
    int pages = 0, turns = 0;
    uint flags;
    int i = prog_flags(argc, argv, "ct", "[-c | -t] FILE PAGES ROUNDS", &flags);
    if (argc - i != 3 || !prog_number(argv[i + 1], &pages) || !prog_number(argv[i + 2], &turns))
        prog_usage("[-c | -t] FILE PAGES ROUNDS");
    path = argv[i];
    bytes = (uint64)pages * PGSIZE;
    records = (uint)(bytes / RECORD / 2);
    rounds = (uint)turns;
    if (flags & 1)
        return look_at_end();
    make_file(O_TRUNC);
    cut = (flags & 2) != 0;
    if (cut && !all())
        return 1;
    cut = 0; /* it may have any round now: from the start, and once more without */
    make_file(0);
    return all() ? look_at_end() : 1;
}
