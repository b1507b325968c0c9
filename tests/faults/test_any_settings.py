"""Whatever `config.yaml` holds, a run is planned, or refused in one line."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from filter_atlas.base.errors import FilterAtlasError
from filter_atlas.workflow.preflight import plan_run
from runs import REPOSITORY

SHIPPED = yaml.safe_load((REPOSITORY / "config.yaml").read_text())

# A setting of every kind, so that every kind is changed.
FULL: dict[str, Any] = {
    **SHIPPED,
    "filters": {"conv1_1": "all", "block5_conv1": [0, "8-15"]},
    "recipes": {
        "own": {
            "objective": "activation",
            "schedule": [{"size": 64, "steps": 2, "step_size": 1.0}],
            "transforms": [{"roll": 3}],
        }
    },
    "variants": ["negative", "own"],
    "weights": ["keras", "wheel"],
    "devices": ["cpu", "gpu:0"],
    "dreams": {
        "mine": {
            "photo": "sample",
            "layers": [{"layer": "block4_conv2"}],
            "zoom": {"frames": 2, "format": "gif"},
        }
    },
    "classes": {"network": "wheel", "classes": [0, "notumor"], "names": ["a", "b", "notumor", "d"]},
}

Place = tuple[str | int, ...]


def _places(node: Any, place: Place = ()) -> Iterator[Place]:
    """The place of every setting, and of every part of a setting."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*place, key))


PLACES = list(_places(FULL))
WORDS = sorted(
    {str(part) for place in PLACES for part in place} | {"all", "auto", "none", "fine", "imagenet"}
)
HOSTILE = ["", "~", "~nobody-of-that-name/x", "a" * 5_000, "\0", "a\nb", "/", ".", "..", "5-3"]
SCALARS = (
    st.sampled_from(HOSTILE)
    | st.sampled_from(WORDS)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 1, 2, 63, 64, 512, 2**31, 2**63, 10**400])
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.dates()
    | st.datetimes()
)
KEYS = st.sampled_from(WORDS) | st.text(max_size=8) | st.integers() | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["put", "add", "drop", "rename"]), VALUES),
    min_size=1,
    max_size=3,
)


def _changed(changes: list[tuple[Place, str, Any]]) -> dict[Any, Any]:
    """The full settings with some changes, without those that an earlier change made impossible."""
    settings: dict[Any, Any] = copy.deepcopy(FULL)
    for place, change, value in changes:
        node: Any = settings
        try:
            for part in place[:-1]:
                node = node[part]
            old = node[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue
        if change == "put":
            node[place[-1]] = value
        elif change == "add" and isinstance(old, list):
            old.append(value)
        elif change == "drop":
            del node[place[-1]]
        elif isinstance(node, dict) and isinstance(value, str | int | None):
            node[value] = node.pop(place[-1])
    return settings


@given(CHANGES)
def test_settings_that_are_nearly_right_are_planned_or_refused_in_one_line(
    changes: list[tuple[Place, str, Any]],
) -> None:
    assert len(_outcome(_changed(changes)).splitlines()) == 1


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_settings_that_are_far_from_right_are_planned_or_refused_in_one_line(
    settings: dict[Any, Any],
) -> None:
    assert len(_outcome(settings).splitlines()) == 1


def test_hostile_words_are_accepted_or_refused_in_one_line_everywhere(
    request: pytest.FixtureRequest,
) -> None:
    # Every place gets every third word, so that its neighbours get the others; `--long` tries all.
    step = 1 if request.config.getoption("--long") else 3
    for number, place in enumerate(PLACES):
        for word in HOSTILE[number % step :: step]:
            assert len(_outcome(_changed([(place, "put", word)])).splitlines()) == 1, (place, word)


def test_the_settings_are_right_before_they_are_changed() -> None:
    assert plan_run(FULL).layer_names == ["block1_conv1", "block5_conv1"]


def _outcome(settings: dict[Any, Any]) -> str:
    """The word `planned`, or the reason why no run is planned."""
    try:
        plan = plan_run(settings)
        plan.task(*plan.filters[0])
    except FilterAtlasError as caught:
        return str(caught)
    return "planned"
