"""Removing the locks of runs that were killed.

Snakemake locks the folder in which it works, but a lock does not say which process holds it. After
a `kill -9` the user would have to unlock the folder. Therefore every Snakemake keeps a PID file in
the folder while it lives. Locks are stale if there are PID files, and all their processes have
ended.
"""

import atexit
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from filter_atlas.base.atomic_files import write_atomically

_FOLDER = Path(".snakemake")
_LOCKS = _FOLDER / "locks"
_PID_FILES = _FOLDER / "filter-atlas-runs"


def register_run() -> None:
    """Write the PID file of this process; remove the locks if all other processes were killed.

    A process on another machine, in another container, or from before the last boot counts as
    alive. Then the locks stay, and Snakemake says what to do. The same is true without /proc.
    """
    with suppress(OSError, ValueError, LookupError, TypeError):
        own = (_PID_FILES / f"{socket.gethostname()}-{os.getpid()}.json").absolute()
        _PID_FILES.mkdir(parents=True, exist_ok=True)
        # Written before the others are read: if two runs start at once, at most one removes locks.
        write_atomically(own, json.dumps([_machine(), _process(os.getpid())]).encode())
        atexit.register(own.unlink, missing_ok=True)
        others = [file for file in _PID_FILES.glob("*.json") if file.name != own.name]
        if others and not any(map(_may_be_alive, others)):
            for stale in (*_LOCKS.glob("*.lock"), *others):
                stale.unlink(missing_ok=True)


def _may_be_alive(pid_file: Path) -> bool:
    """Whether the process of a PID file may still be alive."""
    try:
        machine, process = json.loads(pid_file.read_text())
    except FileNotFoundError:  # the process has just ended by itself
        return False
    return bool(machine != _machine() or process == _process(process[0]))


def _machine() -> list[Any]:
    """Identifies the machine, its boot and the container, in which process IDs are unique."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [socket.gethostname(), boot, os.stat("/proc/self/ns/pid").st_ino]


def _process(pid: int) -> list[int] | None:
    """Identifies a living process by its ID and its start; None if there is no such process."""
    try:
        # After the name, which may hold any character: the state is field 0, the start field 19.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if fields[0] in "ZX" else [pid, int(fields[19])]
