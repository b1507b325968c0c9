"""Evidence in the plan of a run."""

from filter_atlas.base.architecture import VGG16
from filter_atlas.evidence import family
from filter_atlas.evidence.family import EVIDENCE, chunks_of_run
from filter_atlas.networks import arithmetic
from filter_atlas.settings.config import read_settings

FACTS = {
    "photographs": [
        {"digest": f"{number << 250:064x}", "address": "a", "name": f"{number}.jpg"}
        for number in range(40)
    ],
    "left_out": [],
}


def test_the_work_of_a_job_is_that_of_its_photographs() -> None:
    config = read_settings({"photos": {"chunk": 30}, "filters": {"block1_conv1": 1}})
    chunks = chunks_of_run(config, FACTS)

    work = [
        EVIDENCE.arithmetic["observe"](config, FACTS, VGG16, {"chunk": chunk}) for chunk in chunks
    ]

    assert sum(work) == 40 * arithmetic.observation(224)
    assert EVIDENCE.arithmetic["heat"](config, FACTS, VGG16, {}) == 15 * arithmetic.observation(224)


def test_a_photograph_of_224_pixels_takes_as_many_operations_as_the_literature_says() -> None:
    # 15.3 billion multiply-adds in the convolutions of VGG16.
    assert round(arithmetic.observation(224) / 1e9, 1) == 30.7


def test_a_new_name_and_no_new_path_changes_what_is_shown() -> None:
    first, *others = FACTS["photographs"]
    moved = {**FACTS, "photographs": [{**first, "address": "b"}, *others]}
    renamed = {**FACTS, "photographs": [{**first, "name": "b.jpg"}, *others]}

    assert family.names_digest(moved) == family.names_digest(FACTS)
    assert family.names_digest(renamed) != family.names_digest(FACTS)


def test_observations_are_kept_apart_by_all_that_they_depend_on() -> None:
    folders = {
        family.store("vgg16", ["a"], None, "code"),
        family.store("vgg19", ["a"], None, "code"),
        family.store("vgg16", ["a", "b"], None, "code"),
        family.store("vgg16", ["a"], 256, "code"),
        family.store("vgg16", ["a"], None, "other code"),
    }

    assert len(folders) == 5
