"""The line of progress: what Snakemake's events turn into on a terminal and in a file."""

import io
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_filter_atlas as plugin

MakeHandler = Callable[..., plugin.LogHandler]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def make_handler(monkeypatch: pytest.MonkeyPatch) -> MakeHandler:
    def make(stream: io.StringIO, **settings: bool) -> plugin.LogHandler:
        monkeypatch.setattr("sys.stderr", stream)
        common: Any = SimpleNamespace(
            **{"stdout": False, "dryrun": False, "verbose": False, **settings}
        )
        return plugin.LogHandler(common, None)

    return make


def record(message: str = "", level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    made.__dict__.update(fields)
    return made


def run_of(jobs: int) -> list[logging.LogRecord]:
    """What Snakemake logs in a run of that many jobs."""
    records = [record("Job stats", event=LogEvent.RUN_INFO, stats={"total": jobs})]
    for job in range(1, jobs + 1):
        records += [
            record("Select jobs to execute..."),
            record("Execute 1 jobs...", event=LogEvent.JOB_STARTED),
            record("rule draw_filter", event=LogEvent.JOB_INFO),
            record("python …", event=LogEvent.SHELLCMD),
            record("Finished job", event=LogEvent.JOB_FINISHED),
            record(event=LogEvent.PROGRESS, done=job, total=jobs),
        ]
    return records


def test_thousands_of_jobs_are_a_few_lines_in_a_file(make_handler: MakeHandler) -> None:
    file = io.StringIO()
    handler = make_handler(file)

    for logged in run_of(4241):
        handler.emit(logged)
    handler.close()

    lines = file.getvalue().splitlines()
    assert len(lines) < 6
    assert "rule draw_filter" not in file.getvalue()
    assert "Job stats" in lines[0]
    assert "4241/4241" in lines[-1]
    assert "job/s" in lines[-1]


def test_a_terminal_has_a_bar_that_stays_in_place_with_rate_and_time_left(
    make_handler: MakeHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    handler = make_handler(terminal)
    clock = iter(range(10_000))
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))

    for logged in run_of(10)[:-6]:
        handler.emit(logged)

    last = terminal.getvalue().split("\r")[-1]
    assert "9/10" in last
    assert "<00:0" in last
    assert "job" in last
    handler.close()


def test_errors_and_warnings_are_shown_between(make_handler: MakeHandler) -> None:
    file = io.StringIO()
    handler = make_handler(file)

    handler.emit(record("Error in rule draw_filter", logging.ERROR, event=LogEvent.JOB_ERROR))
    handler.emit(record("Trying to restart job 3."))
    handler.emit(record("\tLogfile:\n\x1b[2Jhidden\u202e"))

    assert file.getvalue().splitlines() == [
        "Error in rule draw_filter",
        "Trying to restart job 3.",
        "        Logfile:",
        r"\x1b[2Jhidden\u202e",
    ]


def test_a_dry_run_lists_every_job(make_handler: MakeHandler) -> None:
    file = io.StringIO()
    handler = make_handler(file, dryrun=True)

    for logged in run_of(3):
        handler.emit(logged)

    assert file.getvalue().count("rule draw_filter") == 3
