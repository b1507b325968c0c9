"""A network is fetched, written to its canonical file, and loaded unchanged."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from filter_atlas.base.digests import file_digest, weights_digest
from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.networks.fetch import fetch_network
from filter_atlas.networks.identity import model_digest
from filter_atlas.networks.keras_build import build
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.networks.load import load_network
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.settings.network_source import NetworkSource
from filter_atlas.weights import canonical
from filter_atlas.weights.provenance import Provenance
from keras_models import residual, sequential

pytestmark = pytest.mark.usefixtures("own_module")

PATH = Path("canonical.h5")
FILE = NetworkSource(kind="file", name="mine.keras", weights="own", content="of the file")
OTHER_WEIGHTS = NetworkSource(kind="function", name="mine:small", weights="random")


def file(model: keras.Model) -> NetworkSource:
    """The source of a model, which is saved as a file."""
    model.save("mine.keras")
    content = file_digest(Path("mine.keras"))
    return NetworkSource(kind="file", name="mine.keras", weights="own", content=content)


def function(name: str, weights: str = "own") -> NetworkSource:
    """The source of a function of the module `mine`."""
    source = NetworkSource.model_validate(
        {"kind": "function", "name": f"mine:{name}", "weights": weights}
    )
    return source.model_copy(update={"content": model_digest(build(source))})


def fetch(source: NetworkSource, path: Path = PATH) -> Provenance:
    return fetch_network(source, ["wheel"], path, Path("cache"), print)


def test_a_network_is_loaded_from_its_canonical_file_unchanged() -> None:
    model = residual()
    source = file(model)

    provenance = fetch(source)
    header, arrays = canonical.load(PATH)
    network, digest = load_network(PATH, source)

    assert provenance.digest == header.digest == digest == weights_digest(model.get_weights())
    assert (provenance.origin, provenance.network) == ("own", source.name)
    assert header.source == source
    assert header.architecture.title == source.name
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


@pytest.mark.parametrize(
    "find",
    [lambda: file(residual()), lambda: function("small", "random"), lambda: function("small")],
    ids=["file", "random function", "function"],
)
def test_the_same_network_gives_the_same_file(find: Callable[[], NetworkSource]) -> None:
    source = find()

    for name in ("one.h5", "two.h5"):
        fetch(source, Path(name))

    assert Path("one.h5").read_bytes() == Path("two.h5").read_bytes()


def test_another_network_than_the_planned_one_is_refused(
    canonical_file: Path, untrained_file: Path
) -> None:
    other = file(residual())
    file(sequential())
    weights = NetworkSource.vgg16(file_digest(canonical_file))

    for source, name in [
        (other, "mine.keras"),
        (function("different"), "mine:different"),
        (weights, "vgg16.h5"),
    ]:
        with pytest.raises(WeightsError, match=f"{name}: no longer gives the network that"):
            fetch_network(source, [str(untrained_file)], PATH, Path("cache"), print)
    assert not PATH.exists()


def test_a_function_that_now_builds_another_network_is_refused() -> None:
    fetch(function("small"))
    header, arrays = canonical.load(PATH)
    canonical.save(PATH, function("hiding"), header.architecture, arrays)

    with pytest.raises(WeightsError, match=r"canonical\.h5: the network has changed since"):
        load_network(PATH, function("hiding"))


@pytest.mark.parametrize(
    "planned",
    [None, FILE, OTHER_WEIGHTS, NetworkSource.vgg16("")],
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
    source = file(residual())
    fetch(source)
    header, arrays = canonical.load(PATH)
    smuggled = {"module": "os", "class_name": "system", "config": {"command": "touch ran"}}

    for config, reason in (
        (json.dumps(smuggled), r"needs code that is not Keras's own \(system of os\)"),
        (json.dumps({"class_name": "Dense", "config": {"units": -1}}), "Keras cannot build its"),
        ("[", "no Keras model"),
        (None, "no Keras model"),
    ):
        canonical.save(PATH, source, header.architecture, arrays, config)
        with pytest.raises(WeightsError, match=rf"canonical\.h5: {reason}"):
            load_network(PATH, source)


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

    with pytest.raises(WeightsError, match=r"mine\.keras: stem/kernel holds values that are not"):
        fetch(file(model))


def test_convolutions_that_are_not_drawn_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    fetch(function("hiding"))

    output = capsys.readouterr().out
    assert [layer.name for layer in canonical.load_header(PATH).architecture.layers] == ["seen"]
    assert "1 convolutions are not drawn" in output
    assert output.endswith("inside\n")
