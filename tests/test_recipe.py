"""A recipe is a value: what ships, what it may be, and what names it."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from filter_atlas.recipe import MAXIMUM_SIZE, PRESETS, Phase, Recipe

PHASES = st.builds(
    Phase,
    size=st.integers(32, MAXIMUM_SIZE),
    steps=st.integers(1, 10_000),
    rate=st.floats(0.001, 1_000),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "objective": st.sampled_from(["activation", "pre_activation"]),
    "schedule": st.lists(PHASES, min_size=1, max_size=3).map(tuple),
    "start_floor": st.floats(0, 255),
    "start_noise": st.floats(0.001, 255),
    "contrast": st.floats(0.001, 1),
}
RECIPES = st.builds(Recipe, **FIELDS)


def test_blog2016_is_the_recipe_of_the_article() -> None:
    recipe = PRESETS["blog2016"]

    assert recipe.model_dump() == {
        "objective": "activation",
        "schedule": ({"size": 128, "steps": 20, "rate": 1.0},),
        "start_floor": 128.0,
        "start_noise": 20.0,
        "contrast": 0.1,
    }


def test_atlas_goes_coarse_to_fine_on_the_pre_activation() -> None:
    recipe = PRESETS["atlas"]

    assert recipe.objective == "pre_activation"
    assert [(phase.size, phase.steps, phase.rate) for phase in recipe.schedule] == [
        (64, 12, 4.0),
        (96, 6, 2.0),
        (128, 4, 1.0),
    ]


def test_atlas_starts_and_ends_as_the_article_does() -> None:
    shared = {"start_floor", "start_noise", "contrast"}

    assert PRESETS["atlas"].model_dump(include=shared) == PRESETS["blog2016"].model_dump(
        include=shared
    )


def test_the_last_phase_gives_the_size_and_all_phases_the_steps() -> None:
    recipe = PRESETS["atlas"]

    assert recipe.size == 128
    assert recipe.steps == 12 + 6 + 4


@given(recipe=RECIPES, field=st.sampled_from(sorted(FIELDS)), data=st.data())
def test_the_digest_changes_with_any_field(recipe: Recipe, field: str, data: st.DataObject) -> None:
    value = data.draw(FIELDS[field])
    assume(value != getattr(recipe, field))

    other = recipe.model_copy(update={field: value})

    assert other.digest != recipe.digest


@given(recipe=RECIPES, field=st.sampled_from(["size", "steps", "rate"]))
def test_the_digest_changes_with_any_field_of_a_phase(recipe: Recipe, field: str) -> None:
    *phases, last = recipe.schedule
    changed = last.model_copy(update={field: getattr(last, field) + 1})

    other = recipe.model_copy(update={"schedule": (*phases, changed)})

    assert other.digest != recipe.digest


@given(recipe=RECIPES)
def test_a_recipe_that_went_through_json_is_the_same_recipe(recipe: Recipe) -> None:
    again = Recipe.model_validate_json(recipe.model_dump_json())

    assert again == recipe
    assert again.digest == recipe.digest


def test_the_digest_does_not_depend_on_how_a_number_is_written() -> None:
    whole = json.loads('{"schedule": [{"size": 64, "steps": 1, "rate": 4}]}')
    decimal = json.loads('{"schedule": [{"rate": 4.0, "size": 64, "steps": 1}]}')

    assert Recipe.model_validate(whole).digest == Recipe.model_validate(decimal).digest


@pytest.mark.parametrize("value", [PRESETS["atlas"], PRESETS["atlas"].schedule[0]])
def test_recipes_and_phases_are_frozen(value: Recipe | Phase) -> None:
    field = next(iter(type(value).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, field, getattr(value, field))
