/*
 * Runs the tree of a line.  A single built-in command runs in the shell itself, everything else in
 * children.  If the shell is interactive each pipeline is a process group of its own, and the
 * console's foreground group while it runs in the foreground: ^C then kills it and not the shell.
 * What a script or a subshell starts stays in the group that this belongs to.
 *
 * Child and parent both call setpgid() and make the group the foreground: whoever comes first, it
 * is done before the command starts and before the parent goes on.
 */
#include "user/lib/prog.h"
#include "user/sh/sh.h"
#include "kernel/errno.h"
#include "kernel/fcntl.h"
#include "kernel/ioctl.h"
#include "kernel/param.h"

int run_interactive;
int run_status;

static struct arena arena; /* of the line that is being run */

static void run_chains(const struct chain *first);

void run_foreground(int pgid)
{
    if (run_interactive)
        ioctl(0, TTY_SETFG, pgid);
}

/* fd becomes what `from` is, which is closed; false on failure. */
static int move_fd(int from, int fd)
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
    char *path = expand_word(&arena, &r->file, run_status);
    int fd = path != 0 ? open(path, flags[r->kind]) : -1;
    if (fd >= 0 && move_fd(fd, r->fd))
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

/* Becomes the program argv[0], else the program of that name in the root directory. */
static void exec_program(char **argv)
{
    char path[MAXPATH];
    uint n = strlen(argv[0]);

    exec(argv[0], argv);
    int reason = errcode();
    if (strchr(argv[0], '/') == 0 && n > 0 && n + 2 <= sizeof(path) && reason != E2BIG) {
        path[0] = '/';
        strcpy(path + 1, argv[0]);
        exec(path, argv);
        if (errcode() != ENOENT)
            reason = errcode();
        else if (reason == ENOENT) {
            prog_warn("%s: command not found", argv[0]);
            exit(127);
        }
    }
    if (reason == E2BIG)
        prog_warn("%s: too many arguments: at most %d, and all together a page", argv[0], MAXARG);
    else if (reason == ENOEXEC)
        prog_warn("%s: not a program (sh %s runs a script)", argv[0], argv[0]);
    else
        prog_warn("%s: %s", argv[0], strerror(reason));
    exit(reason == ENOENT ? 127 : 126);
}

static int count(char **argv)
{
    int n = 0;

    while (argv[n] != 0)
        n++;
    return n;
}

/* The command, in a process of its own. */
static void run_in_child(const struct command *c)
{
    run_interactive = 0;
    input_close();
    if (!apply_redirects(c->redirects))
        exit(1);
    if (c->subshell != 0) {
        run_chains(c->subshell);
        exit(run_status);
    }
    if (c->nwords == 0)
        exit(0);
    char **argv = expand_words(&arena, c, run_status);
    if (argv == 0) {
        prog_warn("out of memory");
        exit(1);
    }
    builtin *function = builtin_find(argv[0]);
    if (function != 0)
        exit(function(count(argv), argv));
    exec_program(argv);
}

/*
 * Runs `function`, which may be 0, in the shell itself.  The descriptors that it gets redirected
 * are kept above those that a line can name, and put back.
 */
static int run_here(builtin *function, char **argv, const struct redirect *redirects)
{
    enum { NAMED = 10, KEPT = NOFILE - 1 - NAMED };
    uint touched = 0, open = 0;
    int status = 1;

    for (const struct redirect *r = redirects; r != 0; r = r->next)
        touched |= 1u << r->fd;
    for (int fd = 0; fd < NAMED; fd++)
        if ((touched >> fd & 1) && dup2(fd, KEPT + fd) >= 0)
            open |= 1u << fd;

    if (apply_redirects(redirects))
        status = function != 0 ? function(count(argv), argv) : 0;

    for (int fd = 0; fd < NAMED; fd++) {
        if (open >> fd & 1)
            move_fd(KEPT + fd, fd);
        else if (touched >> fd & 1)
            close(fd);
    }
    return status;
}

