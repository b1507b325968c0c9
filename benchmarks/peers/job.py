"""What all peers' scripts share: the job, VGG16 in the peer's framework, and the result.

Each peer draws its own picture in its own way. Here is only what must be equal for all of them: the
weights, the function of raw BGR grey levels (0 to 255, no mean subtracted), the clock, the output.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Scripts import this module first. Python searches a script's folder before all others, and some
# scripts here have the names of the libraries that they import.
sys.path.append(sys.path.pop(0))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TQDM_DISABLE", "1")

LAYERS = tuple(
    f"block{block}_conv{convolution}"
    for block, convolutions in enumerate((2, 2, 3, 3, 3), start=1)
    for convolution in range(1, convolutions + 1)
)
"""VGG16's 13 convolutions, in network order."""

WARM_UP_STEPS = 2

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """What to draw. `threads` is 0 if the framework chooses their number."""

    weights: Path
    filters: tuple[tuple[str, int], ...]
    size: int
    steps: int
    seed: int
    threads: int

    @classmethod
    def from_file(cls, path: Path) -> "Job":
        """The job in a JSON file."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            weights=Path(fields["weights"]),
            filters=tuple((layer, int(index)) for layer, index in fields["filters"]),
            size=fields["size"],
            steps=fields["steps"],
            seed=fields["seed"],
            threads=fields["threads"],
        )


@dataclass(frozen=True)
class Drawing:
    """A finished filter: the input of the first convolution, and the picture that the user sees.

    `picture` holds BGR grey levels of any range, (size, size, 3); `shown` is RGB.
    """

    picture: Floats
    shown: Bytes


Draw = Callable[[int, int], Drawing]
"""Draws the filter of an index, in a number of steps."""


def run(library: str, seed: Callable[[int], object], drawer: Callable[[Job, str], Draw]) -> None:
    """Draw the job of the command line, filter by filter, and write the result.

    `drawer` makes a layer's `Draw`. Another `Draw` of the layer first draws a picture that is
    discarded. So no time includes the framework's first use, but the times of a peer that traces
    again for each filter include the tracing.
    """
    job, out = Job.from_file(Path(sys.argv[1])), Path(sys.argv[2])
    drawings: list[Drawing] = []
    seconds: list[float] = []
    layer_drawers: dict[str, Draw] = {}
    for position, (layer, index) in enumerate(job.filters):
        if layer not in layer_drawers:
            drawer(job, layer)(index, WARM_UP_STEPS)
            layer_drawers[layer] = drawer(job, layer)
        seed(job.seed + position)
        started = time.perf_counter()
        drawings.append(layer_drawers[layer](index, job.steps))
        seconds.append(time.perf_counter() - started)
    with out.open("wb") as file:
        np.savez(
            file,
            pictures=np.stack([drawing.picture for drawing in drawings]).astype(np.float32),
            shown=np.stack([drawing.shown for drawing in drawings]),
            seconds=np.array(seconds),
            library=np.array(library),
        )


def to_bytes(picture: npt.NDArray[np.floating[Any]]) -> Bytes:
    """A picture between 0 and 1 as 8-bit values."""
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def tensors(job: Job, layer: str) -> list[tuple[str, Floats, Floats]]:
    """Name, kernel (HWIO) and bias of every convolution up to `layer`."""
    import h5py

    names = LAYERS[: LAYERS.index(layer) + 1]
    with h5py.File(job.weights, "r") as file:
        return [(name, file[f"{name}/kernel"][()], file[f"{name}/bias"][()]) for name in names]


def keras_model(job: Job, layer: str, to_rgb_levels: Callable[[Any], Any]) -> Any:
    """A Keras model of VGG16 up to `layer`, whose input is the peer's RGB picture.

    `to_rgb_levels` maps that picture to grey levels.
    """
    import keras
    import tensorflow as tf

    if job.threads and tf.config.threading.get_intra_op_parallelism_threads() != job.threads:
        tf.config.threading.set_intra_op_parallelism_threads(job.threads)

    inputs = keras.Input((job.size, job.size, 3))
    x = to_rgb_levels(inputs)[..., ::-1]
    convolutions = tensors(job, layer)
    for name, _, bias in convolutions:
        if name.endswith("conv1") and name != LAYERS[0]:
            x = keras.layers.MaxPooling2D()(x)
        x = keras.layers.Conv2D(len(bias), 3, padding="same", activation="relu", name=name)(x)
    model = keras.Model(inputs, x)
    for name, kernel, bias in convolutions:
        model.get_layer(name).set_weights([kernel, bias])
    model.trainable = False
    return model


def torch_module(job: Job, layer: str) -> Any:
    """A torch module of VGG16 up to `layer`, of RGB pictures between 0 and 1, (batch, 3, h, w).

    Its children are called `levels`, then as in Keras: `block1_conv1`, `block1_relu1`, and so on.
    """
    import torch

    class ToLevels(torch.nn.Module):
        """From RGB in 0..1 to the BGR grey levels that the weights were trained for."""

        def forward(self, picture: Any) -> Any:
            return 255 * picture.flip(1)

    if job.threads:
        torch.set_num_threads(job.threads)
    network = torch.nn.Sequential()
    network.add_module("levels", ToLevels())
    for name, kernel, bias in tensors(job, layer):
        if name.endswith("conv1") and name != LAYERS[0]:
            network.add_module(name.replace("conv1", "pool"), torch.nn.MaxPool2d(2))
        convolution = torch.nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
        convolution.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        convolution.bias.data = torch.from_numpy(bias)
        network.add_module(name, convolution)
        network.add_module(name.replace("conv", "relu"), torch.nn.ReLU())
    return network.eval().requires_grad_(False)


def seed_torch(seed: int) -> None:
    """Seed every random generator that a torch library can use."""
    import torch

    np.random.seed(seed)
    torch.manual_seed(seed)
