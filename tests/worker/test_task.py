"""What the plan writes into jobs is what a worker accepts."""

import json
from typing import Any

from filter_atlas.base.digests import code_digest
from filter_atlas.worker.task import DRAWING, MEASURING, DrawTask, MeasureTask
from filter_atlas.workflow.plan import Plan
from filter_atlas.workflow.preflight import plan_run


def plan_of(**settings: Any) -> Plan:
    return plan_run({"dreams": "none", "classes": "none", **settings})


def measure_task(plan: Plan, layer: str, variant: str | None = None) -> MeasureTask:
    """The task of a layer as the job sends it."""
    written = json.loads(plan.measure_task(layer, variant))
    return MeasureTask.model_validate_json(json.dumps({**written, "folder": "/run"}))


def test_a_drawing_task_is_one_filter_with_the_code_that_draws() -> None:
    plan = plan_of(filters={"block1_conv1": 4}, seed=7)

    task = DrawTask.model_validate_json(plan.task("block1_conv1", 3))

    assert (task.layer, task.filter, task.seed) == ("block1_conv1", 3, 7)
    assert task.recipe == plan.recipe
    assert task.code == code_digest(DRAWING)


def test_a_measure_task_is_the_drawn_filters_of_a_layer_with_the_code_that_measures() -> None:
    plan = plan_of(filters={"block1_conv1": [0, 5], "block1_conv2": 1}, variants=["negative"])

    own, variant = (measure_task(plan, "block1_conv1", name) for name in (None, "negative"))

    assert own == MeasureTask(
        folder="/run",
        layer="block1_conv1",
        variant=None,
        filters=(0, 5),
        as_trained=True,
        weights=plan.network,
        code=code_digest(MEASURING),
    )
    assert variant == own.model_copy(update={"variant": "negative"})


def test_the_layers_to_measure_are_dealt_out_over_all_devices() -> None:
    plan = plan_of(filters=1, devices=["gpu:0", "gpu:1"])

    devices = [plan.measuring_device(layer) for layer in plan.layer_names]

    assert devices[:3] == ["gpu:0", "gpu:1", "gpu:0"]
    assert len(devices) == 13
