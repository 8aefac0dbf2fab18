/*
 * spawn: a new process with a new program.  Nothing of the caller's memory is copied or lent, so
 * the cost does not depend on the caller's size.
 *
 * The process is put together piece by piece - program, descriptors, group - while nobody can see
 * it, and all that can fail comes first: on failure the pieces are given back.  The actions work on
 * the descriptors of the newborn; paths are those of the caller, whose working directory it has.
 */
#include "kernel/spawn.h"
#include "kernel/errno.h"
#include "kernel/ioctl.h"
#include "kernel/proc/fd.h"
#include "kernel/proc/image.h"
#include "kernel/vm/usercopy.h"

struct birth {
    struct proc *child;
    struct file *console; /* whose foreground the child's group becomes; NULL: none */
};

static bool is_sound(const struct spawn_action *a)
{
    if (a->what == SPAWN_GROUP)
        return a->arg >= 0;
    return a->what >= SPAWN_OPEN && a->what <= SPAWN_FOREGROUND;
}

/* The newborn's open file at fd; NULL if there is none. */
static struct file *file_at(const struct birth *b, int fd)
{
    return fd >= 0 && fd < NOFILE ? b->child->files[fd] : NULL;
}

/* Puts f, whose reference is used up, or nothing in the place of what is at fd. */
static void put_at(const struct birth *b, int fd, struct file *f)
{
    struct file *old = fd_replace(b->child, fd, f);
    if (old)
        file_put(old);
}

static int open_at(const struct birth *b, const struct spawn_action *a)
{
    char path[MAXPATH];
    struct file *f;
    int r = copyinstr(proc_self()->space, path, (uint64)a->path, sizeof path);
    if (r >= 0)
        r = fs_open(b->child->cwd, path, a->arg, &f);
    if (r < 0)
        return r;
    put_at(b, a->fd, f);
    return 0;
}

/* Not yet: until the process is visible it has no group.  But that it is a console is seen now. */
static int choose_console(struct birth *b, struct file *f)
{
    int64 r = file_ioctl(f, TTY_GETFG, 0);
    if (r < 0)
        return (int)r;
    if (b->console)
        file_put(b->console);
    b->console = file_get(f); /* a later action may close it */
    return 0;
}

static int act(struct birth *b, const struct spawn_action *a)
{
    struct file *at = file_at(b, a->fd), *from = file_at(b, a->arg);
    if (a->what == SPAWN_GROUP) {
        b->child->pgid = a->arg ? a->arg : PGID_OWN;
        return 0;
    }
    if (a->fd < 0 || a->fd >= NOFILE)
        return -EBADF;
    if (a->what == SPAWN_OPEN)
        return open_at(b, a);
    if (a->what == SPAWN_DUP ? !from : !at)
        return -EBADF;
    if (a->what == SPAWN_FOREGROUND)
        return choose_console(b, at);
    put_at(b, a->fd, a->what == SPAWN_DUP ? file_get(from) : NULL);
    return 0;
}

static int furnish(struct birth *b, const struct spawn_action *action, int n)
{
    struct proc *p = proc_self();
    proc_inherit(b->child, p);
    /* As with exec: only the console's shell, which is whatever init starts, keeps the reserves. */
    b->child->reserve = p->reserve && p == proc_init_process;
    int r = 0;
    for (int i = 0; r == 0 && i < n; i++)
        r = act(b, &action[i]);
    return r;
}

/* Undoes proc_new() and furnish(). */
static void give_up(const struct birth *b)
{
    if (b->console)
        file_put(b->console);
    if (b->child->cwd) {
        fd_close_all(b->child);
        inode_put(b->child->cwd);
    }
    proc_free(b->child);
}

/* From here on nothing can fail, and the child is seen. */
static int publish(const struct birth *b, const struct image *im)
{
    struct proc *child = b->child, *p = proc_self();
    child->tf->status = p->tf->status;
    image_start(im, child->tf);
    child->exe = im->file;
    child->space = im->space;
    child->space->user = &child->vm;
    child->space->reserve = child->reserve;
    proc_publish(child, p);
    int pid = child->pid;
    if (b->console) {
        file_ioctl(b->console, TTY_SETFG, (uint64)child->pgid);
        file_put(b->console);
    }
    sched_ready(child);
    return pid;
}

int proc_spawn(const char *path, char *const argv[], int argc, const struct spawn_action *action,
               int n)
{
    struct proc *p = proc_self();
    for (int i = 0; i < n; i++)
        if (!is_sound(&action[i]))
            return -EINVAL;
    struct birth b = {0};
    int r = proc_new(&b.child, "", p->reserve);
    if (r < 0)
        return r;
    proc_set_name(b.child, path);
    struct image im;
    r = image_build(&im, p->cwd, path, argv, argc, p->reserve);
    if (r == 0) {
        r = furnish(&b, action, n);
        if (r == 0 && b.child->reserve)
            r = image_read(&im);
        if (r < 0)
            image_free(&im);
    }
    if (r < 0) {
        give_up(&b);
        return r;
    }
    return publish(&b, &im);
}
