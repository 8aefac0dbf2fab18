/* kill PID...: ends processes; their status is -1. */
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    int status = 0;

    if (argc < 2)
        prog_usage("kill PID...");
    for (int i = 1; i < argc; i++) {
        int pid;
        if (!prog_number(argv[i], &pid) || pid < 0) {
            prog_warn("%s: not a process number (ps shows them)", argv[i]);
            status = 1;
        } else if (kill(pid) < 0) {
            status = prog_fail("%s", argv[i]);
        }
    }
    return status;
}
