"""The example of docs/networks.md works, from training a network to drawing its filters."""

import re
from pathlib import Path

import pytest

from filter_atlas.notebook import draw

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"
TINY = {"tiny": {"schedule": [{"size": 32, "steps": 2, "step_size": 4.0}]}}


@pytest.mark.usefixtures("built_here")
def test_a_network_trained_as_the_page_says_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = re.search(r"```python\n(import keras.*?)```", PAGE.read_text("utf-8"), re.S)
    assert example
    quick = example[1].replace("epochs=10", "epochs=1")
    monkeypatch.chdir(tmp_path)
    exec(quick, {})

    filters = {"edges": 1, "strokes": [15], "shapes": [31]}
    drawings = draw(
        filters, network="digits.keras", preprocessing="unit", recipe="tiny", recipes=TINY
    )

    assert [(drawing.layer, drawing.filter) for drawing in drawings] == [
        ("edges", 0),
        ("strokes", 15),
        ("shapes", 31),
    ]
