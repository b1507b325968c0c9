"""The files of truth: one for each layer, and a table of all filters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.base.tables import to_csv
from filter_atlas.truth.layer import KINDS, NINE, PICTURE, FilterTest
from filter_atlas.truth.path_similarity import PathSimilarity
from filter_atlas.truth.questions import FEWEST_FILTERS
from filter_atlas.truth.score import Score, mean_interval

TOLERANCE = 0.02
"""How far the mean of the control may be from 0.5."""

EXCESS = 2.0
"""A picture lies beyond photographs if its natural gap is above this times the layer's median."""

SILENT, BEYOND, NOTHING = "silent", "beyond_photographs", "tells_nothing"


@dataclass(frozen=True)
class Mean:
    """A mean over the filters of a layer.

    Attributes:
        value: the mean.
        low, high: the interval in which it lies with 95 %.
        filters: number of filters.
    """

    value: float
    low: float
    high: float
    filters: int

    @classmethod
    def of_values(cls, values: Sequence[float]) -> "Mean | None":
        """The mean of values; None if there are less than `FEWEST_FILTERS`."""
        if len(values) < FEWEST_FILTERS:
            return None
        array = np.array(values)
        return cls(float(array.mean()), *mean_interval(array), len(values))


@dataclass(frozen=True)
class Reliability:
    """Whether two halves of the photographs agree about pictures.

    Attributes:
        correlation: Pearson's, over filters, of the scores from both halves.
        whole: what it would be of two sets as large as all photographs (C. Spearman and W. Brown,
            1910); None if the halves do not agree at all.
        filters: number of filters.
    """

    correlation: float
    whole: float | None
    filters: int

    @classmethod
    def of_halves(cls, halves: Sequence[tuple[float, float]]) -> "Reliability | None":
        """The reliability of scores; None if they are too few, or all the same."""
        if len(halves) < FEWEST_FILTERS:
            return None
        first, second = np.array(halves).T
        if first.std() == 0 or second.std() == 0:
            return None
        found = float(np.corrcoef(first, second)[0, 1])
        return cls(found, 2 * found / (1 + found) if found > 0 else None, len(halves))


@dataclass(frozen=True)
class FilterTruth:
    """What the observer says about one filter.

    Attributes:
        refusal: why the filter was not tested; None if it was.
        scores: value and standard error of the score, by the kind of explanation.
        control: mean score of other filters' pictures.
        halves: scores of the picture on two halves of the photographs.
        positives, negatives: number of patches that the observer was asked about.
        natural_gap: activation on the picture over the greatest on any photograph.
        path_similarity: how much the picture takes the path of photographs through the drawn
            network: 1 natural, 0 arbitrary.
        path_refusal: why this is not known; None if it is.
        flags: why the picture should be read with care: `silent` (no photograph fires the filter),
            `beyond_photographs` (the natural gap is more than twice the layer's median), and
            `tells_nothing` (the score is not above 0.5).
    """

    refusal: str | None
    scores: dict[str, Score]
    control: float | None
    halves: tuple[float, float] | None
    positives: int
    negatives: int
    natural_gap: float | None
    path_similarity: float | None
    path_refusal: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class LayerTruth(ResultFile):
    """What the observer says about the filters of one layer.

    Attributes:
        layer: name of the layer.
        observer: name of the observer; None if there is none.
        refusal: why no filter was tested; None if some were.
        photographs: number of photographs.
        seen: side of what a cell sees, in pixels; 0 if it is not known.
        side: side of the patches that the observer got, in pixels; 0 if it got none.
        means: mean score by the kind of explanation.
        advantage: mean of the score of the picture less that of nine exemplars, of filters that
            have both.
        control: mean score of other filters' pictures. Means count only if it is 0.5 ± 0.02.
        random_observer: mean score of pictures by an observer with random weights, of a sample.
        reliability: whether two halves of the photographs agree.
        median_gap: median natural gap of the layer's filters.
        median_path_similarity: median of it.
        device: the device that computed.
        versions: versions of the software that was used, by name.
        filters: the results by index of the filter.
    """

    error_text = "not the truth of a layer"

    layer: str
    observer: str | None
    refusal: str | None
    photographs: int
    seen: int
    side: int
    means: dict[str, Mean]
    advantage: Mean | None
    control: Mean | None
    random_observer: Mean | None
    reliability: Reliability | None
    median_gap: float | None
    median_path_similarity: float | None
    device: str
    versions: dict[str, str]
    filters: dict[int, FilterTruth]

    @property
    def is_sound(self) -> bool:
        """Whether the control is as it must be."""
        return self.control is not None and abs(self.control.value - 0.5) <= TOLERANCE

    def to_json(self) -> bytes:
        """The file's content: JSON, one filter a line; equal results give equal bytes."""
        return json_by_index(asdict(self), "filters", compact=True)


