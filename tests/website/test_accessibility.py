"""Every kind of page by axe-core, and at the width of a phone."""

import importlib.resources
import re
from collections.abc import Callable
from typing import Any

import pytest

from .results import Run

PHOTOGRAPH = "photographs/*.html#block1_conv1-0"
"""The page of the photograph that fires this filter most."""

PAGES = [
    "index.html",
    "index.html#q=conv5_1",
    "layers/block1_conv1.html",
    "layers/block1_conv1.html#filter-3",
    "filters/block1_conv1/3.html",
    "views/photographs/block4_conv3.html",
    "photographs.html",
    PHOTOGRAPH,
    "circuits.html",
    "circuits/block5_conv1.html",
    "circuits/block5_conv1/12.html",
    "views.html",
    "views/owl.html",
    "twins.html",
    "dreams.html",
    "classes.html",
    "compare.html#block1_conv1/3&block5_conv1/12",
    "methods.html",
    "data.html",
    "404.html",
]


ALL = "{preload: false}"
OF_COLOURS = "{preload: false, runOnly: ['color-contrast', 'link-in-text-block']}"
"""The rules of axe-core whose result the colour scheme can change."""

WIDER_THAN_ITS_COLUMN = """
[...document.querySelectorAll(".gallery > li")].filter(one => one.scrollWidth > one.clientWidth)
    .map(one => one.textContent.slice(0, 40))
"""


@pytest.fixture(scope="session")
def axe() -> str:
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    package = importlib.resources.files("axe_playwright_python")
    return package.joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_the_page_fits_at_any_width_in_any_colours(
    visit: Callable[..., Any], axe: str, name: str, whole: Run
) -> None:
    if name == PHOTOGRAPH:
        panel = whole.page("filters/block1_conv1/0.html")
        name = re.findall(PHOTOGRAPH.replace("*", r"\w+"), panel)[0]
    page = visit(name)
    if "#" in name:
        page.locator("#panel[open] .panel, .compared .panel, #found a, .said a").first.wait_for()
    page.evaluate(axe)
    for width in (1280, 768, 320):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in (("light", ALL), ("dark", OF_COLOURS)):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(f"axe.run({rules}).then(run => run.violations)")
            assert [
                (width, scheme, one["id"], [node["html"][:120] for node in one["nodes"][:3]])
                for one in found
            ] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDER_THAN_ITS_COLUMN) == [], width
