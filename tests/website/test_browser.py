"""The site in a real browser, from a folder and from a server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from filter_atlas.workflow.plan import LayerPlan

from .results import Run
from .window import Visit, origin_of

ODD = "<img onerror> 100%"
PAGES = ["index.html", "layers/block5_conv1.html", "layers/~3cimg~20onerror~3e~20100~25.html"]


@pytest.fixture(params=["file", "http"])
def origin(request: pytest.FixtureRequest, make_run: Callable[..., Run]) -> Iterator[str]:
    """The address of a site with a layer of many filters, and one with an odd name."""
    run = make_run(
        LayerPlan("block5_conv1", "conv5_1", 512, tuple(range(100))),
        LayerPlan(ODD, "odd", 1, (0,)),
    )
    with origin_of(run.build(), request.param) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_all_its_pictures_without_complaints(
    browser: Any, origin: str, name: str, scheme: str
) -> None:
    visit = Visit(browser, origin, scheme=scheme)
    page = visit.open(name)
    assert visit.see_all_pictures() == page.locator("img").count() > 0
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", "no style sheet"
    assert visit.complaints == []
    assert any(url.endswith("atlas.css") for url in visit.requests)
    page.close()


@pytest.mark.parametrize("width", [320, 375, 1280, 2560])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_width_of_the_window(
    browser: Any, origin: str, name: str, width: int
) -> None:
    page = Visit(browser, origin, width=width).open(name)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_link_to_a_filter_scrolls_to_it(browser: Any, origin: str) -> None:
    page = Visit(browser, origin).open("layers/block5_conv1.html#filter-40")
    page.locator("#filter-40 img").evaluate("image => image.decode()")
    box = page.locator("#filter-40").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100
    page.close()


def test_a_page_has_its_full_height_before_its_filters_are_laid_out(
    browser: Any, origin: str
) -> None:
    page = Visit(browser, origin, width=375).open("layers/block5_conv1.html")
    height = "document.documentElement.scrollHeight"
    before = page.evaluate(height)
    page.evaluate(
        "document.querySelectorAll('figure').forEach(f => f.style.contentVisibility = 'visible')"
    )
    assert page.evaluate(height) == pytest.approx(before, abs=2)
    page.close()


def test_links_lead_from_the_first_page_to_a_layer_and_on_and_back(
    browser: Any, origin: str
) -> None:
    page = Visit(browser, origin).open("index.html")
    # A forced click: the link of the whole card lies above the picture.
    page.locator(".card img").first.click(force=True)
    assert page.url.endswith("layers/block5_conv1.html")
    page.locator("a[rel=next]").first.click()
    assert page.locator("h1").inner_text() == ODD
    page.get_by_role("link", name="Filter Atlas").first.click()
    assert page.url.endswith("index.html")
    page.close()
