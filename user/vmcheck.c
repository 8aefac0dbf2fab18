/*
 * vmcheck [COUNT]: proves the rules of docs/invariants.md over the whole machine, COUNT times, and
 * stops when one is broken; status 1 then.
 */
#include "kernel/errno.h"
#include "user/extra.h"
#include "user/lib/prog.h"

#define TURN   5  /* checks, after which others get a moment of a machine that moves */
#define REPORT 50 /* checks */

int main(int argc, char **argv)
{
    int count = 1, broken = 0, done = 0;

    if (argc > 2 || (argc == 2 && (!prog_number(argv[1], &count) || count < 1)))
        prog_usage("vmcheck [COUNT]");
    for (; done < count && broken == 0; done++) {
        broken = vmcheck();
        if (done % TURN == TURN - 1)
            pause(1);
        if (done % REPORT == REPORT - 1)
            printf("vmcheck: %d times\n", done + 1);
    }
    if (broken < 0 && errcode() == ENOSYS) {
        prog_warn("only a kernel made with DEBUG=1 checks its rules");
        return 2;
    }
    if (broken < 0)
        return prog_fail("%s", argv[0]);
    printf("%d rules broken\n", broken);
    return broken > 0;
}
