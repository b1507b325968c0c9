"""The documentation is up to date: diagrams, links, and examples that run."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import snakemake
import yaml

import diagrams
import growth_figure
from filter_atlas import __version__
from filter_atlas.base.errors import ConfigError
from filter_atlas.base.png import read_png
from filter_atlas.settings import config
from runs import SMALL, Folder

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "results" / "README.md"]
)


def test_the_generated_parts_of_the_architecture_are_those_of_the_code() -> None:
    committed = diagrams.PAGE.read_text()

    assert committed == diagrams.filled(committed, diagrams.parts()), (
        "docs/architecture.md is not up to date: run `python docs/diagrams.py` and commit it"
    )


def test_the_figure_of_growth_is_that_of_the_tables() -> None:
    page = growth_figure.PAGE.read_text()

    assert growth_figure.FIGURE.read_bytes() == growth_figure.figure(page), (
        "docs/images/growth.svg is not up to date: run `python docs/growth_figure.py`, commit it"
    )


def test_an_arrow_that_a_longer_path_implies_is_left_out() -> None:
    users = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "d": set()}

    assert diagrams.reduced(users) == {"a": ["b"], "b": ["c"], "c": ["d"], "d": []}


def test_a_page_without_a_place_for_a_part_is_refused() -> None:
    with pytest.raises(LookupError, match="generated: rules"):
        diagrams.filled("# Architecture\n", {"rules": "…"})


def _links(page: Path) -> list[str]:
    """The links of a page that lead to files of the repository or to headings."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [target for target in targets if "://" not in target]


def _anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def test_the_index_names_every_page_of_the_documentation() -> None:
    index = REPOSITORY / "docs" / "README.md"

    assert {page.name for page in index.parent.glob("*.md")} - {"README.md"} <= set(_links(index))


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())

    assert citation["version"] == __version__


@pytest.mark.parametrize(
    "lock", sorted(REPOSITORY.glob("requirements*.lock")), ids=lambda x: x.name
)
def test_every_lock_file_has_the_build_backend(lock: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())

    for backend in project["build-system"]["requires"]:
        assert f"\n{backend} \\\n    --hash=sha256:" in lock.read_text()


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()

    versions = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    kinds = re.findall(r"^### (.+)$", changelog, re.MULTILINE)

    released = r"\[?\d+\.\d+\.\d+\]? - \d{4}-\d\d-\d\d"
    assert versions[0].strip("[]") == "Unreleased"
    assert all(re.fullmatch(released, version) for version in versions[1:])
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


# --- the examples of docs/extending.md ---

EXTENDING = (REPOSITORY / "docs" / "extending.md").read_text()
LISTS = {"src/filter_atlas/workflow/families.py", "src/filter_atlas/site/sections/__init__.py"}
"""The files that know all families."""


def _section(title: str) -> str:
    """The text below a heading, up to the next heading."""
    return EXTENDING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _settings(title: str) -> dict[str, Any]:
    """The settings of the example in a section."""
    [block] = re.findall(r"^```yaml\n(.*?)^```$", _section(title), re.MULTILINE | re.DOTALL)
    settings: dict[str, Any] = yaml.safe_load(block)
    return settings


