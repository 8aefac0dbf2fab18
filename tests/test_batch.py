"""Grading a whole course: all of it ends up in the summary, whatever students and machines do."""

import contextlib
import csv
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import zipfile

import pytest

from course import FORK, STUBS, Course, hosts, tree_with, write_folder
from labkit import base, batch, check, gradescope, submissions, summary, worker
from labkit.batch import Student
from labkit.lab import Check, Lab
from labkit.result import Outcome, Result
from labkit.submissions import BatchError, Submission
from machine import TOP, until

LAB = {
    "README.md": "# Sharing\n",
    "tests": "60 vmtests fault_cow\n40 vmtests case_1_private_written_later\n",
    "hints": "[all-copied]\nmatch = ^verdict: .*COW is (?P<count>\\d+)\n"
             "say = Only {count} pages were copied when they were written.\n",
    "stubs.c": STUBS}

# What students with these solutions are called: names that somebody may choose.
STUDENTS = {
    "right": ["ann", "Ann O'Hara; touch $HOME", "=1+1|cmd", "ann.2", "-rf", "\u540d\u524d"],
    "zipped": ["zed.zip"],
    "nested": ["nora.tar.gz"],
    "platform": ["moodle_12345_file_"],
    "lost": ["leo", "lea", "lew", "line\nbreak"],
    "untouched": ["uma", "una", "ute", "udo", "<b>ugo"],
    "commented": ["sam", "sue", "sid"],
    "asleep": ["hal"],
    "panic": ["pat", "pia"],
    "cheat": ["cat", "cox"],
    "syntax": ["ben", "bob"],
    "missing": ["mia", "max"],
    "link": ["lin"],
    "broken": ["bea.zip"],
    "empty": ["eve", "eva"],
    "foreign": ["fay.rar"],
    "elsewhere": ["ed"],
}
POINTS = {"right": 100, "zipped": 100, "nested": 100, "platform": 100, "commented": 100,
          "untouched": 40}
SIGNS = {"asleep": "hang", "panic": "panic", "cheat": "cheat", "syntax": "build"}
REMARKS = {"missing": "missing: kernel/trap/mistake.c", "link": "a symbolic link",
           "broken": "cannot be read as", "syntax": "error: expected", "empty": "missing: "}
NOT_GRADED = {"foreign": "neither a folder nor", "elsewhere": "a link"}


# ---- a course ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def course_and_hosts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    tree_with(folder / "top", "sharing", LAB)
    (folder / "roster").write_text("name,seed\nabsent,\nann,\n")
    made = Course(folder / "top", "sharing", folder, ["--seeds", folder / "roster"])
    made.hand_in(STUDENTS)
    servers = hosts(folder, 2)
    if servers:
        (folder / "hosts").write_text("".join(f"1/{server.login}\n" for server in servers))
        made.options += ["--sshloginfile", folder / "hosts"]
    yield made, servers
    for server in servers:
        server.end()
    until(lambda: not made.workers(), "workers end")


@pytest.fixture(scope="module")
def course(course_and_hosts):
    return course_and_hosts[0]


@pytest.fixture(scope="module")
def graded(course):
    """The course after a batch whose worker was killed, that was interrupted, and that went on."""
    first = course.start()

    def go_on_to(count):
        until(lambda: first.poll() is not None or
              (len(course.given()) >= count and course.workers()), f"{count} are graded", 100)
        assert first.poll() is None, first.communicate()[0]

    go_on_to(2)
    os.kill(course.workers()[0], signal.SIGKILL)
    go_on_to(5)
    os.killpg(first.pid, signal.SIGINT)
    told = first.communicate(timeout=300)[0]
    until(lambda: not course.workers(), "workers end")
    before, half = course.given(), course.table()
    joblog = (course.out / "work/joblog").read_text()
    second = course.run()
    return {"told": told, "half": half, "before": before, "second": second,
            "joblogs": joblog + (course.out / "work/joblog").read_text()}


def expected_name(name):
    return re.sub(r"\.(zip|tar\.gz)$", "", name)


