"""Every setting in every allowed form, and one line for every other form."""

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from filter_atlas.base.architecture import VGG16, Architecture
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.settings import config
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.config import Config
from filter_atlas.settings.dreams import Dream, Zoom
from filter_atlas.settings.grid import GridSettings
from filter_atlas.settings.photos import PhotoSettings
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe, Regularisers, Term, Transform
from filter_atlas.settings.twins import TwinSettings
from filter_atlas.settings.worker import WorkerSettings
from runs import REPOSITORY
from side_effects import forbid_side_effects

SHIPPED = (REPOSITORY / "config.yaml").read_text()
SCHEMA = config.json_schema()

PHASE = {"size": 64, "steps": 1, "step_size": 2.0}
BOLD = {"objective": "activation", "schedule": [PHASE]}

LAYER_NAMES = "allowed are block1_conv1 to block5_conv3 or the paper's names, conv1_1 to conv5_3"
FILTER_FORMS = '"all", a count, a range such as "0-15", or a list of indices and ranges'
TOP_KEYS = (
    "network, run_code, preprocessing, channels, weights, layers, filters, recipe, recipes, "
    "variants, precision, seed, devices, grid, twins, photos, truth, circuits, views, dreams, "
    "classes, site, worker"
)
SEEDS = "allowed are whole numbers from 0 up to 4294967295"
SIZES = "allowed are whole numbers from 32 up to 2048"


def bold(**changes: object) -> dict[str, Any]:
    """Settings with a user's recipe, with changes."""
    return {"recipes": {"bold": {**BOLD, **changes}}}


def bold_phase(**changes: object) -> dict[str, Any]:
    """Settings with a user's recipe, with changes of its phase."""
    return bold(schedule=[{**PHASE, **changes}])


# --- filters ---


def test_all_means_every_filter_of_every_layer_in_network_order() -> None:
    filters = config.read_settings({"filters": "all"}).filters

    assert list(filters) == [layer.name for layer in LAYERS]
    assert all(filters[layer.name] == tuple(range(layer.filters)) for layer in LAYERS)


@pytest.mark.parametrize("count", [1, 8, 64, 100, 512])
def test_a_count_means_the_first_filters_of_every_layer(count: int) -> None:
    filters = config.read_settings({"filters": count}).filters

    assert len(filters) == 13
    assert filters["block1_conv1"] == tuple(range(min(count, 64)))
    assert filters["block5_conv3"] == tuple(range(count))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("all", tuple(range(64))),
        (3, (0, 1, 2)),
        (64, tuple(range(64))),
        ("8-11", (8, 9, 10, 11)),
        ("8 - 11", (8, 9, 10, 11)),
        ("7-7", (7,)),
        ("7", tuple(range(7))),
        ([7], (7,)),
        ([63, 0, 7], (0, 7, 63)),
        (["32-34", 0, "7"], (0, 7, 32, 33, 34)),
        ([5, 5, "4-6"], (4, 5, 6)),
    ],
)
def test_a_layer_takes_all_a_count_a_range_or_a_list(
    value: object, expected: tuple[int, ...]
) -> None:
    assert config.read_settings({"filters": {"block1_conv1": value}}).filters == {
        "block1_conv1": expected
    }


@given(indices=st.sets(st.integers(0, 511), min_size=1, max_size=20), data=st.data())
def test_a_list_means_its_distinct_indices_in_order(indices: set[int], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations([*indices, *indices]))

    filters = config.read_settings({"filters": {"block5_conv1": shuffled}}).filters

    assert filters["block5_conv1"] == tuple(sorted(indices))


@given(first=st.integers(0, 511), data=st.data())
def test_a_range_includes_both_ends(first: int, data: st.DataObject) -> None:
    last = data.draw(st.integers(first, 511))

    filters = config.read_settings({"filters": {"block5_conv1": f"{first}-{last}"}}).filters

    assert filters["block5_conv1"] == tuple(range(first, last + 1))


def test_layers_have_two_names_and_are_sorted_in_network_order() -> None:
    filters = config.read_settings(
        {"filters": {"conv5_1": 2, "block2_conv2": 1, "conv1_1": [9]}}
    ).filters

    assert list(filters.items()) == [
        ("block1_conv1", (9,)),
        ("block2_conv2", (0,)),
        ("block5_conv1", (0, 1)),
    ]


