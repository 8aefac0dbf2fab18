"""Attacks at init, at the console's shell and at the programs that run (tests/attack/attack.c)."""

import re
import subprocess

import pytest

from machine import (CTRL_C, CTRL_D, CTRL_P, MKFS, Machine, copied, copy_image, image_with,
                     products, until)


@pytest.fixture(scope="module")
def image():
    return image_with("attack")


@pytest.fixture
def guest(image, tmp_path):
    with copied(image, tmp_path, debug=True) as m:
        yield m
        assert re.search(r"^ *1 +0 .* init$", m.type("ps"), re.M)


def nobody_left(m):
    """Only init, three threads of the kernel, the shell and ps."""
    until(lambda: len(re.findall(r"^ *\d+ +\d+ ", m.type("ps"), re.M)) == 6, "all ended")


@pytest.mark.parametrize("name", ["signals", "orphans", "busy_orphans", "execs", "inode_table",
                                  "lost"])
def test_attack(guest, name):
    out = guest.type(f"attack {name} && echo withstood", timeout=120)
    assert "\nwithstood\n" in out, out
    nobody_left(guest)


def test_orphans_on_all_sides(guest):
    guest.type("attack orphans & attack busy_orphans & attack orphans & wait", timeout=120)
    nobody_left(guest)


def test_ctrl_c_never_kills_init(guest):
    guest.type("attack foreground")
    guest.send(CTRL_C * 20)
    guest.settle()
    guest.line("attack foreground; sleep 100000")
    guest.until_running("sleep")
    guest.send(CTRL_C)
    guest.settle()
    assert "not allowed" in guest.type("kill 1")
    assert "alive" in guest.type("echo alive | cat")


def test_a_killed_shell_is_replaced(guest):
    shell = re.search(r"^ *(\d+) +1 .* sh$", guest.type("ps"), re.M).group(1)
    guest.line(f"kill {shell}")
    guest.expect(r"init: starting sh\r\n\$ ")
    guest.line("exit 3")
    guest.expect(r"init: starting sh\r\n\$ ")
    guest.send(CTRL_D)
    guest.expect(r"init: starting sh\r\n\$ ")
    guest.line("exec 2> /dev/null < /dev/null; exit")
    guest.expect(r"init: starting sh\r\n\$ ")
    assert "alive" in guest.type("echo alive | cat")


def test_init_is_started_once(guest):
    assert "started already" in guest.type("init")


@pytest.mark.parametrize("program", ["/", "dev", "./dev/", "/dev/null", "/dev/random", "/console"])
def test_not_a_program(guest, program):
    out = guest.type(f"{program} || echo status $?")
    assert re.search(r"sh: .*(director|not a program).*\n", out) and "status" in out, out


def test_running_programs_are_not_overwritten(guest):
    guest.type("stressfs -k 300 -r 20 > log & sleep 50 &")
    out = guest.type("cat README > stressfs; cat README > sleep; cat cat > sh")
    assert out.count("program is running") == 3, out
    assert "alive" in guest.type("echo alive | cat")
    guest.type("wait", timeout=60)
    assert ", OK\n" in guest.type("cat log")
    assert "running" not in guest.type("cat README > stressfs")
    assert "not a program" in guest.type("stressfs")


def test_removed_programs_run_on(image, tmp_path):
    copy_image(image, tmp_path / "fs.img")
    with Machine(mem="32M", debug=True, image=tmp_path / "fs.img") as m:
        m.boot()
        m.type("rm sh init")
        assert "not found" in m.type("init")
        m.type("sync")
        m.line("exit")
        m.expect("cannot run /sh: .*no such file.*cannot run /sh: ")  # and again
        m.send(CTRL_P)
        m.expect(r" init\r\n")
        m.fsck()
    with Machine(mem="32M", image=tmp_path / "fs.img") as m:
        m.expect(r"faultline: cannot run /init .*\n")
        assert m.exit_code() == 1


def test_init_without_a_console(tmp_path):
    """No /dev at all: init makes the device file that it needs."""
    programs = [products() / "bin" / name for name in ("init", "sh", "rm", "ls", "halt", "mkdir")]
    with Machine(mem="32M", timeout=20) as m:
        m.boot()
        m.type("rm -rf dev console")
        m.line("halt")
        assert m.exit_code() == 0
        with Machine(mem="32M", image=m.image, timeout=20) as again:
            again.boot()
            assert "console" in again.type("ls")
            again.halt()
    subprocess.run([MKFS, "-s", "4000", tmp_path / "fs.img", *programs], check=True, timeout=60)
    with Machine(mem="32M", image=tmp_path / "fs.img", timeout=20) as m:
        m.boot()
        m.halt()
