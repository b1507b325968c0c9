"""A small run's results, and the site that the builder makes of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from filter_atlas.plan import LayerPlan

from .results import SECTIONS, Run


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Draw the results of a run of these layers."""

    def make(*sections: LayerPlan) -> Run:
        run = Run(tmp_path / "results", sections or SECTIONS)
        run.draw()
        return run

    return make


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    """A run of three layers, one of them with gaps between its filters."""
    return make_run()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with all that there can be, and its site; not to be altered."""
    run = Run(tmp_path_factory.mktemp("whole") / "results")
    run.draw()
    run.all_that_there_can_be()
    run.build()
    return run
