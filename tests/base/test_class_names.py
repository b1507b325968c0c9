"""A class is found by its index or name, and an error suggests similar names."""

import pytest

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError

BIRDS = ("crane", "sea eagle, erne", "crane, hoist", "erne")


def test_imagenet_has_a_thousand_classes_in_the_networks_order() -> None:
    imagenet = class_names.imagenet()

    assert len(imagenet) == 1000
    # These indices are used in the article's figures and in most examples.
    assert {index: class_names.usual_name(imagenet[index]) for index in (0, 18, 65, 285, 999)} == {
        0: "tench",
        18: "magpie",
        65: "sea snake",
        285: "Egyptian cat",
        999: "toilet tissue",
    }


@pytest.mark.parametrize("wanted", [65, "65", "sea snake", "Sea_Snake", " SEA  snake "])
def test_a_class_is_found_by_index_or_name(wanted: int | str) -> None:
    assert class_names.find(wanted, class_names.imagenet()) == 65


def test_a_class_is_found_by_any_of_its_names() -> None:
    assert class_names.find("Tinca tinca", class_names.imagenet()) == 0


def test_a_usual_name_takes_precedence_over_another_name_of_another_class() -> None:
    assert class_names.find("erne", BIRDS) == 3


@pytest.mark.parametrize(
    ("name", "indices"), [("crane", (134, 517)), ("maillot", (638, 639)), ("sand viper", (54, 66))]
)
def test_an_ambiguous_name_is_refused_with_all_its_classes(
    name: str, indices: tuple[int, int]
) -> None:
    with pytest.raises(ClassifierError, match=f"'{name}' is the name of several classes") as caught:
        class_names.find(name, class_names.imagenet())

    assert all(f"{index} (" in str(caught.value) for index in indices)


def test_an_unknown_name_is_refused_with_a_similar_one() -> None:
    with pytest.raises(ClassifierError, match=r"no class is called 'sea snak': .*'sea snake'"):
        class_names.find("sea snak", class_names.imagenet())


def test_an_unknown_name_without_similar_ones_gets_no_suggestion() -> None:
    with pytest.raises(ClassifierError, match=r"called 'qqqq': give one of .* from 0 to 3"):
        class_names.find("qqqq", BIRDS)


@pytest.mark.parametrize("index", [-1, 4, "4"])
def test_an_index_out_of_range_is_refused(index: int | str) -> None:
    with pytest.raises(ClassifierError, match=r"class -?\d is out of range: the network has 4|-1"):
        class_names.find(index, BIRDS)