# --- the other settings ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("auto", ("auto",)),
        (["auto"], ("auto",)),
        ("cpu", ("cpu",)),
        ("gpu:1", ("gpu:1",)),
        (["gpu:0", "gpu:10", "cpu"], ("gpu:0", "gpu:10", "cpu")),
        (["gpu:0", "gpu:0"], ("gpu:0", "gpu:0")),
    ],
)
def test_devices_are_auto_or_one_device_or_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert config.read_settings({"devices": value}).devices == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("wheel", ("wheel",)),
        ("my weights.h5", ("my weights.h5",)),
        (["~/vgg16.keras", "keras"], ("~/vgg16.keras", "keras")),
    ],
)
def test_weights_are_one_origin_or_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert config.read_settings({"weights": value}).weights == expected


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_chosen_by_its_name(name: str) -> None:
    assert config.read_settings({"recipe": name}).chosen_recipe() == PRESETS[name]


def test_a_users_recipe_is_chosen_by_its_name() -> None:
    chosen = config.read_settings({**bold(contrast=0.15), "recipe": "bold"}).chosen_recipe()

    assert chosen == Recipe.model_validate({**BOLD, "contrast": 0.15})


def test_a_users_recipe_needs_only_a_schedule() -> None:
    recipe = config.read_settings({"recipes": {"bold": {"schedule": [PHASE]}}}).recipes["bold"]

    shared = {"objective", "start_floor", "start_noise", "optimiser", "parametrisation"}
    assert recipe.model_dump(include=shared) == PRESETS["atlas"].model_dump(include=shared)


def test_names_are_file_names_on_every_system() -> None:
    dream = {"photo": "sample", "layers": "dreamy"}
    recipe = {"schedule": [{"size": 64, "steps": 3, "step_size": 1.0}]}

    chosen = config.read_settings(
        {
            "dreams": dict.fromkeys(("con", "COM1.x", "console", "end."), dream),
            "variants": ["aux", "negative"],
            "recipes": {"aux": recipe},
        }
    )

    assert list(chosen.dreams) == ["con_", "COM1_.x", "console", "end_"]
    assert chosen.variants == ("aux_", "negative")
    assert chosen.recipe_of("aux_") == chosen.recipes["aux"]


def test_other_settings_of_a_section_keep_their_defaults() -> None:
    read = config.read_settings({"grid": {"margin": 0}, "worker": {"batch": 1, "idle_seconds": 5}})

    assert (read.grid.margin, read.grid.best, read.grid.overview) == (0, 8, 12)
    assert (read.worker.batch, read.worker.idle_seconds, read.worker.threads) == (1, 5.0, 0)


def test_true_and_false_may_be_texts() -> None:
    texts = {"run_code": "true", "site": {"filter_pages": "false"}}

    found = config.read_settings(texts)

    assert (found.run_code, found.site.filter_pages) == (True, False)
    with pytest.raises(ConfigError, match="run_code = 'yes': allowed are true and false"):
        config.read_settings({"run_code": "yes"})


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (
            {"filters": {"conv5_1": "4", "conv1_1": ["0", "8-9"]}},
            {"filters": {"conv5_1": 4, "conv1_1": [0, "8-9"]}},
        ),
        ({"grid": {"margin": "3"}}, {"grid": {"margin": 3}}),
        ({"worker": {"idle_seconds": "2.5"}}, {"worker": {"idle_seconds": 2.5}}),
        (bold_phase(size="96", step_size="4"), bold_phase(size=96, step_size=4)),
    ],
)
def test_numbers_inside_lists_and_mappings_may_be_texts(
    texts: dict[str, Any], numbers: dict[str, Any]
) -> None:
    assert config.read_settings(texts) == config.read_settings(numbers)


# --- wrong settings ---

NO_FILTERS: list[Any] = ["ALL", 0, 513, -1, 8.0, "8", True, None, [], {}]
NO_LAYER_FILTERS: list[Any] = [True, None, [], {}, 1.5]

