"""vmstat, time and faults: what page faults cost, and which there were; trace: system calls."""

import re

from machine import CTRL_C, Machine

KINDS = ["BAD", "PROT", "EOF", "STACK", "ZERO", "LAZY", "FILE", "FILE+COW", "COW", "REUSE", "DIRTY",
         "SPURIOUS"]
COSTS = ["forks", "shared", "copied", "zeroed", "tables", "around", "reads"]
EVENT = re.compile(r"^ *(\d+\.\d{6}) +(\d+) +(\d+) ([A-Z+]+) +([rwx]) (0x[0-9a-f]{10}) "
                   r"(0x[0-9a-f]{8}) +"
                   r"(empty|[rwxuad-]{6}) -> +(empty|[rwxuad-]{6}) +(\d+) +(\d+)(.*)$")
LOST = re.compile(r"^ *\d+\.\d{6} +\d+ +- LOST (\d+) events$")


def counters(m, command="vmstat"):
    return {name: int(n) for name, n in re.findall(r"^([\w+]+) +(\d+) ", m.run(command), re.M)}


def events(text):
    """The lines of `faults`, checked one by one."""
    lines = text.splitlines()
    assert lines[0].split()[:4] == ["time", "hart", "pid", "kind"]
    for line in lines[1:]:
        assert EVENT.match(line) or LOST.match(line), line
    return [EVENT.match(line) for line in lines[1:] if EVENT.match(line)]


def test_vmstat_counts_upwards(shell):
    first = counters(shell)
    assert list(first) == KINDS + COSTS + ["free", "committed"]
    shell.run("echo something")
    second = counters(shell)
    assert all(second[name] >= first[name] for name in KINDS + COSTS)
    assert second["LAZY"] > first["LAZY"] and second["tables"] > first["tables"]


def test_vmstat_of_a_process(shell):
    machine, init = counters(shell), counters(shell, "vmstat -p 1")
    assert 1 <= init["forks"] <= machine["forks"]
    pid = int(re.search(r"^ *(\d+) +1 .* sh$", shell.run("ps"), re.M)[1])
    before = counters(shell, f"vmstat -p {pid}")
    shell.run("(echo a child of the shell)")
    after = counters(shell, f"vmstat -p {pid}")
    # Whether the shell or its child writes first decides who copies.
    assert after["forks"] == before["forks"] + 1
    assert after["COW"] + after["REUSE"] > before["COW"] + before["REUSE"]


def test_vmstat_repeats_differences(shell):
    shell.line("vmstat 1")
    lines = shell.expect(r"committed\r\n(?:[ \d]+\r\n){3}")
    lines = shell.child.after.splitlines()[1:4]
    shell.send(CTRL_C)
    shell.expect(r"\$ $")
    total, *differences = [[int(n) for n in line.split()] for line in lines]
    assert len(total) == len(KINDS + COSTS) + 2
    assert total[KINDS.index("LAZY")] > 10
    assert all(line[KINDS.index("LAZY")] <= 3 for line in differences)  # nothing else runs


def test_time_tells_faults_of_the_whole_family(shell):
    status, out = shell.status("time sh -c 'usertests faults_are_counted; exit 7'")
    assert status == 7
    assert "faults_are_counted: OK" in out
    told = re.search(r"^\d+\.\d{3} seconds, (\d+) faults:((?: [A-Z+]+ \d+)+)$", out, re.M)
    kinds = dict(zip(told[2].split()[::2], map(int, told[2].split()[1::2])))
    assert sum(kinds.values()) == int(told[1])
    assert kinds["LAZY"] >= 20 and kinds["ZERO"] >= 20 and kinds["COW"] >= 20
    assert re.search(r"^\d+ forks shared \d+ frames; \d+ frames copied, \d+ zeroed, "
                     r"\d+ page tables$", out, re.M)


