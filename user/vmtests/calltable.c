/*
 * All system calls that take pointers, one row for each pointer: how to make the call with memory
 * at some address, and what has to come of it when that memory is good.
 */
#include "kernel/signal.h"
#include "kernel/spawn.h"
#include "user/vmtests/calls.h"

static int file, ends[2];
static uint64 here; /* an address in this process, for pagemap() */

static long read_file(char *p)
{
    return read(file, p, 200);
}

static long read_pipe(char *p)
{
    return read(ends[0], p, 100);
}

static long call_readlink(char *p)
{
    return readlink("s", p, 6);
}

static long call_fstat(char *p)
{
    return fstat(file, (struct stat *)p);
}

static long call_wait(char *p)
{
    return wait((int *)p);
}

static long call_pipe(char *p)
{
    return pipe((int *)p);
}

static long call_sysinfo(char *p)
{
    return sysinfo((struct sysinfo *)p);
}

static long call_kstat(char *p)
{
    return kstat((struct kstat *)p);
}

static long call_procinfo(char *p)
{
    return procinfo((struct procinfo *)p, 1);
}

static long call_vmstat(char *p)
{
    return vmstat(VMSTAT_MACHINE, (struct vmstat *)p);
}

static long call_pmap(char *p)
{
    return pmap(0, (struct areainfo *)p, 1);
}

static long call_pagemap(char *p)
{
    return pagemap(0, here, (struct pageinfo *)p, 1);
}

static long call_memmap(char *p)
{
    return memmap(0, (struct frameinfo *)p, 3);
}

static long call_sigaction_old(char *p)
{
    return raw_call(SYS_sigaction, SIGUSR1, 0, (long)p);
}

const struct result call_results[] = {
    {"read a file", read_file, 200, 1},
    {"read a pipe", read_pipe, 100, 1},
    {"readlink", call_readlink, 6, 1},
    {"fstat", call_fstat, sizeof(struct stat), 0},
    {"wait", call_wait, sizeof(int), 0},
    {"pipe", call_pipe, 2 * sizeof(int), 0},
    {"sysinfo", call_sysinfo, sizeof(struct sysinfo), 0},
    {"kstat", call_kstat, sizeof(struct kstat), 0},
    {"procinfo", call_procinfo, sizeof(struct procinfo), 0},
    {"vmstat", call_vmstat, sizeof(struct vmstat), 0},
    {"pmap", call_pmap, sizeof(struct areainfo), 0},
    {"pagemap", call_pagemap, sizeof(struct pageinfo), 0},
    {"memmap", call_memmap, 3 * sizeof(struct frameinfo), 0},
    {"sigaction old", call_sigaction_old, sizeof(struct sigaction), 0},
    {0, 0, 0, 0},
};

static long write_file(char *p)
{
    return write(file, p, 100);
}

static long write_pipe(char *p)
{
    return write(ends[1], p, 100);
}

static long call_open(char *p)
{
    int fd = open(p, O_RDONLY);
    return fd < 0 ? fd : close(fd);
}

static long call_link_from(char *p)
{
    return link(p, "f");
}

static long call_link_to(char *p)
{
    return link("f", p);
}

static long call_symlink_text(char *p)
{
    return symlink(p, "f");
}

static long call_symlink_name(char *p)
{
    return symlink("text", p);
}

static long call_readlink_name(char *p)
{
    return readlink(p, scratch, 10);
}

static long call_mknod(char *p)
{
    return mknod(p, DEV_NULL, 0);
}

static long exec_path(char *p)
{
    char *argv[] = {"x", 0};
    return exec(p, argv);
}

static long exec_string(char *p)
{
    char *argv[] = {"x", p, 0};
    return exec("nothing", argv);
}

static long exec_vector(char *p)
{
    return exec("nothing", (char **)p);
}

static long spawn_path(char *p)
{
    char *argv[] = {"x", 0};
    return spawn(p, argv, 0, 0);
}

static long spawn_string(char *p)
{
    char *argv[] = {"x", p, 0};
    return spawn("nothing", argv, 0, 0);
}

static long spawn_vector(char *p)
{
    return spawn("nothing", (char **)p, 0, 0);
}

static long spawn_actions(char *p)
{
    char *argv[] = {"x", 0};
    return spawn("nothing", argv, (struct spawn_action *)p, 2);
}

static long spawn_action_path(char *p)
{
    char *argv[] = {"x", 0};
    struct spawn_action a = {SPAWN_OPEN, 5, O_RDONLY, p};
    return spawn("/sleep", argv, &a, 1); /* actions come after the program was found */
}

static long call_unlink(char *p)
{
    return unlink(p);
}

static long call_mkdir(char *p)
{
    return mkdir(p);
}

static long call_chdir(char *p)
{
    return chdir(p);
}

static long call_sigaction(char *p)
{
    return raw_call(SYS_sigaction, SIGUSR1, (long)p, 0);
}

const struct argument call_arguments[] = {
    {"write a file", write_file, "", 0, 1},
    {"write a pipe", write_pipe, "", 0, 1},
    {"open", call_open, "./././f", 0, 0},
    {"unlink", call_unlink, "./././none", ENOENT, 0},
    {"link from", call_link_from, "./././f", EEXIST, 0},
    {"link to", call_link_to, "./././f", EEXIST, 0},
    {"symlink text", call_symlink_text, "./././text", EEXIST, 0},
    {"symlink name", call_symlink_name, "./././f", EEXIST, 0},
    {"readlink name", call_readlink_name, "./././s", 0, 0},
    {"mkdir", call_mkdir, "./././f", EEXIST, 0},
    {"sigaction", call_sigaction, "", 0, 0},
    {"mknod", call_mknod, "./././f", EEXIST, 0},
    {"chdir", call_chdir, "./././f", ENOTDIR, 0},
    {"exec path", exec_path, "./././none", ENOENT, 0},
    {"exec string", exec_string, "./././text", ENOENT, 0},
    {"exec vector", exec_vector, "", ENOENT, 0},
    {"spawn path", spawn_path, "./././none", ENOENT, 0},
    {"spawn string", spawn_string, "./././text", ENOENT, 0},
    {"spawn vector", spawn_vector, "", ENOENT, 0},
    {"spawn actions", spawn_actions, "", EINVAL, 0},
    {"spawn action path", spawn_action_path, "./././none", ENOENT, 0},
    {0, 0, 0, 0, 0},
};

void call_set_up(void)
{
    file_make("f", 1, 4000);
    symlink("target", "s");
    file = MUST(open("f", O_RDWR));
    MUST(pipe(ends));
    data_fill(scratch, 2, 0, 1000);
    SAME(write(ends[1], scratch, 1000), 1000);
    here = (uint64)call_set_up;
}

void call_tear_down(void)
{
    SAME(close(file), 0);
    SAME(close(ends[0]) + close(ends[1]), 0);
}

void call_check_unmoved(void)
{
    SAME(read(ends[0], scratch, SCRATCH), 1000);
    CHECK(data_good(scratch, 2, 0, 1000));
    SAME(read(file, scratch, 10), 10);
    CHECK(data_good(scratch, 1, 0, 10));
}

void call_before(const struct result *r)
{
    if (r->call == call_wait && child_fork() == 0)
        exit(0x01020304);
}

void call_after(const struct result *r, const char *at)
{
    int fds[2];
    if (r->call != call_pipe)
        return;
    memmove(fds, at, sizeof fds);
    SAME(close(fds[0]) + close(fds[1]), 0);
}