MISTAKES: list[tuple[dict[Any, Any], str]] = [
    # Keys.
    ({"filter": 8}, f"filter = 8: unknown key: did you mean 'filters'? allowed are {TOP_KEYS}"),
    ({"xyzzy": None}, f"xyzzy = None: unknown key: allowed are {TOP_KEYS}"),
    ({1: 2}, f"1 = 1: unknown key: allowed are {TOP_KEYS}"),
    (
        {"grid": {"margn": 3}},
        "grid.margn = 3: unknown key: did you mean 'margin'? allowed are margin, best, overview",
    ),
    (
        {"worker": {"thread": 3}},
        "worker.thread = 3: unknown key: did you mean 'threads'? "
        "allowed are batch, idle_seconds, threads",
    ),
    (
        bold(start_nois=2),
        "recipes.bold.start_nois = 2: unknown key: did you mean 'start_noise'? "
        "allowed are objective, reduction, ",
    ),
    (
        bold(schedule=[PHASE, {"size": 64, "step": 1, "step_size": 2}]),
        "recipes.bold.schedule.1.step = 1: unknown key: did you mean 'steps'? "
        "allowed are size, steps, step_size",
    ),
    (
        {"recipes": {"bold": {}}},
        "recipes.bold.schedule: missing: allowed is a list of at least one",
    ),
    (
        bold(schedule=[{"size": 64, "step_size": 1.0}]),
        "recipes.bold.schedule.0.steps: missing: allowed are whole numbers from 0 up to 10000",
    ),
    # Filters.
    *(
        (
            {"filters": value},
            f'filters = {value!r}: allowed are "all", a count per layer from 1 to 512, '
            "or a mapping such as {block5_conv1: [0, 3, 8-15]}",
        )
        for value in NO_FILTERS
    ),
    (
        {"filters": {"block5_conv4": 1}},
        "filters = {'block5_conv4': 1}: unknown layer 'block5_conv4': "
        f"did you mean 'block5_conv3'? {LAYER_NAMES}",
    ),
    ({"filters": {"fc1": 1}}, f"filters = {{'fc1': 1}}: unknown layer 'fc1': {LAYER_NAMES}"),
    ({"filters": {5: 1}}, f"filters = {{5: 1}}: unknown layer 5: {LAYER_NAMES}"),
    (
        {"filters": {"conv1_1": 1, "block1_conv1": 2}},
        "filters = {'conv1_1': 1, 'block1_conv1': 2}: "
        "conv1_1 and block1_conv1 are the same layer: give it once",
    ),
    *(
        (
            {"filters": {"conv1_1": value}},
            f"filters = {{'conv1_1': {value!r}}}: block1_conv1: a count of {value} "
            "is out of range: allowed are 1 to 64",
        )
        for value in (0, 65, -1)
    ),
    *(
        (
            {"filters": {"conv1_1": [value]}},
            f"filters = {{'conv1_1': [{value!r}]}}: block1_conv1: filter {value} "
            "is out of range: allowed are 0 to 63",
        )
        for value in (64, "60-64", "64-60")
    ),
    (
        {"filters": {"conv1_1": "5-3"}},
        "filters = {'conv1_1': '5-3'}: block1_conv1: the range 5-3 runs backwards: give 3-5",
    ),
    *(
        (
            {"filters": {"conv1_1": [value]}},
            f"filters = {{'conv1_1': [{value!r}]}}: block1_conv1: {value!r} is not a filter: "
            'allowed are an index such as 7 or an inclusive range such as "8-15"',
        )
        for value in (True, -1, 1.0, "all", "1-2-3", "", None, [1], "٣", "7\n")
    ),
    *(
        (
            {"filters": {"conv1_1": value}},
            f"filters = {{'conv1_1': {value!r}}}: block1_conv1: {value!r} is not allowed: "
            f"allowed are {FILTER_FORMS}",
        )
        for value in NO_LAYER_FILTERS
    ),
    # Recipes.
    (
        {"recipe": "bold"},
        "recipe = 'bold': unknown: allowed are blog2016, keras2019, atlas, fine, modern, lucid",
    ),
    (
        {**bold(), "recipe": "bald"},
        "recipe = 'bald': unknown: did you mean 'bold'? allowed are blog2016, keras2019, ",
    ),
    ({"recipe": 3}, "recipe = 3: allowed is text"),
    (
        {"preprocessing": "rgb"},
        "preprocessing = 'rgb': allowed are raw, raw_bgr, unit, caffe, tf, torch, or a mapping of "
        "order, mean and std",
    ),
    (
        {"preprocessing": {"means": 3}},
        "preprocessing.means = 3: unknown key: did you mean 'mean'? ",
    ),
    ({"preprocessing": {"std": 0}}, "preprocessing.std.0 = 0: "),
    (
        {"recipes": {"atlas": BOLD}},
        "recipes.atlas: this is the name of a preset: choose another one",
    ),
    ({"recipes": ["bold"]}, "recipes = ['bold']: allowed is a mapping"),
    ({"recipes": {2016: BOLD}}, "recipes.2016 = 2016: names are text: put it in quotes"),
    (
        {"recipes": {2016: {"sched": 1}}},
        "recipes.2016.sched = 1: unknown key: did you mean 'schedule'? allowed are objective, ",
    ),
    (
        {"recipes": {"bold": "atlas"}},
        "recipes.bold = 'atlas': allowed is a mapping of objective, reduction, ",
    ),
    (bold(schedule=[]), "recipes.bold.schedule = []: allowed is a list of at least one"),
    (bold(schedule=None), "recipes.bold.schedule = None: allowed is a list of at least one"),
    (
        bold(schedule=[64]),
        "recipes.bold.schedule.0 = 64: allowed is a mapping of size, steps, step_size",
    ),
    *(
        (bold_phase(size=size), f"recipes.bold.schedule.0.size = {size!r}: {SIZES}")
        for size in (16, 100_000, 64.0, "64 px", True, None)
    ),
    (
        bold_phase(steps=-1),
        "recipes.bold.schedule.0.steps = -1: allowed are whole numbers from 0 up to 10000",
    ),
    *(
        (
            bold_phase(step_size=size),
            f"recipes.bold.schedule.0.step_size = {size!r}: allowed are numbers above 0 up to 1000",
        )
        for size in (0, -1.0, 1_001, float("inf"), float("nan"), "fast", True)
    ),
    (
        bold(objective="loss"),
        "recipes.bold.objective = 'loss': allowed are activation, pre_activation",
    ),
    *(
        (
            bold(start_floor=value),
            f"recipes.bold.start_floor = {value!r}: allowed are numbers from 0 up to 255",
        )
        for value in (-1, 256, "grey", True)
    ),
    *(
        (
            bold(start_noise=value),
            f"recipes.bold.start_noise = {value!r}: allowed are numbers above 0 up to 255",
        )
        for value in (0, 256, "some", True)
    ),
    *(
        (
            bold(contrast=value),
            f"recipes.bold.contrast = {value!r}: allowed are numbers above 0 up to 1",
        )
        for value in (0, 1.5, float("nan"), "1e-1", True)
    ),
    # The rest.
    *(
        ({"seed": value}, f"seed = {value!r}: {SEEDS}")
        for value in (-1, 2**32, True, 1.0, "1", None)
    ),
    *(
        (
            {"weights": value},
            f'weights = {value!r}: allowed are "keras", "wheel", "random", a path, or',
        )
        for value in ([], "", " ", ["keras", ""], [1], None, {"keras": 1})
    ),
    *(
        ({"devices": value}, f'devices = {value!r}: allowed are "auto", or a list of "cpu" and')
        for value in ([], "gpu", "gpu:x", "gpu:00", "gpu:٣", "cpu\n", ["auto", "cpu"], [0], None)
    ),
    ({"grid": None}, "grid = None: allowed is a mapping of margin, best, overview"),
    *(
        (
            {"grid": {"margin": value}},
            f"grid.margin = {value!r}: allowed are whole numbers from 0 up",
        )
        for value in (-1, 101, True, 5.0, "wide", "9" * 19)
    ),
    ({"grid": {"best": 0}}, "grid.best = 0: allowed are whole numbers from 1 up to 32"),
    ({"grid": {"overview": 33}}, "grid.overview = 33: allowed are whole numbers from 1 up to 32"),
    *(
        ({"site": {"url": value}}, f"site.url = {value!r}: allowed is an address such as https://")
        for value in ("example.org", "https://a b", "file:///atlas")
    ),
    *(
        (
            {"worker": {"batch": value}},
            f"worker.batch = {value!r}: allowed are whole numbers from 1 up to 1024; or allowed is "
            "auto",
        )
        for value in (0, 1025, "all")
    ),
    *(
        (
            {"worker": {"idle_seconds": value}},
            f"worker.idle_seconds = {value!r}: allowed are numbers above 0 up to 86400",
        )
        for value in (0, 86_401, True, "long", float("nan"))
    ),
    (
        {"worker": {"threads": -1}},
        "worker.threads = -1: allowed are whole numbers from 0 up to 1024",
    ),
    *(
        (settings, f"{key}: {reason}")
        for path, reason in (
            ("~of-nobody-here/x", "this user is unknown: write the whole path"),
            ("x\0y", "a path cannot contain a null character: remove it"),
        )
        for settings, key in (
            ({"weights": path}, f"weights = {path!r}"),
            (
                {"dreams": {"a": {"photo": path, "layers": "dreamy"}}},
                f"dreams.a.photo = {path!r}",
            ),
            (
                {"dreams": {"a": {"photo": "x", "guide": path, "layers": "dreamy"}}},
                f"dreams.a.guide = {path!r}",
            ),
            ({"classes": {"network": path}}, f"classes.network = {path!r}"),
        )
    ),
    # Families.
    ({"photos": 3}, "photos = 3: allowed are sample, a folder, a list of folders, a mapping, and"),
    ({"photos": {"size": 16}}, "photos.size = 16: allowed are whole numbers from 32 up to 1024"),
    ({"photos": {"chunk": 0}}, "photos.chunk = 0: allowed are whole numbers from 1 up to 100000"),
    ({"photos": {"folder": "x"}}, "photos.folder = 'x': unknown key: did you mean 'folders'?"),
    ({"truth": "vgg16"}, "truth.observer = 'vgg16': allowed are efficientnet_lite0, "),
    ({"truth": {"observers": "none"}}, "truth.observers = 'none': unknown key: did you mean"),
    ({"circuits": 3}, "circuits = 3: allowed are all and none"),
    (
        {"views": 3},
        "views = 3: allowed are a photograph, a list of photographs, a mapping, and none",
    ),
    ({"views": []}, "views.photographs = []: allowed is text; or allowed is a list of at"),
    ({"views": [3]}, "views.photographs.0 = 3: allowed is text"),
    ({"views": {"photograph": "x"}}, "views.photograph = 'x': unknown key: did you mean"),
    (
        {"views": ["a/b.jpg", "c/B.png"]},
        "views.photographs = ['a/b.jpg', 'c/B.png']: a/b",
    ),
    ({"twins": {"rotation_step": 60}}, "twins.rotation_step = 60: allowed are 90, 45, 30, 15"),
    ({"twins": {"threshold": 0}}, "twins.threshold = 0: allowed are numbers above 0 up to 1"),
    ({"dreams": {"a b": {}}}, "dreams.a b"),
    (
        {"dreams": {name: {"photo": "x", "layers": "dreamy"} for name in ("Sea", "sea")}},
        "dreams = {'Sea': {'photo': 'x', 'layers': 'dreamy'}, 'sea': {'photo': 'x', 'layers': '..."
        ": Sea and sea are the same file name on systems that ignore case",
    ),
    (
        {"classes": {"preprocessing": "rgb"}},
        "classes.preprocessing = 'rgb': allowed are raw, raw_bgr, unit",
    ),
    ({"classes": {"recipe": "nil"}}, "classes.recipe = 'nil': unknown: allowed are blog2016"),
    # Settings that do not fit together.
    (
        {"grid": {"best": 2, "overview": 9}},
        "grid.overview = 9: allowed are numbers up to the square of grid.best, 4",
    ),
    (
        {"recipe": "bold", **bold_phase(size=32), "twins": {"rotation_step": 45}},
        "twins.rotation_step = 45: pictures below 46 pixels are too small for these rotations: "
        "allowed is 90",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_mistake_is_reported_with_its_key_its_value_and_what_is_allowed(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_settings(wrong)

    assert str(caught.value).startswith(f"config: {message}")
    assert len(str(caught.value).splitlines()) == 1


OLD_NAMES: list[tuple[dict[str, Any], str]] = [
    ({"feed": "unit"}, "feed = 'unit': this setting has a new name: write preprocessing"),
    (
        {"preprocessing": {"deviation": 63.0}},
        "preprocessing.deviation = 63.0: this setting has a new name: write std",
    ),
    (
        {"classes": {"feed": "raw"}},
        "classes.feed = 'raw': this setting has a new name: write preprocessing",
    ),
    (
        bold(schedule=[{"size": 64, "steps": 1, "rate": 2.0}]),
        "recipes.bold.schedule.0.rate = 2.0: this setting has a new name: write step_size",
    ),
    (bold(wrap=4), "recipes.bold.wrap = 4: this setting has a new name: write circular_padding"),
    (bold(also=[]), "recipes.bold.also = []: this setting has a new name: write extra_terms"),
    (
        bold(place="centre"),
        "recipes.bold.place = 'centre': this setting has a new name: write reduction",
    ),
    (
        bold(place="everywhere"),
        "recipes.bold.place = 'everywhere': this setting has a new name: "
        "write reduction: spatial_mean",
    ),
    (
        bold(reduction="everywhere"),
        "recipes.bold.reduction = 'everywhere': this value has a new name: write spatial_mean",
    ),
    (
        {"dreams": {"mine": {"photo": "sample", "layers": "dreamy", "rate": 2.0}}},
        "dreams.mine.rate = 2.0: this setting has a new name: write step_size",
    ),
    (
        {"twins": {"turn": 45}},
        "twins.turn = 45: this setting has a new name: write rotation_step",
    ),
]


@pytest.mark.parametrize(("old", "message"), OLD_NAMES, ids=[message for _, message in OLD_NAMES])
def test_an_old_name_is_refused_with_the_new_name(old: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_settings(old)

    assert str(caught.value) == f"config: {message}"


def test_the_name_of_a_setting_is_checked_before_the_network_is_looked_up() -> None:
    with pytest.raises(ConfigError, match=r"^config: feed = 'unit': .* write preprocessing$"):
        config.read_network_settings({"network": "mobilenet_v2", "feed": "unit"})


@pytest.mark.parametrize(
    ("function", "key", "allowed"),
    [
        (bold(objective=len), "objective", "activation, pre_activation"),
        (bold(transforms=[len]), "transforms.0", "a mapping of roll, pad"),
    ],
)
def test_functions_are_refused_because_settings_are_data(
    function: dict[str, Any], key: str, allowed: str
) -> None:
    message = rf"^config: recipes\.bold\.{key} = .*: functions are for notebooks only: allowed \w+ "

    with pytest.raises(ConfigError, match=message + allowed):
        config.read_settings(function)


def test_code_in_a_text_is_refused_like_any_other_text() -> None:
    with pytest.raises(ConfigError, match="'lambda value: value': allowed are activation, "):
        config.read_settings(bold(objective="lambda value: value"))


def test_reading_settings_opens_no_file_and_starts_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        **bold(),
        "network": "vgg16",
        "weights": ["mine.h5", "keras"],
        "devices": "auto",
        "dreams": {"mine": {"photo": "mine.jpg", "layers": "dreamy", "zoom": {}}},
        "classes": {"network": "mine.keras", "classes": [3]},
    }
    forbid_side_effects(monkeypatch)

    config.read_network_settings(settings)
    config.read_settings(settings)


def test_a_misspelt_key_is_reported_before_other_mistakes() -> None:
    with pytest.raises(ConfigError, match=r"^config: seeds = 1: unknown key: did you mean 'seed'"):
        config.read_settings({"grid": {"margin": -1}, "seeds": 1})


def test_a_key_with_line_breaks_is_still_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^config: recipes\.a b = 3: .*$"):
        config.read_settings({"recipes": {"a\nb": 3}})


@pytest.mark.parametrize("digit", ["x", "9"])
def test_a_long_value_is_cut_short(digit: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read_settings({"filters": {"conv1_1": [digit * 5_000]}})

    assert len(str(caught.value)) < 400


# --- properties ---

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["all", "auto", "cpu", "gpu:0", "0-3", "conv5_1", "atlas", 8, 64, 1.5])
)
NAMES = st.text(max_size=8) | st.sampled_from(
    [
        *Config.model_fields,
        *Recipe.model_fields,
        *("size", "steps", "step_size", "margin", "best", "batch", "idle_seconds"),
        *("conv1_1", "block1_conv1", "block5_conv3"),
    ]
)
# Keys in YAML are not always text.
KEYS = NAMES | st.integers() | st.booleans() | st.none()
JSON_LIKE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
ALMOST_RECIPE = st.fixed_dictionaries(
    {},
    optional={
        "objective": st.just("activation") | SCALARS,
        "schedule": st.lists(
            st.fixed_dictionaries(
                {"size": st.just(64) | SCALARS, "steps": st.just(1) | SCALARS},
                optional={"step_size": st.just(1.0) | SCALARS, "rat": SCALARS},
            ),
            max_size=2,
        )
        | JSON_LIKE,
        "contrast": SCALARS,
        "start_floor": SCALARS,
    },
)
ALMOST_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "filters": JSON_LIKE
        | st.dictionaries(st.sampled_from(["conv1_1", "block1_conv1", "conv5_1"]), JSON_LIKE),
        "recipe": SCALARS,
        "recipes": st.dictionaries(NAMES, ALMOST_RECIPE, max_size=2) | JSON_LIKE,
        "seed": SCALARS,
        "weights": JSON_LIKE,
        "devices": JSON_LIKE | st.lists(st.sampled_from(["cpu", "gpu:0", "auto", "gpu"])),
        "grid": st.dictionaries(st.sampled_from(["margin", "best", "overview"]), SCALARS)
        | JSON_LIKE,
        "worker": st.dictionaries(st.sampled_from(["batch", "idle_seconds"]), SCALARS) | JSON_LIKE,
    },
)


