"""What a network's layers are, as plain facts: all that a plan needs to know (no TensorFlow)."""

import difflib
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationInfo

from filter_atlas import vgg16
from filter_atlas.refusal import short

CONTEXT = "architecture"
"""Under this name settings find the architecture that they are about, as pydantic's context."""


@dataclass(frozen=True)
class Layer:
    """One convolution.

    Attributes:
        name: what it is called in files, settings and addresses: letters, digits, `_`, `-`, `.`.
        paper_name: what it is called elsewhere: in the paper, or in a model with odd names.
        filters: how many it has.
    """

    name: str
    paper_name: str
    filters: int


@dataclass(frozen=True)
class Architecture:
    """A network's convolutions.

    Attributes:
        title: what people call the network.
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
        """Filters of the layer that has most."""
        return max(layer.filters for layer in self.layers)

    def layer(self, name: object) -> Layer:
        """The layer of a name, which may be its other one.

        Raises:
            ValueError: there is none.
        """
        wanted = self._names.get(str(name), str(name))
        if wanted in self.by_name:
            return self.by_name[wanted]
        close = difflib.get_close_matches(str(name), [*self.by_name, *self._names], n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        first, last = self.layers[0], self.layers[-1]
        allowed = f"allowed are {first.name} to {last.name}"
        if self is VGG16:
            allowed += f" or the paper's names, {first.paper_name} to {last.paper_name}"
        raise ValueError(f"unknown layer {short(name)}: {hint}{allowed}")

    def matching(self, pattern: object) -> tuple[Layer, ...]:
        """The layers whose name, or other name, fits a pattern such as `block5_*`.

        Raises:
            ValueError: there is none.
        """
        # A name that stands there as it is means its own layer, whatever signs are in it.
        if pattern in self._names or not (isinstance(pattern, str) and set("*?[") & set(pattern)):
            return (self.layer(pattern),)
        found = tuple(
            layer
            for layer in self.layers
            if any(fnmatch.fnmatchcase(one, pattern) for one in (layer.name, layer.paper_name))
        )
        if not found:
            raise ValueError(f"no layer fits {short(pattern)}: the first is {self.layers[0].name}")
        return found

    def at_depth(self, share: float) -> Layer:
        """The layer at a depth, from 0 (the first) to 1 (the last)."""
        return self.layers[min(int(share * len(self.layers)), len(self.layers) - 1)]

    def to_json(self) -> str:
        """The architecture as JSON, the same text for the same values."""
        return json.dumps({"title": self.title, "layers": [asdict(one) for one in self.layers]})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read back what `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        written: dict[str, Any] = json.loads(text)
        return cls(written["title"], tuple(Layer(**one) for one in written["layers"]))

    @cached_property
    def _names(self) -> dict[str, str]:
        return {layer.paper_name: layer.name for layer in self.layers}


def _of(layers: Sequence[vgg16.ConvLayer]) -> tuple[Layer, ...]:
    return tuple(Layer(layer.name, layer.paper_name, layer.filters) for layer in layers)


VGG16 = Architecture("VGG16", _of(vgg16.LAYERS))
"""The network that is drawn unless another one is asked for."""


def of(info: ValidationInfo) -> Architecture:
    """The architecture that settings under validation are about: VGG16, unless told otherwise."""
    found: Architecture = (info.context or {}).get(CONTEXT, VGG16)
    return found
