"""Bytes and speed of the atlas's pages, compared with their limits.

    python benchmarks/site.py                        a synthetic site of all 4,224 filters
    python benchmarks/site.py --site results/atlas   an existing site
    python benchmarks/site.py --no-lighthouse        without Node

The limits are for a layer's page with 512 filters, in a site of the whole network. A server on this
machine compresses text with gzip and leaves pictures alone, as static hosts do. Playwright drives
Chromium, whose processor is slowed down 4 times.

- first view: all bytes over the wire, with headers, until the network is quiet, without scrolling;
  for three windows.
- scrolling: from the top of the page to its end, at 2,000 pixels per second; tasks of more than
  50 ms, counted by the browser. The best of all runs, because other work can only add to it.
- layout shift: the sum of all shifts while the page loads and scrolls; the worst of all runs.
- search: processor time of the page's scripts from a keystroke until the network is quiet and
  nothing is left to do. Filters are sorted by noisiness, and several queries are typed. The best of
  all runs for each keystroke, and the slowest keystroke of these. Layout, painting and decoding do
  not count; another row has all work of the page's thread.
- Lighthouse: the median of all runs, as a phone (see `benchmarks/lighthouse.py`).
- building: processor time, as a share of the minimum for drawing the filters, which is the
  arithmetic of their ascents at the speed at which NumPy multiplies large matrices.
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

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

import lighthouse
from filter_atlas.networks import arithmetic
from filter_atlas.site.data import PART
from filter_atlas.workflow.preflight import plan_run
from website.stress import Stress
from website.window import QuietHandler, installed_chromium, origin_of

SLOWDOWN = 4
SPEED = 2000
"""Scrolling speed, in pixels per second."""

WINDOWS = ((412, 823), (1280, 900), (1920, 1080))
USUAL = WINDOWS[1]
LONG = 50
"""Minimum duration of a long task, in milliseconds."""

QUERIES = ("conv5_1 12", "block", "30-60 conv", "noisiness<0.02")
LAYOUT_SHIFT = 0.01
PAGES = (
    "layers/{layer}.html",
    "views/photographs/{layer}.html",
    "index.html",
    "index.html#q=block",
    "filters/{layer}/0.html",
    "compare.html",
    "compare.html#{layer}/0&{layer}/1",
    "photographs.html",
    "{photograph}",
    "circuits.html",
    "circuits/{layer}.html",
    "circuits/{layer}/0.html",
    "views.html",
    "views/owl.html",
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
"""Content types by suffix; the host compresses all except pictures of pixels."""

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
    """A row of the table: a figure, its limit, and its measured value; the limit can be empty."""

    what: str
    limit: str
    measured: str
    met: bool | None = None

    @classmethod
    def at_most(cls, what: str, limit: float, measured: float, unit: str, digits: int = 0) -> "Row":
        """A figure that must not exceed its limit."""
        shown, bound = f"{measured:,.{digits}f} {unit}", f"≤ {limit:,} {unit}"
        return cls(what, bound.strip(), shown.strip(), measured <= limit)


def table(rows: Sequence[Row]) -> str:
    """The rows, as a Markdown table."""
    words = {True: "yes", False: "**no**", None: ""}
    lines = ["| what | limit | measured | met |", "|---|---:|---:|---|"]
    lines += [f"| {row.what} | {row.limit} | {row.measured} | {words[row.met]} |" for row in rows]
    return "\n".join(lines)


class Host(QuietHandler):
    """A static host: keeps connections open, compresses text, has the site's page for 404."""

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
        """Answer until the browser closes the connection."""
        with suppress(ConnectionError):
            super().handle()


@cache
def zipped(data: bytes) -> bytes:
    """Data as a server sends it, compressed."""
    return gzip.compress(data, compresslevel=6)


def chromium() -> str:
    """The path of a Chromium on this machine."""
    return installed_chromium() or sys.exit("This benchmark needs Chromium: apt install chromium")


