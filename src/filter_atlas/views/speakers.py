"""The record of an attribution: which filters speak for the likeliest classes, and against them."""

from dataclasses import asdict, dataclass

from filter_atlas.base.result_file import ResultFile, json_by_index

TOLERANCE = 0.01
"""Greatest error of completeness, as a share of the difference of the logits."""


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
            filters, drawn or not. None if the error is too great, and nothing was removed.
        random_falls: the same for random choices of as many filters of the layer.
    """

    favour: tuple[Speaker, ...]
    against: tuple[Speaker, ...]
    incomplete: float
    fall: float | None
    random_falls: tuple[float, ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether removing the filters lowers the logit more than any random choice does.

        The parts of all filters must also add up to the difference of the logits.
        """
        return (
            self.fall is not None
            and self.fall > max(self.random_falls)
            and self.incomplete <= TOLERANCE
        )


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
