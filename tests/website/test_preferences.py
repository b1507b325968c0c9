"""Preferences of a visitor's system: forced colours, no motion, paper, a narrow window."""

import re
from collections.abc import Callable
from typing import Any

import pytest

Open = Callable[..., Any]

PAGES = [
    "index.html",
    "index.html#q=conv5_1",
    "layers/block1_conv1.html",
    "layers/block1_conv1.html#filter-3",
    "variants/negative/block1_conv1.html",
    "filters/block1_conv1/3.html",
    "twins.html",
    "dreams.html",
    "classes.html",
    "compare.html",
    "compare.html#block1_conv1/3&block5_conv1/12",
    "methods.html",
    "data.html",
    "404.html",
]
LAYER = "layers/block1_conv1.html"
FILTER = "filters/block1_conv1/3.html"

CONTRAST = """([one, other]) => {
    const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const luminance = colour => {
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map(byte => byte / 255)
            .map(share => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
}"""
"""The contrast of two colours, as the guidelines for accessible content (WCAG) define it."""


def wait_for_view(page: Any, name: str) -> None:
    """Wait until a script has shown the view in the address."""
    if "#" in name:
        page.locator("#panel[open] .panel, .compared .panel, #found a").first.wait_for()


def style(element: Any, name: str, pseudo: str = "") -> str:
    """A computed style of an element, or of a pseudo-element of it."""
    read = "(element, [name, pseudo]) => getComputedStyle(element, pseudo || null)[name]"
    return str(element.evaluate(read, [name, pseudo]))


# --- forced colours ---


@pytest.fixture(params=["light", "dark"])
def forced(visit: Open, request: pytest.FixtureRequest) -> Open:
    """Open pages where the system forces its colours, light ones or dark ones."""
    return lambda name: visit(name, scheme=request.param, forced_colors="active")


def test_the_focus_is_visible_in_forced_colours(forced: Open) -> None:
    page = forced(LAYER)
    page.keyboard.press("Tab")  # now the focus is shown as for the keyboard
    paper = style(page.locator("body"), "backgroundColor")
    for place in ("button:visible", ".bar a", "input[type=search]"):
        element = page.locator(place).first
        element.focus()
        assert style(element, "outlineStyle") not in {"none", "hidden"}, place
        assert float(style(element, "outlineWidth").removesuffix("px")) >= 2, place
        assert page.evaluate(CONTRAST, [style(element, "outlineColor"), paper]) >= 3, place


def test_a_thumbnail_in_focus_has_a_frame_around_its_picture_in_forced_colours(
    forced: Open,
) -> None:
    page = forced(LAYER)
    page.keyboard.press("Tab")
    thumbnail = page.locator(".thumbnails > a").first
    assert style(thumbnail, "content", "::after") == "none"
    thumbnail.focus()
    assert style(thumbnail, "borderTopStyle", "::after") == "solid"
    assert float(style(thumbnail, "borderTopWidth", "::after").removesuffix("px")) >= 2
    paper = style(page.locator("body"), "backgroundColor")
    assert page.evaluate(CONTRAST, [style(thumbnail, "borderTopColor", "::after"), paper]) >= 3


def test_the_thumbnail_that_a_link_leads_to_stands_out_in_forced_colours(forced: Open) -> None:
    page = forced("variants/negative/block1_conv1.html#filter-3")
    thumbnail = page.locator("#filter-3")
    thumbnail.locator("img").evaluate("image => image.decode()")
    without_focus = "document.activeElement.blur()"
    page.evaluate(without_focus)
    chosen = thumbnail.screenshot()
    page.evaluate("location.hash = 'filter-2'")
    page.evaluate(without_focus)
    looks_alike = thumbnail.screenshot() == chosen
    assert not looks_alike


def test_buttons_have_an_edge_in_forced_colours(forced: Open) -> None:
    page = forced(f"{LAYER}#filter-3")
    wait_for_view(page, "#")
    paper = style(page.locator("#panel"), "backgroundColor")
    buttons = page.locator("#panel button:visible").all()
    assert len(buttons) >= 5
    for button in buttons:
        assert style(button, "borderTopStyle") == "solid"
        assert float(style(button, "borderTopWidth").removesuffix("px")) >= 1
        assert page.evaluate(CONTRAST, [style(button, "borderTopColor"), paper]) >= 3


