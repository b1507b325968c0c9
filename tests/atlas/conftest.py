"""A small run's results, and the site that the builder makes of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.plan import LayerPlan

from .results import SECTIONS, Run
from .window import chromium, origin_of, visits


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


# Not for the whole session: Playwright has an event loop run while it is open, and other tests
# run their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A browser that all tests of the pages share."""
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="session", params=["file", "http"])
def site(request: pytest.FixtureRequest, whole: Run) -> Iterator[str]:
    """The address of the site with all that there can be, from a folder and from a server."""
    with origin_of(whole.out, request.param) as address:
        yield address


@pytest.fixture
def visit(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """Open pages of the site. At the end nothing may have been complained about."""
    with visits(browser, site) as open_page:
        yield open_page
