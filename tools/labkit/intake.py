"""What a student handed in: a folder, a zip or a tar, of which only the files of the lab are used.

Nothing is ever unpacked to the disk: files are read into memory, under limits, and the names that
the lab asks for are written over a copy of the handout.  So no name, link or device in an archive
can reach anything.
"""

import gzip
import io
import os
import pathlib
import re
import stat
import tarfile
import zipfile

FILE_SIZE = 1 << 20     # bytes of a file of source text
ALL_SIZE = 64 << 20     # bytes of all files that are kept
UNPACKED = 1 << 30      # bytes that an archive may hold, with disk images that nobody wants
COUNT = 20000           # files
NOTES = 20
SKIPPED = re.compile(r"(^|/)(build|\.git|__MACOSX|__pycache__|\.DS_Store|\.gdbinit"
                     r"|compile_commands\.json)(/|$)")


class IntakeError(Exception):
    """The submission cannot be graded; the text tells the student why."""


class Submission:
    """The files of a submission, by name, and what was refused of it."""

    def __init__(self):
        self.files, self.notes = {}, []
        self.size = self.count = 0

    def wants(self, name, size):
        """Whether a file is to be read."""
        self.count += 1
        if self.count > COUNT:
            raise IntakeError(f"the submission has more than {COUNT} files")
        if SKIPPED.search(name):
            return False
        if name.startswith("/") or ".." in name.split("/"):
            return self.refuse(name, "it names a place outside of the submission")
        if size > FILE_SIZE:
            return self.refuse(name, f"it is larger than {FILE_SIZE >> 20} MiB")
        return True

    def refuse(self, name, why):
        self.notes.append(f"refused {printable(name)}: {why}")
        return False

    def keep(self, name, data):
        if len(data) > FILE_SIZE:
            self.refuse(name, f"it is larger than {FILE_SIZE >> 20} MiB")
            return
        self.size += len(data)
        if self.size > ALL_SIZE:
            raise IntakeError(f"the submission is larger than {ALL_SIZE >> 20} MiB")
        self.files[os.path.normpath(name)] = data


def printable(name):
    return re.sub(r"[^ -~]", "?", name)[:120]


def read(path):
    """The submission at `path`: a folder, .zip, .tar or .tar.gz."""
    path, found = pathlib.Path(path), Submission()
    try:
        if path.is_dir():
            read_folder(path, found)
        elif zipfile.is_zipfile(path):
            read_zip(path, found)
        elif path.is_file():
            read_tar(path, found)
        else:
            raise IntakeError("there is no such file or folder")
    except (OSError, EOFError, ValueError, RuntimeError, tarfile.TarError, zipfile.BadZipFile,
            NotImplementedError) as error:
        raise IntakeError(f"it cannot be read as a folder, zip, tar or tar.gz: {error}") from error
    return found


def kind_of(mode):
    return next((what for test, what in ((stat.S_ISLNK, "a symbolic link"),
                                         (stat.S_ISREG, "a file")) if test(mode)),
                "neither a file nor a folder")


def read_folder(path, found):
    for at, folders, files in os.walk(path):
        folders.sort()
        links = [f for f in folders if os.path.islink(os.path.join(at, f))]
        folders[:] = [f for f in folders if not SKIPPED.search(f)]
        for file in sorted(files + links):
            full = os.path.join(at, file)
            name, status = os.path.relpath(full, path), os.lstat(full)
            if not stat.S_ISREG(status.st_mode):
                found.refuse(name, f"it is {kind_of(status.st_mode)}")
            elif found.wants(name, status.st_size):
                handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                with open(handle, "rb") as stream:
                    found.keep(name, stream.read(FILE_SIZE + 1))


def read_zip(path, found):
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            name = info.filename.replace("\\", "/")   # as some programs for Windows write it
            if name.endswith("/") or not found.wants(name, info.file_size):
                continue
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                found.refuse(name, f"it is {kind_of(mode)}")
                continue
            with archive.open(info) as stream:
                found.keep(name, stream.read(FILE_SIZE + 1))


