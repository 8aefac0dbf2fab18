/*
 * What a failed check does: it writes one line with the reason to REPORT_FD and ends the process.
 * The driver shows the first line that it finds there, so a child's own reason comes before its
 * parent's complaint about the child's status.
 */
#include "user/testlib/tests.h"

void check_failed(const char *where, int line, const char *what)
{
    fprintf(REPORT_FD, "%s:%d: not true: %s\n", where, line, what);
    exit(STATUS_FAILED);
}

void check_same(const char *where, int line, const char *what, long got, long want)
{
    if (got == want)
        return;
    fprintf(REPORT_FD, "%s:%d: %s is %ld, expected %ld\n", where, line, what, got, want);
    exit(STATUS_FAILED);
}

long check_must(const char *where, int line, const char *what, long got)
{
    if (got >= 0)
        return got;
    int code = errcode();
    fprintf(REPORT_FD, "%s:%d: %s failed: %s\n", where, line, what, strerror(code));
    exit(STATUS_FAILED);
}

void check_refused(const char *where, int line, const char *what, long got, int code)
{
    int why = got == -1 ? errcode() : 0;
    if (got == -1 && (code == 0 || why == code))
        return;
    if (got != -1)
        fprintf(REPORT_FD, "%s:%d: %s gave %ld, expected -1\n", where, line, what, got);
    else
        fprintf(REPORT_FD, "%s:%d: %s failed with errcode %d (%s), expected %d\n", where, line,
                what, why, strerror(why), code);
    exit(STATUS_FAILED);
}
