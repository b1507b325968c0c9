"""Class pictures on the site: a page of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filter_atlas.class_pictures import family
from filter_atlas.class_pictures.record import ClassRecord
from filter_atlas.settings.family import Facts
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
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


@dataclass(frozen=True)
class SecondNetwork:
    """What a second network makes of all class pictures.

    Attributes:
        title: its usual name; of the one in the settings if it could not be fetched.
        asked: number of pictures that it has classified.
        fooled: number of these that it assigns to their class.
        others: number of pairs of a picture and the class of another picture: the baseline.
        confused: number of these pairs in which it assigns the picture to that class.
        is_sister: whether it has the same architecture as the classifier, in another size.
    """

    title: str
    asked: int
    fooled: int
    others: int
    confused: int
    is_sister: bool


def _load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    entries = [_entry(loader, index) for index in facts.get("indices", ())]
    if not entries:
        return Content()
    records = [entry.record for entry in entries]
    values = {
        "classes": entries,
        "classifier": _title(records[0].network),
        "second": summarise_second(records, facts.get("second_network")),
    }
    return Content([Page("classes.html", "classes.html.j2", "Classes", values)])


def summarise_second(records: Sequence[ClassRecord], wanted: str | None) -> SecondNetwork | None:
    """What a second network makes of all class pictures together.

    Args:
        records: the records of the pictures.
        wanted: name of the second network in the settings.

    Returns:
        None if no second network was wanted or asked.
    """
    opinions = {
        record.evaluation.index: record.second_opinion
        for record in records
        if record.second_opinion
    }
    name = next((opinion.network for opinion in opinions.values()), wanted)
    if name is None:
        return None
    return SecondNetwork(
        title=_title(name),
        asked=len(opinions),
        fooled=sum(opinion.is_fooled for opinion in opinions.values()),
        others=len(opinions) * (len(opinions) - 1),
        confused=sum(
            opinion.best.index in opinions and opinion.best.index != index
            for index, opinion in opinions.items()
        ),
        is_sister={name, records[0].network} <= PACKAGED_NETWORKS.keys(),
    )


def _title(name: str) -> str:
    """The usual name of a classifier."""
    titles = {name: network.title for name, network in PACKAGED_NETWORKS.items()}
    return {"keras": "VGG16", "wheel": "the classifier of brain scans", **titles}.get(name, name)


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
