"""What a panel tells of one filter, and in which words."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from filter_atlas.atlas.catalogue import FilterEntry, LayerEntry, Neighbour, Variant
from filter_atlas.atlas.image import Image
from filter_atlas.atlas.panel import Link, Panel, citation, command, panel
from filter_atlas.atlas.tiles import Tile
from filter_atlas.plan import LayerPlan

from .results import FACTS, RECORD

NAME = "block4_conv3"
PICTURE = Image("pictures/block4_conv3/5.png", 128, 128, "Filter 5 of block4_conv3")


def tile(index: int) -> Tile:
    return Tile(Image(f"tiles/{NAME}/{index}.avif", 128, 128, ""), digest="9" * 64, colour="cyan")


def entry(index: int, **changes: Any) -> FilterEntry:
    """A filter of the layer, with a record that differs from the others' in `changes`."""
    own = {
        "record": replace(RECORD, layer=NAME, filter=index),
        "record_url": f"records/{NAME}/{index}.json",
        "picture": PICTURE,
        "tile": tile(index),
        "url": f"filters/{NAME}/{index}.html",
        "higher_than": 0.5,
        "neighbours": (),
        "variants": (),
    }
    return FilterEntry(**{**own, **changes})


def layer_of(*filters: FilterEntry) -> LayerEntry:
    indices = tuple(one.index for one in filters)
    return LayerEntry(
        section=LayerPlan(NAME, "conv4_3", 512, indices),
        name=NAME,
        url=f"layers/{NAME}.html",
        filters=filters,
        grid=PICTURE,
        mosaic=PICTURE,
    )


def told(one: FilterEntry, *others: FilterEntry) -> Panel:
    return panel(one, layer_of(one, *others), FACTS)


def recorded(**changes: Any) -> dict[str, str]:
    """The texts of a filter's panel whose record or quality is changed."""
    record = replace(RECORD, layer=NAME, filter=5)
    own = {name: value for name, value in changes.items() if hasattr(record, name)}
    quality = {name: value for name, value in changes.items() if name not in own}
    record = replace(record, **own)
    return told(entry(5, record=replace(record, quality=replace(record.quality, **quality)))).texts


@pytest.mark.parametrize(
    ("changes", "name", "text"),
    [
        ({}, "name", "Filter 5 of block4_conv3"),
        ({"final_activation": 1234.5}, "activation", "1,234"),
        ({"start_activation": 0.5, "final_activation": 200.0}, "gain", "× 400"),
        ({"start_activation": 0.0}, "gain", "–"),
        ({"final_activation": 200.0, "shown_activation": 180.0}, "shown_share", "90%"),
        ({"final_activation": 0.0}, "shown_share", "–"),
        ({"shift_robustness": 0.125}, "shift", "12.5%"),
        ({"shift_robustness": None}, "shift", "–"),
        ({"turn_robustness": None}, "turn", "–"),
        ({"z_score": -1.5}, "z_score", "−1.5"),
        ({"z_score": None}, "z_score", "–"),
        ({"rank": 3}, "rank", "3rd of 512"),
        ({"certificate": None}, "certificate", ""),
        ({"certificate": "its kernel is 0"}, "certificate", "its kernel is 0"),
        ({"recipe_digest": "ab12"}, "recipe", "atlas, ab12"),
        ({"versions": {"b": "2", "a": "1"}}, "versions", "a 1, b 2"),
        ({"loss": (1.0, 4.0)}, "curve", "loss rises from 1 to 4 in 2 steps"),
    ],
)
def test_a_text_is_spelled_from_the_record(changes: dict[str, Any], name: str, text: str) -> None:
    assert recorded(**changes)[name] == text


def test_what_is_told_of_the_picture_is_that_of_its_tile() -> None:
    texts = told(entry(5)).texts

    assert (texts["colour"], texts["picture_digest"]) == ("cyan", "9" * 64)


def test_a_filter_is_compared_with_the_others_of_its_layer_that_are_drawn() -> None:
    others = [entry(index) for index in (6, 7, 8, 9)]

    assert told(entry(5, higher_than=0.75), *others).texts["standing"] == (
        "higher than 75% of the 4 others drawn"
    )
    assert told(entry(5, higher_than=None)).texts["standing"] == "the only one drawn of its layer"


def test_a_silent_filter_is_not_compared() -> None:
    silent = entry(5, record=replace(RECORD, layer=NAME, filter=5, final_activation=0.0))

    assert told(silent, entry(6)).texts["standing"] == "it does not answer even to its own picture"


