"""Figures show the values of records, and equal records give equal bytes."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samples
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.measure import plots
from filter_atlas.measure.measures import Value
from filter_atlas.measure.record import Record
from filter_atlas.settings.recipe import PRESETS

SVG = "{http://www.w3.org/2000/svg}"

RECORD = replace(
    samples.RECORD,
    loss=tuple(float(step) for step in range(1, 23)),
    recipe=PRESETS["atlas"].model_dump(mode="json"),
)
SILENT = replace(RECORD, final_activation=0.0, loss=(-0.5,) * 22)


def layer_of(layer: str, activations: Sequence[float]) -> list[Record]:
    """A record for each of these final activations; 0 is silent."""
    return [
        replace(
            RECORD if activation > 0 else SILENT,
            layer=layer,
            filter=filter,
            final_activation=activation,
        )
        for filter, activation in enumerate(activations)
    ]


def noisy(*shares: float) -> list[dict[str, Value]]:
    """The values of a filter for each of these noisinesses."""
    return [{"noisiness": noisiness} for noisiness in shares]


def texts(svg: bytes) -> list[str]:
    """The texts of a figure, in the order of drawing."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def paths(svg: bytes, color: str) -> list[list[float]]:
    """The heights of the points of every line of a colour, from above."""
    lines = []
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        if f"stroke: {color}" in path.get("style", "") and "clip-path" in path.attrib:
            numbers = [word for word in path.attrib["d"].split() if word not in "MLQCz"]
            lines.append([float(number) for number in numbers[1::2]])
    return lines


def dots(svg: bytes) -> int:
    """How many dots of the accent's colour a figure has."""
    drawn = ElementTree.fromstring(svg).iter(f"{SVG}use")
    return sum(f"stroke: {plots.ACCENT}" in dot.get("style", "") for dot in drawn)


EVERYTHING = [
    record
    for place, layer in enumerate(LAYERS)
    for record in layer_of(layer.name, [0.0, 3.0 + place, 70.0, 900.0])
]
FIGURES: dict[str, Callable[[], bytes]] = {
    "activation": lambda: plots.activation_by_layer(EVERYTHING),
    "loss": lambda: plots.loss_curves(EVERYTHING),
    "noisiness": lambda: plots.noisiness_by_recipe({"atlas": noisy(0.1, 0.2), "lucid": noisy(0.9)}),
}

# --- every figure ---


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_an_svg_of_800_pixels_with_a_title(figure: str) -> None:
    root = ElementTree.fromstring(FIGURES[figure]())

    assert root.tag == f"{SVG}svg"
    assert root.get("width") == "600pt"  # 800 CSS pixels
    assert root.findtext(f"{SVG}title")


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_the_same_to_the_last_byte_whatever_came_before(figure: str) -> None:
    first = FIGURES[figure]()
    for other in FIGURES.values():
        other()

    assert FIGURES[figure]() == first


def test_another_process_draws_the_same_bytes() -> None:
    folders = [str(folder) for folder in Path(__file__).parents[:2]]
    program = (
        f"import sys; sys.path[:0] = {folders}; import test_plots; "
        "sys.stdout.buffer.write(test_plots.FIGURES['noisiness']())"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True)

    assert run.stdout == FIGURES["noisiness"]()


@pytest.mark.parametrize("figure", FIGURES)
def test_a_users_own_settings_of_matplotlib_neither_matter_nor_change(figure: str) -> None:
    expected = FIGURES[figure]()
    own: dict[Any, Any] = {"font.size": 31.0, "lines.linewidth": 9.0, "axes.grid": True}

    with matplotlib.rc_context(own):
        drawn = FIGURES[figure]()
        kept = {name: matplotlib.rcParams[name] for name in own}

    assert drawn == expected
    assert kept == own


def test_no_window_system_is_touched() -> None:
    program = "import filter_atlas.measure.plots, sys; print('matplotlib.pyplot' in sys.modules)"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert run.stdout == "False\n"


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="none"),
        pytest.param([RECORD], id="one"),
        pytest.param([SILENT], id="one silent"),
        pytest.param(layer_of("block5_conv3", [0.0] * 5), id="all silent"),
        pytest.param(layer_of("block5_conv3", [1.0] * 5), id="all the same"),
        pytest.param(layer_of("block5_conv3", [1e-30, 1e30]), id="far apart"),
        pytest.param([replace(RECORD, loss=())], id="no loss"),
        pytest.param([replace(RECORD, loss=(float("inf"), 1.0))], id="loss not finite"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_edge_cases_are_drawn_without_a_warning_and_without_nan(records: list[Record]) -> None:
    for svg in (
        plots.activation_by_layer(records),
        plots.loss_curves(records),
        plots.noisiness_by_recipe({"atlas": noisy(*[0.125] * len(records))}),
        plots.noisiness_by_recipe({}),
    ):
        ElementTree.fromstring(svg)
        assert b"nan" not in svg.lower()
        assert b"inf" not in svg.lower()


# --- activation by layer ---


def test_layers_are_in_the_order_of_the_records_from_the_top() -> None:
    svg = plots.activation_by_layer(EVERYTHING)

    names = [text for text in texts(svg) if text.startswith("block")]
    assert names == [layer.name for layer in LAYERS]


def test_a_layer_has_the_count_of_its_silent_filters_and_the_median_of_the_others() -> None:
    records = layer_of("block2_conv1", [0.0, 0.0, 5.0, 70.0, 611.0])

    said = texts(plots.activation_by_layer(records))

    place = said.index("block2_conv1")
    assert said[place + 1 : place + 3] == ["2", "70"]


def test_a_layer_that_is_all_silent_has_a_count_and_no_box() -> None:
    svg = plots.activation_by_layer(layer_of("block2_conv1", [0.0, 0.0]))

    said = texts(svg)
    place = said.index("block2_conv1")
    assert said[place + 1 : place + 3] == ["2", "–"]
    assert not paths(svg, plots.BAR)


def test_every_layer_with_a_live_filter_has_one_box() -> None:
    records = layer_of("block1_conv1", [0.0]) + layer_of("block1_conv2", [3.0, 4.0])

    assert len(paths(plots.activation_by_layer(records), plots.BAR)) == 1


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8))
def test_the_axis_reaches_from_a_tick_below_all_to_a_tick_above(values: list[float]) -> None:
    said = texts(plots.activation_by_layer(layer_of("block1_conv1", values)))

    figures = [
        text.replace(",", "").replace("\N{MINUS SIGN}", "-") for text in said if text[:1].isdigit()
    ]
    *ticks, _median = map(float, figures)
    assert min(ticks) <= min(values) * 1.001
    assert max(ticks) >= max(values)


