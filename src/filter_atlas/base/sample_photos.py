"""The photographs that come with the product."""

from dataclasses import dataclass
from pathlib import Path

from filter_atlas.base.digests import file_digest


@dataclass(frozen=True)
class SamplePhoto:
    """A photograph of the sample.

    Attributes:
        path: its file.
        title: what it shows.
        author: who took it.
        source: address where it was found.
        licence: name of its licence.
        licence_url: address of the licence.
        category: kind of thing that it shows.
        digest: sha256 of its file.
    """

    path: Path
    title: str
    author: str
    source: str
    licence: str
    licence_url: str
    category: str
    digest: str


def sample_photos() -> tuple[SamplePhoto, ...]:
    """All photographs of the sample."""
    path = Path(__file__).parents[1] / "photos" / "raccoon.jpg"
    source = "https://pixnio.com/fauna-animals/raccoons/raccoon-procyon-lotor"
    return (
        SamplePhoto(path, "Raccoon", "", source, "public domain", "", "animals", file_digest(path)),
    )
