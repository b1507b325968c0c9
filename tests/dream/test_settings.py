"""What a dream may be asked for, and what is said where it may not."""

import json
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": []}, "layers = []: "),
        ({"layers": [{"layer": "block9_conv1"}]}, "layers.0.layer: unknown layer: allowed are"),
        ({"layers": [{"layer": "conv1_1", "filter": 64}]}, "allowed are 0 to 63, or -1 for all"),
        ({"layers": [{"layer": "conv1_1", "size": 1}]}, "allowed are layer, filter, weight"),
        ({"octave_scale": 1}, "octave_scale = 1: input should be greater than 1"),
        ({"octaves": "4"}, "octaves = '4': input should be a valid integer"),
        ({"tile": 100}, "tile = 100: input should be a multiple of 16"),
        ({"longest_side": 9000}, "longest_side = 9000: input should be less than or equal to 8192"),
        ({"photo": ""}, "photo = ''"),
        ({"rat": 1.0}, "rat: unknown key: allowed are photo, layers"),
        ({"zoom": {"speed": 2}}, "zoom.speed: unknown key: allowed are frames, factor, steps"),
        ({"zoom": {"format": "mp4"}}, "zoom.format = 'mp4': input should be 'webp' or 'gif'"),
        (
            {"layers": [{"layer": "conv1_1", "filter": 3}], "guide": "fox.jpg"},
            "a guide speaks to whole layers: leave filter 3 of block1_conv1 out, or the guide",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_said_in_one_line_with_file_and_key(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, changes)

    with pytest.raises(ConfigError) as caught:
        settings.read(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dream.json"
    path.write_text('{"photo": "raccoon.jpg"}')

    with pytest.raises(ConfigError, match="layers: missing: add it"):
        settings.read(path)


def test_what_is_no_json_and_what_is_not_there_are_told_apart(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("photo: raccoon.jpg")

    with pytest.raises(ConfigError, match=r"broken\.json: .*not JSON: .*line 1"):
        settings.read(broken)
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


def test_an_unknown_set_of_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="allowed are dreamy, bad_trip"):
        settings.read(written(tmp_path, {"layers": "nightmare"}))
