"""The plan knows every job: what it draws, on which device, when, and what makes it stale."""

import json
import shlex
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from snakemake.cli import parse_config

from filter_atlas import config, devices, digests
from filter_atlas.dream import zoom
from filter_atlas.errors import ClassifierError, ConfigError, PhotoError
from filter_atlas.plan import COMPUTING, Plan
from filter_atlas.recipe import PRESETS
from filter_atlas.vgg16 import LAYERS
from filter_atlas.weights.fingerprint import IMAGENET_DIGEST

SOME = {"block1_conv1": 5, "block3_conv2": [1, 7, 200], "block5_conv3": "8-14"}
DEVICES = st.lists(st.sampled_from(["cpu", "gpu:0", "gpu:1", "gpu:2"]), min_size=1, max_size=5)


def plan_of(**settings: object) -> Plan:
    """The plan of some settings; on the processor, where nothing else is said."""
    return Plan.of(config.read({"devices": "cpu", **settings}))


def task_of(**settings: object) -> dict[str, Any]:
    """The task of one filter."""
    task: dict[str, Any] = json.loads(plan_of(**settings).task("block3_conv2", 7))
    return task


def test_the_default_draws_all_4224_filters_in_network_order() -> None:
    plan = plan_of()

    assert plan.filters == [
        (layer.name, index) for layer in LAYERS for index in range(layer.filters)
    ]
    assert len(plan.filters) == 4_224
    assert plan.layer_names == [layer.name for layer in LAYERS]


def test_a_layer_that_is_not_asked_for_is_not_in_the_plan() -> None:
    plan = plan_of(filters={"conv5_3": 2, "conv1_1": [3]})

    assert plan.layer_names == ["block1_conv1", "block5_conv3"]
    assert plan.filters == [("block1_conv1", 3), ("block5_conv3", 0), ("block5_conv3", 1)]


def test_a_layers_plan_tells_its_names_its_total_and_what_is_drawn_of_it() -> None:
    layer = plan_of(filters={"conv5_1": [9, 2]}).layer("block5_conv1")

    assert (layer.name, layer.paper_name) == ("block5_conv1", "conv5_1")
    assert (layer.total, layer.filters) == (512, (2, 9))


# --- the task: what makes a picture stale, and what does not ---


def test_a_task_is_all_that_a_picture_depends_on() -> None:
    task = task_of(seed=3, recipe="blog2016")

    assert task == {
        "layer": "block3_conv2",
        "filter": 7,
        "seed": 3,
        "recipe": PRESETS["blog2016"].model_dump(mode="json"),
        "precision": "float32",
        "weights": IMAGENET_DIGEST,
        "code": digests.of_code(COMPUTING),
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
        recipes={"unused": {"schedule": [{"size": 32, "steps": 1, "rate": 1}]}},
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
                            {"size": 64, "steps": 12, "rate": 4},
                            {"size": 96, "steps": 6, "rate": 2},
                            {"size": 128, "steps": 5, "rate": 1},
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


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_is_named_is_taken(precision: str) -> None:
    assert plan_of(precision=precision).precision == precision


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [
        (["gpu:0", "gpu:1"], "bfloat16"),
        (["gpu:0", "cpu"], "float32"),
        (["cpu"], "float32"),
    ],
)
def test_auto_is_bfloat16_where_every_device_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, chosen: list[str], precision: str
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: device.startswith("gpu"))

    assert plan_of(precision="auto", devices=chosen).precision == precision


def test_auto_is_float32_for_networks_other_than_vgg16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: True)
    other = {"network": "mobilenet_v2", "weights": "random", "filters": 1}

    assert plan_of(precision="auto").precision == "bfloat16"
    assert plan_of(precision="auto", **other).precision == "float32"


def test_a_recipe_of_another_name_and_the_same_content_redraws_nothing() -> None:
    renamed = {"mine": PRESETS["atlas"].model_dump(mode="json")}

    assert task_of(recipe="mine", recipes=renamed) == task_of(recipe="atlas")


