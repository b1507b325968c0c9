"""What the panel of a filter shows, and in which words."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from filter_atlas.measure.measures import MEASURES, Measure
from filter_atlas.site.entries import FilterEntry, Variant
from filter_atlas.site.panel import (
    Panel,
    citation,
    command,
    format_measure,
    panel,
    variant_links,
)
from filter_atlas.site.section import Link, LinkList

from .entries import NAME, PICTURE, entry, layer_of, thumbnail
from .results import METADATA, RECORD


def panel_of(shown: FilterEntry, *others: FilterEntry, lists: tuple[LinkList, ...] = ()) -> Panel:
    return panel(shown, layer_of(shown, *others), METADATA, lists)


@pytest.mark.parametrize(
    ("changes", "name", "text"),
    [
        ({}, "name", "Filter 5 of block4_conv3"),
        ({"final_activation": 1234.5}, "activation", "1,234"),
        ({"attempts": 3}, "attempts", "3"),
        ({"certificate": None}, "certificate", ""),
        ({"certificate": "its kernel is 0"}, "certificate", "its kernel is 0"),
        ({"recipe_digest": "ab12"}, "recipe", "atlas, ab12"),
        ({"versions": {"b": "2", "a": "1"}}, "versions", "a 1, b 2"),
        ({"loss": (1.0, 4.0)}, "curve", "loss rises from 1 to 4 in 2 steps"),
    ],
)
def test_a_text_is_made_of_the_record(changes: dict[str, Any], name: str, text: str) -> None:
    assert panel_of(entry(5, **changes)).texts[name] == text


def test_every_measure_with_a_label_has_a_text() -> None:
    texts = panel_of(entry(5)).texts

    assert {measure.name for measure in MEASURES if measure.label} <= texts.keys()
    assert texts["gain"] == "× 2,000"


@pytest.mark.parametrize(
    ("display", "value", "text"),
    [
        ("number", 1234.5, "1,234"),
        ("number", -1.5, "−1.5"),
        ("share", 0.125, "12.5%"),
        ("factor", 400.0, "× 400"),
        ("ordinal", 3, "3rd of 512"),
        ("number", None, "–"),
        ("share", None, "–"),
        ("number", True, "yes"),
        ("number", False, "no"),
        ("number", "as it is", "as it is"),
    ],
)
def test_a_measure_is_shown_as_it_says(display: Any, value: Any, text: str) -> None:
    measure = Measure(
        name="made_up",
        type="number",
        meaning="a measure",
        from_record=lambda record: value,
        display=display,
    )

    assert format_measure(measure, value, layer_of(entry(5))) == text


def test_colour_and_digest_are_those_of_the_thumbnail() -> None:
    texts = panel_of(entry(5)).texts

    assert (texts["colour"], texts["picture_digest"]) == ("cyan", "9" * 64)


def test_a_filter_is_compared_with_the_others_of_its_layer_that_are_drawn() -> None:
    others = [entry(index) for index in (6, 7, 8, 9)]

    assert panel_of(entry(5, higher_than=0.75), *others).texts["standing"] == (
        "higher than 75% of the 4 others drawn"
    )
    assert panel_of(entry(5, higher_than=None)).texts["standing"] == (
        "the only filter of its layer that is drawn"
    )


def test_a_silent_filter_is_not_compared() -> None:
    silent = entry(5, final_activation=0.0)

    assert panel_of(silent, entry(6)).texts["standing"] == (
        "it does not respond even to its own picture"
    )


def test_every_address_is_the_filters_own() -> None:
    addresses = panel_of(entry(5)).addresses

    assert addresses.pop("curve").startswith("M0 ")
    assert addresses == {
        "picture": "pictures/block4_conv3/5.png",
        "record": "records/block4_conv3/5.json",
        "page": "filters/block4_conv3/5.html",
    }


def test_a_panel_has_the_filters_own_links_of_every_list() -> None:
    link = Link("there.html", "there.png", "There", "a note")
    lists = (
        LinkList("some", "Some", {(NAME, 5): [link], (NAME, 6): []}),
        LinkList("none", "None", {("another_layer", 5): [link]}),
    )

    assert panel_of(entry(5), lists=lists).links == {"some": (link,), "none": ()}


def test_a_variant_is_linked_with_its_own_picture_and_activation() -> None:
    drawn = Variant(
        name="negative",
        record=replace(RECORD, final_activation=50.0),
        record_url="variants/negative/block4_conv3/5.json",
        picture=replace(PICTURE, url="variants/negative/block4_conv3/5.png"),
        thumbnail=replace(thumbnail(5), image=replace(PICTURE, url="thumbnails/negative/5.avif")),
    )

    assert variant_links([layer_of(entry(5, variants=(drawn,)))]).links == {
        (NAME, 5): [
            Link(
                "variants/negative/block4_conv3/5.png",
                "thumbnails/negative/5.avif",
                "negative",
                "activation 50",
            )
        ]
    }


# --- the command and the citation ---


def test_the_command_draws_this_picture_alone_with_recipe_and_seed() -> None:
    assert command(NAME, 5, METADATA) == (
        "snakemake results/filters/block4_conv3/5.png --cores 1 --force "
        "--config recipe=atlas seed=7"
    )


def test_the_command_names_the_network() -> None:
    metadata = replace(METADATA, settings="network=mobilenet_v2 weights=random")

    assert command(NAME, 5, metadata).endswith(
        "--config network=mobilenet_v2 weights=random recipe=atlas seed=7"
    )


@pytest.mark.parametrize("name", ["my own; rm -rf", "it's", "$(date)", "a/b*c"])
def test_names_in_the_command_are_quoted_for_the_shell(name: str) -> None:
    parts = shlex.split(command(name, 5, replace(METADATA, recipe_name=name)))

    assert parts[1] == f"results/filters/{name}/5.png"
    assert f"recipe={name}" in parts
    assert len(parts) == 8


def test_a_citation_names_the_picture_and_its_recipe_seed_and_weights() -> None:
    assert citation(entry(5), layer_of(entry(5)), METADATA) == (
        "@misc{filter-atlas-block4_conv3-5,\n"
        "  title = {Filter 5 of block4\\_conv3 of VGG16},\n"
        "  howpublished = {Filter Atlas, version 0.1.0},\n"
        "  note = {Recipe atlas, seed 7, weights dddddddddddd, picture 999999999999},\n"
        "}"
    )


def test_names_in_a_citation_are_escaped_for_latex() -> None:
    metadata = replace(METADATA, recipe_name=r"50%_of {my} \~^ #1 & $2")

    cited = citation(entry(5), layer_of(entry(5)), metadata)

    assert (
        r"Recipe 50\%\_of \{my\} \textbackslash{}\textasciitilde{}\textasciicircum{} "
        r"\#1 \& \$2, seed 7"
    ) in cited


def test_a_citation_has_an_address_only_if_it_is_known() -> None:
    metadata = replace(METADATA, url="https://example.org/atlas")

    cited = citation(entry(5), layer_of(entry(5)), metadata)

    assert "  url = {https://example.org/atlas/filters/block4_conv3/5.html},\n" in cited
