"""Lighthouse's scores of a page, for `benchmarks/site.py`.

Lighthouse is Google's auditor of pages, a program for Node. npm installs the pinned version in
`.cache/lighthouse`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

VERSION = "12.8.2"
"""The last version that runs on Node 18 to 22."""

BARS = {"performance": 95, "accessibility": 100, "best-practices": 100}
"""The audited categories, and the minimum score of each."""

FOLDER = Path(__file__).parents[1] / ".cache" / "lighthouse"
FLAGS = "--headless=new --no-sandbox --disable-gpu --no-first-run"

Report = dict[str, Any]


def install() -> None:
    """Install the pinned version with npm, if it is not there yet."""
    package = FOLDER / "node_modules" / "lighthouse" / "package.json"
    if package.is_file() and json.loads(package.read_text())["version"] == VERSION:
        return
    if not shutil.which("npm"):
        sys.exit("Lighthouse needs Node and npm (apt install npm); or give --no-lighthouse")
    command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund"]
    subprocess.run([*command, f"lighthouse@{VERSION}"], check=True, stdout=subprocess.DEVNULL)


def audit(url: str, chromium: str, runs: int) -> list[Report]:
    """Audit a page `runs` times as on a slow phone, and return Lighthouse's reports.

    Lighthouse's defaults for phones: a screen of 412 × 823, a processor four times slower, and a
    slow 4G network. Both are simulated from a load without throttling.
    """
    node = shutil.which("node") or "node"
    program = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
    command = [node, str(program), url, "--quiet", "--output=json", "--output-path=stdout"]
    command += [f"--only-categories={','.join(BARS)}", f"--chrome-flags={FLAGS}"]
    command += ["--no-enable-error-reporting"]
    environment = {**os.environ, "CHROME_PATH": chromium}
    reports = []
    for _ in range(runs):
        run = subprocess.run(command, env=environment, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"Lighthouse failed on {url}:\n{run.stderr[-2000:]}")
        reports.append(json.loads(run.stdout))
    return reports


def score(reports: Sequence[Report], category: str) -> float:
    """The median of a category's scores, from 0 to 100."""
    return 100 * median(float(report["categories"][category]["score"]) for report in reports)


def layout_shift(reports: Sequence[Report]) -> float:
    """The median of the layout shift while a page loads, as a share of the screen."""
    name = "cumulative-layout-shift"
    return median(float(report["audits"][name]["numericValue"]) for report in reports)


def faults(reports: Sequence[Report], category: str) -> list[str]:
    """Names of the audits that lower the score of a category, in any of the reports."""
    found = {
        one["id"]
        for report in reports
        for one in report["categories"][category]["auditRefs"]
        if one["weight"]
        and (report["audits"][one["id"]]["score"] or 0) < 1
        and report["audits"][one["id"]]["scoreDisplayMode"]
        in {"binary", "numeric", "metricSavings"}
    }
    return sorted(found)
