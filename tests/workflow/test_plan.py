"""The plan knows every job: what it draws, on which device, when, and what makes it stale."""

import json
import shlex
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.cli import parse_config

from filter_atlas.base.errors import ConfigError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.settings.config import read_settings
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.workflow.plan import IDENTITY_KEYS, Plan, PreflightFacts
from plans import plan_of
from side_effects import forbid_side_effects

SOME = {"block1_conv1": 5, "block3_conv2": [1, 7, 200], "block5_conv3": "8-14"}
DEVICES = st.lists(st.sampled_from(["cpu", "gpu:0", "gpu:1", "gpu:2"]), min_size=1, max_size=5)


def task_of(**settings: Any) -> dict[str, Any]:
    """The task of one filter."""
    task: dict[str, Any] = json.loads(plan_of(**settings).task("block3_conv2", 7))
    return task


def test_a_plan_is_a_value_made_without_side_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(filters=SOME, variants=["negative"])
    facts = plan.facts.model_dump_json()
    forbid_side_effects(monkeypatch)

    again = Plan(
        read_settings({"filters": SOME, "variants": ["negative"]}),
        PreflightFacts.model_validate_json(facts),
    )

    assert again == plan
    assert [again.task(*drawn) for drawn in again.filters] == [
        plan.task(*drawn) for drawn in plan.filters
    ]


def test_the_default_draws_all_4224_filters_in_network_order() -> None:
    plan = plan_of()

    assert plan.filters == [
        (layer.name, index) for layer in LAYERS for index in range(layer.filters)
    ]
    assert len(plan.filters) == 4_224
    assert plan.layer_names == [layer.name for layer in LAYERS]


def test_a_layer_that_settings_do_not_name_is_not_in_the_plan() -> None:
    plan = plan_of(filters={"conv5_3": 2, "conv1_1": [3]})

    assert plan.layer_names == ["block1_conv1", "block5_conv3"]
    assert plan.filters == [("block1_conv1", 3), ("block5_conv3", 0), ("block5_conv3", 1)]


def test_the_plan_of_a_layer_has_its_names_its_total_and_its_filters() -> None:
    layer = plan_of(filters={"conv5_1": [9, 2]}).layer("block5_conv1")

    assert (layer.name, layer.paper_name) == ("block5_conv1", "conv5_1")
    assert (layer.total, layer.filters) == (512, (2, 9))


# --- the task: what makes a picture stale, and what does not ---


def test_a_task_holds_all_that_a_picture_depends_on() -> None:
    task = task_of(seed=3, recipe="blog2016")

    assert task == {
        "layer": "block3_conv2",
        "filter": 7,
        "seed": 3,
        "recipe": PRESETS["blog2016"].model_dump(mode="json"),
        "precision": "float32",
        "weights": "vgg16",
        "code": "digest of the code that draws",
    }


def test_a_task_is_the_same_for_a_wildcard_and_for_a_number() -> None:
    plan = plan_of()

    assert plan.task("block3_conv2", "7") == plan.task("block3_conv2", 7)
    assert plan.task("block3_conv2", 7) != plan.task("block3_conv2", 8)


@given(
    devices=DEVICES,
    batch=st.integers(1, 1024),
    threads=st.integers(0, 64),
    margin=st.integers(0, 100),
    best=st.integers(1, 32),
    filters=st.sampled_from(["all", 8, {"conv3_2": [7]}]),
)
def test_a_task_does_not_depend_on_where_and_beside_what_it_is_drawn(
    devices: list[str], batch: int, threads: int, margin: int, best: int, filters: object
) -> None:
    elsewhere = task_of(
        devices=devices,
        worker={"batch": batch, "threads": threads, "idle_seconds": 1},
        grid={"margin": margin, "best": best, "overview": best},
        filters=filters,
        recipes={"unused": {"schedule": [{"size": 32, "steps": 1, "step_size": 1}]}},
    )

    assert elsewhere == task_of()


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("seed", {"seed": 1}),
        ("precision", {"precision": "bfloat16"}),
        ("recipe", {"recipe": "blog2016"}),
        (
            "recipe",
            {
                "recipe": "slow",
                "recipes": {
                    "slow": {
                        "schedule": [
                            {"size": 64, "steps": 12, "step_size": 4},
                            {"size": 96, "steps": 6, "step_size": 2},
                            {"size": 128, "steps": 5, "step_size": 1},
                        ]
                    }
                },
            },
        ),
    ],
)
def test_a_task_changes_with_seed_precision_and_recipe(part: str, settings: dict[str, Any]) -> None:
    before, after = task_of(), task_of(**settings)

    assert {key for key in before if before[key] != after[key]} == {part}


