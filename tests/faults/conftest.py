"""Workers to attack: real processes with a stand-in engine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.fakes import StandInSite


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files that every user can look into, as `/tmp` is."""
    with tempfile.TemporaryDirectory(prefix="fa-", dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        yield Path(folder)


@pytest.fixture
def site(tmp_path: Path, temporary: Path) -> Iterator[StandInSite]:
    """A site whose workers are real processes with a stand-in for the engine."""
    site = StandInSite(tmp_path, temporary)
    yield site
    site.close()