@settings(max_examples=300)
@given(anything=ALMOST_SETTINGS | st.dictionaries(KEYS, JSON_LIKE, max_size=4))
def test_any_settings_are_accepted_or_refused_in_one_line(anything: dict[str, Any]) -> None:
    message = ""
    try:
        config.read_settings(anything)
    except ConfigError as error:
        message = str(error)

    assert len(message.splitlines()) <= 1


# --- the shipped files ---


def test_the_shipped_file_contains_exactly_the_defaults() -> None:
    assert config.read_settings(yaml.safe_load(SHIPPED)) == config.read_settings({})


def _settings_of(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every setting of a model, sections and their settings."""
    paths: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        paths.append((*prefix, name))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            paths += _settings_of(field.annotation, (*prefix, name))
    return paths


@pytest.mark.parametrize("path", _settings_of(Config), ids=".".join)
def test_the_shipped_file_sets_every_setting(path: tuple[str, ...]) -> None:
    node = yaml.safe_load(SHIPPED)

    for key in path:
        assert key in node
        node = node[key]


def test_the_example_of_a_recipe_in_the_shipped_file_shows_every_field() -> None:
    [recipe] = _example("recipes").values()

    assert set(recipe) == set(Recipe.model_fields)
    assert set(recipe["schedule"][0]) == set(PHASE)


def test_the_example_of_a_dream_in_the_shipped_file_shows_every_field() -> None:
    [dream] = _example("dreams").values()

    assert set(dream) == set(Dream.model_fields)
    assert set(dream["zoom"]) == set(Zoom.model_fields)


def _as_text(number: float | str) -> str:
    if isinstance(number, str):
        return number
    return str(int(number)) if number == int(number) else str(number)


def _numbers(model: type[BaseModel]) -> list[tuple[str, str]]:
    """Every number with limits among a model's settings: its key, and its limits in a comment."""
    found = []
    for key, described in model.model_json_schema()["properties"].items():
        for kind in [described, *described.get("anyOf", [])]:
            match kind:
                case {"minimum": low, "maximum": high}:
                    limits = f"{_as_text(low)} to {_as_text(high)}"
                case {"exclusiveMinimum": low, "maximum": high}:
                    limits = f">{_as_text(low)} to {_as_text(high)}"
                case {"minimum": low, "exclusiveMaximum": high}:
                    limits = f"{_as_text(low)} to <{_as_text(high)}"
                case {"minimum": low}:
                    limits = f"from {_as_text(low)}"
                case _:
                    continue
            # Exactly one key of a transform is set, so its defaults are not written.
            if "default" in described and model is not Transform:
                default = described["default"]
                limits += f"; {'none' if default is None else _as_text(default)}"
            found.append((key, f"[{limits}]"))
    return found


@pytest.mark.parametrize(
    ("key", "bounds"),
    [
        pytest.param(*number, id=f"{model.__name__}.{number[0]}")
        for model in (
            Config,
            *(GridSettings, TwinSettings, WorkerSettings),
            *(Recipe, Phase, Transform, Regularisers, Term),
            *(Dream, Zoom, Classes),
        )
        for number in _numbers(model)
    ],
)
def test_the_shipped_file_gives_the_range_and_the_default_of_every_number(
    key: str, bounds: str
) -> None:
    assert re.search(rf"^[# -]*{key}: [^#]*# {re.escape(bounds)}", SHIPPED, re.MULTILINE), bounds


def test_dreams_can_be_switched_off_from_the_command_line() -> None:
    assert config.read_settings({"dreams": "none"}).dreams == {}


@pytest.mark.parametrize(
    ("network", "given", "expected"),
    [
        ("vgg16", {}, "atlas"),
        ("vgg19", {}, "atlas"),
        ("mobilenet_v2", {}, "modern"),
        ("mobilenet_v2", {"recipe": "auto"}, "modern"),
        ("mobilenet_v2", {"recipe": "atlas"}, "atlas"),
    ],
)
def test_the_default_recipe_suits_the_network(
    network: str, given: dict[str, Any], expected: str
) -> None:
    architecture = VGG16 if network == "vgg16" else Architecture("another", VGG16.layers)

    assert config.read_settings({"network": network, **given}, architecture).recipe == expected


def test_class_pictures_have_their_own_recipe() -> None:
    for chosen in ("atlas", "fine"):
        assert config.read_settings({"recipe": chosen}).class_recipe() == PRESETS["classes"]


@pytest.mark.parametrize(
    ("network", "classifier"),
    [
        ("efficientnet_lite0", "efficientnet_lite0"),
        ("efficientnet_lite1", "efficientnet_lite1"),
        ("mobilenet_v2", None),
    ],
)
@pytest.mark.parametrize("given", [{}, {"classes": Classes().model_dump(mode="json")}])
def test_the_default_classifier_of_another_network_is_itself_or_none(
    network: str, classifier: str | None, given: dict[str, Any]
) -> None:
    architecture = Architecture("another", VGG16.layers)

    classes = config.read_settings({"network": network, **given}, architecture).classes

    assert (classes.network if classes else None) == classifier


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sample", PhotoSettings()),
        ("mine", PhotoSettings(folders=("mine",))),
        (["sample", "mine"], PhotoSettings(folders=("sample", "mine"))),
        ({"chunk": 10}, PhotoSettings(chunk=10)),
        ("none", None),
        (None, None),
    ],
)
def test_photographs_are_a_folder_a_list_a_mapping_or_none(
    value: object, expected: PhotoSettings | None
) -> None:
    assert config.read_settings({"photos": value}).photos == expected


