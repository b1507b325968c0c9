"""The file of one layer's picture measures: a value of each measure for every drawn filter."""

from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import AfterValidator

from filter_atlas.base.result_file import ResultFile, json_by_index
from filter_atlas.measure.measures import MEASURES, PICTURE_MEASURES, Value

_REQUIRED = {measure.name for measure in MEASURES if not measure.optional}


def _check_row(row: dict[str, Value]) -> dict[str, Value]:
    if tuple(row) != PICTURE_MEASURES:
        raise ValueError("a filter has other measures than this version computes")
    for name, value in row.items():
        if value is None and name in _REQUIRED:
            raise ValueError(f"{name} is null")
    return row


@dataclass(frozen=True)
class LayerMeasures(ResultFile):
    """The picture measures of a layer's filters, and what computed them.

    Attributes:
        layer: Keras name of the layer.
        weights_digest: sha256 of the canonical weights.
        code_digest: sha256 of the code that measured.
        device: kind of device that measured, such as `CPU` or a GPU's name.
        tensor_float_32: whether a GPU was allowed to round factors to TF32's 10 bits.
        versions: versions of the software that was used, by name.
        values: the value of each measure, by filter index and then by measure name.
    """

    error_text = "not the measures of a layer"

    layer: str
    weights_digest: str
    code_digest: str
    device: str
    tensor_float_32: bool
    versions: dict[str, str]
    values: dict[int, Annotated[dict[str, Value], AfterValidator(_check_row)]]

    def to_json(self) -> bytes:
        """The file's content: JSON, one filter a line; equal measures give equal bytes."""
        return json_by_index(asdict(self), "values")
