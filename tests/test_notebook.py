"""Filters drawn without Snakemake, as in a notebook."""

import functools
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from filter_atlas.base import paths
from filter_atlas.base.digests import value_digest
from filter_atlas.base.errors import ConfigError, ResultsError
from filter_atlas.base.png import to_png
from filter_atlas.notebook import Drawing, draw, exemplars, view
from filter_atlas.settings.config import read_settings
from runs import write_photographs

README = Path(__file__).parents[1] / "README.md"
TINY = {"tiny": {"schedule": [{"size": 32, "steps": 2, "step_size": 4.0}]}}
FILTERS = {"block1_conv2": [3], "block2_conv1": "0-1"}


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory, wheel_file: Path) -> Path:
    """A folder of notebooks, whose workers stay warm from test to test."""
    path = tmp_path_factory.mktemp("notebooks")
    (path / ".cache").mkdir()
    (path / ".cache" / wheel_file.name).symlink_to(wheel_file)
    return path


@pytest.fixture
def folder(notebooks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder; random weights need no download."""
    monkeypatch.chdir(notebooks)
    return notebooks


@pytest.fixture
def imagenet(folder: Path) -> dict[str, Any]:
    """Settings that draw two filters with the real weights, by a recipe with circular padding."""
    recipe = {"schedule": [{"size": 48, "steps": 4, "step_size": 4.0}], "circular_padding": 4}
    return {
        "filters": {"block3_conv1": [0, 7]},
        "weights": "wheel",
        "recipe": "padded",
        "recipes": {"padded": recipe},
    }


def pixels(drawings: Sequence[Drawing]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(io.BytesIO(one.png))) for one in drawings])


def recipe_in_png(drawing: Drawing) -> Any:
    with Image.open(io.BytesIO(drawing.png)) as image:
        return json.loads(image.info["recipe"])


def test_drawings_come_in_network_order_and_show_themselves(folder: Path) -> None:
    drawings = draw(FILTERS, weights="random", recipe="tiny", recipes=TINY)

    assert [(one.layer, one.filter) for one in drawings] == [
        ("block1_conv2", 3),
        ("block2_conv1", 0),
        ("block2_conv1", 1),
    ]
    assert all(one._repr_png_().startswith(b"\x89PNG") for one in drawings)
    assert json.loads(drawings[1].json)["filter"] == 0


def test_the_bytes_are_those_of_a_run(folder: Path) -> None:
    settings = {"weights": "random", "recipe": "tiny", "recipes": TINY, "filters": FILTERS}
    (folder / "config.yaml").write_text(
        json.dumps(
            {
                **settings,
                **dict.fromkeys(("photos", "views", "dreams", "classes"), "none"),
            }
        )
    )
    snakefile = str(README.parent / "Snakefile")
    targets = ["results/filters/block1_conv2/3.png", "results/filters/block2_conv1/1.json"]
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "2", *targets],
        check=True,
        capture_output=True,
    )

    first, _, last = draw(FILTERS, weights="random", recipe="tiny", recipes=TINY)

    assert first.png == (folder / targets[0]).read_bytes()
    assert last.json == (folder / targets[1]).read_bytes()


def test_bfloat16_draws_another_picture_and_says_so(folder: Path) -> None:
    def drawn(precision: str) -> Drawing:
        [drawing] = draw(
            {"block2_conv1": [0]},
            precision=precision,
            weights="random",
            recipe="tiny",
            recipes=TINY,
        )
        return drawing

    exact, rounded = drawn("float32"), drawn("bfloat16")

    assert json.loads(exact.json)["precision"] == "float32"
    assert json.loads(rounded.json)["precision"] == "bfloat16"
    assert b"bfloat16" in rounded.png
    assert json.loads(rounded.json)["loss"] != json.loads(exact.json)["loss"]


def test_a_drawing_can_be_saved(folder: Path) -> None:
    [drawing] = draw({"block1_conv2": [3]}, weights="random", recipe="tiny", recipes=TINY)

    drawing.save("out")

    assert (folder / "out" / "block1_conv2-3.png").read_bytes() == drawing.png


def leaky(responses: tf.Tensor) -> tf.Tensor:
    """The objective `leaky_activation`, as a function."""
    return tf.nn.leaky_relu(responses, 0.01)


def test_the_presets_objective_as_a_function_draws_the_same_pixels(
    imagenet: dict[str, Any],
) -> None:
    by_recipe = draw(**imagenet)
    by_function = draw(**imagenet, objective=leaky)

    np.testing.assert_array_equal(pixels(by_function), pixels(by_recipe))
    # The notebook's process has other threads than a worker; so last bits of a sum may differ.
    own, others = (json.loads(one[1].json)["loss"] for one in (by_function, by_recipe))
    assert own == pytest.approx(others, rel=1e-6)


def test_each_function_draws_its_own_picture_in_every_call(imagenet: dict[str, Any]) -> None:
    def towards(sign: float) -> Callable[[tf.Tensor], tf.Tensor]:
        return lambda responses: tf.reduce_mean(sign * responses, axis=[1, 2])

    up, down, up_again = (draw(**imagenet, objective=towards(sign)) for sign in (1, -1, 1))

    np.testing.assert_array_equal(pixels(up), pixels(up_again))
    assert not np.array_equal(pixels(up), pixels(down))
    final = [json.loads(one[0].json)["final_pre_activation"] for one in (down, up)]
    assert final[0] < final[1]


def test_an_objective_can_use_the_responses_of_other_layers(imagenet: dict[str, Any]) -> None:
    term = {"layer": "block2_conv1", "filter": 5, "weight": 2.0}
    recipe = {**imagenet["recipes"]["padded"], "objective": "pre_activation"}

    def both(responses: tf.Tensor, layers: Callable[[str], tf.Tensor]) -> tf.Tensor:
        other = layers("block2_conv1")[..., 5]
        return tf.reduce_mean(responses, axis=[1, 2]) + 2 * tf.reduce_mean(other, axis=[1, 2])

    by_function = draw(**imagenet, objective=both)

    imagenet["recipes"] = {"padded": {**recipe, "extra_terms": [term]}}
    np.testing.assert_allclose(
        json.loads(by_function[0].json)["loss"], json.loads(draw(**imagenet)[0].json)["loss"], 1e-4
    )


def test_transforms_change_the_pictures_that_the_network_sees(imagenet: dict[str, Any]) -> None:
    def blur(pictures: tf.Tensor) -> tf.Tensor:
        return tf.nn.avg_pool2d(pictures, ksize=3, strides=1, padding="VALID")

    plain = draw(**imagenet)
    unchanged = draw(**imagenet, transforms=[lambda pictures: pictures])
    blurred = draw(**imagenet, transforms=[blur, lambda pictures: pictures[:, :40]])

    np.testing.assert_array_equal(pixels(unchanged), pixels(plain))
    assert pixels(blurred).shape == pixels(plain).shape
    assert not np.array_equal(pixels(blurred), pixels(plain))


def test_record_and_png_name_the_functions_in_the_recipes_place(imagenet: dict[str, Any]) -> None:
    [by_recipe, _] = draw(**imagenet)
    [by_function, _] = draw(
        **imagenet, objective=leaky, transforms=[functools.partial(tf.reverse, axis=[1])]
    )

    written = json.loads(by_function.json)
    assert re.fullmatch(
        r"function leaky \(sha256 of its source: \w{64}\)", written["recipe"]["objective"]
    )
    assert written["recipe"]["transforms"] == ["function partial"]
    assert written["recipe_digest"] == value_digest(written["recipe"])
    assert written["recipe_digest"] != json.loads(by_recipe.json)["recipe_digest"]
    assert recipe_in_png(by_function) == written["recipe"]
    assert recipe_in_png(by_recipe) == json.loads(by_recipe.json)["recipe"]


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"objective": "activation"}, "'activation' is not a function: name it in a recipe"),
        ({"transforms": [8]}, "8 is not a function"),
        (
            {"objective": tf.reduce_mean},
            r"function reduce_mean\w* returned the shape \(\): return one",
        ),
        (
            {"objective": lambda responses: tf.reduce_mean(responses, axis=0)},
            r"returned the shape \(32, 32\): return one value per picture",
        ),
        (
            {"objective": lambda responses: tf.boolean_mask(responses, responses > 0)},
            "function <lambda> failed: .*return one value per picture",
        ),
        ({"objective": lambda responses: responses.middle}, "function <lambda> failed: Attr"),
        ({"objective": lambda responses, layers: layers("block9")}, "<lambda> failed: .*block9"),
        ({"objective": tf.round}, "the objective has no gradient"),
        (
            {"transforms": [lambda pictures: pictures[..., 0]]},
            r"returned the shape \(None, 32, 32\): return pictures",
        ),
        ({"transforms": [lambda pictures: pictures[:1]]}, "function <lambda> failed: "),
    ],
)
def test_a_function_that_fails_is_named_in_one_line(
    functions: dict[str, Any], message: str, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        draw({"block1_conv2": [3, 4]}, weights="random", recipe="tiny", recipes=TINY, **functions)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["objective", "transforms"])
def test_settings_refuse_functions(part: str) -> None:
    value = {"objective": leaky, "transforms": [leaky]}[part]

    with pytest.raises(ConfigError, match=rf"config: recipes\.mine\.{part}"):
        read_settings({"recipes": {"mine": {**TINY["tiny"], part: value}}})


def test_a_wrong_setting_gives_the_same_error_as_in_a_run(folder: Path) -> None:
    with pytest.raises(ConfigError, match="filters"):
        draw({"block9": 1})


def test_the_readmes_example_runs(folder: Path) -> None:
    example = re.search(
        r"```python\n(from filter_atlas import draw.*?)```", README.read_text(), re.S
    )
    assert example
    shown: dict[str, object] = {}

    exec(
        example[1].replace('"fine"', '"tiny", recipes=TINY, weights="random"'),
        {"TINY": TINY},
        shown,
    )

    assert len(shown["drawings"]) == 2  # type: ignore[arg-type]


def test_exemplars_show_the_photographs_that_fire_a_filter_most(
    folder: Path, tmp_path: Path
) -> None:
    photographs = write_photographs(tmp_path / "mine", 12)
    photos = {"folders": str(photographs), "size": 64}

    found = exemplars({"block1_conv2": [3], "block2_conv1": [0, 5]}, photos, weights="random")

    assert [(one.layer, one.filter) for one in found] == [
        ("block1_conv2", 3), ("block2_conv1", 0), ("block2_conv1", 5)
    ]  # fmt: skip
    for one in found:
        evidence = json.loads(one.json)
        assert evidence["observed"] == 12
        activations = [patch["activation"] for patch in evidence["top"]]
        assert activations == sorted(activations, reverse=True)
        assert {patch["photograph"] for patch in evidence["top"]} <= {
            file.name for file in photographs.iterdir()
        }
        with Image.open(io.BytesIO(one._repr_png_())) as image:
            assert image.width > 8 * image.height


def test_a_second_call_observes_only_new_photographs(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = {"folders": str(write_photographs(tmp_path / "others", 4)), "size": 32}
    first = exemplars({"block1_conv1": [1]}, photos, weights="random")
    write_photographs(tmp_path / "others" / "more", 5)

    exemplars({"block1_conv1": [2]}, photos, weights="random")
    second = exemplars({"block1_conv1": [1]}, photos, weights="random")

    assert re.findall(r"(\d+) of (\d+) photographs are new", capsys.readouterr().err) == [
        ("4", "4"), ("1", "5"), ("0", "5")
    ]  # fmt: skip
    assert json.loads(first[0].json)["observed"] == 4
    assert json.loads(second[0].json)["observed"] == 5


def test_a_view_shows_a_photograph_with_the_pictures_of_the_atlas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photograph = write_photographs(tmp_path / "mine", 1) / "0.jpg"
    with pytest.raises(ResultsError, match=r"^results: no pictures of filters; run snakemake"):
        view(str(photograph), weights="random")
    for index in (3, 7):
        path = Path(paths.picture("block1_conv2", index))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_png(np.full((48, 48, 3), 10 * index, np.uint8), {}))

    shown = view(str(photograph), weights="random", photos={"size": 64})

    record = json.loads(shown.json)
    assert (record["name"], record["size"], record["compared"]) == ("0.jpg", 64, False)
    assert list(record["layers"]) == ["block1_conv2"]
    cells = record["layers"]["block1_conv2"]["strongest"]
    assert {one[0] for cell in cells for one in cell} == {3, 7}
    with Image.open(io.BytesIO(shown._repr_png_())) as image:
        assert image.width > image.height
    shown.save(tmp_path / "saved")
    assert {file.name for file in (tmp_path / "saved").iterdir()} == {"0-view.png", "0-view.json"}
