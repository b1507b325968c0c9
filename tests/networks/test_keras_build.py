"""A Keras model is built from an application, a file or a function; no other code runs."""

from pathlib import Path

import keras
import pytest

from filter_atlas.base.errors import ModelError, OriginUnavailable
from filter_atlas.networks.keras_build import build
from filter_atlas.settings.network_source import NetworkSource

pytestmark = pytest.mark.usefixtures("own_module")


def function(name: str) -> NetworkSource:
    """A function of the module `mine`."""
    return NetworkSource(kind="function", name=f"mine:{name}", weights="own")


def test_a_function_builds_a_network() -> None:
    assert build(function("small")).layers[-1].name == "only"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nothing", "returned a int"), ("missing", "AttributeError"), ("leaves", "SystemExit: 3")],
)
def test_a_function_that_builds_no_model_is_named(name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        build(function(name))


@pytest.mark.parametrize(
    ("setting", "usual", "other"),
    [
        ("floatx", "float32", "float16"),
        ("epsilon", 1e-7, 1e-3),
        ("image_data_format", "channels_last", "channels_first"),
    ],
)
def test_keras_with_unusual_settings_is_refused_before_it_builds(
    setting: str, usual: object, other: object
) -> None:
    change = getattr(keras.config, f"set_{setting}")
    change(other)
    try:
        with pytest.raises(ModelError, match=f"{setting} {other}, but {usual} is needed; correct"):
            build(function("small"))
    finally:
        change(usual)


def test_a_file_that_holds_code_is_refused_and_its_code_does_not_run() -> None:
    picture = keras.Input((32, 32, 3))
    tensor = keras.layers.Lambda(lambda pixels: pixels * 2)(picture)
    keras.Model(picture, keras.layers.Conv2D(2, 3)(tensor)).save("code.keras")

    with pytest.raises(ModelError, match="code"):
        build(NetworkSource(kind="file", name=str(Path("code.keras")), weights="own"))


def test_published_weights_that_cannot_be_downloaded_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(**options: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)

    with pytest.raises(OriginUnavailable, match=r"published weights of MobileNetV2.*no route"):
        build(NetworkSource(kind="application", name="mobilenet_v2", weights="keras"))
