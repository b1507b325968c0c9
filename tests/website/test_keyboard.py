"""The keyboard: what each key does, on every kind of page."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from .window import BOTH

LAYER = "layers/block1_conv1.html"
FILTER = "filters/block1_conv1/3.html"
Open = Callable[..., Any]


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def rows(page: Any) -> list[list[str]]:
    """The ids of the visible thumbnails, row by row as on the screen."""
    places = page.evaluate(
        """[...document.querySelectorAll('.thumbnails > a:not([hidden])')]
            .map(a => [a.id, Math.round(a.getBoundingClientRect().top + scrollY)])"""
    )
    found: dict[int, list[str]] = {}
    for thumbnail, top in places:
        found.setdefault(top, []).append(thumbnail)
    return list(found.values())


def search_has_focus(page: Any) -> bool:
    search = page.get_by_label("Search")
    return bool(search.evaluate("input => input === document.activeElement"))


# --- from thumbnail to thumbnail ---


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("view", ["", "#sort=-final_activation", "#q=4-17"])
def test_keys_move_through_the_rows_on_the_screen(visit: Open, width: int, view: str) -> None:
    page = visit(LAYER + view, width=width)
    if view:
        page.locator(".find[data-used]").wait_for()
        page.wait_for_function("document.querySelector('.count').textContent")
    seen = rows(page)
    assert len(seen) >= 2
    *_, before_last, last = seen
    first = seen[0]

    def press(key: str, start: str) -> str:
        page.locator(f"#{start}").focus()
        page.keyboard.press(key)
        return focused(page)

    assert press("ArrowRight", first[0]) == first[1]
    assert press("ArrowLeft", first[1]) == first[0]
    assert press("ArrowDown", first[1]) == seen[1][1]
    assert press("ArrowUp", seen[1][1]) == first[1]
    assert press("ArrowRight", first[-1]) == seen[1][0], "a row goes on in the next one"
    assert press("ArrowDown", before_last[-1]) == last[-1], "the last row may be short"
    assert press("ArrowUp", first[-1]) == first[-1]
    assert press("ArrowDown", last[0]) == last[0]
    assert press("ArrowRight", last[-1]) == last[-1]
    assert press("Home", first[-1]) == first[0]
    assert press("End", seen[1][0]) == seen[1][-1]
    assert press("Control+Home", last[-1]) == first[0]
    assert press("Control+End", first[0]) == last[-1]


def test_a_page_down_is_a_screen_of_rows_and_a_page_up_the_same(visit: Open) -> None:
    page = visit(LAYER, width=320)
    page.set_viewport_size({"width": 320, "height": 400})
    seen = rows(page)
    assert len(seen) >= 6
    column = [row[0] for row in seen]
    page.locator(f"#{column[0]}").focus()
    page.keyboard.press("PageDown")
    at = column.index(focused(page))
    assert 1 <= at < len(column) - 1
    box = page.locator(":focus").bounding_box()
    assert 0 <= box["y"] < 400
    page.keyboard.press("PageDown")
    assert column.index(focused(page)) == 2 * at
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    assert focused(page) == column[0]


def test_a_page_down_is_a_screen_also_where_only_some_filters_are_shown(visit: Open) -> None:
    page = visit(f"{LAYER}#q=5-19", width=320)
    page.set_viewport_size({"width": 320, "height": 400})
    page.locator(".count").get_by_text("15 of 20 filters").wait_for()
    column = [row[0] for row in rows(page)]
    page.locator(f"#{column[0]}").focus()
    page.keyboard.press("PageDown")
    assert 1 <= column.index(focused(page)) < len(column) - 1


def test_the_filters_found_are_one_stop_and_arrows_lead_through_them(visit: Open) -> None:
    page = visit("index.html#layer=block5_conv1")
    page.locator("#found a").nth(39).wait_for()
    assert page.locator("#found a[tabindex='0']").count() == 1
    page.locator("#found a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.filter") == "block5_conv1/2"
    page.keyboard.press("Enter")
    page.locator("#panel[open]").get_by_role("heading", name="Filter 2 of block5_conv1").wait_for()


def test_tab_leads_past_the_thumbnails_and_back_to_the_last_one(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-0").focus()
    page.keyboard.press("End")
    there = focused(page)
    page.keyboard.press("Tab")
    assert not page.locator(".thumbnails > a:focus").count()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == there


# --- single-character keys ---


@pytest.mark.parametrize("name", ["index.html", LAYER])
def test_a_slash_leads_to_the_search(visit: Open, name: str) -> None:
    page = visit(name)
    page.keyboard.press("/")
    assert search_has_focus(page)
    assert page.get_by_label("Search").input_value() == ""


@BOTH
@pytest.mark.parametrize("name", [FILTER, "methods.html", "variants/negative/block1_conv1.html"])
def test_a_slash_leads_to_the_search_of_all_filters_where_a_page_has_none(
    visit: Open, name: str
) -> None:
    page = visit(name)
    page.keyboard.press("/")
    page.wait_for_url("**/index.html#query")
    page.keyboard.type("conv5_1 12")
    page.locator(".count").get_by_text("1 of 62 filters").wait_for()


def test_a_question_mark_opens_the_help_and_escape_closes_it(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").focus()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard").wait_for()
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="hidden")
    assert focused(page) == "filter-3"


def test_every_key_that_acts_is_in_the_help(visit: Open) -> None:
    page = visit(LAYER)
    listed = set(page.locator("#help kbd").all_text_contents())
    assert {"/", "[", "]", "c", "?", "←", "→", "↑", "↓"} <= listed
    assert {"Home", "End", "Page Up", "Page Down", "Enter", "Esc"} <= listed


def test_c_adds_a_filter_to_the_comparison_and_removes_it(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").focus()
    page.keyboard.press("c")
    assert page.get_by_role("link", name="Compare 1").is_visible()
    page.keyboard.press("Enter")
    panel = page.locator("#panel[open]")
    panel.get_by_role("button", name="Compare", pressed=True).wait_for()
    page.keyboard.press("c")
    panel.get_by_role("button", name="Compare", pressed=False).wait_for()
    assert not page.locator(".tray").is_visible()
    assert page.locator("#status").inner_text() == "block1_conv1 3 removed from the comparison."


def test_c_acts_on_a_filters_own_page_and_on_what_a_search_finds(visit: Open) -> None:
    page = visit(FILTER)
    page.keyboard.press("c")
    page.goto(page.url.replace(FILTER, "index.html#q=conv5_1+12"))
    page.locator("#found a").focus()
    page.keyboard.press("c")
    page.get_by_role("link", name="Compare 2").click()
    page.locator(".compared .panel").nth(1).wait_for()
    assert page.locator(".compared h2").all_inner_texts() == [
        "Filter 3 of block1_conv1",
        "Filter 12 of block5_conv1",
    ]


@BOTH
def test_keys_that_are_switched_off_stay_off_on_other_pages(visit: Open) -> None:
    page = visit(LAYER)
    page.get_by_role("button", name="Keyboard").click()
    page.locator("#help").get_by_label("Single-character keys").uncheck()
    page.locator("#help").get_by_role("button", name="Close").click()
    for name in ("index.html", FILTER, LAYER):
        page.goto(re.sub(r"(?<=/)(layers/|filters/|index).*", name, page.url))
        before = page.url
        if name == LAYER:
            page.locator("#filter-3").focus()
        for key in ("/", "?", "c", "[", "]"):
            page.keyboard.press(key)
        assert page.url == before
        assert not page.locator("#help").is_visible()
        assert not page.locator(".tray").is_visible()
        assert not page.locator("input[type=search]:focus").count()
    page.keyboard.press("ArrowRight")
    assert focused(page) == "filter-4", "keys with names go on to act"
    page.get_by_role("button", name="Keyboard").click()
    switch = page.locator("#help").get_by_label("Single-character keys")
    assert not switch.is_checked()
    switch.check()
    page.locator("#help").get_by_role("button", name="Close").click()
    page.keyboard.press("]")
    page.wait_for_url("**/block4_conv3.html")


def test_shortcuts_of_the_browser_are_not_keys_of_the_page(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").focus()
    for key in ("Control+c", "Alt+c", "Meta+c", "Control+]"):
        page.keyboard.press(key)
    assert page.url.endswith(LAYER)
    assert not page.locator(".tray").is_visible()
