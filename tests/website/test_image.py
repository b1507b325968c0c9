"""The size of a picture, read from its file."""

from pathlib import Path

import pytest
from PIL import Image

from filter_atlas.base.errors import ResultsError
from filter_atlas.site.image import png_size


def test_the_size_of_a_png_is_its_width_and_height(tmp_path: Path) -> None:
    Image.new("RGB", (300, 7)).save(tmp_path / "wide.png")
    assert png_size(tmp_path / "wide.png") == (300, 7)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(40), bytes(24)])
def test_a_file_that_is_not_a_png_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(data)
    with pytest.raises(ResultsError, match=r"broken\.png: not a PNG"):
        png_size(path)