def test_class_pictures_use_a_recipe_without_options_for_filters() -> None:
    several = {
        **BOLD,
        "pictures": 4,
        "diversity": 1.0,
        "circular_padding": 4,
        "reduction": "centre",
    }
    read = config.read_settings({"recipes": {"bold": several}, "classes": {"recipe": "bold"}})

    recipe = read.class_recipe()

    assert (recipe.pictures, recipe.diversity, recipe.circular_padding, recipe.reduction) == (
        1,
        0,
        0,
        "spatial_mean",
    )
    assert recipe.schedule == read.recipes["bold"].schedule


def _example(key: str) -> dict[str, Any]:
    [example] = [example for example in _examples() if key in example]
    found: dict[str, Any] = example[key]
    return found


def test_every_example_in_the_shipped_file_is_allowed() -> None:
    examples = _examples()

    assert [key for example in examples for key in example] == [
        "filters",
        "recipes",
        "photos",
        "views",
        "dreams",
    ]
    for example in examples:
        config.read_settings(example)


def _examples() -> list[dict[str, Any]]:
    """The commented examples in the shipped file."""
    blocks = re.findall(r"^# \w+:\n(?:#   .*\n)+", SHIPPED, re.MULTILINE)
    return [yaml.safe_load(re.sub(r"^# ", "", block, flags=re.MULTILINE)) for block in blocks]


