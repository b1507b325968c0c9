"""A site without pages for filters, in a browser: panels replace the pages."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from filter_atlas.base.rotations import Symmetry

from .results import Run
from .window import Window, origin_of, visits

LAYER = "layers/block1_conv1.html"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site without pages for filters."""
    run = Run(tmp_path_factory.mktemp("lean") / "results")
    run.draw()
    run.vary("negative")
    run.find_twins(("block1_conv1", 2, 7, Symmetry(90, False)))
    run.metadata = replace(run.metadata, filter_pages=False)
    return run.build()


@pytest.fixture(scope="module")
def address(lean: Path) -> Iterator[str]:
    """The address of the site on a server."""
    with origin_of(lean, "http") as address:
        yield address


@pytest.fixture
def visit(window: Window, address: str) -> Iterator[Open]:
    """Open pages of the site. At the end there may be no complaints."""
    with visits(window, address) as open_page:
        yield open_page


def panel_of(page: Any, index: int, layer: str = "block1_conv1") -> Any:
    """The open panel of a filter."""
    panel = page.locator("#panel[open] .panel")
    panel.get_by_role("heading", name=f"Filter {index} of {layer}").wait_for()
    return panel


def broken(page: Any, lean: Path) -> list[str]:
    """Broken links and pictures of a page, after its scripts have run."""
    urls = page.evaluate(
        """[...document.querySelectorAll("[href], [src]")].map(one => one.href || one.src)"""
    )
    root = page.evaluate("new URL(FilterAtlas.base || './', document.baseURI).href")
    found = []
    for url in set(urls):
        assert url.startswith(root), f"{url} leaves the site"
        parts = urlsplit(url.removeprefix(root))
        target = lean / unquote(parts.path)
        place = re.fullmatch(r"filter-\d+", parts.fragment)
        if not target.is_file() or (place and f'id="{place[0]}"' not in target.read_text("utf-8")):
            found.append(url)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "index.html#q=conv5_1",
        f"{LAYER}#filter-7",
        "variants/negative/block1_conv1.html",
        "twins.html",
        "compare.html#block1_conv1/7&block5_conv1/12",
    ],
)
def test_no_link_is_broken_and_none_that_scripts_make(visit: Open, lean: Path, name: str) -> None:
    page = visit(name)
    page.locator(
        "#panel[open] .panel, .compared .panel, #found a, .thumbnails, .groups"
    ).first.wait_for()
    if "#" in name:
        page.locator("[data-filter]").first.wait_for()
    assert page.locator("a").count() > 10
    assert broken(page, lean) == []


def test_a_thumbnail_opens_its_panel_and_a_panel_links_to_itself(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").click()
    link = panel_of(page, 3).get_by_role("link", name="Link to this filter")
    address = link.evaluate("link => link.href")
    assert address.endswith(f"{LAYER}#filter-3")
    page.goto("about:blank")
    page.goto(address)
    panel_of(page, 3)


def test_a_search_leads_to_a_panel(visit: Open) -> None:
    page = visit("index.html")
    page.get_by_label("Search").fill("conv5_1 12")
    page.locator("#found a").click()
    panel_of(page, 12, "block5_conv1")


def test_twins_and_variants_lead_to_panels(visit: Open) -> None:
    page = visit("twins.html")
    page.locator(".groups a").first.click()
    panel_of(page, 2)
    page = visit("variants/negative/block1_conv1.html")
    page.locator(".thumbnails > a").nth(4).click()
    panel_of(page, 4)


def test_a_neighbour_is_shown_in_the_open_panel_and_back_leaves_it(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-2").click()
    panel_of(page, 2).locator("[data-links=neighbours] a").first.click()
    panel_of(page, 7)
    page.go_back()
    page.locator("#panel").wait_for(state="hidden")
    assert page.url.endswith(LAYER)
    assert page.evaluate("document.activeElement.id") == "filter-7"


def test_filters_are_compared(visit: Open) -> None:
    page = visit("compare.html#block1_conv1/2&block1_conv1/7")
    page.locator(".compared .panel").nth(1).wait_for()
    page.locator(".compared .panel").nth(1).get_by_role("link", name="Link to").click()
    panel_of(page, 7)
