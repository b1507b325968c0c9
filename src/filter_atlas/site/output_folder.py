"""The folder that a site is built in: unchanged files stay as they are, stale ones are removed."""

import json
import os
from pathlib import Path

from filter_atlas.base.atomic_files import write_atomically

CONTENTS = "data/contents.json"
"""A JSON list: names of the files and folders in the site's root that the build made."""


class SiteFolder:
    """Writes the files of a site, and removes files of earlier builds that are no longer made.

    Names are relative to the site's root, with "/" between their parts. Paths are plain strings: a
    site has tens of thousands of files, and `pathlib` would take longer than the disk.
    """

    def __init__(self, root: Path) -> None:
        """A site in the folder `root`, which need not exist yet."""
        self._root = os.fspath(root)
        self._placed: set[str] = set()
        self._folders: set[str] = set()
        self._unflushed = False

    def write(self, name: str, data: bytes) -> None:
        """Write `data` under `name`, unless the file has these bytes already.

        Raises:
            OSError: the folder is not writable, or the disk is full.
        """
        target = self._place(name)
        if _content(target) != data:
            self._unflushed = True
            write_atomically(target, data, durably=False)

    def read_earlier(self, name: str) -> bytes | None:
        """The bytes that an earlier build wrote under `name`; None if there is no such file."""
        return _content(self._path(name))

    def keep(self, name: str) -> bool:
        """Keep the file that an earlier build made under `name`; false if there is none."""
        if not os.path.isfile(self._path(name)):
            return False
        self._placed.add(name)
        return True

    def link(self, name: str, source: Path) -> None:
        """Make `source` available under `name`: a hard link, or a copy where none is possible.

        Raises:
            OSError: `source` cannot be read, the folder is not writable, or the disk is full.
        """
        target = self._place(name)
        if _same(target, source):
            return
        existing = _content(target)
        if existing is not None and existing == source.read_bytes():
            return
        beside = f"{target}.{os.getpid()}.part"
        try:
            os.link(os.path.realpath(source), beside)
            os.replace(beside, target)
        except OSError:
            # The file system is another one or has no hard links; errors differ by system. A cause
            # that also prevents a copy is raised by the copy.
            self.write(name, source.read_bytes())

    def flush(self) -> None:
        """Wait until everything that was written is on the disk.

        Call it once for the whole site: waiting for every file would take longer than the build.
        """
        if self._unflushed:
            os.sync()
            self._unflushed = False

    def remove_stale(self) -> None:
        """Remove what earlier builds made and this one did not.

        A build owns every file and folder of the root that it wrote, and lists them in `CONTENTS`
        for the next build. All other files in the root stay, because somebody else put them there.
        """
        earlier = _names(self.read_earlier(CONTENTS))
        self._placed.add(CONTENTS)
        own = {name.partition("/")[0] for name in self._placed}
        for name in earlier | own:
            if os.path.isdir(self._path(name)):
                self._remove_stale_files(name)
            elif name not in self._placed:
                Path(self._path(name)).unlink(missing_ok=True)
        self.write(CONTENTS, f"{json.dumps(sorted(own), indent=2)}\n".encode())

    def _remove_stale_files(self, name: str) -> None:
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


def _names(written: bytes | None) -> set[str]:
    """The names in a list of contents; none if it is missing or damaged."""
    try:
        names = json.loads(written or b"[]")
        return {name for name in names if "/" not in name} - {"", ".", ".."}
    except (ValueError, TypeError):
        return set()


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
