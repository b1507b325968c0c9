"""The documentation is up to date: diagrams, links, and examples that run."""

import re
from pathlib import Path

import pytest

import diagrams

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])


def test_the_generated_parts_of_the_architecture_are_those_of_the_code() -> None:
    committed = diagrams.PAGE.read_text()

    assert committed == diagrams.filled(committed, diagrams.parts()), (
        "docs/architecture.md is not up to date: run `python docs/diagrams.py` and commit it"
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link
