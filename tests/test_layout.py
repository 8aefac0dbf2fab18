"""Where files lie on the disk, as `fsck -e` tells it after the machine has stopped."""

import re
import subprocess

from machine import FSCK, Machine

COPIES = 4


def layout(image):
    """The blocks, stretches and breaks inside a page of each inode, and the breaks in all."""
    done = subprocess.run([FSCK, "-e", image], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    files = re.findall(r"inode (\d+): (\d+) blocks in (\d+) stretches, (\d+) breaks", done.stdout)
    total = re.search(r": \d+ stretches in all, (\d+) breaks inside a page", done.stdout)
    return [tuple(map(int, f)) for f in files], int(total[1])


def test_files_that_grow_at_the_same_time():
    """Copies written side by side are few stretches each, and no page lies in two places."""
    with Machine(cpus=2, mem="64M") as m:
        m.boot()
        before = {inum for inum, *_ in layout(m.image)[0]}
        # As a pipeline they run together, and the prompt comes when all have ended.
        m.type(" | ".join(f"cat usertests > copy{n}" for n in range(COPIES)), timeout=120)
        m.halt()
        m.fsck()
        files, breaks = layout(m.image)
        copies = [f for f in files if f[0] not in before and f[1] > 100]
        assert len(copies) == COPIES, files
        assert all(stretches <= 2 + blocks // 16 for _, blocks, stretches, _ in copies), copies
        assert breaks == 0, files
