/* A program that turns into another one, as `time` and `trace` do. */
#include "kernel/errno.h"
#include "kernel/param.h"
#include "user/lib/prog.h"

void prog_become(char **argv)
{
    char path[MAXPATH];

    exec(argv[0], argv);
    int bare = argv[0][0] && !strchr(argv[0], '/');
    if (errcode() == ENOENT && bare && strlen(argv[0]) + 2 <= sizeof(path)) {
        snprintf(path, sizeof(path), "/%s", argv[0]);
        exec(path, argv);
    }
    int reason = errcode();
    prog_fail("%s", argv[0]);
    exit(reason == ENOENT ? 127 : 126);
}