class Bounded(io.RawIOBase):
    """The stream below a tar file: no read of it is large, and it has an end."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.stream.tell()

    def within(self, size):
        if size > UNPACKED:
            raise IntakeError(f"unpacked it is larger than {UNPACKED >> 20} MiB")

    def seek(self, offset, whence=io.SEEK_SET):
        if whence == io.SEEK_SET:
            self.within(offset)
        return self.stream.seek(offset, whence)

    def read(self, size=-1):
        if not 0 <= size <= FILE_SIZE + 1:
            raise IntakeError("an entry of the tar file is too large")
        self.within(self.tell() + size)
        return self.stream.read(size)


def read_tar(path, found):
    with open(path, "rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        stream = gzip.GzipFile(fileobj=plain) if packed else plain
        with tarfile.open(fileobj=Bounded(stream), mode="r:") as archive:
            for member in archive:
                read_member(archive, member, found)


def read_member(archive, member, found):
    if member.isdir() or not found.wants(member.name, member.size):
        return
    if not member.isreg() or member.issparse():
        what = ("a symbolic link" if member.issym() else "a hard link" if member.islnk()
                else "neither a file nor a folder")
        found.refuse(member.name, f"it is {what}")
        return
    with archive.extractfile(member) as stream:
        found.keep(member.name, stream.read(member.size))


# ---- from the submission to the tree that is built ----------------------------------------------

def root_of(files, wanted):
    """The folder of a submission that has most of the files wanted; the outermost of them."""
    roots = {""}
    for name in files:
        parts = name.split("/")
        roots |= {"/".join(parts[:depth]) + "/" for depth in range(1, min(len(parts), 4))}
    return max(sorted(roots), key=lambda r: (sum(r + w in files for w in wanted), -r.count("/")))


def select(submission, wanted, base):
    """The files wanted that differ from the handout `base`, and notes about all others."""
    root = root_of(submission.files, wanted)
    files = {name[len(root):]: data for name, data in submission.files.items()
             if name.startswith(root)}
    missing = [name for name in wanted if name not in files]
    if missing:
        refused = "".join(f"\n{note}" for note in submission.notes[:NOTES])
        raise IntakeError(f"missing: {', '.join(missing)}{refused}")
    outside = [name for name in wanted if reaches_outside(files[name].decode("utf-8", "replace"))]
    if outside:
        raise IntakeError(f"{outside[0]} includes what is outside of the tree")
    changed = {name: files[name] for name in wanted if (base / name).read_bytes() != files[name]}
    notes = submission.notes + [
        f"ignored {printable(name)}: {difference}"
        for name in sorted(set(files) - set(wanted))
        if (difference := difference_of(base / name, files[name]))]
    if not changed:
        notes.append("all files are as in the handout")
    more = [f"and {len(notes) - NOTES} more notes"] if len(notes) > NOTES else []
    return changed, notes[:NOTES] + more


def place(files, tree):
    """Writes files over a copy of the handout; the others stay as old as their products."""
    for name, data in files.items():
        (tree / name).unlink()
        (tree / name).write_bytes(data)


# What a compiler reads as one thing; a quote without its other half goes to the end of the line.
TOKEN = re.compile(r"""(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*)|(?P<raw>\b(?:u8?|[UL])?R")
                       |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?""", re.S | re.X)
INCLUDED = re.compile(r"(?:#|%:)\s*(?:include(?:_next)?|import|embed)\b\s*(\S*)")
INSIDE = re.compile(r'"(?!/)[\w/.-]+"|<(?!/)[\w/.-]+>')
NUMERIC = re.compile(r"\\x([0-9a-fA-F]+)|\\([0-7]{1,3})")


def reaches_outside(text):
    """Whether a C text has the compiler or assembler read other files than those of the tree.

    Else it could read a solution that lies around, or quote a file in the compiler's messages.
    """
    spliced = re.sub(r"\\[ \t\r\f\v]*\n", "", text)
    if any(token["raw"] for token in TOKEN.finditer(spliced)):
        return True     # nobody needs such strings, and much can be hidden in them
    code = TOKEN.sub(lambda token: " " if token["comment"] else token[0], spliced)
    typed = NUMERIC.sub(lambda m: chr(int(m[1] or "0", 16) % 256 or int(m[2] or "0", 8)), code)
    return (re.search(r"\.\s*inc(?:bin|lude)\b", re.sub(r'"\s*"', "", typed)) is not None
            or any(not INSIDE.fullmatch(name) or ".." in name for name in INCLUDED.findall(code)))


def difference_of(path, data):
    try:
        return None if path.read_bytes() == data else "it is changed, but no file of the lab"
    except OSError:
        return "the handout has none"


def pack(top, wanted, out):
    """Writes the files of the lab to a .tar.gz; the same bytes for the same files."""
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w") as archive:
        for name in wanted:
            data = (pathlib.Path(top) / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
