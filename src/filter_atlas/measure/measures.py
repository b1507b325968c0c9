"""The table of measures of finished pictures; each measure is declared once.

The table of results, its schema, the documentation, and the panels, search and order of the pages
follow from `MEASURES`. A measure of the record is known as soon as the filter is drawn. A measure
of the picture is computed afterwards, by the rule `measure`, from the 8 bits of the PNG, which is
what people see. So a new measure redraws nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

import numpy as np

from filter_atlas.measure.contributions import Contributions
from filter_atlas.measure.record import Record

Value = bool | int | float | str | None
"""A measured value; None where there is none."""

Values = Mapping[str, Value]
"""Measured values by the name of their measure."""


@dataclass(frozen=True)
class PictureResponse:
    """A finished picture and the network's response to it: the input of every picture measure.

    Activations are means over space, after ReLU.

    Attributes:
        pixels: (size, size, 3) uint8, RGB.
        filter: index of the picture's own filter.
        activations: (filters,) float32, of every filter of the layer.
        peak: greatest activation of the picture's own filter in any cell.
        path: (filters,) float16, of every filter in the first cell that has this peak, as shares of
            the greatest of them; see `measure.cells`.
        shifted: activation of the picture's own filter when the picture is shifted by 4 pixels
            right and down.
        rotated: activation of the picture's own filter when the picture is rotated by 5 degrees
            counter-clockwise.
        contributions: what feeds the picture's own filter where it fires most; no measure uses it.
        article_activation: activation of the picture's own filter when VGG16 gets the picture as in
            the article of 2016; None for pictures that were drawn as VGG16 was trained.
    """

    pixels: np.ndarray
    filter: int
    activations: np.ndarray
    peak: float
    path: np.ndarray
    shifted: float
    rotated: float
    contributions: Contributions
    article_activation: float | None = None

    @property
    def activation(self) -> float:
        """Activation of the picture's own filter."""
        return float(self.activations[self.filter])


def mean(values: Sequence[Any]) -> float | None:
    """Mean of the values of several pictures, without those that are None; None if all are."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure. Exactly one of the three functions that compute it is given.

    Attributes:
        name: name of its column, its key in files, and its name in the search of the pages.
        type: type of its values, as in Frictionless Table Schema.
        unit: unit of its values; empty where they have none.
        meaning: its meaning, as the documentation states it.
        from_record: function that computes it from a filter's record.
        from_picture: function that computes it from a picture and the network's response to it.
        from_both: function that computes it from the record and the values of the picture
            measures.
        optional: whether a value can be None.
        combine: function that combines the values of several pictures of a filter into one.
        label: its label in a filter's panel; None if the panel does not list it.
        display: how pages format it.
        orders: the labels of its ascending and its descending order; None if pages do not sort by
            it.

    Raises:
        ValueError: not exactly one of the three functions is given.
    """

    name: str
    type: Literal["string", "integer", "number", "boolean"] = "number"
    unit: str = ""
    meaning: str
    from_record: Callable[[Record], Value] | None = None
    from_picture: Callable[[PictureResponse], Value] | None = None
    from_both: Callable[[Record, Values], Value] | None = None
    optional: bool = False
    combine: Callable[[Sequence[Any]], Value] = mean
    label: str | None = None
    display: Literal["number", "share", "factor", "ordinal"] = "number"
    orders: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        functions = (self.from_record, self.from_picture, self.from_both)
        if sum(function is not None for function in functions) != 1:
            raise ValueError(f"measure {self.name}: give exactly one function that computes it")

    def value(self, record: Record, picture: Values) -> Value:
        """The value of the measure for one filter.

        Args:
            record: the filter's record.
            picture: the values of its picture measures, by name.
        """
        if self.from_record:
            return self.from_record(record)
        if self.from_both:
            return self.from_both(record, picture)
        return picture[self.name]


def alive(record: Record) -> bool:
    """Whether the filter fires at all on its own picture."""
    return record.final_activation > 0


