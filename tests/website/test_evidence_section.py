"""Evidence on the site: patches beside every picture, a page for every photograph, and credits."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.sample_photos import sample_photos
from filter_atlas.evidence import family
from filter_atlas.evidence.record import LayerEvidence
from filter_atlas.site.sections import evidence as section
from filter_atlas.workflow.plan import LayerPlan

from .observed import CELLS, SQUARE, observe
from .reading import files, follow_every_link, handed_over, pages, parse, words
from .results import Run
from .window import Visit

LAYER = "block4_conv3"
PLAN = LayerPlan(LAYER, "conv4_3", 512, (5, 6, 300))
SILENT = 6
FILTER = f"filters/{LAYER}/5.html"
PLACE = f"{LAYER}-5"
PIXELS = {".png", ".webp", ".avif", ".jpg", ".gif"}
Open = Callable[..., Any]


def observed(make_run: Callable[..., Run], **changes: Any) -> Run:
    run = make_run(PLAN)
    observe(run, **{"silent": {(LAYER, SILENT)}, "own": {3}, **changes})
    return run


@pytest.fixture
def few(make_run: Callable[..., Run]) -> Run:
    """A run of three filters; no photograph fires one of them, and one photograph is the user's."""
    return observed(make_run)


def evidence_of(run: Run) -> LayerEvidence:
    return LayerEvidence.from_file(run.path(family.path(LAYER)))


def tiles(html: str) -> list[str]:
    """The addresses that the tiles of a panel lead to."""
    return re.findall(r'<li><a href="\.\./\.\./(photographs/\w+\.html#[\w-]+)">', html)


def box(run: Run, tile: str) -> tuple[int, ...]:
    """The box of a patch on the page of its photograph: left, top, right, bottom."""
    page, place = tile.split("#")
    rect = rf'<g id="{place}"><rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/>'
    x, y, width, height = map(int, re.findall(rect, run.page(page))[0])
    return x, y, x + width, y + height


# --- the panel ---


def test_a_filter_shows_its_patches_strongest_first_and_each_leads_to_its_box(few: Run) -> None:
    few.build()
    layer = evidence_of(few)
    patches = layer.filters[5].patches
    html = few.page(FILTER)

    shown = tiles(html)

    assert [tile.split("/")[1].split(".")[0] for tile in shown] == [
        layer.photographs[patch.photograph][:12] for patch in patches
    ]
    assert [box(few, tile) for tile in shown] == [patch.box for patch in patches]
    assert len(shown) == 9 + 3 + 3
    assert {tile.split("#")[1] for tile in shown} == {PLACE}
    [sprite] = {one["src"] for one in parse(html).all("img") if "patches/" in (one["src"] or "")}
    assert (few.out / "filters" / LAYER / (sprite or "")).is_file()


def test_a_filter_shows_its_numbers_and_what_they_mean(few: Run) -> None:
    few.build()
    text = words(few.page(FILTER))

    assert "In photographs The nine that fire it most" in text
    assert "Silent on 4.2% of 24 photographs" in text
    assert "Greatest activation 100 Greatest on its picture 250 Natural gap 2.5" in text
    assert "divided by the greatest of any cell on any photograph" in text
    assert "greatest activation on each of 23 photographs, from 0 to 100" in text
    assert "No photograph fires it" not in text


def test_a_filter_that_no_photograph_fires_is_flagged_and_has_no_patches(few: Run) -> None:
    few.build()
    html = few.page(f"filters/{LAYER}/{SILENT}.html")
    _, layer = handed_over(few.page(f"data/{LAYER}.js"))

    assert "No photograph fires it." in words(html)
    assert "Silent on 100% of 24 photographs" in words(html)
    assert "Natural gap –" in words(html)
    assert tiles(html) == []
    assert layer["flags"]["naturally_silent"] == [0, 1, 0]
    assert layer["measures"]["natural_gap"] == [2.5, None, 2.5]
    assert layer["measures"]["silent"] == [0.04167, 1.0, 0.9583]
    assert "1 of them are fired by none of 24 photographs." in words(
        few.page(f"layers/{LAYER}.html")
    )


