"""The architecture of VGG16's convolutional part, as plain facts (no TensorFlow).

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (2014), configuration D; layer names as in `keras.applications.vgg16`.
"""

from dataclasses import dataclass

KERNEL_SIZE = 3
MINIMUM_SIZE = 32
"""Smallest input side, in pixels: five poolings by two leave one cell at the end."""


@dataclass(frozen=True)
class ConvLayer:
    """One 3×3 convolution with stride 1, padding `same`, a bias, and a ReLU.

    `pools_before` counts the 2×2 max poolings between the picture and this layer: it sees the
    picture at 1 / 2**pools_before of its side.
    """

    name: str
    paper_name: str
    in_channels: int
    filters: int
    pools_before: int

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel: height, width, input channels, filters (HWIO)."""
        return (KERNEL_SIZE, KERNEL_SIZE, self.in_channels, self.filters)

    def multiply_adds(self, size: int, filters: int | None = None) -> int:
        """Multiply-adds of this layer's convolution on one square picture of side `size`.

        `filters` restricts the count to that many of the layer's filters.
        """
        side = size >> self.pools_before
        outputs = self.filters if filters is None else filters
        return side * side * KERNEL_SIZE * KERNEL_SIZE * self.in_channels * outputs


def _layers() -> tuple[ConvLayer, ...]:
    layers = []
    in_channels = 3
    for block, (convolutions, filters) in enumerate(
        [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1
    ):
        for convolution in range(1, convolutions + 1):
            layers.append(
                ConvLayer(
                    name=f"block{block}_conv{convolution}",
                    paper_name=f"conv{block}_{convolution}",
                    in_channels=in_channels,
                    filters=filters,
                    pools_before=block - 1,
                )
            )
            in_channels = filters
    return tuple(layers)


LAYERS = _layers()
"""The 13 convolutions, in network order."""

BY_NAME = {layer.name: layer for layer in LAYERS}

KERAS_NAMES = {layer.paper_name: layer.name for layer in LAYERS}
"""From the paper's names (`conv5_1`) to Keras's (`block5_conv1`)."""


def layers_up_to(name: str) -> tuple[ConvLayer, ...]:
    """The convolutions from the picture up to and including layer `name`."""
    return LAYERS[: LAYERS.index(BY_NAME[name]) + 1]
