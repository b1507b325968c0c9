"""The layers of a network as plain facts: all that a plan needs to know (no TensorFlow)."""

import fnmatch
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationInfo

from filter_atlas.base import vgg16_spec
from filter_atlas.base.formatting import short, suggestion

CONTEXT = "architecture"
"""Key of the network's architecture in pydantic's validation context."""


@dataclass(frozen=True)
class Layer:
    """One convolution.

    Attributes:
        name: its name in files, settings and addresses: letters, digits, `_`, `-`, `.`.
        paper_name: its name in VGG16's paper, or its path in a Keras model.
        filters: number of its filters.
    """

    name: str
    paper_name: str
    filters: int


@dataclass(frozen=True)
class Architecture:
    """A network's convolutions.

    Attributes:
        title: name of the network in texts.
        layers: its convolutions, in network order.
    """

    title: str
    layers: tuple[Layer, ...]

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        """The layers by name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def largest(self) -> int:
        """Number of filters of the largest layer."""
        return max(layer.filters for layer in self.layers)

    def layer(self, name: object) -> Layer:
        """Find a layer by its name or its paper name.

        Raises:
            ValueError: there is no such layer.
        """
        wanted = self._names.get(str(name), str(name))
        if wanted in self.by_name:
            return self.by_name[wanted]
        hint = suggestion(str(name), [*self.by_name, *self._names])
        first, last = self.layers[0], self.layers[-1]
        allowed = f"allowed are {first.name} to {last.name}"
        if self == VGG16:
            allowed += f" or the paper's names, {first.paper_name} to {last.paper_name}"
        raise ValueError(f"unknown layer {short(name)}: {hint}{allowed}")

    def matching(self, pattern: object) -> tuple[Layer, ...]:
        """The layers whose name or paper name matches a pattern such as `block5_*`.

        Raises:
            ValueError: no layer matches.
        """
        # A layer's own name means this layer, even if it contains wildcards.
        if pattern in self._names or not (isinstance(pattern, str) and set("*?[") & set(pattern)):
            return (self.layer(pattern),)
        found = tuple(
            layer
            for layer in self.layers
            if any(fnmatch.fnmatchcase(name, pattern) for name in (layer.name, layer.paper_name))
        )
        if not found:
            raise ValueError(
                f"no layer matches {short(pattern)}: the first is {self.layers[0].name}"
            )
        return found

    def at_depth(self, depth: float) -> Layer:
        """The layer at a depth from 0 (the first) to 1 (the last)."""
        return self.layers[place_at_depth(depth, len(self.layers))]

    def to_json(self) -> str:
        """The architecture as JSON; equal architectures give equal text."""
        return json.dumps({"title": self.title, "layers": [asdict(layer) for layer in self.layers]})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read an architecture from the text of `to_json`.

        Raises:
            ValueError, KeyError, TypeError: the text is something else.
        """
        written: dict[str, Any] = json.loads(text)
        return cls(written["title"], tuple(Layer(**layer) for layer in written["layers"]))

    @cached_property
    def _names(self) -> dict[str, str]:
        return {layer.paper_name: layer.name for layer in self.layers}


VGG16 = Architecture(
    "VGG16",
    tuple(Layer(layer.name, layer.paper_name, layer.filters) for layer in vgg16_spec.LAYERS),
)
"""The default network."""


def architecture_in_context(info: ValidationInfo) -> Architecture:
    """The architecture whose layers the settings may name; VGG16 by default."""
    found: Architecture = (info.context or {}).get(CONTEXT, VGG16)
    return found


def place_at_depth(depth: float, count: int) -> int:
    """The place among `count` layers at a depth from 0 (the first) to 1 (the last)."""
    return min(int(depth * count), count - 1)
