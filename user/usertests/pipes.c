/* Pipes: order, sizes, ends, and what happens when one side goes away. */
#include "user/testlib/tests.h"

void pipe_simple(void)
{
    int ends[2];
    MUST(pipe(ends));
    SAME(ends[0], 3);
    SAME(ends[1], 4);
    SAME(write(ends[1], "hello, ", 7), 7);
    SAME(write(ends[1], "world", 5), 5);
    SAME(read(ends[0], scratch, 3), 3);
    SAME(read(ends[0], scratch + 3, 100), 9);
    SAME(memcmp(scratch, "hello, world", 12), 0);
    REFUSED(write(ends[0], "x", 1), EBADF);
    REFUSED(read(ends[1], scratch, 1), EBADF);
    SAME(close(ends[1]), 0);
    SAME(read(ends[0], scratch, 1), 0);
    SAME(read(ends[0], scratch, 1), 0);
    SAME(close(ends[0]), 0);
}

/* A child writes `total` pattern bytes in pieces of `write_size`, the test reads by `read_size`. */
static void transfer(int total, int write_size, int read_size)
{
    static char in[SCRATCH * 2];
    int ends[2], at = 0, got;
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[0]);
        for (int n; at < total; at += n) {
            n = total - at < write_size ? total - at : write_size;
            data_fill(in, 3, at, n);
            SAME(write(ends[1], in, n), n);
        }
        exit(0);
    }
    SAME(close(ends[1]), 0);
    while ((got = MUST(read(ends[0], in, read_size))) > 0) {
        CHECK(got <= read_size && data_good(in, 3, at, got));
        at += got;
    }
    SAME(at, total);
    SAME(close(ends[0]), 0);
    SAME(child_wait(pid), 0);
}

void pipe_odd_sizes(void)
{
    static const int sizes[] = {1, 3, 100, 511, 4095, 4096, 4097, 8192, 12289, 16384};
    enum { KINDS = sizeof sizes / sizeof sizes[0] };
    for (int w = 0; w < KINDS; w++)
        for (int r = 0; r < KINDS; r++)
            transfer(sizes[w] * 5 + sizes[r] * 3, sizes[w], sizes[r]);
}

void pipe_bulk(void)
{
    transfer(2000000, 16384, 16384);
    transfer(1000000, 16384, 777);
    transfer(1000000, 777, 16384);
}

/* One write() of far more than a pipe holds. */
void pipe_one_big_write(void)
{
    int ends[2], total = 500000, at = 0, got;
    char *p = sbrk(total);
    MUST(p);
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        close(ends[0]);
        data_fill(p, 4, 0, total);
        SAME(write(ends[1], p, total), total);
        exit(0);
    }
    SAME(close(ends[1]), 0);
    while ((got = MUST(read(ends[0], p + at, total - at))) > 0)
        at += got;
    SAME(at, total);
    CHECK(data_good(p, 4, 0, total));
    SAME(close(ends[0]), 0);
    SAME(child_wait(pid), 0);
}

void pipe_no_reader(void)
{
    int ends[2];
    MUST(pipe(ends));
    SAME(write(ends[1], "x", 1), 1);
    SAME(close(ends[0]), 0);
    for (int i = 0; i < 3; i++)
        REFUSED(write(ends[1], "x", 1), EPIPE);
    SAME(close(ends[1]), 0);
}

/* The last reader leaves while a writer sleeps. */
void pipe_reader_leaves(void)
{
    int ends[2];
    MUST(pipe(ends));
    int pid = child_fork();
    if (pid == 0) {
        int n;
        close(ends[0]);
        while ((n = write(ends[1], scratch, SCRATCH)) == SCRATCH)
            ;
        CHECK(n < SCRATCH);
        REFUSED(write(ends[1], "x", 1), EPIPE);
        exit(0);
    }
    CHECK(child_asleep(pid));
    SAME(close(ends[1]), 0);
    SAME(close(ends[0]), 0);
    SAME(child_wait(pid), 0);
}

/* The last writer leaves while readers sleep: all of them see the end. */
void pipe_writer_leaves(void)
{
    int ends[2], pids[3];
    char c;
    MUST(pipe(ends));
    for (int i = 0; i < 3; i++) {
        pids[i] = child_fork();
        if (pids[i] == 0) {
            close(ends[1]);
            exit(read(ends[0], &c, 1));
        }
    }
    for (int i = 0; i < 3; i++)
        CHECK(child_asleep(pids[i]));
    SAME(close(ends[1]), 0);
    for (int i = 0; i < 3; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, 0);
    }
    SAME(close(ends[0]), 0);
}

