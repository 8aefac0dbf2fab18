"""make gdb, debug, qemu-record and qemu-replay; stepping a DEBUG kernel; the editor's files."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pexpect
import pytest

from machine import TOP, copy_image, products
from session import TIMEOUT, Session, free_port


def make(*words):
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "--no-print-directory", *words], cwd=TOP, env=env,
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def command_of(target, *variables):
    """The last command that a target would run."""
    status, text = make("-n", "V=1", target, "DEBUG=1", *variables)
    assert status == 0, text
    return text.replace("\\\n", "").strip().splitlines()[-1]


def test_the_targets_agree_on_a_port_of_one_s_own():
    port = make("print-gdbport")[1].strip()
    assert 25000 <= int(port) < 30000
    assert command_of("qemu-gdb").endswith(f"-S -gdb tcp::{port}")
    assert re.search(rf"-S -gdb tcp::{port}$", command_of("qemu-replay"))
    assert re.search(r"-nx .*-x .gdbinit$", command_of("gdb"))


def test_each_tree_has_a_port_of_its_own(tmp_path):
    """By whichever path one came to it."""
    def port(folder):
        return subprocess.run(["make", "-s", "-f", TOP / "Makefile", "print-gdbport"], cwd=folder,
                              capture_output=True, text=True, timeout=60, check=True).stdout
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    (tmp_path / "link").symlink_to(folders[0])
    assert port(tmp_path / "link") == port(folders[0])
    assert len({port(folder) for folder in folders}) > 1


def test_a_page_fault_can_be_stepped_line_by_line():
    """From page_fault() to the entry that changes: every step is in a function of the road."""
    with Session() as session:
        session.do("user walk")
        session.do("break-fault prog=walk va=&shared_page kind=cow")
        session.go("walk cow")
        session.do("delete")
        seen = []
        for _ in range(120):
            session.do("step")
            name = session.do("python print(gdb.newest_frame().name())").strip()
            assert name != "None"
            if not seen or seen[-1] != name:
                seen.append(name)
            if name == "record":
                break
            if name not in ("resolve", "find", "fetch", "own", "map", "stuck", "fill", "needs_own"):
                session.do("finish")
        road = [name for name in seen if name in ("fetch", "own", "map", "record")]
        assert [n for i, n in enumerate(road) if n not in road[:i]] == \
            ["fetch", "own", "map", "record"], seen


def record(folder, port):
    """The commands of qemu-record and qemu-replay on files of their own."""
    both = []
    for target in ("qemu-record", "qemu-replay"):
        line = command_of(target, "MEM=64M").replace("build/debug/replay", f"{folder}/replay")
        both.append(re.sub(r"-S -gdb tcp::\d+", f"-S -gdb tcp:127.0.0.1:{port}", line))
    copy_image(products(debug=True) / "fs.img", f"{folder}/replay.img")
    return both


def replayed(command, session):
    """What gdb sees of the first COW of the recorded program."""
    guest = pexpect.spawn("/bin/sh", ["-c", f"exec {command}"], cwd=TOP, timeout=TIMEOUT)
    try:
        session.attach()
        session.do("user walk")
        session.do("break-fault prog=walk va=&shared_page kind=cow")
        said = session.do("continue") + session.do("fault") + session.do("info registers")
        session.gdb.close(force=True)
    finally:
        guest.close(force=True)
    return said


def test_a_recorded_run_is_the_same_again(tmp_path):
    session = Session()
    session.port = free_port()
    recording, replaying = record(tmp_path, session.port)
    guest = pexpect.spawn("/bin/sh", ["-c", f"exec {recording}"], cwd=TOP, timeout=TIMEOUT)
    try:
        guest.expect(r"\$ $")
        guest.send("walk cow\n")
        guest.expect(r"\n\$ $")
        guest.send("halt\n")
        guest.expect(pexpect.EOF)
    finally:
        guest.close(force=True)
    try:
        first = replayed(replaying, session)
        assert "a fault of kind COW" in first and "stval" in first, first
        assert replayed(replaying, session) == first
    finally:
        session.close()


def test_make_debug_shows_both_in_tmux(tmp_path):
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    (tmp_path / "make").write_text('#!/bin/sh\necho "[$@]"\nsleep 100\n', encoding="utf-8")
    (tmp_path / "make").chmod(0o755)
    env = {k: v for k, v in os.environ.items() if k != "TMUX"} | {"TMUX_TMPDIR": str(tmp_path)}

    def tmux(*words):
        return subprocess.run(["tmux", "-L", "test", *words], env=env, capture_output=True,
                              text=True, check=False, timeout=60).stdout

    try:
        subprocess.run([TOP / "tools" / "debug", "-d", "-L", "test", tmp_path / "make",
                        "CPUS=2", "APPEND=a b"], env=env, check=True, timeout=60)
        deadline, shown = time.monotonic() + 60, ""
        while time.monotonic() < deadline and not ("qemu-gdb]" in shown and " gdb]" in shown):
            panes = tmux("list-panes", "-a", "-F", "#{pane_id}").split()
            shown = "\n".join(tmux("capture-pane", "-p", "-t", pane) for pane in panes)
        assert "[CPUS=2 APPEND=a b --no-print-directory qemu-gdb]" in shown, shown
        assert "[--no-print-directory gdb]" in shown, shown
    finally:
        tmux("kill-server")


def test_the_editor_s_files_name_what_exists():
    tasks = json.loads((TOP / ".vscode" / "tasks.json").read_text(encoding="utf-8"))["tasks"]
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    for task in tasks:
        targets = [w for w in task["command"].split()[1:] if "=" not in w]
        for target in targets:
            assert re.search(rf"^{target}:", makefile, re.M), task
    launch = json.loads((TOP / ".vscode" / "launch.json").read_text(encoding="utf-8"))
    for start in launch["configurations"]:
        assert start["preLaunchTask"] in [task["label"] for task in tasks]
        program = pathlib.Path(start["program"].replace("${workspaceFolder}", str(TOP)))
        assert program.exists()
        assert "-x ${workspaceFolder}/.gdbinit" in start["miDebuggerArgs"]
    entries = json.loads((TOP / "compile_commands.json").read_text(encoding="utf-8"))
    assert any(entry["file"] == "kernel/vm/fault.c" for entry in entries)
