"""The pipeline as a user runs it: real Snakemake, real TensorFlow, real weights."""

import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runs import REPOSITORY, SMALL, Folder, wait_until
from website.reading import follow_every_link, pages, parse

DREAMS: dict[str, dict[str, Any]] = {
    "still": {"photo": "sample", "layers": [{"layer": "block1_conv1"}], "longest_side": 64},
    "moving": {
        "photo": "sample",
        "layers": [{"layer": "block1_conv2"}],
        "longest_side": 64,
        "zoom": {"frames": 2, "steps": 1, "format": "gif"},
    },
}
PICTURES = [
    "block1_conv1/0.png",
    "block1_conv1/1.png",
    "block3_conv2/0.png",
    "block3_conv2/5.png",
]


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


@pytest.fixture(scope="module")
def drawn(make_folder: MakeFolder) -> Folder:
    """A folder in which a small atlas has been drawn. Tests leave it as they found it."""
    folder = make_folder()
    run = folder.snakemake("--cores", "8")
    assert run.returncode == 0, run.stdout
    return folder


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


def test_a_run_shows_its_progress_and_no_block_of_text_for_each_job(drawn: Folder) -> None:
    (drawn.path / "results/grids/block1_conv1.png").unlink()

    output = drawn.snakemake("--cores", "2", "--forcerun", "stitch").stdout

    assert re.search(r"100%.* \d/\d jobs", output)
    assert "rule stitch:" not in output


def test_a_dry_run_of_the_default_atlas_lists_every_filter(make_folder: MakeFolder) -> None:
    folder = make_folder()
    # Braces in the name of a recipe are not wildcards.
    folder.configure({"recipe": "{y}", "recipes": {"{y}": SMALL["recipes"]["small"]}})

    output = folder.snakemake("--cores", "1", "--dry-run").stdout

    assert output.count("rule draw_filter:") == 4224
    assert re.search(r"^draw_filter +4224$", output, re.M)


def test_a_second_run_finds_nothing_to_do(drawn: Folder) -> None:
    run = drawn.snakemake("--cores", "4")

    assert "Nothing to be done" in run.stdout


def test_a_deleted_picture_is_drawn_again_alone_and_comes_out_the_same(drawn: Folder) -> None:
    before = drawn.pictures()
    (drawn.path / "results/filters/block3_conv2/5.png").unlink()

    stale = drawn.stale()
    run = drawn.snakemake("--cores", "2")

    assert run.returncode == 0, run.stdout
    assert stale["draw_filter"] == 1
    assert stale["stitch"] == 1
    assert drawn.pictures() == before


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


def draw_by(folder: Folder, command: list[str]) -> bytes:
    """The bytes of the picture that a command draws, if it draws no other picture."""
    program, target, *_ = command
    assert program == "snakemake"
    picture = folder.path / target
    others = {path: path.stat().st_mtime_ns for path in folder.path.glob("results/filters/*/*.png")}
    before = others.pop(picture)

    run = folder.snakemake(*command[1:])

    assert run.returncode == 0, run.stdout
    assert picture.stat().st_mtime_ns > before
    assert {path: path.stat().st_mtime_ns for path in others} == others
    return picture.read_bytes()


def test_the_command_on_a_filters_page_draws_its_picture_again(drawn: Folder) -> None:
    picture = drawn.path / "results/filters/block3_conv2/5.png"
    before = picture.read_bytes()

    assert draw_by(drawn, command_on_the_page(drawn, "block3_conv2", 5)) == before


def test_the_command_holds_the_settings_of_the_command_line(make_folder: MakeFolder) -> None:
    folder = make_folder()
    first = folder.snakemake("--cores", "2", "--config", "recipe=blog2016", "seed=3")
    assert first.returncode == 0, first.stdout
    before = (folder.path / "results/filters/block1_conv1/1.png").read_bytes()

    assert draw_by(folder, command_on_the_page(folder, "block1_conv1", 1)) == before


