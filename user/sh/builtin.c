/* Commands that change the shell itself, and two that would be silly as programs. */
#include "user/lib/prog.h"
#include "user/sh/sh.h"

static int builtin_cd(int argc, char **argv)
{
    const char *to = argc > 1 ? argv[1] : "/";

    if (argc > 2) {
        prog_warn("cd: one directory, please");
        return 2;
    }
    return chdir(to) < 0 ? prog_fail("cd: %s", to) : 0;
}

static int builtin_exit(int argc, char **argv)
{
    int status = run_status;

    if (argc > 2 || (argc == 2 && !prog_number(argv[1], &status))) {
        prog_warn("exit: usage: exit [STATUS]");
        return 2;
    }
    exit(status);
}

static int builtin_wait(int argc, char **argv)
{
    int pid = 0, status;

    if (argc > 2 || (argc == 2 && (!prog_number(argv[1], &pid) || pid <= 0))) {
        prog_warn("wait: usage: wait [PID]");
        return 2;
    }
    if (jobs_wait(pid, &status) < 0) {
        prog_warn("wait: %d is not a background process of this shell", pid);
        return 127;
    }
    return status;
}

static int builtin_true(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 0;
}

static int builtin_false(int argc, char **argv)
{
    (void)argc, (void)argv;
    return 1;
}

builtin *builtin_find(const char *name)
{
    static const struct {
        const char *name;
        builtin *function;
    } all[] = {
        {"cd", builtin_cd},     {"exit", builtin_exit},   {"wait", builtin_wait},
        {"true", builtin_true}, {"false", builtin_false},
    };

    for (uint i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].function;
    return 0;
}