def rows_of(course, kind):
    table = course.table()
    return [table["'" + name if name[0] in "=-" else name]
            for name in map(expected_name, STUDENTS[kind])]


# ---- what becomes of everybody -------------------------------------------------------------------

def test_everybody_is_in_the_summary(course, graded):
    second = graded["second"]
    assert second.returncode == 0, second.stdout + second.stderr
    table, everybody = course.table(), sum(map(len, STUDENTS.values())) + 1
    assert len(table) == everybody > 30
    for kind in STUDENTS:
        for row in rows_of(course, kind):
            assert row["state"] == ("not graded" if kind in NOT_GRADED else "graded"), row
            assert POINTS.get(kind, 0) <= int(row["points"]) <= POINTS.get(kind, 0), row
            assert SIGNS.get(kind, "") in row["signs"], row
            assert REMARKS.get(kind, "") in row["remarks"], row
            assert NOT_GRADED.get(kind, "") in row["remarks"], row
            assert ("all-copied" in row["hints"]) == (kind == "untouched"), row
    assert table["absent"]["remarks"] == "nothing was handed in"


def test_interrupted_and_gone_on(course, graded):
    """Who has a grade is not graded again; who has none is in the summary all the same."""
    assert "the same command goes on" in graded["told"]
    assert len(graded["half"]) == len(course.table())
    assert "never started" in str(graded["half"])
    kept = [name for name, when in graded["before"].items() if course.given()[name] == when]
    assert 5 <= len(graded["before"]) < len(course.given()) and len(kept) >= 5
    assert set(graded["before"]) - set(kept) == set(), "graded twice"
    again = course.run()
    assert "0 of them now" in again.stderr and again.returncode == 0


def test_both_hosts_work(course_and_hosts, graded):
    course, servers = course_and_hosts
    if not servers:
        pytest.skip("no SSH server: ./setup hosts")
    for host in servers:
        assert f"-p {host.port} " in graded["joblogs"]
        bases = [path.name for path in (host.home / ".faultline-batch/bases").iterdir()]
        assert len([name for name in bases if name.startswith("sharing-")]) == 2, bases
    left = list(course.folder.glob("host*/.faultline-batch/packed/*"))
    assert len(left) <= len(servers), "more than what was interrupted"


def test_files_of_a_student(course, graded):
    assert graded["second"].returncode == 0
    row = rows_of(course, "untouched")[4]
    folder = course.out / "students" / row["folder"]
    assert folder.parent == course.out / "students" and "/" not in row["folder"]
    whole = Result.from_json((folder / "result.json").read_text())
    assert whole.points == int(row["points"]) and whole.lab == "sharing"
    page = json.loads((folder / "results.json").read_text())
    assert page["score"] == whole.points and "leaderboard" not in page
    assert {t["status"] for t in page["tests"]} <= {"passed", "failed"}
    failed = next(t for t in page["tests"] if t["status"] == "failed")
    assert "Hint: Only 0 pages were copied" in failed["output"] and failed["max_score"] == 60
    classes = json.loads((folder / "classroom.json").read_text())
    assert [t["points"] for t in classes["tests"]] == [60, 40] and classes["max_score"] == 100
    assert "fault_cow" in (folder / "report.txt").read_text()
    refused = course.out / "students" / rows_of(course, "foreign")[0]["folder"]
    assert [p.name for p in refused.iterdir()] == ["report.txt"]


# ---- a lab as it is ------------------------------------------------------------------------------

COW = {"right": ["ann", "bob"], "zipped": ["cy.zip"], "nested": ["dan.tar.gz"],
       "platform": ["eve_file_"], "commented": ["fay", "gus"], "untouched": ["hal", "ida"],
       "asleep": ["jim"], "panic": ["kay"], "cheat": ["lee"], "syntax": ["may"], "missing": ["ned"],
       "link": ["ora"], "broken": ["pam.zip"], "empty": ["quin"], "foreign": ["ray.rar"]}


