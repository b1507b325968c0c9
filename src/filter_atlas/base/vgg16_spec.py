"""The architecture of VGG16's convolutional part, as plain facts (no TensorFlow).

Source: K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (2014), configuration D; layer names as in `keras.applications.vgg16`.
"""

from dataclasses import dataclass

KERNEL_SIZE = 3
IMAGENET_DIGEST = "d9a27cc1fc7f975ef8cff49180e794ccd7c4bc868ebb49740803b3bbaa8dbefd"
"""`digests.weights_digest` of the ImageNet weights by the Visual Geometry Group."""

MINIMUM_SIZE = 32
"""Minimum side of a picture, in pixels: five poolings by two leave one cell."""


@dataclass(frozen=True)
class ConvLayer:
    """One 3×3 convolution with stride 1, padding `same`, a bias, and a ReLU.

    `pools_before` is the number of 2×2 max poolings between the picture and this layer. The layer
    sees the picture at 1 / 2**pools_before of its side.
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

POOLINGS = LAYERS[-1].pools_before + 1
"""Number of poolings, including the one after the last convolution."""

BY_NAME = {layer.name: layer for layer in LAYERS}

KERAS_NAMES = {layer.paper_name: layer.name for layer in LAYERS}
"""From the paper's names (`conv5_1`) to Keras's (`block5_conv1`)."""


def layers_up_to(name: str) -> tuple[ConvLayer, ...]:
    """The convolutions from the picture up to and including layer `name`."""
    return LAYERS[: LAYERS.index(BY_NAME[name]) + 1]
