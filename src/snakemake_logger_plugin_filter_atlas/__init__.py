"""A Snakemake logger for thousands of short jobs: a line of progress instead of a block for each.

Snakemake finds it by the name of the package (`--logger filter-atlas`, set in `profiles/default`).
The line shows the share of finished jobs, the rate, and the time left. Errors, warnings and the
summary are shown as Snakemake writes them. On a terminal the line is a bar that stays in place; a
file gets one line every half minute.
"""

import sys
from logging import INFO, LogRecord
from typing import Any, TextIO, cast

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from filter_atlas.base.errors import printable

PER_JOB = {
    LogEvent.JOB_INFO,
    LogEvent.JOB_STARTED,
    LogEvent.JOB_FINISHED,
    LogEvent.SHELLCMD,
    LogEvent.RESOURCES_INFO,
}
"""Events of every job; they add nothing to the line of progress."""

CHATTER = ("Select jobs to execute", "Execute ")

SECONDS_BETWEEN_LINES = 30


class _Lines:
    """A stream for tqdm that ends every line, because a file has no cursor to move back."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        line = text.strip("\r\n ")
        if line:
            self.stream.write(line + "\n")

    def flush(self) -> None:
        self.stream.flush()


class LogHandler(LogHandlerBase):
    """The logger; Snakemake makes one for every run."""

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.bar: tqdm[Any] | None = None

    def emit(self, record: LogRecord) -> None:
        """Show a record, or update the line of progress."""
        event = getattr(record, "event", None)
        if self.common_settings.dryrun or self.common_settings.verbose:
            self._show(record)
        elif event == LogEvent.RUN_INFO:
            self._show(record)
            self._progress(0, cast(Any, record).stats["total"])
        elif event == LogEvent.PROGRESS:
            self._progress(cast(Any, record).done, cast(Any, record).total)
        elif event in PER_JOB or self._chatter(record):
            pass
        else:
            self._show(record)

    def close(self) -> None:
        """End the line of progress."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """Yes: it replaces Snakemake's own output."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No."""
        return False

    @property
    def has_filter(self) -> bool:
        """No: Snakemake's own filter applies, and with it `--quiet`."""
        return False

    @property
    def has_formatter(self) -> bool:
        """No: Snakemake's own formatter applies, except to the line of progress."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False

    def _chatter(self, record: LogRecord) -> bool:
        return record.levelno <= INFO and record.getMessage().startswith(CHATTER)

    def _show(self, record: LogRecord) -> None:
        text = self.format(record)
        if text and text != "None":
            tqdm.write(printable(text.expandtabs()), file=self.stream)

    def _progress(self, done: int, total: int) -> None:
        if self.bar is None:
            terminal = self.stream.isatty()
            self.bar = tqdm(
                total=total,
                file=self.stream if terminal else _Lines(self.stream),
                mininterval=0.5 if terminal else SECONDS_BETWEEN_LINES,
                miniters=1,
                dynamic_ncols=terminal,
                ncols=None if terminal else 80,
                unit="job",
            )
        self.bar.total = total
        self.bar.update(done - self.bar.n)
