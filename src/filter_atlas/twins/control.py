"""What chance makes of twins: shares measured once on networks that have learnt nothing.

They are in `control.json`, which `benchmarks/twins.py --save` writes, with how they were measured.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from filter_atlas.twins.report import LayerTwins

DATA = Path(__file__).with_name("control.json")


def shares(layers: Sequence[LayerTwins]) -> Mapping[str, Mapping[str, float]]:
    """Shares of filters with a twin, by layer, for each control.

    Args:
        layers: what was found; controls count where they were measured in the same way.

    Returns:
        Series for `plots.twins_by_depth`; none where turns or threshold differ.
    """
    measured = json.loads(DATA.read_text(encoding="utf-8"))
    alike = {(one.turn, one.threshold) for one in layers} == {
        (measured["turn"], measured["threshold"])
    }
    found: Mapping[str, Mapping[str, float]] = measured["shares"] if alike else {}
    return found


def to_json(
    found: Mapping[str, Mapping[str, float]], turn: int, threshold: float, command: str
) -> str:
    """Shares as they are kept."""
    fields = {"measured by": command, "turn": turn, "threshold": threshold, "shares": found}
    return json.dumps(fields, indent=2) + "\n"
