"""The engine of a worker: TensorFlow on one device, with the weights in its memory."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
import tensorflow as tf

from filter_atlas import compute, devices, digests, lots, networks, picture
from filter_atlas.ascent import Ascended, LayerAscent, Start
from filter_atlas.errors import WorkerError
from filter_atlas.lots import TOGETHER, Lots
from filter_atlas.models import stored
from filter_atlas.network import Network
from filter_atlas.plan import COMPUTING
from filter_atlas.precision import Precision
from filter_atlas.quality import LayerQuality
from filter_atlas.record import PROOF, Quality, Record, versions
from filter_atlas.worker.batch import MOST, USUAL, Batches
from filter_atlas.worker.task import Drawn, Kind, Task


class Studio:
    """Draws batches of filters on one device.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        weights: path of the canonical weights.
        threads: processor threads to use; 0 takes all there are.
        batch: most filters to draw at once; None leaves it to what fits on the device.
        alone: whether the process is the studio's own. Then TensorFlow's threads are set for it,
            and on a processor every network's bytes are the same in any batch.

    Raises:
        WorkerError: there is no such device.
        WeightsError: the weights are damaged.
    """

    def __init__(
        self,
        device: str,
        weights: str,
        threads: int = 0,
        batch: int | None = None,
        alone: bool = False,
    ) -> None:
        self._lots = TOGETHER
        usual = USUAL
        if alone and device == "cpu" and stored.holds_model(Path(weights)):
            threads, cores = 1, threads or devices.cores()
            self._lots = Lots(cores)
            usual = max(USUAL, min(MOST, cores * lots.SIZE))
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.device = compute.select(device)
        free = devices.free_memory(device)  # before TensorFlow takes any of it
        self._path = Path(weights)
        self.network, self.weights_digest = networks.load(self._path)
        self.code_digest = digests.of_code(COMPUTING)
        self.versions = versions()
        self._networks: dict[Precision, Network] = {"float32": self.network}
        self._ascents: dict[Kind, LayerAscent] = {}
        self._qualities: dict[str, LayerQuality] = {}
        self._on_gpu = device != "cpu"
        self._batches = Batches(batch, free, usual)

    def most(self, kind: Kind) -> int:
        """Most tasks of a kind to draw at once."""
        return self._batches.most(kind)

    def draw(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        """Draw tasks of one kind; what is left is to encode each result.

        They are drawn in one batch, or in smaller ones where the device's memory is too small.

        Raises:
            WorkerError: the code changed since the run was planned, or not even one filter fits
                into memory.
        """
        first = tasks[0]
        if first.code != self.code_digest:
            raise WorkerError("the code changed while this run was going; run snakemake again")
        finishers: list[Callable[[], Drawn]] = []
        while rest := tasks[len(finishers) :]:
            batch = rest[: self.most(first.kind)]
            try:
                finishers += self._draw_measured(batch)
            except tf.errors.ResourceExhaustedError:
                if len(batch) == 1:
                    raise WorkerError(
                        f"filter {batch[0].filter} of {first.layer}: it alone does not fit into "
                        f"the memory of {self.device}; take a recipe with smaller pictures, or "
                        "another device"
                    ) from None
                self._batches.did_not_fit(first.kind, len(batch))
        return finishers

    def _draw_measured(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        """Draw one batch; on a GPU learn what it takes."""
        if not self._on_gpu:
            return self._draw(tasks)
        finishers, taken = compute.with_peak(lambda: self._draw(tasks))
        self._batches.fitted(tasks[0].kind, len(tasks), taken)
        return finishers

    def _draw(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        first = tasks[0]
        if first.kind not in self._ascents:
            network = self._network_in(first.precision)
            self._ascents[first.kind] = LayerAscent(first.layer, first.recipe, network, self._lots)
        if first.layer not in self._qualities:
            self._qualities[first.layer] = LayerQuality(first.layer, self.network, self._lots)
        starts = [
            Start(filter=task.filter, seed=task.seed, picture=number)
            for task in tasks
            for number in range(first.recipe.pictures)
        ]
        ascended = self._ascents[first.kind].draw(starts)
        pixels = [picture.deprocess(one.picture, first.recipe.contrast) for one in ascended]
        qualities = self._qualities[first.layer].measure(pixels, [start.filter for start in starts])
        groups = [
            slice(place, place + first.recipe.pictures)
            for place in range(0, len(starts), first.recipe.pictures)
        ]
        return [
            partial(self._finish, task, ascended[group], pixels[group], qualities[group])
            for task, group in zip(tasks, groups, strict=True)
        ]

    def _network_in(self, precision: Precision) -> Network:
        if precision not in self._networks:
            self._networks[precision], _ = networks.load(self._path, precision)
        return self._networks[precision]

    def _finish(
        self,
        task: Task,
        ascended: Sequence[Ascended],
        pixels: Sequence[np.ndarray],
        qualities: Sequence[Quality],
    ) -> Drawn:
        if not all(np.isfinite(one.picture).all() for one in ascended):
            raise WorkerError(
                f"filter {task.filter} of {task.layer}: the ascent ran out of bounds (infinite or "
                "not a number); lower the recipe's rate"
            )
        final_activation = fmean(one.final_activation for one in ascended)
        record = Record(
            layer=task.layer,
            filter=task.filter,
            seed=task.seed,
            start_activation=fmean(one.start_activation for one in ascended),
            final_activation=final_activation,
            final_peak=fmean(one.final_peak for one in ascended),
            final_pre_activation=fmean(one.final_pre_activation for one in ascended),
            attempts=max(one.attempts for one in ascended),
            certificate=self._certificate(task, ascended) if not final_activation else None,
            quality=Quality.together(qualities),
            loss=tuple(map(fmean, zip(*(one.loss for one in ascended), strict=True))),
            recipe=task.recipe.model_dump(mode="json"),
            recipe_digest=task.recipe.digest,
            precision=task.precision,
            weights_digest=self.weights_digest,
            code_digest=self.code_digest,
            device=self.device,
            tensor_float_32=compute.tensor_float_32(),
            versions=self.versions,
        )
        text = {
            "Software": "Filter Atlas",
            "layer": task.layer,
            "filter": str(task.filter),
            "seed": str(task.seed),
            "recipe": task.recipe.model_dump_json(),
            "precision": task.precision,
            "weights": self.weights_digest,
        }
        side_by_side = np.concatenate(pixels, axis=1)
        return Drawn(picture=picture.to_png(side_by_side, text), record=record.to_json())

    def _certificate(self, task: Task, ascended: Sequence[Ascended]) -> str | None:
        """Why a filter is silent on its own picture; None where the recipe is after silence."""
        if task.recipe.negative:
            return None
        bounds = self.network.upper_bounds(task.layer)
        bound = None if bounds is None else float(bounds[task.filter])
        if bound is not None and bound <= 0:
            return f"{PROOF}: its pre-activation is at most {bound:.6g}"
        best = max(one.final_pre_activation for one in ascended)
        attempts = max(one.attempts for one in ascended)
        return (
            f"silent after {attempts} {'start' if attempts == 1 else 'starts'}, at a mean "
            f"pre-activation of {best:.6g} at best"
            + ("" if bound is None else f"; the bound over all pictures is {bound:.6g}")
        )
