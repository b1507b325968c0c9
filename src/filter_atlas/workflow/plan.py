"""The plan of a run: which filters are drawn, how, on which device, in which order.

It is a value, made from the settings and the facts of the preflight. The rules get from it
everything that differs from job to job.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from filter_atlas.base.architecture import Architecture
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.precision import Precision
from filter_atlas.settings.config import Config
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.settings.recipe import Recipe

IDENTITY_KEYS = {"network", "run_code", "preprocessing", "channels", "weights"}
"""The settings that identify the network and its weights."""


@dataclass(frozen=True)
class LayerPlan:
    """A layer, and the filters of it that are drawn.

    Attributes:
        name: its name in files and settings.
        paper_name: its other name, see `base.architecture.Layer`.
        total: number of filters that the layer has.
        filters: indices of the filters that are drawn, in order.
    """

    name: str
    paper_name: str
    total: int
    filters: tuple[int, ...]


class PreflightFacts(BaseModel, frozen=True):
    """The results of the preflight. They become JSON for the jobs of a cluster.

    Attributes:
        source: the network and its weights.
        architecture: the network's layers.
        devices: where filters are drawn; `auto` is resolved.
        precision: number format of the ascents; `auto` is resolved.
        drawing_code: digest of the code that a picture and its record depend on.
        measuring_code: digest of the code that the measures of pictures depend on.
        worker_code: digest of all code of a worker.
        families: facts of each family, by its name.
    """

    source: NetworkSource
    architecture: Architecture
    devices: tuple[str, ...]
    precision: Precision
    drawing_code: str
    measuring_code: str
    worker_code: str
    families: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """Everything that a run will do.

    Attributes:
        config: the checked settings.
        facts: the results of the preflight.
    """

    config: Config
    facts: PreflightFacts

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe of the filters' own pictures."""
        return self.config.chosen_recipe()

    @cached_property
    def layers(self) -> tuple[LayerPlan, ...]:
        """The layers that are drawn, in network order."""
        return tuple(
            LayerPlan(name, layer.paper_name, layer.filters, self.config.filters[name])
            for name, layer in self.facts.architecture.by_name.items()
            if name in self.config.filters
        )

    @cached_property
    def network(self) -> str:
        """The fingerprint of the network and its weights."""
        return self.facts.source.fingerprint

    @property
    def settings(self) -> str:
        """The arguments of `--config` that draw these filters again, without recipe and seed."""
        changed = self.config.model_dump(include=IDENTITY_KEYS, exclude_defaults=True)
        values = {name: getattr(self.config, name) for name in changed}
        if self.facts.precision != "float32":
            values["precision"] = self.facts.precision
        return " ".join(
            f"{name}={shlex.quote(_as_argument(value))}" for name, value in values.items()
        )

    @cached_property
    def filters(self) -> list[tuple[str, int]]:
        """Every (layer, filter) that is drawn, in network order."""
        return [(layer.name, index) for layer in self.layers for index in layer.filters]

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers that are drawn, in network order."""
        return [layer.name for layer in self.layers]

    def layer(self, name: str) -> LayerPlan:
        """The plan of one layer."""
        return next(layer for layer in self.layers if layer.name == name)

    @property
    def varied(self) -> list[tuple[str, int, str]]:
        """Every (layer, filter, variant) that is drawn beside the filters' own pictures."""
        return [(*drawn, variant) for variant in self.config.variants for drawn in self.filters]

    def task(self, layer: str, index: int | str, variant: str | None = None) -> str:
        """Everything that the picture of a filter, or a variant of it, depends on, as JSON.

        It is a parameter of the job, so Snakemake redraws the filter when it changes. The worker
        needs nothing else.
        """
        return json.dumps(
            {
                "layer": layer,
                "filter": int(index),
                "seed": self.config.seed,
                "recipe": self._recipe_of(variant).model_dump(mode="json"),
                "precision": self.facts.precision,
                "weights": self.network,
                "code": self.facts.drawing_code,
            },
            separators=(",", ":"),
        )

    def measure_task(self, layer: str, variant: str | None = None) -> str:
        """Everything that the measures of a layer, or of a variant of it, depend on, as JSON.

        Like `task`, it is a parameter of the job; the job adds the folder of the run.
        """
        return json.dumps(
            {
                "layer": layer,
                "variant": variant,
                "filters": self.layer(layer).filters,
                "as_trained": self._recipe_of(variant).as_trained,
                "weights": self.network,
                "code": self.facts.measuring_code,
            },
            separators=(",", ":"),
        )

    def _recipe_of(self, variant: str | None) -> Recipe:
        return self.config.recipe_of(variant) if variant else self.recipe

    def device(self, layer: str, index: int | str) -> str:
        """The device that draws a filter. The filters of a layer are spread over all devices."""
        devices = self.facts.devices
        return devices[self._place(layer, index) % len(devices)]

    def measuring_device(self, layer: str) -> str:
        """The device that measures a layer. The layers are spread evenly over all devices."""
        devices = self.facts.devices
        return devices[self.layer_names.index(layer) % len(devices)]

    @property
    def gres(self) -> str:
        """The GPUs that a job requests from Slurm, for `sbatch --gres`; "" without a GPU."""
        gpus = {device for device in self.facts.devices if device != "cpu"}
        return f"gpu:{len(gpus)}" if gpus else ""

    def priority(self, layer: str, index: int | str) -> int:
        """The priority of a filter's job: higher for earlier filters.

        So the jobs that run at the same time share a layer and thus a batch.
        """
        return len(self._places) - self._place(layer, index)

    def _place(self, layer: str, index: int | str) -> int:
        """Position of a filter in the run.

        Raises:
            ConfigError: the filter is not drawn in this run.
        """
        try:
            return self._places[layer, int(index)]
        except KeyError:
            raise ConfigError(
                f"filter {index} of {layer} is not drawn in this run; add it to `filters` in "
                "config.yaml"
            ) from None

    @cached_property
    def _places(self) -> dict[tuple[str, int], int]:
        return {key: place for place, key in enumerate(self.filters)}


def _as_argument(value: object) -> str:
    """The value of a setting as `--config` accepts it."""
    if isinstance(value, tuple):
        return str(value[0]) if len(value) == 1 else json.dumps(value)
    return "true" if value is True else str(value)
