"""mkfs: what goes in comes out; bad input gives a message, status 1 and no image."""

import os
import pathlib
import resource
import shutil
import stat
import subprocess
import tempfile

import pytest

import fsimage
from fsimage import BSIZE, FsImage
from machine import FSCK, MKFS, TOP

SMALL = ("-s", "1000", "-l", "60", "-i", "64")
NOBODY = 65534


@pytest.fixture(scope="module", autouse=True)
def tools():
    if not (MKFS.exists() and FSCK.exists()):
        subprocess.run(["make", "-C", TOP, "build/mkfs", "build/fsck"], check=True,
                       capture_output=True, timeout=300)


def mkfs(*args, **how):
    return subprocess.run([MKFS, *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False, **how)


def make(image, *args):
    done = mkfs(*SMALL, image, *args)
    assert done.returncode == 0, done.stderr
    assert not done.stdout and not done.stderr
    return image


def refused(done, folder, *words):
    """The run failed, said why in one line, and left nothing in the folder of the image."""
    assert done.returncode == 1, done
    assert done.stderr.startswith("mkfs: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert str(word) in done.stderr
    assert not os.listdir(folder), os.listdir(folder)


def fsck_clean(image):
    done = subprocess.run([FSCK, image], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == f"{image}: clean\n"


@pytest.fixture
def files(tmp_path):
    """A folder with host files; images go to another one, `out` beside it."""
    (tmp_path / "out").mkdir()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "hello").write_bytes(b"hello, disk\n")
    (folder / "empty").write_bytes(b"")
    (folder / "exactly14bytes").write_bytes(b"14")
    (folder / "fifteen-letters").write_bytes(b"15")
    return folder


@pytest.fixture
def out(tmp_path, files):
    return tmp_path / "out"


# ---- what a good image holds -----------------------------------------------------------------

def test_default_size(out):
    assert mkfs(out / "img").returncode == 0
    with FsImage(out / "img") as fs:
        assert fs.super.nblocks * BSIZE == (out / "img").stat().st_size
        assert [fs.journal_half(half) for half in (0, 1)] == [(0, {}), (1, {})]
        assert fs.super.nblocks == 200000 and fs.super.njournal == 2048
    fsck_clean(out / "img")


def test_options_set_the_layout(out):
    with FsImage(make(out / "img")) as fs:
        s = fs.super
        assert (s.nblocks, s.njournal, s.ninodes) == (1000, 60, 64)
        assert (s.journal, s.inodes, s.bitmap, s.data) == (2, 62, 66, 67)


def test_devices_and_links(out):
    with FsImage(make(out / "img")) as fs:
        assert fs.listdir("/") == ["console", "dev"]
        assert fs.listdir("/dev") == ["console", "faults", "null", "random", "zero"]
        majors = {name: fs.stat("/dev/" + name).major for name in fs.listdir("/dev")}
        assert majors == {"console": 1, "null": 2, "zero": 3, "random": 4, "faults": 5}
        assert fs.stat("/console") == fs.stat("/dev/console")
        assert fs.stat("/console").nlink == 2
        assert fs.stat("/").nlink == 3 and fs.stat("/dev").nlink == 2
        assert fs.entries(fs.stat("/dev"))[".."] == fsimage.ROOTINO
    fsck_clean(out / "img")


@pytest.mark.parametrize("blocks", [0, 1, 11, 12, 11 + 256, 11 + 256 + 1, 11 + 256 + 257, 3000])
@pytest.mark.parametrize("tail", [0, 1, -1])
def test_content_comes_back_in_one_run(files, out, blocks, tail):
    size = max(0, blocks * BSIZE + tail)
    content = bytes((i * 7 + i // 251) % 255 + 1 for i in range(min(size, 5000)))
    content = (content * (size // 5000 + 1))[:size]
    (files / "f").write_bytes(content)
    assert mkfs("-s", 5000, "-l", 60, "-i", 64, out / "img", files / "f").returncode == 0
    with FsImage(out / "img") as fs:
        assert fs.read("/f") == content
        where = fs.blocks(fs.stat("/f"))
        assert where == list(range(where[0], where[0] + len(where))) if where else size == 0
    fsck_clean(out / "img")


def test_largest_file(files, out):
    with open(files / "max", "wb") as file:
        file.seek(fsimage.MAXFILE * BSIZE - 3)
        file.write(b"end")
    assert mkfs("-s", 70000, "-l", 60, out / "img", files / "max").returncode == 0
    with FsImage(out / "img") as fs:
        assert fs.stat("/max").size == fsimage.MAXFILE * BSIZE
        assert fs.block(fs.blocks(fs.stat("/max"))[-1]).endswith(b"end")
    fsck_clean(out / "img")


def test_names(files, out):
    (files / "p=q").write_bytes(b"equals")
    make(out / "img", files / "hello", f"/greet={files}/hello", f"a/b/c={files}/empty",
         f"a/b/d={files}/hello", files / "exactly14bytes", f"pq={files}/p=q")
    with FsImage(out / "img") as fs:
        assert fs.read("/hello") == fs.read("/greet") == fs.read("/a/b/d") == b"hello, disk\n"
        assert fs.read("/a/b/c") == b"" and fs.read("/exactly14bytes") == b"14"
        assert fs.read("/pq") == b"equals"
        assert fs.stat("/a").nlink == 3 and fs.stat("/a/b").nlink == 2
    fsck_clean(out / "img")


def test_directory_of_several_blocks(files, out):
    names = [f"n{i}" for i in range(900)]
    done = mkfs("-s", 3000, "-l", 60, "-i", 1000, out / "img",
                *(f"d/{name}={files}/hello" for name in names))
    assert done.returncode == 0, done.stderr
    with FsImage(out / "img") as fs:
        assert fs.listdir("/d") == sorted(names)
        assert fs.stat("/d").size == 902 * 16
    fsck_clean(out / "img")


def test_reproducible(files, out):
    names = [files / "hello", files / "empty", f"etc/a={files}/hello"]
    make(out / "one", *names)
    for name in ("hello", "empty"):
        os.utime(files / name, (1, 1))
    (out / "sub").mkdir()
    make(out / "sub" / "two", *names)
    assert (out / "one").read_bytes() == (out / "sub" / "two").read_bytes()
    make(out / "three", *reversed(names))
    assert (out / "three").read_bytes() != (out / "one").read_bytes()


def test_sparse(files, out):
    (files / "holes").write_bytes(bytes(500 * BSIZE) + b"x")
    assert mkfs(out / "img", files / "hello", files / "holes").returncode == 0
    used = (out / "img").stat().st_blocks * 512
    assert used < 100_000, f"{used} bytes for two files"


def test_replaces_an_image(files, out):
    make(out / "img", files / "hello")
    make(out / "img", files / "empty")
    with FsImage(out / "img") as fs:
        assert fs.listdir("/") == ["console", "dev", "empty"]
    assert os.listdir(out) == ["img"]
    assert stat.S_ISREG((out / "img").stat().st_mode)


# ---- what is refused -------------------------------------------------------------------------

@pytest.mark.parametrize("options, words", [
    (("-s", "50"), ("too few blocks",)),
    (("-s", "0"), ("too few blocks",)),
    (("-s", "2106"), ("too few blocks",)),
    (("-s", "4294967296"), ("too many blocks",)),
    (("-s", "99999999999999999999999"), ("-s", "needs a number")),
    (("-s", "12x"), ("-s", "needs a number")),
    (("-s", "-5"), ("-s", "needs a number")),
    (("-s", " 5000"), ("-s", "needs a number")),
    (("-s", ""), ("-s", "needs a number")),
    (("-l", "49"), ("journal is too small",)),
    (("-l", "200000"), ("too few blocks",)),
    (("-l", "18446744073709551615"), ("too few blocks",)),
    (("-l", "x"), ("-l", "needs a number")),
    (("-i", "65537"), ("too many inodes",)),
    (("-i", "7"), ("too few inodes",)),
    (("-i", "1e3"), ("-i", "needs a number")),
])
def test_bad_options(out, options, words):
    refused(mkfs(*options, out / "img"), out, *words)


@pytest.mark.parametrize("args", [(), ("-z", "img"), ("-s",), ("",)])
def test_usage(out, args):
    done = mkfs(*args, cwd=out)
    assert done.returncode == 1 and "usage: mkfs" in done.stderr and not os.listdir(out)


def test_help_is_no_error():
    done = mkfs("-h")
    assert done.returncode == 0 and "usage: mkfs" in done.stdout


@pytest.mark.parametrize("args, words", [
    (("hello", "hello"), ("hello", "already")),
    (("hello", "x/../hello"), ("hello", "already")),
    (("console=hello",), ("console", "already")),
    (("dev=hello",), ("dev", "already")),
    (("dev/null=hello",), ("dev/null", "already")),
    (("a=hello", "a/b=hello"), ("a/b", "no directory")),
    (("a/b=hello", "a=hello"), ("a:", "already")),
    (("console/x=hello",), ("console/x", "no directory")),
    (("fifteen-letters",), ("fifteen-letters", "longer than 14")),
    (("fifteen-letters/x=hello",), ("longer than 14",)),
    (("=hello",), ("empty",)),
    (("a/=hello",), ("empty",)),
    (("a//b=hello",), ("empty",)),
    (("/=hello",), ("empty",)),
    ((".=hello",), ("every directory",)),
    (("a/../b=hello",), ("every directory",)),
    (("/".join("abcdefgh" for _ in range(15)) + "=hello",), ("too long",)),
    (("missing",), ("missing", "No such file")),
    (("x=missing",), ("missing", "No such file")),
    (("x=",), ("No such file",)),
    ((".",), (".", "not a regular file")),
    (("sub/",), ("not a regular file",)),
    (("dir=sub",), ("sub", "not a regular file")),
    (("null2=/dev/null",), ("/dev/null", "not a regular file")),
    (("pipe",), ("pipe", "not a regular file")),
    (("dangling",), ("dangling", "No such file")),
    (("x=/proc/self/mem",), ("/proc/self/mem",)),
    (("x=/proc/self/status",), ("/proc/self/status", "size changes")),
])
def test_bad_files(files, out, args, words):
    (files / "sub").mkdir()
    (files / "x").mkdir()
    os.mkfifo(files / "pipe")
    (files / "dangling").symlink_to("nowhere")
    refused(mkfs(*SMALL, out / "img", *args, cwd=files), out, *words)


def test_too_many_files(files, out):
    many = [f"f{i}={files}/empty" for i in range(100)]
    refused(mkfs(*SMALL, out / "img", *many), out, "no inode is left")


def test_last_inode(files, out):
    # 64 inodes: without inode 0, the root, /dev and its 5 devices, 56 are left.
    make(out / "img", *(f"f{i}={files}/empty" for i in range(56)))
    fsck_clean(out / "img")
    (out / "img").unlink()
    refused(mkfs(*SMALL, out / "img", *(f"f{i}={files}/empty" for i in range(57))), out,
            "f56", "no inode is left")


def test_last_block(files, out):
    # 933 data blocks: the root and /dev have one each, the file needs indirect blocks as well.
    size = 1000 - 67 - 2
    for data in range(size - 6, size + 1):
        (files / "f").write_bytes(b"y" * (data * BSIZE))
        done = mkfs(*SMALL, out / "img", files / "f")
        indirect = 1 + 1 + -(-(data - 11 - 256) // 256)
        if data + indirect <= size:
            assert done.returncode == 0
            fsck_clean(out / "img")
            (out / "img").unlink()
        else:
            refused(done, out, "f: ", "no block is left")


def test_image_full_of_directories(files, out):
    full = ["-s", 1000, "-l", 60, "-i", 2000]
    refused(mkfs(*full, out / "img", *(f"d{i}/f={files}/empty" for i in range(950))), out,
            "no block is left")


def test_huge_file(files, out):
    with open(files / "huge", "wb") as file:
        file.truncate(fsimage.MAXFILE * BSIZE + 1)
    refused(mkfs(out / "img", files / "huge"), out, "huge", "larger than a file can be")
    with open(files / "huge", "wb") as file:
        file.truncate(1 << 40)
    refused(mkfs(out / "img", files / "huge"), out, "huge", "larger than a file can be")


def test_target_is_no_file(files, out):
    (out / "dir").mkdir()
    done = mkfs(*SMALL, out / "dir", files / "hello")
    assert done.returncode == 1 and "no regular file" in done.stderr
    assert os.listdir(out) == ["dir"] and not os.listdir(out / "dir")
    for device in ("/dev/full", "/dev/null"):
        done = mkfs(*SMALL, device)
        assert done.returncode == 1 and f"{device}: exists and is no regular file" in done.stderr
        assert stat.S_ISCHR(os.stat(device).st_mode)


def test_target_folder_is_missing(out):
    refused(mkfs(*SMALL, out / "no" / "img"), out, "No such file")


def test_a_failed_run_keeps_the_old_image(files, out):
    make(out / "img", files / "hello")
    before = (out / "img").read_bytes()
    for bad in (files / "missing", files / "fifteen-letters", f"console={files}/hello"):
        assert mkfs(*SMALL, out / "img", bad).returncode == 1
    limited = mkfs(*SMALL, out / "img",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9999, 9999)))
    assert limited.returncode == 1 and "File too large" in limited.stderr
    assert os.listdir(out) == ["img"] and (out / "img").read_bytes() == before


def test_host_disk_full(files, out):
    (files / "big").write_bytes(b"z" * 400_000)
    script = ('mount -t tmpfs -o size=256k tmpfs "$1" 2>/dev/null || exit 77; shift;'
              '"$@"; code=$?; ls -A "$(dirname "$OUT")"; exit $code')
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", out, MKFS, *SMALL, out / "img",
         files / "big"],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "OUT": f"{out}/img"})
    if done.returncode not in (0, 1):
        pytest.skip("a tmpfs cannot be mounted here")
    assert done.returncode == 1 and "No space left" in done.stderr
    assert done.stdout == ""


def test_no_permission(files):
    """Without rights to the folder or to a FILE; as another user where the tests run as root."""
    as_other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        tool = folder / "mkfs"
        shutil.copy(MKFS, tool)
        (folder / "secret").write_text("secret")
        (folder / "secret").chmod(0)
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        (folder / "closed").mkdir()
        (folder / "closed").chmod(0o555)
        for target, file in (("closed", tool), ("open", folder / "secret")):
            done = subprocess.run([tool, *SMALL, folder / target / "img", file], text=True,
                                  capture_output=True, timeout=60, check=False, **as_other)
            refused(done, folder / target, "Permission denied")
