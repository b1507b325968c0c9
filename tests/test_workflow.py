"""The pipeline as a user runs it: real Snakemake, real TensorFlow, real weights."""

import os
import re
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runs import REPOSITORY, SMALL, Atlas, Folder, wait_until
from website.reading import follow_every_link, pages, parse

PICTURES = [
    "block1_conv1/0.png",
    "block1_conv1/1.png",
    "block3_conv2/0.png",
    "block3_conv2/5.png",
]
TARGETS = [f"results/filters/{picture}" for picture in PICTURES]


MakeFolder = Callable[..., Folder]


@pytest.fixture(scope="module")
def make_folder(
    tmp_path_factory: pytest.TempPathFactory, canonical_file: Path
) -> Iterator[MakeFolder]:
    folders = []

    def make(**settings: Any) -> Folder:
        path = tmp_path_factory.mktemp("run")
        folder = Folder(path / "run", path, {**SMALL, "weights": str(canonical_file), **settings})
        folders.append(folder)
        return folder

    yield make
    for folder in folders:
        for worker in folder.workers():
            worker.kill()


@pytest.fixture
def drawn(atlas: Atlas) -> Folder:
    """A folder in which a small atlas has been drawn. Tests leave it as they found it."""
    return atlas.folder


def test_one_command_makes_pictures_grids_overview_and_site(drawn: Folder) -> None:
    results = drawn.path / "results"

    assert [name for name in drawn.pictures() if name.endswith(".png")] == PICTURES
    for made in (
        "grids/block1_conv1.png",
        "grids/block3_conv2_top.png",
        "figures/overview.png",
        "atlas/index.html",
        "atlas/layers/block3_conv2.html",
        "logs/draw_filter/block3_conv2/5.log",
    ):
        assert (results / made).stat().st_size > 0, made
    assert not list(results.rglob("*.part"))


def test_a_run_shows_its_progress_and_no_block_of_text_for_each_job(atlas: Atlas) -> None:
    assert re.search(r"100%.* (\d+)/\1 jobs", atlas.outputs["all"])
    assert "rule stitch:" not in atlas.outputs["all"]


def test_nothing_is_downloaded_that_is_there(atlas: Atlas) -> None:
    assert not any("downloading" in output for output in atlas.outputs.values())


def made_in(atlas: Atlas, target: str, folder: str) -> list[str]:
    """The results in a folder after a target was made."""
    return sorted(
        name.removeprefix(f"{folder}/")
        for name in atlas.made[target]
        if name.startswith(f"{folder}/")
    )


def test_a_dream_and_its_animation_have_their_own_target(atlas: Atlas) -> None:
    assert made_in(atlas, "dreams", "dreams") == [
        "moving.gif",
        "moving.json",
        "moving.png",
    ]
    assert made_in(atlas, "dreams", "classes") == made_in(atlas, "dreams", "filters") == []


def test_classes_have_their_own_target(atlas: Atlas) -> None:
    assert made_in(atlas, "classes", "classes") == [
        "2.json",
        "2.png",
        "3.json",
        "3.png",
        "summary.md",
    ]
    assert made_in(atlas, "classes", "filters") == []
    summary = atlas.folder.path / "results" / "classes" / "summary.md"
    assert "| 2, notumor |" in summary.read_text()


