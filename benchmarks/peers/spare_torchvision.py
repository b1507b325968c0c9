"""A replacement for the parts of torchvision that peers use, if torchvision cannot be loaded.

Its wheel fits one build of torch only. With another build, such as a CPU-only torch beside PyPI's
wheel of torchvision, its import fails.
"""

import math
import sys
import types
from typing import Any

import torch


def install_if_needed() -> None:
    """Make `import torchvision` work, with the real torchvision if possible."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _add("torchvision")
        _add("torchvision.transforms", Normalize=_unavailable)
        _add("torchvision.ops", roi_align=roi_align)
        _add("torchvision.datasets")
        _add("torchvision.datasets.utils", download_url=_unavailable)


def roi_align(image: torch.Tensor, boxes: torch.Tensor, output_size: tuple[int, int]) -> Any:
    """Cut boxes (image index, x0, y0, x1, y1) out of one image and resize them.

    The values are those of `torchvision.ops.roi_align` if no box is larger than the output. The
    original takes ceil(box / output) samples per pixel, which is one in this case.
    """
    height, width = image.shape[-2:]
    x0, y0, x1, y1 = boxes[:, 1:].T[:, :, None]
    if image.shape[0] != 1 or math.ceil(float((x1 - x0).max()) / output_size[1]) > 1:
        raise ValueError("this replacement takes one image, and boxes no larger than the output")
    # The original's `aligned=False` stretches a box of less than a pixel to one pixel.
    x = x0 + (x1 - x0).clamp(min=1) * (torch.arange(output_size[1]).to(x0) + 0.5) / output_size[1]
    y = y0 + (y1 - y0).clamp(min=1) * (torch.arange(output_size[0]).to(y0) + 0.5) / output_size[0]
    grid = torch.stack(
        torch.broadcast_tensors(
            (2 * x / (width - 1) - 1)[:, None, :], (2 * y / (height - 1) - 1)[:, :, None]
        ),
        dim=-1,
    )
    crops = torch.nn.functional.grid_sample(
        image.expand(len(boxes), -1, -1, -1), grid, padding_mode="border", align_corners=True
    )
    inside = ((x >= -1) & (x <= width))[:, None, None, :] & ((y >= -1) & (y <= height))[
        :, None, :, None
    ]
    return crops * inside


def _add(name: str, **contents: object) -> None:
    module = types.ModuleType(name)
    vars(module).update(contents)
    sys.modules[name] = module


def _unavailable(*_: object, **__: object) -> None:
    raise ImportError("torchvision does not fit the installed torch; install the pair")
