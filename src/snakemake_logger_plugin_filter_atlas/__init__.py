"""A Snakemake logger for thousands of short jobs: a line of progress instead of a block for each.

Snakemake finds it by the name of the package (`--logger filter-atlas`, set in `profiles/default`).
An error of a job is one line, from the job's log. Ctrl-C is one line too. What Snakemake says about
itself is left out; its own log in `.snakemake/log/` has all of it, and `--verbose` shows it.
"""

import re
import signal
import sys
from collections.abc import Mapping
from logging import INFO, LogRecord
from types import TracebackType
from typing import Any, cast

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from filter_atlas.base.errors import ERROR, INTERRUPTED, WARNING, printable
from filter_atlas.base.job_log import Failure, read_failure, read_warnings
from filter_atlas.base.paths import LOGS
from snakemake_logger_plugin_filter_atlas.progress import Progress

UNSEEN = {
    LogEvent.WORKFLOW_STARTED,
    LogEvent.JOB_STARTED,
    LogEvent.GROUP_INFO,
    LogEvent.SHELLCMD,
    LogEvent.RESOURCES_INFO,
    LogEvent.PROGRESS,
}
"""Events that add nothing to the line of progress."""

CHATTER = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Complete log(s)",
    "Conda environments: ignored",
    "Config file",
    "Elapsed time",
    "Execute ",
    "Select jobs to execute",
    "Shutting down",
    "Using shell",
)
"""Starts of messages about Snakemake itself."""

REPEATED = (
    "Exiting because a job execution failed",
    "WorkflowError:\nAt least one job did not complete successfully",
)
"""Starts of messages that only repeat that a job has failed."""

REFUSED = re.compile(r"InputFunctionException in rule .*\nError:\n  ConfigError: (.+)")
"""Start of the message about a target that the settings do not have."""

UNSUBMITTED = "Error submitting jobscript"
"""Start of the message of `cluster-generic` about a job that the cluster did not take."""


class LogHandler(LogHandlerBase):
    """The logger; Snakemake makes one for every run."""

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.progress: Progress | None = None
        self._work: Mapping[int, float] | None = None
        self._logs: dict[int, list[str]] = {}
        self._pending: dict[int, str] = {}
        self._shown: set[str] = set()
        self._failed = False
        self._interrupted = False
        self._watch_interrupts()

    def expect(self, work: Mapping[int, float]) -> None:
        """Take the work of each job of the run, by the ids of the jobs (any unit)."""
        self._work = work

    def emit(self, record: LogRecord) -> None:
        """Show a record, or update the line of progress."""
        event, fields = getattr(record, "event", None), cast(Any, record)
        if self.common_settings.dryrun or self.common_settings.verbose:
            self._show(self.format(record), again=True)
        elif self._interrupted:
            self._show_interrupt()
        elif event in UNSEEN:
            pass
        elif event == LogEvent.RUN_INFO:
            self.progress = Progress(self.stream, fields.stats["total"])
        elif event == LogEvent.JOB_INFO:
            self._logs[fields.jobid] = fields.log
        elif event == LogEvent.JOB_FINISHED:
            self._finish(fields.job_id)
        elif event == LogEvent.JOB_ERROR:
            self._fail(fields)
        elif event == LogEvent.GROUP_ERROR:
            self._fail_group(fields)
        else:
            self._message(record)

    def close(self) -> None:
        """End the line of progress, and show what is left to say."""
        if self._interrupted:
            self._show_interrupt()
        else:
            self._show_pending()
        if self.progress is not None:
            self.progress.close(leave=not (self._interrupted or self._failed))
            self.progress = None
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
        """No: Snakemake's own formatter applies to all messages that are not about jobs."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False

    def _finish(self, job: int) -> None:
        if self.progress is None:
            return
        if self._work is not None:
            self.progress.expect(self._work)
            self._work = None
        self.progress.finish(job)
        for warning in read_warnings(self._logs.pop(job, ())):
            self._show(warning)

    def _fail(self, job: Any) -> None:
        """Show why a job has failed, unless it may be tried again: then Snakemake says so next."""
        if job.indent:  # the group of the job has shown it
            return
        if (job.rule_msg or "").startswith(UNSUBMITTED):
            # Its log, if there is one, is that of an earlier run.
            self._pending[job.jobid] = (
                f"{job.rule_name}: the cluster did not take the job, and has said why; the command "
                "is cluster-generic-submit-cmd in the profile"
            )
            return
        failure = read_failure(job.log)
        if failure.is_permanent:
            self._show(ERROR + _sentence(failure, job.rule_name, job.log))
        else:
            self._pending[job.jobid] = _sentence(failure, job.rule_name, job.log)

    def _fail_group(self, group: Any) -> None:
        found = [(read_failure(job["log"]), job) for job in group.job_error_info]
        named = [(failure, job) for failure, job in found if failure.message]
        for failure, job in named:
            self._show(ERROR + _sentence(failure, job["rule_name"], job["log"]))
        if not named:
            logs = [log for job in group.job_error_info for log in job["log"]]
            self._show(
                f"{ERROR}group {group.groupid} ended without a message: the cluster did not take "
                f"it, or the system may have killed it; see {', '.join(group.aux_logs or logs[:1])}"
            )

    def _message(self, record: LogRecord) -> None:
        text = self.format(record)
        restarted = re.match(r"Trying to restart job (\d+)", text)
        if restarted:
            message = self._pending.pop(int(restarted[1]), "a job has failed")
            self._show(f"{WARNING}{message}; it is tried again")
        elif record.levelno <= INFO and text.startswith(CHATTER):
            pass
        elif text.startswith(REPEATED):
            self._show_pending()
            if not self._failed:  # --quiet has left the error out
                self._show(f"{ERROR}a job has failed; its log in {LOGS} says why")
        elif text.startswith("RuleException:\nCalledProcessError"):
            pass  # the error of the job follows
        elif refused := REFUSED.match(text):
            self._show(ERROR + refused[1])
        elif "Traceback (most recent call last)" in text:
            self._show(f"{ERROR}{text.strip().splitlines()[-1]}; --verbose shows where")
        else:
            self._show(text, again=True)

    def _show_pending(self) -> None:
        while self._pending:
            self._show(ERROR + self._pending.popitem()[1])

    def _show(self, text: str, again: bool = False) -> None:
        """Show a text; if it was shown before, only if it may come again."""
        if text and text != "None" and (again or text not in self._shown):
            self._shown.add(text)
            self._failed |= text.startswith(ERROR)
            tqdm.write(printable(text.expandtabs()), file=self.stream)

    def _watch_interrupts(self) -> None:
        """Have Ctrl-C end the run as ever, but without a traceback, and once."""
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return
        default_hook = sys.excepthook

        def interrupt(*_: object) -> None:
            # Once more would break off the end of the run. The jobs get every Ctrl-C.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._interrupted = True
            raise KeyboardInterrupt

        def hook(
            kind: type[BaseException], error: BaseException, traceback: TracebackType | None
        ) -> None:
            if issubclass(kind, KeyboardInterrupt):
                self._show_interrupt()
            else:
                default_hook(kind, error, traceback)

        signal.signal(signal.SIGINT, interrupt)
        sys.excepthook = hook

    def _show_interrupt(self) -> None:
        self._show(INTERRUPTED.capitalize())


def _sentence(failure: Failure, rule: str, logs: list[str]) -> str:
    """A failure as one line that names the job's log, unless the job's own message is enough."""
    if failure.message and failure.names_itself:
        return failure.message
    said = failure.message or "ended without a message: the system may have killed it"
    return f"{rule}: {said}; see {', '.join(logs)}"
