"""The plan of a run: which filters are drawn, how, on which device, in which order.

A pure value made from the settings; the Snakefile asks it for everything that varies by job.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filter_atlas import devices, digests, paths
from filter_atlas.architecture import VGG16, Architecture
from filter_atlas.classes import sources
from filter_atlas.config import Config
from filter_atlas.dream import photograph, zoom
from filter_atlas.dream.settings import Dream
from filter_atlas.errors import ConfigError
from filter_atlas.models.source import Source
from filter_atlas.precision import Precision
from filter_atlas.recipe import Recipe
from filter_atlas.weights.fingerprint import fingerprint

NETWORK = ("vgg16.py", "network.py", "networks.py", "feed.py", "models")
"""The modules on which depends what a network makes of a picture."""

SAID = {"network", "run_code", "feed", "channels", "weights"}
"""The settings that tell network and weights."""

COMPUTING = (
    *NETWORK,
    "recipe.py",
    "objective.py",
    "parametrisation.py",
    "transform.py",
    "regulariser.py",
    "optimiser.py",
    "ascent.py",
    "lots.py",
    "bounds.py",
    "picture.py",
    "quality.py",
    "record.py",
    "compute.py",
    "worker/studio.py",
)
"""The modules on which the bytes of a picture and its record depend."""

COMPARING = (*NETWORK, "compute.py", "picture.py", "twins")
"""The modules on which what is found of twins depends."""

DREAMING = (*NETWORK, "recipe.py", "compute.py", "picture.py", "record.py", "dream")
"""The modules on which the bytes of a dream and its record depend."""

CLASSIFYING = (
    "feed.py",
    "recipe.py",
    "parametrisation.py",
    "transform.py",
    "regulariser.py",
    "optimiser.py",
    "objective.py",
    "network.py",
    "ascent.py",
    "lots.py",
    "compute.py",
    "picture.py",
    "record.py",
    "classes",
)
"""The modules on which the bytes of a class's picture and its record depend."""


