"""Whether the atlas's pages keep their bars of bytes and speed.

    python benchmarks/site.py                        a synthetic site of all 4,224 filters
    python benchmarks/site.py --site results/atlas   a site that is there already
    python benchmarks/site.py --no-lighthouse        without Node

The bars are those of a layer's page with 512 filters, in a site of the whole network. A server on
this machine compresses text with gzip, as static hosts do, and pictures not. Chromium is driven by
Playwright, its processor slowed down 4 times.

- first view: all bytes that come over the wire, headers included, until the network is quiet,
  without scrolling; the most of three windows.
- scrolling: from the top of the page to its end, at 2,000 pixels a second; tasks of more than 50
  ms, by the browser's own count. Of all runs the best, for other work can only add to it.
- layout shift: all shifts while the page loads and is scrolled, added up; the worst of all runs.
- search: processor time of the page's scripts from a keystroke on, until the network is quiet and
  nothing is left to do. Filters are sorted by noisiness, and several queries typed; of each
  keystroke the best of all runs, and of these the slowest. Layout, painting and decoding are not
  in it; a row beside it has all that the page's thread does.
- Lighthouse: the median of all runs, as a phone (see `benchmarks/lighthouse.py`).
- building: processor time, as a share of what drawing the filters takes at least: the arithmetic of
  their ascents, at the speed at which NumPy multiplies large matrices.
"""

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import lighthouse  # type: ignore[import-not-found]  # it lies beside this script
import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from atlas.stress import Stress
from atlas.window import QuietHandler, installed_chromium, origin_of
from filter_atlas import config as settings
from filter_atlas import cost
from filter_atlas.plan import Plan

SLOWDOWN = 4
SPEED = 2000
"""Of scrolling, in pixels a second."""

WINDOWS = ((412, 823), (1280, 900), (1920, 1080))
USUAL = WINDOWS[1]
LONG = 50
"""A task of so many milliseconds is long."""

QUERIES = ("conv5_1 12", "block", "30-60 conv", "noisiness<0.02")
LAYOUT_SHIFT = 0.01
PAGES = (
    "layers/{layer}.html",
    "index.html",
    "index.html#q=block",
    "filters/{layer}/0.html",
    "compare.html",
    "compare.html#{layer}/0&{layer}/1",
    "methods.html",
    "data.html",
)

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".csv": "text/csv",
    ".svg": "image/svg+xml",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".png": "image/png",
}
"""What a host says that a file is; all but pictures of pixels it compresses."""