def test_a_task_changes_with_the_content_of_the_weights_file_and_not_with_its_name(
    tmp_path: Path,
) -> None:
    for name, content in [("a.h5", b"one"), ("b.h5", b"one"), ("c.h5", b"two")]:
        (tmp_path / name).write_bytes(content)

    one, same, other = (
        task_of(weights=str(tmp_path / name))["weights"] for name in ("a.h5", "b.h5", "c.h5")
    )

    assert one == same
    assert len({one, other, IMAGENET_DIGEST}) == 3


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources, of which digests are taken."""
    copy = tmp_path / "filter_atlas"
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(digests.PACKAGE, copy, ignore=ignored)
    monkeypatch.setattr(digests, "PACKAGE", copy)
    return copy


@pytest.mark.parametrize(
    "module", ["network.py", "objective.py", "ascent.py", "picture.py", "worker/studio.py"]
)
def test_a_task_changes_with_the_code_that_computes_pictures(package: Path, module: str) -> None:
    before = task_of()["code"]

    with (package / module).open("a") as file:
        file.write("\n# changed\n")

    assert task_of()["code"] != before


@pytest.mark.parametrize("module", ["stitch.py", "config.py", "atlas/pages.py", "worker/server.py"])
def test_a_task_does_not_change_with_other_code(package: Path, module: str) -> None:
    before = task_of()["code"]

    with (package / module).open("a") as file:
        file.write("\n# changed\n")

    assert task_of()["code"] == before


# --- devices and order ---


@given(
    devices=st.lists(st.sampled_from(["cpu", "gpu:0", "gpu:1", "gpu:2"]), min_size=1, unique=True),
    counts=st.lists(st.integers(1, 40), min_size=13, max_size=13),
)
def test_every_layer_is_dealt_out_evenly(devices: list[str], counts: list[int]) -> None:
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


def test_auto_devices_are_looked_for_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert plan_of(devices="auto").devices == ("cpu",)


def test_a_filter_that_is_not_in_the_run_is_named_with_the_remedy() -> None:
    plan = Plan.of(config.read({"filters": 8}))

    with pytest.raises(ConfigError, match=r"filter 600 of block1_conv1 .* `filters`"):
        plan.device("block1_conv1", "600")


# --- dreams ---


def test_what_comes_of_a_dream_includes_its_animation() -> None:
    dream = {"photo": "sample", "layers": [{"layer": "block1_conv1"}]}
    dreams = {"still": dream, "moving": {**dream, "zoom": {"format": "gif"}}}

    plan = Plan.of(config.read({"dreams": dreams}))

    assert plan.dreams == ["still"]
    assert (plan.flights("gif"), plan.flights("webp")) == (["moving"], [])
    assert plan.dream_results == [
        "results/dreams/still.png",
        "results/dreams/still.json",
        "results/dreams/moving.png",
        "results/dreams/moving.json",
        "results/dreams/moving.gif",
    ]


def _photograph(path: Path, side: int) -> bytes:
    pixels = np.random.RandomState(0).randint(0, 256, (side, side, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda path: None, "No such file or directory; give the path of"),
        (lambda path: b"no photograph", "not a JPEG, PNG or WebP that can be read"),
        (lambda path: _photograph(path, 64)[:1500], "damaged or cut short"),
        (lambda path: _photograph(path, 1), "1×1 pixels are too few"),
    ],
    ids=["missing", "none", "corrupt", "1×1"],
)
@pytest.mark.parametrize("role", ["photo", "guide"])
def test_a_photograph_that_cannot_be_dreamt_is_named_in_the_plan(
    role: str, content: Callable[[Path], bytes | None], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.jpg"
    if (written := content(path)) is not None:
        path.write_bytes(written)
    dream = {"photo": "sample", "layers": "dreamy", role: str(path)}

    with pytest.raises(PhotoError, match=rf"mine\.jpg: {said}"):
        plan_of(dreams={"mine": dream})


def test_an_animation_that_would_not_fit_in_memory_is_named_in_the_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dream = {"photo": "sample", "layers": "dreamy", "zoom": {"frames": 1000}}

    plan_of(dreams={"mine": {**dream, "longest_side": 512}})
    monkeypatch.setattr(zoom, "BYTE_LIMIT", 500_000_000)
    with pytest.raises(
        ConfigError, match=r"config: dreams\.mine\.zoom\.frames = 1000: at 640×480 "
    ):
        plan_of(dreams={"mine": dream})


# --- classes ---


def test_the_classes_are_known_before_the_network_is_opened(tmp_path: Path) -> None:
    network = tmp_path / "mine.keras"
    with zipfile.ZipFile(network, "w") as archive:
        archive.writestr("config.json", "{}")
    classes = {"network": str(network), "names": ["cat", "dog"], "classes": ["dog"]}

    assert plan_of().classes == (0, 1, 2, 3)
    assert plan_of(classes=classes).classes == (1,)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({"network": "absent.keras"}, r"^absent\.keras: No such file or directory; give a path as"),
        ({"network": "absent.keras", "classes": [0]}, r"^absent\.keras: No such file"),
        ({"network": __file__, "classes": [0]}, r"test_plan\.py: no classifier"),
        ({"classes": ["gliom"]}, "config: classes: no class is called 'gliom': did you mean"),
        ({"classes": [4]}, "config: classes: class 4 is out of range: the network has 4"),
        ({"network": "keras", "classes": [1000]}, "class 1000 is out of range"),
        ({"network": "keras", "classes": ["sea snak"]}, "did you mean 'sea snake'"),
    ],
    ids=str,
)
def test_classes_that_cannot_be_drawn_are_named_in_the_plan(
    classes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClassifierError, match=said):
        plan_of(classes=classes)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ""),
        ({"weights": "random"}, "weights=random"),
        ({"weights": "my own.h5"}, "weights='my own.h5'"),
        ({"weights": ["a.h5", "wheel"]}, """weights='["a.h5", "wheel"]'"""),
        ({"precision": "bfloat16"}, "precision=bfloat16"),
        (
            {"network": "mobilenet_v2", "weights": "random", "feed": "unit"},
            "network=mobilenet_v2 feed=unit weights=random",
        ),
        ({"devices": ["cpu", "cpu"], "worker": {"threads": 1}, "seed": 5}, ""),
    ],
)
def test_a_plan_says_which_network_weights_and_numbers_its_pictures_are_made_with(
    settings: dict[str, Any], said: str
) -> None:
    assert plan_of(**settings).settings == said


def test_what_a_plan_says_reads_as_the_same_settings() -> None:
    settings = {"weights": ["a.h5", "wheel"], "precision": "bfloat16"}

    said = parse_config(shlex.split(plan_of(**settings).settings))

    assert config.read(said) == config.read(settings)
