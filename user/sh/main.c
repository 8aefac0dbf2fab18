/*
 * sh [FILE | -c TEXT]: runs the lines of a script or of the text, else those from descriptor 0.
 * If that is a console the shell prompts, and goes on after mistakes; otherwise it stops at a line
 * that is not well-formed.  Its exit status is that of the last command.
 */
#include "user/lib/prog.h"
#include "user/sh/sh.h"
#include "kernel/ioctl.h"

static char line[SH_LINE_MAX];

static void open_input(int argc, char **argv)
{
    uint text;
    const char *usage = "sh [FILE | -c TEXT]";
    int i = prog_flags(argc, argv, "c", usage, &text);

    if (argc - i > 1 || (text && argc == i))
        prog_usage(usage);
    if (text) {
        input_from_string(argv[i]);
    } else if (i < argc) {
        if (input_from_file(argv[i]) < 0) {
            prog_fail("%s", argv[i]);
            exit(127);
        }
    } else {
        run_interactive = ioctl(0, TTY_GETFG, 0) >= 0;
        input_from_stdin(run_interactive);
    }
}

static enum input_result next_line(void)
{
    if (run_interactive) {
        start_foreground(0);
        jobs_report();
        fprintf(2, "$ ");
    }
    return input_line(line);
}

/* Ends the shell because of its input, unless it is interactive. */
static void complain(int number, const char *problem)
{
    if (run_interactive) {
        prog_warn("%s", problem);
        run_status = 2;
        return;
    }
    prog_warn("line %d: %s", number, problem);
    exit(126);
}

int main(int argc, char **argv)
{
    open_input(argc, argv);
    for (int number = 1;; number++) {
        switch (next_line()) {
        case INPUT_LINE:
            if (!run_line(line, number) && !run_interactive)
                exit(run_status);
            break;
        case INPUT_LONG:
            run_status = 2;
            prog_warn("line %d is longer than %d bytes: skipped", number, SH_LINE_MAX - 1);
            break;
        case INPUT_BINARY: complain(number, "this is not text"); break;
        case INPUT_ERROR: exit(prog_fail("cannot read commands"));
        case INPUT_END:
            if (run_interactive)
                fprintf(2, "\n");
            exit(run_status);
        }
    }
}
