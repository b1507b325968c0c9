"""The neighbours of a filter: from a layer's matrix of twins to links in its panel."""

from pathlib import Path

import numpy as np
import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.base.rotations import symmetries
from filter_atlas.site.section import Link
from filter_atlas.site.sections.twins import Neighbour, neighbour_links, neighbours
from filter_atlas.twins import report
from filter_atlas.twins.report import LayerTwins

from .entries import entry, layer_of

SUMMARY = LayerTwins.from_pairs(
    "block1_conv1", range(3), 0, [], rotation_step=90, threshold=0.8, weights_digest="d9a2"
)


def matrix() -> bytes:
    scores = np.random.RandomState(0).random_sample((8, 3, 3)).astype(np.float32)
    return report.matrix(scores, symmetries(90), [0, 1, 2])


def test_the_neighbours_of_a_filter_are_ranked_by_their_response_to_its_picture(
    tmp_path: Path,
) -> None:
    (tmp_path / "twins.npz").write_bytes(matrix())

    found = neighbours(tmp_path / "twins.npz", SUMMARY)

    assert list(found) == [0, 1, 2]
    for filter, others in found.items():
        assert {other.filter for other in others} == {0, 1, 2} - {filter}
        assert [other.score for other in others] == sorted(
            (other.score for other in others), reverse=True
        )


@pytest.mark.parametrize("kept", [0, 1, 100, 500, -1])
def test_a_matrix_that_is_cut_off_is_named(kept: int, tmp_path: Path) -> None:
    (tmp_path / "twins.npz").write_bytes(matrix()[:kept])

    with pytest.raises(ResultsError, match=r"twins\.npz: not a matrix of twins"):
        neighbours(tmp_path / "twins.npz", SUMMARY)


def test_a_flipped_bit_anywhere_is_harmless_or_named(tmp_path: Path) -> None:
    whole = matrix()
    named = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        (tmp_path / "twins.npz").write_bytes(damaged)
        try:
            neighbours(tmp_path / "twins.npz", SUMMARY)
        except ResultsError:
            named += 1

    assert named > 50


@pytest.mark.parametrize(
    ("angle", "mirrored", "twin", "note"),
    [
        (0, False, False, "83% unchanged"),
        (90, False, False, "83% rotated 90°"),
        (0, True, False, "83% mirrored"),
        (180, False, True, "twin: 83% rotated 180°"),
        (270, True, True, "twin: 83% mirrored and rotated 270°"),
    ],
)
def test_a_neighbours_link_has_its_response_and_its_rotation(
    angle: int, mirrored: bool, twin: bool, note: str
) -> None:
    near = Neighbour(filter=6, score=0.83, angle=angle, mirrored=mirrored, twin=twin)
    other = entry(6)

    assert neighbour_links(layer_of(entry(5), other), [near]) == [
        Link(other.url, other.thumbnail.image.url, "6", note)
    ]


def test_a_neighbour_that_is_not_drawn_is_left_out() -> None:
    gone = Neighbour(filter=400, score=0.9, angle=0, mirrored=False, twin=False)

    assert neighbour_links(layer_of(entry(5), entry(6)), [gone]) == []
