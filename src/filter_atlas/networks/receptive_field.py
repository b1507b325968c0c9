"""The receptive field of every cell of a layer: the pixels on which its value depends.

Rows and columns are independent of each other, so a field is an interval of rows and an interval
of columns. Each is computed through every operation between the picture and the layer. This is
exact at the border too, where a cell sees less than its neighbours. Formulas that give one size and
one offset for a whole layer (A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill 2019) describe the cells away from the border only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from filter_atlas.base.vgg16_spec import KERNEL_SIZE, LAYERS

Padding = Literal["valid", "same"]

_NOTHING = np.iinfo(np.int32).max
"""First pixel of a cell that sees no pixel at all; its last one is the negative of it."""


@dataclass(frozen=True, eq=False)
class Axis:
    """What the cells along one axis of a feature map see.

    Attributes:
        low: (cells,) int32, the first pixel that each cell sees.
        high: (cells,) int32, the pixel after the last one.
        is_clipped: (cells,) bool, whether the cell also sees padding beyond the picture.
    """

    low: np.ndarray
    high: np.ndarray
    is_clipped: np.ndarray

    @classmethod
    def of_picture(cls, size: int) -> Self:
        """The pixels themselves: each sees itself."""
        pixels = np.arange(size, dtype=np.int32)
        return cls(pixels, pixels + 1, np.zeros(size, bool))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.low)

    def window(
        self, kernel: int, stride: int = 1, dilation: int = 1, padding: Padding = "valid"
    ) -> "Axis":
        """What the cells of a convolution or a pooling see.

        Args:
            kernel: number of taps.
            stride: cells from one window to the next.
            dilation: cells from one tap to the next.
            padding: TensorFlow's: `same` pads as much as gives cells / stride windows, rounded up,
                with the odd cell at the end.
        """
        reach = (kernel - 1) * dilation + 1
        padded = self
        if padding == "same":
            missing = max((-(-self.cells // stride) - 1) * stride + reach - self.cells, 0)
            padded = self.pad(missing // 2, missing - missing // 2)
        count = (padded.cells - reach) // stride + 1
        taps = np.arange(count)[:, np.newaxis] * stride + np.arange(kernel) * dilation
        return Axis(
            padded.low[taps].min(axis=1),
            padded.high[taps].max(axis=1),
            padded.is_clipped[taps].any(axis=1),
        )

    def pad(self, before: int, after: int) -> "Axis":
        """Add cells of padding, which see no pixel."""
        ends = (before, after)
        return Axis(
            np.pad(self.low, ends, constant_values=_NOTHING),
            np.pad(self.high, ends, constant_values=-_NOTHING),
            np.pad(self.is_clipped, ends, constant_values=True),
        )

    def crop(self, before: int, after: int) -> "Axis":
        """Remove cells at both ends."""
        kept = slice(before, self.cells - after)
        return Axis(self.low[kept], self.high[kept], self.is_clipped[kept])

    def repeat(self, times: int) -> "Axis":
        """Repeat every cell, as an enlargement to the nearest neighbour does."""
        return Axis(*(np.repeat(one, times) for one in (self.low, self.high, self.is_clipped)))

    def whole(self, size: int) -> "Axis":
        """Let every cell see the whole picture."""
        return Axis(
            np.zeros(self.cells, np.int32),
            np.full(self.cells, size, np.int32),
            np.zeros(self.cells, bool),
        )

    def union(self, other: "Axis") -> "Axis":
        """What cells see that are computed from both; a single cell is used for all cells.

        Raises:
            ValueError: the numbers of cells differ.
        """
        if 1 not in (self.cells, other.cells) and self.cells != other.cells:
            raise ValueError(f"{self.cells} and {other.cells} cells cannot be joined")
        return Axis(
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.is_clipped | other.is_clipped,
        )


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """The receptive fields of all cells of a layer.

    Attributes:
        rows: what each row of cells sees.
        columns: what each column of cells sees.
    """

    rows: Axis
    columns: Axis

    @classmethod
    def of_picture(cls, size: int) -> Self:
        """The field of the pixels of a square picture."""
        axis = Axis.of_picture(size)
        return cls(axis, axis)

    @property
    def side(self) -> int:
        """Side of the largest field along either axis, in pixels."""
        return max(int((axis.high - axis.low).max()) for axis in (self.rows, self.columns))

    def window(
        self,
        kernel: Sequence[int],
        strides: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        padding: Padding = "valid",
    ) -> "ReceptiveField":
        """The field of a convolution or a pooling; pairs are for rows and for columns."""
        rows, columns = zip(kernel, strides, dilation, strict=True)
        return ReceptiveField(
            self.rows.window(*rows, padding), self.columns.window(*columns, padding)
        )

    def whole(self, size: int) -> "ReceptiveField":
        """The same cells, each of which sees the whole picture."""
        return ReceptiveField(self.rows.whole(size), self.columns.whole(size))

    def pad(self, rows: Sequence[int], columns: Sequence[int]) -> "ReceptiveField":
        """Add cells of padding at the top and the bottom, and at the left and the right."""
        return ReceptiveField(self.rows.pad(*rows), self.columns.pad(*columns))

    def crop(self, rows: Sequence[int], columns: Sequence[int]) -> "ReceptiveField":
        """Remove cells at the top and the bottom, and at the left and the right."""
        return ReceptiveField(self.rows.crop(*rows), self.columns.crop(*columns))

    def repeat(self, rows: int, columns: int) -> "ReceptiveField":
        """Repeat every row and every column of cells."""
        return ReceptiveField(self.rows.repeat(rows), self.columns.repeat(columns))

    def cell(self) -> "ReceptiveField":
        """The first cell alone."""
        return ReceptiveField(
            self.rows.crop(0, self.rows.cells - 1), self.columns.crop(0, self.columns.cells - 1)
        )

    def require_single_cell(self) -> "ReceptiveField":
        """The same field, if it is that of a single cell.

        Raises:
            ValueError: there are several cells.
        """
        if (self.rows.cells, self.columns.cells) != (1, 1):
            raise ValueError("cells are rearranged")
        return self

    def union(self, other: "ReceptiveField") -> "ReceptiveField":
        """The field of cells that are computed from both."""
        return ReceptiveField(self.rows.union(other.rows), self.columns.union(other.columns))

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """The pixels that a cell sees: left, top, right, bottom; the last two are exclusive.

        The box of a cell that sees nothing but padding is empty.
        """
        top, bottom = int(self.rows.low[row]), int(self.rows.high[row])
        left, right = int(self.columns.low[column]), int(self.columns.high[column])
        return (left, top, right, bottom) if top < bottom and left < right else (0, 0, 0, 0)

    def is_clipped(self, row: int, column: int) -> bool:
        """Whether a cell also sees padding beyond the picture."""
        return bool(self.rows.is_clipped[row] or self.columns.is_clipped[column])


@dataclass(frozen=True)
class UnknownField:
    """The receptive field of a layer is not known.

    Attributes:
        reason: why not.
    """

    reason: str


def vgg16_receptive_fields(size: int) -> dict[str, ReceptiveField]:
    """The receptive fields of VGG16's convolutions, by name.

    Args:
        size: side of the square pictures, in pixels.
    """
    fields: dict[str, ReceptiveField] = {}
    field, pools = ReceptiveField.of_picture(size), 0
    for layer in LAYERS:
        for _ in range(layer.pools_before - pools):
            field = field.window((2, 2), (2, 2))
        pools = layer.pools_before
        field = field.window((KERNEL_SIZE, KERNEL_SIZE), padding="same")
        fields[layer.name] = field
    return fields
