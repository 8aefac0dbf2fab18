"""The shell and the utilities, typed at the console."""

import re

import pytest


@pytest.mark.parametrize("command,output", [
    ("echo hello world", "hello world\n"),
    ("echo 'single  $quotes' \"double  quotes\" a\\ b", "single  $quotes double  quotes a b\n"),
    ("echo one; echo two", "one\ntwo\n"),
    ("true && echo yes || echo no", "yes\n"),
    ("false && echo yes || echo no", "no\n"),
    ("echo text # comment", "text\n"),
    ("echo one two three | wc", None),
    ("(echo a; echo b) | cat", "a\nb\n"),
    ("echo to a file > out; cat < out", "to a file\n"),
    ("echo first > out; echo second >> out; cat out", "first\nsecond\n"),
    ("cat nowhere 2> err; cat err", None),
    ("echo abc | grep b | cat | cat", "abc\n"),
    ("mkdir d && cd d && echo inside > f && cat f && cd ..", "inside\n"),
    ("rm d/f d", ""),
    ("echo 'echo from a script; exit 3' > script; sh script; echo $?", "from a script\n3\n"),
    ("sh -c 'exit 7' || echo $?", "7\n"),
    ("echo linked > l1; ln l1 l2; rm l1; cat l2; rm l2", "linked\n"),
    ("ln -s out soft; cat soft; rm soft", "first\nsecond\n"),
    ("cat README | cat | wc | cat", None),
    ("cat /dev/zero 2> err | true; echo nobody else can read", "nobody else can read\n"),
    ("nonsense 2> err | cat; cat err", "sh: nonsense: command not found\n"),
    ("cat 2> err < nowhere; echo $?; cat err", "1\nsh: nowhere: no such file or directory\n"),
    ("echo kept > out 3> other; cat out; echo x | cat 3< out 2>&1 >&3 | wc", None),
    ("nonsense 2> err; echo $?; /nonsense 2> err; echo $?; /README 2> err; echo $?",
     "127\n127\n126\n"),
    ("echo gone 2> err | nonsense 2> err; echo $?", "127\n"),
    ("nonsense 2> err | echo on; echo $?", "on\n0\n"),
    ("echo a | (cat; cat 0< out) | cat > sum; cat sum", "a\nkept\n"),
    ("true | cat 2> err >&3; echo $?; cat err", "1\nsh: 3: bad file descriptor\n"),
    ("sh -c 'sh -c \"echo deep | cat\" | cat'", "deep\n"),
])
def test_command(shell, command, output):
    out = shell.run(command)
    if output is not None:
        assert out == output


@pytest.mark.parametrize("command,words", [
    ("nonsense", "nonsense"),
    ("cat nowhere", "no such file"),
    ("cd nowhere", "no such file"),
    ("cat < nowhere", "nowhere"),
    ("mkdir out", "exists"),
    ("rm nowhere", "no such file"),
    ("ln", "usage"),
    ("kill", "usage"),
    ("kill -INT", "usage"),
    ("kill -STOP 5", "usage"),
    ("kill -TERM 99999", "no such process"),
    ("kill -INT 1", "not allowed"),
    ("grep", "usage"),
    ("mkdir", "usage"),
    ("kill 99999", "no such process"),
    ("echo a |", "syntax"),
    ("echo 'open", None),
    ("| cat", "syntax"),
    ("rm /dev", "not empty"),
    ("echo x > /dev", "director"),
    ("/README", None),
])
def test_failure_is_explained(shell, command, words):
    status, out = shell.status(command)
    assert status != 0, out
    assert out.strip(), "a failure must say something"
    if words:
        assert words in out.lower()


def test_redirected_errors_do_not_reach_the_console(shell):
    assert shell.run("cat nowhere 2> err") == ""
    assert "nowhere" in shell.run("cat err")


def test_ls_shows_what_is_there(shell):
    out = shell.run("ls")
    for name in ("README", "cat", "sh", "usertests", "dev"):
        assert any(line.split()[0].rstrip("/") == name for line in out.splitlines() if line), name


def test_wc_agrees_with_what_was_written(shell):
    shell.run("echo one two > counted; echo three >> counted")
    assert shell.run("wc counted").split()[:3] == ["2", "3", "14"]


def test_a_pipeline_returns_the_last_status(shell):
    assert shell.status("false | true")[0] == 0
    assert shell.status("true | false")[0] != 0


def test_free_and_ps_describe_the_machine(shell):
    assert "init" in shell.run("ps")
    assert shell.run("free").strip()


def test_background_job_runs_on(shell):
    shell.run("(sleep 100000; echo late > late) &")
    assert "no such file" in shell.run("cat late")
    shell.until_running("sleep")
    pid = re.search(r"^ *(\d+) .* sleep$", shell.run("ps"), re.M)[1]
    shell.run(f"kill {pid}; wait")
    assert shell.run("cat late") == "late\n"


def test_a_long_line_is_not_split(shell):
    words = " ".join(f"w{n}" for n in range(25)) + " " + "y" * 250
    assert shell.run(f"echo {words}") == words + "\n"


def test_device_files(shell):
    assert shell.run("echo gone > /dev/null; cat /dev/null") == ""
    assert "echo to the console" not in shell.run("ls /dev")
    assert shell.run("echo straight > /dev/console") == "straight\n"
