"""A classifier of any kind: from pictures to logits and probabilities."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from filter_atlas.base import class_names
from filter_atlas.base.preprocessing import Preprocessing
from filter_atlas.class_pictures.logit_model import OutputActivation
from filter_atlas.networks import base


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network that classifies pictures.

    Pictures are BGR, as everywhere in Filter Atlas, in grey levels from 0 to 255 (an ascent may
    leave that range), with nothing subtracted. `logits` resizes and preprocesses them for the
    network, and its gradient includes both.

    Attributes:
        name: its name in records: `wheel`, `keras`, or a file's name.
        size: side of the network's pictures, in pixels.
        channels: 3, or 1 for a network of grey pictures, which gets the luminance.
        classes: number of classes.
        names: the names of each class (see `class_names`); None where they are unknown.
        preprocessing: the preprocessing that the network was trained with.
        digest: `digests.weights_digest` of its weights.
        activation: the function from logits to probabilities: `softmax` where classes exclude each
            other, `sigmoid` where they do not.
        network: (batch, size, size, channels) float32, preprocessed → (batch, classes) logits.
    """

    name: str
    size: int
    channels: int
    classes: int
    names: tuple[str, ...] | None
    preprocessing: Preprocessing
    digest: str
    activation: OutputActivation
    network: Callable[[tf.Tensor], tf.Tensor]

    def logits(self, pictures: tf.Tensor) -> tf.Tensor:
        """The logits of all classes for a batch of pictures.

        Works in a `tf.function` and under a `GradientTape`.

        Args:
            pictures: (batch, height, width, 3) float32, BGR, grey levels, with nothing subtracted.
                Pictures of another size than the network's are resized (bilinear).

        Returns:
            (batch, classes) float32.
        """
        if tuple(pictures.shape[1:3]) != (self.size, self.size):
            pictures = tf.image.resize(pictures, [self.size, self.size])
        return tf.cast(self.network(self.preprocess(pictures)), tf.float32)

    def probabilities(self, pictures: tf.Tensor) -> tf.Tensor:
        """The probability of each class: (batch, classes) float32; pictures as for `logits`."""
        logits = self.logits(pictures)
        return tf.nn.softmax(logits) if self.activation == "softmax" else tf.sigmoid(logits)

    def margins(self, pictures: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
        """The margin of each picture's class: its logit minus the greatest other logit.

        If it is above 0, the class is the likeliest. A logit alone can rise while another class's
        logit, which grows with the same features, rises faster; then the picture belongs to that
        other class. If classes do not exclude each other (`sigmoid`), the margin is the logit.

        Args:
            pictures: as for `logits`.
            indices: (batch,) int32, the class of each picture.

        Returns:
            (batch,) float32.
        """
        logits = self.logits(pictures)
        # A mask instead of a gather, whose gradient is a scatter: unordered on GPUs.
        mask = tf.one_hot(indices, self.classes)
        logit = tf.reduce_sum(logits * mask, axis=-1)
        if self.activation == "sigmoid":
            return logit
        others = tf.where(mask > 0, logits.dtype.min, logits)
        return logit - tf.reduce_max(others, axis=-1)

    def preprocess(self, pictures: tf.Tensor) -> tf.Tensor:
        """The network's input for a batch of pictures: (batch, height, width, channels) float32."""
        return base.preprocess(pictures, self.preprocessing, self.channels)

    def label(self, index: int) -> str:
        """The usual name of a class, or its index where its name is unknown."""
        return class_names.usual_name(self.names[index]) if self.names else str(index)


def binary_to_two_class(
    network: Callable[[tf.Tensor], tf.Tensor],
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Change a network with a single sigmoid into one with two classes: low (0) and high (1).

    Their logits are minus half and plus half the single logit. The softmax of the two is the
    sigmoid, and both have a gradient.
    """

    def two_class(pictures: tf.Tensor) -> tf.Tensor:
        half = network(pictures) / 2
        return tf.concat([-half, half], axis=-1)

    return two_class