@pytest.mark.soak
def test_course_of_lab_cow(tmp_path):
    """Correct, wrong, hostile: one after the other, and how long each takes."""
    course = Course(TOP, "cow", tmp_path)
    course.hand_in(COW)
    trees = check.Trees("cow", tmp_path / "made/handout", TOP, None)
    wrong = {f"w-{wrong.name}": wrong for wrong in Lab("cow", TOP).wrong()}
    for name, how in wrong.items():
        (course.submissions / name).mkdir()
        check.submission_of(trees, how, course.submissions / name)
    done = course.run()
    assert done.returncode == 0, done.stdout + done.stderr
    table = course.table()
    assert len(table) == sum(map(len, COW.values())) + len(wrong) > 30
    for kind, names in COW.items():
        for row in (table[expected_name(name)] for name in names):
            assert row["state"] == ("not graded" if kind in NOT_GRADED else "graded"), row
            assert (row["points"] == "100") == (POINTS.get(kind) == 100), row
            assert SIGNS.get(kind, "") in row["signs"], row
    for name, how in wrong.items():
        assert int(table[name]["points"]) < 100 and how.hint in table[name]["hints"], table[name]


# ---- the bundle for Gradescope -------------------------------------------------------------------

def unzip(archive, to):
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            path = pathlib.Path(file.extract(info, to))
            if not info.is_dir():
                path.chmod(stat.S_IMODE(info.external_attr >> 16))


def test_autograder(course, graded, tmp_path):
    """What it says of a submission is what the batch says; and no solution is in it."""
    assert graded["second"].returncode == 0
    subprocess.run(["/usr/bin/python3", course.top / "tools/autograder", "sharing",
                    tmp_path / "bundle.zip"], check=True, timeout=120)
    source = tmp_path / "autograder/source"
    unzip(tmp_path / "bundle.zip", source)
    line = b"f->child->resident += share_leaves("
    assert line in (TOP / FORK).read_bytes()
    assert not [p for p in source.rglob("*") if p.is_file() and line in p.read_bytes()]
    shutil.copytree(next(course.out.glob("work/bases/sharing-plain-*[0-9a-f]/build")),
                    source / "base/build", copy_function=shutil.copy2)
    subprocess.run([source / "setup.sh"], check=True, timeout=600, capture_output=True)
    environment = {**os.environ, "AUTOGRADER": str(tmp_path / "autograder")}
    for kind, name in (("untouched", "uma"), ("platform", STUDENTS["platform"][0])):
        (tmp_path / "autograder/results").mkdir(exist_ok=True)
        shutil.copytree(course.submissions / name, tmp_path / "autograder/submission")
        subprocess.run([source / "run_autograder"], check=True, timeout=300, env=environment)
        expected = course.out / "students" / rows_of(course, kind)[0]["folder"]
        for file in ("results.json", "classroom.json", "report.txt"):
            assert ((tmp_path / "autograder/results" / file).read_bytes() ==
                    (expected / file).read_bytes()), (kind, file)
        shutil.rmtree(tmp_path / "autograder/submission")


# ---- parts, without a machine --------------------------------------------------------------------

ROW = Check(20, "bench", "cowshared", 1900)
TEST = Check(80, "vmtests", "fault_cow", None)


def student(name, spent, **more):
    outcomes = [Outcome(TEST, True), Outcome(ROW, spent <= 1900, instructions=spent, **more)]
    return Student(Submission(name, submissions.clean(name), None, None),
                   Result("cow", 1, outcomes))


def test_leaderboard_and_ranks():
    """Only complete solutions compete; equal ones share a place."""
    students = [student("a", 1500), student("b", 1400), student("c", 1500), student("d", 2000)]
    assert summary.ranks(students) == {"b": 1, "a": 2, "c": 2}
    page = gradescope.gradescope(students[1].result, "after_due_date")
    assert page["leaderboard"] == [{"name": "Instructions", "value": 1400, "order": "asc"}]
    assert "100" not in page["output"], "points that are hidden"
    assert page["score"] == 100 and page["tests"][0]["visibility"] == "after_due_date"
    assert "leaderboard" not in gradescope.gradescope(students[3].result)
    rows = list(csv.DictReader(summary.table(students, [TEST, ROW]).splitlines()))
    assert [row["rank"] for row in rows] == ["2", "1", "2", ""]
    assert rows[3]["bench cowshared"] == "0" and rows[3]["vmtests fault_cow"] == "80"