def summarise(
    tests: Mapping[int, FilterTest],
    refusals: Mapping[int, str],
    gaps: Mapping[int, float | None],
    silent: Iterable[int],
    similarities: Mapping[int, PathSimilarity],
    random_scores: Sequence[float],
    **facts: object,
) -> LayerTruth:
    """The record of a layer.

    Args:
        tests: the results by index of the filter.
        refusals: why filters were not tested, by index.
        gaps: the natural gap of each filter.
        silent: indices of the filters that no photograph fires.
        similarities: the path similarity of each filter.
        random_scores: scores of pictures by an observer with random weights.
        facts: the other fields of `LayerTruth`.
    """
    scores = [test.scores for test in tests.values()]
    means = {
        kind: mean
        for kind in KINDS
        if (mean := Mean.of_values([each[kind].value for each in scores if kind in each]))
    }
    advantages = [
        each[PICTURE].value - each[NINE].value
        for each in scores
        if PICTURE in each and NINE in each
    ]
    controls = [test.control for test in tests.values() if test.control is not None]
    median_gap = _median(gaps.values())
    silenced = set(silent)
    filters = {
        index: FilterTruth(
            refusals.get(index),
            dict(test.scores),
            test.control,
            test.halves,
            test.positives,
            test.negatives,
            gaps[index],
            similarities[index].value,
            similarities[index].refusal,
            flags(index in silenced, gaps[index], median_gap, test.scores.get(PICTURE)),
        )
        for index, test in tests.items()
    }
    return LayerTruth(
        means=means,
        advantage=Mean.of_values(advantages),
        control=Mean.of_values(controls),
        random_observer=Mean.of_values(random_scores),
        reliability=Reliability.of_halves([one.halves for one in tests.values() if one.halves]),
        median_gap=median_gap,
        median_path_similarity=_median(one.value for one in similarities.values()),
        filters=filters,
        **facts,  # type: ignore[arg-type]
    )


def _median(values: Iterable[float | None]) -> float | None:
    """The median of the values that are known; None if there are less than `FEWEST_FILTERS`."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if len(known) >= FEWEST_FILTERS else None


def flags(
    is_silent: bool, gap: float | None, median_gap: float | None, picture: Score | None
) -> tuple[str, ...]:
    """Why a picture should be read with care; see `FilterTruth.flags`."""
    conditions = {
        SILENT: is_silent,
        BEYOND: gap is not None and median_gap is not None and gap > EXCESS * median_gap,
        NOTHING: picture is not None and picture.value <= 0.5,
    }
    return tuple(flag for flag, holds in conditions.items() if holds)


COLUMNS = {
    "layer": ("string", "name of the layer"),
    "filter": ("integer", "index of the filter"),
    "picture": ("number", "score of the picture"),
    "picture_error": ("number", "standard error of `picture`"),
    "one_exemplar": ("number", "score of one photograph"),
    "four_exemplars": ("number", "score of four photographs"),
    "nine_exemplars": ("number", "score of nine photographs"),
    "nine_exemplars_error": ("number", "standard error of `nine_exemplars`"),
    "picture_and_nine": ("number", "score of the picture and nine photographs as one explanation"),
    "control": ("number", "mean score of other filters' pictures; 0.5 on average"),
    "first_half": ("number", "score of the picture on one half of the photographs"),
    "second_half": ("number", "score of the picture on the other half"),
    "natural_gap": ("number", "activation on the picture over the greatest on any photograph"),
    "path_similarity": (
        "number",
        "whether the picture takes the path of photographs: 1 natural, 0 arbitrary",
    ),
    "path_left_out": ("string", "why `path_similarity` is not known"),
    "flags": ("string", "why the picture should be read with care, separated by spaces"),
    "left_out": ("string", "why the filter was not tested"),
}
"""Type and meaning of every column of the table; types as in Frictionless Table Schema."""


def table(layers: Iterable[LayerTruth]) -> bytes:
    """The results of all filters as CSV, one row per filter."""
    return to_csv(
        tuple(COLUMNS),
        (
            _row(layer.layer, index, each)
            for layer in layers
            for index, each in sorted(layer.filters.items())
        ),
    )


def _row(layer: str, index: int, each: FilterTruth) -> tuple[object, ...]:
    scores = {kind: found.value for kind, found in each.scores.items()}
    errors = {kind: found.error for kind, found in each.scores.items()}
    first, second = each.halves or (None, None)
    return (
        layer,
        index,
        scores.get("picture"),
        errors.get("picture"),
        scores.get("one_exemplar"),
        scores.get("four_exemplars"),
        scores.get("nine_exemplars"),
        errors.get("nine_exemplars"),
        scores.get("picture_and_nine"),
        each.control,
        first,
        second,
        each.natural_gap,
        each.path_similarity,
        each.path_refusal,
        " ".join(each.flags),
        each.refusal,
    )


def markdown(layers: Sequence[LayerTruth]) -> str:
    """A table with one row per layer, with both controls beside the scores."""
    head = (
        "| layer | filters | picture | 1 exemplar | 4 | 9 | picture and 9 | picture less 9 "
        "| control | random observer | halves | path similarity | flagged |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    )
    return head + "".join(map(_summary_row, layers))


def _summary_row(layer: LayerTruth) -> str:
    tested = sum(each.refusal is None for each in layer.filters.values())
    path = "–" if layer.median_path_similarity is None else f"{layer.median_path_similarity:.2f}"
    if layer.refusal:
        empty = " |" * 8
        return f"| {layer.layer} | 0 | left out: {layer.refusal} |{empty} {path} | |\n"
    advantage, control = layer.advantage, layer.control
    flagged = sum(bool(each.flags) for each in layer.filters.values())
    cells = [
        layer.layer,
        f"{tested:,}",
        *(_number(layer.means.get(kind)) for kind in KINDS),
        f"{advantage.value:+.3f} ({advantage.low:+.3f} to {advantage.high:+.3f})"
        if advantage
        else "–",
        _number(control) + (": **not 0.50 ± 0.02**" if control and not layer.is_sound else ""),
        _number(layer.random_observer),
        f"{layer.reliability.correlation:.2f}" if layer.reliability else "–",
        path,
        f"{flagged:,}",
    ]
    return f"| {' | '.join(cells)} |\n"


def _number(mean: Mean | None) -> str:
    return f"{mean.value:.3f}" if mean else "–"