def _hunks(page: str) -> list[tuple[str, str, str]]:
    """The changes that a page shows: the file, its lines before, its lines after."""
    found = []
    for block in re.findall(r"^```diff\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for file, body in re.findall(r"^@@ (\S+) @@\n((?:[ +-].*\n|\n)+)", block, re.MULTILINE):
            lines = [(line[:1], line[1:] + "\n") for line in body.splitlines()]
            before = "".join(text for mark, text in lines if mark != "+")
            after = "".join(text for mark, text in lines if mark != "-")
            found.append((file, before, after))
    return found


def _new_files(page: str) -> dict[str, str]:
    """The whole files that a page shows, by their path."""
    blocks = re.findall(r"^`(\S+)`\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return dict(blocks)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with every change that the page shows."""
    copy = tmp_path_factory.mktemp("extended")
    for name in ("src", "scripts", "rules", "report", "envs"):
        ignored = shutil.ignore_patterns("*.pyc")
        shutil.copytree(REPOSITORY / name, copy / name, ignore=ignored)
    for name in ("Snakefile", "config.yaml", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, copy)
    for file, before, after in _hunks(EXTENDING):
        source = (copy / file).read_text()
        assert source.count(before) == 1, f"{file} has changed: fix docs/extending.md\n{before}"
        (copy / file).write_text(source.replace(before, after))
    for file, text in _new_files(EXTENDING).items():
        assert not (copy / file).exists()
        (copy / file).parent.mkdir(exist_ok=True)
        (copy / file).write_text(text)
    return copy


RECIPES = {
    title: _settings(title) for title in ("A recipe", "A transform", "An objective", "An optimiser")
}


@pytest.fixture(scope="module")
def run(
    extended: Path, canonical_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Folder]:
    """A small run of the extended copy, with the recipes of all examples."""
    path = tmp_path_factory.mktemp("run")
    chosen, *others = RECIPES.values()
    folder = Folder(
        path / "run",
        path,
        {
            **SMALL,
            "filters": {"block1_conv2": 2},
            "weights": str(canonical_file),
            "recipe": chosen["recipe"],
            "recipes": {
                name: recipe
                for settings in RECIPES.values()
                for name, recipe in settings["recipes"].items()
            },
            "variants": [settings["recipe"] for settings in others],
        },
    )
    folder.repository = extended
    result = folder.snakemake("--cores", "2")
    assert result.returncode == 0, result.stdout
    yield folder
    for worker in folder.workers():
        worker.kill()


def test_the_example_of_a_recipe_needs_no_code() -> None:
    recipe = config.read_settings(_settings("A recipe")).chosen_recipe()

    assert [phase.step_size for phase in recipe.schedule] == [8.0, 4.0]


def test_the_example_of_a_margin_changes_the_margin() -> None:
    assert config.read_settings(_settings("A margin")).grid.margin == 8


@pytest.mark.parametrize("title", ["A transform", "An objective", "An optimiser"])
def test_an_example_is_refused_without_its_code(title: str) -> None:
    with pytest.raises(ConfigError):
        config.read_settings(_settings(title))


def test_the_recipes_of_the_examples_draw(run: Folder) -> None:
    folders = {
        "bold": (128, "filters"),
        "mirrored": (64, "variants/mirrored"),
        "squared": (64, "variants/squared"),
        "signed": (64, "variants/signed"),
    }

    assert list(folders) == [settings["recipe"] for settings in RECIPES.values()]
    for size, folder in folders.values():
        for picture in (run.path / "results" / folder).rglob("*.png"):
            assert read_png(str(picture)).shape == (size, size, 3)
            record = json.loads(picture.with_suffix(".json").read_text())
            assert record["final_activation"] > record["start_activation"]


def test_the_example_of_a_measure_changes_one_file() -> None:
    assert [file for file, *_ in _hunks(_section("A measure"))] == [
        "src/filter_atlas/measure/measures.py"
    ]


def test_the_measure_of_the_example_is_shown_everywhere(run: Folder) -> None:
    results = run.path / "results"
    header, *rows = csv.reader((results / "metrics" / "filters.csv").read_text().splitlines())
    page = (results / "atlas" / "layers" / "block1_conv2.html").read_text()
    panel = (results / "atlas" / "filters" / "block1_conv2" / "0.html").read_text()
    search = (results / "atlas" / "data" / "search.js").read_text()

    assert all(0 < float(row[header.index("contrast")]) < 0.5 for row in rows)
    assert "<dt>Contrast</dt>" in panel
    assert '<option value="-contrast">hardest first</option>' in page
    assert '"contrast":[' in search
    assert "contrast" in (results / "atlas" / "data.html").read_text()


def test_the_example_of_a_family_changes_only_the_lists_of_families() -> None:
    assert {file for file, *_ in _hunks(_section("A family"))} == LISTS
    assert len(_new_files(_section("A family"))) == 7


def test_the_family_of_the_example_has_results_and_a_page(run: Folder) -> None:
    results = run.path / "results"
    pictures = [read_png(str(path)) for path in results.glob("filters/block1_conv2/*.png")]
    mean = read_png(str(results / "averages" / "block1_conv2.png"))
    assert len(pictures) == 2
    assert np.abs(mean - np.mean(pictures, axis=0)).max() <= 0.5

    page = (results / "atlas" / "averages.html").read_text()
    assert 'src="averages/block1_conv2.png"' in page
    assert (results / "atlas" / "averages" / "block1_conv2.png").is_file()
    assert 'href="averages.html">Averages</a>' in (results / "atlas" / "index.html").read_text()


def test_the_code_of_the_examples_is_formatted(extended: Path) -> None:
    files = {file for file, *_ in _hunks(EXTENDING)} | _new_files(EXTENDING).keys()
    python = [file for file in sorted(files) if file.endswith(".py")]

    for command in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, *python]
        result = subprocess.run(ruff, cwd=extended, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout


# --- the messages of docs/troubleshooting.md ---

TROUBLE = (REPOSITORY / "docs" / "troubleshooting.md").read_text()
MESSAGES = re.findall(r"`([^`]*)`", "".join(re.findall(r"^\| ([^|]*) \|", TROUBLE, re.MULTILINE)))


def _texts(folder: Path) -> str:
    """All texts in the source of a package; inserted values are `…`."""
    found = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, "value", "…") for part in node.values]
                found.append("".join(part if isinstance(part, str) else "…" for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


@pytest.fixture(scope="module")
def texts() -> str:
    """All texts of Filter Atlas and Snakemake, with those of Python and the system."""
    return "\n".join(
        [
            _texts(REPOSITORY / "src"),
            _texts(Path(snakemake.__file__).parent),
            os.strerror(28),
            "argument --logger: invalid choice: 'filter-atlas'",  # argparse's, with our name
        ]
    )


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_that_is_explained_can_appear(message: str, texts: str) -> None:
    for fragment in re.split(r"…|: ", message):
        assert fragment.strip() in texts
