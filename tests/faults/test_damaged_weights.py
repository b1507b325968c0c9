"""Files of weights with a flipped bit, or cut off, at one place after another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DAMAGE = Path(__file__).parent / "damage.py"


@pytest.mark.parametrize("step", [1000, pytest.param(1, marks=pytest.mark.long)])
def test_damage_anywhere_is_refused_or_changes_the_digest_or_is_harmless(step: int) -> None:
    run = subprocess.run(
        [sys.executable, str(DAMAGE), str(step)], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    counts = json.loads(run.stdout)
    assert set(counts) == {
        "Filter Atlas",
        "Keras 2",
        "Keras 3",
        "article",
        ".keras",
        "ONNX",
        "wheel",
    }
    for layout, damages in counts.items():
        assert "other" not in damages["cut"]
        # These layouts have a checksum over everything that is read.
        assert "other" not in damages["flipped"] or layout not in (
            "Filter Atlas",
            ".keras",
            "wheel",
        )
