"""A family plugs into the site: its section is shown, and no other module names the family."""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pytest

import filter_atlas.site
from filter_atlas.base.errors import ResultsError
from filter_atlas.settings.family import Facts
from filter_atlas.site import pages
from filter_atlas.site.entries import LayerEntry
from filter_atlas.site.results_loader import ResultsLoader
from filter_atlas.site.section import (
    Column,
    Content,
    Flag,
    Link,
    LinkList,
    Page,
    PanelPart,
    PartContent,
    Section,
    Table,
    Tile,
    View,
)
from filter_atlas.site.sections import SECTIONS
from filter_atlas.workflow.families import FAMILIES

from .reading import files, follow_every_link, handed_over, parse, words
from .reading import pages as pages_of
from .results import Run

LAYER = "block1_conv1"
RESULT = "results/moods/mood.png"
TABLE = "results/moods/moods.csv"
TEMPLATE = """{% extends "page.html.j2" %}
{% block title %}Moods{% endblock %}
{% block description %}The moods of filters.{% endblock %}
{% block main %}<h1>Moods</h1><p>All are {{ mood }}.</p><img src="{{ picture.url }}" alt="">
{% for layer in layers %}
{% for entry in layer.filters %}<i id="{{ entry.place }}"></i>{% endfor %}
{% endfor %}
{% endblock %}"""

PART = """{% from "panel_parts.html.j2" import text, line, tiles with context %}
{% macro part(panel, sub) %}<{{ sub }}>Mood swings</{{ sub }}>
{{ line(panel, "swing", filled=true) }}{{ tiles(panel, "faces", row=1) }}{% endmacro %}"""


def load(loader: ResultsLoader, layers: Sequence[LayerEntry], facts: Facts) -> Content:
    """What a made-up family shows: it uses everything that a section can use."""
    if not loader.exists(RESULT):
        return Content()
    picture = loader.picture("moods/mood.png", RESULT, "A mood")
    preview = loader.preview("moods/mood", RESULT, "A mood", 16)
    loader.link("data/moods/all.csv", TABLE)
    values = {"mood": facts["mood"], "picture": picture}
    return Content(
        pages=[Page("moods.html", "moods.html.j2", "Moods", values)],
        link_lists=[
            LinkList(
                name="moods",
                heading="The mood",
                links={(LAYER, 3): [Link(picture.url, preview.url, "glad", "very")]},
                note="Filters have moods.",
            )
        ],
        flags=[Flag("glad", "is glad", {(LAYER, 3)})],
        columns=[Column("joy", {(LAYER, 3): 0.51234}, ("saddest first", "gladdest first"))],
        parts=[
            PanelPart(
                "moods_panel.html.j2",
                {
                    entry.key: PartContent(
                        texts={"swing": f"{entry.index} swings"},
                        paths={"swing": f"M0 {entry.index}"},
                        tiles={"faces": [Tile("moods.html", "A face", "smiles")]},
                        sprite=picture if entry.index else None,
                    )
                    for layer in layers
                    for entry in layer.filters
                },
            )
        ],
        views=[View("faces", "All faces.", {(LAYER, 3): picture})],
        layer_notes={LAYER: "One of them is glad."},
        tables=[
            Table(
                title="Moods of filters",
                description="A row for each mood.",
                columns={"mood": ("string", "how a filter feels")},
                files={"moods/all.csv": "All moods"},
            )
        ],
    )


def needs(facts: Facts) -> Mapping[str, Sequence[str]]:
    return {"the mood": (RESULT,)} if facts else {}


SECTION = Section("moods", load, needs)