def gain(record: Record) -> float | None:
    """Factor by which the activation rose from the start; None where it started at 0."""
    return _ratio(record.final_activation, record.start_activation)


def shown_share(record: Record, values: Values) -> float | None:
    """Activation on the 8-bit PNG, fed as it was drawn, as a share of that before 8 bits."""
    fed_alike = values["article_activation"]
    shown = values["shown_activation"] if fed_alike is None else fed_alike
    return _ratio(_number(shown), record.final_activation)


def shift_robustness(response: PictureResponse) -> float | None:
    """Share of the activation that is left after a shift; None where the activation is 0."""
    return _share_left(response.shifted, response.activation)


def rotation_robustness(response: PictureResponse) -> float | None:
    """Share of the activation that is left after a rotation; None where the activation is 0."""
    return _share_left(response.rotated, response.activation)


def robustness(record: Record, values: Values) -> float | None:
    """Mean of both kinds of robustness; None where there is none."""
    shift, rotation = values["shift_robustness"], values["rotation_robustness"]
    if shift is None or rotation is None:
        return None
    return (_number(shift) + _number(rotation)) / 2


def noisiness(pixels: np.ndarray) -> float:
    """Share of a picture's spectral energy above half of Nyquist's frequency.

    Half of Nyquist's frequency is a quarter of a cycle per pixel. The mean of each channel does not
    count. A picture of one colour has a noisiness of 0.

    Args:
        pixels: (height, width, 3) uint8.

    Returns:
        From 0 to 1.
    """
    centred = pixels - pixels.mean(axis=(0, 1))
    energy = (np.abs(np.fft.fft2(centred, axes=(0, 1))) ** 2).sum(axis=2)
    height, width, _ = pixels.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    total = energy.sum()
    return float(energy[frequency > 0.25].sum() / total) if total > 1e-6 else 0.0


def saturated(pixels: np.ndarray) -> float:
    """Share of a picture's values that are 0 or 255."""
    return float(((pixels == 0) | (pixels == 255)).mean())


def rank(response: PictureResponse) -> int:
    """Rank of the filter among all of its layer by activation on this picture; 1 is the first."""
    activations = response.activations
    return 1 + int((activations > activations[response.filter]).sum())


def z_score(response: PictureResponse) -> float | None:
    """Standard deviations by which the filter's activation exceeds the mean of its layer's filters.

    None where all filters of the layer have the same activation.
    """
    spread = float(response.activations.std(dtype=float))
    average = float(response.activations.mean(dtype=float))
    return (response.activation - average) / spread if spread > 0 else None


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _share_left(changed: float, activation: float) -> float | None:
    """Activation after a change of a picture, as a share of the activation before."""
    return changed / activation if activation > 0 else None


