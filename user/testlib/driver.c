/*
 * The main program of usertests and vmtests: PROGRAM [-lqv] [-n WORD] [-x NAME]... [NAME...].
 *
 * Runs all tests, or those named; -q leaves the slow ones out, -x one by name, -l lists them and
 * -v announces each before it starts.  A line for each test, `ALL TESTS PASSED` and status 0 if
 * none failed; 1 if one did, 2 for a usage error.  Lines about tests begin with WORD, if one is
 * given, so that who has drawn it knows them from others.  The tests are in the folder of the
 * program, their table in its table.c.
 */
#include "user/extra.h"
#include "user/testlib/run.h"

#define MAX_TESTS 400

static const char *program; /* its name */
static const char *word = "", *gap = "";
static char chosen[MAX_TESTS];
static int list_only, quick, verbose, any_named;

static void refuse(const char *what, const char *name)
{
    fprintf(2, "%s: %s %s\n", program, what, name);
    fprintf(2, "usage: %s [-lqv] [-n WORD] [-x NAME]... [NAME...]\n", program);
    exit(2);
}

static int find_test(const char *name)
{
    for (int i = 0; all_tests[i].name; i++)
        if (strcmp(all_tests[i].name, name) == 0)
            return i;
    refuse("no test is called", name);
    return -1;
}

/* The argument of the option argv[i], which is the last letter of its word. */
static const char *argument_of(int argc, char *argv[], int i, const char *option)
{
    if (option[1] || i + 1 == argc)
        refuse("an argument is missing after", argv[i]);
    return argv[i + 1];
}

static int parse_options(int argc, char *argv[], char excluded[])
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        int own = i;
        for (const char *c = argv[own] + 1; *c; c++) {
            list_only |= *c == 'l';
            quick |= *c == 'q';
            verbose |= *c == 'v';
            if (!strchr("lqvnx", *c))
                refuse("unknown option", argv[own]);
            if (*c == 'x')
                excluded[find_test(argument_of(argc, argv, i++, c))] = 1;
            if (*c == 'n') {
                word = argument_of(argc, argv, i++, c);
                gap = " ";
            }
        }
    }
    return i;
}

static void choose(int argc, char *argv[])
{
    static char excluded[MAX_TESTS];
    int i = parse_options(argc, argv, excluded);
    any_named = i < argc;
    for (; i < argc; i++)
        chosen[find_test(argv[i])] = 1;
    for (i = 0; all_tests[i].name; i++)
        chosen[i] = (any_named ? chosen[i] : !(quick && all_tests[i].slow)) && !excluded[i];
}

static int list_tests(void)
{
    for (int i = 0; all_tests[i].name; i++)
        if (chosen[i])
            printf("%s%s\n", all_tests[i].name, all_tests[i].slow ? " (slow)" : "");
    return 0;
}

/*
 * Tests expect to find 0 to 2 open and nothing else, and no directory of an interrupted run.  The
 * root directory has room for ours afterwards, so the first test does not seem to leak a block.
 */
static void prepare(void)
{
    for (int fd = 3; fd < NOFILE; fd++)
        close(fd);
    mkdir(TEST_DIR);
    run_remove_directory();
    leak_settle();
}

static int run_chosen(void)
{
    static const char *const words[] = {
        [PASSED] = "OK", [FAILED] = "FAILED", [SKIPPED] = "SKIPPED"};
    int count[3] = {0}, start = uptime();
    char reason[200];
    for (int i = 0; all_tests[i].name; i++) {
        if (!chosen[i])
            continue;
        if (verbose)
            printf("%s%stest %s: started at %d\n", word, gap, all_tests[i].name, uptime() - start);
        enum result r = run_test(&all_tests[i], reason, sizeof reason);
        count[r]++;
        if (r == PASSED)
            printf("%s%stest %s: OK\n", word, gap, all_tests[i].name);
        else
            printf("%s%stest %s: %s (%s)\n", word, gap, all_tests[i].name, words[r], reason);
    }
    printf("%d passed, %d failed, %d skipped in %d s\n", count[PASSED], count[FAILED],
           count[SKIPPED], (uptime() - start) / TICK_HZ);
    printf(count[FAILED] ? "SOME TESTS FAILED\n" : "ALL TESTS PASSED\n");
    return count[FAILED] ? 1 : 0;
}

static int run_helper(int argc, char *argv[])
{
    for (const struct helper *h = all_helpers; h->name; h++)
        if (strcmp(h->name, argv[1] + 1) == 0)
            return h->main(argc - 2, argv + 2);
    refuse("no helper is called", argv[1]);
    return 2;
}

int driver_main(const char *name, int argc, char *argv[])
{
    program = name;
    if (argc > 1 && argv[1][0] == '@')
        return run_helper(argc, argv);
    choose(argc, argv);
    if (list_only)
        return list_tests();
    prepare();
    return run_chosen();
}
