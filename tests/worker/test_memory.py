"""What a studio does where memory is small: the real ascent, with a limit on its batches."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import tensorflow as tf

from filter_atlas import compute, devices, digests
from filter_atlas.ascent import LayerAscent
from filter_atlas.errors import WorkerError
from filter_atlas.plan import COMPUTING
from filter_atlas.weights import canonical
from filter_atlas.worker.studio import Studio
from filter_atlas.worker.task import Drawn, Task

from .fakes import random_weights, task

TASKS = [
    Task.model_validate(task(filter, "block1_conv2", code=digests.of_code(COMPUTING)))
    for filter in range(7)
]
KIND = TASKS[0].kind
MIB = 1 << 20


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Random weights in a canonical file."""
    path = tmp_path_factory.mktemp("weights") / "vgg16.h5"
    canonical.save(random_weights(), path)
    return str(path)


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's devices stay as they are, whatever is asked for."""
    monkeypatch.setattr(compute, "select", lambda device: f"a {device} with little memory")


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Gives the device room for so many pictures; returns the list of all batches tried."""
    draw = LayerAscent.draw

    def hold(most: int) -> list[int]:
        tried: list[int] = []

        def limited(ascent: LayerAscent, starts: Sequence[Any]) -> Any:
            tried.append(len(starts))
            if len(starts) > most:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
            return draw(ascent, starts)

        monkeypatch.setattr(LayerAscent, "draw", limited)
        return tried

    return hold


def drawn(studio: Studio, tasks: Sequence[Task] = TASKS) -> list[Drawn]:
    return [finish() for finish in studio.draw(tasks)]


def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    weights: str, hold: Callable[[int], list[int]]
) -> None:
    tried = hold(2)
    studio = Studio("cpu", weights)

    drawn(studio)

    assert tried == [7, 3, 1, 1, 1, 1, 1, 1, 1]


def test_the_size_that_fits_is_remembered(weights: str, hold: Callable[[int], list[int]]) -> None:
    tried = hold(3)
    studio = Studio("cpu", weights)
    drawn(studio)

    tried.clear()
    drawn(studio)

    assert tried == [3, 3, 1]
    assert studio.most(KIND) == 3


def test_pictures_and_records_are_the_same_to_the_last_byte_however_little_fits(
    weights: str, hold: Callable[[int], list[int]]
) -> None:
    at_once = drawn(Studio("cpu", weights))

    hold(2)
    piecemeal = drawn(Studio("cpu", weights))

    assert piecemeal == at_once


def test_a_filter_that_alone_does_not_fit_is_named_with_what_to_do(
    weights: str, hold: Callable[[int], list[int]]
) -> None:
    tried = hold(0)

    with pytest.raises(WorkerError) as refusal:
        Studio("cpu", weights).draw(TASKS)

    assert str(refusal.value) == (
        "filter 0 of block1_conv2: it alone does not fit into the memory of a cpu with little "
        "memory; take a recipe with smaller pictures, or another device"
    )
    assert tried[-1] == 1


def test_a_gpu_draws_as_many_at_once_as_its_free_memory_holds(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "free_memory", lambda device: 100 * MIB)
    monkeypatch.setattr(compute, "with_peak", lambda work: (work(), 14 * MIB))
    studio = Studio("gpu:0", weights)
    assert studio.most(KIND) == 16

    drawn(studio)

    assert studio.most(KIND) == 40


def test_a_record_says_whether_products_may_be_rounded_to_tf32(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio("cpu", weights)
    allowed = iter([True, False])
    monkeypatch.setattr(compute, "tensor_float_32", lambda: next(allowed))

    records = [json.loads(one.record) for one in drawn(studio, TASKS[:2])]

    assert [record["tensor_float_32"] for record in records] == [True, False]
