/* Pipes and files. */
#include "kernel/fcntl.h"
#include "kernel/stat.h"
#include "kernel/vm.h"
#include "user/bench/bench.h"

static const char path[] = "/bench.tmp";
static char *buffer; /* 64 KiB, touched */
static char buffer_byte[1];
static int fd, in, out;

#define CHUNK 65536

static int get_buffer(void)
{
    buffer = bench_pages(CHUNK / PGSIZE);
    if (buffer)
        memset(buffer, 'b', CHUNK);
    return buffer != 0;
}

static void op_pipe_byte(void)
{
    write(out, "x", 1);
    read(in, buffer_byte, 1);
}

uint64 measure_pipe_byte(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        return BENCH_FAILED;
    in = ends[0];
    out = ends[1];
    return bench_loop(op_pipe_byte, 200);
}

static void op_round_trip(void)
{
    char c = 'x';
    write(out, &c, 1);
    read(in, &c, 1);
}

uint64 measure_pipe_round(void)
{
    int to[2], back[2];
    char c;
    if (pipe(to) < 0 || pipe(back) < 0)
        return BENCH_FAILED;
    int pid = fork();
    if (pid == 0) {
        close(to[1]);
        while (read(to[0], &c, 1) == 1)
            write(back[1], &c, 1);
        exit(0);
    }
    out = to[1];
    in = back[0];
    uint64 n = pid < 0 ? BENCH_FAILED : bench_loop(op_round_trip, 200);
    close(to[1]);
    wait(0);
    return n;
}

static void op_write_chunk(void)
{
    write(out, buffer, CHUNK);
}

/* The reader's half runs on the same hart and is counted as well. */
uint64 measure_pipe_bulk(void)
{
    int ends[2];
    if (!get_buffer() || pipe(ends) < 0)
        return BENCH_FAILED;
    int pid = fork();
    if (pid == 0) {
        close(ends[1]);
        while (read(ends[0], buffer, CHUNK) > 0)
            ;
        exit(0);
    }
    close(ends[0]);
    out = ends[1];
    uint64 n = pid < 0 ? BENCH_FAILED : bench_loop(op_write_chunk, 32) / (CHUNK / 4096);
    close(out);
    wait(0);
    return n;
}

/* --- files ------------------------------------------------------------------------------------ */

#define FILE_PIECES 64 /* of 4 KiB */

/* An open file of FILE_PIECES * 4 KiB, all of it in the cache. */
static int open_file(void)
{
    if (!get_buffer())
        return 0;
    fd = open(path, O_CREATE | O_TRUNC | O_RDWR);
    for (int i = 0; fd >= 0 && i < FILE_PIECES; i++)
        if (write(fd, buffer, 4096) != 4096)
            return 0;
    close(fd);
    fd = open(path, O_RDWR);
    return fd >= 0;
}

static void close_file(void)
{
    close(fd);
    unlink(path);
}

static void op_open_close(void)
{
    close(open(path, O_RDONLY));
}

uint64 measure_open(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_loop(op_open_close, 200);
    close_file();
    return n;
}

static void op_fstat(void)
{
    struct stat st;
    fstat(fd, &st);
}

uint64 measure_fstat(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_loop(op_fstat, 500);
    close_file();
    return n;
}

static void op_read_byte(void)
{
    read(fd, buffer, 1);
}

uint64 measure_read_byte(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_loop(op_read_byte, 500);
    close_file();
    return n;
}

/* One pass over the file in pieces of 4 KiB; instructions per piece. */
static uint64 pass_once(long writing)
{
    uint64 start = r_instret();
    for (int i = 0; i < FILE_PIECES; i++)
        if ((writing ? write(fd, buffer, 4096) : read(fd, buffer, 4096)) != 4096)
            return BENCH_FAILED;
    return (r_instret() - start) / FILE_PIECES;
}

static uint64 reopen_and_pass(long writing)
{
    close(fd);
    fd = open(path, O_RDWR);
    return pass_once(writing);
}

uint64 measure_overwrite(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_median(reopen_and_pass, 1, 9);
    close_file();
    return n;
}

uint64 measure_read(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_median(reopen_and_pass, 0, 9);
    close_file();
    return n;
}

static uint64 truncate_and_pass(long unused)
{
    (void)unused;
    close(fd);
    fd = open(path, O_RDWR | O_TRUNC);
    return pass_once(1);
}

uint64 measure_write_new(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_median(truncate_and_pass, 0, 9);
    close_file();
    return n;
}

#define LARGE_PIECES 64 /* of CHUNK bytes: 4 MiB */

/* A new file of 4 MiB on the disk, from first to last; fd is at its start again. */
static uint64 write_large(long unused)
{
    (void)unused;
    close_file();
    uint64 start = bench_busy();
    fd = open(path, O_CREATE | O_TRUNC | O_RDWR);
    for (int i = 0; i < LARGE_PIECES; i++)
        if (write(fd, buffer, CHUNK) != CHUNK)
            return BENCH_FAILED;
    if (fsync(fd) < 0)
        return BENCH_FAILED;
    uint64 n = bench_busy() - start;
    close(fd);
    fd = open(path, O_RDWR);
    return n / (LARGE_PIECES * CHUNK / 4096);
}

uint64 measure_write_sync(void)
{
    if (!open_file())
        return BENCH_FAILED;
    uint64 n = bench_median(write_large, 0, 5);
    close_file();
    return n;
}

static uint64 read_cold(long unused)
{
    (void)unused;
    close(fd);
    fd = open(path, O_RDONLY);
    vmctl(VMCTL_DROPCACHES, 1);
    uint64 start = bench_busy();
    for (int i = 0; i < LARGE_PIECES; i++)
        if (read(fd, buffer, CHUNK) != CHUNK)
            return BENCH_FAILED;
    return (bench_busy() - start) / (LARGE_PIECES * CHUNK / 4096);
}

uint64 measure_read_cold(void)
{
    if (!open_file() || write_large(0) == BENCH_FAILED)
        return BENCH_FAILED;
    uint64 n = bench_median(read_cold, 0, 5);
    close_file();
    return n;
}

static void op_create(void)
{
    close(open(path, O_CREATE | O_RDWR));
    unlink(path);
}

/* Over enough rounds that the journal's commits are in it. */
uint64 measure_create(void)
{
    return bench_loop(op_create, 2000);
}
