#ifndef USER_SH_SH_H
#define USER_SH_SH_H

#include "user/extra.h"

/*
 * The shell.  A line goes through three stages: parse.c makes a tree of it, expand.c makes
 * arguments of the words when they are needed, run.c runs the tree and start.c each command.
 *
 *     line      =  chain { (";" | "&") chain } [";" | "&"]
 *     chain     =  pipeline { ("&&" | "||") pipeline }
 *     pipeline  =  command { "|" command }
 *     command   =  { word | redirect }  or  "(" line ")" { redirect }
 *     redirect  =  [digit] ("<" | ">" | ">>") word  or  [digit] ("<&" | ">&") digit
 *
 * A word may have parts in '...', where everything stands for itself, and in "...", where $? and
 * the backslash before " \ $ keep their meaning.  # starts a comment.  $? is the last exit status.
 */

#define SH_LINE_MAX 4096 /* bytes of a line */
#define SH_DEPTH    64   /* parentheses within each other */

/* --- arena.c: memory that is given back all at once ------------------------------------------ */
struct arena {
    struct arena_block *blocks;
};

void *arena_new(struct arena *a, size_t n); /* cleared; 0 without memory */
void arena_free(struct arena *a);           /* everything in it; it may be used again */

/* --- parse.c: pure --------------------------------------------------------------------------- */

/* A word as it was typed, quotes and all. */
struct word {
    const char *text;
    int n;
    struct word *next;
};

enum redirect_kind { REDIRECT_READ, REDIRECT_WRITE, REDIRECT_APPEND, REDIRECT_COPY };

struct redirect {
    enum redirect_kind kind;
    int fd;
    int from;         /* REDIRECT_COPY: the descriptor that fd becomes a copy of */
    struct word file; /* the others */
    struct redirect *next;
};

struct command {
    struct word *words;
    int nwords;
    struct chain *subshell; /* what stands in parentheses; there are no words then */
    struct redirect *redirects;
    struct command *next; /* that reads what this one writes */
};

enum condition { ALWAYS, IF_SUCCESS, IF_FAILURE };

struct pipeline {
    enum condition when; /* depending on the pipeline before it */
    struct command *commands;
    int ncommands;
    struct pipeline *next;
};

struct chain {
    int background;
    struct pipeline *pipelines;
    struct chain *next;
};

/*
 * Parses a line, which must live as long as the tree.  Returns the tree, in `a`; 0 if the line is
 * empty, and then *error is 0, or if it is wrong, and then *error says why.
 */
struct chain *parse_line(struct arena *a, const char *line, const char **error);

/* --- expand.c: pure -------------------------------------------------------------------------- */

/* The word without its quotes and with `status` for $?; in `a`, 0 without memory. */
char *expand_word(struct arena *a, const struct word *w, int status);

/* The arguments of a command, a 0 after them; in `a`, 0 without memory. */
char **expand_words(struct arena *a, const struct command *c, int status);

/* --- input.c: where lines come from ---------------------------------------------------------- */
enum input_result { INPUT_LINE, INPUT_END, INPUT_LONG, INPUT_BINARY, INPUT_ERROR };

void input_from_string(const char *text);
void input_from_stdin(int is_console);
int input_from_file(const char *path); /* 0, or -1 if it cannot be opened */

/* Reads a line without its newline.  After INPUT_LONG and INPUT_BINARY the line is skipped. */
enum input_result input_line(char line[SH_LINE_MAX]);

int input_descriptor(void); /* which only the shell may have, -1 if there is none */

/* In a child: closes that. */
void input_close(void);

/* --- jobs.c: children ------------------------------------------------------------------------- */

/* A command of a pipeline: its process, or pid 0 if that has ended or never was, and its status. */
struct member {
    int pid, status;
};

/* The process runs in the background; an interactive shell tells its pid. */
void jobs_add(int pid, int group);

/* Waits until the commands that have processes have ended; returns the status of the last one. */
int jobs_wait_for(struct member *members, int n);

/*
 * Waits for one background process, or all if pid is 0; -1 if it is none of ours.  ^C kills the
 * process waited for, or if it is all, one after the other.
 */
int jobs_wait(int pid, int *status);

/* Tells of background processes that have ended, without waiting. */
void jobs_report(void);

/* --- builtin.c ------------------------------------------------------------------------------- */
typedef int builtin(int argc, char **argv); /* returns the exit status */

builtin *builtin_find(const char *name); /* 0 if it is no built-in command */

/* --- start.c: processes ---------------------------------------------------------------------- */

/* Where a command runs.  Descriptors are -1 if there is none; they are not below 10. */
struct place {
    int in, out; /* the ends of pipes that become its descriptors 0 and 1 */
    int next_in; /* that the next command of the pipeline will read */
    int group;   /* its process group if the shell is interactive, 0 for a new one */
    int background;
};

/* Starts the command; false, after a message, if there can be no more processes. */
int start_command(const struct command *c, const struct place *p, struct member *m);

/* Runs `function`, which may be 0, in the shell itself; returns its status. */
int start_here(builtin *function, char **argv, const struct redirect *redirects);

void start_foreground(int pgid);     /* if interactive: ^C kills this process group; 0: none */
int start_move_fd(int from, int fd); /* fd becomes `from`, which is closed; false on failure */

/* --- run.c ----------------------------------------------------------------------------------- */
extern int run_interactive;    /* lines come from a console, which is descriptor 0 */
extern int run_status;         /* of the last command */
extern struct arena run_arena; /* of the line that is being run */

/* Runs line `number` of the input; false, after a message, if it is not well-formed. */
int run_line(const char *line, int number);

void run_chains(const struct chain *first); /* what stands between parentheses, or on a line */

#endif
