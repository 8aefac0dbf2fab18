"""A batch at a glance: a table for the course's own tools, and a page to look at.

Names, notes and everything that a kernel printed come from strangers: in the page all text is
escaped and nothing but its own script may run; in the table no field begins like a formula.
"""

import collections
import csv
import html
import io
import re
import statistics
import urllib.parse

from labkit.gradescope import instructions, readable
from labkit.worker import write_whole

FORMULA = tuple("=+-@\t\r\n|%")
BARS = 10   # of the distribution


def signs(student):
    """What somebody should look at: how machines ended, and passes that were no passes."""
    if not student.result:
        return []
    seen = "\n".join(outcome.observed for outcome in student.result.outcomes)
    found = set(re.findall(r"^event: (\w+)", seen, re.M))
    found |= {"build"} if re.search(r"^build: ", seen, re.M) else set()
    found |= {"cheat"} if any(n.startswith("tampering") for n in student.result.notes) else set()
    return sorted(found)


def hints(student):
    outcomes = student.result.outcomes if student.result else ()
    return sorted({outcome.hint[0] for outcome in outcomes if outcome.hint})


def remarks(student):
    """What is to be said about a submission as a whole."""
    if not student.result:
        return [student.why]
    lines = (student.result.error or "").split("\n")
    compiler = [line for line in lines if ": error: " in line][:1]
    return [line for line in compiler or lines if line] + student.result.notes


def points(student):
    return student.result.points if student.result else 0


def ranks(students):
    """Place of each complete solution by the instructions that it took; equals share one."""
    spent = {s.submission.name: instructions(s.result) for s in students if s.result}
    spent = {name: n for name, n in spent.items() if n is not None}
    return {name: 1 + sum(other < n for other in spent.values()) for name, n in spent.items()}


def passed(student, check):
    """Whether a test was passed; None where nothing was run."""
    for outcome in student.result.outcomes if student.result else ():
        if outcome.check == check:
            return outcome.passed
    return None


# ---- the table -----------------------------------------------------------------------------------

def field(value):
    text = readable(str(value))
    return "'" + text if text.startswith(FORMULA) and not isinstance(value, (int, float)) else text


def row(student, checks, places):
    result, submission = student.result, student.submission
    spent = result and instructions(result)
    return [submission.name, "graded" if result else "not graded", points(student),
            sum(check.points for check in checks), submission.seed or "",
            places.get(submission.name, ""), "" if spent is None else spent,
            " ".join(signs(student)), " ".join(hints(student)), "; ".join(remarks(student)),
            submission.folder, student.host, student.seconds,
            *("" if (p := passed(student, check)) is None else check.points if p else 0
              for check in checks)]


HEAD = ["name", "state", "points", "out_of", "seed", "rank", "instructions", "signs", "hints",
        "remarks", "folder", "host", "seconds"]


def table(students, checks):
    out, places = io.StringIO(), ranks(students)
    writer = csv.writer(out)
    writer.writerow([*HEAD, *(f"{check.kind} {check.name}" for check in checks)])
    for student in students:
        writer.writerow([field(value) for value in row(student, checks, places)])
    return out.getvalue()


