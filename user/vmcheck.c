/* vmcheck: proves the rules of docs/invariants.md over the whole machine; status 1 if one broke. */
#include "kernel/errno.h"
#include "user/extra.h"
#include "user/lib/prog.h"

int main(int argc, char **argv)
{
    if (argc > 1)
        prog_usage("vmcheck");
    int broken = vmcheck();
    if (broken < 0 && errcode() == ENOSYS) {
        prog_warn("only a kernel made with DEBUG=1 checks its rules");
        return 2;
    }
    if (broken < 0)
        return prog_fail("%s", argv[0]);
    printf("%d rules broken\n", broken);
    return broken > 0;
}