OBSERVE = """
window.seen = { tasks: [], shift: 0 };
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) seen.tasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) seen.shift += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True)
class Row:
    """A line of the table: what, its bar, what was measured; no bar is for information."""

    what: str
    bar: str
    measured: str
    met: bool | None = None

    @classmethod
    def at_most(cls, what: str, bar: float, measured: float, unit: str, digits: int = 0) -> "Row":
        """A figure that must not exceed its bar."""
        shown, limit = f"{measured:,.{digits}f} {unit}", f"≤ {bar:,} {unit}"
        return cls(what, limit.strip(), shown.strip(), measured <= bar)


def table(rows: Sequence[Row]) -> str:
    """The rows, as a Markdown table."""
    said = {True: "yes", False: "**no**", None: ""}
    lines = ["| what | bar | measured | met |", "|---|---:|---:|---|"]
    lines += [f"| {row.what} | {row.bar} | {row.measured} | {said[row.met]} |" for row in rows]
    return "\n".join(lines)


class Host(QuietHandler):
    """A static host: keeps connections open, compresses text, shows the site's page for 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  # it is http.server's name
        """Answer with a file, compressed if it is text."""
        path = Path(self.translate_path(self.path))
        found = path.is_file()
        path = path if found else Path(self.translate_path("/404.html"))
        body = path.read_bytes()
        self.send_response(200 if found else 404)
        kind = KINDS.get(path.suffix, "application/octet-stream")
        if kind.startswith(("text/", "application/json", "image/svg")):
            body = zipped(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Answer until the browser leaves, in whatever way."""
        with suppress(ConnectionError):
            super().handle()


@cache
def zipped(data: bytes) -> bytes:
    """Data as a server sends it."""
    return gzip.compress(data, compresslevel=6)


def chromium() -> str:
    """The path of a Chromium on this machine."""
    return installed_chromium() or sys.exit("This benchmark needs Chromium: apt install chromium")


@dataclass
class View:
    """A page in a slowed-down browser, and what it has fetched: bytes on the wire by path."""

    page: Page
    session: CDPSession
    fetched: dict[str, int]

    def metric(self, name: str) -> float:
        """Processor time in milliseconds that the page's thread has spent so far, by purpose."""
        told = self.session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(float(one["value"]) for one in told if one["name"] == name)

    def settle(self) -> None:
        """Wait until nothing is being fetched or drawn."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("() => new Promise((done) => requestIdleCallback(done))")


@contextmanager
def opened(browser: Browser, url: str, window: tuple[int, int] = USUAL) -> Iterator[View]:
    """A page that has loaded, with a cold cache."""
    context = browser.new_context(viewport={"width": window[0], "height": window[1]})
    page = context.new_page()
    page.add_init_script(OBSERVE)
    session = context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    fetched: dict[str, int] = {}

    def ask(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = urlsplit(event["request"]["url"]).path.lstrip("/")

    def come(event: dict[str, Any]) -> None:
        fetched[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", ask)
    session.on("Network.loadingFinished", come)
    session.send("Network.enable")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    view = View(page, session, fetched)
    page.goto(url, wait_until="load")
    view.settle()
    yield view
    context.close()


@dataclass(frozen=True)
class Scrolled:
    """What scrolling through a page has shown; times in milliseconds."""

    tasks: Sequence[float]
    shift: float


def scroll(browser: Browser, url: str) -> Scrolled:
    """Scroll through a page as with a wheel that never stops."""
    with opened(browser, url) as view:
        began = view.page.evaluate("performance.now()")
        way = view.page.evaluate("document.documentElement.scrollHeight - innerHeight")
        view.session.send(
            "Input.synthesizeScrollGesture",
            {"x": 200, "y": 400, "yDistance": -way, "speed": SPEED, "gestureSourceType": "mouse"},
        )
        view.settle()
        reached = view.page.evaluate("scrollY")
        if reached < way - 1:
            sys.exit(f"{url}: scrolled {reached} of {way} pixels")
        seen = view.page.evaluate("seen")
        tasks = [duration for start, duration in seen["tasks"] if start >= began]
        return Scrolled(tasks, seen["shift"])


@dataclass(frozen=True)
class Keystroke:
    """What a keystroke took, in milliseconds: of scripts, and of all that the thread does."""

    script: float
    all: float


def search(browser: Browser, url: str) -> tuple[float, list[Keystroke]]:
    """Type queries into a page's search.

    Returns: what the scripts take to fetch and read the data once, in milliseconds, and what every
    keystroke after that took.
    """
    with opened(browser, url) as view:
        field = view.page.locator(".find input[type=search]")
        field.focus()
        reading = press(view, "v").script
        view.page.locator(".find [name=sort]").select_option("cleanest")
        strokes = []
        for query in QUERIES:
            field.fill("")
            field.focus()
            strokes += [press(view, key) for key in query]
        return reading, strokes


def press(view: View, key: str) -> Keystroke:
    """Press a key, and see what came of it."""
    view.settle()
    before = [view.metric(name) for name in ("ScriptDuration", "TaskDuration")]
    view.page.keyboard.press(key)
    view.settle()
    after = [view.metric(name) for name in ("ScriptDuration", "TaskDuration")]
    return Keystroke(*(now - then for now, then in zip(after, before, strict=True)))


def page_rows(browser: Browser, site: Path, origin: str, name: str, runs: int) -> list[Row]:
    """The bars of one layer's page."""
    url = f"{origin}/{name}"
    views = {}
    for window in WINDOWS:
        with opened(browser, url, window) as view:
            views[window] = sum(view.fetched.values())
            if window == USUAL:
                fetched = list(view.fetched)
                elements = view.page.evaluate("document.querySelectorAll('*').length")
                view.page.locator(".tiles a").first.click()
                view.page.locator("#panel[open]").wait_for()
                with_panel = view.page.evaluate("document.querySelectorAll('*').length")

    def weight(suffix: str) -> int:
        names = [one for one in fetched if one.startswith("assets/") and one.endswith(suffix)]
        return sum(len(zipped((site / one).read_bytes())) for one in names)

    data = site / "data" / f"{Path(name).stem}.js"
    scrolls = [scroll(browser, url) for _ in range(runs)]
    calmest = min(scrolls, key=lambda one: sum(one.tasks))
    tasks = ", ".join(f"{task:.0f} ms" for task in calmest.tasks) or "none"
    return [
        Row.at_most("HTML", 250, (site / name).stat().st_size / 1000, "KB"),
        Row.at_most("scripts, gzipped", 15, weight(".js") / 1000, "KB", 1),
        Row.at_most("style, gzipped", 8, weight(".css") / 1000, "KB", 1),
        Row(
            "data of the layer, when it is first searched or a panel opened, gzipped",
            "",
            f"{len(zipped(data.read_bytes())) / 1000:,.0f} KB",
        ),
        *(
            Row.at_most(f"first view, {w} × {h}", 1000, size / 1000, "KB")
            for (w, h), size in views.items()
        ),
        Row.at_most("elements", 1400, elements, ""),
        Row("elements, with a panel open", "", f"{with_panel:,}"),
        Row(f"long tasks (> {LONG} ms) while scrolling", "none", tasks, not calmest.tasks),
        Row.at_most("layout shift", LAYOUT_SHIFT, max(one.shift for one in scrolls), "", 4),
    ]


def search_rows(browser: Browser, url: str, what: str, runs: int) -> list[Row]:
    """The bar of searching on one page."""
    found = [search(browser, url) for _ in range(runs)]
    # Keystroke by keystroke: what disturbs hits another one in every run.
    alike = list(zip(*(strokes for _, strokes in found), strict=True))
    script = max(min(one.script for one in same) for same in alike)
    everything = max(min(one.all for one in same) for same in alike)
    reading = min(reading for reading, _ in found)
    return [
        Row.at_most(f"{what}: scripts, a keystroke", 16, script, "ms", 1),
        Row(f"{what}: with layout and painting", "", f"{everything:.0f} ms"),
        Row(f"{what}: scripts, reading the data once", "", f"{reading:.0f} ms"),
    ]


def lighthouse_row(origin: str, name: str, runs: int) -> list[str]:
    """What Lighthouse says of one page: a cell for each of its bars, bold where it is missed."""
    reports = lighthouse.audit(f"{origin}/{name}", chromium(), runs)
    cells = [f"`{name}`"]
    for category, bar in lighthouse.BARS.items():
        score = lighthouse.score(reports, category)
        missed = ", ".join(lighthouse.faults(reports, category))
        cells.append(f"{score:.0f}" if score >= bar else f"**{score:.0f}**: {missed}")
    shift = lighthouse.layout_shift(reports)
    return [*cells, f"{shift:.3f}" if shift <= LAYOUT_SHIFT else f"**{shift:.3f}**"]


def lighthouse_table(origin: str, layer: str, runs: int) -> Iterator[str]:
    """What Lighthouse says of a layer's page and of others, line by line."""
    bars = [f"{name} ≥ {bar}" for name, bar in lighthouse.BARS.items()]
    yield f"| page | {' | '.join(bars)} | layout shift ≤ {LAYOUT_SHIFT} |"
    yield "|---|---:|---:|---:|---:|"
    for page in PAGES:
        yield f"| {' | '.join(lighthouse_row(origin, page.format(layer=layer), runs))} |"


def build_rows(folder: Path) -> list[Row]:
    """Build the synthetic site in `folder`/atlas, and see what it costs."""
    run = Stress(folder)
    run.draw()
    before = multiplication_speed()
    whole = processor_seconds(run.build)
    speed = (before + multiplication_speed()) / 2
    files = [path for path in run.out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    idle = processor_seconds(run.build)
    inodes = {path: path.stat().st_ino for path in files}
    run.note("block5_conv3", 300, start_activation=0.2)
    one = processor_seconds(run.build)
    rewritten = [path for path, inode in inodes.items() if path.stat().st_ino != inode]
    plan = Plan.of(settings.read({"filters": "all"}))
    drawing = sum(cost.ascent(layer, plan.recipe) for layer, _ in plan.filters) / speed
    return [
        Row("files of the site", "", f"{len(files):,}"),
        Row("bytes of the site", "", f"{size / 1e6:,.0f} MB"),
        Row("building / drawing its filters, at least", "", f"{whole / drawing:.1%}"),
        Row("building again, nothing changed / building", "", f"{idle / whole:.0%}"),
        Row("building again, one filter changed / building", "", f"{one / whole:.0%}"),
        Row("files rewritten after one filter changed", "", f"{len(rewritten)}"),
    ]


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of some work, all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def multiplication_speed() -> float:
    """Floating-point operations in a second of processor time, multiplying large matrices."""
    size = 2048
    matrix = np.random.default_rng(0).random((size, size), np.float32)
    return 2 * size**3 / min(processor_seconds(lambda: matrix @ matrix) for _ in range(5))


def main() -> None:
    """Measure the site, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, help="a site that is there (default: a synthetic one)")
    parser.add_argument("--runs", type=int, default=5, help="of each measurement (5)")
    parser.add_argument("--no-lighthouse", action="store_true", help="leave Lighthouse out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if arguments.site:
            site = arguments.site.resolve()
        else:
            print("Building\n\n" + table(build_rows(Path(temporary) / "results")), flush=True)
            site = Path(temporary) / "results" / "atlas"
        name = max((site / "layers").glob("*.html"), key=lambda path: path.stat().st_size).name
        wide = f"layers/{name}"
        with origin_of(site, "http", Host) as origin:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
                )
                rows = page_rows(browser, site, origin, wide, arguments.runs)
                print(f"\n`{wide}`\n\n{table(rows)}", flush=True)
                rows = search_rows(browser, f"{origin}/index.html", "all", arguments.runs)
                rows += search_rows(browser, f"{origin}/{wide}", "one layer", arguments.runs)
                print(f"\nSearch\n\n{table(rows)}", flush=True)
                browser.close()
            if not arguments.no_lighthouse:
                lighthouse.install()
                print(f"\nLighthouse {lighthouse.VERSION}\n", flush=True)
                for line in lighthouse_table(origin, Path(name).stem, arguments.runs):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