# ---- the page ------------------------------------------------------------------------------------

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em; color: #1c2430; background: #fff; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
table { border-collapse: collapse; } th, td { padding: .25em .6em; text-align: left; }
td { border-top: 1px solid #d8dde4; vertical-align: top; } .n { text-align: right; }
thead th { position: sticky; top: 0; background: #eef1f5; vertical-align: bottom; }
thead button { all: unset; cursor: pointer; } thead button:focus-visible { outline: 2px solid; }
thead [aria-sort=ascending] button::after { content: " \\25b2"; }
thead [aria-sort=descending] button::after { content: " \\25bc"; }
.t { text-align: center; } th.t button { writing-mode: vertical-rl; font-weight: normal; }
.yes { color: #17692f; } .no { color: #b3261e; }
.sign { background: #fbe3e1; color: #8c1d18; border-radius: 3px; padding: 0 .4em; }
tr.not td { background: #fff6dd; } .wide { overflow-x: auto; }
.bar { display: inline-block; height: .9em; background: #4a78b5; }
.remark { max-width: 40em; overflow-wrap: anywhere; }
"""

SCRIPT = """
for (const head of document.querySelectorAll("#students thead th")) {
  head.querySelector("button").addEventListener("click", () => {
    const body = document.querySelector("#students tbody");
    const up = head.getAttribute("aria-sort") !== "ascending";
    const cell = row => row.cells[head.cellIndex];
    const key = row => cell(row).dataset.key ?? cell(row).textContent;
    const order = (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
    const rows = [...body.rows].sort((a, b) => up ? order(a, b) : order(b, a));
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  });
}
"""


def text(value):
    return html.escape(readable(str(value)))


def cell(content, css="", key=None):
    attributes = (f' class="{css}"' if css else "") + \
        ("" if key is None else f' data-key="{text(key)}"')
    return f"<td{attributes}>{content}</td>"


def mark(student, check):
    good = passed(student, check)
    if good is None:
        return cell("", "t", -1)
    return cell("&#10003;" if good else "&#10007;", f"t {'yes' if good else 'no'}", int(good))


def line(student, checks, places):
    name, place = student.submission.name, places.get(student.submission.name, "")
    link = f"students/{urllib.parse.quote(student.submission.folder)}/report.txt"
    spent = student.result and instructions(student.result)
    cells = [cell(f'<a href="{text(link)}">{text(name)}</a>'),
             cell("graded" if student.result else "not graded"),
             cell(points(student) if student.result else "&ndash;", "n",
                  points(student) if student.result else -1),
             cell("".join(f'<span class="sign">{text(s)}</span> ' for s in signs(student))),
             *(mark(student, check) for check in checks),
             cell("" if spent is None else spent, "n", "~" if spent is None else spent),
             cell(place, "n", place or "~"),
             cell("<br>".join(map(text, hints(student)))),
             cell("<br>".join(map(text, remarks(student))), "remark"),
             cell(text(student.submission.seed or ""), "n"),
             cell(student.seconds if student.result else "", "n"), cell(text(student.host))]
    return f"<tr{'' if student.result else ' class=not'}>{''.join(cells)}</tr>"


def heading(title, css=""):
    return f'<th scope="col" class="{css}"><button type="button">{text(title)}</button></th>'


def students_table(students, checks):
    places = ranks(students)
    heads = [*map(heading, ["name", "state", "points", "signs"]),
             *(heading(f"{check.name} ({check.points})", "t") for check in checks),
             *map(heading, ["instructions", "rank", "hints", "remarks", "seed", "seconds", "host"])]
    lines = "\n".join(line(student, checks, places) for student in students)
    return (f'<div class="wide"><table id="students"><thead><tr>{"".join(heads)}</tr></thead>'
            f"<tbody>{lines}</tbody></table></div>")


def bars(rows, most):
    """Rows of (label, count, remark) as a chart."""
    lines = [f'<tr><th scope="row">{text(label)}</th><td class="n">{count}</td>'
             f'<td><span class="bar" style="width:{20 * count / max(most, 1):.1f}em"></span></td>'
             f'<td class="remark">{text(remark)}</td></tr>' for label, count, remark in rows]
    return f"<table>{''.join(lines)}</table>"


def distribution(graded, out_of):
    step = max(1, -(-out_of // BARS))
    rows = []
    for low in range(0, out_of, step):
        high = min(low + step, out_of)
        count = sum(low <= points(s) < high for s in graded)
        rows.append((f"{low} to {high - 1}" if high - low > 1 else f"{low}", count, ""))
    rows.append((f"{out_of}", sum(points(s) == out_of for s in graded), "all points"))
    return bars(rows, len(graded))


def by_test(graded, checks):
    rows = [(f"{check.kind} {check.name}", sum(passed(s, check) is True for s in graded),
             f"{check.points} points") for check in checks]
    return bars(rows, len(graded))


def by_hint(graded):
    count = collections.Counter(name for s in graded for name in hints(s))
    said = {o.hint[0]: o.hint[1] for s in graded for o in s.result.outcomes if o.hint}
    return bars([(name, n, said[name]) for name, n in count.most_common()], len(graded))


def overview(students, graded, out_of):
    all_points = [points(s) for s in graded] or [0]
    return (f"<p>{len(students)} students, {len(graded)} graded, "
            f"{len(students) - len(graded)} not. Of {out_of} points: median "
            f"{statistics.median(all_points):g}, mean {statistics.mean(all_points):.1f}. "
            f"All points: {sum(points(s) == out_of for s in graded)}.</p>")


def page(lab, students, checks):
    graded = [s for s in students if s.result]
    out_of = sum(check.points for check in checks)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Lab {text(lab)}</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>{STYLE}</style></head><body>
<h1>Lab {text(lab)}</h1>
{overview(students, graded, out_of)}
{students_table(students, checks)}
<h2>Points</h2>{distribution(graded, out_of)}
<h2>Passed, by test</h2>{by_test(graded, checks)}
<h2>Hints, by students who were given them</h2>{by_hint(graded) if graded else ""}
<script>{SCRIPT}</script></body></html>
"""


def write(folder, lab, students, checks):
    write_whole(folder / "summary.csv", table(students, checks))
    write_whole(folder / "summary.html", page(lab, students, checks))
