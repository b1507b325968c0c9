"""The folder that a site is built in: what has not changed stays as it is, what is stale goes."""

import os
from pathlib import Path

from filter_atlas.files import write_atomically

SUBFOLDERS = (
    "assets",
    "classes",
    "data",
    "dreams",
    "filters",
    "grids",
    "layers",
    "pictures",
    "plots",
    "records",
    "tiles",
    "variants",
)
"""The subfolders that are the site's own."""

PAGES = ("classes.html", "dreams.html", "twins.html")
"""The pages beside them that not every site has. All else in its folder is somebody's."""


class SiteFolder:
    """Takes the files of a site one by one, remembers them, and sweeps away the others.

    Names are from the site's root, with "/" between their parts. Paths are plain strings: a site
    has tens of thousands of files, and `pathlib` would take longer than the disk.
    """

    def __init__(self, root: Path) -> None:
        """A site in the folder `root`, which need not exist yet."""
        self._root = os.fspath(root)
        self._placed: set[str] = set()
        self._folders: set[str] = set()
        self._unsettled = False

    def write(self, name: str, data: bytes) -> None:
        """Write `data` under `name`, unless it stands there already.

        Raises:
            OSError: the folder is not writable, the disk is full.
        """
        target = self._place(name)
        if _content(target) != data:
            self._unsettled = True
            write_atomically(target, data, durably=False)

    def read(self, name: str) -> bytes | None:
        """What an earlier build has written under `name`; None where there is nothing."""
        return _content(self._path(name))

    def keep(self, name: str) -> bool:
        """Leave what an earlier build has made under `name`; false where there is nothing."""
        if not os.path.isfile(self._path(name)):
            return False
        self._placed.add(name)
        return True

    def link(self, name: str, source: Path) -> None:
        """Make `source` available under `name`: a hard link, or a copy where none is possible.

        Raises:
            OSError: `source` cannot be read, the folder is not writable, the disk is full.
        """
        target = self._place(name)
        if _same(target, source):
            return
        there = _content(target)
        if there is not None and there == source.read_bytes():
            return
        beside = f"{target}.{os.getpid()}.part"
        try:
            os.link(os.path.realpath(source), beside)
            os.replace(beside, target)
        except OSError:
            # Another file system, or one without hard links: the reasons differ by system, and
            # what also hinders a copy is raised by the copy.
            self.write(name, source.read_bytes())

    def settle(self) -> None:
        """Have all that was written reach the disk.

        Once for the whole site: waiting for every file would take longer than to make them.
        """
        if self._unsettled:
            os.sync()
            self._unsettled = False

    def sweep(self) -> None:
        """Remove what was not placed from the site's own subfolders, and pages of no use any more.

        All else in the root is left alone: someone may have put a file of their own there.
        """
        for name in PAGES:
            if name not in self._placed:
                Path(self._path(name)).unlink(missing_ok=True)
        for name in SUBFOLDERS:
            for folder, _, files in os.walk(self._path(name), topdown=False):
                inside = os.path.relpath(folder, self._root).replace(os.sep, "/")
                for file in files:
                    if f"{inside}/{file}" not in self._placed:
                        os.unlink(os.path.join(folder, file))
                if not os.listdir(folder):
                    os.rmdir(folder)

    def _place(self, name: str) -> str:
        folder, _, _ = name.rpartition("/")
        if folder not in self._folders:
            os.makedirs(self._path(folder), exist_ok=True)
            self._folders.add(folder)
        self._placed.add(name)
        return self._path(name)

    def _path(self, name: str) -> str:
        return os.path.join(self._root, name)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _same(path: str, source: Path) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False