def _number(value: Value) -> float:
    """A value that must be a number: checked here, and known to the type checker."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="layer",
        type="string",
        meaning="Keras name of the layer",
        from_record=lambda record: record.layer,
    ),
    Measure(
        name="filter",
        type="integer",
        meaning="index of the filter in its layer, from 0",
        from_record=lambda record: record.filter,
    ),
    Measure(
        name="alive",
        type="boolean",
        meaning="whether the final activation is above 0",
        from_record=alive,
    ),
    Measure(
        name="start_activation",
        meaning="mean activation, after ReLU, on the noise at the start",
        from_record=lambda record: record.start_activation,
        label="Activation at the start",
    ),
    Measure(
        name="final_activation",
        meaning="mean activation on the finished picture, before it became 8 bits",
        from_record=lambda record: record.final_activation,
        orders=("weakest first", "strongest first"),
    ),
    Measure(
        name="final_peak",
        meaning="greatest activation of any cell on the finished picture",
        from_record=lambda record: record.final_peak,
        label="Peak",
    ),
    Measure(
        name="gain",
        meaning="final_activation / start_activation",
        from_record=gain,
        label="Gain",
        display="factor",
    ),
    Measure(
        name="final_pre_activation",
        meaning="mean pre-activation (before ReLU) on the finished picture",
        from_record=lambda record: record.final_pre_activation,
    ),
    Measure(
        name="attempts",
        type="integer",
        unit="starts",
        meaning="number of starts of the ascent",
        from_record=lambda record: record.attempts,
    ),
    Measure(
        name="shown_activation",
        meaning="mean activation on the 8-bit PNG, fed as the network was trained",
        from_picture=lambda response: response.activation,
        label="Activation on the 8-bit PNG",
    ),
    Measure(
        name="shown_peak",
        meaning="greatest activation of any cell on the 8-bit PNG",
        from_picture=lambda response: response.peak,
    ),
    Measure(
        name="article_activation",
        meaning="mean activation on the 8-bit PNG, fed as in the article of 2016; only for recipes "
        "with `as_trained: false`",
        from_picture=lambda response: response.article_activation,
        optional=True,
    ),
    Measure(
        name="shown_share",
        unit="share",
        meaning="activation on the 8-bit PNG, fed as it was drawn, / final_activation",
        from_both=shown_share,
        label="Share left on the 8-bit PNG",
        display="share",
    ),
    Measure(
        name="shift_robustness",
        unit="share",
        meaning="share of shown_activation left after a shift by 4 pixels",
        from_picture=shift_robustness,
        optional=True,
        label="Share left after a shift by 4 px",
        display="share",
    ),
    Measure(
        name="rotation_robustness",
        unit="share",
        meaning="share of shown_activation left after a rotation by 5 degrees",
        from_picture=rotation_robustness,
        optional=True,
        label="Share left after a rotation by 5°",
        display="share",
    ),
    Measure(
        name="robustness",
        unit="share",
        meaning="mean of shift_robustness and rotation_robustness",
        from_both=robustness,
        display="share",
        orders=("least robust first", "most robust first"),
    ),
    Measure(
        name="noisiness",
        unit="share",
        meaning="share of spectral energy above half of Nyquist's frequency",
        from_picture=lambda response: noisiness(response.pixels),
        label="Noisiness",
        display="share",
        orders=("cleanest first", "noisiest first"),
    ),
    Measure(
        name="saturated",
        unit="share",
        meaning="share of values that are 0 or 255",
        from_picture=lambda response: saturated(response.pixels),
        label="Saturated values",
        display="share",
    ),
    Measure(
        name="rank",
        type="integer",
        meaning="rank among all filters of the layer by activation on this picture",
        from_picture=rank,
        combine=max,
        label="Rank on its own picture",
        display="ordinal",
    ),
    Measure(
        name="z_score",
        unit="standard deviations",
        meaning="how far the activation on this picture exceeds the mean of the layer's filters",
        from_picture=z_score,
        optional=True,
        label="z-score in its layer",
    ),
    Measure(
        name="certificate",
        type="string",
        meaning="reason why the filter is silent on its own picture",
        from_record=lambda record: record.certificate,
    ),
)
"""All measures, in the order of the table's columns. A new measure is one more entry."""


PICTURE_MEASURES = tuple(measure.name for measure in MEASURES if measure.from_picture)
"""Names of the measures that are computed from pictures, in order."""


def picture_values(responses: Sequence[PictureResponse]) -> dict[str, Value]:
    """The values of all picture measures of one filter.

    Args:
        responses: one for each picture of the filter; at least one.
    """
    return {
        measure.name: measure.combine([measure.from_picture(response) for response in responses])
        for measure in MEASURES
        if measure.from_picture
    }


def measure_values(record: Record, picture: Values) -> dict[str, Value]:
    """The values of all measures of one filter, in the order of `MEASURES`.

    Args:
        record: the filter's record.
        picture: the values of its picture measures, by name.

    Raises:
        KeyError: a picture measure has no value.
    """
    return {measure.name: measure.value(record, picture) for measure in MEASURES}


def known_numbers(filters: Iterable[Values], measure: str) -> list[float]:
    """The values of one measure that are numbers, without those that are None.

    Args:
        filters: the values of each filter, by name.
        measure: name of the measure.
    """
    found = (values[measure] for values in filters)
    return [value for value in found if isinstance(value, int | float)]
