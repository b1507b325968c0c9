"""The drawn classes are known before any network is loaded."""

from typing import Any

import pytest
from pydantic import ValidationError

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.settings.classes import Classes


def test_without_settings_eight_classes_of_imagenet_are_drawn_with_the_articles_two() -> None:
    settings = Classes()

    assert settings.network == "efficientnet_lite0"
    assert len(settings.indices) == 8
    assert {18, 65} <= set(settings.indices)
    names = class_names.imagenet()
    assert [names[index].partition(", ")[0] for index in (18, 65)] == ["magpie", "sea snake"]


@pytest.mark.parametrize("network", ["keras", "efficientnet_lite1"])
def test_the_default_classes_are_those_of_every_classifier_of_imagenet(network: str) -> None:
    assert Classes(network=network).indices == Classes().indices


def test_all_classes_of_another_classifier_are_drawn_by_default() -> None:
    settings = Classes(network="wheel")

    assert settings.indices == (0, 1, 2, 3)
    assert settings.known_names == class_names.TUMOURS


@pytest.mark.parametrize(
    ("given", "second"),
    [
        ({}, "efficientnet_lite1"),
        ({"network": "efficientnet_lite1"}, "efficientnet_lite0"),
        ({"network": "keras"}, "efficientnet_lite1"),
        ({"second_network": "keras"}, "keras"),
        ({"second_network": "none"}, None),
    ],
)
def test_a_second_network_is_another_than_the_classifier(
    given: dict[str, Any], second: str | None
) -> None:
    assert Classes(**given).second == second


def test_the_classifier_itself_is_refused_as_second_network() -> None:
    settings = Classes(second_network="efficientnet_lite0")

    with pytest.raises(ClassifierError, match="this is the classifier itself: choose another"):
        _ = settings.second


@pytest.mark.parametrize(
    ("given", "indices"),
    [
        ({"network": "keras", "classes": ["sea snake", 18, 65]}, (18, 65)),
        ({"network": "keras", "classes": "sea_snake"}, (65,)),
        ({"network": "efficientnet_lite0", "classes": ["magpie", 65]}, (18, 65)),
        ({"network": "efficientnet_lite0", "classes": "all"}, tuple(range(1000))),
        ({"network": "wheel", "classes": 3}, (3,)),
        ({"network": "my.keras", "classes": [7, 2]}, (2, 7)),
        ({"network": "my.keras", "names": ["cat", "dog"], "classes": ["dog"]}, (1,)),
        ({"network": "my.keras", "names": ["cat", "dog"]}, (0, 1)),
        ({"network": "my.h5", "names": "imagenet", "classes": ["magpie"]}, (18,)),
    ],
)
def test_classes_are_chosen_by_index_or_name(given: dict[str, Any], indices: tuple[int]) -> None:
    assert Classes(**given).indices == indices


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"network": "wheel", "classes": ["gliom"]}, "did you mean 'glioma'"),
        ({"network": "wheel", "classes": [4]}, "class 4 is out of range: the network has 4"),
        ({"network": "efficientnet_lite0", "classes": [1000]}, "from 0 to 999"),
        ({"network": "efficientnet_lite0", "classes": ["sea snail"]}, "did you mean"),
        ({"network": "keras", "classes": ["crane"]}, r"134 \(crane\), 517 \(crane\)"),
        ({"network": "my.keras"}, "the names of the classes of my.keras are not known"),
        ({"network": "my.keras", "classes": ["dog"]}, "give all names as `names:`"),
    ],
)
def test_a_class_that_does_not_exist_is_refused(given: dict[str, Any], message: str) -> None:
    settings = Classes(**given)

    with pytest.raises(ClassifierError, match=f"^config: classes: .*{message}"):
        _ = settings.indices


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"classes": [True]}, "classes"),
        ({"preprocessing": "rgb"}, "preprocessing"),
        ({"size": 7}, "size"),
        ({"netwrok": "keras"}, "netwrok"),
        ({"second_network": "mine.keras"}, "second_network"),
    ],
)
def test_a_wrong_setting_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Classes(**given)