@pytest.mark.parametrize(
    ("change", "redrawn"),
    [
        ("seed=1", 4),
        ("recipe=blog2016", 4),
        ("recipes={small: {contrast: 0.2, schedule: [{size: 32, steps: 3, step_size: 1.0}]}}", 4),
        ("devices=[cpu,cpu]", 0),
        ("worker={batch: 3, threads: 1}", 0),
        ("grid={margin: 0}", 0),
    ],
)
def test_only_what_a_picture_depends_on_makes_it_stale(
    drawn: Folder, change: str, redrawn: int
) -> None:
    assert drawn.stale("--config", change).get("draw_filter", 0) == redrawn


def test_other_weights_make_every_picture_stale(
    drawn: Folder, tmp_path: Path, canonical_file: Path
) -> None:
    other = tmp_path / "other.h5"
    other.write_bytes(canonical_file.read_bytes() + b"\0")

    assert drawn.stale("--config", f"weights={other}")["draw_filter"] == 4


def copy_repository(to: Path) -> Path:
    """Copy everything that a run needs into an existing folder, and return the folder."""
    shutil.copy(REPOSITORY / "Snakefile", to)
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("src", "scripts", "rules", "report", "profiles", "envs"):
        shutil.copytree(REPOSITORY / part, to / part, ignore=ignored)
    return to


@pytest.fixture
def drawn_by_copy(drawn: Folder, tmp_path: Path) -> Iterator[Folder]:
    """The folder of the small atlas, as a copy of the repository sees it."""
    drawn.repository = copy_repository(tmp_path)
    yield drawn
    drawn.repository = REPOSITORY


def test_code_that_changes_deep_below_the_drawing_makes_every_picture_stale(
    drawn_by_copy: Folder,
) -> None:
    module = drawn_by_copy.repository / "src/filter_atlas/readers/zip_archive.py"
    source = module.read_text()
    fresh = drawn_by_copy.stale()

    module.write_text(f'"""Other words."""\n# A comment.\n{source}')
    with_other_words = drawn_by_copy.stale()
    module.write_text(f"{source}\nCHANGED = 1\n")
    with_other_code = drawn_by_copy.stale()

    assert fresh == with_other_words == {}
    assert with_other_code["draw_filter"] == 4


def test_code_of_the_pages_makes_only_the_pages_stale(drawn_by_copy: Folder) -> None:
    template = drawn_by_copy.repository / "src/filter_atlas/site/templates/404.html.j2"
    template.write_text(template.read_text() + "\n")

    assert drawn_by_copy.stale() == {"atlas": 1, "all": 1, "total": 2}


def test_weights_that_are_only_younger_make_nothing_stale(drawn: Folder) -> None:
    for file in (drawn.path / "results/weights").iterdir():
        file.touch()

    assert "draw_filter" not in drawn.stale()


def test_weights_that_are_made_again_hide_no_missing_picture(drawn: Folder) -> None:
    assert drawn.stale("--forcerun", "weights")["draw_filter"] == 4


def test_twins_are_found_in_every_layer(drawn: Folder) -> None:
    twins = drawn.path / "results" / "twins"

    for layer in SMALL["filters"]:
        for kind in ("csv", "npz", "json"):
            assert (twins / f"{layer}.{kind}").stat().st_size
    assert "| block3_conv2 | 2 |" in (twins / "summary.md").read_text()
    assert (twins / "twins.svg").read_text().startswith("<?xml")