def test_a_dry_run_of_the_default_atlas_lists_every_filter_of_a_layer(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder()
    # Braces in the name of a recipe are not wildcards.
    folder.configure({"recipe": "{y}", "recipes": {"{y}": SMALL["recipes"]["small"]}})

    assert folder.stale("results/grids/block5_conv3.png")["draw_filter"] == 512


def test_a_second_run_finds_nothing_to_do_though_the_weights_are_younger(drawn: Folder) -> None:
    for file in (drawn.path / "results/weights").iterdir():
        file.touch()

    assert "Nothing to be done" in drawn.snakemake("--cores", "4").stdout


def test_every_link_of_the_site_leads_somewhere(drawn: Folder) -> None:
    out = drawn.path / "results" / "atlas"

    site = pages(out)

    assert {f"filters/{name}".replace(".png", ".html") for name in PICTURES} <= {
        path.relative_to(out).as_posix() for path in site
    }
    assert follow_every_link(out, site) > 100


def command_on_the_page(folder: Folder, layer: str, index: int) -> list[str]:
    """The command on a filter's page that draws its picture again, split as a shell does."""
    page = folder.path / f"results/atlas/filters/{layer}/{index}.html"
    [panel] = re.findall(r'data-text="command">(.*?)</pre>', page.read_text("utf-8"), re.DOTALL)
    return shlex.split(parse(panel).text)


def test_a_deleted_picture_is_drawn_again_alone_and_the_command_on_its_page_gives_its_bytes(
    drawn: Folder,
) -> None:
    command = command_on_the_page(drawn, "block3_conv2", 5)
    before = drawn.pictures()
    times = {path: path.stat() for path in drawn.path.glob("results/filters/*/*")}
    (drawn.path / "results/filters/block3_conv2/5.png").unlink()

    stale = drawn.stale()
    with drawn.with_config():
        run = drawn.snakemake(*command[1:])

    assert command[:2] == ["snakemake", "results/filters/block3_conv2/5.png"]
    assert {"recipe=small", "seed=3"} <= set(command)
    assert (stale["draw_filter"], stale["stitch"]) == (1, 1)
    assert run.returncode == 0, run.stdout
    assert drawn.pictures() == before
    changed = {path for path, old in times.items() if path.stat().st_mtime_ns != old.st_mtime_ns}
    assert {path.name for path in changed} == {"5.png", "5.json"}
    for path in changed:
        os.utime(path, ns=(times[path].st_atime_ns, times[path].st_mtime_ns))


def test_only_what_a_picture_depends_on_makes_it_stale(drawn: Folder) -> None:
    elsewhere = ("devices=[cpu,cpu]", "worker={batch: 3, threads: 1}", "grid={margin: 0}")
    with drawn.with_config(*drawn.config, *elsewhere):
        assert "draw_filter" not in drawn.stale()
    with drawn.with_config(*drawn.config, "seed=1"):
        assert drawn.stale()["draw_filter"] == 4


def copy_repository(to: Path) -> Path:
    """Copy everything that a run needs into an existing folder, and return the folder."""
    shutil.copy(REPOSITORY / "Snakefile", to)
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("src", "scripts", "rules", "report", "profiles", "envs"):
        shutil.copytree(REPOSITORY / part, to / part, ignore=ignored)
    return to


@pytest.fixture
def drawn_by_copy(drawn: Folder, tmp_path: Path) -> Iterator[Folder]:
    """The folder of the small atlas in another place, as a copy of the repository sees it."""
    drawn.repository, before = copy_repository(tmp_path), drawn.path
    drawn.path = before.rename(tmp_path / "run")
    yield drawn
    drawn.repository, drawn.path = REPOSITORY, drawn.path.rename(before)


def test_in_another_place_code_and_photographs_make_stale_what_they_make_and_other_words_nothing(
    drawn_by_copy: Folder,
) -> None:
    package = drawn_by_copy.repository / "src/filter_atlas"
    module, template = package / "readers/zip_archive.py", package / "site/templates/404.html.j2"
    source = module.read_text()

    module.write_text(f'"""Other words."""\n# A comment.\n{source}')
    with_other_words = drawn_by_copy.stale()
    template.write_text(template.read_text() + "\n")
    with_another_template = drawn_by_copy.stale()
    photograph = package / "photos/raccoon.jpg"
    photograph.write_bytes(photograph.read_bytes() + b"\0")
    with_another_photograph = drawn_by_copy.stale("dreams")
    module.write_text(f"{source}\nCHANGED = 1\n")
    with_other_code = drawn_by_copy.stale()

    assert with_other_words == {}
    assert with_another_template == {"atlas": 1, "all": 1, "total": 2}
    assert with_another_photograph == {"zoom_gif": 1, "dreams": 1, "total": 2}
    assert with_other_code["draw_filter"] == 4


def test_weights_that_are_made_again_hide_no_missing_picture(drawn: Folder) -> None:
    assert drawn.stale("--forcerun", "weights")["draw_filter"] == 4


def test_twins_are_found_in_every_layer(drawn: Folder) -> None:
    twins = drawn.path / "results" / "twins"

    for layer in SMALL["filters"]:
        for kind in ("csv", "npz", "json"):
            assert (twins / f"{layer}.{kind}").stat().st_size
    assert "| block3_conv2 | 2 |" in (twins / "summary.md").read_text()
    assert (twins / "twins.svg").read_text().startswith("<?xml")


def test_a_mistake_in_the_settings_is_one_line_before_any_work(make_folder: MakeFolder) -> None:
    folder = make_folder()

    run = folder.snakemake("--cores", "1", "--config", "filters={conv5_1: [600]}")

    errors = [line for line in run.stdout.splitlines() if line.startswith("Error")]
    assert run.returncode != 0
    assert len(errors) == 1
    assert "600" in errors[0]
    assert "0 to 511" in errors[0]
    assert "Traceback" not in run.stdout
    assert not (folder.path / "results").exists()


def test_damaged_weights_are_one_line_and_leave_nothing_behind(
    make_folder: MakeFolder, tmp_path: Path, canonical_file: Path
) -> None:
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(canonical_file.read_bytes()[:100_000])
    folder = make_folder(weights=str(damaged))

    run = folder.snakemake("--cores", "1")

    lines = [line for line in run.stdout.splitlines() if "jobs [" not in line]
    assert run.returncode != 0
    assert len(lines) == 2
    assert lines[0].startswith("Using workflow specific profile")
    assert re.match("Error: .*damaged.h5", lines[1])
    assert not list((folder.path / "results").rglob("*.h5*"))


def test_pictures_do_not_depend_on_cores_or_batches_to_the_last_byte(
    drawn: Folder, make_folder: MakeFolder
) -> None:
    one_by_one = make_folder(
        **yaml.safe_load((drawn.path / "config.yaml").read_text())
        | {"worker": {"batch": 1, "idle_seconds": 5, "threads": 1}}
    )

    with one_by_one.with_config(*drawn.config):
        run = one_by_one.snakemake("--cores", "1", *TARGETS)

    assert run.returncode == 0, run.stdout
    assert one_by_one.pictures() == drawn.pictures()
    logs = (drawn.path / "results/logs/draw_filter").rglob("*.log")
    batches = {re.findall(r"batch of (\d+)", log.read_text())[-1] for log in logs}
    assert batches != {"1"}


# --- workers that are killed: their engine is a stand-in, which holds its batches ---


@pytest.fixture
def holding(make_folder: MakeFolder, tmp_path: Path) -> Folder:
    """A folder for runs whose workers hold their first batch while there is a file `hold`."""
    folder = make_folder(worker={"idle_seconds": 600})
    stand_in = REPOSITORY / "tests" / "worker" / "stand_in"
    folder.environment |= {"STAND_IN": str(tmp_path), "PYTHONPATH": str(stand_in)}
    (tmp_path / "hold").touch()
    return folder


def test_a_worker_that_dies_fails_only_what_was_in_flight_and_the_run_completes(
    holding: Folder, tmp_path: Path
) -> None:
    run = holding.start("--cores", "4", *TARGETS)
    wait_until((tmp_path / "batches").exists)
    holding.workers()[0].kill()
    (tmp_path / "hold").unlink()

    output, _ = run.communicate()

    assert run.returncode == 0, output
    assert re.search("Warning: the worker died while .*; it is tried again", output)
    drawn = {name: data for name, data in holding.pictures().items() if name.endswith(".png")}
    assert drawn == {name: f"picture of {Path(name).stem}".encode() for name in PICTURES}


def test_no_worker_outlives_a_run_that_is_killed(holding: Folder, tmp_path: Path) -> None:
    run = holding.start("--cores", "4", *TARGETS)
    wait_until((tmp_path / "batches").exists)

    run.send_signal(signal.SIGKILL)
    run.wait()
    (tmp_path / "hold").unlink()

    wait_until(lambda: not holding.workers())
    assert list(Path(holding.environment["TMPDIR"]).glob("filter-atlas-*/*")) == []
