"""A provenance can be written and read, and credits the authors of the weights."""

from pathlib import Path

import pytest

from filter_atlas.base.errors import WeightsError
from filter_atlas.base.vgg16_spec import IMAGENET_DIGEST
from filter_atlas.weights.provenance import Provenance


def test_the_imagenet_weights_are_credited_to_their_authors() -> None:
    provenance = Provenance("keras", "https://host/vgg16.h5", "00", IMAGENET_DIGEST)

    assert provenance.imagenet
    assert provenance.credit == "Visual Geometry Group, University of Oxford, CC BY 4.0"


def test_other_weights_are_never_called_imagenets() -> None:
    provenance = Provenance("path", "mine.h5", "00", "11")

    assert not provenance.imagenet
    assert "Oxford" not in provenance.credit


def test_a_provenance_that_is_written_can_be_read(tmp_path: Path) -> None:
    provenance = Provenance("path", "naïve.h5", "00", "11")
    path = tmp_path / "vgg16.json"

    path.write_bytes(provenance.to_json())

    assert Provenance.from_file(path) == provenance
    assert b'"imagenet": false' in path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vgg16.json"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="not a provenance"):
        Provenance.from_file(path)
