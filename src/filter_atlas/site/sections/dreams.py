"""Dreams on the site: a page of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filter_atlas.dream import family
from filter_atlas.dream.record import DreamRecord
from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import Content, Page, Section

PREVIEW_HEIGHT = 720
"""Height of a dream's preview, in pixels."""


@dataclass(frozen=True)
class DreamEntry:
    """One dream: its name, what was excited, its pictures and its record.

    `zoom_url` is the address of its animation; None if it has none.
    """

    name: str
    excited: str
    picture: Image
    preview: Image
    zoom_url: str | None
    record: DreamRecord
    record_url: str


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    if not facts:
        return Content()
    entries = [_entry(loader, name, excited) for name, excited in facts.items()]
    return Content([Page("dreams.html", "dreams.html.j2", "Dreams", {"dreams": entries})])


def _entry(loader: ResultsLoader, name: str, excited: str) -> DreamEntry:
    png, alt = family.path(name, "png"), f"Dream “{name}”: {excited} excited"
    animations = [
        loader.link(f"dreams/{name}.{kind}", family.path(name, kind))
        for kind in ("webp", "gif")
        if loader.exists(family.path(name, kind))
    ]
    record = DreamRecord.from_file(loader.find(family.path(name, "json")))
    return DreamEntry(
        name=name,
        excited=excited,
        picture=loader.picture(f"dreams/{name}.png", png, alt, record.picture_digest),
        preview=loader.preview(f"dreams/{name}", png, alt, PREVIEW_HEIGHT),
        zoom_url=animations[0] if animations else None,
        record=record,
        record_url=loader.link(f"dreams/{name}.json", family.path(name, "json")),
    )


def _needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    return {
        f"dream {name}": (family.path(name, "png"), family.path(name, "json")) for name in facts
    }


DREAMS = Section("dreams", _load, _needs)
