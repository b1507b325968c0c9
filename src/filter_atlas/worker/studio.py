"""The engine of a worker: TensorFlow on one device, with the weights in its memory."""

import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tensorflow as tf

from filter_atlas import __version__, digests, picture
from filter_atlas.ascent import Ascended, LayerAscent, Start
from filter_atlas.errors import WorkerError
from filter_atlas.plan import COMPUTING
from filter_atlas.record import Record
from filter_atlas.weights import canonical
from filter_atlas.worker.task import Drawn, Task

PARTS_RECORDED = ("tensorflow", "numpy", "pillow")


class Studio:
    """Draws batches of filters on one device.

    Args:
        device: `cpu`, or `gpu:N` for the N-th visible GPU.
        weights: path of the canonical weights.
        threads: processor threads to use; 0 takes all there are.

    Raises:
        WorkerError: there is no such device.
        WeightsError: the weights are damaged.
    """

    def __init__(self, device: str, weights: str, threads: int = 0) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.device = _select(device)
        tensors, self.weights_digest = canonical.load(Path(weights))
        self.weights = {name: tf.constant(tensor) for name, tensor in tensors.items()}
        self.code_digest = digests.of_code(COMPUTING)
        self.versions = {
            "filter_atlas": __version__,
            "python": platform.python_version(),
            **{part: version(part) for part in PARTS_RECORDED},
        }
        self._ascents: dict[tuple[str, str], LayerAscent] = {}

    def draw(self, tasks: Sequence[Task]) -> list[Callable[[], Drawn]]:
        """Draw tasks of one kind in one batch; what is left is to encode each result.

        Raises:
            WorkerError: the code changed since the run was planned.
        """
        first = tasks[0]
        if first.code != self.code_digest:
            raise WorkerError("the code changed while this run was going; run snakemake again")
        if first.kind not in self._ascents:
            self._ascents[first.kind] = LayerAscent(first.layer, first.recipe, self.weights)
        starts = [Start(filter=task.filter, seed=task.seed) for task in tasks]
        ascended = self._ascents[first.kind].draw(starts)
        return [partial(self._finish, *pair) for pair in zip(tasks, ascended, strict=True)]

    def _finish(self, task: Task, ascended: Ascended) -> Drawn:
        if not np.isfinite(ascended.picture).all():
            raise WorkerError(
                f"filter {task.filter} of {task.layer}: the ascent ran out of bounds (infinite or "
                "not a number); lower the recipe's rate"
            )
        record = Record(
            layer=task.layer,
            filter=task.filter,
            seed=task.seed,
            start_activation=ascended.start_activation,
            final_activation=ascended.final_activation,
            final_pre_activation=ascended.final_pre_activation,
            loss=ascended.loss,
            recipe=task.recipe.model_dump(mode="json"),
            recipe_digest=task.recipe.digest,
            weights_digest=self.weights_digest,
            code_digest=self.code_digest,
            device=self.device,
            versions=self.versions,
        )
        text = {
            "Software": "Filter Atlas",
            "layer": task.layer,
            "filter": str(task.filter),
            "seed": str(task.seed),
            "recipe": task.recipe.model_dump_json(),
            "weights": self.weights_digest,
        }
        pixels = picture.deprocess(ascended.picture, task.recipe.contrast)
        return Drawn(picture=picture.to_png(pixels, text), record=record.to_json())


def _select(device: str) -> str:
    """Let TensorFlow see one device only; return what kind of device it is."""
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return f"CPU ({_processor()})"
    number = int(device.removeprefix("gpu:"))
    if number >= len(gpus):
        raise WorkerError(
            f"device {device}: TensorFlow sees {len(gpus)} GPU(s) here; set `devices` to what "
            "there is, and install the extra `cuda` to use NVIDIA GPUs"
        )
    gpu = gpus[number]
    tf.config.set_visible_devices([gpu], "GPU")
    tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))


def _processor() -> str:
    """The processor's model, on which the last bits of a result may depend."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
