"""Attribution: which filters of a layer speak for a class, and which against it.

Two methods share out the logit of a class to the filters of a layer:

- *Gradient × activation*: the value of the filter at each cell times the gradient of the logit
  there, summed over cells.
- *Integrated gradients*: the same with the mean gradient on the way from a silent layer to its
  value. What lies beside the layer, as in a network with shortcuts, stays as it is. Then the sum
  over all filters is the difference of the two logits (completeness).

A test says whether this means something: the logit must fall more if the ten filters that speak
most for the class are removed than if ten random filters of the layer are.

Sources: M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks" (ICML 2017); of
layers: K. Leino et al., "Influence-Directed Explanations for Deep Convolutional Networks" (2018).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from filter_atlas.base.random_streams import random_stream
from filter_atlas.networks.keras_top import KerasTop
from filter_atlas.views.speakers import (
    TOLERANCE,
    AttributionRecord,
    ClassScore,
    ClassSpeakers,
    Speaker,
)

CLASSES = 3
"""Number of classes: the likeliest ones."""

SHOWN = 10
"""Maximum number of filters that are recorded for a class, and against it."""

NODES = (9, 27, 81)
"""Numbers of nodes of the midpoint rule that are tried, until completeness holds.

Each is three times the one before, so that a third of its nodes are known already.
"""

SLACK = 2
"""More nodes are tried if completeness is expected to hold with twice as many as the most.

