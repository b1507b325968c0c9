"""Small Keras networks of every structure, with weights."""

from collections.abc import Callable

import keras
import pytest

from keras_models import nested, odd, residual, sequential

Build = Callable[[], keras.Model]

BUILDS: dict[str, Build] = {build.__name__: build for build in (sequential, residual, odd, nested)}


@pytest.fixture(params=BUILDS)
def model(request: pytest.FixtureRequest) -> keras.Model:
    """A small network whose weights and batch norms differ from the initial ones."""
    keras.utils.set_random_seed(1)
    built = BUILDS[request.param]()
    for variable in built.weights:
        variable.assign(keras.random.uniform(variable.shape, 0.1, 0.6, seed=len(variable.path)))
        if "kernel" in variable.path:
            variable.assign(keras.random.normal(variable.shape, 0, 0.2, seed=3))
    return built
