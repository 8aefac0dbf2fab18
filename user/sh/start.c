/*
 * Starts commands.  A program is spawned: for that moment the shell itself takes the descriptors
 * that the program is to have, pipes first and then the redirects in their order, and afterwards
 * its own again, which are kept above those that a line can name.  So messages about the command
 * go where its redirects say.  What needs the shell's memory runs in a fork of it: what stands in
 * parentheses, and a built-in command in a pipeline or in the background.
 *
 * The process group is made, and put in the foreground, before the command runs: by spawn, or by
 * the child of a fork and once more by its parent, whoever comes first.
 */
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/ioctl.h"
#include "kernel/param.h"
#include "kernel/spawn.h"
#include "user/lib/prog.h"
#include "user/sh/sh.h"

enum {
    NAMED = 10,                /* descriptors that a line can name are below */
    KEPT = NOFILE - 1 - NAMED, /* fd is kept at KEPT + fd */
    CONSOLE = 0,               /* if the shell is interactive */
};

void start_foreground(int pgid)
{
    if (run_interactive)
        ioctl(CONSOLE, TTY_SETFG, pgid);
}

/* --- Descriptors ------------------------------------------------------------------------------ */

int start_move_fd(int from, int fd)
{
    if (from == fd)
        return 1;
    int moved = dup2(from, fd) >= 0;
    close(from);
    return moved;
}

static int apply_redirect(const struct redirect *r)
{
    static const int flags[] = {
        [REDIRECT_READ] = O_RDONLY,
        [REDIRECT_WRITE] = O_WRONLY | O_CREATE | O_TRUNC,
        [REDIRECT_APPEND] = O_WRONLY | O_CREATE | O_APPEND,
    };

    if (r->kind == REDIRECT_COPY) {
        if (dup2(r->from, r->fd) >= 0)
            return 1;
        prog_fail("%d", r->from);
        return 0;
    }
    char *path = expand_word(&run_arena, &r->file, run_status);
    int fd = path != 0 ? open(path, flags[r->kind]) : -1;
    if (fd >= 0 && start_move_fd(fd, r->fd))
        return 1;
    prog_fail("%s", path != 0 ? path : "file name");
    return 0;
}

static int apply_redirects(const struct redirect *first)
{
    for (const struct redirect *r = first; r != 0; r = r->next)
        if (!apply_redirect(r))
            return 0;
    return 1;
}

/* The descriptors in the mask `taken` were put aside, those in `open` at KEPT. */
struct kept {
    uint taken, open;
};

static struct kept put_aside(uint taken)
{
    struct kept k = {taken, 0};

    for (int fd = 0; fd < NAMED; fd++)
        if ((taken >> fd & 1) && dup2(fd, KEPT + fd) >= 0)
            k.open |= 1u << fd;
    return k;
}

static void put_back(const struct kept *k)
{
    for (int fd = 0; fd < NAMED; fd++) {
        if (k->open >> fd & 1)
            start_move_fd(KEPT + fd, fd);
        else if (k->taken >> fd & 1)
            close(fd);
    }
}

static uint redirected(const struct redirect *first)
{
    uint mask = 0;

    for (const struct redirect *r = first; r != 0; r = r->next)
        mask |= 1u << r->fd;
    return mask;
}

static int count(char **argv)
{
    int n = 0;

    while (argv[n] != 0)
        n++;
    return n;
}

int start_here(builtin *function, char **argv, const struct redirect *redirects)
{
    struct kept k = put_aside(redirected(redirects));
    int status = 1;

    if (apply_redirects(redirects))
        status = function != 0 ? function(count(argv), argv) : 0;
    put_back(&k);
    return status;
}

/* A background command must not take from the console what is typed for the shell. */
static void leave_console(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd < 0 || !start_move_fd(fd, 0))
        close(0);
}

static int connect(const struct place *p)
{
    if ((p->in < 0 || dup2(p->in, 0) >= 0) && (p->out < 0 || dup2(p->out, 1) >= 0))
        return 1;
    prog_fail("cannot connect the pipe");
    return 0;
}

/* --- Programs --------------------------------------------------------------------------------- */

/* What the program does not get: what was put aside, ends of pipes, the script. */
static int close_all(struct spawn_action *a, const struct place *p, const struct kept *k)
{
    int others[] = {p->in, p->out, p->next_in, input_descriptor()}, n = 0;

    for (int fd = 0; fd < NAMED; fd++)
        if (k->open >> fd & 1)
            a[n++] = (struct spawn_action){SPAWN_CLOSE, KEPT + fd, 0, 0};
    for (uint i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i] >= 0)
            a[n++] = (struct spawn_action){SPAWN_CLOSE, others[i], 0, 0};
    return n;
}

