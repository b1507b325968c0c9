"""A second network: does a class picture fool it, too?

A picture that was optimised for one network is often misclassified by others (C. Szegedy et al.,
"Intriguing properties of neural networks", 2014). What a second network says shows how much of a
class picture is a peculiarity of the first one. A sister network proves less than one of another
architecture.
"""

from collections.abc import Callable
from pathlib import Path

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures import sources
from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.settings.classes import Classes


def load_second(
    settings: Classes, classifier: Classifier, cache: Path, log: Callable[[str], None]
) -> Classifier | None:
    """Load the second network.

    Args:
        settings: the settings, which can name it.
        classifier: the network whose class pictures are drawn.
        cache: folder for downloads.
        log: takes one line if the network cannot be fetched.

    Returns:
        None if none is wanted, if the classifier has other classes than ImageNet's, or if the
        network cannot be fetched: the class pictures are worth having without it.

    Raises:
        ClassifierError: the second network is the classifier itself.
    """
    name = settings.second
    if name is None or classifier.names != class_names.imagenet():
        return None
    try:
        sources.fetch_classifier(name, cache)
    except ClassifierError as error:
        log(f"no second network: {error}")
        return None
    second = load_classifier(Classes(network=name), cache)
    if second.digest == classifier.digest:
        raise ClassifierError(
            f"{classifier.name}: has the weights of the second network, {name}; set "
            "`second_network:` under `classes:` in config.yaml to another one, or to none"
        )
    return second
