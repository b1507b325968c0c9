"""Measuring with the real weights."""

import json
from pathlib import Path

import pytest

from filter_atlas.base import digests, paths
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import known_numbers
from filter_atlas.settings.recipe import PRESETS
from filter_atlas.worker.engine import TensorFlowEngine
from filter_atlas.worker.task import DRAWING, MEASURING, DrawTask, FilterResult, MeasureTask

from .fakes import measure_task, task

LAYER = "block3_conv1"
FILTERS = (3, 40, 200)
RECIPE = PRESETS["atlas"]


@pytest.fixture(scope="module")
def engine(canonical_file: Path) -> TensorFlowEngine:
    """The engine, with the ImageNet weights."""
    return TensorFlowEngine("cpu", str(canonical_file))


@pytest.fixture(scope="module")
def drawn(engine: TensorFlowEngine) -> list[FilterResult]:
    """The filters' pictures and records."""
    code = digests.code_digest(DRAWING)
    tasks = [
        DrawTask.model_validate(task(filter, LAYER, recipe=RECIPE.model_dump(), code=code))
        for filter in FILTERS
    ]
    return [finish() for finish in engine.draw(tasks)]


def measure(engine: TensorFlowEngine, folder: Path, pictures: list[bytes]) -> LayerMeasures:
    """The measures of the filters, if these are their pictures."""
    for filter, picture in zip(FILTERS, pictures, strict=True):
        path = folder / paths.picture(LAYER, filter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    code = digests.code_digest(MEASURING)
    request = measure_task(*FILTERS, layer=LAYER, folder=str(folder), code=code)
    file, _, fed = engine.measure(MeasureTask.model_validate(request))()
    path = folder / "measures.json"
    path.write_bytes(file)
    path.with_suffix(".npz").write_bytes(fed)
    return LayerMeasures.from_file(path)


def known(measures: LayerMeasures, filter: int, measure: str) -> float:
    """The value of one measure of a filter."""
    (value,) = known_numbers([measures.values[filter]], measure)
    return value


def test_a_filter_fires_more_and_ranks_higher_on_its_own_picture_than_on_anothers(
    engine: TensorFlowEngine, drawn: list[FilterResult], tmp_path: Path
) -> None:
    pictures = [result.picture for result in drawn]

    own = measure(engine, tmp_path, pictures)
    exchanged = measure(engine, tmp_path, [*pictures[1:], pictures[0]])

    for filter in FILTERS:
        assert known(own, filter, "rank") < known(exchanged, filter, "rank") / 2
        assert known(own, filter, "shown_activation") > 2 * known(
            exchanged, filter, "shown_activation"
        )


def test_the_activation_on_the_png_is_close_to_that_of_the_ascent(
    engine: TensorFlowEngine, drawn: list[FilterResult], tmp_path: Path
) -> None:
    measures = measure(engine, tmp_path, [result.picture for result in drawn])

    for filter, result in zip(FILTERS, drawn, strict=True):
        optimised = json.loads(result.record)["final_activation"]
        assert known(measures, filter, "shown_activation") == pytest.approx(optimised, rel=0.03)
