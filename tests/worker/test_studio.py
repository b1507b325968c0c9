"""Whole jobs with the real studio: TensorFlow, VGG16's shapes, random weights."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from PIL import Image

from filter_atlas import digests
from filter_atlas.plan import COMPUTING
from filter_atlas.recipe import Recipe
from filter_atlas.record import Record
from filter_atlas.weights import canonical

from .fakes import RECIPE, Site, becomes, random_weights, task

CODE = digests.of_code(COMPUTING)
DRAWN = task(7, "block2_conv1", seed=3, code=CODE)


class Jobs(NamedTuple):
    """Three jobs of one run, each with a worker of its own."""

    site: Site
    weights_digest: str
    log: str
    error_without_gpu: str
    error_with_other_code: str


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """The jobs, done; they run at the same time, as TensorFlow takes seconds to import."""
    tensors = random_weights()
    run = subprocess.Popen(["sleep", "600"])
    with TemporaryDirectory(prefix="fa-", dir="/tmp") as temporary:
        site = Site(
            tmp_path_factory.mktemp("site"),
            Path(temporary),
            CUDA_VISIBLE_DEVICES="-1",
            TF_CPP_MIN_LOG_LEVEL="2",
            FILTER_ATLAS_RUN=str(run.pid),
        )
        canonical.save(tensors, site.weights)
        try:
            drawn = site.ascend(DRAWN)
            without_gpu = site.ascend(task(8, code=CODE), device="gpu:0")
            other_code = site.ascend(task(9, code="of another version"))
            yield Jobs(
                site,
                canonical.digest(tensors),
                site.log(drawn),
                site.error(without_gpu),
                site.error(other_code),
            )
        finally:
            run.kill()
            run.wait()
            assert becomes(lambda: not any(Path(temporary).rglob("socket")))
    site.weights.unlink()


def test_a_job_writes_a_picture_of_the_recipes_size_that_says_what_it_is(jobs: Jobs) -> None:
    with Image.open(jobs.site.results / "7.png") as picture:
        size, text = picture.size, picture.info

    recipe = Recipe.model_validate(RECIPE)
    assert size == (32, 32)
    assert text == {
        "Software": "Filter Atlas",
        "layer": "block2_conv1",
        "filter": "7",
        "seed": "3",
        "recipe": recipe.model_dump_json(),
        "precision": "float32",
        "weights": jobs.weights_digest,
    }


def test_a_job_writes_a_record_of_what_was_done_with_what(jobs: Jobs) -> None:
    record = Record.read(jobs.site.results / "7.json")

    recipe = Recipe.model_validate(RECIPE)
    told: dict[str, Any] = {
        "layer": "block2_conv1",
        "filter": 7,
        "seed": 3,
        "recipe": recipe.model_dump(mode="json"),
        "recipe_digest": recipe.digest,
        "precision": "float32",
        "weights_digest": jobs.weights_digest,
        "code_digest": CODE,
    }
    assert {name: getattr(record, name) for name in told} == told
    assert len(record.loss) == 2
    assert record.loss[0] < record.loss[1] < record.final_activation
    assert record.start_activation < record.final_activation
    assert record.device.startswith("CPU (")
    assert record.tensor_float_32 is False
    assert {"filter_atlas", "python", "tensorflow", "numpy", "pillow"} == set(record.versions)


def test_a_job_leaves_nothing_but_its_picture_its_record_and_a_line_in_its_log(jobs: Jobs) -> None:
    assert sorted(path.name for path in jobs.site.results.iterdir()) == ["7.json", "7.png"]
    assert jobs.log.startswith("drawn on cpu in a batch of 1: ")
    assert jobs.log.count("\n") == 1


def test_a_gpu_that_is_not_there_is_named_with_what_to_do(jobs: Jobs) -> None:
    assert jobs.error_without_gpu == (
        "Error: device gpu:0: TensorFlow sees 0 GPU(s) here; set `devices` to what there is, "
        "and install the extra `cuda` to use NVIDIA GPUs\n"
    )


def test_code_that_changed_since_the_run_was_planned_draws_nothing(jobs: Jobs) -> None:
    assert jobs.error_with_other_code == (
        "Error: the code changed while this run was going; run snakemake again\n"
    )
