"""Forbidding side effects, for tests of code that must have none."""

import builtins
import io
import os
import subprocess
from typing import NoReturn

import pytest


def forbid_side_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an error be raised when a file is opened or a process is started."""

    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError(f"a side effect: {arguments}")

    for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (subprocess, "Popen")):
        monkeypatch.setattr(module, name, refuse)
