"""The record of an attribution: which filters speak for the likeliest classes, and against them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np

from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.networks.keras_top import KerasTop
from filter_atlas.views.attribution import (
    LayerAttribution,
    attribute,
    logit_falls,
    random_choices,
    speakers,
)

CLASSES = 3
"""Number of classes: the likeliest ones."""

SHOWN = 10
"""Maximum number of filters that are recorded for a class, and against it."""


@dataclass(frozen=True)
class ClassScore:
    """A class, as the network sees the photograph.

    Attributes:
        index: index of the class.
        name: its name; its index where names are not known.
        logit: its logit.
    """

    index: int
    name: str
    logit: float


Speaker = tuple[int, float, float]
"""A filter: its index, its part of the logit by integrated gradients, and by gradient ×
activation."""


@dataclass(frozen=True)
class ClassSpeakers:
    """Which filters of a layer speak for a class, and which against it.

    Attributes:
        favour: the drawn filters that speak most for it, the most first.
        against: the drawn filters that speak most against it.
        incomplete: error of completeness, as a share of the difference of the logits.
        fall: how much the logit falls if the ten filters that speak most for it are removed; of all
            filters, drawn or not.
        random_falls: the same for random choices of as many filters of the layer.
    """

    favour: tuple[Speaker, ...]
    against: tuple[Speaker, ...]
    incomplete: float
    fall: float
    random_falls: tuple[float, ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether removing the filters lowers the logit more than any of the random choices."""
        return self.fall > max(self.random_falls)


@dataclass(frozen=True)
class AttributionRecord(ResultFile):
    """Which filters speak for the likeliest classes of a photograph.

    Attributes:
        digest: sha256 of the photograph's file.
        refusal: why there is no attribution; None if there is one.
        classes: the likeliest classes, the likeliest first.
        layers: for each layer, by its name, and each class.
    """

    error_text = "not an attribution"

    digest: str
    refusal: str | None
    classes: tuple[ClassScore, ...]
    layers: dict[str, tuple[ClassSpeakers, ...]]

    def to_json(self) -> bytes:
        """The file's content: JSON, one layer a line; equal attributions give equal bytes."""
        return json_by_index(asdict(self), "layers", compact=True)


def attribute_photograph(
    digest: str,
    top: KerasTop,
    filters: Mapping[str, Sequence[int]],
    name: Callable[[int], str],
    threads: int,
) -> AttributionRecord:
    """Find the filters that speak for the likeliest classes of a photograph.

    Args:
        digest: sha256 of the photograph's file.
        top: the classifier on the photograph.
        filters: indices of the drawn filters of each layer, by its name.
        name: names a class.
        threads: number of layers that are computed at the same time.
    """
    logits = top.logits.numpy()
    classes = [int(index) for index in np.argsort(-logits, kind="stable")[:CLASSES]]

    def of_layer(layer: str) -> tuple[ClassSpeakers, ...]:
        found = attribute(top, layer, classes)
        return tuple(
            _speakers(top, layer, index, place, found, filters[layer])
            for place, index in enumerate(classes)
        )

    with ThreadPoolExecutor(threads) as pool:
        layers = dict(zip(filters, pool.map(of_layer, filters), strict=True))
    scores = tuple(ClassScore(index, name(index), float(logits[index])) for index in classes)
    return AttributionRecord(digest, None, scores, layers)


def _speakers(
    top: KerasTop,
    layer: str,
    index: int,
    place: int,
    found: LayerAttribution,
    drawn: Sequence[int],
) -> ClassSpeakers:
    integrated, gradient = found.integrated[place], found.gradient[place]
    removed = speakers(integrated)
    choices = random_choices(layer, len(integrated), len(removed))
    fall, *random_falls = logit_falls(top, layer, index, [removed, *choices])

    def recorded(sign: int) -> tuple[Speaker, ...]:
        order = sorted(drawn, key=lambda one: -sign * integrated[one])[:SHOWN]
        return tuple(
            (one, _rounded(integrated[one]), _rounded(gradient[one]))
            for one in order
            if sign * integrated[one] > 0
        )

    return ClassSpeakers(
        favour=recorded(1),
        against=recorded(-1),
        incomplete=_rounded(found.incomplete[place]),
        fall=_rounded(fall),
        random_falls=tuple(map(_rounded, random_falls)),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
