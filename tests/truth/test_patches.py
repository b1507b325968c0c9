"""Patches are cut where the cell sees, and scaled for the observer."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filter_atlas.base.addresses import paths_of_photographs
from filter_atlas.base.digests import file_digest
from filter_atlas.base.errors import ResultsError
from filter_atlas.readers.scaled_photograph import Placement
from filter_atlas.truth.observations import LayerObservations, Patch
from filter_atlas.truth.patches import (
    PhotographReader,
    cut_photographs,
    cut_picture,
    observed_side,
    windows,
)


@pytest.mark.parametrize(
    ("seen", "side"), [(16, 64), (60, 64), (76, 80), (92, 96), (132, 112), (196, 112)]
)
def test_the_observer_sees_about_as_many_pixels_as_a_cell(seen: int, side: int) -> None:
    assert observed_side(seen) == side


def test_windows_are_about_the_middle_of_each_quarter() -> None:
    assert windows(128, 60) == [(2, 2), (66, 2), (2, 66), (66, 66)]
    assert windows(128, 100) == [(0, 0), (28, 0), (0, 28), (28, 28)]
    assert windows(128, 128) == windows(128, 196) == [(0, 0)]


def test_each_picture_of_several_is_cut() -> None:
    pixels = np.repeat(np.arange(3, dtype=np.uint8), 64)[np.newaxis, :, np.newaxis]
    pixels = np.tile(pixels, (64, 1, 3))

    parts = cut_picture(pixels, seen=20, side=32)

    assert [int(part.max()) for part in parts] == [0] * 4 + [1] * 4 + [2] * 4
    assert {part.shape for part in parts} == {(32, 32, 3)}


def test_patches_are_cut_once_and_in_order() -> None:
    def square(place: int) -> np.ndarray:
        pixels = np.zeros((64, 64, 3), np.uint8)
        pixels[..., 0], pixels[..., 1] = np.arange(64)[:, np.newaxis], np.arange(64)
        pixels[..., 2] = place
        return pixels

    wanted = [Patch(place, left, 8) for place in (70, 2) for left in (40, 0)] * 2

    found = [
        (patch, tile)
        for patches, tiles in cut_photographs(wanted, square, seen=16, side=16)
        for patch, tile in zip(patches, tiles, strict=True)
    ]

    assert [patch for patch, _ in found] == [
        Patch(2, 0, 8), Patch(2, 40, 8), Patch(70, 0, 8), Patch(70, 40, 8)
    ]  # fmt: skip
    for patch, tile in found:
        assert (tile[0, 0] == [patch.top, patch.left, patch.photograph]).all()
        assert (tile[-1, -1] == [patch.top + 15, patch.left + 15, patch.photograph]).all()


def test_a_photograph_is_read_as_the_network_saw_it(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    noise = np.random.RandomState(0).randint(0, 256, (40, 60, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    digest = file_digest(path)
    observed = LayerObservations(
        32, None, 8, (digest,), (Placement((60, 40), (60, 40), (14, 4)),),
        np.zeros((1, 1)), np.zeros((1, 1, 2)),
    )  # fmt: skip
    facts = {"photographs": [{"digest": digest, "address": str(path), "name": "a"}]}
    reader = PhotographReader(observed, paths_of_photographs(facts))

    square = reader.square(0)

    assert (square == np.asarray(Image.open(path))[4:36, 14:46]).all()
    Image.new("RGB", (60, 40)).save(path)
    with pytest.raises(ResultsError, match="has changed since it was observed; run again"):
        reader.square(0)
