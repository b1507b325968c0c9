"""The sample: photographs that come with the package, with their authors and licences.

The table `photos/sample.tsv` lists them; `docs/sample_photos.py` makes them.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filter_atlas.base.errors import PhotoError
from filter_atlas.base.regular_files import read_regular

FOLDER = Path(__file__).parents[1] / "photos"
TABLE = FOLDER / "sample.tsv"

LICENCES = {
    "public domain": "https://creativecommons.org/publicdomain/mark/1.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-2.0": "https://creativecommons.org/licenses/by/2.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-3.0": "https://creativecommons.org/licenses/by-sa/3.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
}
"""The licences of the sample: SPDX identifier (or public domain), and where the text is."""

CATEGORIES = (
    "animals",
    "plants",
    "people",
    "food",
    "tools",
    "objects",
    "buildings",
    "scenes",
    "textures",
)

COLUMNS = (
    "file",
    "title",
    "author",
    "source",
    "licence",
    "category",
    "package",
    "path",
    "changes",
    "sha256",
)
"""The columns of the table; no cell is empty."""


@dataclass(frozen=True)
class SamplePhoto:
    """A photograph of the sample.

    Attributes:
        path: its file, a JPEG.
        title: its title in the source, or what it shows.
        author: who took it, or that the source does not name the author.
        source: address of the photograph, of its author, or of the collection that it is from.
        licence: one of `LICENCES`.
        licence_url: address of the licence's text.
        category: one of `CATEGORIES`.
        digest: sha256 of the file, in hexadecimal.
        changes: what was changed in the photograph.
    """

    path: Path
    title: str
    author: str
    source: str
    licence: str
    licence_url: str
    category: str
    digest: str
    changes: str


@cache
def sample_photos() -> tuple[SamplePhoto, ...]:
    """The photographs of the sample, sorted by file name.

    The files themselves are not read.

    Raises:
        PhotoError: the table is missing or damaged.
    """
    return tuple(
        SamplePhoto(
            path=FOLDER / "sample" / row["file"],
            title=row["title"],
            author=row["author"],
            source=row["source"],
            licence=row["licence"],
            licence_url=LICENCES[row["licence"]],
            category=row["category"],
            digest=row["sha256"],
            changes=row["changes"],
        )
        for row in read_table(TABLE)
    )


def read_table(table: Path) -> list[dict[str, str]]:
    """The rows of the table of the sample, by the names of their columns.

    Raises:
        PhotoError: the table is missing or damaged.
    """
    try:
        lines = read_regular(table).decode("utf-8").splitlines()
    except OSError as error:
        raise _damaged(table, error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise _damaged(table, "not UTF-8") from None
    header, *cells = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if lines else [[]]
    if tuple(header) != COLUMNS:
        raise _damaged(table, "its first line does not name the columns")
    rows = []
    for number, row in enumerate(cells, start=2):
        if len(row) != len(COLUMNS) or not all(cell.strip() for cell in row):
            raise _damaged(table, f"line {number} has an empty or missing cell")
        rows.append(dict(zip(COLUMNS, row, strict=True)))
        if rows[-1]["licence"] not in LICENCES:
            raise _damaged(table, f"line {number} has an unknown licence")
        if rows[-1]["category"] not in CATEGORIES:
            raise _damaged(table, f"line {number} has an unknown category")
    return rows


def _damaged(table: Path, problem: str) -> PhotoError:
    return PhotoError(
        f"{table}: damaged table of sample photographs ({problem}); install Filter Atlas again"
    )
