"""Where a network comes from: names, files, functions, and what is refused."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

from filter_atlas import config, networks
from filter_atlas.errors import ConfigError, ModelError, OriginUnavailable
from filter_atlas.feed import FEEDS
from filter_atlas.models import source, stored
from filter_atlas.models.build import build
from filter_atlas.models.describe import describe
from filter_atlas.models.network import KerasNetwork
from filter_atlas.models.obtain import obtain
from filter_atlas.models.source import Source
from filter_atlas.plan import Plan

from .conftest import residual, sequential

MODULE = """
import keras
def small():
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3, name="only")])
def nothing():
    return 7
def leaves():
    raise SystemExit(3)
"""

HIDING = """
import keras
class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inside = keras.layers.Conv2D(2, 3, name="inside")
    def call(self, tensor):
        return self.inside(tensor)
def hiding():
    seen = keras.layers.Conv2D(4, 3, name="seen")
    return keras.Sequential([keras.Input((None, None, 3)), seen, Block()])
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test's own, with a module `mine` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    Path("mine.py").write_text(MODULE)
    sys.modules.pop("mine", None)
    return tmp_path


def of(
    network: str, weights: tuple[str, ...] = ("keras", "wheel"), run_code: bool = False
) -> Source:
    return source.of(network, weights, None, None, run_code)


def test_a_name_is_an_application_of_keras_with_what_it_was_trained_on() -> None:
    found = of("mobilenet_v2", ("random",))

    assert (found.kind, found.title, found.feed) == ("application", "MobileNetV2", FEEDS["tf"])
    assert found.weights == "random"
    assert of("mobilenet_v2").weights == "keras"


def test_a_file_is_told_apart_by_its_content_not_by_where_it_lies(tmp_path: Path) -> None:
    sequential().save("one.keras")
    (tmp_path / "sub").mkdir()
    Path("sub/one.keras").write_bytes(Path("one.keras").read_bytes())
    residual().save("other.keras")

    assert of("one.keras").fingerprint == of("sub/one.keras").fingerprint
    assert of("one.keras").fingerprint != of("other.keras").fingerprint


