"""Class pictures of a small classifier, from noise to near certainty."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from filter_atlas.class_pictures.ascent import ClassAscent
from filter_atlas.class_pictures.draw import ClassResult, draw_classes, summary_table
from filter_atlas.class_pictures.evaluation import PERTURBATIONS, Copy, Guess, SecondOpinion
from filter_atlas.class_pictures.loading import load_classifier
from filter_atlas.optimize.ascent import Initialisation
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.classes import Classes
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe

MAGPIE, SEA_SNAKE = 18, 65

RECIPE = Recipe(schedule=(Phase(size=32, steps=20, step_size=8.0),), contrast=0.2)


def settings(digits_file: Path) -> Classes:
    return Classes(network=str(digits_file), classes=tuple(range(10)))


@pytest.fixture(scope="module")
def drawn(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[ClassResult]:
    cache = tmp_path_factory.mktemp("cache")
    return list(draw_classes(settings(digits_file), RECIPE, 3, "cpu", cache, MicroBatcher(2)))


def test_the_network_is_sure_of_every_class(drawn: list[ClassResult]) -> None:
    assert [one.record.evaluation.index for one in drawn] == list(range(10))
    assert min(one.record.evaluation.probability for one in drawn) >= 0.999


def test_the_evaluation_is_of_the_picture_as_written(
    drawn: list[ClassResult], digits_file: Path
) -> None:
    classifier = load_classifier(settings(digits_file), Path())
    pixels = np.asarray(Image.open(io.BytesIO(drawn[4].picture)))

    (found,) = classifier.probabilities(tf.constant(pixels[np.newaxis, ..., ::-1], tf.float32))

    assert float(found[4]) == pytest.approx(drawn[4].record.evaluation.probability, abs=1e-6)


def test_a_record_is_json_with_evaluation_and_losses(drawn: list[ClassResult]) -> None:
    record = json.loads(drawn[4].record.to_json())

    assert record["evaluation"]["index"] == 4
    assert len(record["evaluation"]["best"]) == 5
    assert set(record["evaluation"]["copies"]) == {"shifted", "blurred", "encoded", "combined"}
    assert len(record["loss"]) == RECIPE.steps
    assert record["loss"][-1] > record["loss"][0]


def test_a_class_does_not_depend_on_those_drawn_with_it(
    drawn: list[ClassResult], digits_file: Path, tmp_path: Path
) -> None:
    alone = Classes(network=str(digits_file), classes=(4,))

    (again,) = draw_classes(alone, RECIPE, 3, "cpu", tmp_path, MicroBatcher(1))

    assert again == drawn[4]


def test_a_negative_recipe_draws_what_makes_a_class_unlikely(digits_file: Path) -> None:
    classifier = load_classifier(settings(digits_file), Path())
    negative = RECIPE.model_copy(update={"negative": True})

    (against,) = ClassAscent(negative, classifier).draw([Initialisation(filter=4, seed=3)])

    pixels = deprocess(against.picture, RECIPE.contrast)[np.newaxis, ..., ::-1]
    assert float(classifier.probabilities(tf.constant(pixels, tf.float32))[0, 4]) < 0.01


def test_the_table_has_a_row_for_every_class(drawn: list[ClassResult]) -> None:
    sentence, _, head, rule, *rows = summary_table([one.record for one in drawn]).splitlines()

    assert sentence == "A classifier that is 99.9 % sure does not show what a thing looks like."
    assert head.split(" | ")[3:] == [
        "shifted",
        "blurred",
        "encoded",
        "combined",
        "most likely class",
        "second network |",
    ]
    assert len(rows) == 10
    assert rows[4].startswith("| 4, 4 | 1.0000 | 1 |")
    assert {line.count("|") for line in (head, rule, *rows)} == {10}


def test_the_table_names_the_copies_in_which_the_class_is_not_the_most_likely(
    drawn: list[ClassResult],
) -> None:
    record = drawn[4].record
    copies = dict.fromkeys(PERTURBATIONS, Copy(0.9, is_top1=True))
    fragile = {
        **copies,
        "shifted": Copy(0.125, is_top1=False),
        "combined": Copy(0.25, is_top1=False),
    }

    rows = summary_table(
        [
            replace(record, evaluation=replace(record.evaluation, copies=these))
            for these in (copies, fragile)
        ]
    ).splitlines()[-2:]

    assert rows[0].endswith("| 0.9000 | 0.9000 | 0.9000 | 0.9000 | yes | – |")
    assert rows[1].endswith(
        "| 0.1250 | 0.9000 | 0.9000 | 0.2500 | yes, but not shifted, combined | – |"
    )


def test_the_table_says_whether_a_second_network_is_fooled(drawn: list[ClassResult]) -> None:
    record = drawn[4].record
    fooled = SecondOpinion("second", "f" * 64, Guess(4, "four", 0.75), 0.75, 1)
    unfooled = SecondOpinion("second", "f" * 64, Guess(9, "nine", 0.5), 0.25, 2)

    rows = summary_table(
        [replace(record, second_opinion=opinion) for opinion in (fooled, unfooled)]
    ).splitlines()[-2:]

    assert rows[0].endswith("| fooled, 0.7500 |")
    assert rows[1].endswith("| not fooled: nine 0.5000, this class 0.2500 |")


@pytest.mark.usefixtures("lite1_wheel")
def test_the_articles_two_classes_are_certain_robust_and_shown_to_a_second_network(
    lite0_wheel: Path,
) -> None:
    settings = Classes(classes=(MAGPIE, SEA_SNAKE))

    results = list(
        draw_classes(settings, PRESETS["classes"], 0, "cpu", lite0_wheel.parent, MicroBatcher(2))
    )

    for result in results:
        assert result.record.evaluation.probability >= 0.99
        assert result.record.evaluation.robust
    opinions = [result.record.second_opinion for result in results]
    assert [opinion and opinion.network for opinion in opinions] == ["efficientnet_lite1"] * 2
    # With any noise at the start, the sea snake fools the second network; the magpie not always.
    assert opinions[1] is not None
    assert opinions[1].is_fooled
