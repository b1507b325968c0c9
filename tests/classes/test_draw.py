"""Class pictures, from noise to what a small classifier is sure of."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from filter_atlas.ascent import Start
from filter_atlas.classes import loading
from filter_atlas.classes.ascent import ClassAscent
from filter_atlas.classes.draw import Drawn, draw, table
from filter_atlas.classes.judge import HANDLINGS, Copy
from filter_atlas.classes.settings import Classes
from filter_atlas.picture import deprocess
from filter_atlas.recipe import Phase, Recipe

RECIPE = Recipe(schedule=(Phase(size=32, steps=20, rate=8.0),), contrast=0.2)


def settings(digits_file: Path) -> Classes:
    return Classes(network=str(digits_file), classes=tuple(range(10)))


@pytest.fixture(scope="module")
def drawn(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    cache = tmp_path_factory.mktemp("cache")
    return list(draw(settings(digits_file), RECIPE, 3, "cpu", cache))


def test_the_network_is_sure_of_every_class(drawn: list[Drawn]) -> None:
    assert [one.record.judgement.index for one in drawn] == list(range(10))
    assert min(one.record.judgement.probability for one in drawn) >= 0.999


def test_the_judgement_is_of_the_picture_as_written(drawn: list[Drawn], digits_file: Path) -> None:
    classifier = loading.load(settings(digits_file), Path())
    pixels = np.asarray(Image.open(io.BytesIO(drawn[4].picture)))

    (found,) = classifier.probabilities(tf.constant(pixels[np.newaxis, ..., ::-1], tf.float32))

    assert float(found[4]) == pytest.approx(drawn[4].record.judgement.probability, abs=1e-6)


def test_a_record_is_json_that_says_all(drawn: list[Drawn]) -> None:
    record = json.loads(drawn[4].record.to_json())

    assert record["judgement"]["index"] == 4
    assert len(record["judgement"]["best"]) == 5
    assert set(record["judgement"]["copies"]) == {"shifted", "blurred", "encoded", "handled"}
    assert len(record["loss"]) == RECIPE.steps
    assert record["loss"][-1] > record["loss"][0]


def test_a_class_does_not_depend_on_those_drawn_with_it(
    drawn: list[Drawn], digits_file: Path, tmp_path: Path
) -> None:
    alone = Classes(network=str(digits_file), classes=(4,))

    (again,) = draw(alone, RECIPE, 3, "cpu", tmp_path)

    assert again == drawn[4]


def test_a_negative_recipe_draws_what_speaks_against_a_class(digits_file: Path) -> None:
    classifier = loading.load(settings(digits_file), Path())
    negative = RECIPE.model_copy(update={"negative": True})

    (against,) = ClassAscent(negative, classifier).draw([Start(filter=4, seed=3)])

    pixels = deprocess(against.picture, RECIPE.contrast)[np.newaxis, ..., ::-1]
    assert float(classifier.probabilities(tf.constant(pixels, tf.float32))[0, 4]) < 0.01


def test_the_table_has_a_row_for_every_class(drawn: list[Drawn]) -> None:
    says, _, head, rule, *rows = table([one.record for one in drawn]).splitlines()

    assert says == "Being 99.9 % sure is not knowing what a thing looks like."
    assert head.split(" | ")[3:] == [
        "shifted",
        "blurred",
        "encoded",
        "all three",
        "fools the network |",
    ]
    assert len(rows) == 10
    assert rows[4].startswith("| 4, 4 | 1.0000 | 1 |")
    assert {line.count("|") for line in (head, rule, *rows)} == {9}


def test_the_table_says_which_copies_do_not_fool_the_network(drawn: list[Drawn]) -> None:
    record = drawn[4].record
    copies = dict.fromkeys(HANDLINGS, Copy(0.9, fools=True))
    fragile = {**copies, "shifted": Copy(0.125, fools=False), "handled": Copy(0.25, fools=False)}

    rows = table(
        [
            replace(record, judgement=replace(record.judgement, copies=these))
            for these in (copies, fragile)
        ]
    ).splitlines()[-2:]

    assert rows[0].endswith("| 0.9000 | 0.9000 | 0.9000 | 0.9000 | yes |")
    assert rows[1].endswith(
        "| 0.1250 | 0.9000 | 0.9000 | 0.2500 | yes, but not shifted, all three |"
    )
