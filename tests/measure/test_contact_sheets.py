"""Grids that can be taken apart again, the best first, and the network at a glance."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import samples
from filter_atlas.base.digests import bytes_digest
from filter_atlas.base.errors import ResultsError
from filter_atlas.base.png import to_png
from filter_atlas.base.vgg16_spec import LAYERS
from filter_atlas.measure import contact_sheets
from filter_atlas.measure.record import Record

Pixels = npt.NDArray[np.uint8]


def plain(value: int, size: int = 2) -> Pixels:
    """A picture of one grey."""
    return np.full((size, size, 3), value, np.uint8)


def noise(seed: int, count: int, size: int) -> list[Pixels]:
    """Pictures that are all different."""
    chance = np.random.RandomState(seed)
    return [chance.randint(1, 256, (size, size, 3)).astype(np.uint8) for _ in range(count)]


def record(filter: int, final_activation: float) -> Record:
    """The record of a filter with this final activation; other values do not matter."""
    return replace(samples.RECORD, filter=filter, final_activation=final_activation)


# --- grids ---


def test_a_picture_is_read_only_if_it_is_the_one_that_its_record_describes(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{index}.png") for index in range(2)]
    files = [to_png(plain(index), {}) for index in range(2)]
    records = [
        replace(record(index, 1.0), picture_digest=bytes_digest(file))
        for index, file in enumerate(files)
    ]
    for path, file in zip(paths, files, strict=True):
        Path(path).write_bytes(file)

    read = contact_sheets.read_pictures(paths, records)

    np.testing.assert_array_equal(read, [plain(0), plain(1)])
    with pytest.raises(ResultsError, match=r"1\.png: not the picture that its record describes"):
        contact_sheets.read_pictures(paths[::-1], records)


def test_pictures_go_in_rows_with_black_between_and_a_ragged_end() -> None:
    stitched = contact_sheets.grid([plain(1), plain(2), plain(3)], columns=2, margin=1)

    assert stitched[..., 0].tolist() == [
        [1, 1, 0, 2, 2],
        [1, 1, 0, 2, 2],
        [0, 0, 0, 0, 0],
        [3, 3, 0, 0, 0],
        [3, 3, 0, 0, 0],
    ]
    assert stitched.dtype == np.uint8


def test_without_a_margin_pictures_touch() -> None:
    stitched = contact_sheets.grid([plain(1), plain(2), plain(3), plain(4)], columns=2, margin=0)

    assert stitched[..., 2].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_the_articles_grid_of_8_by_8_has_its_size() -> None:
    stitched = contact_sheets.grid([plain(1, size=128)] * 64, columns=8, margin=5)

    assert stitched.shape == (8 * 128 + 7 * 5, 8 * 128 + 7 * 5, 3)


GRIDS = {
    "seed": st.integers(0, 2**32 - 1),
    "count": st.integers(1, 20),
    "size": st.integers(1, 5),
    "columns": st.integers(1, 7),
    "margin": st.integers(0, 3),
}


@given(**GRIDS)
def test_a_grid_is_as_large_as_its_rows_and_columns(
    seed: int, count: int, size: int, columns: int, margin: int
) -> None:
    pictures = noise(seed, count, size)

    stitched = contact_sheets.grid(pictures, columns, margin)

    rows = (count + columns - 1) // columns
    assert stitched.shape == (
        rows * size + (rows - 1) * margin,
        columns * size + (columns - 1) * margin,
        3,
    )
    drawn = sum(int(picture.sum()) for picture in pictures)
    assert int(stitched.sum()) == drawn, "between the pictures all is black"


@given(**GRIDS)
def test_a_grid_can_be_cut_into_its_pictures_again(
    seed: int, count: int, size: int, columns: int, margin: int
) -> None:
    pictures = noise(seed, count, size)

    cut = contact_sheets.cut_grid(
        contact_sheets.grid(pictures, columns, margin), size, margin, count
    )

    np.testing.assert_array_equal(cut, pictures)


def test_only_the_first_pictures_are_cut_when_fewer_are_wanted() -> None:
    pictures = noise(0, 6, 3)

    cut = contact_sheets.cut_grid(contact_sheets.grid(pictures, 3, 2), size=3, margin=2, count=4)

    np.testing.assert_array_equal(cut, pictures[:4])


@pytest.mark.parametrize(
    ("count", "columns"),
    [(1, 1), (2, 2), (3, 2), (4, 2), (5, 4), (8, 4), (64, 8), (128, 16), (256, 16), (512, 32)],
)
def test_a_whole_layer_is_square_or_twice_as_wide_as_high(count: int, columns: int) -> None:
    assert contact_sheets.columns_for(count) == columns


@given(count=st.integers(1, 512))
def test_a_grid_is_never_higher_than_wide(count: int) -> None:
    columns = contact_sheets.columns_for(count)

    assert -(-count // columns) <= columns


# --- the sheet ---


@pytest.mark.parametrize(
    ("shape", "small"),
    [((40, 60), (40, 60)), ((1064, 4256), (512, 2048)), ((3000, 30), (2048, 20))],
)
def test_a_sheet_is_scaled_down_to_what_a_report_can_hold(
    shape: tuple[int, int], small: tuple[int, int]
) -> None:
    grid = np.full((*shape, 3), (200, 40, 90), np.uint8)

    with Image.open(io.BytesIO(contact_sheets.sheet(grid))) as image:
        pixels = np.asarray(image)

    assert image.format == "JPEG"
    assert pixels.shape == (*small, 3)
    assert np.abs(pixels.astype(int) - (200, 40, 90)).max() <= 3


# --- the best ---


def test_the_best_come_first() -> None:
    records = [record(0, 1.5), record(1, 30.0), record(2, 0.0), record(3, 7.0)]

    assert [found.filter for found in contact_sheets.best(records, 3)] == [1, 3, 0]


@given(activations=st.lists(st.sampled_from([0.0, 1.0, 2.5]), max_size=12), data=st.data())
def test_among_equals_the_lower_index_comes_first_in_any_input_order(
    activations: list[float], data: st.DataObject
) -> None:
    records = [record(filter, activation) for filter, activation in enumerate(activations)]
    shuffled = data.draw(st.permutations(records))

    found = contact_sheets.best(shuffled, len(records))

    assert found == sorted(records, key=lambda one: one.final_activation, reverse=True)


def test_if_there_are_fewer_records_than_wanted_all_are_returned() -> None:
    assert contact_sheets.best([record(4, 1.0)], 64) == [record(4, 1.0)]


# --- the overview ---


def rows_of(size: int, counts: Sequence[int]) -> list[tuple[str, str, list[Pixels]]]:
    """A row for each of the first layers, with so many pictures."""
    return [
        (layer.name, layer.paper_name, noise(place, count, size))
        for place, (layer, count) in enumerate(zip(LAYERS, counts, strict=False))
    ]


@pytest.mark.parametrize(("size", "margin"), [(32, 0), (64, 5), (128, 11)])
def test_the_overview_has_every_picture_in_its_place_and_paper_elsewhere(
    size: int, margin: int
) -> None:
    rows = rows_of(size, [3, 1, 2])

    picture = contact_sheets.overview(rows, margin)

    step = size + margin
    assert picture.shape == (3 * step + margin, contact_sheets.LABEL_WIDTH + 3 * step + margin, 3)
    rest = picture[:, contact_sheets.LABEL_WIDTH :].copy()
    for row, (_, _, pictures) in enumerate(rows):
        for column, drawn in enumerate(pictures):
            top, left = margin + row * step, margin + column * step
            place = np.s_[top : top + size, left : left + size]
            np.testing.assert_array_equal(rest[place], drawn)
            rest[place] = contact_sheets.PAPER
    assert (rest == contact_sheets.PAPER).all()


def test_the_overview_is_the_same_twice() -> None:
    rows = rows_of(64, [2, 2])

    np.testing.assert_array_equal(
        contact_sheets.overview(rows, 5), contact_sheets.overview(rows, 5)
    )


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_every_label_is_whole_and_beside_its_own_row(size: int) -> None:
    margin = 4
    rows = rows_of(size, [12] * 13)

    labels = contact_sheets.overview(rows, margin)[:, : contact_sheets.LABEL_WIDTH]

    inked = (labels != contact_sheets.PAPER).any(axis=(1, 2))
    for row in range(13):
        top = margin + row * (size + margin)
        assert inked[top : top + size].any()
        assert not inked[top - margin : top].any(), "nothing reaches into the gap above"
    assert not inked[-margin:].any()
    assert (labels[:, [0, -1]] == contact_sheets.PAPER).all(), "no name is cut off at its sides"


def test_a_long_name_gets_smaller_letters_and_keeps_its_start() -> None:
    def label(name: str) -> Pixels:
        picture = contact_sheets.overview([(name, name, noise(0, 1, 128))], 4)
        return picture[:, : contact_sheets.LABEL_WIDTH]

    for kind in ("dwconv", "expand_conv", "project_conv"):
        assert (label(f"block1a_{kind}") != label(f"dlock1a_{kind}")).any(), kind


@pytest.mark.parametrize("size", [32, 128])
@pytest.mark.parametrize(
    "name", ["convnext_tiny_stage_1_block_2_depthwise_conv", "W" * 250, "two\nlines", "日本" * 50]
)
def test_a_name_of_any_length_fits_beside_its_row(name: str, size: int) -> None:
    labels = contact_sheets.overview([(name, f"outer/{name}", noise(0, 1, size))], 4)

    labels = labels[:, : contact_sheets.LABEL_WIDTH]
    assert (labels != contact_sheets.PAPER).any()
    assert (labels[:, [0, -1]] == contact_sheets.PAPER).all()
    assert (labels[[0, 1, -2, -1]] == contact_sheets.PAPER).all()


def test_a_layer_whose_two_names_are_equal_is_named_once() -> None:
    once, twice = (
        contact_sheets.overview([("conv", other, [plain(9, size=64)])], 5)
        for other in ("conv", "other")
    )

    assert (once[5 + 40 :, : contact_sheets.LABEL_WIDTH] == contact_sheets.PAPER).all()
    assert not (twice[5 + 40 :, : contact_sheets.LABEL_WIDTH] == contact_sheets.PAPER).all()


def test_many_layers_of_few_pictures_continue_to_the_right() -> None:
    """Down first, then right, as a column of a newspaper."""
    size, margin = 128, 5
    rows = [(f"layer{place}", "", noise(place, 1, size)) for place in range(52)]

    picture = contact_sheets.overview(rows, margin)

    step, strip = size + margin, contact_sheets.LABEL_WIDTH + size + margin
    assert picture.shape == (13 * step + margin, 4 * strip + margin, 3)
    for place, (_, _, (drawn,)) in enumerate(rows):
        top = margin + place % 13 * step
        left = place // 13 * strip + contact_sheets.LABEL_WIDTH + margin
        np.testing.assert_array_equal(picture[top : top + size, left : left + size], drawn)


@pytest.mark.parametrize(("layers", "pictures"), [(1, 1), (5, 1), (13, 1), (30, 2), (157, 1)])
def test_no_overview_is_much_taller_than_wide(layers: int, pictures: int) -> None:
    rows = [("a", "b", [plain(1, size=128)] * pictures)] * layers

    height, width, _ = contact_sheets.overview(rows, 5).shape

    assert height <= contact_sheets.TALLEST * width


def test_labels_name_the_layer_in_both_ways() -> None:
    picture = plain(9, size=64)

    full = contact_sheets.overview([("block1_conv1", "conv1_1", [picture])], 5)
    other_name = contact_sheets.overview([("block1_conv2", "conv1_1", [picture])], 5)
    other_paper_name = contact_sheets.overview([("block1_conv1", "conv1_2", [picture])], 5)

    upper, lower = np.s_[: 5 + 32], np.s_[5 + 32 :]
    assert (full[upper] != other_name[upper]).any()
    assert (full[lower] != other_paper_name[lower]).any()
    np.testing.assert_array_equal(full[upper], other_paper_name[upper])
