"""The file of a Keras model is checked before Keras opens it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from filter_atlas.base.errors import WeightsError
from filter_atlas.networks.keras_build import read_model
from filter_atlas.readers import keras_files

SUFFIXES = pytest.mark.parametrize("suffix", ["keras", "h5"])


class Custom(keras.layers.Layer):  # type: ignore[misc]
    """A layer that Keras does not have."""


def _saved(path: Path, *between: keras.layers.Layer) -> Path:
    """The file of a classifier with additional layers."""
    keras.Sequential(
        [keras.Input((32, 32, 3)), *between, keras.layers.Flatten(), keras.layers.Dense(4)]
    ).save(path)
    return path


def _altered(path: Path, alter: Callable[[dict[str, Any]], object]) -> None:
    """Alter the configuration in a file."""
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            alter(config)
            file.attrs["model_config"] = json.dumps(config)
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    alter(config)
    members["config.json"] = json.dumps(config).encode()
    _zipped(path, members)


def _zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _weights_altered(path: Path, alter: Callable[[h5py.File], object]) -> None:
    """Alter the HDF5 weights in a file."""
    weights = path.with_name("weights")
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            alter(file)
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights.write_bytes(members["model.weights.h5"])
    with h5py.File(weights, "r+") as file:
        alter(file)
    _zipped(path, {**members, "model.weights.h5": weights.read_bytes()})


@SUFFIXES
def test_models_that_keras_saves_are_accepted(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model.{suffix}"
    rich = [
        keras.layers.Normalization(mean=[1.0], variance=[4.0]),
        keras.layers.Conv2D(
            3,
            3,
            activation=keras.activations.gelu,
            kernel_regularizer="l2",
            bias_constraint="non_neg",
        ),
        keras.layers.RandomFlip(),
    ]

    keras_files.check(_saved(path, *rich))


@SUFFIXES
@pytest.mark.parametrize("layer", ["lambda", "custom"])
def test_code_of_the_author_is_refused_and_never_run(
    tmp_path: Path, suffix: str, layer: str
) -> None:
    ran = tmp_path / "ran"
    marker = str(ran)
    code = keras.layers.Lambda(lambda pictures: open(marker, "w") and pictures)  # noqa: SIM115
    path = _saved(tmp_path / f"model.{suffix}", code if layer == "lambda" else Custom())
    ran.unlink(missing_ok=True)  # Keras ran the code itself when it built the model

    with pytest.raises(
        WeightsError, match=r"\((Lambda|Custom of .*|Unknown layer: 'Custom'.*)\)"
    ) as caught:
        read_model(path)

    assert "\n" not in str(caught.value)
    assert not ran.exists()


@SUFFIXES
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.saving", "load_model"),
        ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
        ("keras.layersx", "Dense"),
        ("keras.src", "layers"),
        ("tensorflow.keras.layers", "Dense"),
        ("keras.layers", "TFSMLayer"),
        ("keras.layers", "TorchModuleWrapper"),
        ("keras.layers", "StringLookup"),
        ("keras", "__lambda__"),
        ("keras", "__typespec__"),
        ("keras", "TypeSpec"),
        ("keras.activations", "function"),
        (None, "Own"),
        (["keras"], "Dense"),
        ("keras", ["Dense"]),
    ],
)
def test_objects_that_are_not_listed_are_refused_at_any_depth(
    tmp_path: Path, suffix: str, module: Any, name: Any
) -> None:
    path = _saved(tmp_path / f"model.{suffix}")
    smuggled = {"module": module, "class_name": name, "config": {"value": "print('run')"}}
    _altered(path, lambda config: config["config"].update(extra=[{"deep": [smuggled]}]))

    with pytest.raises(WeightsError, match="needs code that is not Keras's own"):
        read_model(path)


def test_a_deeply_nested_configuration_is_refused_in_one_line(tmp_path: Path) -> None:
    for depth in (900, 100_000):
        path = tmp_path / "deep.keras"
        _zipped(path, {"config.json": b"[" * depth + b"]" * depth, "model.weights.h5": b""})

        with pytest.raises(WeightsError, match=r"deep\.keras") as caught:
            read_model(path)

        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", "assets/vocabulary.txt", "model.weights.npz", "a\nb"]
)
def test_members_that_are_no_part_of_a_model_are_refused_and_never_written(
    tmp_path: Path, name: str
) -> None:
    path = _saved(tmp_path / "folder.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "content")

    with pytest.raises(WeightsError, match=r"folder\.keras: holds .* no part of a model"):
        read_model(path)

    assert list(tmp_path.rglob("*")) == [path]


def _external_link(file: h5py.File) -> None:
    file["link"] = h5py.ExternalLink("other.h5", "/secret")


def _soft_link(file: h5py.File) -> None:
    file["link"] = h5py.SoftLink("/layers")


def _external_storage(file: h5py.File) -> None:
    file.create_dataset("storage", (8,), "<f4", external=[("/etc/passwd", 0, 32)])


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "<f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (8,))
    file.create_virtual_dataset("virtual", layout)


@SUFFIXES
@pytest.mark.parametrize("point", [_external_link, _soft_link, _external_storage, _virtual])
def test_weights_that_point_elsewhere_are_never_followed(
    tmp_path: Path, suffix: str, point: Callable[[h5py.File], None]
) -> None:
    path = _saved(tmp_path / f"model.{suffix}")
    _weights_altered(path, point)

    with pytest.raises(WeightsError, match=r"points out of the file .* never followed"):
        read_model(path)


@SUFFIXES
def test_weights_that_declare_absurd_sizes_are_not_read(tmp_path: Path, suffix: str) -> None:
    path = _saved(tmp_path / f"model.{suffix}")
    _weights_altered(path, lambda file: file.create_dataset("huge", (2**40,), "<f4"))

    with pytest.raises(WeightsError, match=r"declares 4398046\d+ bytes of weights, more"):
        read_model(path)


def test_a_configuration_that_declares_an_absurd_size_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_files, "_LARGEST_CONFIG", 100)

    for suffix in ("keras", "h5"):
        with pytest.raises(
            WeightsError, match=r"(config\.json declares|configuration of) \d+ byte"
        ):
            read_model(_saved(tmp_path / f"model.{suffix}"))


@pytest.mark.parametrize("suffix", ["h5", "hdf5"])
def test_a_file_that_is_both_hdf5_and_zip_is_checked_as_both(tmp_path: Path, suffix: str) -> None:
    path = _saved(tmp_path / f"model.{suffix}", keras.layers.Lambda(lambda pictures: pictures))
    with zipfile.ZipFile(_saved(tmp_path / "harmless.keras")) as harmless:
        members = {name: harmless.read(name) for name in harmless.namelist()}
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    with pytest.raises(WeightsError, match=r"needs code .*\(Lambda\)"):
        read_model(path)


@pytest.mark.parametrize("kept", [100, 5_000])
@SUFFIXES
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int, suffix: str) -> None:
    path = _saved(tmp_path / f"model.{suffix}", keras.layers.Conv2D(16, 5))
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(WeightsError, match=rf"model\.{suffix}: ") as caught:
        read_model(path)

    assert "\n" not in str(caught.value)


def test_a_file_without_its_weights_is_refused(tmp_path: Path) -> None:
    hollow = tmp_path / "hollow.keras"
    with zipfile.ZipFile(_saved(tmp_path / "model.keras")) as whole:
        _zipped(hollow, {"config.json": whole.read("config.json")})

    with pytest.raises(WeightsError, match=r"hollow\.keras: a zip without model\.weights\.h5"):
        read_model(hollow)


@SUFFIXES
def test_weights_of_the_wrong_shape_are_refused(tmp_path: Path, suffix: str) -> None:
    path = _saved(tmp_path / f"model.{suffix}")

    def shrink(file: h5py.File) -> None:
        (kernel,) = [name for name in _names(file) if file[name].ndim == 2]
        del file[kernel]
        file[kernel] = np.zeros((5, 4), np.float32)

    _weights_altered(path, shrink)

    with pytest.raises(WeightsError, match="Keras cannot read it"):
        read_model(path)


def _names(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if hasattr(item, "ndim") else None)
    return names