static int plan(struct spawn_action *a, const struct place *p, const struct kept *k)
{
    int n = 0, console = k->open >> CONSOLE & 1 ? KEPT + CONSOLE : CONSOLE;

    if (run_interactive)
        a[n++] = (struct spawn_action){SPAWN_GROUP, 0, p->group, 0};
    if (run_interactive && !p->background)
        a[n++] = (struct spawn_action){SPAWN_FOREGROUND, console, 0, 0};
    return n + close_all(a + n, p, k);
}

/* Tells why argv[0] did not start; 0 if no process can be had, else 1 and its exit status. */
static int explain(char **argv, int reason, int *status)
{
    *status = reason == ENOENT ? 127 : 126;
    if (reason == E2BIG)
        prog_warn("%s: too many arguments: at most %d, and all together a page", argv[0], MAXARG);
    else if (reason == ENOEXEC)
        prog_warn("%s: not a program (sh %s runs a script)", argv[0], argv[0]);
    else if (reason == EAGAIN || reason == ENOMEM)
        prog_warn("cannot start a process: %s", strerror(reason));
    else
        prog_warn("%s: %s", argv[0], strerror(reason));
    return reason != EAGAIN && reason != ENOMEM;
}

/* Starts the program argv[0], else the program of that name in the root directory. */
static int spawn_program(char **argv, const struct spawn_action *a, int n, struct member *m)
{
    char path[MAXPATH];
    uint length = strlen(argv[0]);

    m->pid = spawn(argv[0], argv, a, n);
    if (m->pid > 0)
        return 1;
    int reason = errcode();
    if (strchr(argv[0], '/') == 0 && length > 0 && length + 2 <= sizeof(path) && reason != E2BIG) {
        path[0] = '/';
        strcpy(path + 1, argv[0]);
        m->pid = spawn(path, argv, a, n);
        if (m->pid > 0)
            return 1;
        if (errcode() != ENOENT)
            reason = errcode();
        else if (reason == ENOENT) {
            prog_warn("%s: command not found", argv[0]);
            *m = (struct member){0, 127};
            return 1;
        }
    }
    m->pid = 0;
    return explain(argv, reason, &m->status);
}

static int start_program(const struct command *c, char **argv, const struct place *p,
                         struct member *m)
{
    int quiet = run_interactive && p->background && p->in < 0, r = 1;
    uint pipes = (p->in >= 0 || quiet ? 1u << 0 : 0) | (p->out >= 0 ? 1u << 1 : 0);
    struct kept k = put_aside(redirected(c->redirects) | pipes);
    struct spawn_action actions[SPAWN_MAX];

    *m = (struct member){0, 1};
    if (quiet)
        leave_console();
    if (connect(p) && apply_redirects(c->redirects))
        r = spawn_program(argv, actions, plan(actions, p, &k), m);
    put_back(&k);
    return r;
}

/* --- The shell's own commands ----------------------------------------------------------------- */

static void close_end(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* The command, in a process of its own, of which this is the start. */
static void run_in_child(const struct command *c, char **argv, const struct place *p)
{
    if (run_interactive) {
        setpgid(0, p->group);
        if (!p->background)
            start_foreground(p->group != 0 ? p->group : getpid());
        else if (p->in < 0)
            leave_console();
    }
    run_interactive = 0;
    input_close();
    int ready = connect(p);
    close_end(p->in);
    close_end(p->out);
    close_end(p->next_in);
    if (!ready || !apply_redirects(c->redirects))
        exit(1);
    if (c->subshell != 0) {
        run_chains(c->subshell);
        exit(run_status);
    }
    exit(argv != 0 ? builtin_find(argv[0])(count(argv), argv) : 0);
}

static int start_fork(const struct command *c, char **argv, const struct place *p, struct member *m)
{
    int pid = fork();

    if (pid == 0)
        run_in_child(c, argv, p);
    *m = (struct member){pid > 0 ? pid : 0, 1};
    if (pid < 0)
        prog_fail("cannot start a process");
    else if (run_interactive)
        setpgid(pid, p->group != 0 ? p->group : pid);
    return pid > 0;
}

int start_command(const struct command *c, const struct place *p, struct member *m)
{
    char **argv = c->nwords > 0 ? expand_words(&run_arena, c, run_status) : 0;

    if (c->nwords > 0 && argv == 0) {
        prog_warn("out of memory");
        return 0;
    }
    return argv != 0 && builtin_find(argv[0]) == 0 ? start_program(c, argv, p, m)
                                                   : start_fork(c, argv, p, m);
}
