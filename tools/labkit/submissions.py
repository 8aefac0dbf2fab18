"""What students handed in: finding it, naming it, and packing it for a grading machine.

A submission is a folder or an archive; all of them stand in one folder, or in an archive of that.
Names come from outside.  They are shown, never used: files are called by a cleaned name, and what
goes to a grading machine by the hash of its contents.
"""

import csv
import hashlib
import io
import os
import pathlib
import re
import shutil
import stat
import tarfile
import zipfile
from typing import NamedTuple

from labkit.intake import FILE_SIZE

ARCHIVE = re.compile(r"(.+)(\.zip|\.tar|\.tar\.gz|\.tgz|\.tar\.xz|\.tar\.bz2)$", re.I)
NOT_HANDED_IN = re.compile(r"\.|__MACOSX$|.*\.(csv|yml|yaml)$", re.I)  # lists that come along
PRODUCTS = {".git", "build", "__pycache__"}
LARGEST = 256 << 20 # bytes of one submission
MOST = 64 << 30     # bytes of an archive of all of them


class BatchError(Exception):
    """Something that the instructor has to mend; the text says what."""


class Refused(Exception):
    """A submission that cannot even be sent to a grading machine; the text says why."""


class Submission(NamedTuple):
    name: str               # as it is shown
    folder: str             # the same, fit for the name of a file, and unlike all others
    path: pathlib.Path | None   # None if nothing was handed in
    seed: int | None


def clean(name):
    return re.sub(r"[^\w@+.-]", "_", name).strip(".-")[:80] or "unnamed"


def readable(name):
    """A name of a file as text; what is not UTF-8 in it becomes a mark."""
    return os.fsencode(name).decode("utf-8", "replace")


# ---- an archive of all submissions ---------------------------------------------------------------

def inside(name):
    """The parts of a path in an archive; [] if it leads out of it."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    return [] if ".." in parts or re.match(r"[/\\]|\w:", name) or "\0" in name else parts


def members_of_zip(archive):
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not info.is_dir() and kind in (0, stat.S_IFREG):
            yield info.filename, info.file_size, lambda info=info: archive.open(info)


def members_of_tar(archive):
    for info in archive:
        if info.isfile():
            yield info.name, info.size, lambda info=info: archive.extractfile(info)


def unpack(path, to):
    """Regular files only: nothing in an archive may be written anywhere else."""
    opener, members = ((zipfile.ZipFile, members_of_zip) if zipfile.is_zipfile(path) else
                       (tarfile.open, members_of_tar))
    total = 0
    with opener(path) as archive:
        for name, size, member in members(archive):
            total += size
            if total > MOST:
                raise BatchError(f"{path}: more than {MOST >> 30} GiB of files")
            target = to.joinpath(*inside(name))
            if inside(name) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                with member() as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)


def folder_of(where, scratch):
    """The folder that submissions stand in: `where` itself, or what it holds as an archive."""
    where = pathlib.Path(where)
    if where.is_dir():
        return where
    if not where.is_file():
        raise BatchError(f"{where}: no such folder or archive")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        unpack(where, scratch)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError,
            NotImplementedError) as error:
        raise BatchError(f"{where}: cannot be unpacked: {error}") from error
    entries = [path for path in scratch.iterdir() if not NOT_HANDED_IN.match(path.name)]
    wrapped = len(entries) == 1 and entries[0].is_dir() and not (entries[0] / "kernel").is_dir()
    return entries[0] if wrapped else scratch


# ---- who handed in what --------------------------------------------------------------------------

def read_roster(path):
    """NAME -> seed of a CSV file whose first line is `name,seed`; {} without one."""
    if path is None:
        return {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return {row["name"].strip(): int(row["seed"] or 0) or None
                    for row in csv.DictReader(file) if row["name"].strip()}
    except (OSError, UnicodeDecodeError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise BatchError(f"{path}: no table with columns name and seed: {error!r}") from error


def content_of(path):
    """The archive in a folder that holds nothing else, as learning platforms hand them out."""
    if path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK | os.X_OK):
        entries = [p for p in path.iterdir() if not NOT_HANDED_IN.match(p.name)]
        if len(entries) == 1 and ARCHIVE.match(entries[0].name) and entries[0].is_file():
            return entries[0]
    return path


def find(folder, roster, seed=None):
    """All submissions, and those of the roster that are missing, in the order of their names."""
    handed_in = {}
    for path in sorted(folder.iterdir()):
        if not NOT_HANDED_IN.match(path.name):
            match = None if path.is_dir() else ARCHIVE.match(path.name)
            name = readable(match[1] if match else path.name)
            while name in handed_in:
                name += " again"
            handed_in[name] = content_of(path)
    found, folders = [], set()
    for name in sorted({*handed_in, *roster}):
        unique, number = clean(name), 2
        while unique.casefold() in folders:
            unique, number = f"{clean(name)}-{number}", number + 1
        folders.add(unique.casefold())
        found.append(Submission(name, unique, handed_in.get(name), roster.get(name) or seed))
    if not found:
        raise BatchError(f"{folder}: no submissions")
    return found


# ---- packing one ---------------------------------------------------------------------------------

def files_below(folder):
    """Files and links of a folder, without products; folders that are links are not entered."""
    for top, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(top, name))]
        folders[:] = sorted(set(folders) - set(links) - PRODUCTS)
        yield from (pathlib.Path(top, name) for name in sorted(files + links))


def add(archive, path, name):
    """A file with as much of it as tells that it is too large; of all else what it is."""
    info = archive.gettarinfo(path, name)
    if info is None:    # a socket
        return
    if info.islnk():
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", path.stat().st_size
    info.mtime = info.uid = info.gid = 0
    info.uname, info.gname, info.mode = "", "", 0o644
    if not info.isreg():
        archive.addfile(info)
        return
    with path.open("rb") as file:
        contents = file.read(min(info.size, FILE_SIZE + 1))
    info.size = len(contents)
    archive.addfile(info, io.BytesIO(contents))


def tar_of(folder):
    """The same bytes whenever the files are the same."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in files_below(folder):
            add(archive, path, readable(path.relative_to(folder)))
            if packed.tell() > LARGEST:
                raise Refused(f"more than {LARGEST >> 20} MiB of files")
    return packed.getvalue()


def pack(path):
    """(suffix, contents) of the archive that stands for a submission on a grading machine."""
    try:
        kind = os.lstat(path).st_mode
        if stat.S_ISDIR(kind):
            return ".tar", tar_of(path)
        if not stat.S_ISREG(kind):
            raise Refused("a link or device, where a folder or an archive should be")
        match = ARCHIVE.match(path.name)
        if not match:
            raise Refused("neither a folder nor a .zip or .tar archive")
        if os.lstat(path).st_size > LARGEST:
            raise Refused(f"an archive of more than {LARGEST >> 20} MiB")
        return match[2].lower(), path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from error


def key_of(*parts):
    """A name for work that is the same if all parts are."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:24]
