"""The views of another atlas on the site: the same photograph, seen by another network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filter_atlas.base.errors import WeightsError
from filter_atlas.site.entries import file_name
from filter_atlas.site.image import Image
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.views.record import LayerCells, ViewRecord
from filter_atlas.weights.provenance import Provenance

Layer = TypeVar("Layer")


@dataclass(frozen=True)
class OtherMosaic:
    """A mosaic of another atlas: its layer, a preview, and the address of its PNG."""

    layer: str
    preview: Image
    url: str


def read_views(folder: Path) -> Mapping[str, tuple[str, ViewRecord]]:
    """The views of another atlas, with their names, by the digest of their photograph.

    Args:
        folder: its folder `results`.

    Raises:
        ResultsError: a record is damaged.
    """
    found = {}
    for path in sorted((folder / "views").glob("*.json")):
        # Names of views have no such ending.
        if not path.name.endswith(".classes.json"):
            record = ViewRecord.from_file(path)
            found[record.digest] = path.stem, record
    return found


def network_name(folder: Path, record: ViewRecord) -> str:
    """The name of the network of a view of another atlas; "another network" if it is not known."""
    for path in (folder / "weights").glob("*.json"):
        try:
            provenance = Provenance.from_file(path)
        except WeightsError:
            continue
        if provenance.digest == record.weights_digest:
            return provenance.network
    return "another network"


def mosaics_of(
    loader: ResultsLoader, folder: Path, view: str, record: ViewRecord, url: str, height: int
) -> list[OtherMosaic]:
    """Put the mosaics of a view of another atlas into the site, from its first layer to its last.

    Args:
        loader: puts files into the site.
        folder: the folder `results` of the other atlas.
        view: name of the view there.
        record: its record.
        url: address of the mosaics in the site, without the name of the layer.
        height: height of the previews, in pixels.
    """
    found = []
    for layer in sorted(record.layers, key=lambda name: _depth(record.layers[name])):
        png = folder / "views" / view / f"{layer}.png"
        if png.is_file():
            name = f"{url}/{file_name(layer)}"
            preview = loader.preview_file(name, png, f"The filters of {layer}", height)
            found.append(OtherMosaic(layer, preview, loader.link_file(f"{name}.png", png)))
    return found


def at_same_depth(layers: Sequence[Layer], place: int, count: int) -> Layer:
    """The layer of a network at the relative depth of another network's layer.

    Args:
        layers: the layers; at least one.
        place: place of the other network's layer.
        count: number of layers of the other network.
    """
    return layers[int((place + 0.5) / count * len(layers))]


def _depth(layer: LayerCells) -> tuple[int, int]:
    """A number that grows with the depth: records do not keep the order of layers."""
    return layer.field or 0, -layer.cells[0]
