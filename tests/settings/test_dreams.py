"""The settings of a dream, and the messages about mistakes in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.errors import ConfigError
from filter_atlas.settings import config, dreams
from filter_atlas.settings.dreams import Dream, Zoom

REQUIRED: dict[str, Any] = {"photo": "raccoon.jpg", "layers": [{"layer": "block4_conv2"}]}


def written(folder: Path, changes: dict[str, Any]) -> str:
    path = folder / "dream.json"
    path.write_text(json.dumps({**REQUIRED, **changes}))
    return str(path)


def test_only_a_photograph_and_layers_are_required(tmp_path: Path) -> None:
    dream = dreams.read_dream(written(tmp_path, {}))

    assert (dream.octaves, dream.octave_scale, dream.longest_side) == (4, 1.4, 1024)
    assert dream.layers[0].filter == -1
    assert dream.layers[0].weight == 1
    assert dream.guide is None
    assert dream.zoom is None


def test_layers_have_the_names_of_keras_and_of_the_paper(tmp_path: Path) -> None:
    layers = [{"layer": "conv5_1", "filter": 7, "weight": 2.0}, {"layer": "block1_conv1"}]

    dream = dreams.read_dream(written(tmp_path, {"layers": layers}))

    assert [term.layer for term in dream.layers] == ["block5_conv1", "block1_conv1"]


def test_twelve_megapixels_need_no_scaling(tmp_path: Path) -> None:
    assert dreams.read_dream(written(tmp_path, {"longest_side": 4096})).longest_side == 4096


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"layers": []}, "layers = []: allowed is a list of at least one; or allowed are dreamy"),
    (
        {"layers": [{"layer": "block9_conv1"}]},
        "layers.0.layer = 'block9_conv1': unknown layer 'block9_conv1': did you mean ",
    ),
    (
        {"layers": [{"layer": "conv1_1", "filter": 64}]},
        "layers.0: block1_conv1 has no filter 64: allowed are 0 to 63, or -1 for all",
    ),
    (
        {"layers": [{"layer": "conv1_1", "filtr": 1}]},
        "layers.0.filtr = 1: unknown key: did you mean 'filter'? allowed are layer, filter, weight",
    ),
    ({"layers": [{"filter": 1}]}, "layers.0.layer: missing: allowed is text"),
    ({"layers": ["conv1_1"]}, "layers.0 = 'conv1_1': allowed is a mapping of layer, filter, "),
    ({"layers": "nightmare"}, "layers = 'nightmare': unknown set of layers: allowed are dreamy, "),
    ({"octave_scale": 1}, "octave_scale = 1: allowed are numbers above 1 up to 4"),
    ({"octaves": "four"}, "octaves = 'four': allowed are whole numbers from 1 up to 12"),
    ({"tile": 100}, "tile = 100: allowed are multiples of 16 from 64 up to 4096"),
    ({"longest_side": 9000}, "longest_side = 9000: allowed are whole numbers from 32 up to 8192"),
    ({"photo": ""}, "photo = '': allowed is text that is not empty"),
    (
        {"step_siz": 1.0},
        "step_siz = 1.0: unknown key: did you mean 'step_size'? allowed are photo, layers, ",
    ),
    ({"rate": 1.0}, "rate = 1.0: this setting has a new name: write step_size"),
    ({"zoom": {"speed": 2}}, "zoom.speed = 2: unknown key: allowed are frames, factor, steps"),
    ({"zoom": {"frames": 1}}, "zoom.frames = 1: allowed are whole numbers from 2 up to 1000"),
    ({"zoom": {"format": "mp4"}}, "zoom.format = 'mp4': allowed are webp, gif"),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES, ids=str)
def test_a_mistake_is_reported_in_one_line_with_file_and_key(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, changes)

    with pytest.raises(ConfigError) as caught:
        dreams.read_dream(path)

    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [changes for changes, _ in MISTAKES], ids=str)
def test_a_mistake_has_the_same_message_in_a_file_and_in_the_settings(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path, changes)

    with pytest.raises(ConfigError) as from_file:
        dreams.read_dream(path)
    with pytest.raises(ConfigError) as from_config:
        config.read_settings({"dreams": {"mine": {**REQUIRED, **changes}}})

    assert str(from_config.value).removeprefix("config: dreams.mine.") == (
        str(from_file.value).removeprefix(f"{path}: ")
    )


def test_settings_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, {"layers": [{"layer": "conv1_1", "filter": 3}], "guide": "fox.jpg"})

    with pytest.raises(ConfigError) as caught:
        dreams.read_dream(path)

    assert str(caught.value) == (
        f"{path}: settings: a guide works with whole layers only: leave out filter 3 of "
        "block1_conv1, or leave out the guide"
    )


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dream.json"
    path.write_text('{"photo": "raccoon.jpg"}')

    with pytest.raises(ConfigError, match="layers: missing: allowed is a list of at least one"):
        dreams.read_dream(str(path))


@pytest.mark.parametrize("content", ["photo: raccoon.jpg", "", "\ud800", '{"photo"'])
def test_a_file_that_is_not_json_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content.encode(errors="surrogatepass"))

    with pytest.raises(ConfigError, match=r"broken\.json: not JSON: .*; correct the text$"):
        dreams.read_dream(str(path))


def test_a_list_and_a_missing_file_have_different_messages(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")

    with pytest.raises(ConfigError, match=r"list\.json: settings = \[\]: allowed is a mapping of"):
        dreams.read_dream(str(tmp_path / "list.json"))
    with pytest.raises(ConfigError, match=r"no\.json: No such file or directory; give a JSON file"):
        dreams.read_dream(str(tmp_path / "no.json"))


def test_the_method_does_not_contain_the_paths_of_photographs() -> None:
    dream = Dream.model_validate({**REQUIRED, "guide": "fox.jpg", "zoom": Zoom()})

    assert not {"photo", "guide"} & dream.method.keys()
    assert dream.method["layers"] == [{"layer": "block4_conv2", "filter": -1, "weight": 1.0}]
    assert dream.method["zoom"]["frames"] == 60


def test_layers_can_be_the_name_of_a_set(tmp_path: Path) -> None:
    dream = dreams.read_dream(written(tmp_path, {"layers": "dreamy"}))

    assert dream.layers == dreams.LAYERS["dreamy"]