def test_a_layer_without_known_boxes_shows_what_the_network_saw_and_says_why(
    make_run: Callable[..., Run],
) -> None:
    run = observed(make_run, refusal="it has a layer of your own")
    run.build()

    assert "The parts are not known: it has a layer of your own." in words(run.page(FILTER))
    left, top = SQUARE
    assert box(run, tiles(run.page(FILTER))[0]) == (left, top, left + 32, top + 32)


# --- photographs ---


def test_a_photograph_shows_the_filters_that_it_fires_most(few: Run) -> None:
    few.build()
    layer = evidence_of(few)
    best = layer.photographs[layer.filters[5].top[0].photograph]

    html = few.page(f"photographs/{best[:12]}.html")

    [first, *_] = re.findall(r'<li><a href="\.\./(filters/\S+)">.*?<small>(.+?)</small>', html)
    assert first == (FILTER, "100%")
    assert f"{LAYER}/{SILENT}.html" not in html
    assert "5 100, 1st" in words(html)


def test_every_photograph_of_the_sample_has_its_credits(few: Run) -> None:
    few.build()
    html = few.page("photographs.html")
    links = {url for _, url in parse(html).links()}

    for photo in [one for place, one in enumerate(sample_photos()[:24]) if place != 3]:
        assert {photo.source, photo.licence_url} <= links
        for page in (html, few.page(f"photographs/{photo.digest[:12]}.html")):
            for text in (photo.title, photo.author, photo.licence, photo.changes):
                assert " ".join(text.split()) in words(page)
    assert "private/me 3.jpg – – –" in words(html)
    assert "1 file could not be read" in words(html)