# --- loss curves ---


def test_there_is_a_panel_for_every_layer_in_the_order_of_the_records() -> None:
    said = texts(plots.loss_curves(EVERYTHING))

    assert [text for text in said if text.startswith("block")] == [layer.name for layer in LAYERS]


def test_sizes_are_labelled_and_a_hairline_marks_where_the_picture_grows() -> None:
    svg = plots.loss_curves([RECORD])

    assert {"64 px", "96", "128", "0", "19 steps"} <= set(texts(svg))
    hairlines = [line for line in paths(svg, plots.MUTED) if len(line) == 2]
    assert len(hairlines) == 2


def test_a_recipe_of_one_size_has_no_hairline() -> None:
    recipe = PRESETS["blog2016"].model_dump(mode="json")

    svg = plots.loss_curves([replace(RECORD, recipe=recipe, loss=RECORD.loss[:20])])

    assert {"128 px", "20 steps"} <= set(texts(svg))
    assert not paths(svg, plots.MUTED)


def test_a_phase_without_steps_is_not_marked() -> None:
    recipe = PRESETS["keras2019"].model_dump(mode="json")

    svg = plots.loss_curves([replace(RECORD, recipe=recipe, loss=(1.0,) * 135)])

    assert "343" in texts(svg)
    assert "412" not in texts(svg)
    assert len(paths(svg, plots.MUTED)) == 8


def test_curves_are_scaled_by_where_they_end_so_that_strong_filters_do_not_outweigh() -> None:
    stronger = replace(RECORD, loss=tuple(1000 * loss for loss in RECORD.loss))

    (alone,) = paths(plots.loss_curves([RECORD]), plots.ACCENT)
    (both,) = paths(plots.loss_curves([RECORD, stronger]), plots.ACCENT)

    assert both == alone


def test_the_line_is_the_median_filter() -> None:
    early = replace(RECORD, loss=(21.0, *RECORD.loss[1:]))

    (majority,) = paths(plots.loss_curves([RECORD, early, RECORD]), plots.ACCENT)
    (minority,) = paths(plots.loss_curves([early, RECORD, early]), plots.ACCENT)

    assert majority == sorted(majority, reverse=True)  # rises all the way
    assert minority[0] < minority[1]


def test_a_single_step_is_a_dot_and_more_are_a_line() -> None:
    recipe = {**RECORD.recipe, "schedule": [{"size": 64, "steps": 1, "step_size": 1.0}]}

    single = plots.loss_curves([replace(RECORD, recipe=recipe, loss=(3.0,))])

    assert dots(single) == 1
    assert "1 step" in texts(single)
    assert dots(plots.loss_curves([RECORD])) == 0


def test_filters_that_end_at_or_below_0_are_left_out_and_counted() -> None:
    at_0 = replace(SILENT, loss=(0.0,) * 22)

    with_silent = plots.loss_curves([RECORD, SILENT, at_0])

    assert "2 left out" in texts(with_silent)
    assert paths(with_silent, plots.ACCENT) == paths(plots.loss_curves([RECORD]), plots.ACCENT)


def test_a_layer_without_curves_has_a_note() -> None:
    svg = plots.loss_curves([SILENT])

    assert "no curve ends above 0" in texts(svg)
    assert not paths(svg, plots.ACCENT)


# --- noisiness by recipe ---


def test_recipes_are_in_the_order_given_with_their_counts_and_medians() -> None:
    groups = {"lucid": noisy(0.5, 0.25, 0.75), "atlas": noisy(0.0625), "none": []}

    said = texts(plots.noisiness_by_recipe(groups))

    place = said.index("lucid")
    assert said[place : place + 9] == [
        *("lucid", "3", "50.0%"),
        *("atlas", "1", "6.2%"),
        *("none", "–", "–"),
    ]


def test_a_single_recipe_is_enough() -> None:
    svg = plots.noisiness_by_recipe({"atlas": noisy(0.1, 0.3)})

    assert len(paths(svg, plots.BAR)) == 1


def test_a_name_with_signs_is_shown_as_it_is() -> None:
    name = "<bold> & $x^2$"

    assert name in texts(plots.noisiness_by_recipe({name: noisy(0.1)}))


def test_the_twins_figure_has_a_line_for_every_series_and_a_name_for_every_layer() -> None:
    shares = {"this network": {"block1_conv1": 0.1, "block3_conv2": 0.3}, "by chance": {}}

    figure = plots.twins_by_depth(shares).decode()

    assert "block1_conv1" in figure
    assert "block3_conv2" in figure
    assert "block2_conv1" not in figure
    assert "by chance" in figure
    assert plots.twins_by_depth(shares).decode() == figure


def test_the_twins_figure_can_be_empty() -> None:
    ElementTree.fromstring(plots.twins_by_depth({"this network": {}}))
