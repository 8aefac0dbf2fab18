"""A result as text for a student's terminal."""

import re
import textwrap

WIDTH = 96
SHOWN = 4   # lines of the console where there is no hint
TELLING = re.compile(r"console: (?:panic:|[VT]\d+ broken:)")


def indented(text, by):
    return textwrap.indent(text, " " * by)


def wrapped(text, by):
    return textwrap.fill(text, WIDTH, initial_indent=" " * by, subsequent_indent=" " * by)


def seen(outcome):
    """Of the console what says why, in the kernel's words; where no hint fits, its first lines."""
    console = [line for line in outcome.observed.split("\n") if line.startswith("console: ")]
    why = [line for line in console if TELLING.match(line)][:1]
    return why if outcome.hint else why + [line for line in console if line not in why][:SHOWN]


def lines_of(outcome, verbose, commands, first):
    check = outcome.check
    mark = "ok" if outcome.passed else "--"
    count = f"  {outcome.instructions} of {check.limit} instructions"
    yield (f"{outcome.points:3}/{check.points:<3} {mark}  {check.kind} {check.name}"
           f"{count if outcome.instructions else ''}")
    if outcome.passed:
        return
    yield wrapped(outcome.reason, 12)
    yield from (indented(line, 12) for line in (() if verbose else seen(outcome)))
    if outcome.hint:
        told = outcome.hint[1] if first is outcome else f"that of {first.check.name}"
        yield wrapped(f"hint: {told}", 12)
    if verbose and outcome.hint:
        yield wrapped(f"(it is the hint [{outcome.hint[0]}])", 12)
    if verbose and outcome.observed:
        yield indented("observed:", 12)
        yield indented(outcome.observed, 14)
    if outcome.debug and commands:
        yield indented("to debug it:", 12)
        yield indented(outcome.debug, 14)


def of_error(result):
    """What is told where nothing could be run."""
    hints = {outcome.hint for outcome in result.outcomes if outcome.hint}
    return [result.error, "", *(wrapped(f"hint: {text}", 0) for _, text in sorted(hints))]


def of_outcomes(result, verbose):
    """
    A hint where it is given first, and commands for the debugger only for the first test that
    fails: they fill a screen.
    """
    failed = [outcome for outcome in result.outcomes if not outcome.passed]
    first = {outcome.hint: outcome for outcome in reversed(failed)}
    lines = [line for outcome in result.outcomes
             for line in lines_of(outcome, verbose, verbose or [outcome] == failed[:1],
                                  first.get(outcome.hint))]
    if len(failed) > 1 and not verbose:
        lines.append("`make grade TEST=NAME` tells how to debug that test, V=1 what was seen.")
    return lines


def report(result, verbose=False):
    """All that a student is told."""
    lines = of_error(result) if result.error else of_outcomes(result, verbose)
    lines += [f"note: {note}" for note in result.notes]
    lines.append(f"{result.points} of {result.out_of} points")
    return "\n".join(lines) + "\n"
