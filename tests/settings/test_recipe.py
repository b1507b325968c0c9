"""Recipes: the presets, the allowed values, and the digest."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from filter_atlas.settings.recipe import MAXIMUM_SIZE, PRESETS, Phase, Recipe, Term

PHASES = st.builds(
    Phase,
    size=st.integers(32, MAXIMUM_SIZE),
    steps=st.integers(1, 10_000),
    step_size=st.floats(0.001, 1_000),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "objective": st.sampled_from(["activation", "pre_activation", "leaky_activation"]),
    "schedule": st.lists(PHASES, min_size=1, max_size=3).map(tuple),
    "start_floor": st.floats(0, 255),
    "start_noise": st.floats(0.001, 255),
    "contrast": st.floats(0.001, 1),
}
RECIPES = st.builds(Recipe, **FIELDS)


def test_blog2016_is_the_recipe_of_the_article() -> None:
    article = {
        "objective": "activation",
        "as_trained": False,
        "schedule": ({"size": 128, "steps": 20, "step_size": 1.0},),
        "start_floor": 128.0,
        "start_noise": 20.0,
        "gradient_floor": 1e-5,
        "contrast": 0.1,
    }
    neutral = Recipe(schedule=PRESETS["blog2016"].schedule).model_dump(exclude=set(article))

    assert PRESETS["blog2016"].model_dump() == {**neutral, **article}
    assert neutral == {
        "reduction": "spatial_mean",
        "circular_padding": 0,
        "negative": False,
        "extra_terms": (),
        "pictures": 1,
        "diversity": 0.0,
        "resize": "bilinear",
        "requantise": 0.0,
        "parametrisation": "pixels",
        "fourier_decay": 1.0,
        "fourier_start": 0.01,
        "transforms": (),
        "regularisers": {"l2": 0.0, "total_variation": 0.0, "blur": 0.0, "blur_every": 1},
        "optimiser": "rms",
        "restarts": 0,
    }


def test_keras2019_has_the_sizes_and_steps_of_the_examples_last_version() -> None:
    recipe = PRESETS["keras2019"]

    sizes = [phase.size for phase in recipe.schedule]
    assert sizes == [79, 95, 114, 137, 165, 198, 238, 286, 343, 412]
    assert [phase.steps for phase in recipe.schedule] == [15] * 9 + [0]
    assert (recipe.requantise, recipe.contrast, recipe.resize) == (0.25, 0.25, "bicubic")
    assert recipe.gradient_floor == 1e-7


def test_lucid_has_lucids_defaults() -> None:
    recipe = PRESETS["lucid"]

    assert [phase.model_dump() for phase in recipe.schedule] == [
        {"size": 128, "steps": 512, "step_size": 0.05}
    ]
    assert (recipe.parametrisation, recipe.optimiser) == ("fourier", "adam")
    assert (recipe.fourier_decay, recipe.fourier_start) == (1.0, 0.01)
    assert [transform.model_dump() for transform in recipe.transforms] == [
        {"pad": 12},
        {"jitter": 8},
        {"scale": 0.1},
        {"rotate": 10.0},
        {"jitter": 4},
    ]
    assert recipe.margin == 12


@pytest.mark.parametrize("name", ["atlas", "fine", "modern"])
def test_our_own_recipes_go_from_coarse_to_fine_restart_silent_filters_and_pad_circularly(
    name: str,
) -> None:
    recipe = PRESETS[name]

    sizes = [phase.size for phase in recipe.schedule]
    assert sizes == sorted(sizes)
    assert recipe.objective == "leaky_activation"
    assert recipe.restarts > 0
    assert recipe.circular_padding > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"transforms": [{}]}, "one of roll, pad, jitter, scale, rotate"),
        ({"transforms": [{"pad": 1, "jitter": 1}]}, "one of roll, pad, jitter, scale, rotate"),
        ({"transforms": [{"jitter": 100}]}, "the network needs 32"),
        ({"transforms": [{"pad": 4}, {"roll": 4}]}, "roll must be the first"),
        ({"schedule": [{"size": 64, "steps": 0, "step_size": 1.0}]}, "no steps"),
        ({"parametrisation": "fourier", "regularisers": {"blur": 1.0}}, "work on pixels"),
        ({"parametrisation": "fourier", "requantise": 0.1}, "work on pixels"),
        ({"diversity": 1.0}, "several pictures"),
        ({"extra_terms": [{"layer": "conv9_1"}]}, "unknown layer"),
        ({"extra_terms": [{"layer": "conv1_1", "filter": 64}]}, "no filter 64"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(changes: dict[str, Any], message: str) -> None:
    settings = {"schedule": [{"size": 64, "steps": 1, "step_size": 1.0}], **changes}

    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(settings)


def test_a_term_accepts_the_papers_name_of_a_layer() -> None:
    assert Term.model_validate({"layer": "conv4_2", "filter": 3}).layer == "block4_conv2"


def test_the_last_phase_gives_the_size_and_all_phases_the_steps() -> None:
    recipe = PRESETS["atlas"]

    assert recipe.size == 128
    assert recipe.steps == 12 + 4 + 3


@given(recipe=RECIPES, field=st.sampled_from(sorted(FIELDS)), data=st.data())
def test_the_digest_changes_with_any_field(recipe: Recipe, field: str, data: st.DataObject) -> None:
    value = data.draw(FIELDS[field])
    assume(value != getattr(recipe, field))

    other = recipe.model_copy(update={field: value})

    assert other.digest != recipe.digest


@given(recipe=RECIPES, field=st.sampled_from(["size", "steps", "step_size"]))
def test_the_digest_changes_with_any_field_of_a_phase(recipe: Recipe, field: str) -> None:
    *phases, last = recipe.schedule
    changed = last.model_copy(update={field: getattr(last, field) + 1})

    other = recipe.model_copy(update={"schedule": (*phases, changed)})

    assert other.digest != recipe.digest


@given(recipe=RECIPES)
def test_a_recipe_is_the_same_after_writing_and_reading_json(recipe: Recipe) -> None:
    again = Recipe.model_validate_json(recipe.model_dump_json())

    assert again == recipe
    assert again.digest == recipe.digest


def test_the_digest_does_not_depend_on_how_a_number_is_written() -> None:
    whole = json.loads('{"schedule": [{"size": 64, "steps": 1, "step_size": 4}]}')
    decimal = json.loads('{"schedule": [{"step_size": 4.0, "size": 64, "steps": 1}]}')

    assert Recipe.model_validate(whole).digest == Recipe.model_validate(decimal).digest


@pytest.mark.parametrize("value", [PRESETS["atlas"], PRESETS["atlas"].schedule[0]])
def test_recipes_and_phases_are_frozen(value: Recipe | Phase) -> None:
    field = next(iter(type(value).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, field, getattr(value, field))
