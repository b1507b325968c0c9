"""What both scripts for Horama share: its defaults, and the visible part of its canvas.

Values of -2.5..2.5 (mapped to 0..255 for the network), NAdam(1.0), noise 0.05, six random crops a
step. Horama's network never sees the whole picture, only crops of 0.25 to 0.30 of the side. So the
picture must be larger than the network's input: by default 1280 for 224, and this ratio is kept.
The result here is the central crop, resized to the network's input.
"""

from collections.abc import Callable
from typing import Any

import job

# isort: split
import numpy as np
import spare_torchvision
import torch

spare_torchvision.install_if_needed()
from horama import plots  # noqa: E402

CANVAS_PER_INPUT = 1280 / 224
"""The defaults of image_size and model_input_size."""

CROP = 0.275
"""Mean side of the crops that `horama.common.optimization_step` takes from its default box_size."""


def drawer(method: Callable[..., Any], task: job.Job, layer: str) -> job.Draw:
    """Horama's optimisation for one layer, by `method`: its `fourier` or its `maco`."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module = job.torch_module(task, layer).to(device)

    # The library's spectrum fits even sides only.
    side = 2 * round(CANVAS_PER_INPUT * task.size / 2)

    def draw(index: int, steps: int) -> job.Drawing:
        canvas, transparency = method(
            lambda pictures: torch.mean(module(_unit(pictures))[:, index]),
            total_steps=steps,
            image_size=side,
            model_input_size=task.size,
            device=device,
        )
        picture = plots.check_format(_view(_unit(canvas), task.size))
        alpha = plots.check_format(_view(transparency, task.size))
        return job.Drawing(255 * picture[..., ::-1], on_white(picture, alpha))

    return draw


def on_white(picture: job.Floats, alpha: job.Floats) -> job.Bytes:
    """The pixels that `horama.plot_maco` plots."""
    visible = plots.normalize(plots.clip_percentile(picture, 1.0))
    alpha = np.mean(alpha, -1, keepdims=True)
    alpha = np.clip(alpha, None, np.percentile(alpha, 80))
    alpha = alpha / alpha.max()
    return job.to_bytes(visible * alpha + 1 - alpha)


def _unit(pictures: torch.Tensor) -> torch.Tensor:
    return (pictures + 2.5) / 5


def _view(canvas: torch.Tensor, size: int) -> torch.Tensor:
    side = round(CROP * canvas.shape[-1])
    first = (canvas.shape[-1] - side) // 2
    crop = canvas[None, :, first : first + side, first : first + side].detach()
    return torch.nn.functional.interpolate(
        crop, size=(size, size), mode="bilinear", antialias=True
    )[0]