def test_every_address_leads_to_what_is_the_filters_own() -> None:
    addresses = told(entry(5)).addresses

    assert addresses.pop("curve").startswith("M0 ")
    assert addresses == {
        "picture": "pictures/block4_conv3/5.png",
        "record": "records/block4_conv3/5.json",
        "page": "filters/block4_conv3/5.html",
    }


@pytest.mark.parametrize(
    ("angle", "mirrored", "twin", "note"),
    [
        (0, False, False, "83% as it stands"),
        (90, False, False, "83% turned 90°"),
        (0, True, False, "83% mirrored"),
        (180, False, True, "twin: 83% turned 180°"),
        (270, True, True, "twin: 83% mirrored and turned 270°"),
    ],
)
def test_a_neighbour_is_told_with_its_answer_and_its_turn(
    angle: int, mirrored: bool, twin: bool, note: str
) -> None:
    near = Neighbour(filter=6, score=0.83, angle=angle, mirrored=mirrored, twin=twin)

    [link] = told(entry(5, neighbours=(near,)), entry(6)).neighbours

    assert link == Link("filters/block4_conv3/6.html", "tiles/block4_conv3/6.avif", "6", note)


def test_a_neighbour_that_is_not_drawn_is_left_out() -> None:
    gone = Neighbour(filter=400, score=0.9, angle=0, mirrored=False, twin=False)

    assert told(entry(5, neighbours=(gone,)), entry(6)).neighbours == ()


def test_a_variant_is_told_with_its_own_picture_and_activation() -> None:
    drawn = Variant(
        name="negative",
        record=replace(RECORD, final_activation=50.0),
        record_url="variants/negative/block4_conv3/5.json",
        picture=replace(PICTURE, url="variants/negative/block4_conv3/5.png"),
        tile=replace(tile(5), image=replace(PICTURE, url="tiles/variants/negative/5.avif")),
    )

    assert told(entry(5, variants=(drawn,))).variants == (
        Link(
            "variants/negative/block4_conv3/5.png",
            "tiles/variants/negative/5.avif",
            "negative",
            "activation 50",
        ),
    )


# --- the command and the citation ---


def test_the_command_asks_for_this_picture_alone_with_recipe_and_seed() -> None:
    assert command(NAME, 5, FACTS) == (
        "snakemake results/filters/block4_conv3/5.png --cores 1 --force "
        "--config recipe=atlas seed=7"
    )


def test_the_command_says_which_network_it_is_about() -> None:
    facts = replace(FACTS, settings="network=mobilenet_v2 weights=random")

    assert command(NAME, 5, facts).endswith(
        "--config network=mobilenet_v2 weights=random recipe=atlas seed=7"
    )


@pytest.mark.parametrize("name", ["my own; rm -rf", "it's", "$(date)", "a/b*c"])
def test_names_in_the_command_mean_themselves_to_a_shell(name: str) -> None:
    parts = shlex.split(command(name, 5, replace(FACTS, recipe_name=name)))

    assert parts[1] == f"results/filters/{name}/5.png"
    assert f"recipe={name}" in parts
    assert len(parts) == 8


def test_a_citation_names_the_picture_and_what_it_was_made_of() -> None:
    assert citation(entry(5), layer_of(entry(5)), FACTS) == (
        "@misc{filter-atlas-block4_conv3-5,\n"
        "  title = {Filter 5 of block4\\_conv3 of VGG16},\n"
        "  howpublished = {Filter Atlas, version 0.1.0},\n"
        "  note = {Recipe atlas, seed 7, weights dddddddddddd, picture 999999999999},\n"
        "}"
    )


def test_a_citation_can_be_typeset_whatever_its_names_are() -> None:
    facts = replace(FACTS, recipe_name=r"50%_of {my} \~^ #1 & $2")

    cited = citation(entry(5), layer_of(entry(5)), facts)

    assert (
        r"Recipe 50\%\_of \{my\} \textbackslash{}\textasciitilde{}\textasciicircum{} "
        r"\#1 \& \$2, seed 7"
    ) in cited


def test_a_citation_has_an_address_only_where_it_is_known() -> None:
    facts = replace(FACTS, url="https://example.org/atlas")

    cited = citation(entry(5), layer_of(entry(5)), facts)

    assert "  url = {https://example.org/atlas/filters/block4_conv3/5.html},\n" in cited
