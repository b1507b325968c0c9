"""The zoom into a dream: the set number of frames, each enlarging the one before."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from filter_atlas.base.errors import ConfigError
from filter_atlas.dream import zoom
from filter_atlas.settings.dreams import Zoom


def rings(height: int = 41, width: int = 62) -> np.ndarray:
    """A picture that is different at every scale."""
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    shade = (np.sin(distance / 3) * 100 + 128).astype(np.uint8)
    return np.stack([shade, 255 - shade, np.full_like(shade, 90)], axis=-1)


def only_enlarged(frame: np.ndarray, number: int) -> np.ndarray:
    return frame


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_an_animation_has_the_set_frames_size_and_duration(kind: str) -> None:
    settings = Zoom(frames=5, factor=1.2, format=kind, duration=120)

    file = zoom.animation(list(zoom.frames(rings(), settings, only_enlarged)), settings)

    with Image.open(io.BytesIO(file)) as image:
        assert image.format == kind.upper()
        assert image.size == (62, 41)
        assert image.info["loop"] == 0
        durations = [frame.info["duration"] for frame in ImageSequence.all_frames(image)]
        assert durations == [120] * 5


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_equal_frames_give_equal_bytes(kind: str) -> None:
    settings = Zoom(frames=3, format=kind)
    frames = list(zoom.frames(rings(), settings, only_enlarged))

    assert zoom.animation(frames, settings) == zoom.animation(frames, settings)


def test_the_first_frame_is_the_dream_and_every_other_frame_is_dreamt_once() -> None:
    numbers = []

    def dream(frame: np.ndarray, number: int) -> np.ndarray:
        numbers.append(number)
        return np.full_like(frame, number)

    frames = list(zoom.frames(rings(), Zoom(frames=4), dream))

    np.testing.assert_array_equal(frames[0], rings())
    assert numbers == [1, 2, 3]
    assert [int(frame.max()) for frame in frames[1:]] == [1, 2, 3]


def test_a_frame_shows_the_centre_of_the_one_before() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10:30, 15:45] = 255

    larger = zoom.enlarged(picture, 2.0)

    assert larger.shape == picture.shape
    assert (larger[2:-2, 2:-2] == 255).all()


def test_an_animation_that_does_not_fit_into_memory_is_refused() -> None:
    zoom.check(Zoom(frames=59), (3000, 4000, 3))
    with pytest.raises(
        ConfigError, match=r"zoom\.frames = 60: at most 59 are allowed at 4000×3000 pixels"
    ):
        zoom.check(Zoom(frames=60), (3000, 4000, 3))
