"""The engine of a worker: TensorFlow on one device, with the network in its memory."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import tensorflow as tf

from filter_atlas.base import devices, digests, paths
from filter_atlas.base.arrays import npz
from filter_atlas.base.errors import WorkerError
from filter_atlas.measure.contributions import LayerContributions
from filter_atlas.networks import tensorflow_device
from filter_atlas.optimize import microbatches
from filter_atlas.optimize.microbatches import microbatcher_of
from filter_atlas.optimize.user_functions import NO_FUNCTIONS, UserFunctions
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.worker.batch_size import DEFAULT, LARGEST, BatchSizer
from filter_atlas.worker.drawing import FilterDrawer
from filter_atlas.worker.loaded_network import LoadedNetwork
from filter_atlas.worker.measuring import PictureMeasurer
from filter_atlas.worker.task import (
    DRAWING,
    MEASURING,
    BatchKey,
    DrawTask,
    Files,
    FilterResult,
    MeasureTask,
)

Result = TypeVar("Result")


class TensorFlowEngine:
    """Draws filters, and measures pictures, on one device.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        weights: path of the canonical weights.
        threads: number of processor cores to use; 0 means all.
        batch: maximum number of filters in a batch; None means as many as
            fit into the memory of the device.
        alone: whether the process has no other use of TensorFlow. Then an operation has one thread,
            and on a processor a picture has the same bytes in any batch and on any number of cores.
        planned: the network that the weights must belong to; see `load_network`.

    Raises:
        WorkerError: there is no such device.
        WeightsError: the weights are damaged, or are those of another network.
    """

    def __init__(
        self,
        device: str,
        weights: str,
        threads: int = 0,
        batch: int | None = None,
        alone: bool = False,
        planned: NetworkSource | None = None,
    ) -> None:
        cores = threads or devices.cores()
        microbatcher = microbatcher_of(device, cores)
        self.device = tensorflow_device.select(device, threads=1 if alone else None)
        free = devices.free_memory(device)  # before TensorFlow takes any of it
        self._drawing_code = digests.code_digest(DRAWING)
        self._measuring_code = digests.code_digest(MEASURING)
        network = LoadedNetwork(Path(weights), planned, self.device, microbatcher)
        self._drawer = FilterDrawer(network, self._drawing_code)
        self._measurer = PictureMeasurer(network, self._measuring_code)
        self._on_gpu = device != "cpu"
        busy = 1 if self._on_gpu else min(LARGEST, cores * microbatches.SIZE)
        self._batch_sizer = BatchSizer(batch, free, max(DEFAULT, busy))

    def max_batch_size(self, key: BatchKey) -> int:
        """Maximum number of drawing tasks of a batch key in one batch."""
        return self._batch_sizer.max_batch_size(key)

    def draw(
        self, tasks: Sequence[DrawTask], functions: UserFunctions = NO_FUNCTIONS
    ) -> list[Callable[[], FilterResult]]:
        """Draw tasks of one batch key; each returned function encodes one filter's files.

        They are drawn in one batch, or in smaller ones where the device's memory is too small.

        Raises:
            WorkerError: the code changed since the run was planned, or not even one filter fits
                into memory.
            ConfigError: a user's function fails, or returns a wrong value.
        """
        first = tasks[0]
        _check_code(first.code, self._drawing_code)
        return self._in_batches(
            first.batch_key,
            first.layer,
            [task.filter for task in tasks],
            lambda part: self._drawer.draw(tasks[part], functions),
        )

    def measure(self, task: MeasureTask) -> Callable[[], Files]:
        """Measure the pictures of a layer, in batches that fit; the function encodes the files.

        These are the measures and, unless the pictures are of a variant, their paths and what feeds
        the filters on them.

        Raises:
            WorkerError: as for `draw`.
            ResultsError: a picture is missing or damaged.
        """
        _check_code(task.code, self._measuring_code)
        files = [
            Path(task.folder, paths.picture(task.layer, index, task.variant))
            for index in task.filters
        ]
        measured = self._in_batches(
            (task.layer, task.variant),
            task.layer,
            task.filters,
            lambda part: self._measurer.measure(
                task.layer, task.filters[part], files[part], task.as_trained
            ),
        )
        by_filter = dict(zip(task.filters, measured, strict=True))
        values = {index: one.values for index, one in by_filter.items()}
        measures = self._measurer.layer_measures(task.layer, values)
        if task.variant is not None:
            return lambda: (measures.to_json(),)
        picture_paths = np.concatenate([one.paths for one in measured])
        fed = LayerContributions.of_filters(
            {index: one.contributions for index, one in by_filter.items()}
        )
        return lambda: (
            measures.to_json(),
            npz(compressed=True, paths=picture_paths),
            fed.to_npz(),
        )

    def _in_batches(
        self,
        key: Hashable,
        layer: str,
        filters: Sequence[int],
        compute: Callable[[slice], list[Result]],
    ) -> list[Result]:
        """Compute a result for each filter of a layer, in batches that fit into memory.

        Args:
            key: batches with equal keys take the same memory for each filter.
            layer: name of the layer.
            filters: indices of the filters.
            compute: computes the results of a part of the filters in one batch.
        """
        results: list[Result] = []
        while len(results) < len(filters):
            begin = len(results)
            part = slice(begin, min(begin + self._batch_sizer.max_batch_size(key), len(filters)))
            count = part.stop - part.start
            try:
                if self._on_gpu:
                    batch, taken = tensorflow_device.measure_peak_memory(partial(compute, part))
                    self._batch_sizer.record_success(key, count, taken)
                else:
                    batch = compute(part)
                results += batch
            except tf.errors.ResourceExhaustedError:
                if count == 1:
                    raise WorkerError(
                        f"filter {filters[begin]} of {layer}: does not fit into the memory of "
                        f"{self.device}, even alone; take a recipe with smaller pictures, or "
                        "another device"
                    ) from None
                self._batch_sizer.record_oom(key, count)
        return results


def _check_code(planned: str, own: str) -> None:
    if planned != own:
        raise WorkerError("the code changed while this run was going; run snakemake again")
