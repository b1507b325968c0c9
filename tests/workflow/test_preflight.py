"""The preflight looks up what settings name, once in each run, and refuses what cannot be used."""

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest
from PIL import Image

from filter_atlas.base import devices, digests
from filter_atlas.base.errors import ClassifierError, ConfigError, PhotoError
from filter_atlas.dream import zoom
from filter_atlas.evidence.family import EVIDENCE
from filter_atlas.settings.config import read_network_settings
from filter_atlas.worker.task import DRAWING
from filter_atlas.workflow.describe_network import describe
from filter_atlas.workflow.network_lookup import find_network
from filter_atlas.workflow.plan import Plan
from filter_atlas.workflow.preflight import plan_again, plan_run
from keras_models import sequential
from side_effects import forbid_side_effects

pytestmark = pytest.mark.usefixtures("own_module")

SMALL = {"network": "mine:small", "run_code": True}
DREAM = {"photo": "sample", "layers": "dreamy"}

PlanRun = Callable[..., Plan]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> PlanRun:
    """Plans a run with some settings; on the processor, if they name no device."""
    cache = tmp_path_factory.mktemp("cache")
    return lambda **settings: plan_run({"devices": "cpu", **settings}, cache)


# --- the network ---


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of a small Keras model."""
    path = tmp_path_factory.mktemp("model") / "mine.keras"
    sequential().save(path)
    return str(path)


@pytest.mark.usefixtures("built_here")
def test_a_model_file_is_hashed_once_and_built_once(
    run: PlanRun, model_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"network": model_file, "classes": "none"}
    run(**settings)
    file_digest = mock.Mock(wraps=digests.file_digest)
    monkeypatch.setattr(digests, "file_digest", file_digest)
    monkeypatch.setattr(subprocess, "run", mock.Mock(side_effect=AssertionError("built again")))

    plan = run(**settings)
    forbid_side_effects(monkeypatch)
    again = plan_again({"devices": "cpu", **settings}, plan.facts)

    assert file_digest.mock_calls.count(mock.call(Path(model_file))) == 1
    assert again == plan


@pytest.mark.usefixtures("built_here")
def test_settings_are_checked_against_the_layers_of_the_network(
    run: PlanRun, model_file: str
) -> None:
    plan = run(network=model_file, filters={"fu*": [1, 3]})

    assert plan.filters == [("fused", 1), ("fused", 3)]
    depths = [dream.layers[0].layer for dream in plan.config.dreams.values()]
    assert depths == ["fused", "separate", "separate"]
    assert plan.config.classes is None
    with pytest.raises(ConfigError, match="unknown layer 'block1_conv1': allowed are fused to sep"):
        run(network=model_file, filters={"block1_conv1": 1})


@pytest.mark.usefixtures("built_here")
def test_a_function_is_called_in_every_run_since_only_a_call_shows_what_it_returns(
    run: PlanRun,
) -> None:
    before = run(**SMALL)
    module = Path("mine.py")
    module.write_text(module.read_text().replace("Conv2D(4, 3", "Conv2D(16, 3"))
    after = run(**SMALL)

    assert [before.facts.architecture.largest, after.facts.architecture.largest] == [4, 16]
    assert before.network != after.network


def test_whatever_a_function_prints_its_network_is_described(tmp_path: Path) -> None:
    module = Path("mine.py")
    says = "import atexit\nprint('hello')\natexit.register(print, 'bye')\n"
    module.write_text(says + module.read_text())

    found, architecture = describe(find_network(read_network_settings(SMALL)), tmp_path)

    assert found.content
    assert architecture.largest == 4


@pytest.mark.usefixtures("built_here")
def test_a_network_that_cannot_be_built_is_named_in_one_line(run: PlanRun) -> None:
    with pytest.raises(ConfigError, match="network: mine:nothing: returned a int; it must return"):
        run(network="mine:nothing", run_code=True)


@pytest.mark.usefixtures("built_here")
def test_a_network_with_channels_that_do_not_fit_is_named_in_one_line(
    run: PlanRun,
) -> None:
    picture = keras.Input((None, None, 5))
    keras.Model(picture, keras.layers.Conv2D(2, 3)(picture)).save("some.keras")

    with pytest.raises(ConfigError, match=r"network: some\.keras: takes pictures of 5 channels"):
        run(network="some.keras")


# --- devices, precision, code ---


def test_auto_devices_are_looked_up_on_this_machine(
    run: PlanRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert run(devices="auto").facts.devices == ("cpu",)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_is_named_is_taken(run: PlanRun, precision: str) -> None:
    assert run(precision=precision).facts.precision == precision


@pytest.mark.parametrize(
    ("chosen", "precision"),
    [(["gpu:0", "gpu:1"], "bfloat16"), (["gpu:0", "cpu"], "float32"), (["cpu"], "float32")],
)
def test_auto_is_bfloat16_if_every_device_computes_in_it(
    run: PlanRun, monkeypatch: pytest.MonkeyPatch, chosen: list[str], precision: str
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: device.startswith("gpu"))

    assert run(precision="auto", devices=chosen).facts.precision == precision


def test_auto_is_float32_for_other_networks(
    run: PlanRun, model_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "computes_bfloat16", lambda device: True)

    assert run(precision="auto").facts.precision == "bfloat16"
    assert run(precision="auto", network=model_file).facts.precision == "float32"


def test_a_picture_depends_on_the_code_that_draws(run: PlanRun) -> None:
    task = json.loads(run().task("block1_conv1", 0))

    assert task["code"] == digests.code_digest(DRAWING)


def test_a_picture_depends_on_the_bytes_of_the_weights_file_not_on_its_name(
    run: PlanRun,
) -> None:
    for name, content in [("a.h5", b"one"), ("b.h5", b"one"), ("c.h5", b"two")]:
        Path(name).write_bytes(content)

    one, same, other, imagenet = (
        json.loads(run(weights=weights).task("block1_conv1", 0))["weights"]
        for weights in ("a.h5", "b.h5", "c.h5", "keras")
    )

    assert one == same
    assert len({one, other, imagenet}) == 3


# --- dreams ---


def _photograph(path: Path, side: int) -> bytes:
    pixels = np.random.RandomState(0).randint(0, 256, (side, side, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda path: None, "No such file or directory; give the path of"),
        (lambda path: b"no photograph", "not a JPEG, PNG or WebP that can be read"),
        (lambda path: _photograph(path, 64)[:1500], "damaged or cut short"),
        (lambda path: _photograph(path, 1), "1×1 pixels are too few"),
    ],
    ids=["missing", "none", "corrupt", "1×1"],
)
@pytest.mark.parametrize("role", ["photo", "guide"])
def test_a_photograph_that_cannot_be_used_is_named_before_any_job(
    run: PlanRun, role: str, content: Callable[[Path], bytes | None], message: str
) -> None:
    path = Path("mine.jpg")
    if (written := content(path)) is not None:
        path.write_bytes(written)

    with pytest.raises(PhotoError, match=rf"^config: dreams\.mine\.{role}: mine\.jpg: {message}"):
        run(dreams={"mine": {**DREAM, role: str(path)}})


def test_an_animation_that_is_too_large_for_the_memory_is_named_before_any_job(
    run: PlanRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dream = {**DREAM, "zoom": {"frames": 1000}}

    run(dreams={"mine": {**dream, "longest_side": 512}})
    monkeypatch.setattr(zoom, "BYTE_LIMIT", 500_000_000)
    with pytest.raises(
        ConfigError, match=r"config: dreams\.mine\.zoom\.frames = 1000: at most 542 .* 640×480 "
    ):
        run(dreams={"mine": dream})


# --- photographs ---


def test_a_folder_of_photographs_that_is_missing_is_refused(run: PlanRun) -> None:
    with pytest.raises(PhotoError, match=r"^config: photos: nowhere: no such folder"):
        run(photos="nowhere")


def test_without_photographs_none_are_looked_for(run: PlanRun) -> None:
    plan = run(photos="none")

    assert plan.facts.families["evidence"] == {}
    assert EVIDENCE.results(plan.config) == []


# --- classes ---


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"network": "absent.keras"}, r"^absent\.keras: No such file or directory; give a path as"),
        ({"network": "absent.keras", "classes": [0]}, r"^absent\.keras: No such file"),
        ({"network": __file__, "classes": [0]}, r"test_preflight\.py: not a classifier"),
        (
            {"network": "wheel", "classes": ["gliom"]},
            "no class is called 'gliom': did you mean",
        ),
        (
            {"network": "wheel", "classes": [4]},
            "config: classes: class 4 is out of range: the network has 4",
        ),
        ({"network": "keras", "classes": [1000]}, "class 1000 is out of range"),
        ({"classes": ["sea snak"]}, "did you mean 'sea snake'"),
        ({"second_network": "efficientnet_lite0"}, "second_network = .*: this is the classifier"),
    ],
    ids=str,
)
def test_classes_that_cannot_be_drawn_are_named_before_any_job(
    run: PlanRun, classes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClassifierError, match=message):
        run(classes=classes)


def test_the_classifier_is_identified_but_not_opened(run: PlanRun) -> None:
    with zipfile.ZipFile("mine.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    classes = {"network": "mine.keras", "names": ["cat", "dog"], "classes": ["dog"]}

    facts = run(classes=classes).facts.families["classes"]

    assert facts["classifier"].endswith(digests.file_digest(Path("mine.keras")))
