"""A course for tests: a lab, what its students hand in, and computers to grade it on."""

import contextlib
import csv
import getpass
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import zipfile

from machine import TOP, until

sys.path.insert(0, str(TOP / "tools"))
from labkit import cut                  # noqa: E402
from labkit.lab import Lab              # noqa: E402

FORK, MISTAKE = "kernel/vm/pmap_fork.c", "kernel/trap/mistake.c"

# The stub of a lab that is small enough to be graded often.
STUBS = f"""// in {FORK}

/* Gives the child what the parent has in one leaf table: frames are shared until one writes. */
static int fork_leaves(const struct fork *f, pte_t *from, const pte_t *to, uint64 va, uint64 n)
{{
    int r = 0;

    for (uint64 i = 0; r == 0 && i < n; i++)
        if (from[i])
            r = copy_leaf(f, from[i], &to[i], va + i * PGSIZE);
    return r;
}}

// also {MISTAKE}
"""


def write_folder(path, files):
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def tree_with(top, name, files):
    """This tree, as it is now, with one lab more."""
    subprocess.run(["git", "clone", "-q", "--shared", TOP, top], check=True, timeout=60)
    for path in cut.tracked(TOP):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / path, top / path, follow_symlinks=False)
    write_folder(top / "labs" / name, files)
    subprocess.run(["git", "-C", top, "add", "-A"], check=True, timeout=60)


# ---- what students hand in -----------------------------------------------------------------------

def in_fork(text, code):
    """The kernel source with `code` at the start of fork_leaves()."""
    headers = "".join(f'#include "kernel/lib/{name}.h"\n' for name in ("csr", "panic", "printf"))
    return headers + re.sub(r"(?<=\n)(static int fork_leaves\(.*?\n\{\n    int r = 0;\n)",
                            lambda m: m[0] + code, text, count=1, flags=re.S)


def solutions(top, name, scratch):
    """kind -> the files of a submission."""
    cut.cut(name, scratch / "handout", top)
    files = Lab(name, top).hand_in()
    right, untouched = ({file: (tree / file).read_text() for file in files}
                        for tree in (top, scratch / "handout"))
    fork = right[FORK]
    lie = "".join(f'    printf("test fault_cow: {what}\\n");\n' for what in ("started", "OK"))
    texts = {
        "commented": fork + "/* Mine. */\n",
        "lost": fork.replace("            frame_get(frame);\n", "", 1),
        "asleep": in_fork(fork, "    irq_off();\n    for (;;)\n        wait_for_interrupt();\n"),
        "panic": in_fork(fork, '    panic("no way");\n'),
        "cheat": in_fork(fork, lie),
        "syntax": fork.replace("int r = 0;", "int r = ;", 1)}
    assert len({fork, *texts.values()}) == len(texts) + 1
    found = {kind: {**right, FORK: text} for kind, text in texts.items()}
    others = {file: text for file, text in right.items() if file != FORK}
    return found | {"right": right, "untouched": untouched, "missing": {FORK: fork},
                    "link": others, "empty": {}}


def hand_in(path, kind, made, scratch):
    """One submission, as its kind is handed in."""
    if kind == "zipped":
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in made["right"].items():
                archive.writestr(name, text)
    elif kind in ("nested", "platform"):
        tree = write_folder(scratch / kind, made["right"])
        if kind == "platform":
            path.mkdir()
            path = path / "handin.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tree, "some/faultline")
    elif kind in ("broken", "foreign"):
        path.write_bytes(b"PK\x03\x04 and no more")
    elif kind == "elsewhere":
        path.symlink_to("/etc")
    else:
        write_folder(path, made[kind])
        if kind == "link":
            (path / FORK).parent.mkdir(parents=True, exist_ok=True)
            (path / FORK).symlink_to(TOP / FORK)


# ---- where it is graded --------------------------------------------------------------------------

def answer(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Host:
    """An SSH server on this computer, with a home of its own."""

    def __init__(self, folder, number):
        self.home = folder / f"host{number}"
        self.home.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        config = folder / f"sshd{number}"
        config.write_text(f"""ListenAddress 127.0.0.1:{self.port}
HostKey {folder}/key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
ForceCommand cd {self.home} && HOME={self.home} exec sh -c "$SSH_ORIGINAL_COMMAND"
""")
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen([sshd(), "-D", "-f", config, "-E", folder / "log"])
        until(lambda: answer(self.port), "sshd answers")
        self.login = (f"ssh -F none -p {self.port} -i {folder}/key -o IdentitiesOnly=yes "
                      f"-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                      f"-o LogLevel=ERROR {getpass.getuser()}@127.0.0.1")

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def sshd():
    """Servers want the whole path of theirs."""
    return shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def hosts(folder, count):
    """SSH servers that let the key in `folder` in; none if this computer has no sshd."""
    if not sshd():
        return []
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"],
                   check=True, timeout=60)
    return [Host(folder, number) for number in range(1, count + 1)]


class Course:
    """A lab of the tree `top`; in `folder`, whatever is handed in, and grades."""

    def __init__(self, top, lab, folder, options=()):
        self.top, self.lab, self.folder, self.options = top, lab, folder, options
        self.out, self.submissions = folder / "out", folder / "in"
        self.submissions.mkdir()
        (folder / "made").mkdir()
        self.made = solutions(top, lab, folder / "made")

    def hand_in(self, students):
        """Of each kind what students with these names hand in."""
        for kind, names in students.items():
            for name in names:
                hand_in(self.submissions / name, kind, self.made, self.folder / "made")

    def command(self):
        return ["/usr/bin/python3", self.top / "tools/grade-batch", self.submissions, "--lab",
                self.lab, "--out", self.out, "--jobs", "1", *self.options]

    def start(self):
        """In a group of its own, as a shell would; who tests in the background ignores SIGINT."""
        return subprocess.Popen(self.command(), start_new_session=True, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def run(self):
        return subprocess.run(self.command(), capture_output=True, text=True, timeout=1800,
                              check=False)

    def given(self):
        """Results that are there -> when they were written."""
        return {path.name: path.stat().st_mtime_ns for path in self.out.glob("work/given/*.json")}

    def workers(self):
        """Processes that grade for this course, wherever."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if ((entry / "cmdline").read_bytes().split(b"\0")[1:2] == [b"worker.py"]
                        and (entry / "cwd").resolve().is_relative_to(self.folder)):
                    found.append(int(entry.name))
        return found

    def table(self):
        with open(self.out / "summary.csv", newline="", encoding="utf-8") as file:
            return {row["name"]: row for row in csv.DictReader(file)}
