"""What a user sees of a run: a line of progress, and every error once."""

import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_filter_atlas as plugin
from filter_atlas.base.architecture import Architecture, Layer
from filter_atlas.networks import arithmetic
from filter_atlas.workflow import work
from plans import plan_of
from runs import wait_until
from snakemake_logger_plugin_filter_atlas.progress import Progress

MakeHandler = Callable[..., plugin.LogHandler]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def make_handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeHandler]:
    def make(stream: io.StringIO, **settings: bool) -> plugin.LogHandler:
        monkeypatch.setattr("sys.stderr", stream)
        common: Any = SimpleNamespace(
            **{"stdout": False, "dryrun": False, "verbose": False, **settings}
        )
        return plugin.LogHandler(common, None)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    yield make
    signal.signal(signal.SIGINT, before)


def record(message: str = "", level: int = logging.INFO, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    made.__dict__.update(fields)
    return made


def run_of(jobs: int) -> list[logging.LogRecord]:
    """What Snakemake logs in a run of that many jobs."""
    records = [
        record("SNAKEMAKE", event=LogEvent.WORKFLOW_STARTED),
        record("Building DAG of jobs..."),
        record("Job stats", event=LogEvent.RUN_INFO, stats={"total": jobs}),
    ]
    for job in range(1, jobs + 1):
        records += [
            record("Select jobs to execute..."),
            record("Execute 1 jobs...", event=LogEvent.JOB_STARTED),
            record("rule draw_filter", event=LogEvent.JOB_INFO, jobid=job, log=[f"{job}.log"]),
            record("python …", event=LogEvent.SHELLCMD),
            record("Finished job", event=LogEvent.JOB_FINISHED, job_id=job),
            record(event=LogEvent.PROGRESS, done=job, total=jobs),
        ]
    return records


def failed(log: Path, job: int = 3, **fields: Any) -> logging.LogRecord:
    told = {
        "jobid": job,
        "rule_name": "twins",
        "rule_msg": None,
        "log": [str(log)],
        "indent": False,
    }
    return record("Error in rule", logging.ERROR, event=LogEvent.JOB_ERROR, **{**told, **fields})


def shown(make_handler: MakeHandler, records: Iterable[logging.LogRecord]) -> list[str]:
    """The lines that a file gets."""
    file = io.StringIO()
    handler = make_handler(file)
    for logged in records:
        handler.emit(logged)
    handler.close()
    return file.getvalue().splitlines()


def test_thousands_of_jobs_are_a_few_lines_in_a_file(make_handler: MakeHandler) -> None:
    lines = shown(make_handler, run_of(4241))

    assert len(lines) < 6
    assert "0/4241 jobs" in lines[0]
    assert "100%" in lines[-1]
    assert "4241/4241 jobs" in lines[-1]


def test_a_terminal_has_a_bar_that_stays_in_place_with_the_time_left(
    make_handler: MakeHandler,
) -> None:
    terminal = Terminal()
    handler = make_handler(terminal)

    for logged in run_of(10)[:-6]:
        handler.emit(logged)
    handler.close()

    last = terminal.getvalue().strip().split("\r")[-1]
    assert "90%" in last
    assert "9/10 jobs [00:00<00:00]" in last


def test_a_terminal_that_does_not_know_its_width_has_the_bar_too() -> None:
    reader, writer = os.openpty()
    with os.fdopen(writer, "w") as terminal:
        Progress(terminal, 10).close(leave=True)
        shown = os.read(reader, 4096).decode()
    os.close(reader)

    assert "0/10 jobs" in shown


def test_the_time_left_is_right_from_a_tenth_of_the_run_on() -> None:
    plan = plan_of()
    jobs = [
        SimpleNamespace(
            jobid=number,
            rule=SimpleNamespace(name="draw_filter"),
            wildcards=SimpleNamespace(layer=layer, index=index, get=lambda name: None),
        )
        for number, (layer, index) in enumerate(plan.filters)
    ]
    # TensorFlow starts; shallow layers need more time for the same arithmetic.
    seconds = {
        job.jobid: 0.05
        + arithmetic.ascent(job.wildcards.layer, plan.recipe)
        / (70e9 if job.wildcards.layer > "block3" else 40e9)
        for job in jobs
    }
    now = 0.0
    progress = Progress(io.StringIO(), len(jobs), clock=lambda: now)
    progress.expect(work.job_work(plan, jobs))
    left, total = {}, 20 + sum(seconds.values())
    now += 20
    for job in jobs:
        now += seconds[job.jobid]
        progress.finish(job.jobid)
        left[100 * now // total] = (progress.seconds_left, total - now)

    for percent in (10, 25, 50, 75):
        estimated, true = left[percent]
        assert estimated == pytest.approx(true, rel=0.3), percent


def test_the_work_of_another_network_grows_with_the_depth() -> None:
    names = ("stem", "middle", "head")
    other = Architecture("Other", tuple(Layer(name, name, 8) for name in names))

    assert [arithmetic.vgg16_layer(other, name) for name in names] == [
        "block1_conv1",
        "block3_conv1",
        "block4_conv2",
    ]


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("absl: …\nError: a.h5: damaged; delete it\nbye\n", "Error: a.h5: damaged; delete it"),
        ("Traceback (most recent call last):\n  …\nKeyError: 'x'\n", "Error: twins: KeyError: 'x'"),
        ("Lost worker: the worker died\n", "Error: the worker died"),
        ("", "Error: twins: ended without a message: the system may have killed it"),
    ],
)
def test_an_error_is_one_line_from_the_log_of_the_job(
    make_handler: MakeHandler, tmp_path: Path, log: str, line: str
) -> None:
    (tmp_path / "twins.log").write_text(log)
    final = "WorkflowError:\nAt least one job did not complete successfully."

    lines = shown(
        make_handler,
        [
            record("RuleException:\nCalledProcessError in file", logging.ERROR),
            failed(tmp_path / "twins.log"),
            failed(tmp_path / "twins.log", 4),
            record("Shutting down, this might take some time."),
            record("Exiting because a job execution failed. Look above", logging.ERROR),
            record("Complete log(s): a.log"),
            record(final, logging.ERROR, event=LogEvent.ERROR),
        ],
    )

    own = "twins: " in line
    assert lines == [f"{line}; see {tmp_path / 'twins.log'}" if own else line]