/* Pipe ends around a command, -1 for none: what it reads and writes, and what its reader reads. */
struct ends {
    int in, out, next_in;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A background command must not take from the console what is typed for the shell. */
static void leave_console(void)
{
    int fd = open("/dev/null", O_RDONLY);

    if (fd < 0 || !move_fd(fd, 0))
        close(0);
}

/* In a new child: joins the process group, or makes one if it is 0. */
static void join_group(int group, int background)
{
    setpgid(0, group);
    if (!background)
        run_foreground(group != 0 ? group : getpid());
}

/* Starts a command in the process group, 0 for a new one; its pid, or -1 if fork() failed. */
static int start(const struct command *c, struct ends *e, int group, int background)
{
    int pid = fork();

    if (pid > 0 && run_interactive)
        setpgid(pid, group != 0 ? group : pid);
    if (pid != 0)
        return pid;

    if (run_interactive) {
        join_group(group, background);
        if (background && e->in < 0)
            leave_console();
    }
    close_end(&e->next_in);
    if ((e->in >= 0 && !move_fd(e->in, 0)) || (e->out >= 0 && !move_fd(e->out, 1)))
        exit(prog_fail("cannot connect the pipe"));
    run_in_child(c);
    exit(1);
}

/* Starts the commands of a pipeline; returns how many, which is less than all on failure. */
static int start_all(const struct pipeline *l, int background, int *pids)
{
    struct ends e = {-1, -1, -1};
    int n = 0;

    for (const struct command *c = l->commands; c != 0; c = c->next) {
        int fds[2];
        if (c->next != 0) {
            if (pipe(fds) < 0) {
                prog_fail("cannot make a pipe");
                break;
            }
            e.next_in = fds[0];
            e.out = fds[1];
        }
        pids[n] = start(c, &e, n > 0 ? pids[0] : 0, background);
        if (pids[n] < 0) {
            prog_fail("cannot start a process");
            break;
        }
        n++;
        close_end(&e.in);
        close_end(&e.out);
        e.in = e.next_in;
        e.next_in = -1;
    }
    close_end(&e.in);
    close_end(&e.out);
    close_end(&e.next_in);
    return n;
}

/* Runs a pipeline that is a built-in command or only has redirects; false if it is not. */
static int run_builtin(const struct pipeline *l)
{
    const struct command *c = l->commands;

    if (l->ncommands > 1 || c->subshell != 0)
        return 0;
    char **argv = expand_words(&arena, c, run_status);
    builtin *function = argv != 0 && c->nwords > 0 ? builtin_find(argv[0]) : 0;
    if (argv == 0 || (function == 0 && c->nwords > 0))
        return 0;
    run_status = run_here(function, argv, c->redirects);
    return 1;
}

static void run_pipeline(const struct pipeline *l, int background)
{
    int *pids = arena_new(&arena, l->ncommands * sizeof(*pids));

    if (pids == 0) {
        prog_warn("out of memory");
        run_status = 1;
        return;
    }
    int n = start_all(l, background, pids);
    int complete = n == l->ncommands;
    if (background) {
        for (int i = 0; i < n; i++)
            jobs_add(pids[i], pids[0]);
        run_status = complete ? 0 : 1;
        return;
    }
    if (n > 0)
        run_foreground(pids[0]);
    int status = jobs_wait_for(pids, n);
    run_foreground(0);
    run_status = complete ? status : 1;
}

static void run_chain(const struct chain *chain)
{
    for (const struct pipeline *l = chain->pipelines; l != 0; l = l->next) {
        if ((l->when == IF_SUCCESS && run_status != 0) ||
            (l->when == IF_FAILURE && run_status == 0))
            continue;
        if (!run_builtin(l))
            run_pipeline(l, 0);
    }
}

/* In the background a chain of several pipelines is run as if it stood in parentheses. */
static void run_in_background(const struct chain *chain)
{
    struct chain inner = {0, chain->pipelines, 0};
    struct command command = {.subshell = &inner};
    struct pipeline pipeline = {.commands = &command, .ncommands = 1};

    run_pipeline(chain->pipelines->next == 0 ? chain->pipelines : &pipeline, 1);
}

static void run_chains(const struct chain *first)
{
    for (const struct chain *c = first; c != 0; c = c->next) {
        if (c->background)
            run_in_background(c);
        else
            run_chain(c);
    }
}

int run_line(const char *line, int number)
{
    const char *error;
    struct chain *tree = parse_line(&arena, line, &error);

    if (error != 0) {
        run_status = 2;
        if (run_interactive)
            prog_warn("%s", error);
        else
            prog_warn("line %d: %s", number, error);
    } else {
        run_chains(tree);
    }
    arena_free(&arena);
    return error == 0;
}
