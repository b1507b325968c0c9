"""The site in a real browser, from a folder and from a server."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from filter_atlas.plan import LayerPlan

from .conftest import Run

ODD = "<img onerror> 100%"
PAGES = ["index.html", "layers/block5_conv1.html", "layers/~3cimg~20onerror~3e~20100~25.html"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed (pip install playwright)"
    )
    names = ("chromium", "chromium-browser", "google-chrome")
    installed = filter(None, map(shutil.which, names))
    found = os.environ.get("FILTER_ATLAS_CHROMIUM") or next(installed, None)
    if not found:
        pytest.skip(f"no browser: none of {', '.join(names)} on PATH, FILTER_ATLAS_CHROMIUM unset")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=["file", "http"])
def origin(request: pytest.FixtureRequest, make_run: Callable[..., Run]) -> Iterator[str]:
    """A site's address: its folder, or a server of it on this machine."""
    run = make_run(
        LayerPlan("block5_conv1", "conv5_1", 512, tuple(range(100))),
        LayerPlan(ODD, "odd", 1, (0,)),
    )
    out = run.build()
    if request.param == "file":
        yield out.as_uri()
        return
    handler = partial(QuietHandler, directory=str(out))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Visit:
    """A page of the site in a window, and everything that went wrong in it."""

    def __init__(self, browser: Any, origin: str, width: int = 1280, scheme: str = "light") -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)
        self.page.on("requestfailed", lambda r: self.complaints.append(f"failed: {r.url}"))
        self.page.on("response", self._judge)

    def open(self, name: str) -> Any:
        self.page.goto(f"{self.origin}/{name}", wait_until="load")
        return self.page

    def see_all_pictures(self) -> int:
        """Load every picture and say how many there are."""
        return int(
            self.page.evaluate(
                """async () => {
                    const images = [...document.images];
                    images.forEach(image => image.loading = "eager");
                    await Promise.all(images.map(image => image.decode()));
                    return images.filter(image => image.naturalWidth > 0).length;
                }"""
            )
        )

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _watch(self, request: Any) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(self.origin):
            self.complaints.append(f"foreign: {request.url}")

    def _judge(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_all_its_pictures_and_nothing_is_complained_about(
    browser: Any, origin: str, name: str, scheme: str
) -> None:
    visit = Visit(browser, origin, scheme=scheme)
    page = visit.open(name)
    assert visit.see_all_pictures() == page.locator("img").count() > 0
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", "no style sheet"
    assert visit.complaints == []
    assert any(url.endswith("atlas.css") for url in visit.requests)
    page.close()


@pytest.mark.parametrize("width", [320, 375, 1280, 2560])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_width_of_the_window(
    browser: Any, origin: str, name: str, width: int
) -> None:
    page = Visit(browser, origin, width=width).open(name)
    for details in page.locator("details").all():
        details.evaluate("element => element.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_a_filter_far_down_is_where_its_link_leads(browser: Any, origin: str) -> None:
    page = Visit(browser, origin).open("layers/block5_conv1.html#filter-40")
    page.locator("#filter-40 img").evaluate("image => image.decode()")
    box = page.locator("#filter-40").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 100
    page.close()


def test_a_page_has_its_full_height_before_its_filters_are_laid_out(
    browser: Any, origin: str
) -> None:
    page = Visit(browser, origin, width=375).open("layers/block5_conv1.html")
    height = "document.documentElement.scrollHeight"
    before = page.evaluate(height)
    page.evaluate(
        "document.querySelectorAll('figure').forEach(f => f.style.contentVisibility = 'visible')"
    )
    assert page.evaluate(height) == pytest.approx(before, abs=2)
    page.close()


def test_the_way_leads_from_the_first_page_to_a_layer_and_on_and_back(
    browser: Any, origin: str
) -> None:
    page = Visit(browser, origin).open("index.html")
    # By its place: what lies there is the link of the whole card, not the picture.
    page.locator(".card img").first.click(force=True)
    assert page.url.endswith("layers/block5_conv1.html")
    page.locator("a[rel=next]").first.click()
    assert page.locator("h1").inner_text() == ODD
    page.get_by_role("link", name="Filter Atlas").first.click()
    assert page.url.endswith("index.html")
    page.close()