@dataclass
class View:
    """A page in a slowed-down browser, and the bytes that it has fetched, by path."""

    page: Page
    session: CDPSession
    fetched: dict[str, int]

    def metric(self, name: str) -> float:
        """Processor time of the page's thread for one purpose, in milliseconds."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(float(one["value"]) for one in metrics if one["name"] == name)

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
    """Long tasks and layout shift while scrolling; times in milliseconds."""

    tasks: Sequence[float]
    shift: float


def scroll(browser: Browser, url: str) -> Scrolled:
    """Scroll through a page without a stop."""
    with opened(browser, url) as view:
        began = view.page.evaluate("performance.now()")
        distance = view.page.evaluate("document.documentElement.scrollHeight - innerHeight")
        view.session.send(
            "Input.synthesizeScrollGesture",
            {
                "x": 200,
                "y": 400,
                "yDistance": -distance,
                "speed": SPEED,
                "gestureSourceType": "mouse",
            },
        )
        view.settle()
        reached = view.page.evaluate("scrollY")
        if reached < distance - 1:
            sys.exit(f"{url}: scrolled {reached} of {distance} pixels")
        seen = view.page.evaluate("seen")
        tasks = [duration for start, duration in seen["tasks"] if start >= began]
        return Scrolled(tasks, seen["shift"])


@dataclass(frozen=True)
class Keystroke:
    """Milliseconds after a keystroke: of scripts, and of all work of the thread."""

    script: float
    all: float


def search(browser: Browser, url: str) -> tuple[float, list[Keystroke]]:
    """Type queries into a page's search.

    Returns:
        Milliseconds of the scripts for fetching and reading the data once, and the times of every
        later keystroke.
    """
    with opened(browser, url) as view:
        field = view.page.locator(".find input[type=search]")
        field.focus()
        reading = press(view, "v").script
        view.page.locator(".find [name=sort]").select_option("noisiness")
        strokes = []
        for query in QUERIES:
            field.fill("")
            field.focus()
            strokes += [press(view, key) for key in query]
        return reading, strokes


def press(view: View, key: str) -> Keystroke:
    """Press a key, and measure the work after it."""
    view.settle()
    before = [view.metric(name) for name in ("ScriptDuration", "TaskDuration")]
    view.page.keyboard.press(key)
    view.settle()
    after = [view.metric(name) for name in ("ScriptDuration", "TaskDuration")]
    return Keystroke(*(now - then for now, then in zip(after, before, strict=True)))


def page_rows(browser: Browser, site: Path, origin: str, name: str, runs: int) -> list[Row]:
    """The figures of one layer's page."""
    url = f"{origin}/{name}"
    views = {}
    for window in WINDOWS:
        with opened(browser, url, window) as view:
            views[window] = sum(view.fetched.values())
            if window == USUAL:
                fetched = list(view.fetched)
                elements = view.page.evaluate("document.querySelectorAll('*').length")
                view.page.locator(".thumbnails a").first.click()
                view.page.locator("#panel[open]").wait_for()
                with_panel = view.page.evaluate("document.querySelectorAll('*').length")

    def weight(suffix: str) -> int:
        names = [one for one in fetched if one.startswith("assets/") and one.endswith(suffix)]
        return sum(len(zipped((site / one).read_bytes())) for one in names)

    data = site / "data" / Path(name).stem
    panels = max(len(zipped(part.read_bytes())) for part in data.iterdir())
    scrolls = [scroll(browser, url) for _ in range(runs)]
    calmest = min(scrolls, key=lambda one: sum(one.tasks))
    tasks = ", ".join(f"{task:.0f} ms" for task in calmest.tasks) or "none"
    return [
        Row.at_most("HTML", 250, (site / name).stat().st_size / 1000, "KB"),
        Row.at_most("scripts, gzipped", 15, weight(".js") / 1000, "KB", 1),
        Row.at_most("style, gzipped", 8, weight(".css") / 1000, "KB", 1),
        Row(
            "data of the layer, when it is first searched, gzipped",
            "",
            f"{len(zipped(data.with_suffix('.js').read_bytes())) / 1000:,.0f} KB",
        ),
        Row(f"data of {PART} panels, when one is opened, gzipped", "", f"{panels / 1000:,.0f} KB"),
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
    """The figures of the search on one page."""
    found = [search(browser, url) for _ in range(runs)]
    # Keystroke by keystroke: a disturbance hits another one in every run.
    by_keystroke = list(zip(*(strokes for _, strokes in found), strict=True))
    script = max(min(one.script for one in same) for same in by_keystroke)
    everything = max(min(one.all for one in same) for same in by_keystroke)
    reading = min(reading for reading, _ in found)
    return [
        Row.at_most(f"{what}: scripts, a keystroke", 16, script, "ms", 1),
        Row(f"{what}: with layout and painting", "", f"{everything:.0f} ms"),
        Row(f"{what}: scripts, reading the data once", "", f"{reading:.0f} ms"),
    ]


def lighthouse_row(origin: str, name: str, runs: int) -> list[str]:
    """Lighthouse's row of one page: a cell for each limit, bold if it is not met."""
    reports = lighthouse.audit(f"{origin}/{name}", chromium(), runs)
    cells = [f"`{name}`"]
    for category, bar in lighthouse.BARS.items():
        score = lighthouse.score(reports, category)
        missed = ", ".join(lighthouse.faults(reports, category))
        cells.append(f"{score:.0f}" if score >= bar else f"**{score:.0f}**: {missed}")
    shift = lighthouse.layout_shift(reports)
    return [*cells, f"{shift:.3f}" if shift <= LAYOUT_SHIFT else f"**{shift:.3f}**"]


def fullest_photograph(site: Path) -> Path:
    """The page of the photograph with the most patches."""
    pages = [path for path in (site / "photographs").glob("*.html") if "-" not in path.name]
    return max(pages, key=lambda path: path.stat().st_size)


def photograph_rows(site: Path) -> list[Row]:
    """The bytes of photographs and of their patches."""
    shown = [*(site / "patches").rglob("*.*"), *(site / "photographs").glob("*.webp")]
    return [
        Row.at_most(
            "HTML of the fullest page", 250, fullest_photograph(site).stat().st_size / 1000, "KB"
        ),
        Row.at_most(
            "photographs and patches", 60, sum(path.stat().st_size for path in shown) / 1e6, "MB", 1
        ),
    ]


def lighthouse_table(origin: str, layer: str, photograph: str, runs: int) -> Iterator[str]:
    """Lighthouse's table of a layer's page and of others, line by line."""
    bars = [f"{name} ≥ {bar}" for name, bar in lighthouse.BARS.items()]
    yield f"| page | {' | '.join(bars)} | layout shift ≤ {LAYOUT_SHIFT} |"
    yield "|---|---:|---:|---:|---:|"
    for page in PAGES:
        name = page.format(layer=layer, photograph=photograph)
        yield f"| {' | '.join(lighthouse_row(origin, name, runs))} |"


def build_rows(folder: Path) -> list[Row]:
    """Build the synthetic site in `folder`/atlas, and measure the build."""
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
    plan = plan_run({"filters": "all", "dreams": "none", "classes": "none"})
    drawing = sum(arithmetic.ascent(layer, plan.recipe) for layer, _ in plan.filters) / speed
    return [
        Row("files of the site", "", f"{len(files):,}"),
        Row("bytes of the site", "", f"{size / 1e6:,.0f} MB"),
        Row("building / drawing its filters, at least", "", f"{whole / drawing:.1%}"),
        Row("building again, nothing changed / building", "", f"{idle / whole:.0%}"),
        Row("building again, one filter changed / building", "", f"{one / whole:.0%}"),
        Row("files rewritten after one filter changed", "", f"{len(rewritten)}"),
    ]


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of some work, the sum of all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def multiplication_speed() -> float:
    """Floating-point operations per second of processor time, for products of large matrices."""
    size = 2048
    matrix = np.random.default_rng(0).random((size, size), np.float32)
    return 2 * size**3 / min(processor_seconds(lambda: matrix @ matrix) for _ in range(5))


def main() -> None:
    """Measure the site, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, help="an existing site (default: a synthetic one)")
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
                print(f"\nPhotographs\n\n{table(photograph_rows(site))}", flush=True)
                browser.close()
            if not arguments.no_lighthouse:
                lighthouse.install()
                print(f"\nLighthouse {lighthouse.VERSION}\n", flush=True)
                photograph = fullest_photograph(site).relative_to(site).as_posix()
                for line in lighthouse_table(origin, Path(name).stem, photograph, arguments.runs):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
