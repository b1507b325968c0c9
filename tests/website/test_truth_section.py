"""Truth on the site: a verdict in words, a score to search for, and a table with its controls."""

from collections.abc import Callable

import pytest

from filter_atlas.site.sections.truth import verdict
from filter_atlas.truth import family
from filter_atlas.truth.record import (
    FilterTruth,
    LayerTruth,
    Mean,
    table,
)
from filter_atlas.truth.score import Score
from filter_atlas.workflow.plan import LayerPlan

from .reading import follow_every_link, handed_over, pages, words
from .results import Run

LAYER = "block4_conv3"
PLAN = LayerPlan(LAYER, "conv4_3", 512, (5, 6, 300))


def filter_truth(
    picture: float = 0.8,
    nine: float | None = 0.8,
    flags: tuple[str, ...] = (),
    refusal: str | None = None,
) -> FilterTruth:
    scores = {} if refusal else {"picture": Score(picture, 0.03)}
    if nine is not None and not refusal:
        scores["nine_exemplars"] = Score(nine, 0.04)
    return FilterTruth(refusal, scores, 0.49, (0.8, 0.7), 8, 200, 1.5, 0.93, None, flags)


def layer_truth(
    filters: dict[int, FilterTruth], control: float = 0.5, refusal: str | None = None
) -> LayerTruth:
    mean = Mean(0.8, 0.75, 0.85, 40)
    return LayerTruth(
        layer=LAYER,
        observer="efficientnet_lite0",
        refusal=refusal,
        photographs=276,
        seen=92,
        side=96,
        means={"picture": mean},
        advantage=Mean(0.05, 0.02, 0.08, 40),
        control=Mean(control, control - 0.01, control + 0.01, 40),
        random_observer=None,
        reliability=None,
        median_gap=1.4,
        median_path_similarity=0.91,
        device="CPU",
        versions={},
        filters=filters,
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (filter_truth(0.95, 0.8), "This picture tells more than nine photographs do."),
        (filter_truth(0.88, 0.8), "This picture tells about as much as nine photographs do."),
        (filter_truth(0.65, 0.8), "Nine photographs tell more than this picture does."),
        (filter_truth(0.9, None), "This picture tells something about which photographs fire"),
        (filter_truth(0.4, 0.8, ("tells_nothing",)), "The picture does not tell which photographs"),
        (filter_truth(0.9, 0.8, ("silent",)), "No photograph fires this filter: read its picture"),
        (filter_truth(0.9, 0.8, ("beyond_photographs",)), "fires the filter far more than"),
        (filter_truth(refusal="few photographs"), "Not tested: few photographs."),
    ],
)
def test_the_verdict_counts_only_differences_beyond_two_errors(
    one: FilterTruth, expected: str
) -> None:
    assert expected in verdict(layer_truth({5: one}), one)


def test_without_a_sound_control_nothing_is_certain() -> None:
    one = filter_truth(0.95, 0.7)

    assert verdict(layer_truth({5: one}, control=0.55), one).startswith(
        "Not certain: in this layer"
    )


@pytest.fixture
def judged(make_run: Callable[..., Run]) -> Run:
    """A run of three filters: one picture tells much, one nothing, and one was not tested."""
    run = make_run(PLAN)
    truth = layer_truth(
        {
            5: filter_truth(0.95, 0.8),
            6: filter_truth(0.4, 0.8, ("tells_nothing",)),
            300: filter_truth(refusal="few photographs fire it"),
        }
    )
    run.write(family.path(LAYER), truth.to_json())
    run.write(family.FILTERS, table([truth]))
    run.add_facts("truth", {"observer": "efficientnet_lite0"})
    run.build()
    return run


def test_a_filter_shows_its_verdict_with_errors_and_control(judged: Run) -> None:
    told = words(judged.page(f"filters/{LAYER}/5.html"))
    left_out = words(judged.page(f"filters/{LAYER}/300.html"))

    assert "This picture tells more than nine photographs do." in told
    assert "picture 0.95 ± 0.03 With nine photographs 0.80 ± 0.04" in told
    assert "other filters’ pictures 0.49 Path similarity: 1 natural, 0 arbitrary 0.93" in told
    assert "Not tested: few photographs fire it." in left_out


def test_pages_can_be_searched_and_sorted_by_the_score(judged: Run) -> None:
    _, layer = handed_over(judged.page(f"data/{LAYER}.js"))

    assert "tells most first" in judged.page(f"layers/{LAYER}.html")
    assert "picture to be read with care" in words(judged.page(f"layers/{LAYER}.html"))
    assert layer["flags"]["care"] == [0, 1, 0]


def test_the_table_of_layers_has_the_controls_and_leads_to_the_flagged(judged: Run) -> None:
    text = words(judged.page("truth.html"))

    assert "0.800 – – – – +0.050 (+0.020 to +0.080) 0.500 – 0.91" in text
    assert f'href="layers/{LAYER}.html#care=1">1<' in judged.page("truth.html")
    assert follow_every_link(judged.out, pages(judged.out)) > 50


def test_the_methods_page_explains_the_test_and_its_limits(judged: Run) -> None:
    text = words(judged.page("methods.html"))

    assert "The score is its share of right answers: 1 if the picture tells everything" in text
    assert "Limits: the score is about this observer" in text


def test_without_an_observer_the_site_says_nothing_of_truth(make_run: Callable[..., Run]) -> None:
    run = make_run(PLAN)
    run.add_facts("truth", {"observer": None})
    run.build()

    assert not (run.out / "truth.html").exists()
    assert "truth" not in words(run.page(f"filters/{LAYER}/5.html"))
    assert "observer" not in words(run.page("methods.html"))