def test_a_quiet_run_that_fails_says_so(make_handler: MakeHandler) -> None:
    # `--quiet rules` leaves out the errors of jobs.
    last = "Exiting because a job execution failed. Look above"

    lines = shown(make_handler, [record(last, logging.ERROR), record(last, logging.ERROR)])

    assert lines == ["Error: a job has failed; its log in results/logs says why"]


def test_a_job_that_is_tried_again_is_a_warning(make_handler: MakeHandler, tmp_path: Path) -> None:
    log = tmp_path / "3.log"
    log.write_text("Lost worker: the worker died\n")

    lines = shown(make_handler, [failed(log), record("Trying to restart job 3.")])

    assert lines == ["Warning: the worker died; it is tried again"]


def test_the_warnings_of_a_job_are_shown_when_it_ends(
    make_handler: MakeHandler, tmp_path: Path
) -> None:
    log = tmp_path / "1.log"
    log.write_text("absl: …\nWarning: weights: keras is unavailable\nweights: from wheel\n")
    records = run_of(1)
    records[5].__dict__["log"] = [str(log)]

    lines = shown(make_handler, records)

    assert "Warning: weights: keras is unavailable" in lines
    assert not [line for line in lines if "absl" in line or "from wheel" in line]


def test_of_a_group_only_the_filters_that_failed_are_shown(
    make_handler: MakeHandler, tmp_path: Path
) -> None:
    logs = {"drawn.log": "drawn on cpu\n", "bad.log": "Error: out of bounds\n"}
    members = []
    for name, text in logs.items():
        (tmp_path / name).write_text(text)
        members.append({"log": [str(tmp_path / name)], "rule_name": "draw_filter"})
    group = record("Error in group", logging.ERROR, event=LogEvent.GROUP_ERROR)
    group.__dict__.update(groupid="g", aux_logs=[], job_error_info=members)

    of_members = [failed(tmp_path / name, indent=True) for name in logs]
    lines = shown(make_handler, [group, *of_members])

    assert lines == ["Error: out of bounds"]


def test_a_group_without_a_message_names_a_log(make_handler: MakeHandler, tmp_path: Path) -> None:
    members = [{"log": [f"{one}.log"], "rule_name": "draw_filter"} for one in (0, 1)]
    group = record("Error in group", logging.ERROR, event=LogEvent.GROUP_ERROR)
    group.__dict__.update(groupid="g", aux_logs=[], job_error_info=members)

    [line] = shown(make_handler, [group])

    assert line.startswith(
        "Error: group g ended without a message: the cluster did not take it, or"
    )
    assert line.endswith("see 0.log")


