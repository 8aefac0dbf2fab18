/*
 * cold PROGRAM [ARG]...: runs a program and says what that took: frames that the file cache grew
 * by, waits for the disk, pages of files that were asked for and that were mapped along with those,
 * and instructions of all harts but their idle time, which mean something on one hart only.
 */
#include "kernel/kstat.h"
#include "kernel/vmstat.h"
#include "user/extra.h"

int main(int argc, char **argv)
{
    struct kstat before, after;
    struct vmstat of;
    int status;

    if (argc < 2 || kstat(&before) < 0)
        return 2;
    int pid = spawn(argv[1], argv + 1, 0, 0);
    if (pid < 0 || wait(&status) != pid || kstat(&after) < 0 || vmstat(VMSTAT_CHILDREN, &of) < 0)
        return 1;
    printf("cold: status %d, %lu frames, %lu waits, %lu pages, %lu around, %lu instructions\n",
           status, after.frames_cache - before.frames_cache, of.reads,
           of.fault[KIND_FILE] + of.fault[KIND_FILE_COW], of.around, after.busy - before.busy);
    return 0;
}
