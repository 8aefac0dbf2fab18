/*
 * Runs the tree of a line.  A single built-in command runs in the shell itself, everything else in
 * processes of its own.  If the shell is interactive each pipeline is a process group of its own,
 * and the console's foreground group while it runs in the foreground: ^C then ends it and not the
 * shell, and the rest of the line is given up.  What a script or a subshell starts stays in the
 * group that this belongs to.
 */
#include "user/lib/prog.h"
#include "user/sh/sh.h"
#include "kernel/ioctl.h"
#include "kernel/param.h"

int run_interactive;
int run_status;
struct arena run_arena; /* of the line that is being run */

static int breaks_before; /* that line: what TTY_BREAKS said */

/* Where the ends of the pipes around a command are: above what a line can name. */
enum { PIPE_NEXT_IN = NOFILE - 12, PIPE_OUT = NOFILE - 13, PIPE_IN = NOFILE - 14 };

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Makes the pipe from this command to the next one. */
static int make_pipe(struct place *p)
{
    int ends[2];

    if (pipe(ends) < 0) {
        prog_fail("cannot make a pipe");
        return 0;
    }
    p->next_in = start_move_fd(ends[0], PIPE_NEXT_IN) ? PIPE_NEXT_IN : -1;
    p->out = start_move_fd(ends[1], PIPE_OUT) ? PIPE_OUT : -1;
    return 1;
}

/* On to the next command. */
static void step(struct place *p)
{
    close_end(&p->in);
    close_end(&p->out);
    if (p->next_in >= 0)
        p->in = start_move_fd(p->next_in, PIPE_IN) ? PIPE_IN : -1;
    p->next_in = -1;
}

/* Starts the commands of a pipeline; returns how many, which is less than all on failure. */
static int start_all(const struct pipeline *l, int background, struct member *members)
{
    struct place p = {-1, -1, -1, 0, background};
    int n = 0;

    for (const struct command *c = l->commands; c != 0; c = c->next) {
        if (c->next != 0 && !make_pipe(&p))
            break;
        if (!start_command(c, &p, &members[n]))
            break;
        if (p.group == 0)
            p.group = members[n].pid;
        n++;
        step(&p);
    }
    step(&p); /* what a failure has left */
    close_end(&p.in);
    return n;
}

/* Runs a pipeline that is a built-in command or only has redirects; false if it is not. */
static int run_builtin(const struct pipeline *l)
{
    const struct command *c = l->commands;

    if (l->ncommands > 1 || c->subshell != 0)
        return 0;
    char **argv = expand_words(&run_arena, c, run_status);
    builtin *function = argv != 0 && c->nwords > 0 ? builtin_find(argv[0]) : 0;
    if (argv == 0 || (function == 0 && c->nwords > 0))
        return 0;
    run_status = start_here(function, argv, c->redirects);
    return 1;
}

static int first_pid(const struct member *members, int n)
{
    int pid = 0;

    for (int i = 0; i < n && pid == 0; i++)
        pid = members[i].pid;
    return pid;
}

static void run_pipeline(const struct pipeline *l, int background)
{
    struct member *members = arena_new(&run_arena, l->ncommands * sizeof(*members));

    if (members == 0) {
        prog_warn("out of memory");
        run_status = 1;
        return;
    }
    int n = start_all(l, background, members);
    int complete = n == l->ncommands, group = first_pid(members, n);
    if (background) {
        for (int i = 0; i < n; i++)
            if (members[i].pid != 0)
                jobs_add(members[i].pid, group);
        run_status = complete ? 0 : 1;
        return;
    }
    if (group != 0)
        start_foreground(group);
    int status = jobs_wait_for(members, n);
    start_foreground(0);
    run_status = complete ? status : 1;
}

/* ^C was typed while the line is run: nothing more of it begins. */
static int is_stopped(void)
{
    return run_interactive && ioctl(0, TTY_BREAKS, 0) != breaks_before;
}

static void run_chain(const struct chain *chain)
{
    for (const struct pipeline *l = chain->pipelines; l != 0 && !is_stopped(); l = l->next) {
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

void run_chains(const struct chain *first)
{
    for (const struct chain *c = first; c != 0 && !is_stopped(); c = c->next) {
        if (c->background)
            run_in_background(c);
        else
            run_chain(c);
    }
}

int run_line(const char *line, int number)
{
    const char *error;
    struct chain *tree = parse_line(&run_arena, line, &error);

    if (error != 0) {
        run_status = 2;
        if (run_interactive)
            prog_warn("%s", error);
        else
            prog_warn("line %d: %s", number, error);
    } else {
        breaks_before = run_interactive ? ioctl(0, TTY_BREAKS, 0) : 0;
        run_chains(tree);
    }
    arena_free(&run_arena);
    return error == 0;
}
