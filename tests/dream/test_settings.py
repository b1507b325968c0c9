"""What a dream may be asked for, and what is said where it may not."""

import json
from pathlib import Path
from typing import Any

import pytest

from filter_atlas import config
from filter_atlas.dream import settings
from filter_atlas.dream.settings import Dream, Zoom
from filter_atlas.errors import ConfigError

LEAST: dict[str, Any] = {"photo": "raccoon.jpg", "layers": [{"layer": "block4_conv2"}]}


def written(folder: Path, changes: dict[str, Any]) -> Path:
    path = folder / "dream.json"
    path.write_text(json.dumps({**LEAST, **changes}))
    return path


def test_a_photograph_and_a_layer_are_enough(tmp_path: Path) -> None:
    dream = settings.read(written(tmp_path, {}))

    assert (dream.octaves, dream.octave_scale, dream.longest_side) == (4, 1.4, 1024)
    assert dream.layers[0].filter == -1
    assert dream.layers[0].weight == 1
    assert dream.guide is None
    assert dream.zoom is None


def test_layers_go_by_keras_names_and_the_papers(tmp_path: Path) -> None:
    layers = [{"layer": "conv5_1", "filter": 7, "weight": 2.0}, {"layer": "block1_conv1"}]

    dream = settings.read(written(tmp_path, {"layers": layers}))

    assert [term.layer for term in dream.layers] == ["block5_conv1", "block1_conv1"]


def test_twelve_megapixels_can_be_kept_whole(tmp_path: Path) -> None:
    assert settings.read(written(tmp_path, {"longest_side": 4096})).longest_side == 4096


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
    ({"rat": 1.0}, "rat = 1.0: unknown key: did you mean 'rate'? allowed are photo, layers, "),
    ({"zoom": {"speed": 2}}, "zoom.speed = 2: unknown key: allowed are frames, factor, steps"),
    ({"zoom": {"format": "mp4"}}, "zoom.format = 'mp4': allowed are webp, gif"),
]


@pytest.mark.parametrize(("changes", "said"), MISTAKES, ids=str)
def test_what_cannot_be_honoured_is_said_in_one_line_with_file_and_key(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, changes)

    with pytest.raises(ConfigError) as caught:
        settings.read(path)

    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [changes for changes, _ in MISTAKES], ids=str)
def test_a_file_of_a_dream_is_refused_in_the_words_of_the_configuration(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path, changes)

    with pytest.raises(ConfigError) as of_file:
        settings.read(path)
    with pytest.raises(ConfigError) as of_config:
        config.read({"dreams": {"mine": {**LEAST, **changes}}})

    assert str(of_config.value).removeprefix("config: dreams.mine.") == (
        str(of_file.value).removeprefix(f"{path}: ")
    )


def test_settings_that_do_not_fit_together_say_which(tmp_path: Path) -> None:
    path = written(tmp_path, {"layers": [{"layer": "conv1_1", "filter": 3}], "guide": "fox.jpg"})

    with pytest.raises(ConfigError) as caught:
        settings.read(path)

    assert str(caught.value) == (
        f"{path}: settings: a guide speaks to whole layers: leave filter 3 of block1_conv1 out, "
        "or the guide"
    )


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dream.json"
    path.write_text('{"photo": "raccoon.jpg"}')

    with pytest.raises(ConfigError, match="layers: missing: allowed is a list of at least one"):
        settings.read(path)


@pytest.mark.parametrize("content", ["photo: raccoon.jpg", "", "\ud800", '{"photo"'])
def test_what_is_no_json_is_told_in_one_line(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content.encode(errors="surrogatepass"))

    with pytest.raises(ConfigError, match=r"broken\.json: not JSON: .*; mend it there$"):
        settings.read(path)


def test_what_is_no_mapping_and_what_is_not_there_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]")

    with pytest.raises(ConfigError, match=r"list\.json: settings = \[\]: allowed is a mapping of"):
        settings.read(tmp_path / "list.json")
    with pytest.raises(ConfigError, match=r"no\.json: No such file or directory; give a JSON file"):
        settings.read(tmp_path / "no.json")


def test_the_method_leaves_out_where_photographs_lie() -> None:
    dream = Dream.model_validate({**LEAST, "guide": "fox.jpg", "zoom": Zoom()})

    assert not {"photo", "guide"} & dream.method.keys()
    assert dream.method["layers"] == [{"layer": "block4_conv2", "filter": -1, "weight": 1.0}]
    assert dream.method["zoom"]["frames"] == 60


def test_layers_can_be_a_set_by_name(tmp_path: Path) -> None:
    dream = settings.read(written(tmp_path, {"layers": "dreamy"}))

    assert dream.layers == settings.LAYERS["dreamy"]