def test_time_passes_the_status_on(shell):
    assert shell.status("time echo x")[0] == 0
    status, out = shell.status("time nonsense")
    assert status == 127 and "time: nonsense: no such file" in out
    status, out = shell.status("time /README")
    assert status == 126 and "README" in out


def test_trace_tells_the_calls_asked_for(shell):
    status, out = shell.status("trace exec,mmap time mapcat nowhere; echo $?")
    calls = re.findall(r"^\d+: syscall (\w+) -> (-?\d+)$", out, re.M)
    assert status == 0 and calls == [("exec", "3"), ("exec", "2")]
    assert "syscall" not in shell.run("echo quiet")


def test_trace_tells_all_calls(shell):
    out = shell.run("trace all usertests call_unknown")
    assert {"trace", "exec", "fork", "mkdir", "errcode", "wait"} <= set(
        re.findall(r"syscall (\w+) ->", out))
    assert "call_unknown: OK" in out and "(null)" not in out


def test_trace_passes_the_status_on(shell):
    status, out = shell.status("trace open nonsense")
    assert status == 127 and "trace: nonsense: no such file" in out
    status, out = shell.status("trace open,nosuch echo x")
    assert status == 2 and "no system call is called nosuch" in out


def test_wrong_arguments(shell):
    for command, words in (("time", "usage"), ("trace all", "usage"), ("trace", "usage"),
                           ("time -x", "usage"), ("vmstat -p", "usage"),
                           ("vmstat 1 2", "usage"), ("vmstat 0", "not a time"),
                           ("vmstat -p x", "not a process"), ("faults 1 2", "usage"),
                           ("faults -x", "usage"), ("faults 0", "not a process")):
        status, out = shell.status(command)
        assert status == 2 and words in out, command
    status, out = shell.status("vmstat -p 99999")
    assert status == 1 and "no such process" in out


def test_faults_of_one_process(shell):
    shell.run("usertests faults_are_counted")
    copiers = [e[3] for e in events(shell.run("faults")) if e[4] == "COW"]
    pid = max(copiers, key=copiers.count)
    mine = events(shell.run(f"faults {pid}"))
    assert all(e[3] == pid for e in mine)
    times = [float(e[1]) for e in mine]
    assert times == sorted(times)
    copied = [e for e in mine if e[4] == "COW"]
    assert len(copied) >= 20 and len([e for e in mine if e[4] == "LAZY"]) >= 20
    for e in copied:
        assert e[5] == "w" and e[8] == "r--ua-" and e[9] == "rw-uad" and int(e[10]) > 0
        assert e[11] == "1" and e[12] == ""


def test_all_faults_come_in_the_order_of_time(shell):
    """Of both harts; and a refused one says so."""
    shell.run("usertests faults_refused_are_counted")
    found = events(shell.run("faults"))
    times = [float(e[1]) for e in found]
    assert len(found) > 100 and times == sorted(times)
    refused = {e[4]: e for e in found if e[12] == " refused"}
    assert refused["BAD"][8] == "empty" and refused["BAD"][9] == "empty"
    assert refused["PROT"][8] == refused["PROT"][9] == "r-xua-"


def test_faults_follows_until_interrupted(shell):
    before = float(events(shell.run("faults"))[-1][1])
    shell.run("sh -c 'sleep 20; wc README > /dev/null' &")
    shell.line("faults -f")
    latest = before
    while latest < before + 1.5:  # what came while it waited
        shell.expect(r"\r\n *(\d+\.\d{6}) +\d+ +\d+ [A-Z+]+ [^\r]*")
        latest = float(shell.child.match[1])
    shell.send(CTRL_C)
    shell.expect(r"\$ $")
    assert shell.run("ps").count("faults") == 0


def test_lost_events_are_told():
    with Machine(cpus=1, mem="32M") as m:
        m.boot()
        m.run("usertests fault_events_lost", timeout=60)
        lines = m.run("faults").splitlines()
        lost = LOST.match(lines[1])
        assert lost and int(lost[1]) > 7000
        assert len(events("\n".join(lines))) > 500 - 10
        m.halt()
