"""The report of a run (`snakemake --report`): captions, labels, categories, times, in a browser."""

import json
import re
import zipfile
from typing import Any

import pytest

from runs import REPOSITORY, Atlas, Folder
from website.window import Visit, chromium

CAPTIONS = REPOSITORY / "report"
LAYERS = ("block1_conv1", "block3_conv2")
SHOWN = {
    "Network": {"figures/overview.png"},
    "Layers": {f"grids/{layer}_{kind}" for layer in LAYERS for kind in ("top.png", "sheet.jpg")},
    "Measures": {
        f"metrics/{name}"
        for name in ("activation.svg", "filters.csv", "loss.svg", "noisiness.svg", "summary.md")
    },
    "Truth": {"truth/summary.md"},
    "Circuits": {"circuits/summary.md"},
    "Twins": {"twins/summary.md", "twins/twins.svg"},
    "Dreams": {"dreams/moving.png"},
    "Classes": {"classes/2.png", "classes/3.png", "classes/summary.md"},
}
"""What a report of the run below shows, by category."""


@pytest.fixture(scope="module")
def folder(atlas: Atlas) -> Folder:
    """A folder with a small run that has everything in it, and its report."""
    run = atlas.folder.snakemake("--report", "report.html")
    assert run.returncode == 0, run.stdout
    return atlas.folder


def part(folder: Folder, name: str) -> Any:
    """One of the values that the report's page is made from."""
    page = (folder.path / "report.html").read_text()
    match = re.search(rf'<script id="{name}">\s*var \w+ = (.*);\n', page)
    assert match, name
    return json.loads(match[1])


def test_a_report_shows_what_belongs_in_it_and_no_single_filter(folder: Folder) -> None:
    shown = {
        category: {path.removeprefix("results/") for paths in groups.values() for path in paths}
        for category, groups in part(folder, "categories").items()
    }

    assert shown == SHOWN


def test_every_result_has_a_caption_that_renders(folder: Folder) -> None:
    captions = {path: one["caption"] for path, one in part(folder, "results").items()}

    for path, caption in captions.items():
        assert re.search(r"<p>\w", caption), path
        assert "system-message" not in caption, path
        assert "{" not in caption, path
    assert "8 × 8 of the\n2 that" in captions["results/grids/block1_conv1_top.png"]
    assert re.search(r"<td>block3_conv2</td>\s*<td>2</td>", captions["results/twins/summary.md"])
    assert "notumor" in captions["results/classes/summary.md"]


def test_every_caption_is_that_of_some_result(folder: Folder) -> None:
    results = part(folder, "results")
    used = {
        f"{category}/{results[path]['labels']['shows']}".lower().replace(" ", "_")
        for category, groups in part(folder, "categories").items()
        for paths in groups.values()
        for path in paths
    }

    assert used == {
        str(file.relative_to(CAPTIONS).with_suffix("")) for file in CAPTIONS.glob("*/*.rst")
    }


def test_labels_say_which_is_which_and_keep_the_networks_order(folder: Folder) -> None:
    labels = {path: one["labels"] for path, one in part(folder, "results").items()}

    assert labels["results/grids/block1_conv1_top.png"] == {
        "layer": "01 block1_conv1",
        "shows": "best",
    }
    assert labels["results/grids/block3_conv2_sheet.jpg"]["layer"] == "02 block3_conv2"
    assert labels["results/dreams/moving.png"] == {
        "dream": "moving",
        "excited": "block1_conv1",
        "shows": "picture",
    }


def test_the_front_page_says_what_is_there_and_how_it_was_set(folder: Folder) -> None:
    front = part(folder, "workflow-desc")

    assert "system-message" not in front
    assert all(f"<em>{category}</em>" in front for category in SHOWN)
    assert re.search(r"<em>recipe</em>: <tt[^>]*>small</tt>", front)


def test_a_zip_holds_the_report_and_its_files(folder: Folder) -> None:
    run = folder.snakemake("--report", "small.zip")

    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(folder.path / "small.zip") as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
    assert names == {"report.html"} | {
        path.rpartition("/")[2] for paths in SHOWN.values() for path in paths
    }


def test_it_opens_in_a_browser_and_asks_nothing_of_any_host(folder: Folder) -> None:
    with chromium() as browser:
        visit = Visit(browser, folder.path.as_uri())
        page = visit.open("report.html")
        page.get_by_role("link", name="Statistics").click()
        page.locator("#runtimes canvas").wait_for()
        page.evaluate(
            """path => app.setView(
            {content: 'img', contentPath: results[path].data_uri, resultPath: path})""",
            "results/grids/block1_conv1_top.png",
        )
        page.add_style_tag(content="#app img { width: 300px; height: 3000px }")
        page.locator("#app img[src^=data]").last.wait_for()
        top = page.evaluate("""() => {
            const image = [...document.querySelectorAll('#app img')].at(-1);
            image.closest('.overflow-auto').scrollTo(0, 0);
            return image.getBoundingClientRect().top;
        }""")

        # Snakemake's own page warns of two libraries of its own.
        own = ("tailwindcss", "Vega-Lite")
        assert [one for one in visit.complaints if not any(name in one for name in own)] == []
        assert top >= 0, "the top of a large picture cannot be reached"


def test_statistics_have_the_time_of_every_job(folder: Folder) -> None:
    jobs = part(folder, "runtimes")["data"]["values"]

    assert sum(job["rule"] == "draw_filter" for job in jobs) == 4
    assert {job["rule"] for job in jobs} >= {"weights", "stitch", "metrics", "twins", "atlas"}
    assert all(job["runtime"] > 0 for job in jobs)


def test_every_job_has_a_benchmark_except_the_clients_of_workers(folder: Folder) -> None:
    results = folder.path / "results"
    benchmarks = {file.relative_to(results / "benchmarks") for file in results.rglob("*.tsv")}

    logs = {
        file.relative_to(results / "logs").with_suffix(".tsv") for file in results.rglob("*.log")
    }
    clients = ("draw_filter", "measure")
    assert benchmarks == {file for file in logs if file.parts[0] not in clients}


def test_only_its_layer_is_stitched_for_a_missing_sheet_and_nothing_for_missing_benchmarks(
    folder: Folder,
) -> None:
    for file in folder.path.rglob("*.tsv"):
        file.unlink()
    sheet = folder.path / "results/grids/block1_conv1_sheet.jpg"
    kept = sheet.rename(folder.path / "kept")

    stale = folder.stale()
    kept.rename(sheet)

    assert stale["stitch"] == 1
    assert stale.keys() == {"stitch", "overview", "mosaics", "atlas", "all", "total"}
