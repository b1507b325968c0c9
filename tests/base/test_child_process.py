"""Every process that a run starts is isolated from its folder and from the user's settings."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from filter_atlas.base import child_process
from runs import REPOSITORY

SOURCES = sorted(
    path for folder in ("src", "scripts") for path in (REPOSITORY / folder).rglob("*.py")
)
RULES = sorted([REPOSITORY / "Snakefile", *(REPOSITORY / "rules").glob("*.smk")])

OTHER_WAYS = re.compile(
    r"os\.(exec|fork|popen|posix_spawn|spawn|system)|multiprocessing|ProcessPool|create_subprocess"
    r"|from subprocess|subprocess\.(call|check_|get)"
)
"""Ways to start a process that have no place for an environment, or that no module uses."""


def _calls_of_subprocess(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and re.match(r"subprocess\.(run|Popen)", ast.unparse(node)):
            yield node


def test_every_process_is_started_in_the_isolated_environment() -> None:
    calls = [ast.unparse(call) for path in SOURCES for call in _calls_of_subprocess(path)]

    assert calls
    for call in calls:
        assert "env=child_process.environment(" in call
        assert "sys.executable" not in call
    for path in SOURCES:
        assert not OTHER_WAYS.search(path.read_text()), path


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_rules_start_only_the_python_of_the_prepared_environment(path: Path) -> None:
    text = path.read_text()

    commands = re.findall(r"^ {4}shell:\n +[\"'](\w+)", text, re.MULTILINE)

    assert len(commands) == text.count("shell:")
    assert set(commands) <= {"python"}
    assert not re.search(r"^\s+run:|subprocess|sys\.executable", text, re.MULTILINE)
    assert not OTHER_WAYS.search(text)


def test_nothing_is_imported_from_the_current_folder(tmp_path: Path) -> None:
    for name in ("json", "own"):
        (tmp_path / f"{name}.py").write_text("print('it ran')")
    code = (
        "import json, os, subprocess, sys\n"
        "try:\n    import own\n"
        "except ImportError:\n    print('no own')\n"
        "sys.stdout.flush()\n"
        "if len(sys.argv) == 1: subprocess.run([sys.executable, '-c', open('code').read(), 'end'])"
    )
    (tmp_path / "code").write_text(code)

    run = subprocess.run(
        child_process.python("-c", code),
        env=child_process.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert (run.stdout, run.stderr) == ("no own\nno own\n", "")


def test_the_environment_keeps_the_users_modules_and_drops_what_changes_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = str(REPOSITORY / "src")
    variables = {
        "PATH": "/bin",
        "PYTHONPATH": f":/cluster/modules::{own}:",
        "KERAS_HOME": "/home/someone/keras",
        "KERAS_BACKEND": "jax",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }

    child_process.isolate(variables)
    once = dict(variables)
    child_process.isolate(variables)

    assert variables == once
    assert once == {
        "PATH": "/bin",
        "PYTHONPATH": f"{own}:/cluster/modules",
        "PYTHONSAFEPATH": "1",
        "KERAS_HOME": str(tmp_path / ".cache" / "keras"),
        "KERAS_BACKEND": "tensorflow",
        child_process.USER_KERAS_HOME: "/home/someone/keras",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def test_downloads_of_keras_are_shared_with_the_users_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(child_process.USER_KERAS_HOME, raising=False)
    monkeypatch.setenv("KERAS_HOME", "users")
    assert child_process.user_keras_home() == str(tmp_path / "users")
    child_process.share_keras_downloads()  # in a notebook, there is nothing to share
    assert os.listdir() == []
    for name, value in child_process.environment().items():
        monkeypatch.setenv(name, value)
    models = Path(".cache/keras/models")

    child_process.share_keras_downloads()
    assert not models.is_symlink()
    Path("users/models").mkdir(parents=True)
    Path("users/models/downloaded.h5").touch()
    for _ in range(2):
        child_process.share_keras_downloads()
        assert os.listdir(models) == ["downloaded.h5"]
    assert child_process.user_keras_home() == str(tmp_path / "users")

    Path("users/models/downloaded.h5").unlink()
    Path("users/models").rmdir()
    child_process.share_keras_downloads()
    assert not models.is_symlink()
