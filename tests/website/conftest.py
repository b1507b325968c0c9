"""The results of a small run, and the site that the builder makes of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filter_atlas.workflow.plan import LayerPlan

from .results import LAYERS, Run
from .window import Visit, Window, chromium, origin_of, visits


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """Draw the results of a run of these layers."""

    def make(*layers: LayerPlan) -> Run:
        run = Run(tmp_path / "results", layers or LAYERS)
        run.draw()
        return run

    return make


@pytest.fixture
def run(make_run: Callable[..., Run]) -> Run:
    """A run of three layers, one of them with gaps between its filters."""
    return make_run()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with everything that a run can make, and its site; tests must not change it."""
    run = Run(tmp_path_factory.mktemp("whole") / "results")
    run.draw()
    run.add_everything()
    run.build()
    return run


# Not for the whole session: an open Playwright runs an event loop, and other tests run their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A browser that all tests of the pages share."""
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="package")
def window(browser: Any) -> Window:
    """A window of the browser that all tests of the pages share."""
    return Window(browser)


@pytest.fixture
def without_scripts(browser: Any, site: str) -> Iterator[Visit]:
    """Opens pages of the site with everything, without running their scripts."""
    visit = Visit(browser, site, java_script_enabled=False)
    yield visit
    visit.page.close()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, whole: Run) -> Iterator[str]:
    """The address of the site with everything: its folder, or a server where a test asks for it."""
    with origin_of(whole.out, getattr(request, "param", "file")) as address:
        yield address


@pytest.fixture
def visit(window: Window, site: str) -> Iterator[Callable[..., Any]]:
    """Open pages of the site. At the end there may be no complaints."""
    with visits(window, site) as open_page:
        yield open_page


@pytest.fixture
def new_window(browser: Any, site: str) -> Iterator[Callable[..., Visit]]:
    """Open windows that no other test uses. At the end there may be no complaints."""
    made: list[Visit] = []

    def open_window(**options: Any) -> Visit:
        made.append(Visit(browser, site, **options))
        return made[-1]

    yield open_window
    for visit in made:
        visit.page.close()
    assert [complaint for visit in made for complaint in visit.complaints] == []
