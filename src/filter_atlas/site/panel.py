"""A filter's panel: everything that the site shows about one filter, as texts.

One template shows it twice: filled on the filter's own page, and empty on its layer's page, where a
script fills it from the layer's data. So both have the same texts.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from filter_atlas.base import paths
from filter_atlas.base.formatting import format_number, format_ordinal, format_share
from filter_atlas.measure.measures import MEASURES, Measure, Value
from filter_atlas.site import curve
from filter_atlas.site.entries import FilterEntry, LayerEntry
from filter_atlas.site.image import Image
from filter_atlas.site.run_metadata import RunMetadata
from filter_atlas.site.section import Link, LinkList, PanelPart, Tile

_IN_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "#$%&_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }
)
"""How to write the characters that have a meaning in LaTeX."""


@dataclass(frozen=True)
class Panel:
    """What the panel of one filter shows.

    Attributes:
        texts: texts by the name of their place in the template; those of measures have the
            measure's name.
        addresses: URLs relative to the site's root, and SVG paths, by the name of their place.
        losses: the objective before each step, as text.
        links: the links of each list, by the list's name.
        tiles: the tiles of each list, by the list's name.
        sprites: the picture that the tiles of each list are parts of, by the list's name.
        place: the id of the filter's place on the pages that tiles lead to.
    """

    texts: dict[str, str]
    addresses: dict[str, str]
    losses: tuple[str, ...]
    links: dict[str, tuple[Link, ...]]
    tiles: dict[str, tuple[Tile, ...]]
    sprites: dict[str, Image | None]
    place: str


def panel(
    entry: FilterEntry,
    layer: LayerEntry,
    metadata: RunMetadata,
    link_lists: Sequence[LinkList],
    parts: Sequence[PanelPart] = (),
) -> Panel:
    """The panel of one filter of a layer.

    Args:
        entry: the filter.
        layer: its layer.
        metadata: how its picture was made.
        link_lists: the lists of links in every panel.
        parts: the parts of families in every panel.
    """
    record = entry.record
    contents = [part.contents[entry.key] for part in parts]
    return Panel(
        texts={
            **{
                measure.name: format_measure(measure, entry.measures[measure.name], layer)
                for measure in MEASURES
                if measure.label
            },
            "name": f"Filter {record.filter} of {record.layer}",
            "activation": format_number(record.final_activation),
            "standing": _standing(entry, layer),
            "colour": entry.thumbnail.colour,
            "curve": curve.summary(record.loss),
            "attempts": str(record.attempts),
            "certificate": record.certificate or "",
            "seed": str(record.seed),
            "recipe": f"{metadata.recipe_name}, {record.recipe_digest}",
            "precision": record.precision,
            "weights": record.weights_digest,
            "code": record.code_digest,
            "picture_digest": entry.thumbnail.digest,
            "device": record.device,
            "versions": ", ".join(
                f"{name} {version}" for name, version in sorted(record.versions.items())
            ),
            "command": command(record.layer, record.filter, metadata),
            "citation": citation(entry, layer, metadata),
            **{name: text for content in contents for name, text in content.texts.items()},
        },
        addresses={
            "picture": entry.picture.url,
            "record": entry.record_url,
            "page": entry.url,
            "curve": curve.path(record.loss),
            **{name: path for content in contents for name, path in content.paths.items()},
            **{name: url for content in contents for name, url in content.addresses.items()},
            **{
                name: content.sprite.url if content.sprite else ""
                for content in contents
                for name in content.tiles
            },
        },
        losses=tuple(format_number(loss) for loss in record.loss),
        links={shown.name: tuple(shown.links.get(entry.key, ())) for shown in link_lists},
        tiles={name: tuple(tiles) for content in contents for name, tiles in content.tiles.items()},
        sprites={name: content.sprite for content in contents for name in content.tiles},
        place=entry.place,
    )


def variant_links(layers: Sequence[LayerEntry]) -> LinkList:
    """The list of each filter's variants."""
    return LinkList(
        name="variants",
        heading="Variants",
        links={
            entry.key: [
                Link(
                    variant.picture.url,
                    variant.thumbnail.image.url,
                    variant.name,
                    f"activation {format_number(variant.record.final_activation)}",
                )
                for variant in entry.variants
            ]
            for layer in layers
            for entry in layer.filters
        },
    )


def format_measure(measure: Measure, value: Value, layer: LayerEntry) -> str:
    """The value of a measure as pages show it; a dash if there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if measure.display == "ordinal":
        return f"{format_ordinal(int(value))} of {layer.plan.total}"
    if measure.display == "factor":
        return f"× {format_number(value)}"
    return format_share(value) if measure.display == "share" else format_number(value)


def command(layer: str, index: int, metadata: RunMetadata) -> str:
    """The command that draws this one picture again, from the folder of the project."""
    target = shlex.quote(paths.picture(layer, index))
    settings = f"recipe={shlex.quote(metadata.recipe_name)} seed={metadata.seed}"
    if metadata.settings:
        settings = f"{metadata.settings} {settings}"
    return f"snakemake {target} --cores 1 --force --config {settings}"


def citation(entry: FilterEntry, layer: LayerEntry, metadata: RunMetadata) -> str:
    """How to cite this one picture, as BibTeX."""
    record = entry.record
    texts = {
        "title": f"Filter {record.filter} of {record.layer} of {metadata.network}",
        "howpublished": f"Filter Atlas, version {record.versions.get('filter_atlas', '')}",
        "note": f"Recipe {metadata.recipe_name}, seed {record.seed}, "
        f"weights {record.weights_digest[:12]}, picture {entry.thumbnail.digest[:12]}",
    }
    fields = {name: text.translate(_IN_LATEX) for name, text in texts.items()}
    if metadata.url:
        # Not escaped, because styles set it with \url, where these characters have no meaning.
        fields["url"] = f"{metadata.url}/{entry.url}"
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{filter-atlas-{layer.name}-{record.filter},\n{lines}}}"


def _standing(entry: FilterEntry, layer: LayerEntry) -> str:
    if not entry.alive:
        return "it does not respond even to its own picture"
    if entry.higher_than is None:
        return "the only filter of its layer that is drawn"
    return f"higher than {entry.higher_than:.0%} of the {layer.drawn - 1} others drawn"
