/*
 * exec: the new image is built beside the old one and takes its place only when nothing can fail
 * any more.
 */
#include "kernel/proc/image.h"
#include "kernel/proc/proc.h"

int proc_exec(const char *path, char *const argv[], int argc)
{
    struct proc *p = proc_self();
    struct image im;
    int r = image_build(&im, p->cwd, path, argv, argc, p->reserve);
    if (r < 0)
        return r;
    proc_set_space(p, im.space);
    signal_exec(p);
    proc_set_name(p, path);
    if (p->exe)
        image_release(p->exe);
    p->exe = im.file;

    /* The console's shell is whatever init starts; its children had the reserves to get here. */
    if (p != proc_init_process && p->parent != proc_init_process)
        p->reserve = p->space->reserve = false;
    image_start(&im, p->tf);
    return argc; /* the system call's result, a0 */
}
