/*
 * The remote array: a process that has it in its memory and answers requests for whole pages,
 * through two pipes.  It stands for whatever is not memory: a disk, a network, a compressed file.
 */
#include "user/lib/prog.h"
#include "user/userpager/userpager.h"

enum request_kind { GET, PUT, STOP };

struct request {
    enum request_kind kind;
    int page;
};

static int to_server, from_server, server;

/* A pipe gives what it has: a page may come in pieces. */
static int read_all(int fd, void *to, int n)
{
    int done = 0, r;

    while (done < n && (r = read(fd, (char *)to + done, n - done)) > 0)
        done += r;
    return done == n;
}

static uint64 sum_of(const uint64 *word, uint64 n)
{
    uint64 sum = 0;

    for (uint64 i = 0; i < n; i++)
        sum += word[i];
    return sum;
}

/* Ends when it is told to, or when nobody can tell it anything any more. */
static void serve(int in, int out, int pages)
{
    uint64 n = pages * WORDS, *array = malloc(n * sizeof(*array)), sum;
    struct request r = {STOP, 0};

    require(array != 0, "no memory for the remote array");
    for (uint64 i = 0; i < n; i++)
        array[i] = word_of(i);
    while (read_all(in, &r, sizeof(r)) && r.kind != STOP) {
        char *page = (char *)array + (uint64)r.page * PGSIZE;
        if (r.kind == GET ? !prog_write(out, page, PGSIZE) : !read_all(in, page, PGSIZE))
            exit(1);
    }
    sum = sum_of(array, n);
    exit(r.kind == STOP && prog_write(out, &sum, sizeof(sum)) ? 0 : 1);
}

void remote_start(int pages)
{
    int ask[2], answer[2];

    require(pipe(ask) == 0 && pipe(answer) == 0, "no pipes");
    server = fork();
    require(server >= 0, "no process for the remote array");
    if (server == 0) {
        close(ask[1]);
        close(answer[0]);
        serve(ask[0], answer[1], pages);
    }
    close(ask[0]);
    close(answer[1]);
    to_server = ask[1];
    from_server = answer[0];
}

static void ask(enum request_kind kind, int page)
{
    struct request r = {kind, page};

    require(prog_write(to_server, &r, sizeof(r)), "the remote array is gone");
}

void remote_get(int page, void *to)
{
    ask(GET, page);
    require(read_all(from_server, to, PGSIZE), "the remote array does not answer");
}

void remote_put(int page, const void *from)
{
    ask(PUT, page);
    require(prog_write(to_server, from, PGSIZE), "the remote array takes nothing");
}

uint64 remote_stop(void)
{
    uint64 sum;
    int status = -1;

    ask(STOP, 0);
    require(read_all(from_server, &sum, sizeof(sum)), "the remote array does not answer");
    close(to_server);
    close(from_server);
    require(wait(&status) == server && status == 0, "the remote array has failed");
    return sum;
}