/* Many writers; a short record is never torn. */
/* Room for one byte wakes the writer that has one, though another waits for more before it. */
void pipe_small_writer(void)
{
    static const int sizes[] = {4096, 1};
    int ends[2], pid[2];
    MUST(pipe(ends));
    for (int i = 0; i < 8; i++)
        SAME(write(ends[1], scratch, SCRATCH), SCRATCH); /* full */
    for (int i = 0; i < 2; i++) {
        pid[i] = child_fork();
        if (pid[i] == 0) {
            SAME(write(ends[1], scratch, sizes[i]), sizes[i]);
            exit(0);
        }
        CHECK(child_asleep(pid[i]));
    }
    SAME(read(ends[0], scratch, 1), 1);
    SAME(child_wait(pid[1]), 0);
    SAME(read(ends[0], scratch, SCRATCH), SCRATCH);
    SAME(child_wait(pid[0]), 0);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

void pipe_many_writers(void)
{
    enum { WRITERS = 8, RECORDS = 200, LENGTH = 37 };
    int ends[2], count[WRITERS] = {0}, fill = 0, got;
    MUST(pipe(ends));
    for (int i = 0; i < WRITERS; i++) {
        if (child_fork() == 0) {
            char record[LENGTH];
            memset(record, 'A' + i, LENGTH);
            for (int k = 0; k < RECORDS; k++)
                SAME(write(ends[1], record, LENGTH), LENGTH);
            exit(0);
        }
    }
    SAME(close(ends[1]), 0);
    while ((got = MUST(read(ends[0], scratch + fill, LENGTH - fill))) > 0) {
        fill += got;
        if (fill < LENGTH)
            continue;
        for (int i = 1; i < LENGTH; i++)
            SAME(scratch[i], scratch[0]);
        count[scratch[0] - 'A']++;
        fill = 0;
    }
    SAME(fill, 0);
    for (int i = 0; i < WRITERS; i++) {
        int status;
        MUST(wait(&status));
        SAME(status, 0);
        SAME(count[i], RECORDS);
    }
    SAME(close(ends[0]), 0);
}

/* Many readers: each byte comes to exactly one of them. */
void pipe_many_readers(void)
{
    enum { READERS = 5, BYTES = 20000 };
    int ends[2], back[2], total = 0, part;
    MUST(pipe(ends));
    MUST(pipe(back));
    for (int i = 0; i < READERS; i++) {
        if (child_fork() == 0) {
            int got, sum = 0;
            close(ends[1]);
            while ((got = MUST(read(ends[0], scratch, 300))) > 0)
                for (int k = 0; k < got; k++)
                    sum += (uchar)scratch[k];
            SAME(write(back[1], &sum, sizeof sum), sizeof sum);
            exit(0);
        }
    }
    int expected = 0;
    for (int at = 0; at < BYTES; at += 1000) {
        data_fill(scratch, 5, at, 1000);
        for (int k = 0; k < 1000; k++)
            expected += (uchar)scratch[k];
        SAME(write(ends[1], scratch, 1000), 1000);
    }
    SAME(close(ends[1]), 0);
    for (int i = 0; i < READERS; i++) {
        SAME(read(back[0], &part, sizeof part), sizeof part);
        total += part;
        MUST(wait(0));
    }
    SAME(total, expected);
    SAME(close(ends[0]) + close(back[0]) + close(back[1]), 0);
}

/* pipe() that fails in the end leaves no descriptor open. */
void pipe_refused_harmless(void)
{
    int ends[2];
    for (int i = 0; i < 100; i++) {
        REFUSED(pipe((int *)KERNBASE), EFAULT);
        REFUSED(pipe((int *)pipe_refused_harmless), EFAULT);
    }
    MUST(pipe(ends));
    SAME(ends[0], 3);
    SAME(ends[1], 4);
    SAME(close(3) + close(4), 0);
}

/* A ring of processes passes a token; every hop is a wake-up. */
void pipe_ring(void)
{
    enum { STATIONS = 6, LAPS = 100 };
    int first[2], in, token = 0;
    MUST(pipe(first));
    in = first[0];
    for (int i = 0; i < STATIONS; i++) {
        int next[2];
        MUST(pipe(next));
        if (child_fork() == 0) {
            close(first[1]);
            close(next[0]);
            while (read(in, &token, sizeof token) == sizeof token) {
                token++;
                SAME(write(next[1], &token, sizeof token), sizeof token);
            }
            exit(0);
        }
        SAME(close(in) + close(next[1]), 0);
        in = next[0];
    }
    for (int lap = 0; lap < LAPS; lap++) {
        SAME(write(first[1], &token, sizeof token), sizeof token);
        SAME(read(in, &token, sizeof token), sizeof token);
    }
    SAME(token, STATIONS * LAPS);
    SAME(close(first[1]), 0);
    for (int i = 0; i < STATIONS; i++)
        MUST(wait(0));
    SAME(close(in), 0);
}

/* Two processes write to each other more than fits, reading in between. */
static void converse(int in, int out, int seed)
{
    int sent = 0, got = 0;
    for (int round = 0; round < 200; round++) {
        data_fill(scratch, seed, sent, 333);
        SAME(write(out, scratch, 333), 333);
        sent += 333;
        while (got < sent) {
            int n = MUST(read(in, scratch, 333));
            CHECK(n > 0 && data_good(scratch, 1 - seed, got, n));
            got += n;
        }
    }
}

void pipe_both_ways(void)
{
    int a[2], b[2];
    MUST(pipe(a));
    MUST(pipe(b));
    int pid = child_fork();
    if (pid == 0) {
        converse(a[0], b[1], 1);
        exit(0);
    }
    converse(b[0], a[1], 0);
    SAME(child_wait(pid), 0);
    SAME(close(a[0]) + close(a[1]) + close(b[0]) + close(b[1]), 0);
}