The error falls about as 1 / nodes, with ups and downs.
"""

CHUNK = 3
"""Number of nodes that are computed together."""

REMOVED = 10
"""Number of filters that are removed in the test."""

DRAWS = 10
"""Number of random choices of filters that the test compares with."""


@dataclass(frozen=True, eq=False)
class LayerAttribution:
    """What the filters of a layer say about some classes.

    Attributes:
        gradient: (classes, filters) float64, gradient × activation.
        integrated: the same by integrated gradients.
        incomplete: (classes,) float64, error of completeness as a share of the difference.
    """

    gradient: np.ndarray
    integrated: np.ndarray
    incomplete: np.ndarray


def attribute_photograph(
    digest: str,
    top: KerasTop,
    filters: Mapping[str, Sequence[int]],
    name: Callable[[int], str],
    threads: int,
) -> AttributionRecord:
    """Find the filters that speak for the likeliest classes of a photograph.

    Args:
        digest: sha256 of the photograph's file.
        top: the classifier on the photograph.
        filters: indices of the drawn filters of each layer, by its name.
        name: names a class.
        threads: number of layers that are computed at the same time.
    """
    logits = top.logits.numpy()
    classes = [int(index) for index in np.argsort(-logits, kind="stable")[:CLASSES]]

    def of_layer(layer: str) -> tuple[ClassSpeakers, ...]:
        found = attribute(top, layer, classes)
        return tuple(
            _class_speakers(top, layer, index, place, found, filters[layer])
            for place, index in enumerate(classes)
        )

    with ThreadPoolExecutor(threads) as pool:
        layers = dict(zip(filters, pool.map(of_layer, filters), strict=True))
    scores = tuple(ClassScore(index, name(index), float(logits[index])) for index in classes)
    return AttributionRecord(digest, None, scores, layers)


def attribute(top: KerasTop, layer: str, classes: Sequence[int]) -> LayerAttribution:
    """Share out the logits of some classes to the filters of a layer.

    Args:
        top: the classifier on a photograph.
        layer: name of the layer.
        classes: indices of the classes.
    """
    value = top.value(layer)
    gradients_at = _gradients(top, layer, classes)
    gradients = gradients_at(value)
    silent = top.logits_from(layer, tf.zeros_like(value))[0]
    difference = (top.logits - silent).numpy().astype(np.float64)[list(classes)]
    total = np.zeros(gradients.shape, np.float64)
    for count in NODES:
        places = np.arange(count)
        # Each third node is one of those before.
        new = (places[places % 3 != 1] if count > NODES[0] else places) + 0.5
        for first in range(0, len(new), CHUNK):
            part = (new[first : first + CHUNK] / count).astype(np.float32)
            values = value * part[:, np.newaxis, np.newaxis, np.newaxis]
            total += gradients_at(values).sum(axis=1, keepdims=True)
        integrated = _over_cells(total / count, value)
        incomplete = np.abs(integrated.sum(axis=1) - difference) / np.maximum(
            np.abs(difference), np.finfo(np.float32).eps
        )
        expected = incomplete * count / (SLACK * NODES[-1])
        if ((incomplete <= TOLERANCE) | (expected > TOLERANCE)).all():
            break
    return LayerAttribution(_over_cells(gradients, value), integrated, incomplete)


def logit_falls(
    top: KerasTop, layer: str, category: int, filters: Sequence[Sequence[int]]
) -> np.ndarray:
    """How much the logit of a class falls if filters are removed: (choices,) float64.

    Args:
        top: the classifier on a photograph.
        layer: name of the layer.
        category: index of the class.
        filters: choices of filters of the layer.
    """
    value = top.value(layer)
    kept = np.ones((len(filters), 1, 1, value.shape[-1]), np.float32)
    for place, chosen in enumerate(filters):
        kept[place, ..., list(chosen)] = 0
    falls = []
    for first in range(0, len(kept), CHUNK):
        logits = top.logits_from(layer, value * kept[first : first + CHUNK])
        falls += (top.logits[category] - logits[:, category]).numpy().astype(float).tolist()
    return np.array(falls)


def speakers(attribution: np.ndarray, count: int = REMOVED) -> list[int]:
    """The filters that speak most for a class, the most first; only those that speak for it.

    Args:
        attribution: (filters,) float64.
        count: maximum number of filters.
    """
    order = np.argsort(-attribution, kind="stable")[:count]
    return [int(index) for index in order if attribution[index] > 0]


def random_choices(layer: str, filters: int, count: int) -> list[list[int]]:
    """Random choices of so many filters of a layer, the same in every run."""
    random = random_stream([*layer.encode()])
    return [
        sorted(random.permutation(filters)[: min(count, filters)].tolist()) for _ in range(DRAWS)
    ]


def _gradients(top: KerasTop, layer: str, classes: Sequence[int]) -> Callable[..., np.ndarray]:
    """A function from values of a layer to the gradients of some logits.

    It takes (batch, rows, columns, filters), and returns (classes, batch, rows, columns, filters)
    float32.
    """

    def gradients(values: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(values)
            logits = top.logits_from(layer, values)
            chosen = [tf.reduce_sum(logits[:, index]) for index in classes]
        return tf.stack([tape.gradient(logit, values) for logit in chosen])

    # Without a graph, TensorFlow also computes the gradients of all weights.
    shape = [None, *top.value(layer).shape[1:]]
    graph = tf.function(gradients, autograph=False).get_concrete_function(
        tf.TensorSpec(shape, tf.float32)
    )
    return lambda values: graph(values).numpy()


def _over_cells(gradients: np.ndarray, value: tf.Tensor) -> np.ndarray:
    """The products of gradients and values, summed over cells: (classes, filters) float64."""
    products: np.ndarray = np.einsum(
        "cbhwf,bhwf->cf", gradients.astype(np.float64), value.numpy().astype(np.float64)
    )
    return products


def _class_speakers(
    top: KerasTop,
    layer: str,
    index: int,
    place: int,
    found: LayerAttribution,
    drawn: Sequence[int],
) -> ClassSpeakers:
    integrated, gradient = found.integrated[place], found.gradient[place]
    fall: float | None = None
    random_falls: list[float] = []
    if found.incomplete[place] <= TOLERANCE:
        removed = speakers(integrated)
        choices = random_choices(layer, len(integrated), len(removed))
        falls = logit_falls(top, layer, index, [removed, *choices])
        fall, *random_falls = map(_rounded, falls)

    def recorded(sign: int) -> tuple[Speaker, ...]:
        order = sorted(drawn, key=lambda one: -sign * integrated[one])[:SHOWN]
        return tuple(
            (one, _rounded(integrated[one]), _rounded(gradient[one]))
            for one in order
            if sign * integrated[one] > 0
        )

    return ClassSpeakers(
        favour=recorded(1),
        against=recorded(-1),
        incomplete=_rounded(found.incomplete[place]),
        fall=fall,
        random_falls=tuple(random_falls),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
