/* Paths and directories. */
#include "kernel/fcntl.h"
#include "user/bench/bench.h"

#define ENTRIES 1000

#define FILES   3900 /* about as many as the image has inodes for */

static char path[40];

/* A directory with this many names of one file; its last name is in path. */
static int fill_directory(int n)
{
    int fd = open("/bench.one", O_CREATE | O_RDWR);
    if (mkdir("/bench.dir") < 0 || fd < 0)
        return 0;
    close(fd);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/bench.dir/entry%d", i);
        if (link("/bench.one", path) < 0)
            return 0;
    }
    return 1;
}

static void empty_directory(int n)
{
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/bench.dir/entry%d", i);
        unlink(path);
    }
    unlink("/bench.dir");
    unlink("/bench.one");
}

static void op_open_close(void)
{
    close(open(path, O_RDONLY));
}

uint64 measure_open_large(void)
{
    if (!fill_directory(ENTRIES))
        return BENCH_FAILED;
    uint64 n = bench_loop(op_open_close, 200);
    empty_directory(ENTRIES);
    return n;
}

uint64 measure_open_deep(void)
{
    if (mkdir("/bench.d1") < 0 || mkdir("/bench.d1/d2") < 0 || mkdir("/bench.d1/d2/d3") < 0)
        return BENCH_FAILED;
    strcpy(path, "/bench.d1/d2/d3/file");
    close(open(path, O_CREATE | O_RDWR));
    uint64 n = bench_loop(op_open_close, 200);
    unlink(path);
    unlink("/bench.d1/d2/d3");
    unlink("/bench.d1/d2");
    unlink("/bench.d1");
    return n;
}

static void op_create(void)
{
    close(open(path, O_CREATE | O_RDWR));
    unlink(path);
}

uint64 measure_create_large(void)
{
    if (!fill_directory(ENTRIES))
        return BENCH_FAILED;
    strcpy(path, "/bench.dir/new");
    uint64 n = bench_loop(op_create, 200);
    empty_directory(ENTRIES);
    return n;
}

/* --- many files of their own ------------------------------------------------------------------ */

static const char *file_name(int i)
{
    snprintf(path, sizeof path, "/bench.dir/file%d", i);
    return path;
}

/* Creates files from..to-1, or removes them; instructions for one, ~0 on an error. */
static uint64 each_file(int from, int to, int creating)
{
    uint64 start = bench_busy();
    for (int i = from; i < to; i++) {
        int fd = creating ? open(file_name(i), O_CREATE | O_RDWR) : unlink(file_name(i));
        if (fd < 0)
            return BENCH_FAILED;
        if (creating)
            close(fd);
    }
    return (bench_busy() - start) / (to - from);
}

static uint64 measure_files(int before, int counted, int creating)
{
    if (mkdir("/bench.dir") < 0)
        return BENCH_FAILED;
    int all = before + counted;
    uint64 n = each_file(0, before, 1), made = each_file(before, all, 1);
    uint64 gone = each_file(0, all, 0);
    unlink("/bench.dir");
    return n == BENCH_FAILED ? n : creating ? made : gone;
}

uint64 measure_create_first(void)
{
    return measure_files(1, 100, 1);
}

uint64 measure_create_last(void)
{
    return measure_files(FILES - 100, 100, 1);
}

uint64 measure_unlink_first(void)
{
    return measure_files(1, 100, 0);
}

uint64 measure_unlink_many(void)
{
    return measure_files(1, FILES - 1, 0);
}
