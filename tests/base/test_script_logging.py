"""All output of a script reaches its log, and no error is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINTING = """
    print("from Python")
    print("an error from Python", file=sys.stderr)
    os.write(1, b"from a library\\n")
    os.write(2, b"a message from a library\\n")
    subprocess.run(["echo", "from another program"])
"""
FAILING = """
    raise FilterAtlasError("no more of this")
"""


def script(log: Path | str, body: str) -> subprocess.CompletedProcess[str]:
    """Run a script with this body inside `logged`."""
    lines = [
        "import os, subprocess, sys",
        "from filter_atlas.base.errors import FilterAtlasError",
        "from filter_atlas.base.script_logging import log_line, logged",
        f"with logged({str(log)!r}):",
        body,
        "print('afterwards')",
    ]
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )


def test_all_output_of_a_script_goes_to_its_log_in_order(
    tmp_path: Path,
) -> None:
    log = tmp_path / "rule.log"

    run = script(log, PRINTING)

    assert log.read_text().splitlines() == [
        "from Python",
        "an error from Python",
        "from a library",
        "a message from a library",
        "from another program",
    ]
    assert (run.stdout, run.stderr) == ("afterwards\n", "")


def test_an_error_that_users_can_correct_is_one_line_in_the_log_and_status_2(
    tmp_path: Path,
) -> None:
    log = tmp_path / "rule.log"

    run = script(log, FAILING)

    assert log.read_text() == "Error: no more of this\n"
    assert (run.returncode, run.stdout, run.stderr) == (2, "", "")


def test_an_unexpected_error_keeps_its_traceback_in_the_log_without_control_characters(
    tmp_path: Path,
) -> None:
    log = tmp_path / "rule.log"

    run = script(log, "    log_line('a layer \\x1b[31m')\n    raise ArithmeticError('\\x1b[2J')")

    first, *others = log.read_text().splitlines()
    assert first == r"a layer \x1b[31m"
    assert others[0] == "Traceback (most recent call last):"
    assert others[-1] == r"ArithmeticError: \x1b[2J"
    assert (run.returncode, run.stdout, run.stderr) == (1, "", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_an_error_that_cannot_be_logged_goes_to_the_terminal() -> None:
    run = script("/dev/full", FAILING)

    assert (run.returncode, run.stderr) == (2, "Error: no more of this\n")
