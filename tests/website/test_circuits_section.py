"""Circuits on the site: strips in panels, chains down to pixels, families of each layer."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from filter_atlas.circuits import family
from filter_atlas.circuits.record import LayerCircuits
from filter_atlas.circuits.tiles import to_tile
from filter_atlas.site import kernel_tile

from .reading import follow_every_link, handed_over, pages, words
from .results import Run

LAYER = "block5_conv1"
BELOW = "block4_conv3"
Open = Callable[..., Any]


def circuits_of(run: Run, layer: str) -> LayerCircuits:
    return LayerCircuits.from_file(run.path(family.path(layer, "json")))


def test_a_filter_shows_what_feeds_it_and_what_it_feeds(whole: Run) -> None:
    page = whole.page(f"filters/{BELOW}/300.html")
    told = words(page)

    assert "Fed by block1_conv1 through ReLU and max pooling." in told
    for name, layer in (
        ("evidence", "block1_conv1"),
        ("against", "block1_conv1"),
        ("below", "block1_conv1"),
        ("above", LAYER),
    ):
        (strip,) = re.findall(rf'<ul [^>]*data-links="circuits_{name}".*?</ul>', page, re.S)
        assert f"../../filters/{layer}/" in strip, name


def test_a_page_says_so_where_weights_and_evidence_disagree(whole: Run) -> None:
    circuits = circuits_of(whole, BELOW)
    told = {index: words(whole.page(f"filters/{BELOW}/{index}.html")) for index in (5, 300)}

    for index, few in ((5, "only 2 have"), (300, "none has")):
        assert circuits.filters[index].evidence.disagrees
        assert f"on 7 of the photographs that fire it most, {few} the greatest" in told[index]
    assert handed_over(whole.page(f"data/{BELOW}.js"))[1]["flags"]["disagree"] == [1, 1]


def test_a_chain_leads_by_plain_links_from_a_deep_filter_to_pixels(whole: Run) -> None:
    url = f"circuits/{LAYER}/12.html"
    assert f"../../{url}" in whole.page(f"filters/{LAYER}/12.html")
    page = whole.page(url)

    rungs = re.findall(r'<a class="from" href="../../filters/(\w+)/(\d+).html">', page)

    assert [layer for layer, _ in rungs] == [LAYER, BELOW, "block1_conv1"]
    assert "<script" not in page.partition("</head>")[2]
    assert re.search(r'href="../../circuits/block1_conv1/\d+.png"', page)
    assert re.search(rf'href="../../circuits/{BELOW}/{rungs[1][1]}.html"', page)
    levels = [level.partition("</ul>")[0] for level in page.split('<ul class="links">')[1:]]
    assert [level.count("<li") for level in levels] == [1, 3, 1]


def test_families_have_a_page_with_a_picture_of_each_and_twins_marked(whole: Run) -> None:
    page = whole.page(f"circuits/{LAYER}.html")
    told = words(page)

    assert f'href="circuits/{LAYER}.html"' in whole.page("circuits.html")
    assert page.count('<div class="medoid">') == 2
    assert "there is no substantial structure" in told
    assert told.count(", twin") == 2
    assert "fewer than 8" not in told


def test_a_layer_whose_sources_are_not_known_says_why(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.add_everything()
    circuits = circuits_of(run, LAYER)
    refused = replace(circuits, refusal="gate (Multiply) is not linearised", sources=())
    run.write(family.path(LAYER, "json"), refused.to_json())
    run.build()

    told = words(run.page(f"filters/{LAYER}/12.html"))

    assert "What feeds it by weight is not known: gate (Multiply) is not linearised." in told
    assert follow_every_link(run.out, pages(run.out)) > 100


def test_without_circuits_the_site_says_nothing_of_them(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.add_facts("circuits", {"wired": False})
    run.build()

    assert not (run.out / "circuits.html").exists()
    assert "Circuit" not in words(run.page(f"filters/{LAYER}/12.html"))


def test_signs_of_a_kernel_differ_in_shape_and_sizes_in_weight() -> None:
    squares, rings = kernel_tile.paths(to_tile(np.array([[1.0, 0.25], [-1.0, 0.0]])))

    assert squares == "M2 2h36v36h-36zM51 11h18v18h-18z"
    assert rings == "M2 60a18 18 0 1 1 0 .1zM11 60a9 9 0 1 1 0 .1z", "a ring is two circles"
    assert kernel_tile.shape("mmm/mmm") == "0 0 120 80"


def test_u_and_d_walk_the_network(visit: Open) -> None:
    page = visit(f"filters/{LAYER}/12.html")
    page.keyboard.press("d")
    page.wait_for_url(f"**/{BELOW}/*.html")
    page.keyboard.press("d")
    page.wait_for_url("**/block1_conv1/*.html")
    page.keyboard.press("u")
    page.wait_for_url(f"**/{BELOW}/*.html")


def test_a_panel_shows_the_same_strips_and_kernels_as_the_page(visit: Open) -> None:
    def shown(page: Any) -> tuple[list[str], list[str]]:
        page.locator(".panel .circuits").first.wait_for()
        page.locator(".circuits details").evaluate("details => (details.open = true)")
        texts = page.locator(".circuits .links li").all_inner_texts()
        kernels = page.locator(".circuits .kernel").evaluate_all(
            "kernels => kernels.map(kernel => kernel.outerHTML)"
        )
        return texts, kernels

    alone = shown(visit(f"filters/{BELOW}/300.html"))
    opened = shown(visit(f"layers/{BELOW}.html#filter-300"))

    assert len(alone[1]) > 20
    assert opened == alone


def test_of_filters_side_by_side_the_last_address_counts_and_pictures_load_when_seen(
    visit: Open,
) -> None:
    page = visit(f"compare.html#{BELOW}/300")
    page.locator("article .panel").wait_for()

    # The data of the first address are still on their way when the second one comes.
    page.evaluate(
        f"""async () => {{
            const changed = new Promise((done) => {{ window.onhashchange = done; }});
            location.hash = '{LAYER}/12&{BELOW}/300';
            await changed;
            location.hash = '{BELOW}/300';
        }}"""
    )
    page.wait_for_timeout(500)

    assert page.locator("article").count() == 1
    pictures = page.locator(".circuits .links img")
    assert pictures.count() > 20
    assert set(pictures.evaluate_all("all => all.map(one => one.loading)")) == {"lazy"}


def test_a_list_without_filters_has_no_heading(visit: Open) -> None:
    page = visit(f"filters/{LAYER}/12.html")
    assert page.get_by_text("Fed by, where it fires").is_visible()
    assert not page.get_by_text("Feeds, by weight").is_visible()
