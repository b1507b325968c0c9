"""The site in a real browser, from a folder and from a server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.workflow.plan import LayerPlan

from .results import Run
from .window import Window, origin_of, visits

Open = Callable[..., Any]
ODD = "<img onerror> 100%"
PAGES = ["index.html", "layers/block5_conv1.html", "layers/~3cimg~20onerror~3e~20100~25.html"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a layer of many filters, and one with an odd name."""
    layers = (
        LayerPlan("block5_conv1", "conv5_1", 512, tuple(range(100))),
        LayerPlan(ODD, "odd", 1, (0,)),
    )
    run = Run(tmp_path_factory.mktemp("odd") / "results", layers)
    run.draw()
    return run.build()


@pytest.fixture(scope="module", params=["file", "http"])
def origin(request: pytest.FixtureRequest, odd: Path) -> Iterator[str]:
    """The address of the site, from its folder and from a server."""
    with origin_of(odd, request.param) as address:
        yield address


@pytest.fixture
def visit(window: Window, origin: str) -> Iterator[Open]:
    """Open pages of the site. At the end there may be no complaints."""
    with visits(window, origin) as open_page:
        yield open_page


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_all_its_pictures_in_any_colours(
    visit: Open, window: Window, name: str
) -> None:
    page = visit(name)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert window.see_all_pictures() == page.locator("img").count() > 0
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", "no style sheet"
    assert any(url.endswith("atlas.css") for url in window.requests)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_width_of_the_window(visit: Open, name: str) -> None:
    page = visit(name)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    for width in (2560, 1280, 375, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_to_a_filter_scrolls_to_it(visit: Open) -> None:
    page = visit("layers/block5_conv1.html#filter-40")
    page.locator("#filter-40 img").evaluate("image => image.decode()")
    box = page.locator("#filter-40").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100


def test_a_page_has_its_full_height_before_its_filters_are_laid_out(visit: Open) -> None:
    page = visit("layers/block5_conv1.html", width=375)
    height = "document.documentElement.scrollHeight"
    before = page.evaluate(height)
    page.evaluate(
        "document.querySelectorAll('figure').forEach(f => f.style.contentVisibility = 'visible')"
    )
    assert page.evaluate(height) == pytest.approx(before, abs=2)


def test_links_lead_from_the_first_page_to_a_layer_and_on_and_back(visit: Open) -> None:
    page = visit("index.html")
    # A forced click: the link of the whole card lies above the picture.
    page.locator(".card img").first.click(force=True)
    assert page.url.endswith("layers/block5_conv1.html")
    page.locator("a[rel=next]").first.click()
    assert page.locator("h1").inner_text() == ODD
    page.get_by_role("link", name="Filter Atlas").first.click()
    assert page.url.endswith("index.html")