def test_the_committed_schema_is_up_to_date() -> None:
    committed = json.loads((REPOSITORY / "config.schema.json").read_text())

    assert committed == SCHEMA, (
        "config.schema.json is not up to date: run `python scripts/schema.py` and commit it"
    )


def test_the_shipped_file_is_valid_by_the_committed_schema() -> None:
    schema = json.loads((REPOSITORY / "config.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(SHIPPED), schema)


@pytest.mark.parametrize(
    "allowed",
    [
        {},
        {"filters": 8},
        {"filters": {"conv1_1": "all", "conv5_1": 4, "conv5_2": "0-3", "conv5_3": [0, "2-3"]}},
        {"devices": "auto"},
        {"devices": ["gpu:0", "cpu"]},
        {"weights": "wheel"},
        {"weights": ["mine.h5", "keras"]},
        {**bold(contrast=0.2), "recipe": "bold"},
        {"grid": {"margin": 0}, "worker": {"idle_seconds": 5}},
        {"photos": "none"},
        {"photos": ["sample", "~/pictures"]},
        {"photos": {"folders": "mine", "size": 256, "chunk": 10}},
        {"views": "none"},
        {"views": "owl"},
        {"views": ["owl", "~/holiday.jpg"]},
        {"views": {"photographs": ["owl"]}},
        {"truth": "none"},
        {"truth": {"observer": "efficientnet_lite0"}},
        {"circuits": "none"},
        {"circuits": "all"},
    ],
)
def test_the_schema_accepts_every_allowed_form(allowed: dict[str, Any]) -> None:
    config.read_settings(allowed)

    jsonschema.validate(allowed, SCHEMA)


def test_the_schema_refuses_a_misspelt_key() -> None:
    with pytest.raises(jsonschema.ValidationError, match="margn"):
        jsonschema.validate({"grid": {"margn": 3}}, SCHEMA)