@pytest.fixture
def moody(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The site of a run with a made-up family."""
    template = jinja2.DictLoader({"moods.html.j2": TEMPLATE, "moods_panel.html.j2": PART})
    loaders = list(filter(None, [template, pages._environment.loader]))
    monkeypatch.setattr(pages._environment, "loader", jinja2.ChoiceLoader(loaders))
    run.add_facts("moods", {"mood": "glad"})
    run.paint(RESULT, (32, 32))
    run.write(TABLE, "mood\nglad\n")
    run.build([*SECTIONS, SECTION])
    return run


def test_a_family_has_its_page_and_every_page_links_to_it(moody: Run) -> None:
    assert "All are glad." in words(moody.page("moods.html"))
    for page in pages_of(moody.out).values():
        assert [url for _, url in page.links() if url.endswith("moods.html")]
    assert follow_every_link(moody.out, pages_of(moody.out)) > 500


def parts_of(run: Run) -> list[dict[str, Any]]:
    """The data of the panels of 20 filters, in two parts."""
    return [handed_over(run.page(f"data/{LAYER}/{part}.js"))[1] for part in (0, 1)]


def test_a_family_has_links_in_the_panels(moody: Run) -> None:
    own = words(moody.page(f"filters/{LAYER}/3.html"))
    other = words(moody.page(f"filters/{LAYER}/4.html"))
    parts = parts_of(moody)

    assert "The mood glad very Filters have moods." in own
    assert "The mood Filters have moods." in other
    every = [links for part in parts for links in part["links"]["moods"]]
    assert [len(links) for links in every] == [0, 0, 0, 1, *[0] * 16]
    [[target, note]] = every[3]
    url, thumbnail, name = parts[0]["targets"][target]
    assert (name, note) == ("glad", "very")
    assert (moody.out / url).is_file()
    assert (moody.out / thumbnail).is_file()


def test_a_family_can_be_searched_for(moody: Run) -> None:
    for page in ("index.html", f"layers/{LAYER}.html"):
        assert {"type": "checkbox", "name": "glad", "value": "1"} in parse(moody.page(page)).all(
            "input"
        )
    for name in ("search", LAYER):
        _, data = handed_over(moody.page(f"data/{name}.js"))
        layer = data["layers"][0] if name == "search" else data
        assert layer["flags"]["glad"] == [0, 0, 0, 1, *[0] * 16]


def test_a_family_can_be_sorted_by(moody: Run) -> None:
    assert {"value": "-joy"} in parse(moody.page(f"layers/{LAYER}.html")).all("option")
    _, data = handed_over(moody.page(f"data/{LAYER}.js"))
    assert data["measures"]["joy"] == [None, None, None, 0.5123, *[None] * 16]


def test_a_family_has_a_part_of_the_panels(moody: Run) -> None:
    html = moody.page(f"filters/{LAYER}/3.html")
    parts = parts_of(moody)

    assert "Mood swings" in words(html)
    assert 'aria-label="3 swings"' in html
    assert '<path data-d="swing" d="M0 3" fill="currentColor"/>' in html
    [(url, image)] = re.findall(
        r'<a href="(\S+)"><img src="(\S+)" srcset="\S+ 1x" alt="A face"', html
    )
    assert url == f"../../moods.html#{LAYER}-3"
    assert image == "../../moods/mood.png"
    for part in parts:
        assert part["pages"] == [["moods.html", "A face"]]
    assert [one for part in parts for one in part["tiles"]["faces"]] == [[[0, "smiles"]]] * 20
    addresses = [one["faces"] for part in parts for one in part["addresses"]]
    assert addresses == ["", *["moods/mood.png"] * 19]
    assert "A face</a>smiles" in moody.page(f"filters/{LAYER}/0.html")


def test_a_family_has_a_view_of_the_layers(moody: Run) -> None:
    html = moody.page(f"views/faces/{LAYER}.html")
    own = moody.page(f"layers/{LAYER}.html")

    assert "All faces." in words(html)
    assert [one["src"] for one in parse(html).all("img")] == ["../../moods/mood.png"]
    assert len([one for one in parse(html).all("a") if "id" in one]) == 20
    for page in (html, own):
        found = rf'href="(?:\.\./)+(\w+/\S*?{LAYER}\.html)"( aria-current)?'
        links = re.findall(found, page.split("masthead")[1])
        assert links[0][0] == f"layers/{LAYER}.html"
        assert links[1][0] == f"views/faces/{LAYER}.html"
        assert [bool(current) for _, current in links[:2]] == [page is own, page is html]


def test_a_family_has_a_sentence_on_the_page_of_a_layer(moody: Run) -> None:
    assert "One of them is glad." in words(moody.page(f"layers/{LAYER}.html"))
    assert "One of them is glad." not in words(moody.page("layers/block4_conv3.html"))


def test_a_familys_tables_are_described_and_can_be_downloaded(moody: Run) -> None:
    package = json.loads(moody.page("data/datapackage.json"))

    assert "Moods of filters A row for each mood. All moods" in words(moody.page("data.html"))
    assert "mood string how a filter feels" in words(moody.page("data.html"))
    [resource] = [one for one in package["resources"] if one["name"] == "moods-all"]
    assert resource["path"] == "moods/all.csv"
    assert resource["schema"]["fields"] == [
        {"name": "mood", "type": "string", "description": "how a filter feels"}
    ]
    assert moody.page("data/moods/all.csv") == "mood\nglad\n"


def test_a_missing_result_of_a_family_is_named(moody: Run) -> None:
    moody.path(RESULT).unlink()

    with pytest.raises(ResultsError, match=r"1 of 1 moods are missing \(the mood\)"):
        moody.build([*SECTIONS, SECTION])


def test_a_family_that_is_gone_leaves_nothing_behind(moody: Run) -> None:
    moody.build()

    assert [path for path in files(moody.out) if "mood" in str(path.relative_to(moody.out))] == []
    for path in files(moody.out):
        assert b"moods" not in path.read_bytes()


# --- the families of the product ---


def test_every_family_has_a_section() -> None:
    assert [section.name for section in SECTIONS] == [family.name for family in FAMILIES]


def _knows(path: Path, families: set[str]) -> set[str]:
    """The families that a module of the site names in its code."""
    imported: set[str] = set()
    strings: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= set(node.module.split("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
    return (imported | strings) & families


def test_no_other_module_of_the_site_knows_a_family() -> None:
    folder = Path(filter_atlas.site.__file__).parent
    families: set[Any] = {family.name for family in FAMILIES} | {"dream", "class_pictures"}

    known = {path.name: _knows(path, families) for path in folder.glob("*.py")}

    assert {name for name, names in known.items() if names} == set()
    own = tuple(family.name for family in FAMILIES)
    for template in (folder / "templates").iterdir():
        if not template.name.startswith(own):
            text = template.read_text().lower()
            assert not [name for name in families if f"{name}" in text], template.name
