"""Which classes are drawn is known before any network is opened."""

from typing import Any

import pytest
from pydantic import ValidationError

from filter_atlas.classes import names
from filter_atlas.classes.settings import Classes
from filter_atlas.errors import ClassifierError


def test_without_settings_all_classes_of_the_wheel_are_drawn() -> None:
    settings = Classes()

    assert settings.indices == (0, 1, 2, 3)
    assert settings.known_names == names.TUMOURS


@pytest.mark.parametrize(
    ("given", "indices"),
    [
        ({"network": "keras", "classes": ["sea snake", 18, 65]}, (18, 65)),
        ({"network": "keras", "classes": "sea_snake"}, (65,)),
        ({"network": "wheel", "classes": 3}, (3,)),
        ({"network": "my.keras", "classes": [7, 2]}, (2, 7)),
        ({"network": "my.keras", "names": ["cat", "dog"], "classes": ["dog"]}, (1,)),
        ({"network": "my.keras", "names": ["cat", "dog"]}, (0, 1)),
        ({"network": "my.h5", "names": "imagenet", "classes": ["magpie"]}, (18,)),
    ],
)
def test_classes_are_given_by_index_or_name(given: dict[str, Any], indices: tuple[int]) -> None:
    assert Classes(**given).indices == indices


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"classes": ["gliom"]}, "did you mean 'glioma'"),
        ({"classes": [4]}, "class 4 is out of range: the network has 4"),
        ({"network": "keras", "classes": ["crane"]}, r"134 \(crane\), 517 \(crane\)"),
        ({"network": "my.keras"}, "names of my.keras's classes are not known"),
        ({"network": "my.keras", "classes": ["dog"]}, "give them as `names:`"),
    ],
)
def test_a_class_that_is_not_there_is_refused(given: dict[str, Any], refusal: str) -> None:
    settings = Classes(**given)

    with pytest.raises(ClassifierError, match=f"^config: classes: .*{refusal}"):
        _ = settings.indices


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"classes": [True]}, "classes"),
        ({"feed": "rgb"}, "feed"),
        ({"size": 7}, "size"),
        ({"netwrok": "keras"}, "netwrok"),
    ],
)
def test_what_cannot_be_honoured_is_refused(given: dict[str, Any], refusal: str) -> None:
    with pytest.raises(ValidationError, match=refusal):
        Classes(**given)
