"""Whole jobs with the real engine: TensorFlow, VGG16's shapes, random weights."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from filter_atlas.base import digests, paths
from filter_atlas.base.arrays import read_npz
from filter_atlas.base.digests import weights_digest
from filter_atlas.base.png import read_png, to_png
from filter_atlas.measure.layer_measures import LayerMeasures
from filter_atlas.measure.measures import PICTURE_MEASURES, picture_values
from filter_atlas.measure.record import Record
from filter_atlas.measure.responses import LayerResponses
from filter_atlas.networks.load import load_network
from filter_atlas.settings.recipe import Recipe
from filter_atlas.weights import vgg16_tensors
from filter_atlas.worker.task import DRAWING, MEASURING

from .fakes import RECIPE, Site, becomes, measure_task, task

LAYER = "block2_conv1"
DRAWING_CODE = digests.code_digest(DRAWING)
MEASURING_CODE = digests.code_digest(MEASURING)
DRAW = task(7, LAYER, seed=3, code=DRAWING_CODE)
MEASURE = measure_task(7, 0, layer=LAYER, code=MEASURING_CODE)


class Jobs(NamedTuple):
    """The jobs of one run, done.

    Attributes:
        site: the folder of the run.
        weights_digest: sha256 of the weights.
        logs: the messages of the job that drew, and of the job that measured.
        errors: the messages of the jobs that failed, by the kind of failure.
    """

    site: Site
    weights_digest: str
    logs: tuple[str, str]
    errors: dict[str, str]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """The jobs, done; where they can, they run at the same time."""
    tensors = vgg16_tensors.random()
    run = subprocess.Popen(["sleep", "600"])
    with TemporaryDirectory(prefix="fa-", dir="/tmp") as temporary:
        site = Site(
            tmp_path_factory.mktemp("site"),
            Path(temporary),
            CUDA_VISIBLE_DEVICES="-1",
            TF_CPP_MIN_LOG_LEVEL="2",
            FILTER_ATLAS_RUN=str(run.pid),
        )
        vgg16_tensors.save(tensors, site.weights)
        try:
            drawn = site.draw(DRAW)
            failing = {
                "no GPU": site.draw(task(8, code=DRAWING_CODE), device="gpu:0"),
                "other code that draws": site.draw(task(9, code="of another version")),
                "other code that measures": site.measure(measure_task(0, code="another version")),
                "no picture": site.measure(measure_task(1, code=MEASURING_CODE)),
            }
            drawn_log = site.log(drawn)
            _place_pictures(site)
            logs = drawn_log, site.log(site.measure(MEASURE))
            errors = {name: site.error(job) for name, job in failing.items()}
            yield Jobs(site, weights_digest(tensors.values()), logs, errors)
        finally:
            run.kill()
            run.wait()
            assert becomes(lambda: not any(Path(temporary).rglob("socket")))
    site.weights.unlink()


def _place_pictures(site: Site) -> None:
    """Put pictures where a run has them: the drawn one, and two random ones side by side."""
    drawn = read_png(str(site.results / "7.png"))
    pair = np.random.RandomState(0).randint(0, 256, (32, 64, 3)).astype(np.uint8)
    for index, pixels in ((7, np.concatenate([drawn, drawn], axis=1)), (0, pair)):
        path = site.folder / paths.picture(LAYER, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_png(pixels, {}))


def test_a_drawing_job_writes_a_picture_of_the_recipes_size_with_its_origin(jobs: Jobs) -> None:
    with Image.open(jobs.site.results / "7.png") as picture:
        size, text = picture.size, picture.info

    recipe = Recipe.model_validate(RECIPE)
    assert size == (32, 32)
    assert text == {
        "Software": "Filter Atlas",
        "layer": LAYER,
        "filter": "7",
        "seed": "3",
        "recipe": recipe.model_dump_json(),
        "precision": "float32",
        "weights": jobs.weights_digest,
    }


def test_a_drawing_job_writes_a_record_of_what_was_done_with_what(jobs: Jobs) -> None:
    record = Record.from_file(jobs.site.results / "7.json")

    recipe = Recipe.model_validate(RECIPE)
    expected: dict[str, Any] = {
        "layer": LAYER,
        "filter": 7,
        "seed": 3,
        "recipe": recipe.model_dump(mode="json"),
        "recipe_digest": recipe.digest,
        "precision": "float32",
        "weights_digest": jobs.weights_digest,
        "code_digest": DRAWING_CODE,
    }
    assert {name: getattr(record, name) for name in expected} == expected
    assert len(record.loss) == 2
    assert record.loss[0] < record.loss[1] < record.final_activation
    assert record.start_activation < record.final_activation
    assert record.device.startswith("CPU (")
    assert record.tensor_float_32 is False
    assert {"filter_atlas", "python", "tensorflow", "numpy", "pillow"} == set(record.versions)


def test_a_measuring_job_writes_what_the_pictures_files_show(jobs: Jobs) -> None:
    measures = LayerMeasures.from_file(jobs.site.results / f"{LAYER}.json")

    network, _ = load_network(jobs.site.weights, None)
    pictures = {
        index: np.split(read_png(str(jobs.site.folder / paths.picture(LAYER, index))), 2, axis=1)
        for index in (7, 0)
    }
    responses = LayerResponses(LAYER, network)
    assert list(measures.values) == [0, 7]
    for index, pair in pictures.items():
        expected = picture_values(responses.to_pictures(pair, [index, index]))
        found = dict(measures.values[index])
        assert found.pop("article_activation") is expected.pop("article_activation") is None
        assert found == pytest.approx(expected, rel=1e-4)
    assert tuple(measures.values[7]) == PICTURE_MEASURES


def test_a_measuring_job_writes_the_path_of_every_picture_in_the_order_of_its_task(
    jobs: Jobs,
) -> None:
    found = read_npz(jobs.site.results / f"{LAYER}.paths.npz", "not paths")["paths"]

    assert found.shape == (2 * 2, 128)
    np.testing.assert_array_equal(found[0], found[1])  # the drawn picture, twice
    assert not np.array_equal(found[2], found[3])
    assert found[0, 7] > found[2:, 7].max()


def test_a_measuring_job_writes_what_measured(jobs: Jobs) -> None:
    measures = LayerMeasures.from_file(jobs.site.results / f"{LAYER}.json")
    record = Record.from_file(jobs.site.results / "7.json")

    assert measures.layer == LAYER
    assert measures.weights_digest == jobs.weights_digest
    assert measures.code_digest == MEASURING_CODE
    assert measures.device == record.device
    assert measures.tensor_float_32 is False
    assert measures.versions == record.versions


def test_jobs_leave_nothing_but_their_results_and_a_line_in_their_logs(jobs: Jobs) -> None:
    written = sorted(path.name for path in jobs.site.results.iterdir() if path.is_file())

    assert written == [
        "7.json",
        "7.png",
        f"{LAYER}.contributions.npz",
        f"{LAYER}.json",
        f"{LAYER}.paths.npz",
    ]
    drawn, measured = jobs.logs
    assert drawn.startswith("drawn on cpu in a batch of 1: ")
    assert measured.startswith("measured on cpu in a batch of 1: ")
    assert drawn.count("\n") == measured.count("\n") == 1


def test_a_gpu_that_does_not_exist_is_named_with_the_remedy(jobs: Jobs) -> None:
    assert jobs.errors["no GPU"] == (
        "Error: device gpu:0: TensorFlow sees 0 GPU(s) here; set `devices` to existing "
        "devices, and install the extra `cuda` to use NVIDIA GPUs\n"
    )


@pytest.mark.parametrize("task", ["draws", "measures"])
def test_a_task_of_other_code_than_the_workers_is_refused(jobs: Jobs, task: str) -> None:
    assert jobs.errors[f"other code that {task}"] == (
        "Error: the code changed while this run was going; run snakemake again\n"
    )


def test_a_picture_that_is_missing_is_named_with_the_remedy(jobs: Jobs) -> None:
    error = jobs.errors["no picture"]

    assert error.startswith(
        f"Error: {jobs.site.folder}/results/filters/block5_conv1/1.png: not a picture ("
    )
    assert error.endswith("delete it and run again to redraw it\n")
    assert error.count("\n") == 1