@dataclass(frozen=True)
class LayerPlan:
    """A layer and those of its filters that are drawn, in order."""

    name: str
    paper_name: str
    total: int
    filters: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Everything a run will do."""

    config: Config
    recipe: Recipe
    layers: tuple[LayerPlan, ...]
    classes: tuple[int, ...]
    devices: tuple[str, ...]
    weights: str
    code: str
    source: Source | None = None
    architecture: Architecture = VGG16

    @classmethod
    def of(cls, config: Config) -> "Plan":
        """Plan a run from checked settings, on this machine.

        Raises:
            WeightsError: a weights file of the user's own is there but cannot be read.
            PhotoError: a photograph to dream of is missing, damaged or too small.
            ConfigError: an animation of a dream is too large.
            ClassifierError: a classifier of the user's own is missing or is none, or a class is
                not one of its classes.
            ModelError: there is no such network, or it cannot be built.
        """
        source, network = config.source, config.architecture
        _check_dreams(config.dreams)
        if config.classes:
            sources.check(config.classes.network)
        return cls(
            config=config,
            recipe=config.chosen_recipe(),
            layers=tuple(
                LayerPlan(name, layer.paper_name, layer.filters, config.filters[name])
                for name, layer in network.by_name.items()
                if name in config.filters
            ),
            classes=config.classes.indices if config.classes else (),
            devices=devices.resolve(config.devices),
            weights=source.fingerprint if source else fingerprint(config.weights),
            code=digests.of_code(COMPUTING),
            source=source,
            architecture=network,
        )

    @cached_property
    def precision(self) -> Precision:
        """What ascents are computed in."""
        if self.config.precision != "auto":
            return self.config.precision
        # Most other networks than VGG16 gain little by it, or lose (docs/networks.md).
        gains = not self.source and all(map(devices.computes_bfloat16, self.devices))
        return "bfloat16" if gains else "float32"

    @property
    def settings(self) -> str:
        """What `--config` must say, beside recipe and seed, to draw one of these filters again."""
        changed = self.config.model_dump(include=SAID, exclude_defaults=True)
        told = {name: getattr(self.config, name) for name in changed}
        if self.precision != "float32":
            told["precision"] = self.precision
        said = (f"{name}={shlex.quote(_said(value))}" for name, value in told.items())
        return " ".join(said)

    @property
    def filters(self) -> list[tuple[str, int]]:
        """Every (layer, filter) that is drawn, in network order."""
        return [(layer.name, index) for layer in self.layers for index in layer.filters]

    @property
    def layer_names(self) -> list[str]:
        """The layers that are drawn, in network order."""
        return [layer.name for layer in self.layers]

    def layer(self, name: str) -> LayerPlan:
        """One layer's plan."""
        return self._layers[name]

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants that are drawn of every filter, beside its own picture."""
        return self.config.variants

    @property
    def varied(self) -> list[tuple[str, str, int]]:
        """Every (variant, layer, filter) that is drawn beside the filters' own pictures."""
        return [(variant, *one) for variant in self.variants for one in self.filters]

    @property
    def dreams(self) -> list[str]:
        """Names of the dreams that are pictures only."""
        return [name for name, dream in self.config.dreams.items() if not dream.zoom]

    def flights(self, kind: str) -> list[str]:
        """Names of the dreams that have an animation of one kind, `webp` or `gif`, as well."""
        return [
            name
            for name, dream in self.config.dreams.items()
            if dream.zoom and dream.zoom.format == kind
        ]

    @property
    def dream_results(self) -> list[str]:
        """Everything that comes of the dreams."""
        return [
            paths.dream(name, kind)
            for name, dream in self.config.dreams.items()
            for kind in ("png", "json", *([dream.zoom.format] if dream.zoom else []))
        ]

    @property
    def classifier(self) -> str:
        """Tells classifiers apart; looked at only where class pictures are asked for.

        Raises:
            ClassifierError: a classifier of the user's own is missing or cannot be read.
        """
        return sources.fingerprint(self.config.classes.network) if self.config.classes else ""

    @property
    def class_results(self) -> list[str]:
        """Everything that comes of the classes."""
        if not self.classes:
            return []
        pictures = [paths.class_picture(index) for index in self.classes]
        records = [paths.class_record(index) for index in self.classes]
        return [*pictures, *records, f"{paths.CLASSES}/summary.md"]

    def dream(self, name: str) -> Dream:
        """The settings of one dream."""
        return self.config.dreams[name]

    def task(self, layer: str, index: int | str, variant: str | None = None) -> str:
        """All that one filter's picture, or a variant of it, depends on, as JSON.

        It is the ascend job's parameter: Snakemake redraws the filter when it changes, and the
        worker needs no more than this.
        """
        recipe = self.config.recipe_of(variant) if variant else self.recipe
        return json.dumps(
            {
                "layer": layer,
                "filter": int(index),
                "seed": self.config.seed,
                "recipe": recipe.model_dump(mode="json"),
                "precision": self.precision,
                "weights": self.weights,
                "code": self.code,
            },
            separators=(",", ":"),
        )

    def device(self, layer: str, index: int | str) -> str:
        """The device that draws a filter: every layer is dealt out evenly over all devices."""
        return self.devices[self._place(layer, index) % len(self.devices)]

    @property
    def gres(self) -> str:
        """What a job that computes asks of Slurm, as `sbatch --gres` takes it; "" without a GPU."""
        gpus = {device for device in self.devices if device != "cpu"}
        return f"gpu:{len(gpus)}" if gpus else ""

    def priority(self, layer: str, index: int | str) -> int:
        """Earlier filters first, so that those in flight share a layer and hence a batch."""
        return len(self._places) - self._place(layer, index)

    def _place(self, layer: str, index: int | str) -> int:
        """Where a filter comes in the run.

        Raises:
            ConfigError: it is not drawn in this run.
        """
        try:
            return self._places[layer, int(index)]
        except KeyError:
            raise ConfigError(
                f"filter {index} of {layer} is not among those that `filters` names: name it there"
            ) from None

    @cached_property
    def _layers(self) -> dict[str, LayerPlan]:
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def _places(self) -> dict[tuple[str, int], int]:
        return {key: place for place, key in enumerate(self.filters)}


def _said(value: object) -> str:
    """A setting's value as `--config` takes it."""
    if isinstance(value, tuple):
        return str(value[0]) if len(value) == 1 else json.dumps(value)
    return "true" if value is True else str(value)


def _check_dreams(dreams: Mapping[str, Dream]) -> None:
    """Look at every photograph once, and at how large an animation of it would be."""
    places = (place for dream in dreams.values() for place in dream.photographs)
    shapes = {
        # What is changed of it the dream's own job will tell.
        place: photograph.read(Path(place[0]), place[1], log=lambda line: None).pixels.shape
        for place in dict.fromkeys(places)
    }
    for name, dream in dreams.items():
        if dream.zoom:
            try:
                zoom.check(dream.zoom, shapes[dream.photographs[0]])
            except ConfigError as error:
                raise ConfigError(f"config: dreams.{name}.{error}") from None
