"""Pages in a browser: nothing jumps, and typing causes no needless work."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from filter_atlas.base import paths
from filter_atlas.site.thumbnails import address

from .results import LAYERS, Run
from .window import Visit

LAYER = "layers/block1_conv1.html"
SLOW = re.compile(r"assets/\w+\.js$|thumbnails/overview\.|pictures/")
"""Files that are delayed: the scripts, and pictures with text below them."""

SHIFT = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) shift += one.hadRecentInput ? 0 : one.value;
}).observe({ type: "layout-shift", buffered: true });
"""
Open = Callable[..., Any]


def linger(route: Any) -> None:
    time.sleep(0.1)
    route.continue_()


@pytest.mark.parametrize("width", [412, 1280])
def test_nothing_jumps_while_a_page_loads(new_window: Open, width: int) -> None:
    window = new_window(width=width)
    window.page.add_init_script(SHIFT)
    window.page.route(SLOW, linger)
    for name in (
        "index.html",
        LAYER,
        "filters/block1_conv1/2.html",
        "compare.html#block1_conv1/2&block5_conv1/30",
    ):
        page = window.open(name)
        page.wait_for_load_state("networkidle")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        assert page.evaluate("shift") <= 0.01, name


def test_the_address_changes_when_typing_pauses_or_the_search_is_left(new_window: Open) -> None:
    page = new_window().open(LAYER)
    page.clock.install(time=0)
    page.clock.pause_at(3600)
    page.get_by_label("Search").press_sequentially("8-11")
    page.locator(".count").get_by_text("4 of 20 filters").wait_for()
    assert page.evaluate("location.hash") == ""
    page.clock.run_for(250)
    assert page.evaluate("location.hash") == "#q=8-11"
    page.get_by_label("Search").press_sequentially("8")
    assert page.evaluate("location.hash") == "#q=8-11"
    page.keyboard.press("Tab")
    assert page.evaluate("location.hash") == "#q=8-118"


def test_a_search_that_keeps_the_order_moves_no_thumbnail(visit: Open) -> None:
    page = visit(f"{LAYER}#sort=-final_activation")
    page.locator(".thumbnails > #filter-19:first-child").wait_for()
    page.evaluate(
        """() => {
            window.moved = 0;
            new MutationObserver((all) => (moved += all.length))
              .observe(document.querySelector(".thumbnails"), { childList: true });
        }"""
    )
    for query, found in (("8-11", 4), ("8-18", 11)):
        page.get_by_label("Search").fill(query)
        page.locator(".count").get_by_text(f"{found} of 20 filters").wait_for()
    assert page.evaluate("moved") == 0


@pytest.mark.parametrize("width", [360, 412])
def test_a_thumbnail_has_enough_pixels_for_a_phone(visit: Open, width: int) -> None:
    page = visit(LAYER, width=width)
    box = page.locator("#filter-0 img").bounding_box()
    # Lighthouse demands three quarters of the screen's pixels.
    assert box["width"] * 1.75 * 0.75 <= 128


def test_a_phone_gets_a_smaller_overview(browser: Any, make_run: Callable[..., Run]) -> None:
    run = make_run(LAYERS[1])
    run.paint(paths.OVERVIEW, (1274, 1200))  # as large as the one of the whole network
    site = run.build().as_uri()
    for width, thumbnail in ((412, "overview.phone"), (1280, "overview")):
        visit = Visit(browser, site, width=width, device_scale_factor=1.5)
        page = visit.open("index.html")
        shown = page.locator(".overview img").evaluate("image => image.currentSrc")
        assert shown.endswith(f"/{address(thumbnail)}")
        assert visit.complaints == []
        page.close()
