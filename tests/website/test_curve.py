"""The loss curve as a line and as a sentence."""

import math
import re

import pytest

from filter_atlas.site import curve


def points(path: str) -> list[tuple[int, int]]:
    assert re.fullmatch(r"M-?\d+ -?\d+(L-?\d+ -?\d+)*", path)
    return [(int(x), int(y)) for x, y in re.findall(r"(-?\d+) (-?\d+)", path)]


def test_a_rising_loss_runs_from_the_lower_left_to_the_upper_right() -> None:
    assert points(curve.path([0.0, 5.0, 10.0])) == [
        (0, curve.HEIGHT - curve.MARGIN),
        (curve.WIDTH // 2, curve.HEIGHT // 2),
        (curve.WIDTH, curve.MARGIN),
    ]


def test_every_point_lies_in_the_drawing_area() -> None:
    line = points(curve.path([-3e8, 0.0, 1e-9, 7.5, -2.0, 4e8]))
    assert len(line) == 6
    assert all(0 <= x <= curve.WIDTH and 0 <= y <= curve.HEIGHT for x, y in line)


@pytest.mark.parametrize("losses", [[0.0] * 22, [3.5, 3.5], [7.0], [0.0]])
def test_a_constant_or_single_loss_is_a_horizontal_line_at_half_height(losses: list[float]) -> None:
    assert curve.path(losses) == f"M0 {curve.HEIGHT // 2}H{curve.WIDTH}"


def test_losses_that_are_not_finite_are_left_out_and_the_others_stay_in_their_place() -> None:
    line = points(curve.path([0.0, math.nan, 10.0, math.inf, 5.0]))
    assert [x for x, _ in line] == [0, curve.WIDTH // 2, curve.WIDTH]


@pytest.mark.parametrize("losses", [[], [math.nan], [math.inf, -math.inf]])
def test_losses_that_are_not_finite_make_an_empty_path(losses: list[float]) -> None:
    assert curve.path(losses) == ""


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        ([0.1, *range(20), 210.2], "loss rises from 0.1 to 210 in 22 steps"),
        ([-1234.5, 0.0], "loss rises from −1,234 to 0 in 2 steps"),
        ([5.0, 4.0], "loss falls from 5 to 4 in 2 steps"),
        ([0.0] * 20, "loss stays at 0 in 20 steps"),
        ([7.0], "loss stays at 7 in 1 step"),
        ([], "no loss recorded"),
    ],
)
def test_the_summary_says_how_the_loss_changed(losses: list[float], sentence: str) -> None:
    assert curve.summary(losses) == sentence
