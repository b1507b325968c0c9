"""Class pictures on the site: a page of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filter_atlas.class_pictures import family
from filter_atlas.class_pictures.record import ClassRecord
from filter_atlas.settings.family import Facts
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import Content, Page, Section


@dataclass(frozen=True)
class ClassEntry:
    """One class picture, with its record."""

    picture: Image
    record: ClassRecord
    record_url: str


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    entries = [_entry(loader, index) for index in facts.get("indices", ())]
    if not entries:
        return Content()
    return Content([Page("classes.html", "classes.html.j2", "Classes", {"classes": entries})])


def _entry(loader: ResultsLoader, index: int) -> ClassEntry:
    record = ClassRecord.from_file(loader.find(family.record(index)))
    alt = f"A picture that the classifier assigns to class {index}, {record.evaluation.name}"
    return ClassEntry(
        picture=loader.picture(
            f"classes/{index}.png", family.picture(index), alt, record.picture_digest
        ),
        record=record,
        record_url=loader.link(f"classes/{index}.json", family.record(index)),
    )


def _needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    return {
        f"class {index}": (family.picture(index), family.record(index))
        for index in facts.get("indices", ())
    }


CLASSES = Section("classes", _load, _needs)
