"""Every setting in every form it may take, and one line for every form it may not."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from filter_atlas import config
from filter_atlas.classes.settings import Classes
from filter_atlas.config import Config, GridSettings, TwinSettings, WorkerSettings
from filter_atlas.dream.settings import Dream, Zoom
from filter_atlas.errors import ConfigError
from filter_atlas.recipe import PRESETS, Phase, Recipe, Regularisers, Term, Transform
from filter_atlas.vgg16 import LAYERS

REPOSITORY = Path(__file__).parents[1]
SHIPPED = (REPOSITORY / "config.yaml").read_text()
SCHEMA = config.json_schema()

PHASE = {"size": 64, "steps": 1, "rate": 2.0}
BOLD = {"objective": "activation", "schedule": [PHASE]}

LAYER_NAMES = "allowed are block1_conv1 to block5_conv3 or the paper's names, conv1_1 to conv5_3"
FILTER_FORMS = '"all", a count, a range such as "0-15", or a list of indices and ranges'
TOP_KEYS = (
    "network, run_code, feed, channels, layers, filters, recipe, recipes, variants, precision, "
    "seed, weights, devices, grid, twins, dreams, classes, site, worker"
)
SEEDS = "allowed are whole numbers from 0 up to 4294967295"
SIZES = "allowed are whole numbers from 32 up to 2048"


def bold(**changes: object) -> dict[str, Any]:
    """Settings with a recipe of one's own, altered."""
    return {"recipes": {"bold": {**BOLD, **changes}}}


def bold_phase(**changes: object) -> dict[str, Any]:
    """Settings with a recipe of one's own, its phase altered."""
    return bold(schedule=[{**PHASE, **changes}])


# --- filters ---


def test_all_means_every_filter_of_every_layer_in_network_order() -> None:
    filters = config.read({"filters": "all"}).filters

    assert list(filters) == [layer.name for layer in LAYERS]
    assert all(filters[layer.name] == tuple(range(layer.filters)) for layer in LAYERS)


@pytest.mark.parametrize("count", [1, 8, 64, 100, 512])
def test_a_count_means_the_first_filters_of_every_layer(count: int) -> None:
    filters = config.read({"filters": count}).filters

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
    assert config.read({"filters": {"block1_conv1": value}}).filters == {"block1_conv1": expected}


@given(indices=st.sets(st.integers(0, 511), min_size=1, max_size=20), data=st.data())
def test_a_list_means_its_indices_in_order_each_once(
    indices: set[int], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations([*indices, *indices]))

    filters = config.read({"filters": {"block5_conv1": shuffled}}).filters

    assert filters["block5_conv1"] == tuple(sorted(indices))


@given(first=st.integers(0, 511), data=st.data())
def test_a_range_includes_both_ends(first: int, data: st.DataObject) -> None:
    last = data.draw(st.integers(first, 511))

    filters = config.read({"filters": {"block5_conv1": f"{first}-{last}"}}).filters

    assert filters["block5_conv1"] == tuple(range(first, last + 1))


def test_layers_go_by_either_name_and_come_in_network_order() -> None:
    filters = config.read({"filters": {"conv5_1": 2, "block2_conv2": 1, "conv1_1": [9]}}).filters

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
def test_devices_are_auto_one_or_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert config.read({"devices": value}).devices == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("wheel", ("wheel",)),
        ("my weights.h5", ("my weights.h5",)),
        (["~/vgg16.keras", "keras"], ("~/vgg16.keras", "keras")),
    ],
)
def test_weights_are_one_origin_or_a_list(value: object, expected: tuple[str, ...]) -> None:
    assert config.read({"weights": value}).weights == expected


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_chosen_by_its_name(name: str) -> None:
    assert config.read({"recipe": name}).chosen_recipe() == PRESETS[name]


def test_a_recipe_of_ones_own_is_chosen_by_its_name() -> None:
    chosen = config.read({**bold(contrast=0.15), "recipe": "bold"}).chosen_recipe()

    assert chosen == Recipe.model_validate({**BOLD, "contrast": 0.15})


def test_a_recipe_of_ones_own_needs_no_more_than_a_schedule() -> None:
    recipe = config.read({"recipes": {"bold": {"schedule": [PHASE]}}}).recipes["bold"]

    shared = {"objective", "start_floor", "start_noise", "optimiser", "parametrisation"}
    assert recipe.model_dump(include=shared) == PRESETS["atlas"].model_dump(include=shared)


def test_the_rest_of_a_section_keeps_its_defaults() -> None:
    read = config.read({"grid": {"margin": 0}, "worker": {"batch": 1, "idle_seconds": 5}})

    assert (read.grid.margin, read.grid.best, read.grid.overview) == (0, 8, 12)
    assert (read.worker.batch, read.worker.idle_seconds, read.worker.threads) == (1, 5.0, 0)


