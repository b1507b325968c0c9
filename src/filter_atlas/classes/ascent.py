"""The ascent of classes: the same engine as for filters, on what a classifier makes of a picture.

What is maximised is how far the class's logit is ahead of all others. Before softmax, for a
probability rises as well by making other classes unlikely as by making this one likely, and its
gradient is gone where it is near 0 or 1 (K. Simonyan, A. Vedaldi, A. Zisserman, "Deep Inside
Convolutional Networks", 2013). Ahead of all others, for a logit alone can rise while another
class's, which lives on the same features, rises faster.
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