def test_many_photographs_are_listed_on_several_pages_and_only_those_with_patches_have_one(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(section, "ON_A_PAGE", 20)
    monkeypatch.setattr(section, "ALL_HAVE_PAGES", 5)
    run = observed(make_run, photographs=50)
    run.build()

    lists = ["photographs.html", "photographs/list-2.html", "photographs/list-3.html"]
    assert "This page lists the photographs 21 to 40." in words(run.page(lists[1]))
    rows = [run.page(name).split("</table>")[0].count('<tr><th scope="row">') for name in lists]
    assert rows == [20, 20, 10]
    own = {path.stem for path in (run.out / "photographs").glob("*.html")} - {"list-2", "list-3"}
    assert own == {digest[:12] for digest in evidence_of(run).photographs}
    assert len(own) < 50
    assert follow_every_link(run.out, pages(run.out)) > 200


# --- without pixels ---


def test_no_pixel_and_no_name_of_a_photograph_is_published_if_so_set(few: Run) -> None:
    few.build()  # what an earlier build has published goes as well
    few.metadata = replace(few.metadata, photographs=False)

    few.build()

    drawn = {"pictures", "thumbnails", "grids", "overview.png"}
    pictures = [
        path.relative_to(few.out).as_posix() for path in files(few.out) if path.suffix in PIXELS
    ]
    assert {name.split("/")[0] for name in pictures} == drawn
    assert [name for name in pictures if "photographs" in name] == []
    for path in files(few.out):
        assert b"private" not in path.read_bytes(), path
        assert b"me 3.jpg" not in path.read_bytes(), path
    html = few.page(FILTER)
    assert len(tiles(html)) == 15
    assert "patches/" not in html
    assert box(few, tiles(html)[0]) == evidence_of(few).filters[5].top[0].box
    assert "Natural gap 2.5" in words(html)
    assert not (few.out / "views").exists()
    package = json.loads(few.page("data/datapackage.json"))
    [table] = [one for one in package["resources"] if one["path"] == "photographs.csv"]
    header = few.page("data/photographs.csv").split("\n")[0].split(",")
    assert [one["name"] for one in table["schema"]["fields"]] == header
    assert follow_every_link(few.out, pages(few.out)) > 200


# --- damaged results ---


@pytest.mark.parametrize("name", [family.STRONGEST, family.heat(LAYER), family.path(LAYER)])
@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04"])
def test_damaged_evidence_is_refused_in_one_line(few: Run, name: str, content: bytes) -> None:
    few.write(name, content)

    with pytest.raises(ResultsError, match=Path(name).name) as error:
        few.build()
    assert "\n" not in str(error.value)


def test_missing_evidence_is_named(few: Run) -> None:
    few.path(family.STRONGEST).unlink()

    with pytest.raises(ResultsError, match=r"evidence are missing \(the strongest filters\)"):
        few.build()


# --- in a browser ---


def test_a_patch_in_a_panel_opens_the_photograph_with_its_box_and_heat(visit: Open) -> None:
    page = visit("layers/block1_conv1.html#filter-3")
    page.locator("#panel[open] .tiles a").nth(1).click()
    page.locator(".heat image").wait_for(state="attached")
    assert (
        "Filter 3 of block1_conv1 fires most in the box: activation"
        in page.locator(".said").inner_text()
    )
    assert page.locator(".boxes g:visible").evaluate_all("all => all.map(one => one.id)") == [
        "block1_conv1-3"
    ]
    # The second map of the sprite, below five rows of tiles.
    assert page.locator(".heat svg").get_attribute("viewBox") == f"{CELLS} 332 {CELLS} {CELLS}"
    href = page.locator(".heat image").get_attribute("href")
    loads = "href => { const image = new Image(); image.src = href; return image.decode() }"
    page.evaluate(loads, href)
    page.get_by_label("Heat").uncheck()
    assert not page.locator(".heat image").is_visible()
    page.locator(".said a").click()
    page.locator("#panel[open]").get_by_role("heading", name="Filter 3 of block1").wait_for()


def test_a_photograph_shows_heat_only_of_the_filter_in_the_address(visit: Open) -> None:
    page = visit("photographs.html")
    page.locator(".thumbnails a").first.click()
    page.locator(".canvas img").wait_for()
    assert page.locator(".heat image").count() == 0
    assert not page.get_by_label("Heat").is_visible()
    page.locator(".marks summary").first.click()
    page.locator(".marks details a").first.click()
    page.locator(".heat image").wait_for(state="attached")
    page.go_back()
    page.locator(".heat image").wait_for(state="detached")
    assert page.locator(".said").text_content() == ""


def test_the_views_of_a_layer_show_the_same_search(visit: Open) -> None:
    page = visit("layers/block5_conv1.html#q=silent>0.3&sort=-silent")
    page.locator(".count").get_by_text(" of 40 filters").wait_for()
    found = "[...document.querySelectorAll('.thumbnails > a:not([hidden])')].map(a => a.id)"
    before = page.evaluate(found)
    page.get_by_role("link", name="photographs", exact=True).click()
    page.locator(".count").get_by_text(" of 40 filters").wait_for()
    assert page.evaluate(found) == before
    assert 0 < len(before) < 40
    assert page.locator(".thumbnails img").first.get_attribute("src").startswith("../../patches/")
    page.locator(".thumbnails > a:not([hidden])").first.click()
    page.locator("#panel[open] .tiles img").first.wait_for()


def test_what_no_photograph_fires_is_found_on_the_first_page(visit: Open) -> None:
    page = visit("index.html#q=silent>0.9&naturally_silent=1")
    page.locator(".count").get_by_text("1 of 62 filters").wait_for()
    assert page.locator("#found a").text_content() == "conv1_1 5"


def test_a_patch_opens_its_box_without_scripts(without_scripts: Visit) -> None:
    page = without_scripts.open("filters/block5_conv1/7.html")
    page.locator(".tiles a").first.click()
    assert page.locator("g:target rect").is_visible()
    assert page.locator(".boxes rect:visible").count() == 1
    assert page.locator(".seen img").is_visible()
    page.get_by_role("link", name="All photographs").click()
    assert page.get_by_role("heading", name="Credits").is_visible()
    assert without_scripts.complaints == []
