/*
 * exec: the new image is built beside the old one and takes its place only when nothing can fail
 * any more.
 */
#include "kernel/proc/image.h"
#include "kernel/proc/proc.h"

int proc_exec(const char *path, char *const argv[], int argc)
{
    struct proc *p = proc_self();
    /* The console's shell is whatever init starts; its children had the reserves to get here. */
    bool keeps = p->reserve && (p == proc_init_process || p->parent == proc_init_process);
    struct image im;
    int r = image_build(&im, p->cwd, path, argv, argc, p->reserve);
    if (r == 0 && keeps && (r = image_read(&im)) < 0)
        image_free(&im);
    if (r < 0)
        return r;
    proc_set_space(p, im.space);
    signal_exec(p);
    proc_set_name(p, path);
    if (p->exe)
        image_release(p->exe);
    p->exe = im.file;
    p->reserve = p->space->reserve = keeps;
    image_start(&im, p->tf);
    return argc; /* the system call's result, a0 */
}