EVIL = "</td><script>alert('\"&')</script>"


def test_strangers_write_neither_page_nor_table():
    bad = student(EVIL, 2000, reason=EVIL, observed=f"event: panic\nconsole: \x1b[2J{EVIL}",
                  hint=("h" + EVIL, EVIL))
    bad.result.notes.append("@SUM(1)" + EVIL)
    page = summary.page("cow", [bad, student('=cmd|"x"', 1500)], [TEST, ROW])
    assert page.count("<script>") == 1 and EVIL not in page and "&lt;script&gt;" in page
    assert 'href="students/__td__script_' in page and "\x1b" not in page
    assert not re.search(r"(?:src|href)=\"(?!students/)", page), "something is loaded"
    formulas = [student(name, 1500) for name in ("=1", "+1", "-1", "@x", "\t=")]
    rows = list(csv.reader(summary.table(formulas, [TEST, ROW]).splitlines()))
    assert [row[0][0] for row in rows[1:]] == ["'"] * 5
    shown = json.dumps(gradescope.gradescope(bad.result)) + json.dumps(
        gradescope.classroom(bad.result))
    assert "\\u001b" not in shown


def test_archive_of_all_submissions(tmp_path):
    """A zip of the folder; names in it lead nowhere else, links in a tar are not made."""
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("course/ann/a.c", "course/bob.zip", "course/list.csv", "course/../../out.c",
                     "/abs.c", "course/.hidden/x", "__MACOSX/y"):
            archive.writestr(name, "x")
    folder = submissions.folder_of(tmp_path / "all.zip", tmp_path / "a/b/scratch")
    assert [s.name for s in submissions.find(folder, {})] == ["ann", "bob"]
    assert not (tmp_path / "a/out.c").exists() and not list(tmp_path.rglob("abs.c"))
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("eve")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("eve/passwd"))
        archive.addfile(tarfile.TarInfo("cy/a.c"))
    folder = submissions.folder_of(tmp_path / "all.tar.gz", tmp_path / "scratch")
    assert sorted(p.name for p in folder.iterdir()) == ["cy", "eve"]
    assert not (folder / "eve").is_symlink() and not list(folder.rglob("shadow"))
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04")
    for wrong in ("bad.zip", "nowhere"):
        with pytest.raises(BatchError, match=wrong):
            submissions.folder_of(tmp_path / wrong, tmp_path / "scratch")


@pytest.mark.parametrize("wrong, why", [
    (["--test", "nothing"], "has no test 'nothing'"),
    (["--sshloginfile", "nowhere"], "no such file"),
    (["--out", "in/grades"], "among the submissions"), (["--timeout", "0"], "invalid positive")])
def test_command_line_that_is_wrong(tmp_path, wrong, why):
    """It is said before anything is graded."""
    (tmp_path / "in/ann").mkdir(parents=True)
    command = ["/usr/bin/python3", TOP / "tools/grade-batch", "in", "--lab", "cow", *wrong]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 2 and why in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "ann"]


