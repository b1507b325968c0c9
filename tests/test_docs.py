"""The documentation is up to date: diagrams, links, and examples that run."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import snakemake
import yaml

import diagrams
import growth_figure
from filter_atlas import __version__, config
from filter_atlas.errors import ConfigError

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


def test_a_module_of_no_group_is_told_where_to_enter() -> None:
    with pytest.raises(LookupError, match=r"filter_atlas\.new: say in docs/diagrams\.py"):
        diagrams.group_of("filter_atlas.new")


def test_an_arrow_that_a_longer_way_makes_plain_is_left_out() -> None:
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

DRAWING = """
import json, sys
import numpy as np
from filter_atlas import config, metrics
from filter_atlas.ascent import LayerAscent, Start
from filter_atlas.network import Vgg16
from filter_atlas.picture import deprocess
from filter_atlas.quality import LayerQuality

random = np.random.default_rng(0)
kernel = random.normal(0, 0.1, (3, 3, 3, 64)).astype(np.float32)
network = Vgg16({"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(64, np.float32)})
drawn = {}
for settings in json.load(sys.stdin):
    recipe = config.read(settings).chosen_recipe()
    one = LayerAscent("block1_conv1", recipe, network).draw([Start(filter=0, seed=0)])[0]
    pixels = deprocess(one.picture, recipe.contrast)
    quality = LayerQuality("block1_conv1", network).measure(pixels[None], [0])[0]
    drawn[settings["recipe"]] = {
        "size": pixels.shape[0],
        "rose": one.final_activation > one.start_activation,
        "contrast": quality.contrast,
    }
assert "contrast" in metrics.COLUMNS and "contrast" in metrics.MEANINGS
print(json.dumps(drawn))
"""
"""Draws a filter by each of some settings, with a network that has learnt nothing."""


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def _section(title: str) -> str:
    """What stands below a heading, up to the next one."""
    return EXTENDING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _settings(title: str) -> dict[str, Any]:
    """The settings of the example in a section."""
    [block] = _blocks(_section(title), "yaml")
    settings: dict[str, Any] = yaml.safe_load(block)
    return settings


def _hunks(page: str) -> list[tuple[str, str, str]]:
    """The changes that a page shows: file, lines as they are, lines as they become."""
    found = []
    for block in _blocks(page, "diff"):
        for file, body in re.findall(r"^@@ (\S+) @@\n((?:[ +-].*\n|\n)+)", block, re.MULTILINE):
            lines = [(line[:1], line[1:] + "\n") for line in body.splitlines()]
            before = "".join(text for mark, text in lines if mark != "+")
            after = "".join(text for mark, text in lines if mark != "-")
            found.append((file, before, after))
    return found


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the library with every change that the page shows."""
    folder = tmp_path_factory.mktemp("extended")
    shutil.copytree(REPOSITORY / "src", folder / "src", ignore=shutil.ignore_patterns("*.pyc"))
    for file, before, after in _hunks(EXTENDING):
        source = (folder / file).read_text()
        assert source.count(before) == 1, f"{file} has changed: mend docs/extending.md\n{before}"
        (folder / file).write_text(source.replace(before, after))
    return folder / "src"


def test_the_example_of_a_recipe_needs_no_code() -> None:
    recipe = config.read(_settings("A recipe")).chosen_recipe()

    assert [phase.rate for phase in recipe.schedule] == [8.0, 4.0]


def test_the_example_of_a_margin_changes_the_margin() -> None:
    assert config.read(_settings("A margin")).grid.margin == 8


@pytest.mark.parametrize("title", ["A transform", "An objective", "An optimiser"])
def test_an_example_is_nothing_yet_without_its_code(title: str) -> None:
    with pytest.raises(ConfigError):
        config.read(_settings(title))


def test_with_their_code_the_examples_draw(extended: Path) -> None:
    titles = ["A recipe", "A transform", "An objective", "An optimiser"]

    run = subprocess.run(
        [sys.executable, "-c", DRAWING],
        input=json.dumps([_settings(title) for title in titles]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(extended), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )

    assert run.returncode == 0, run.stderr
    drawn = json.loads(run.stdout)
    assert {name: one["size"] for name, one in drawn.items()} == {
        "bold": 128,
        "mirrored": 64,
        "squared": 64,
        "signed": 64,
    }
    assert all(one["rose"] and 0 < one["contrast"] < 0.5 for one in drawn.values())


# --- the messages of docs/troubleshooting.md ---

TROUBLE = (REPOSITORY / "docs" / "troubleshooting.md").read_text()
MESSAGES = re.findall(r"`([^`]*)`", "".join(re.findall(r"^\| ([^|]*) \|", TROUBLE, re.MULTILINE)))


def _texts(folder: Path) -> str:
    """All texts in the source of a package; what is put into one when it runs is `…`."""
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
    """All that Filter Atlas and Snakemake can say, and what Python and the system add."""
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
