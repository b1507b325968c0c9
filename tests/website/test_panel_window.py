"""The page of a layer in a browser: keys, panels in a dialog, searching and sorting."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from .window import BOTH

LAYER = "layers/block1_conv1.html"
Open = Callable[..., Any]


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id"))


def shown(page: Any) -> list[int]:
    ids = page.evaluate(
        "[...document.querySelectorAll('.thumbnails > a:not([hidden])')].map(a => a.id)"
    )
    return [int(one.removeprefix("filter-")) for one in ids]


def fragment(page: Any) -> str:
    return str(page.evaluate("location.hash"))


def dialog(page: Any) -> Any:
    return page.locator("#panel")


def test_a_grid_is_one_stop_for_the_keyboard(visit: Open) -> None:
    page = visit(LAYER)
    assert page.locator(".thumbnails > a[tabindex='0']").count() == 1
    assert page.locator(".thumbnails > a[tabindex='-1']").count() == 19


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_arrows_move_through_the_rows_on_the_screen(visit: Open, width: int) -> None:
    page = visit(LAYER, width=width)
    page.locator("#filter-0").focus()
    before = page.locator("#filter-0").bounding_box()
    page.keyboard.press("ArrowDown")
    below = page.locator(":focus").bounding_box()
    assert below["x"] == pytest.approx(before["x"], abs=1)
    assert below["y"] > before["y"]
    page.keyboard.press("ArrowUp")
    assert focused(page) == "filter-0"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "filter-1"
    page.keyboard.press("ArrowUp")
    assert focused(page) == "filter-1", "there is no row above"
    page.keyboard.press("End")
    right = page.locator(":focus").bounding_box()
    assert right["y"] == pytest.approx(before["y"], abs=400)
    page.keyboard.press("Home")
    assert focused(page) == "filter-0"
    page.keyboard.press("Control+End")
    assert focused(page) == "filter-19"
    page.keyboard.press("PageUp")
    assert focused(page) != "filter-19"
    page.keyboard.press("Control+Home")
    page.keyboard.press("PageDown")
    assert focused(page) != "filter-0"


@BOTH
def test_enter_opens_a_panel_and_escape_returns_to_its_thumbnail(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").focus()
    page.keyboard.press("Enter")
    dialog(page).get_by_role("heading", name="Filter 3 of block1_conv1").wait_for()
    assert fragment(page) == "#filter-3"
    page.keyboard.press("Escape")
    dialog(page).wait_for(state="hidden")
    assert focused(page) == "filter-3"
    assert fragment(page) == ""


@BOTH
def test_back_closes_a_panel_and_forward_opens_it_again(visit: Open) -> None:
    page = visit(LAYER)
    page.locator("#filter-3").click()
    dialog(page).wait_for()
    page.go_back()
    dialog(page).wait_for(state="hidden")
    assert page.url.endswith(LAYER)
    assert focused(page) == "filter-3"
    page.go_forward()
    dialog(page).wait_for()


def test_a_panel_that_was_left_before_its_data_arrived_stays_closed(visit: Open) -> None:
    page = visit(LAYER)
    page.evaluate(
        """() => {
            const load = FilterAtlas.load;
            const held = new Promise(resolve => window.release = resolve);
            FilterAtlas.load = name => held.then(() => load(name));
        }"""
    )
    page.locator("#filter-3").click()
    page.go_back()
    page.wait_for_function("location.hash === ''")
    page.evaluate(
        "release(); FilterAtlas.load('block1_conv1/0').then(() => new Promise(setTimeout))"
    )
    assert not dialog(page).is_visible()


def test_a_link_opens_a_panel_and_closing_it_stays_on_the_page(visit: Open) -> None:
    page = visit(f"{LAYER}#filter-7")
    dialog(page).get_by_role("heading", name="Filter 7 of").wait_for()
    dialog(page).get_by_role("button", name="Close").click()
    dialog(page).wait_for(state="hidden")
    assert page.url.endswith(LAYER)
    assert focused(page) == "filter-7"


def test_a_panel_leads_to_the_next_filter_and_back(visit: Open) -> None:
    page = visit(f"{LAYER}#filter-7")
    dialog(page).get_by_role("button", name="Next").click()
    dialog(page).get_by_role("heading", name="Filter 8 of").wait_for()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    dialog(page).get_by_role("heading", name="Filter 6 of").wait_for()
    page.keyboard.press("Escape")
    dialog(page).wait_for(state="hidden")
    assert focused(page) == "filter-6"


def test_the_panel_has_the_same_text_and_pictures_as_the_filters_own_page(visit: Open) -> None:
    page = visit(f"{LAYER}#filter-3")
    dialog(page).locator(".panel[data-filter]").wait_for()
    words = "document.querySelector('.panel').textContent.replace(/\\s+/g, '')"
    images = "[...document.querySelectorAll('.panel img')].map(image => image.src)"
    in_dialog = page.evaluate(words), page.evaluate(images)
    own = visit("filters/block1_conv1/3.html")
    assert (own.evaluate(words), own.evaluate(images)) == in_dialog


def test_a_layer_is_searched_in_place(visit: Open) -> None:
    page = visit(LAYER)
    for query, found in (
        ("3", [3]),
        ("3, 5", [3, 5]),
        ("8-11", [8, 9, 10, 11]),
        ("final_activation>217", [18, 19]),
        ("conv1_1 4", [4]),
        ("activation>217", [18, 19]),
        ("block5", []),
        ("activation<202 noisiness<1", [0, 1]),
    ):
        page.get_by_label("Search").fill(query)
        page.locator(".count").get_by_text(f"{len(found)} of 20 filters").wait_for()
        assert shown(page) == found, query


MADE_UP = {
    "name": "made_up",
    "paper": "odd<3",
    "file": "made_up",
    "colours": [],
    "filter": [0, 1, 2, 3],
    "measures": {"final_depth": [0.5, None, -2.0, 1.5]},
    "flags": {"rare": [0, 1, 1, 0]},
}


def test_measures_and_flags_of_the_data_can_be_searched_and_sorted(visit: Open) -> None:
    page = visit(LAYER)
    search = """([layer, query]) => FilterAtlas.find
        .search([layer], new URLSearchParams(query)).map(([, place]) => layer.filter[place])"""
    for query, found in (
        ("sort=final_depth", [2, 0, 3, 1]),
        ("sort=-final_depth", [3, 0, 2, 1]),
        ("sort=unknown", [0, 1, 2, 3]),
        ("q=final_depth>0", [0, 3]),
        ("q=depth<1", [0, 2]),
        ("q=depth<-1.5", [2]),
        ("q=unknown<1", []),
        ("q=odd<3", [0, 1, 2, 3]),
        ("rare=1", [1, 2]),
    ):
        assert page.evaluate(search, [MADE_UP, query]) == found, query


def test_a_search_that_finds_nothing_says_what_to_do(visit: Open) -> None:
    page = visit(LAYER)
    page.get_by_label("Search").fill("block5")
    page.locator(".count").get_by_text("0 of 20 filters: try a shorter search, or reset").wait_for()


@BOTH
def test_a_layer_is_sorted_and_the_address_keeps_it(visit: Open) -> None:
    page = visit(LAYER)
    page.get_by_label("Order").select_option(label="strongest first")
    page.locator(".thumbnails > #filter-19:first-child").wait_for()
    assert fragment(page) == "#sort=-final_activation"
    page.reload()
    page.locator(".thumbnails > #filter-19:first-child").wait_for()
    assert page.get_by_label("Order").input_value() == "-final_activation"
    page.get_by_role("button", name="Reset").click()
    page.locator(".thumbnails > #filter-0:first-child").wait_for()
    assert fragment(page) == ""


def test_the_address_keeps_a_search_also_while_a_panel_is_open(visit: Open) -> None:
    page = visit(f"{LAYER}#filter-9&q=8-11&sort=-final_activation")
    dialog(page).get_by_role("heading", name="Filter 9 of").wait_for()
    assert page.get_by_label("Search", exact=True).input_value() == "8-11"
    assert shown(page) == [11, 10, 9, 8]
    dialog(page).get_by_role("button", name="Next").click()
    dialog(page).get_by_role("heading", name="Filter 8 of").wait_for()
    assert fragment(page) == "#filter-8&q=8-11&sort=-final_activation"
    page.keyboard.press("Escape")
    dialog(page).wait_for(state="hidden")
    assert fragment(page) == "#q=8-11&sort=-final_activation"
    assert focused(page) == "filter-8"
    page.reload()
    page.locator(".count").get_by_text("4 of 20 filters").wait_for()
    assert shown(page) == [11, 10, 9, 8]


@pytest.mark.parametrize(("name", "total"), [(LAYER, 20), ("index.html", 62)])
def test_screen_readers_announce_how_many_filters_are_found(
    visit: Open, name: str, total: int
) -> None:
    page = visit(name)
    said = page.get_by_role("status")
    page.get_by_label("Search").fill("conv1_1 3, 5")
    said.get_by_text(f"2 of {total} filters", exact=True).wait_for()
    page.get_by_label("Search").fill("nothing of the kind")
    said.get_by_text(f"0 of {total} filters: try a shorter search, or reset", exact=True).wait_for()
    assert page.locator(".count").get_attribute("aria-live") in {None, "polite"}


def test_the_search_can_select_filters_with_a_twin(visit: Open) -> None:
    page = visit(f"{LAYER}#twin=1")
    page.locator(".count").get_by_text(re.compile(r"\d+ of 20 filters")).wait_for()
    assert page.get_by_label("has a twin").is_checked()
    assert 0 < len(shown(page)) < 20


def test_brackets_lead_to_the_neighbouring_layers(visit: Open) -> None:
    page = visit(LAYER)
    page.keyboard.press("]")
    page.wait_for_url("**/block4_conv3.html")
    page.keyboard.press("[")
    page.wait_for_url(f"**/{LAYER}")


def test_single_character_keys_can_be_switched_off(visit: Open) -> None:
    page = visit(LAYER)
    page.keyboard.press("/")
    assert page.get_by_label("Search").evaluate("input => input === document.activeElement")
    page.keyboard.type("?")
    assert not page.locator("#help").is_visible(), "a letter that is typed is no command"
    page.locator("h1").click()
    page.keyboard.press("?")
    page.locator("#help").get_by_label("Single-character keys").uncheck()
    page.locator("#help").get_by_role("button", name="Close").click()
    page.keyboard.press("]")
    page.keyboard.press("?")
    assert not page.locator("#help").is_visible()
    assert LAYER in page.url


def test_without_scripts_thumbnails_lead_to_pages(new_window: Open) -> None:
    page = new_window(java_script_enabled=False).open(LAYER)
    page.locator("#filter-3").click()
    assert page.url.endswith("filters/block1_conv1/3.html")
    assert page.get_by_role("heading", name="Filter 3 of block1_conv1").is_visible()


@BOTH
def test_filters_are_chosen_by_key_and_compared(visit: Open) -> None:
    page = visit(LAYER)
    for index in range(7):
        page.locator(f"#filter-{index}").focus()
        page.keyboard.press("c")
    assert page.locator("#status").inner_text() == "No more than 6 filters can be compared."
    page.get_by_role("link", name="Compare 6").click()
    page.wait_for_url(re.compile(r"/compare\.html#block1_conv1/0&"))
    page.locator(".compared .panel").nth(5).wait_for()
    headings = page.locator(".compared h2").all_inner_texts()
    assert headings == [f"Filter {index} of block1_conv1" for index in range(6)]
    page.get_by_role("button", name="Remove block1_conv1/2").click()
    page.locator(".compared [aria-label='Remove block1_conv1/2']").wait_for(state="detached")
    assert "block1_conv1/2" not in fragment(page)


def test_equal_properties_of_compared_filters_are_side_by_side(visit: Open) -> None:
    # The second filter has more neighbours than the first.
    page = visit("compare.html#block4_conv3/5&block1_conv1/7")
    page.locator(".compared .panel").nth(1).wait_for()
    for text in ("Noisiness", "Provenance"):
        first, second = (one.bounding_box() for one in page.get_by_text(text).all())
        assert first["y"] == second["y"]
        assert first["x"] < second["x"]


@BOTH
def test_all_filters_are_searched_on_the_first_page(visit: Open) -> None:
    page = visit("index.html")
    page.get_by_label("Search").fill("conv5_1 12")
    page.locator(".count").get_by_text("1 of 62 filters").wait_for()
    page.locator("#found a").click()
    dialog(page).get_by_role("heading", name="Filter 12 of block5_conv1").wait_for()


def test_a_view_of_the_first_page_can_be_shared(visit: Open) -> None:
    page = visit("index.html#layer=block5_conv1&sort=-final_activation")
    page.locator(".count").get_by_text("40 of 62 filters").wait_for()
    assert page.locator("#found a").first.inner_text().strip() == "conv5_1 39"


def test_the_sizes_of_a_picture_are_whole_pixels(visit: Open) -> None:
    page = visit("filters/block1_conv1/3.html")
    for factor in (1, 2, 4):
        page.get_by_label(f"{factor}×").check()
        box = page.locator(".frame img").bounding_box()
        assert box["width"] == pytest.approx(128 * factor, abs=1)


@pytest.mark.parametrize("width", [320, 1280, 2560])
def test_a_picture_that_is_fitted_needs_no_scrolling(visit: Open, width: int) -> None:
    page = visit("filters/block1_conv1/3.html", width=width)
    frame = page.locator(".frame")
    assert frame.evaluate("frame => frame.scrollHeight <= frame.clientHeight")
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")


def test_pages_work_without_local_storage(new_window: Open) -> None:
    window = new_window()
    window.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden') }})"
    )
    page = window.open(LAYER)
    page.locator("#filter-3").click()
    dialog(page).get_by_role("heading", name="Filter 3 of").wait_for()


def test_a_filter_prints_on_one_page_and_without_controls(visit: Open) -> None:
    page = visit("filters/block1_conv1/3.html")
    page.emulate_media(media="print")
    assert not page.locator(".bar nav").is_visible()
    assert not page.locator(".zoom").is_visible()
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert len(pages) == 1


def test_compared_filters_print_side_by_side(visit: Open) -> None:
    page = visit("compare.html#block1_conv1/3&block1_conv1/5&block5_conv1/3")
    page.locator(".compared article").nth(2).wait_for()
    page.set_viewport_size({"width": 718, "height": 1047})
    page.emulate_media(media="print")
    tops = "[...document.querySelectorAll('.compared article')].map(one => one.offsetTop)"
    assert len(set(page.evaluate(tops))) == 1


def test_a_layer_prints_as_a_contact_sheet(visit: Open) -> None:
    page = visit(LAYER)
    page.emulate_media(media="print")
    assert not page.locator(".find").is_visible()
    columns = "getComputedStyle(document.querySelector('.thumbnails')).gridTemplateColumns"
    assert len(page.evaluate(columns).split()) == 12


def test_an_open_panel_is_printed_alone_and_on_one_page(visit: Open) -> None:
    page = visit(f"{LAYER}#filter-3")
    dialog(page).locator(".panel[data-filter]").wait_for()
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="Filter 3 of block1_conv1").is_visible()
    assert not page.locator(".thumbnails").is_visible()
    assert not page.locator("h1").is_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
