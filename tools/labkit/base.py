"""The handouts that submissions are graded on: pristine, and compiled once.

A base belongs to a lab, a seed and the state of this tree; when one of them changes it is another
base.  Submissions bring a few files each, so most of what a base has compiled is used again.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from typing import NamedTuple

from labkit.cut import cut, tracked
from labkit.lab import TOP
from labkit.submissions import BatchError, key_of
from labkit.worker import prebuild


class Base(NamedTuple):
    name: str
    folder: pathlib.Path
    seed: int | None


def state_of_tree(lab, top):
    """Of all that a handout is cut from; what the lab's folder has counts, known to git or not."""
    names = {*tracked(top), *(str(p.relative_to(top)) for p in (top / "labs" / lab).rglob("*"))}
    return key_of(*(part for name in sorted(names) if (top / name).is_file()
                    for part in (name, (top / name).read_bytes())))


def make(lab, seed, folder, top):
    """Cuts and compiles; the folder appears when all is done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".base-") as scratch:
        tree = pathlib.Path(scratch) / "handout"
        cut(lab, tree, top, seed)
        try:
            prebuild(tree)
        except subprocess.CalledProcessError as error:
            raise BatchError(f"the handout of {lab} (seed {seed}) does not build:\n"
                             f"{error.stdout[-1000:]}{error.stderr[-2000:]}") from error
        tree.rename(folder)


def bases_for(lab, seeds, cache, top=TOP):
    """seed -> Base."""
    state, bases = state_of_tree(lab, top), {}
    for seed in seeds:
        name = f"{lab}-{seed or 'plain'}-{key_of(state, lab, seed)[:12]}"
        bases[seed] = Base(name, cache / name, seed)
    missing = [base for base in bases.values() if not base.folder.exists()]
    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        list(pool.map(lambda base: make(lab, base.seed, base.folder, top), missing))
    return bases


def packed(base):
    """The archive of a base that goes to other hosts, times of files and products included."""
    archive = base.folder.with_name(base.name + ".tar.gz")
    if not archive.exists():
        with tempfile.NamedTemporaryFile(dir=archive.parent, delete=False) as file, \
                tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
            tar.add(base.folder, base.name)
        shutil.move(file.name, archive)
    return archive