def test_true_and_false_on_the_command_line_may_come_as_text() -> None:
    texts = {"run_code": "true", "site": {"filter_pages": "false"}}

    found = config.read(texts)

    assert (found.run_code, found.site.filter_pages) == (True, False)
    with pytest.raises(ConfigError, match="run_code = 'yes': allowed are true and false"):
        config.read({"run_code": "yes"})


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (
            {"filters": {"conv5_1": "4", "conv1_1": ["0", "8-9"]}},
            {"filters": {"conv5_1": 4, "conv1_1": [0, "8-9"]}},
        ),
        ({"grid": {"margin": "3"}}, {"grid": {"margin": 3}}),
        ({"worker": {"idle_seconds": "2.5"}}, {"worker": {"idle_seconds": 2.5}}),
        (bold_phase(size="96", rate="4"), bold_phase(size=96, rate=4)),
    ],
)
def test_numbers_inside_a_setting_of_the_command_line_may_come_as_text(
    texts: dict[str, Any], numbers: dict[str, Any]
) -> None:
    assert config.read(texts) == config.read(numbers)


# --- refusals ---

NO_FILTERS: list[Any] = ["ALL", 0, 513, -1, 8.0, "8", True, None, [], {}]
NO_LAYER_FILTERS: list[Any] = [True, None, [], {}, 1.5]

REFUSALS: list[tuple[dict[Any, Any], str]] = [
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
        "allowed are objective, place, ",
    ),
    (
        bold(schedule=[PHASE, {"size": 64, "step": 1, "rate": 2}]),
        "recipes.bold.schedule.1.step = 1: unknown key: did you mean 'steps'? "
        "allowed are size, steps, rate",
    ),
    (
        {"recipes": {"bold": {}}},
        "recipes.bold.schedule: missing: allowed is a list of at least one",
    ),
    (
        bold(schedule=[{"size": 64, "rate": 1.0}]),
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
        "recipe = 'bold': unknown: allowed are blog2016, keras2019, atlas, fine, lucid",
    ),
    (
        {**bold(), "recipe": "bald"},
        "recipe = 'bald': unknown: allowed are blog2016, keras2019, atlas, fine, lucid, bold",
    ),
    ({"recipe": 3}, "recipe = 3: allowed is text"),
    (
        {"feed": "rgb"},
        "feed = 'rgb': allowed are raw, raw_bgr, unit, caffe, tf, torch, or a mapping of order, "
        "mean and deviation",
    ),
    ({"feed": {"means": 3}}, "feed.means = 3: unknown key: did you mean 'mean'? "),
    ({"feed": {"deviation": 0}}, "feed.deviation.0 = 0: "),
    ({"recipes": {"atlas": BOLD}}, "recipes.atlas: this name is a preset's: choose another one"),
    ({"recipes": ["bold"]}, "recipes = ['bold']: allowed is a mapping"),
    ({"recipes": {2016: BOLD}}, "recipes.2016 = 2016: names are text: put it in quotes"),
    (
        {"recipes": {2016: {"sched": 1}}},
        "recipes.2016.sched = 1: unknown key: did you mean 'schedule'? allowed are objective, ",
    ),
    (
        {"recipes": {"bold": "atlas"}},
        "recipes.bold = 'atlas': allowed is a mapping of objective, place, wrap, ",
    ),
    (bold(schedule=[]), "recipes.bold.schedule = []: allowed is a list of at least one"),
    (bold(schedule=None), "recipes.bold.schedule = None: allowed is a list of at least one"),
    (
        bold(schedule=[64]),
        "recipes.bold.schedule.0 = 64: allowed is a mapping of size, steps, rate",
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
            bold_phase(rate=rate),
            f"recipes.bold.schedule.0.rate = {rate!r}: allowed are numbers above 0 up to 1000",
        )
        for rate in (0, -1.0, 1_001, float("inf"), float("nan"), "fast", True)
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
        ({"weights": value}, f'weights = {value!r}: allowed are "keras", "wheel", a path, or')
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
            ("~of-nobody-here/x", "its user is not known here: write the folder out"),
            ("x\0y", "a path holds no null character"),
        )
        for settings, key in (
            ({"weights": [path]}, f"weights = {path!r}"),
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
]


@pytest.mark.parametrize(("wrong", "message"), REFUSALS, ids=[message for _, message in REFUSALS])
def test_what_is_not_allowed_is_refused_with_key_value_and_what_is(
    wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        config.read(wrong)

    assert str(refusal.value).startswith(f"config: {message}")
    assert len(str(refusal.value).splitlines()) == 1


def test_of_several_mistakes_the_misspelt_key_is_told() -> None:
    with pytest.raises(ConfigError, match=r"^config: seeds = 1: unknown key: did you mean 'seed'"):
        config.read({"grid": {"margin": -1}, "seeds": 1})


def test_a_key_with_line_breaks_is_still_told_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^config: recipes\.a b = 3: .*$"):
        config.read({"recipes": {"a\nb": 3}})


@pytest.mark.parametrize("digit", ["x", "9"])
def test_a_long_value_is_cut_short(digit: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        config.read({"filters": {"conv1_1": [digit * 5_000]}})

    assert len(str(refusal.value)) < 400


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
        *("size", "steps", "rate", "margin", "best", "batch", "idle_seconds"),
        *("conv1_1", "block1_conv1", "block5_conv3"),
    ]
)
# YAML has keys that are not text, too.
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
                optional={"rate": st.just(1.0) | SCALARS, "rat": SCALARS},
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
def test_whatever_comes_in_is_read_or_refused_in_one_line(anything: dict[str, Any]) -> None:
    refusal = ""
    try:
        config.read(anything)
    except ConfigError as error:
        refusal = str(error)

    assert len(refusal.splitlines()) <= 1


