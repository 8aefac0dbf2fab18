"""A result as text for a student's terminal."""

import textwrap

WIDTH = 96


def indented(text, by):
    return textwrap.indent(text, " " * by)


def wrapped(text, by):
    return textwrap.fill(text, WIDTH, initial_indent=" " * by, subsequent_indent=" " * by)


def lines_of(outcome, verbose):
    check = outcome.check
    mark = "ok" if outcome.passed else "--"
    count = f"  {outcome.instructions} of {check.limit} instructions"
    yield (f"{outcome.points:3}/{check.points:<3} {mark}  {check.kind} {check.name}"
           f"{count if outcome.instructions else ''}")
    if outcome.passed:
        return
    yield wrapped(outcome.reason, 12)
    if outcome.hint:
        yield wrapped(f"hint: {outcome.hint[1]}", 12)
    if verbose and outcome.hint:
        yield wrapped(f"(it is the hint [{outcome.hint[0]}])", 12)
    if verbose and outcome.observed:
        yield indented("observed:", 12)
        yield indented(outcome.observed, 14)
    if outcome.debug:
        yield indented("to debug it:", 12)
        yield indented(outcome.debug, 14)


def report(result, verbose=False):
    """All that a student is told."""
    lines = []
    if result.error:
        lines += [result.error, ""]
    for outcome in result.outcomes:
        if not result.error:
            lines += lines_of(outcome, verbose)
    hints = {o.hint for o in result.outcomes if o.hint}
    if result.error:
        lines += [wrapped(f"hint: {text}", 0) for _, text in sorted(hints)]
    lines += [f"note: {note}" for note in result.notes]
    lines.append(f"{result.points} of {result.out_of} points")
    return "\n".join(lines) + "\n"