def test_a_button_that_is_pressed_looks_so_in_forced_colours(forced: Open) -> None:
    page = forced(FILTER)
    button = page.get_by_role("button", name="Compare")
    free = style(button, "backgroundColor")
    button.click()
    page.locator("[data-compare][aria-pressed=true]").wait_for()
    pressed = style(button, "backgroundColor")
    assert page.evaluate(CONTRAST, [pressed, free]) >= 3
    assert page.evaluate(CONTRAST, [pressed, style(button, "color")]) >= 4.5


def test_the_current_page_is_marked_in_forced_colours(forced: Open) -> None:
    page = forced("methods.html")
    here = page.locator(".bar").get_by_role("link", name="Methods")
    marked = here.screenshot()
    here.evaluate("link => link.removeAttribute('aria-current')")
    looks_alike = here.screenshot() == marked
    assert not looks_alike


def test_the_loss_curve_is_visible_in_forced_colours(forced: Open) -> None:
    page = forced(FILTER)
    line = page.locator(".curve path[data-d=curve]")
    assert float(style(line, "strokeWidth").removesuffix("px")) >= 1
    paper = style(page.locator("body"), "backgroundColor")
    assert page.evaluate(CONTRAST, [style(line, "stroke"), paper]) >= 3
    ink = style(page.locator("body"), "color")
    assert style(line, "stroke") == ink, "a colour of the page's own may vanish in the system's"


# --- no motion ---

NEXT_FRAME = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
MOVING = """() => {
    const all = [...document.querySelectorAll("*")];
    const moves = (element, pseudo) => {
        const style = getComputedStyle(element, pseudo);
        const times = `${style.transitionDuration},${style.transitionDelay}`.split(",");
        return (times.some(time => parseFloat(time) > 0) && style.transitionProperty !== "none")
            || style.animationName !== "none"
            || style.scrollBehavior !== "auto";
    };
    return all.flatMap(element => [null, "::before", "::after", "::backdrop"]
        .filter(pseudo => moves(element, pseudo))
        .map(pseudo => element.tagName + "." + element.className + (pseudo ?? "")));
}"""


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_if_the_system_asks_for_no_motion_and_no_control_is_printed(
    visit: Open, name: str
) -> None:
    page = visit(name, reduced_motion="reduce")
    wait_for_view(page, name)
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.evaluate(MOVING) == []
    assert page.evaluate("document.getAnimations().length") == 0

    page.emulate_media(media="print")
    page.evaluate(NEXT_FRAME)
    for control in ("nav", "button", "select", "input", ".foot", ".tray", ".skip", ".find"):
        seen = page.locator(f"{control}:visible")
        assert seen.count() == 0, f"{control} is printed: {seen.first.inner_text()}"
    # An open panel is printed alone.
    assert page.locator("h1, #panel[open] .title").filter(visible=True).count() == 1


# --- paper ---


def test_a_contact_sheet_has_every_picture_of_the_layer(visit: Open) -> None:
    page = visit(LAYER, width=320)
    # Without a window, nothing waits for the pictures that are loaded for printing.
    page.evaluate(
        """Promise.all([...document.images].map(image => {
            image.loading = "eager";
            return image.decode();
        }))"""
    )
    sheet = page.pdf(format="A4")
    pictures = len(re.findall(rb"/Subtype\s*/Image\b", sheet))
    assert pictures == 20
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white_and_ink_is_dark(visit: Open, scheme: str) -> None:
    page = visit(FILTER, scheme=scheme)
    page.emulate_media(media="print", color_scheme=scheme)
    assert style(page.locator("body"), "backgroundColor") in {
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    }
    assert style(page.locator("body"), "color") == "rgb(0, 0, 0)"


# --- a narrow window ---


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_320_pixels_is_read_without_scrolling_sideways(visit: Open, name: str) -> None:
    page = visit(name, width=320)
    wait_for_view(page, name)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    if page.locator("#panel[open]").count():
        assert page.locator("#panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth")
