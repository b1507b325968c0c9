"""Photographs, and a small classifier of digits, for the tests of class pictures."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

SIZE = 32
"""Side of the pictures of the small classifiers here, in pixels."""


@pytest.fixture(scope="session")
def photographs() -> list[np.ndarray]:
    """Two photographs of scikit-learn, a temple and a flower: uint8, RGB."""
    return [np.asarray(image) for image in load_sample_images().images]


@pytest.fixture(scope="session")
def digit_pictures() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's handwritten digits: (1797, 32, 32, 3) float32, grey levels, and the labels.

    They are grey, so BGR and RGB are the same.
    """
    digits = load_digits()
    small = (digits.images * (255 / 16)).astype(np.uint8)
    large = np.stack(
        [
            np.asarray(Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BILINEAR))
            for one in small
        ]
    )
    return np.repeat(large[..., np.newaxis], 3, axis=-1).astype(np.float32), digits.target


@pytest.fixture(scope="session")
def digits_file(
    digit_pictures: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A `.keras` classifier of digits, trained here in seconds, with softmax in its last layer.

    It takes RGB, 0 to 255, and contains its own preprocessing, so its preprocessing is `raw`.
    """
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    pictures, targets = digit_pictures
    model.fit(pictures, targets, batch_size=64, epochs=8, verbose=0)
    path = tmp_path_factory.mktemp("digits") / "digits.keras"
    model.save(path)
    return path