def test_a_recipe_of_another_name_and_the_same_content_redraws_nothing() -> None:
    renamed = {"mine": PRESETS["atlas"].model_dump(mode="json")}

    assert task_of(recipe="mine", recipes=renamed) == task_of(recipe="atlas")


# --- devices and order ---


@given(
    devices=st.lists(st.sampled_from(["cpu", "gpu:0", "gpu:1", "gpu:2"]), min_size=1, unique=True),
    counts=st.lists(st.integers(1, 40), min_size=13, max_size=13),
)
def test_layers_are_spread_evenly_over_the_devices(devices: list[str], counts: list[int]) -> None:
    filters = {layer.name: count for layer, count in zip(LAYERS, counts, strict=True)}
    plan = plan_of(devices=devices, filters=filters)

    for layer in plan.layers:
        dealt = Counter(plan.device(layer.name, index) for index in layer.filters)
        shares = [dealt[device] for device in devices]
        assert sum(shares) == len(layer.filters)
        assert max(shares) - min(shares) <= 1


def test_a_device_that_is_listed_twice_gets_two_shares() -> None:
    plan = plan_of(devices=["gpu:0", "gpu:0", "cpu"])

    for layer in plan.layers:
        dealt = Counter(plan.device(layer.name, index) for index in layer.filters)
        assert dealt["gpu:0"] == pytest.approx(layer.total * 2 / 3, abs=1)
        assert dealt["cpu"] == pytest.approx(layer.total / 3, abs=1)


def test_a_device_is_the_same_for_a_wildcard_and_for_a_number() -> None:
    plan = plan_of(devices=["gpu:0", "gpu:1", "cpu"])

    assert [plan.device("block1_conv1", index) for index in range(4)] == [
        plan.device("block1_conv1", str(index)) for index in range(4)
    ]


def test_priorities_fall_strictly_in_network_order_and_stay_above_the_default() -> None:
    plan = plan_of(filters=SOME)

    priorities = [plan.priority(layer, str(index)) for layer, index in plan.filters]

    assert priorities == sorted(set(priorities), reverse=True)
    assert priorities[-1] > 0


def test_a_filter_that_the_run_does_not_draw_is_named_with_the_remedy() -> None:
    plan = plan_of(filters=8)

    with pytest.raises(ConfigError, match=r"filter 600 of block1_conv1 .* `filters`"):
        plan.device("block1_conv1", "600")


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, ""),
        ({"weights": "random"}, "weights=random"),
        ({"weights": "my own.h5"}, "weights='my own.h5'"),
        ({"weights": ["a.h5", "wheel"]}, """weights='["a.h5", "wheel"]'"""),
        ({"precision": "bfloat16"}, "precision=bfloat16"),
        (
            {"network": "mobilenet_v2", "weights": "random", "preprocessing": "unit"},
            "network=mobilenet_v2 preprocessing=unit weights=random",
        ),
        (
            {"network": "some.keras", "preprocessing": {"mean": 9}},
            "network=some.keras preprocessing='{order: rgb, mean: [9.0, 9.0, 9.0], "
            "std: [1.0, 1.0, 1.0]}'",
        ),
        ({"network": "mine:small", "run_code": True}, "network=mine:small run_code=true"),
        ({"devices": ["cpu", "cpu"], "worker": {"threads": 1}, "seed": 5}, ""),
    ],
)
def test_a_plan_has_the_arguments_that_draw_its_pictures_again(
    settings: dict[str, Any], arguments: str
) -> None:
    plan = plan_of(**settings)

    assert plan.settings == arguments
    again = plan_of(**parse_config(shlex.split(arguments)))
    assert again.config.model_dump(include=IDENTITY_KEYS) == plan.config.model_dump(
        include=IDENTITY_KEYS
    )
    assert again.facts.precision == plan.facts.precision
