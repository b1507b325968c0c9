"""A classifier as class pictures meet it: from pictures to logits, whatever network is behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from filter_atlas import network as networks
from filter_atlas.classes import names as class_names
from filter_atlas.feed import Feed


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network that tells classes of pictures apart.

    Pictures are what they are everywhere in Filter Atlas: BGR, in grey levels from 0 to 255 (an
    ascent may leave that range), nothing subtracted. What the network was trained on instead,
    `feed`, is made of them here, and they are resized to what it takes; both are part of
    `logits`, and so of its gradient.

    Attributes:
        name: what it is called in records: `wheel`, `keras`, or a file's name.
        size: side of what the network takes, in pixels.
        channels: 3, or 1 for a network of grey pictures, which is fed the luminance.
        classes: number of classes.
        names: the names of each class (see `names`); None where they are not known.
        feed: what the network is fed.
        digest: sha256 of its weights (see `layers.digest`).
        rule: what makes probabilities of logits: `softmax` where classes exclude each other,
            `sigmoid` where each is for itself.
        network: (batch, size, size, channels) float32, as fed → (batch, classes) logits.
    """

    name: str
    size: int
    channels: int
    classes: int
    names: tuple[str, ...] | None
    feed: Feed
    digest: str
    rule: Literal["softmax", "sigmoid"]
    network: Callable[[tf.Tensor], tf.Tensor]

    def logits(self, pictures: tf.Tensor) -> tf.Tensor:
        """What the network makes of pictures, before softmax.

        Works in a `tf.function` and under a `GradientTape`.

        Args:
            pictures: (batch, height, width, 3) float32, BGR, grey levels, nothing subtracted;
                of another size than the network's, they are resized (bilinear).

        Returns:
            (batch, classes) float32.
        """
        if tuple(pictures.shape[1:3]) != (self.size, self.size):
            pictures = tf.image.resize(pictures, [self.size, self.size])
        return tf.cast(self.network(self.fed(pictures)), tf.float32)

    def probabilities(self, pictures: tf.Tensor) -> tf.Tensor:
        """The probability of each class: (batch, classes) float32; pictures as for `logits`."""
        logits = self.logits(pictures)
        return tf.nn.softmax(logits) if self.rule == "softmax" else tf.sigmoid(logits)

    def margins(self, pictures: tf.Tensor, indices: tf.Tensor) -> tf.Tensor:
        """How far each picture's own class is ahead, in logits.

        Its logit less the greatest of the others: above 0, the class is the likeliest. A logit
        alone can rise while that of another class, which grows with the same features, rises
        faster; then the picture is of that other class. Where each class is for itself
        (`sigmoid`) there is no such race, and this is the logit.

        Args:
            pictures: as for `logits`.
            indices: (batch,) int32, each picture's class.

        Returns:
            (batch,) float32.
        """
        logits = self.logits(pictures)
        # Sums and maxima over a mask: the gradient of a gather is a scatter, on GPUs unordered.
        own = tf.one_hot(indices, self.classes)
        logit = tf.reduce_sum(logits * own, axis=-1)
        if self.rule == "sigmoid":
            return logit
        others = tf.where(own > 0, logits.dtype.min, logits)
        return logit - tf.reduce_max(others, axis=-1)

    def fed(self, pictures: tf.Tensor) -> tf.Tensor:
        """What the network is fed: (batch, height, width, channels) float32."""
        return networks.fed(pictures, self.feed, self.channels)

    def label(self, index: int) -> str:
        """The usual name of a class, or its index where its name is not known."""
        return class_names.usual(self.names[index]) if self.names else str(index)


def both_sides(network: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], tf.Tensor]:
    """Two classes of a network with a single sigmoid: 0, where it is low, and 1.

    Half its logit for the one, half of it negative for the other: the softmax of the two is the
    sigmoid, and either has a gradient to climb.
    """

    def two(fed: tf.Tensor) -> tf.Tensor:
        half = network(fed) / 2
        return tf.concat([-half, half], axis=-1)

    return two
