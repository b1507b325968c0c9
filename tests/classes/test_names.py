"""A class is found by its index or name, and a miss says what was meant."""

import pytest

from filter_atlas.classes import names
from filter_atlas.errors import ClassifierError

BIRDS = ("crane", "sea eagle, erne", "crane, hoist", "erne")


def test_imagenet_has_a_thousand_classes_in_the_networks_order() -> None:
    imagenet = names.imagenet()

    assert len(imagenet) == 1000
    # As the article's figures and everybody's examples have them.
    assert {index: names.usual(imagenet[index]) for index in (0, 18, 65, 285, 999)} == {
        0: "tench",
        18: "magpie",
        65: "sea snake",
        285: "Egyptian cat",
        999: "toilet tissue",
    }


@pytest.mark.parametrize("wanted", [65, "65", "sea snake", "Sea_Snake", " SEA  snake "])
def test_a_class_is_found_by_index_or_name(wanted: int | str) -> None:
    assert names.find(wanted, names.imagenet()) == 65


def test_a_class_is_found_by_a_further_name() -> None:
    assert names.find("Tinca tinca", names.imagenet()) == 0


def test_a_first_name_wins_over_another_classes_further_name() -> None:
    assert names.find("erne", BIRDS) == 3


@pytest.mark.parametrize(
    ("name", "indices"), [("crane", (134, 517)), ("maillot", (638, 639)), ("sand viper", (54, 66))]
)
def test_a_name_of_several_classes_is_refused_with_all_of_them(
    name: str, indices: tuple[int, int]
) -> None:
    with pytest.raises(ClassifierError, match=f"'{name}' is the name of several classes") as told:
        names.find(name, names.imagenet())

    assert all(f"{index} (" in str(told.value) for index in indices)


def test_a_miss_suggests_what_is_close() -> None:
    with pytest.raises(ClassifierError, match=r"no class is called 'sea snak': .*'sea snake'"):
        names.find("sea snak", names.imagenet())


def test_a_miss_far_from_everything_suggests_nothing() -> None:
    with pytest.raises(ClassifierError, match=r"called 'qqqq': give one of .* from 0 to 3"):
        names.find("qqqq", BIRDS)


@pytest.mark.parametrize("index", [-1, 4, "4"])
def test_an_index_out_of_range_is_refused(index: int | str) -> None:
    with pytest.raises(ClassifierError, match=r"class -?\d is out of range: the network has 4|-1"):
        names.find(index, BIRDS)
