"""Drawing filters with one network: from tasks to pictures and records.

This module is the root of all code that a picture or its record depends on. The digest of that code
is part of every drawing task.
"""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import fmean
from typing import Any

import numpy as np
from pydantic_core import to_json

from filter_atlas.base import digests, png
from filter_atlas.measure.record import PROOF, Record, versions
from filter_atlas.networks import tensorflow_device
from filter_atlas.optimize.ascent import AscentResult, Initialisation, LayerAscent, check_finite
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.user_functions import NO_FUNCTIONS, UserFunctions
from filter_atlas.worker.loaded_network import LoadedNetwork
from filter_atlas.worker.task import BatchKey, DrawTask, FilterResult


class FilterDrawer:
    """Draws batches of filters of one network; each layer and recipe is traced once.

    Args:
        network: the network.
        code_digest: digest of the code that draws; it is written into the records.
    """

    def __init__(self, network: LoadedNetwork, code_digest: str) -> None:
        self._network = network
        self._code_digest = code_digest
        self._versions = versions()
        self._ascents: dict[BatchKey, LayerAscent] = {}

    def draw(
        self, tasks: Sequence[DrawTask], functions: UserFunctions = NO_FUNCTIONS
    ) -> list[Callable[[], FilterResult]]:
        """Draw tasks of one batch key together; each returned function encodes one result.

        Raises:
            ConfigError: a user's function fails, or returns a wrong value.
        """
        first = tasks[0]
        # Graphs of functions are not kept: a function may depend on values that change.
        ascents = self._ascents if functions == NO_FUNCTIONS else {}
        if first.batch_key not in ascents:
            network = self._network.in_precision(first.precision)
            ascents[first.batch_key] = LayerAscent(
                first.layer, first.recipe, network, self._network.microbatcher, functions
            )
        count = first.recipe.pictures
        starts = [
            Initialisation(filter=task.filter, seed=task.seed, picture=number)
            for task in tasks
            for number in range(count)
        ]
        with functions.named_in_errors():
            results = ascents[first.batch_key].draw(starts)
        pixels = [deprocess(result.picture, first.recipe.contrast) for result in results]
        groups = [slice(place, place + count) for place in range(0, len(starts), count)]
        recipe = functions.describe(first.recipe)
        return [
            partial(self._finish, task, recipe, results[group], pixels[group])
            for task, group in zip(tasks, groups, strict=True)
        ]

    def _finish(
        self,
        task: DrawTask,
        recipe: dict[str, Any],
        results: Sequence[AscentResult],
        pixels: Sequence[np.ndarray],
    ) -> FilterResult:
        check_finite(results, f"filter {task.filter} of {task.layer}")
        text = {
            "Software": "Filter Atlas",
            "layer": task.layer,
            "filter": str(task.filter),
            "seed": str(task.seed),
            "recipe": to_json(recipe).decode(),
            "precision": task.precision,
            "weights": self._network.weights_digest,
        }
        picture = png.to_png(np.concatenate(pixels, axis=1), text)
        final_activation = fmean(result.final_activation for result in results)
        record = Record(
            layer=task.layer,
            filter=task.filter,
            seed=task.seed,
            start_activation=fmean(result.start_activation for result in results),
            final_activation=final_activation,
            final_peak=fmean(result.final_peak for result in results),
            final_pre_activation=fmean(result.final_pre_activation for result in results),
            attempts=max(result.attempts for result in results),
            certificate=self._certificate(task, results) if not final_activation else None,
            loss=tuple(map(fmean, zip(*(result.loss for result in results), strict=True))),
            recipe=recipe,
            recipe_digest=digests.value_digest(recipe),
            precision=task.precision,
            weights_digest=self._network.weights_digest,
            code_digest=self._code_digest,
            picture_digest=digests.bytes_digest(picture),
            device=self._network.device,
            tensor_float_32=tensorflow_device.is_tf32_enabled(),
            versions=self._versions,
        )
        return FilterResult(picture, record.to_json())

    def _certificate(self, task: DrawTask, results: Sequence[AscentResult]) -> str | None:
        """Why a filter is silent on its own picture; None where the recipe seeks silence."""
        if task.recipe.negative:
            return None
        network = self._network.in_precision("float32").fed(task.recipe.as_trained)
        bounds = network.upper_bounds(task.layer)
        bound = None if bounds is None else float(bounds[task.filter])
        if bound is not None and bound <= 0:
            return f"{PROOF}: its pre-activation is at most {bound:.6g}"
        best = max(result.final_pre_activation for result in results)
        attempts = max(result.attempts for result in results)
        return (
            f"silent after {attempts} {'start' if attempts == 1 else 'starts'}, at a mean "
            f"pre-activation of {best:.6g} at best"
            + ("" if bound is None else f"; the bound over all pictures is {bound:.6g}")
        )