def test_two_batches_in_one_folder(tmp_path):
    (tmp_path / "in/ann").mkdir(parents=True)
    with batch.alone(tmp_path / "out"):
        done = subprocess.run(["/usr/bin/python3", TOP / "tools/grade-batch", "in", "--lab", "cow",
                               "--out", "out"], cwd=tmp_path, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 2 and "another batch is at work there" in done.stderr
        assert [path.name for path in (tmp_path / "out").rglob("*")] == ["work", "lock"]
    with batch.alone(tmp_path / "out"):
        pass


def test_names_and_seeds(tmp_path):
    """Names that look alike as files stay apart; the roster gives seeds, and who is missing."""
    for name in ("a b", "a?b", "A_B", "..x", "\u00e9"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in/a b.zip").touch()
    (tmp_path / "roster.csv").write_text("\ufeffname,seed\na?b,7\nzoe,8\n")
    roster = submissions.read_roster(tmp_path / "roster.csv")
    found = {s.name: s for s in submissions.find(tmp_path / "in", roster, 3)}
    assert set(found) == {"a b", "a b again", "a?b", "A_B", "\u00e9", "zoe"}
    assert len({s.folder.casefold() for s in found.values()}) == 6
    assert all(re.fullmatch(r"[\w@+-][\w@+.-]*", s.folder) for s in found.values())
    assert (found["a?b"].seed, found["zoe"].seed, found["A_B"].seed) == (7, 8, 3)
    assert found["zoe"].path is None
    for text in ("who,seed\nx,1\n", "name,seed\nx,many\n"):
        (tmp_path / "roster.csv").write_text(text)
        with pytest.raises(BatchError, match="columns name and seed"):
            submissions.read_roster(tmp_path / "roster.csv")


def test_packing_is_the_same_whenever_the_files_are(tmp_path):
    for name in ("one", "two"):
        write_folder(tmp_path / name, {"b.c": "b", "a/c.c": "c", "build/x": name, ".git/y": name})
        os.mkfifo(tmp_path / name / "pipe")
        (tmp_path / name / "link").symlink_to("/")
    os.utime(tmp_path / "two/b.c", (0, 0))
    (tmp_path / "two/b.c").chmod(0o600)
    assert submissions.pack(tmp_path / "one") == submissions.pack(tmp_path / "two")
    (tmp_path / "two/b.c").write_text("B")
    assert submissions.pack(tmp_path / "one") != submissions.pack(tmp_path / "two")


GRADER = """import json, os, subprocess, sys, time
if sys.argv[1] == "slow":
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(1000)
sys.exit("no compiler")
"""


@pytest.mark.parametrize("lab, why, status", [("slow", "longer than 1 s", 0),
                                              ("failing", "no compiler", 1)])
def test_worker_whose_grader_fails(tmp_path, lab, why, status):
    """It says so in the result, and what the grader started is gone."""
    write_folder(tmp_path / "base", {"tools/grade": GRADER})
    done = subprocess.run([sys.executable, worker.__file__, lab, "base", "in", "1", "1", "out/x"],
                          cwd=tmp_path, timeout=60, check=False,
                          env={**os.environ, "GRADED_IN": str(tmp_path)})
    told = json.loads((tmp_path / "out/x").read_text())
    assert (done.returncode, told["state"]) == (status, "not graded") and why in told["why"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["x"]
    mark = f"GRADED_IN={tmp_path}".encode()
    for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            assert mark not in environment.read_bytes()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "graded"}',
                                  '{"state": "graded", "result": {"lab": "x"}}'])
def test_result_that_cannot_be_read(tmp_path, text):
    """Nor does it stop the others: whoever it belongs to can be graded again."""
    (tmp_path / "work/given").mkdir(parents=True)
    (tmp_path / "work/given/key.json").write_text(text)
    made = batch.finish(Submission("ann", "ann", None, None), "key",
                        batch.Options("x", tmp_path))
    assert made.result is None and made.again and "cannot be read" in made.why


def test_base_is_another_when_its_lab_changes(tmp_path):
    for name, text in {"kernel/a.c": "a", "labs/x/tests": "1"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q", tmp_path], check=True, timeout=60)
    subprocess.run(["git", "-C", tmp_path, "add", "kernel"], check=True, timeout=60)
    first = base.state_of_tree("x", tmp_path)
    assert first == base.state_of_tree("x", tmp_path)
    (tmp_path / "labs/x/tests").write_text("2")
    assert first != base.state_of_tree("x", tmp_path) == base.state_of_tree("x", tmp_path)