# --- the files that ship ---


def test_the_shipped_file_holds_exactly_the_defaults() -> None:
    assert config.read(yaml.safe_load(SHIPPED)) == config.read({})


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


def _spelled(number: float | str) -> str:
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
                    limits = f"{_spelled(low)} to {_spelled(high)}"
                case {"exclusiveMinimum": low, "maximum": high}:
                    limits = f">{_spelled(low)} to {_spelled(high)}"
                case {"minimum": low, "exclusiveMaximum": high}:
                    limits = f"{_spelled(low)} to <{_spelled(high)}"
                case {"minimum": low}:
                    limits = f"from {_spelled(low)}"
                case _:
                    continue
            # Of a transform exactly one key is set, of a phase all of them.
            if "default" in described and model is not Transform:
                default = described["default"]
                limits += f"; {'none' if default is None else _spelled(default)}"
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
    assert config.read({"dreams": "none"}).dreams == {}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"twins": {"turn": 60}}, "twins.turn = 60: allowed are 90, 45, 30, 15"),
        ({"twins": {"threshold": 0}}, "twins.threshold = 0: allowed are numbers above 0 up to 1"),
        ({"dreams": {"a b": {}}}, "dreams.a b"),
        ({"dreams": {"a": {"photo": "x.jpg"}}}, "dreams.a.layers: missing"),
        (
            {"dreams": {"a": {"photo": "x.jpg", "layers": [{"layer": "conv1_1", "wait": 1.0}]}}},
            "dreams.a.layers.0.wait = 1.0: unknown key: did you mean 'weight'? allowed are layer, ",
        ),
        ({"dreams": {"a": {"photo": "x.jpg", "layers": [], "zoom": {"frames": 1}}}}, "dreams.a"),
        ({"classes": {"feed": "rgb"}}, "classes.feed = 'rgb': allowed are raw, raw_bgr, unit"),
        ({"classes": {"recipe": "nil"}}, "classes.recipe = 'nil': unknown: allowed are blog2016"),
    ],
)
def test_what_is_wrong_with_twins_dreams_and_classes_is_named(
    settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config.read(settings)

    assert str(caught.value).startswith(f"config: {complaint}")


def test_class_pictures_take_a_recipe_without_what_only_filters_have() -> None:
    several = {**BOLD, "pictures": 4, "diversity": 1.0, "wrap": 4, "place": "centre"}
    read = config.read({"recipes": {"bold": several}, "classes": {"recipe": "bold"}})

    recipe = read.class_recipe()

    assert (recipe.pictures, recipe.diversity, recipe.wrap, recipe.place) == (1, 0, 0, "everywhere")
    assert recipe.schedule == read.recipes["bold"].schedule


def test_small_pictures_are_turned_by_right_angles_only() -> None:
    small = {"recipe": "bold", **bold_phase(size=32), "twins": {"turn": 45}}

    with pytest.raises(ConfigError, match=r"twins\.turn = 45: .* allowed is 90"):
        config.read(small)


def _example(key: str) -> dict[str, Any]:
    [example] = [example for example in _examples() if key in example]
    found: dict[str, Any] = example[key]
    return found


def test_every_example_in_the_shipped_file_is_allowed() -> None:
    examples = _examples()

    assert [key for example in examples for key in example] == ["filters", "recipes", "dreams"]
    for example in examples:
        config.read(example)


def _examples() -> list[dict[str, Any]]:
    """What stands commented out in the shipped file, as other choices."""
    blocks = re.findall(r"^# \w+:\n(?:#   .*\n)+", SHIPPED, re.MULTILINE)
    return [yaml.safe_load(re.sub(r"^# ", "", block, flags=re.MULTILINE)) for block in blocks]


def test_the_committed_schema_is_the_models() -> None:
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
    ],
)
def test_the_schema_allows_every_form_that_is_read(allowed: dict[str, Any]) -> None:
    config.read(allowed)

    jsonschema.validate(allowed, SCHEMA)


def test_the_schema_refuses_a_misspelt_key() -> None:
    with pytest.raises(jsonschema.ValidationError, match="margn"):
        jsonschema.validate({"grid": {"margn": 3}}, SCHEMA)


def test_an_overview_cannot_show_more_than_the_best_grid_holds() -> None:
    with pytest.raises(ConfigError, match=r"grid\.overview = 9: .* grid\.best, 4"):
        config.read({"grid": {"best": 2, "overview": 9}})