def test_dreams_and_their_animations_have_their_own_target(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder(dreams=DREAMS)

    run = folder.snakemake("dreams", "--cores", "2")

    assert run.returncode == 0, run.stdout
    dreams = folder.path / "results" / "dreams"
    assert sorted(file.name for file in dreams.iterdir()) == [
        "moving.gif",
        "moving.json",
        "moving.png",
        "still.json",
        "still.png",
    ]
    assert not (folder.path / "results" / "filters").exists()

    # Code and results move to another place; then the photograph changes.
    folder.path = folder.path.rename(tmp_path / "run")
    folder.repository = copy_repository(tmp_path)
    assert folder.stale("dreams") == {}

    photograph = tmp_path / "src/filter_atlas/photos/raccoon.jpg"
    photograph.write_bytes(photograph.read_bytes() + b"\0")
    assert folder.stale("dreams") == {"dream": 1, "zoom_gif": 1, "dreams": 1, "total": 3}


def test_a_photograph_that_is_missing_is_named_before_anything_is_drawn(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(dreams={"still": {**DREAMS["still"], "photo": "lost.jpg"}})

    run = folder.snakemake("--cores", "2")

    assert run.returncode != 0
    assert "lost.jpg" in run.stdout
    assert not (folder.path / "results" / "filters").exists()


def test_classes_have_their_own_target(make_folder: MakeFolder, wheel_file: Path) -> None:
    folder = make_folder(classes={"classes": ["notumor", 3]})
    (folder.path / ".cache").symlink_to(wheel_file.parent)

    run = folder.snakemake("classes", "--cores", "2")

    assert run.returncode == 0, run.stdout
    classes = folder.path / "results" / "classes"
    assert sorted(file.name for file in classes.iterdir()) == [
        "2.json",
        "2.png",
        "3.json",
        "3.png",
        "summary.md",
    ]
    assert "| 2, notumor |" in (classes / "summary.md").read_text()


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("filtrs=8", ["filtrs", "unknown key", "filters"]),
        ("filters={conv9_1: all}", ["filters", "conv9_1", "block1_conv1"]),
        ("filters={conv5_1: [600]}", ["600", "0 to 511"]),
        ("recipes={a: {schedule: [{size: 8, steps: 1, step_size: 1.0}]}}", ["size = 8", "32"]),
    ],
)
def test_a_mistake_in_the_settings_is_one_line_before_any_work(
    make_folder: MakeFolder, mistake: str, words: list[str]
) -> None:
    folder = make_folder()

    run = folder.snakemake("--cores", "1", "--config", mistake)

    errors = [line for line in run.stdout.splitlines() if line.startswith("Error")]
    assert run.returncode != 0
    assert len(errors) == 1
    assert all(word in errors[0] for word in words)
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
    make_folder: MakeFolder,
) -> None:
    settings = {"filters": {"block1_conv2": 4, "block5_conv1": 4}, "recipe": "atlas"}
    one_by_one = make_folder(**settings, worker={"batch": 1, "idle_seconds": 5, "threads": 1})
    together = make_folder(**settings, worker={"batch": 16, "idle_seconds": 5})

    runs = [one_by_one.snakemake("--cores", "1"), together.snakemake("--cores", "8")]

    assert [run.returncode for run in runs] == [0, 0]
    assert len(together.pictures()) == 16
    assert together.pictures() == one_by_one.pictures()
    logs = (together.path / "results/logs/draw_filter").rglob("*.log")
    batches = {re.findall(r"batch of (\d+)", log.read_text())[-1] for log in logs}
    assert batches != {"1"}


def test_a_worker_that_dies_fails_only_what_was_in_flight_and_the_run_completes(
    make_folder: MakeFolder, drawn: Folder
) -> None:
    folder = make_folder(filters={**SMALL["filters"], "block5_conv3": 6})
    run = subprocess.Popen(
        folder.command("--cores", "4"),
        cwd=REPOSITORY,
        env=folder.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: len(folder.workers()) == 1)
    time.sleep(2)  # clients know that they are queued; TensorFlow still loads
    folder.workers()[0].kill()

    output, _ = run.communicate(timeout=300)

    assert run.returncode == 0, output
    assert re.search("Warning: the worker died while .*; it is tried again", output)
    assert {name: data for name, data in folder.pictures().items() if "block5" not in name} == (
        drawn.pictures()
    )


def test_no_worker_outlives_a_run_that_is_killed(make_folder: MakeFolder) -> None:
    folder = make_folder(worker={"idle_seconds": 600})
    run = subprocess.Popen(
        folder.command("--cores", "4"),
        cwd=REPOSITORY,
        env=folder.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(folder.workers()) == 1)
    time.sleep(1)

    run.send_signal(signal.SIGKILL)
    run.wait()

    wait_until(lambda: not folder.workers())
    assert list(Path(folder.environment["TMPDIR"]).glob("filter-atlas-*/*")) == []
