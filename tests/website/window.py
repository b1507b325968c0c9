"""A page of a site in a real browser, with all errors and warnings that it causes."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("site", ["file", "http"], indirect=True)
"""Visits the site from its folder and from a server. Without this, it is the folder."""

PATIENCE = 600
"""Seconds after which a test no longer waits for a page, on any machine."""

NAMES = ("chromium", "chromium-browser", "google-chrome")


def installed_chromium() -> str | None:
    """The path of a Chromium on this machine; None if there is none."""
    installed = filter(None, map(shutil.which, NAMES))
    return os.environ.get("FILTER_ATLAS_CHROMIUM") or next(installed, None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A Chromium; the test is skipped if there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed (pip install playwright)"
    )
    found = installed_chromium()
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} on PATH, FILTER_ATLAS_CHROMIUM unset")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found,
            timeout=1000 * PATIENCE,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder without a log."""

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def origin_of(
    out: Path, kind: str, handler: type[SimpleHTTPRequestHandler] = QuietHandler
) -> Iterator[str]:
    """A site's address: its folder (`file`), or a server of it on this machine (`http`)."""
    if kind == "file":
        yield out.as_uri()
        return
    serve = partial(handler, directory=str(out))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Visit:
    """A page of the site in a window, with all errors and warnings that it caused."""

    def __init__(
        self, browser: Any, origin: str, width: int = 1280, scheme: str = "light", **more: Any
    ) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **more
        )
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        self.page.on("console", self._check_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._check_request)
        self.page.on("requestfailed", self._check_failure)
        self.page.on("response", self._check_response)

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

    def _check_message(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _check_failure(self, request: Any) -> None:
        # A request that was still open when the page was left is not an error.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"failed: {request.url}")

    def _check_request(self, request: Any) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(self.origin):
            self.complaints.append(f"foreign: {request.url}")

    def _check_response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


class Window(Visit):
    """A window that many tests use one after the other: a new one takes far longer than a page."""

    def __init__(self, browser: Any) -> None:
        super().__init__(browser, "about:")

    def visit(
        self,
        origin: str,
        name: str,
        width: int = 1280,
        scheme: str = "light",
        forced_colors: str = "none",
        reduced_motion: str = "no-preference",
    ) -> Any:
        """Open a page of a site as in a new window: nothing is stored, nothing is pressed."""
        self.forget()
        self.origin = origin
        self.requests.clear()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(
            media="null",
            color_scheme=scheme,
            forced_colors=forced_colors,
            reduced_motion=reduced_motion,
        )
        return self.open(name)

    def forget(self) -> None:
        """Leave the page, and nothing that it has stored."""
        if self.page.url != "about:blank":
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
            # From here every page is loaded, also the same one with another fragment.
            self.page.goto("about:blank")
        self.page.mouse.move(0, 0)


@contextmanager
def visits(window: Window, origin: str) -> Iterator[Callable[..., Any]]:
    """Open pages of a site in one window. At the end there may be no complaints."""
    window.complaints.clear()
    yield partial(window.visit, origin)
    window.forget()
    assert window.complaints == []
