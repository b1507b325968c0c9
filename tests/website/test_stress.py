"""The site of many filters, a page for each: 896 of them, or with `--long` all 4,224 of VGG16."""

import gzip
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.site.data import PART
from filter_atlas.workflow.plan import LayerPlan

from .reading import follow_every_link, handed_over, pages, skim
from .results import Run
from .stress import LAYERS, Stress
from .window import Visit

SOME = (*LAYERS[:4], LAYERS[-1])
WIDE = "layers/block5_conv3.html"
ASSETS = resources.files("filter_atlas.site").joinpath("assets")


@dataclass(frozen=True)
class Built:
    """A site, the number of its filters, and the processor time that each took to build."""

    run: Run
    filters: int
    cost: float


def build(root: Path, layers: tuple[LayerPlan, ...]) -> Built:
    run = Stress(root, layers)
    run.draw()
    before = time.process_time()
    run.build()
    took = time.process_time() - before
    filters = sum(len(layer.filters) for layer in layers)
    return Built(run, filters, took / filters)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Built:
    """The site of many filters."""
    layers = LAYERS if request.config.getoption("--long") else SOME
    return build(tmp_path_factory.mktemp("stress") / "results", layers)


def addresses(out: Path) -> Iterator[str]:
    """Every file that the site's data names."""
    for script in (out / "data").glob("block*/*.js"):
        _, part = handed_over(script.read_text("utf-8"))
        for one in part["addresses"]:
            yield from (one["picture"], one["record"], one["page"])
        for url, thumbnail, _ in part["targets"]:
            yield from (url, thumbnail)


def zipped(kind: str, *names: str) -> int:
    """Bytes of some of the site's own files, each compressed as a server would."""
    files = [ASSETS.joinpath(f"{name}.{kind}").read_bytes() for name in names]
    return sum(len(gzip.compress(file)) for file in files)


def test_every_link_of_every_page_leads_somewhere(built: Built) -> None:
    site = skim(built.run.out)

    assert len([path for path in site if "filters" in path.parts]) == built.filters
    assert follow_every_link(built.run.out, site) > 24 * built.filters


def test_skimming_a_page_finds_the_same_links_and_ids_as_a_parser(whole: Run) -> None:
    skimmed = skim(whole.out)
    for path, page in pages(whole.out).items():
        assert list(skimmed[path].links()) == list(page.links())
        assert skimmed[path].ids() == page.ids()


def test_every_file_that_the_data_names_exists(built: Built) -> None:
    named = set(addresses(built.run.out))

    assert len(named) > 3 * built.filters
    assert [name for name in named if not (built.run.out / name).is_file()] == []


def test_one_of_many_filters_takes_no_longer_than_one_of_a_few(
    built: Built, tmp_path: Path
) -> None:
    few = build(tmp_path / "results", LAYERS[:2])

    assert built.cost < 2 * few.cost


def test_a_changed_filter_among_many_rewrites_the_files_that_show_it_and_no_others(
    built: Built,
) -> None:
    run = built.run
    before = {path: path.stat().st_ino for path in run.out.rglob("*") if path.is_file()}

    run.note("block5_conv3", 300, start_activation=0.2)
    run.build()

    changed = {
        path.relative_to(run.out).as_posix()
        for path, inode in before.items()
        if path.stat().st_ino != inode
    }
    expected = {f"data/block5_conv3/{300 // PART}.js", "filters/block5_conv3/300.html"}
    # The record and the table are hard links to the results, and change with them.
    assert expected <= changed <= expected | {"data/filters.csv", "records/block5_conv3/300.json"}


def test_a_page_of_512_filters_is_light(built: Built) -> None:
    page = (built.run.out / WIDE).read_text("utf-8")
    assert len(page.encode()) <= 250_000
    assert len(re.findall(r"<[a-z]", page)) <= 1_400, "elements"
    assert zipped("js", "site", "grid", "find", "panel", "layer") <= 15_000
    assert zipped("css", "atlas") <= 8_000


def test_all_filters_are_found_from_the_first_page(browser: Any, built: Built) -> None:
    visit = Visit(browser, built.run.out.as_uri())
    page = visit.open("index.html#q=conv5_3+508-600")
    page.locator(".count").get_by_text(f"4 of {built.filters:,} filters").wait_for()
    assert visit.see_all_pictures() == 1 + len(built.run.layers) + 4
    page.locator("#found a").last.click()
    page.get_by_role("heading", name="Filter 511 of block5_conv3").wait_for()
    assert visit.complaints == []
    page.close()
