"""The drawn classes are known before any network is loaded."""

from typing import Any

import pytest
from pydantic import ValidationError

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.settings.classes import Classes


def test_without_settings_all_classes_of_the_wheel_are_drawn() -> None:
    settings = Classes()

    assert settings.indices == (0, 1, 2, 3)
    assert settings.known_names == class_names.TUMOURS


@pytest.mark.parametrize(
    ("given", "indices"),
    [
        ({"network": "keras", "classes": ["sea snake", 18, 65]}, (18, 65)),
        ({"network": "keras", "classes": "sea_snake"}, (65,)),
        ({"network": "efficientnet_lite0", "classes": ["magpie", 65]}, (18, 65)),
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
        ({"classes": ["gliom"]}, "did you mean 'glioma'"),
        ({"classes": [4]}, "class 4 is out of range: the network has 4"),
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
    ],
)
def test_a_wrong_setting_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Classes(**given)