def test_a_function_runs_only_where_that_is_allowed() -> None:
    with pytest.raises(ModelError, match="run_code: true"):
        of("mine:small")

    assert build(of("mine:small", run_code=True)).layers[-1].name == "only"


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("mobilenet_v9", "no such network"),
        ("MobileNetV2", "did you mean 'mobilenet_v2'"),
        ("missing.keras", "no such network"),
        ("nowhere_at_all:build", "no module nowhere_at_all"),
        ("~nobody-of-that-name/x.keras", "no such network"),
        ("a\0b", "no such network"),
    ],
)
def test_what_is_not_there_is_named_in_one_line(network: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as refused:
        of(network, run_code=True)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("mine:nothing", "gives a int"),
        ("mine:missing", "AttributeError"),
        ("mine:leaves", "SystemExit: 3"),
    ],
)
def test_a_function_that_gives_no_model_is_named(function: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        build(of(function, run_code=True))


def test_a_file_that_holds_code_is_refused_and_none_of_it_runs() -> None:
    picture = keras.Input((32, 32, 3))
    tensor = keras.layers.Lambda(lambda one: one * 2)(picture)
    keras.Model(picture, keras.layers.Conv2D(2, 3)(tensor)).save("code.keras")

    with pytest.raises(ModelError, match="code"):
        build(of("code.keras"))


def test_published_weights_that_cannot_be_downloaded_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(**options: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)

    with pytest.raises(OriginUnavailable, match=r"published weights of MobileNetV2.*no route"):
        build(of("mobilenet_v2"))


def test_a_network_comes_back_from_its_canonical_file_as_it_was(tmp_path: Path) -> None:
    model = residual()
    model.save("mine.keras")
    path = tmp_path / "canonical.h5"

    told = obtain(of("mine.keras"), path, print)
    back, told_source, digest = stored.load(path)

    assert told.digest == digest
    assert (told.origin, told.network) == ("own", "mine.keras")
    assert told_source == of("mine.keras")
    for one, other in zip(model.weights, back.weights, strict=True):
        assert np.array_equal(one.numpy(), other.numpy())
    assert stored.architecture(path).title == "mine.keras"
    assert isinstance(networks.load(path)[0], KerasNetwork)


def test_the_same_network_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one.h5", "two.h5"):
        obtain(of("mine:small", ("random",), run_code=True), tmp_path / name, print)

    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_the_architecture_is_asked_for_once_and_without_tensorflow_here(tmp_path: Path) -> None:
    network = of("mine:small", run_code=True)

    first = describe(network, tmp_path / "cache")
    Path("mine.py").write_text("raise SystemExit('not again')")
    again = describe(network, tmp_path / "cache")

    assert first == again
    assert [(one.name, one.filters) for one in first.layers] == [("only", 4)]


def test_weights_of_ones_own_are_not_silently_left_aside() -> None:
    with pytest.raises(ConfigError, match=r"mobilenet_v2: weights of your own, 'mine\.h5', are"):
        config.read({"network": "mobilenet_v2", "weights": "mine.h5"})


@pytest.mark.parametrize("setting", [{"feed": "unit"}, {"channels": [0, 1, 2]}])
def test_how_a_network_is_fed_is_not_silently_left_aside_for_vgg16(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="vgg16 has `feed` and `channels` of its own"):
        config.read(setting)


@pytest.mark.parametrize(
    ("channels", "settings", "reason"),
    [
        (2, {}, r"takes pictures of 2 channels; say in `channels` .* such as \[0, 1, 1\]"),
        (5, {}, r"takes pictures of 5 channels; say in `channels` .* such as \[0, 1, 2\]"),
        (5, {"channels": [3, 2, 5]}, "each from 0 to 4"),
        (3, {"channels": [0, 1, 2]}, "leave `channels` empty"),
        (1, {"feed": "torch"}, "one channel, and `feed: torch` has other numbers for each"),
        (1, {"feed": {"mean": [1, 2, 3]}}, r"`feed: {order: rgb, mean: \[1.0, 2.0, 3.0\]"),
    ],
)
def test_a_network_that_cannot_be_fed_as_the_settings_say_ends_the_plan(
    channels: int, settings: dict[str, Any], reason: str
) -> None:
    picture = keras.Input((None, None, channels))
    keras.Model(picture, keras.layers.Conv2D(2, 3)(picture)).save("some.keras")

    with pytest.raises(ConfigError, match=rf"network: some\.keras: .*{reason}"):
        config.read({"network": "some.keras", **settings})


def test_convolutions_that_are_not_drawn_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(HIDING)

    obtain(of("mine:hiding", run_code=True), Path("canonical.h5"), print)

    assert [one.name for one in stored.architecture(Path("canonical.h5")).layers] == ["seen"]
    assert "1 convolutions are not drawn" in (told := capsys.readouterr().out)
    assert told.endswith("inside\n")


def test_a_network_that_cannot_be_built_ends_the_plan_in_one_line() -> None:
    with pytest.raises(ConfigError, match="network: mine:nothing: gives a int; let it return"):
        config.read({"network": "mine:nothing", "run_code": True})


def test_settings_are_held_to_the_layers_of_the_network() -> None:
    settings = {"network": "mine:small", "run_code": True}

    plan = Plan.of(config.read({**settings, "filters": {"on*": [1, 3]}, "devices": "cpu"}))

    assert plan.filters == [("only", 1), ("only", 3)]
    assert [dream.layers[0].layer for dream in plan.config.dreams.values()] == ["only"] * 3
    assert plan.classes == ()
    with pytest.raises(ConfigError, match="unknown layer 'block1_conv1': allowed are only to only"):
        config.read({**settings, "filters": {"block1_conv1": 1}})


def test_a_module_in_the_folder_of_the_run_is_found_without_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A console script, unlike `python -m`, does not look for modules in its working directory.
    monkeypatch.setattr(sys, "path", sys.path[1:])
    (tmp_path / "deep").mkdir()
    for name in ("mine.py", "deep/mine.py"):
        Path(name).write_text("raise SystemExit('it ran')")

    assert of("mine:small", run_code=True).content == of("deep.mine:x", run_code=True).content
    with pytest.raises(ModelError, match=r"deep.*; put it in this folder, or its own"):
        of("deep.nothing:x", run_code=True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "network=some.keras"),
        ({"weights": "random"}, "network=some.keras weights=random"),
        ({"feed": "unit"}, "network=some.keras feed=unit"),
        (
            {"feed": {"mean": 9}},
            "network=some.keras feed='{order: rgb, mean: [9.0, 9.0, 9.0], "
            "deviation: [1.0, 1.0, 1.0]}'",
        ),
        ({"network": "mine:small", "run_code": True}, "network=mine:small run_code=true"),
    ],
)
def test_the_command_that_draws_a_filter_again_says_all_that_the_network_needs(
    settings: dict[str, Any], said: str
) -> None:
    sequential().save("some.keras")
    read = config.read({"network": "some.keras", "devices": "cpu", **settings})

    assert Plan.of(read).settings == said
    again = {
        key: yaml.safe_load(value)
        for key, value in (word.split("=", 1) for word in shlex.split(said))
    }
    assert config.read({**again, "devices": "cpu"}) == read


def test_describing_says_nothing_but_the_architecture() -> None:
    told = of("mine:small", run_code=True).model_dump_json()

    run = subprocess.run(
        [sys.executable, "-m", "filter_atlas.models", told], capture_output=True, text=True
    )

    assert run.stdout.startswith('{"title": "mine:small"')
