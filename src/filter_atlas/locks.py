"""The lock that a killed run leaves behind, and taking it away when it is certain that it is one.

Snakemake locks a folder while it works in it, and does not say in the lock who holds it: after a
`kill -9` a user would have to. So every Snakemake in the folder leaves its card there while it
lives. A lock is stale if there are cards, and all are of processes that are no more.
"""

import atexit
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from filter_atlas.files import write_atomically

_FOLDER = Path(".snakemake")
_LOCKS = _FOLDER / "locks"
_CARDS = _FOLDER / "filter-atlas-runs"


def claim() -> None:
    """Leave the card of this process; lift the locks of those that were killed, if all were.

    A process on another machine, before this one's last start, or in another container counts as
    alive: then the locks stay, and Snakemake says what to do. So they do where there is no /proc.
    """
    with suppress(OSError, ValueError, LookupError, TypeError):
        own = (_CARDS / f"{socket.gethostname()}-{os.getpid()}.json").absolute()
        _CARDS.mkdir(parents=True, exist_ok=True)
        # Left before the others' are looked at: of two that start at once, at most one lifts.
        write_atomically(own, json.dumps([_machine(), _process(os.getpid())]).encode())
        atexit.register(own.unlink, missing_ok=True)
        others = [card for card in _CARDS.glob("*.json") if card.name != own.name]
        if others and not any(map(_lives, others)):
            for left in (*_LOCKS.glob("*.lock"), *others):
                left.unlink(missing_ok=True)


def _lives(card: Path) -> bool:
    """Whether a process may still be alive."""
    try:
        machine, process = json.loads(card.read_text())
    except FileNotFoundError:  # it has just ended by itself
        return False
    return bool(machine != _machine() or process == _process(process[0]))


def _machine() -> list[Any]:
    """Tells apart machines, their starts, and containers: numbers of processes count within one."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [socket.gethostname(), boot, os.stat("/proc/self/ns/pid").st_ino]


def _process(number: int) -> list[int] | None:
    """Tells a process from any other that had, or will have, its number; None if there is none."""
    try:
        # Behind the name, which may hold anything, comes the state first, and the start 20th.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if fields[0] in "ZX" else [number, int(fields[19])]
