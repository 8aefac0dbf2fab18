"""make doctor with good tools, an old QEMU, and none."""

import os
import stat
import subprocess

from machine import TOP


def doctor(**env):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(["make", "-C", TOP, "--no-print-directory", "doctor"], text=True,
                          capture_output=True, timeout=120, env=dict(clean, **env), check=False)


def fake(tmp_path, name, script):
    tool = tmp_path / name
    tool.write_text("#!/bin/sh\n" + script)
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return str(tool)


def test_this_machine_is_well():
    done = doctor()
    assert done.returncode == 0, done.stdout + done.stderr


def test_old_qemu_is_named_with_its_cure(tmp_path):
    old = fake(tmp_path, "qemu-old", 'echo "QEMU emulator version 5.2.0 (Debian)"\n')
    done = doctor(QEMU=old)
    assert done.returncode != 0
    complaint = [line for line in (done.stdout + done.stderr).splitlines() if "5.2" in line]
    assert complaint and "7.2" in complaint[0], done.stdout + done.stderr


def test_missing_compiler_is_one_line_not_an_error_of_make(tmp_path):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    clean["TOOLPREFIX"] = "nowhere-"
    done = subprocess.run(["make", "-C", TOP, "qemu"], text=True, capture_output=True, timeout=60,
                          env=clean, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert "nowhere-gcc" in done.stdout + done.stderr
    assert "setup" in done.stdout + done.stderr


def test_missing_qemu_is_named():
    done = doctor(QEMU="/nowhere/qemu")
    assert done.returncode != 0
    assert "/nowhere/qemu" in done.stdout + done.stderr
