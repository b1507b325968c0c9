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
    """Takes the files of a site one by one, remembers them, and sweeps away the others."""

    def __init__(self, root: Path) -> None:
        """A site in the folder `root`, which need not exist yet."""
        self._root = root
        self._placed: set[Path] = set()

    def write(self, name: str, data: bytes) -> None:
        """Write `data` under `name`, unless it stands there already.

        Raises:
            OSError: the folder is not writable, the disk is full.
        """
        target = self._place(name)
        if not (target.exists() and target.read_bytes() == data):
            write_atomically(target, data)

    def read(self, name: str) -> bytes | None:
        """What an earlier build has written under `name`; None where there is nothing."""
        try:
            return (self._root / name).read_bytes()
        except OSError:
            return None

    def keep(self, name: str) -> bool:
        """Leave what an earlier build has made under `name`; false where there is nothing."""
        if not (self._root / name).is_file():
            return False
        self._placed.add(Path(name))
        return True

    def link(self, name: str, source: Path) -> None:
        """Make `source` available under `name`: a hard link, or a copy where none is possible.

        Raises:
            OSError: `source` cannot be read, the folder is not writable, the disk is full.
        """
        target = self._place(name)
        if target.exists() and target.samefile(source):
            return
        if target.exists() and target.read_bytes() == source.read_bytes():
            return
        beside = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            beside.hardlink_to(source.resolve())
            beside.replace(target)
        except OSError:
            # Another file system, or one without hard links: the reasons differ by system, and
            # what also hinders a copy is raised by the copy.
            write_atomically(target, source.read_bytes())

    def sweep(self) -> None:
        """Remove what was not placed from the site's own subfolders, and pages of no use any more.

        All else in the root is left alone: someone may have put a file of their own there.
        """
        for name in PAGES:
            if Path(name) not in self._placed:
                (self._root / name).unlink(missing_ok=True)
        for name in SUBFOLDERS:
            for folder, _, files in os.walk(self._root / name, topdown=False):
                for file in files:
                    path = Path(folder, file)
                    if path.relative_to(self._root) not in self._placed:
                        path.unlink()
                if not any(Path(folder).iterdir()):
                    Path(folder).rmdir()

    def _place(self, name: str) -> Path:
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._placed.add(Path(name))
        return target
