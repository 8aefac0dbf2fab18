/*
 * The rows of the table.  The figures for Linux and xv6 were measured on the same emulated machine
 * with 512 MiB: Linux 6.1 built for SMP with Sv39, lean, -O2, static programs and raw system calls
 * (files on tmpfs); xv6-riscv of August 2022 with its own flags.
 */
#include "user/bench/bench.h"

uint64 measure_getpid(void), measure_yield(void);
uint64 measure_fork(void), measure_fork_wait(void), measure_exec(void);
uint64 measure_fork_64m(void), measure_fork_wait_64m(void);
uint64 measure_fork_sparse(void), measure_shrink_sparse(void), measure_look_sparse(void);
uint64 measure_exec_16m(void), measure_vfork(void), measure_vfork_16m(void);
uint64 measure_vfork_64m(void);
uint64 measure_spawn_big(void);
uint64 measure_spawn(void), measure_spawn_16m(void), measure_spawn_64m(void);
uint64 measure_lazy_write(void), measure_lazy_read(void);
uint64 measure_cow_shared(void), measure_cow_alone(void), measure_shrink(void);
uint64 measure_map_single(void), measure_map_walk(void), measure_map_write(void);
uint64 measure_map_dirty(void), measure_map_unmap(void), measure_map_memory(void);
uint64 measure_pipe_byte(void), measure_pipe_round(void), measure_pipe_bulk(void);
uint64 measure_open(void), measure_fstat(void), measure_read_byte(void);
uint64 measure_open_deep(void), measure_open_large(void), measure_create_large(void);
uint64 measure_create_first(void), measure_create_last(void);
uint64 measure_unlink_first(void), measure_unlink_many(void);
uint64 measure_write_sync(void), measure_read_cold(void);
uint64 measure_overwrite(void), measure_write_new(void), measure_read(void), measure_create(void);

const struct row bench_rows[] = {
    {"getpid", "null system call", measure_getpid, 150, 182, 1130},
    {"fork", "fork only, small", measure_fork, 12000, 37402, 306697},
    {"forkwait", "fork+exit+wait, small", measure_fork_wait, 30000, 87670, 518624},
    {"fork64", "fork only, 64 MB touched", measure_fork_64m, 900000, 1629181, 544802495},
    {"forkwait64", "fork+exit+wait, 64 MB", measure_fork_wait_64m, 2400000, 4390433, 751689095},
    {"forksparse", "fork+exit+wait, 255 GiB lazy", measure_fork_sparse, 600000, 0, 0},
    {"shrinksparse", "grow, touch, shrink 255 GiB lazy", measure_shrink_sparse, 800000, 0, 0},
    {"looksparse", "pmap, pagemap, 255 GiB lazy", measure_look_sparse, 2000000, 0, 0},
    {"exec", "fork+exec+exit+wait, tiny", measure_exec, 70000, 138942, 1376526},
    {"exec16", "the same from a 16 MB parent", measure_exec_16m, 400000, 1238981, 189327390},
    {"vfork", "vfork+exec+exit+wait, tiny", measure_vfork, 45000, 74634, 0},
    {"vfork16", "the same from a 16 MB parent", measure_vfork_16m, 45000, 0, 0},
    {"vfork64", "the same from a 64 MB parent", measure_vfork_64m, 45000, 0, 0},
    {"spawn", "spawn+exit+wait, tiny", measure_spawn, 45000, 0, 0},
    {"spawn16", "the same from a 16 MB parent", measure_spawn_16m, 45000, 0, 0},
    {"spawn64", "the same from a 64 MB parent", measure_spawn_64m, 45000, 0, 0},
    {"spawnbig", "spawn of 1 MiB, one page runs", measure_spawn_big, 45000, 0, 0},
    {"lazywrite", "first write to a lazy page", measure_lazy_write, 950, 2095, 0},
    {"lazyread", "first read of a lazy page", measure_lazy_read, 400, 723, 0},
    {"cowshared", "COW write, frame still shared", measure_cow_shared, 1700, 3079, 0},
    {"cowalone", "COW write, sole owner", measure_cow_alone, 400, 820, 0},
    {"shrink", "unmap of a touched page", measure_shrink, 250, 709, 0},
    {"mapsingle", "file page, read fault, single", measure_map_single, 700, 1657, 0},
    {"mapwalk", "the same walked in order, per page", measure_map_walk, 250, 354, 0},
    {"mapwrite", "private file page, write fault", measure_map_write, 1900, 3081, 0},
    {"mapdirty", "write fault of a clean shared page", measure_map_dirty, 0, 0, 0},
    {"mapunmap", "mmap + one fault + munmap, file", measure_map_unmap, 5000, 12615, 0},
    {"mapmemory", "the same, anonymous memory", measure_map_memory, 5000, 0, 0},
    {"yield", "yield between two processes", measure_yield, 1500, 2633, 0},
    {"pipe1", "pipe: write 1 + read 1", measure_pipe_byte, 1200, 1935, 40475},
    {"pipetrip", "pipe round trip, two processes", measure_pipe_round, 4500, 8919, 95794},
    {"pipebulk", "pipe, per 4 KiB, 64 KiB writes", measure_pipe_bulk, 3000, 4429, 2639392},
    {"open", "open+close, cached path", measure_open, 3000, 3794, 492560},
    {"opendeep", "the same, a path of 4 names", measure_open_deep, 3000, 0, 0},
    {"openlarge", "the same, among 1000 files", measure_open_large, 3000, 0, 0},
    {"fstat", "fstat", measure_fstat, 800, 1938, 20756},
    {"read1", "read of 1 byte, cached", measure_read_byte, 800, 1121, 40187},
    {"write", "file write, per 4 KiB, cached", measure_overwrite, 3500, 4434, 1527454},
    {"writenew", "the same to a new file", measure_write_new, 0, 0, 0},
    {"read", "file read, per 4 KiB, cached", measure_read, 2000, 2716, 202805},
    {"writesync", "write 4 MiB + fsync, per 4 KiB", measure_write_sync, 9000, 9702, 0},
    {"readcold", "read 4 MiB cold, per 4 KiB", measure_read_cold, 4500, 4815, 0},
    {"create", "create + unlink, empty file", measure_create, 14000, 12016, 4672750},
    {"createlarge", "the same among 1000 files", measure_create_large, 14000, 0, 0},
    {"createfirst", "create, of the first 100 files", measure_create_first, 0, 0, 0},
    {"createlast", "create, of 100 files after 3800", measure_create_last, 0, 0, 0},
    {"unlinkfirst", "unlink, each of 100 files", measure_unlink_first, 0, 0, 0},
    {"unlinkmany", "unlink, each of 3900 files", measure_unlink_many, 0, 0, 0},
    {0, 0, 0, 0, 0, 0},
};
