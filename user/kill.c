/* kill [-INT | -TERM | -USR1 | -KILL] PID...: ends processes, or sends them what they may catch. */
#include "kernel/signal.h"
#include "user/lib/prog.h"

/* The signal that an argument such as -INT or -9 names; 0: none. */
static int signal_named(const char *s)
{
    static const struct {
        const char *name;
        int sig;
    } all[] = {{"INT", SIGINT}, {"TERM", SIGTERM}, {"USR1", SIGUSR1}, {"KILL", SIGKILL}};
    int number;

    for (uint i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(s, all[i].name) == 0 || (prog_number(s, &number) && number == all[i].sig))
            return all[i].sig;
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0, first = argc > 1 && argv[1][0] == '-' ? 2 : 1;
    int sig = first == 2 ? signal_named(argv[1] + 1) : SIGKILL;

    if (sig == 0 || argc <= first)
        prog_usage("kill [-INT | -TERM | -USR1 | -KILL] PID...");
    for (int i = first; i < argc; i++) {
        int pid;
        if (!prog_number(argv[i], &pid) || pid < 0) {
            prog_warn("%s: not a process number (ps shows them)", argv[i]);
            status = 1;
        } else if (sigsend(pid, sig) < 0) {
            status = prog_fail("%s", argv[i]);
        }
    }
    return status;
}