def test_a_job_that_the_cluster_does_not_take_is_one_line_in_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(
        "rule twins:\n    output: 'a'\n    log: 'a.log'\n    shell: 'touch {output}'\n"
    )
    (tmp_path / "a.log").write_text("Error: of an earlier run\n")
    command = "snakemake --jobs 1 --logger filter-atlas --executor cluster-generic"
    submit = ["--cluster-generic-submit-cmd", "echo refused >&2; false"]
    run = subprocess.run(
        [sys.executable, "-m", *command.split(), *submit],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    errors = [line for line in run.stderr.splitlines() if line.startswith(("Error", "refused"))]
    assert run.returncode == 1
    assert errors == [
        "refused",
        "Error: twins: the cluster did not take the job, and has said why; the command is "
        "cluster-generic-submit-cmd in the profile",
    ]


def test_other_messages_of_snakemake_are_shown(make_handler: MakeHandler) -> None:
    messages = ["MissingInputException: a.jpg", "Nothing to be done", "Nothing to be done"]
    obeyed_by_terminals = "\tLogfile:\n\x1b[2Jhidden\u202e"

    assert shown(make_handler, map(record, [*messages, obeyed_by_terminals])) == [
        *messages,
        "        Logfile:",
        r"\x1b[2Jhidden\u202e",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "Traceback (most recent call last):\n  File …\n\nOSError: no such thing\n",
            "Error: OSError: no such thing; --verbose shows where",
        ),
        (
            'InputFunctionException in rule draw_filter in file "draw.smk", line 4:\nError:\n'
            "  ConfigError: filter 99 is not drawn\nWildcards:\n  index=99\nTraceback:\n  File …",
            "Error: filter 99 is not drawn",
        ),
    ],
)
def test_an_error_of_snakemake_itself_is_one_line(
    make_handler: MakeHandler, text: str, line: str
) -> None:
    assert shown(make_handler, [record(text, logging.ERROR, event=LogEvent.ERROR)]) == [line]


def test_a_dry_run_lists_every_job(make_handler: MakeHandler) -> None:
    file = io.StringIO()
    handler = make_handler(file, dryrun=True)

    for logged in run_of(3):
        handler.emit(logged)

    assert file.getvalue().count("rule draw_filter") == 3


SNAKEFILE = """
from filter_atlas.workflow import retries
onstart: retries.give_up_permanent_errors(workflow)
rule all:
    input: "lasting", "lost", "stopped"
rule lasting:
    output: "lasting"
    log: "lasting.log"
    shell: "echo x >> lasting.tries; echo 'Error: of the user' > {log}; exit 2"
rule lost:
    output: "lost"
    log: "lost.log"
    shell: "echo x >> lost.tries; echo 'Lost worker: it died' > {log}; exit 1"
rule stopped:
    output: "stopped"
    shell: "echo x > stopped.tries; exec sleep 60"
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--logger", "filter-atlas", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize(("given", "tries"), [("2", 3), ("0", 1)])
def test_an_error_of_the_user_is_never_tried_again_and_a_lost_worker_as_often_as_the_option_says(
    tmp_path: Path, given: str, tries: int
) -> None:
    run = start(tmp_path, "--cores", "2", "--keep-going", "--retries", given, "lasting", "lost")

    _, output = run.communicate(timeout=600)

    assert run.returncode == 1
    assert (tmp_path / "lasting.tries").read_text().count("x") == 1
    assert (tmp_path / "lost.tries").read_text().count("x") == tries
    lines = {line for line in output.splitlines() if "jobs [" not in line}
    warnings = {"Warning: it died; it is tried again"} if tries > 1 else set()
    assert lines == {"Error: of the user", "Error: it died"} | warnings


def test_ctrl_c_is_one_line_that_says_how_to_go_on(tmp_path: Path) -> None:
    run = start(tmp_path, "--cores", "2", "stopped")
    wait_until((tmp_path / "stopped.tries").exists)

    for _ in range(3):  # an impatient user
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.01)
    _, output = run.communicate(timeout=600)

    assert [line for line in output.splitlines() if "jobs [" not in line] == [
        "Interrupted; the same command continues where the run stopped"
    ]
