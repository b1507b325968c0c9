"""Views on the site: mosaics and tables without scripts, places and filters with them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.views import family
from filter_atlas.views.cells import LEVELS
from filter_atlas.views.places import COLOURS
from filter_atlas.views.record import ViewRecord
from filter_atlas.workflow.plan import LayerPlan

from .observed import SIZE, observe
from .reading import follow_every_link, handed_over, pages, parse, words
from .results import Run
from .viewed import SHOWN, see
from .window import Visit

LAYER = "block4_conv3"
PLAN = LayerPlan(LAYER, "conv4_3", 512, (5, 6, 9, 300))
OWL = next(photo for photo in sample_photos() if photo.path.stem == "owl")
LIMIT = 80_000
"""Maximum number of bytes of the data of one photograph and layer."""

Open = Callable[..., Any]


@pytest.fixture
def few(make_run: Callable[..., Run]) -> Run:
    """A run of four filters, one of which no photograph fires, with views of two photographs."""
    run = make_run(PLAN)
    observe(run, silent={(LAYER, 6)})
    see(run)
    run.build()
    return run


def record_of(run: Run, view: str = "owl") -> ViewRecord:
    return ViewRecord.from_file(run.path(family.path(view, "json")))


def test_each_photograph_has_a_page_with_its_credits_and_all_links_lead_somewhere(
    few: Run,
) -> None:
    links = {url for _, url in parse(few.page("views/owl.html")).links()}

    assert {OWL.source, OWL.licence_url} <= links
    assert OWL.title in words(few.page("views.html"))
    assert "mine.jpg" in words(few.page("views/mine.html"))
    assert follow_every_link(few.out, pages(few.out)) > 100


def test_the_data_of_a_layer_are_those_of_the_record(few: Run) -> None:
    name, data = handed_over(few.page(f"data/views/owl/{LAYER}.js"))
    layer = record_of(few).layers[LAYER]

    assert name == f"views/owl/{LAYER}"
    for shown, cell in zip(data["strongest"], layer.strongest, strict=True):
        assert [one[0] for one in shown] == [one[0] for one in cell]
        for one, strong in zip(shown, cell, strict=True):
            assert one[1:3] == pytest.approx(strong[1:3], rel=1e-3)
            assert tuple(one[3:]) == strong[3:]
    assert data["maps"] == {str(index): text for index, text in layer.maps.items()}
    assert data["observed"] == [5, 9, 300]
    for path in (few.out / "data" / "views").rglob("*.js"):
        assert path.stat().st_size < LIMIT


def test_a_table_names_the_strongest_filter_of_each_ninth(few: Run) -> None:
    layer = record_of(few).layers[LAYER]
    text = words(few.page("views/owl.html"))

    # The last rows and columns: of eight cells, the ninths have 3, 3 and 2.
    corner = [
        layer.strongest[row * SHOWN + column][0]
        for row in range(6, SHOWN)
        for column in range(6, SHOWN)
    ]
    index, _, share, *_ = max(corner, key=lambda strong: strong[2])
    assert f"{index} {share:.1%}" in text.split("Bottom")[1]
    assert "most on" in text
    assert f"A cell sees {layer.field} × {layer.field} px." in text


def test_groups_have_a_colour_a_picture_and_their_first_filters(few: Run) -> None:
    html = few.page("views/owl.html")
    text = words(html)

    [group, other] = record_of(few).layers[LAYER].groups
    for one, colour in zip((group, other), COLOURS, strict=False):
        assert f'fill="rgb{colour}"' in html
        index, weight, _ = one.filters[1]
        assert f"{index} {weight:.1%}".replace(".0%", "%") in text
    images = {one["src"] for one in parse(html).all("img")}
    assert {f"../views/owl/{kind}/{LAYER}.png" for kind in ("places", "drawn")} <= images


def test_only_layers_that_the_test_confirms_speak_for_a_class(make_run: Callable[..., Run]) -> None:
    last = LayerPlan("last", "last", 8, (2, 3))
    run = make_run(LayerPlan("block1_conv1", "conv1_1", 64, (0, 1)), PLAN, last)
    see(run)
    run.build()
    part = words(run.page("views/owl.html")).split("What speaks")[1].split("fire together")[0]

    assert part.index("last Without the ten") < part.index(f"{LAYER} Without the ten")
    assert "great grey owl, logit 9.5" in part
    assert "the logit falls by 1; without ten random filters, by at most 0.5" in part
    assert "For 300 2.5 Against 5 \N{MINUS SIGN}1.25" in part
    assert "block1_conv1" not in part
    assert "In 1 of the layers nothing is claimed." in part


def test_another_network_stands_beside_at_the_same_depths(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    other = Run(tmp_path / "other" / "results", (PLAN, LayerPlan("last", "l", 8, (0, 1))))
    see(other, ("the owl, renamed",), compared=False)
    record = replace(record_of(other, "the owl, renamed"), digest=OWL.digest)
    other.write(family.path("the owl, renamed", "json"), record.to_json())
    layers = [LayerPlan(f"layer{number}", "", 8, (0, 1)) for number in range(4)]
    run = make_run(*layers)
    see(run, beside=str(other.root))
    run.build()

    pairs = words(run.page("views/owl.html")).split("relative depths.")[1].split("Layer by")[0]
    assert [
        word.strip(",") for word in pairs.split() if word[:5] in ("layer", "block", "last,")
    ] == [
        *("layer0", "block4_conv3", "layer1", "block4_conv3"),
        *("layer2", "last", "layer3", "last"),
    ]
    assert "Beside another network" in words(run.page("views/owl.html"))
    assert "Beside" not in words(run.page("views/mine.html"))
    assert follow_every_link(run.out, pages(run.out)) > 50


def test_without_other_photographs_activations_are_shown_and_not_shares(
    make_run: Callable[..., Run],
) -> None:
    run = make_run(PLAN)
    see(run, compared=False)
    run.build()
    text = words(run.page("views/owl.html"))

    assert "%" not in text.split("Layer by layer")[1]
    assert "The larger a picture, the greater the activation" in text
    assert "most on" not in text


def test_no_view_is_published_where_no_photograph_may_be(few: Run) -> None:
    few.metadata = replace(few.metadata, photographs=False)
    few.build()

    names = [path.relative_to(few.out).as_posix() for path in few.out.rglob("*")]
    assert [name for name in names if "mine" in name or "owl" in name] == []
    assert not (few.out / "views.html").exists()
    assert follow_every_link(few.out, pages(few.out)) > 50


def test_missing_views_are_named(few: Run) -> None:
    few.path(family.path("owl", "json")).unlink()

    with pytest.raises(Exception, match=r"1 of 2 views are missing \(view owl\)"):
        few.build()


# --- in a browser ---


def first(page: Any) -> Any:
    """The page, when the first layer is shown."""
    page.locator(".cells button").first.wait_for()
    return page


def test_pointing_at_a_place_shows_its_field_and_its_filters(visit: Open, whole: Run) -> None:
    page = first(visit("views/owl.html"))
    record = record_of(whole).layers["block4_conv3"]
    page.locator(".slider output").get_by_text("block4_conv3").wait_for()

    page.locator(".cells button").nth(3 * SHOWN + 5).hover()

    assert page.locator(".fired h2").inner_text() == "Row 4, column 6"
    index, _, _, row, column = record.strongest[3 * SHOWN + 5][0]
    left, top, right, bottom = record.box(row, column) or (0, 0, 0, 0)
    field = page.locator(".frames .field")
    assert [field.get_attribute(name) for name in ("x", "y", "width", "height")] == [
        str(value) for value in (left, top, right - left, bottom - top)
    ]
    block = page.locator(".frames .block")
    assert float(block.get_attribute("width")) == pytest.approx(SIZE / SHOWN)
    link = page.locator(".fired a").first
    assert link.inner_text() == f"Filter {index}"
    link.click()
    page.get_by_role("heading", name=f"Filter {index} of block4_conv3").wait_for()


def test_a_click_keeps_a_place_until_escape(visit: Open) -> None:
    page = first(visit("views/owl.html"))
    buttons, heading = page.locator(".cells button"), page.locator(".fired h2")

    buttons.nth(0).click()
    buttons.nth(9).hover()
    assert heading.inner_text() == "Row 1, column 1"
    page.keyboard.press("Escape")
    buttons.nth(10).hover()
    assert heading.inner_text() == "Row 2, column 3"


def test_pointing_at_a_filter_shows_where_else_it_fires(visit: Open, whole: Run) -> None:
    page = first(visit("views/owl.html"))
    buttons = page.locator(".cells button")
    record = record_of(whole).layers["block4_conv3"]
    place = next(place for place, cell in enumerate(record.strongest) if len(cell) > 1)
    [index, *_] = record.strongest[place][1]
    buttons.nth(place).click()

    page.locator(".fired li").nth(1).hover()

    greys = page.locator(".heat rect").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    levels = [round(255 * LEVELS.index(level) / 63) for level in record.maps[index]]
    assert greys == [f"rgb({grey},{grey},{grey})" for grey in levels]
    fires = [any(one[0] == index for one in cell) for cell in record.strongest]
    marked = buttons.evaluate_all("all => all.map(one => one.classList.contains('fires'))")
    assert marked == fires
    page.mouse.move(0, 0)
    assert page.locator(".heat rect").count() == 0


def test_pointing_at_the_photograph_shows_the_place(visit: Open) -> None:
    page = first(visit("views/owl.html"))
    square = page.locator(".frames > svg").bounding_box()
    canvas = page.locator(".canvas").bounding_box()
    scale = canvas["width"] / 48

    # The square of 32 pixels begins at 8, 2.
    page.mouse.move(canvas["x"] + scale * (8 + 31), canvas["y"] + scale * (2 + 1))

    assert square
    assert page.locator(".fired h2").inner_text() == f"Row 1, column {SHOWN}"


def test_the_keyboard_alone_suffices(visit: Open) -> None:
    page = first(visit("views/owl.html"))
    page.locator(".slider input").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".slider output").get_by_text("block5_conv1").wait_for()
    page.locator(".cells[aria-label$=block5_conv1]").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.locator(".fired h2").inner_text() == page.evaluate(
        "document.activeElement.ariaLabel.split(':')[0]"
    )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Filter ")
    assert page.locator(".heat rect").count() == SHOWN**2
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="of block5_conv1").wait_for()


def test_a_layer_keeps_the_place_of_the_layer_before(visit: Open) -> None:
    page = first(visit("views/owl.html"))
    page.locator(".cells button").nth(6 * SHOWN + 1).click()
    page.locator(".slider input").fill("0")
    page.locator(".cells[aria-label$=block1_conv1]").wait_for()
    assert page.locator(".fired h2").inner_text() == "Row 7, column 2"


def test_mosaics_and_tables_need_no_scripts(without_scripts: Visit) -> None:
    page = without_scripts.open("views/owl.html")
    assert page.locator(".canvas img").is_visible()
    assert page.locator(".mosaics img").count() == 3
    assert page.locator(".mosaics td a").first.is_visible()
    assert not page.locator(".dictionary").is_visible()
    assert without_scripts.complaints == []
