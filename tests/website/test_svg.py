"""The size of an SVG, read from its file."""

from pathlib import Path

import pytest

from filter_atlas.base.errors import ResultsError
from filter_atlas.site import svg


def drawing(folder: Path, attributes: str) -> Path:
    path = folder / "plot.svg"
    path.write_text(f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" {attributes}/>')
    return path


@pytest.mark.parametrize(
    ("width", "height", "pixels"),
    [
        ("300", "150", (300, 150)),
        ("300px", "150.4px", (300, 150)),
        ("300pt", "150pt", (400, 200)),
        ("460.8pt", "345.6pt", (614, 461)),
    ],
)
def test_a_length_is_rounded_to_whole_pixels(
    tmp_path: Path, width: str, height: str, pixels: tuple[int, int]
) -> None:
    assert svg.size(drawing(tmp_path, f'width="{width}" height="{height}"')) == pixels


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'width="300"',
        'width="100%" height="50%"',
        'width="3in" height="1in"',
        'width="" height=""',
    ],
)
def test_a_drawing_without_a_size_in_pixels_is_named(tmp_path: Path, attributes: str) -> None:
    with pytest.raises(ResultsError, match=r"plot\.svg: not an SVG with a size .* run again"):
        svg.size(drawing(tmp_path, attributes))


@pytest.mark.parametrize("data", [b"", b"<svg width='1'", b"\x89PNG\r\n\x1a\n", b"no markup"])
def test_a_file_that_is_not_an_svg_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "plot.svg"
    path.write_bytes(data)

    with pytest.raises(ResultsError, match=r"plot\.svg: not an SVG"):
        svg.size(path)


def test_a_length_of_dots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="not an SVG with a size"):
        svg.size(drawing(tmp_path, 'width="1.2.3" height="..."'))
