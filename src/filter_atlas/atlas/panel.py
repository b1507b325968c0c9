"""A filter's panel: everything that is told of one filter, already spelled.

One template shows it twice: filled in on the filter's own page, and empty on its layer's page,
where a script fills it in from the layer's data. So both say the same in the same words.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from filter_atlas import metrics, paths
from filter_atlas.atlas import curve
from filter_atlas.atlas.catalogue import FilterEntry, LayerEntry, Neighbour
from filter_atlas.atlas.facts import RunFacts
from filter_atlas.numerals import ordinal, share, spell

_IN_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "#$%&_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }
)
"""What characters that mean something to LaTeX are written as, to mean themselves."""


@dataclass(frozen=True)
class Link:
    """A filter or picture beside this one: where it is, what it is called, what is said of it."""

    url: str
    tile: str
    name: str
    note: str


@dataclass(frozen=True)
class Panel:
    """What is told of one filter.

    Attributes:
        texts: texts by the name of their place in the template.
        addresses: URLs from the site's root, and the curve's path, by the name of theirs.
        losses: the objective before each step, spelled.
        neighbours: twins and filters that answer to its picture.
        variants: further pictures of it.
    """

    texts: dict[str, str]
    addresses: dict[str, str]
    losses: tuple[str, ...]
    neighbours: tuple[Link, ...]
    variants: tuple[Link, ...]


def panel(entry: FilterEntry, layer: LayerEntry, facts: RunFacts) -> Panel:
    """Everything that is told of one filter of a layer."""
    record, quality = entry.record, entry.record.quality
    by_index = layer.by_index
    return Panel(
        texts={
            "name": f"Filter {record.filter} of {record.layer}",
            "index": str(record.filter),
            "activation": spell(record.final_activation),
            "standing": _standing(entry, layer),
            "start": spell(record.start_activation),
            "gain": _or_dash(metrics.gain(record), lambda value: f"× {spell(value)}"),
            "peak": spell(record.final_peak),
            "shown": spell(quality.shown_activation),
            "shown_share": _or_dash(metrics.shown_share(record), share),
            "shift": _or_dash(quality.shift_robustness, share),
            "turn": _or_dash(quality.turn_robustness, share),
            "noisiness": share(quality.noisiness),
            "saturated": share(quality.saturated),
            "rank": f"{ordinal(quality.rank)} of {layer.section.total}",
            "z_score": _or_dash(quality.z_score, spell),
            "colour": entry.tile.colour,
            "curve": curve.summary(record.loss),
            "attempts": str(record.attempts),
            "certificate": record.certificate or "",
            "seed": str(record.seed),
            "recipe": f"{facts.recipe_name}, {record.recipe_digest}",
            "precision": record.precision,
            "weights": record.weights_digest,
            "code": record.code_digest,
            "picture_digest": entry.tile.digest,
            "device": record.device,
            "versions": ", ".join(f"{name} {one}" for name, one in sorted(record.versions.items())),
            "command": command(record.layer, record.filter, facts),
            "citation": citation(entry, layer, facts),
        },
        addresses={
            "picture": entry.picture.url,
            "record": entry.record_url,
            "page": entry.url,
            "curve": curve.path(record.loss),
        },
        losses=tuple(spell(loss) for loss in record.loss),
        neighbours=tuple(
            Link(other.url, other.tile.image.url, str(other.index), _answer(one))
            for one in entry.neighbours
            if (other := by_index.get(one.filter))
        ),
        variants=tuple(
            Link(
                one.picture.url,
                one.tile.image.url,
                one.name,
                f"activation {spell(one.record.final_activation)}",
            )
            for one in entry.variants
        ),
    )


def command(layer: str, index: int, facts: RunFacts) -> str:
    """The command that draws this one picture again, from the folder of the project."""
    target = shlex.quote(paths.picture(layer, index))
    settings = f"recipe={shlex.quote(facts.recipe_name)} seed={facts.seed}"
    if facts.settings:
        settings = f"{facts.settings} {settings}"
    return f"snakemake {target} --cores 1 --force --config {settings}"


def citation(entry: FilterEntry, layer: LayerEntry, facts: RunFacts) -> str:
    """How to cite this one picture, as BibTeX."""
    record = entry.record
    texts = {
        "title": f"Filter {record.filter} of {record.layer} of {facts.network}",
        "howpublished": f"Filter Atlas, version {record.versions.get('filter_atlas', '')}",
        "note": f"Recipe {facts.recipe_name}, seed {record.seed}, "
        f"weights {record.weights_digest[:12]}, picture {entry.tile.digest[:12]}",
    }
    fields = {name: text.translate(_IN_LATEX) for name, text in texts.items()}
    if facts.url:
        # As it stands: styles set it by \url, to which these characters mean themselves.
        fields["url"] = f"{facts.url}/{entry.url}"
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{filter-atlas-{layer.name}-{record.filter},\n{lines}}}"


def _standing(entry: FilterEntry, layer: LayerEntry) -> str:
    if not entry.alive:
        return "it does not answer even to its own picture"
    if entry.higher_than is None:
        return "the only one drawn of its layer"
    return f"higher than {entry.higher_than:.0%} of the {layer.drawn - 1} others drawn"


def _answer(neighbour: Neighbour) -> str:
    turned = f"turned {neighbour.angle}°" if neighbour.angle else ""
    ways = " and ".join(filter(None, ["mirrored" if neighbour.mirrored else "", turned]))
    twin = "twin: " if neighbour.twin else ""
    return f"{twin}{neighbour.score:.0%} {ways or 'as it stands'}"


def _or_dash(value: float | None, spelled: Callable[[float], str]) -> str:
    return "–" if value is None else spelled(value)
