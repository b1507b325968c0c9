"""Gradient ascent, against a NumPy reference and against itself in other batches."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import reference
from filter_atlas import network, objective, parametrisation, picture
from filter_atlas.ascent import Ascended, LayerAscent, Start
from filter_atlas.network import Vgg16
from filter_atlas.precision import Precision
from filter_atlas.recipe import PRESETS, Phase, Recipe, Regularisers, Term, Transform
from filter_atlas.weights.canonical import Tensors

OBJECTIVES = ["activation", "pre_activation"]


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Replace VGG16 by the reference's small network; return its weights."""
    monkeypatch.setattr(network, "layers_up_to", lambda name: reference.TINY_LAYERS)
    return reference.tiny_weights()


def as_network(weights: dict[str, np.ndarray], precision: Precision = "float32") -> Vgg16:
    tensors = {name: tf.constant(tensor, tf.float32) for name, tensor in weights.items()}
    return Vgg16(tensors, precision)


def one_phase(objective: str, steps: int, rate: float = 1.0) -> Recipe:
    return Recipe(
        objective=objective,
        schedule=(Phase(size=32, steps=steps, rate=rate),),
        gradient_floor=1e-5,
    )


def starting_noise(recipe: Recipe, layer: str, start: Start) -> np.ndarray:
    return parametrisation.of(recipe).start(start.random(layer))


def same(one: Ascended, other: Ascended) -> bool:
    return bool(
        np.array_equal(one.picture, other.picture)
        and one.loss == other.loss
        and one.start_activation == other.start_activation
        and one.final_activation == other.final_activation
        and one.final_pre_activation == other.final_pre_activation
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_reference_gradient_agrees_with_finite_differences(objective: str) -> None:
    weights = reference.tiny_weights()
    random = np.random.RandomState(1)
    start = random.normal(0, 1, (8, 8, 3))
    _, gradient = reference.loss_and_gradient(start, weights, 1, objective)

    for place in [(0, 0, 0), (3, 4, 1), (7, 7, 2), (5, 0, 0)]:
        nudge = np.zeros_like(start)
        nudge[place] = 1e-6
        above, _ = reference.loss_and_gradient(start + nudge, weights, 1, objective)
        below, _ = reference.loss_and_gradient(start - nudge, weights, 1, objective)
        assert gradient[place] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("filter", [0, 1, 2])
def test_steps_are_those_of_the_reference(
    objective: str, filter: int, tiny_network: dict[str, np.ndarray]
) -> None:
    recipe = one_phase(objective, steps=5, rate=2.0)
    start = Start(filter=filter, seed=7)
    losses, expected = reference.steps(
        starting_noise(recipe, "three", start).astype(float),
        tiny_network,
        filter,
        objective,
        rates=[2.0] * 5,
    )

    ascended = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    np.testing.assert_allclose(ascended.loss, losses, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ascended.picture, expected, rtol=1e-4, atol=2e-2)


def test_measures_are_those_of_the_first_and_the_last_picture(
    tiny_network: dict[str, np.ndarray],
) -> None:
    recipe = one_phase("pre_activation", steps=4)
    start = Start(filter=2, seed=0)
    noise = starting_noise(recipe, "three", start).astype(float)

    ascended = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    def measure(some: np.ndarray, objective: str) -> float:
        return reference.loss_and_gradient(some.astype(float), tiny_network, 2, objective)[0]

    assert ascended.start_activation == pytest.approx(measure(noise, "activation"), rel=1e-4)
    last = ascended.picture
    assert ascended.final_activation == pytest.approx(measure(last, "activation"), rel=1e-4)
    assert ascended.final_pre_activation == pytest.approx(measure(last, "pre_activation"), rel=1e-4)
    assert len(ascended.loss) == 4


def test_phases_go_through_their_sizes_to_the_last(tiny_network: dict[str, np.ndarray]) -> None:
    recipe = Recipe(
        objective="pre_activation",
        schedule=(Phase(size=32, steps=2, rate=4.0), Phase(size=48, steps=3, rate=1.0)),
    )

    ascended = LayerAscent("three", recipe, as_network(tiny_network)).draw([Start(0, 0)])[0]

    assert ascended.picture.shape == (48, 48, 3)
    assert len(ascended.loss) == 5


def test_a_filter_that_is_silent_on_the_activation_stays_noise_and_wakes_before_relu(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - 200
    weights = as_network(tiny_network)
    start = Start(filter=0, seed=0)

    silent = LayerAscent("three", one_phase("activation", steps=3), weights).draw([start])[0]
    woken = LayerAscent("three", one_phase("pre_activation", steps=3), weights).draw([start])[0]

    noise = starting_noise(one_phase("activation", steps=3), "three", start)
    assert silent.final_activation == 0
    np.testing.assert_array_equal(silent.picture, noise)
    assert woken.final_pre_activation > woken.loss[0]


def test_noise_is_the_articles_and_differs_by_seed_layer_and_filter() -> None:
    recipe = PRESETS["blog2016"]
    noise = starting_noise(recipe, "block1_conv1", Start(filter=0, seed=0))

    assert noise.shape == (128, 128, 3)
    assert noise.dtype == np.float32
    assert 128 <= noise.min() < 128.1
    assert 147.9 < noise.max() <= 148
    again = starting_noise(recipe, "block1_conv1", Start(filter=0, seed=0))
    np.testing.assert_array_equal(noise, again)
    for layer, start in [
        ("block1_conv1", Start(filter=0, seed=1)),
        ("block1_conv1", Start(filter=1, seed=0)),
        ("block1_conv2", Start(filter=0, seed=0)),
        ("block1_conv1", Start(filter=0, seed=0, picture=1)),
        ("block1_conv1", Start(filter=0, seed=0, attempt=1)),
    ]:
        assert not np.array_equal(noise, starting_noise(recipe, layer, start))


def test_noise_is_the_same_next_year() -> None:
    noise = starting_noise(PRESETS["atlas"], "block5_conv1", Start(filter=7, seed=0))

    # Seen once, on the day this was written: NumPy promises never to change this stream.
    assert noise[0, 0].tolist() == [145.66551208496094, 141.53172302246094, 141.9239044189453]


@pytest.mark.parametrize("layer", ["block1_conv2", "block5_conv1"])
@pytest.mark.parametrize("name", ["atlas", "lucid", "fine"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_result_does_not_depend_on_its_batch_to_the_last_bit(
    precision: Precision, name: str, layer: str, imagenet_tensors: Tensors
) -> None:
    preset = PRESETS[name]
    short = tuple(
        phase.model_copy(update={"steps": 2, "size": phase.size // 2 + 32})
        for phase in preset.schedule
    )
    recipe = preset.model_copy(update={"schedule": short})
    ascent = LayerAscent(layer, recipe, as_network(imagenet_tensors, precision))
    start, others = Start(filter=7, seed=0), [Start(filter, 3) for filter in range(4)]

    alone = ascent.draw([start])[0]
    first = ascent.draw([start, *others])[0]
    last = ascent.draw([*others[:2], start])[-1]

    assert same(alone, first)
    assert same(alone, last)


def test_the_whole_schedule_is_one_graph_traced_once_for_all_batches(
    tiny_network: dict[str, np.ndarray],
) -> None:
    ascent = LayerAscent("three", one_phase("pre_activation", steps=9), as_network(tiny_network))

    for count in (1, 3, 2):
        ascent.draw([Start(filter, seed=0) for filter in range(count)])

    assert ascent._graph.experimental_get_tracing_count() == 1
    operations = {
        operation.type for operation in ascent._graph.get_concrete_function().graph.get_operations()
    }
    assert operations & {"While", "StatelessWhile"}


def test_what_a_red_loving_filter_loves_is_red_in_the_file(tmp_path: object) -> None:
    # Inside the network channels are BGR: this filter looks at the red one only.
    kernel = np.zeros((3, 3, 3, 64), np.float32)
    kernel[1, 1, 2, 0] = 1
    weights = {"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(64, np.float32)}
    recipe = one_phase("activation", steps=20)

    ascended = LayerAscent("block1_conv1", recipe, as_network(weights)).draw([Start(0, 0)])[0]
    file = f"{tmp_path}/red.png"
    with open(file, "wb") as opened:
        opened.write(picture.to_png(picture.deprocess(ascended.picture, recipe.contrast), {}))
    red, green, blue = picture.read_png(file).mean(axis=(0, 1))

    assert red > green + 20
    assert red > blue + 20


# --- what a recipe may ask for beside the article's ascent ---


def test_where_a_filter_fires_the_leaky_activation_is_its_activation_and_a_silent_one_wakes(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - 200
    weights, start = as_network(tiny_network), Start(filter=0, seed=0)

    leaky, before = (
        LayerAscent("three", one_phase(name, steps=3), weights).draw([start])[0]
        for name in ("leaky_activation", "pre_activation")
    )

    # All of it silent: but for a factor, which the normalised gradient does not see, the same.
    assert leaky.final_pre_activation == pytest.approx(before.final_pre_activation, rel=0.05)
    assert leaky.final_pre_activation > before.loss[0]


def test_a_silent_filter_is_tried_again_and_the_others_of_its_batch_are_left_alone(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - np.array([300, 0, 0])
    weights = as_network(tiny_network)
    recipe = one_phase("leaky_activation", steps=3, rate=4.0)
    starts = [Start(filter, seed=0) for filter in range(3)]

    once = LayerAscent("three", recipe, weights).draw(starts)
    often = LayerAscent("three", recipe.model_copy(update={"restarts": 8}), weights).draw(starts)

    assert once[0].final_activation == 0
    assert once[0].attempts == 1
    assert often[0].final_activation > 0
    assert often[0].attempts > 1
    assert all(same(one, other) for one, other in zip(once[1:], often[1:], strict=True))


def test_restarts_are_bounded_and_the_best_try_is_kept(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/kernel"] = -np.abs(tiny_network["three/kernel"])
    tiny_network["three/bias"] = np.full(3, -1.0)
    recipe = one_phase("leaky_activation", steps=2).model_copy(update={"restarts": 3})

    ascended = LayerAscent("three", recipe, as_network(tiny_network)).draw([Start(0, 0)])[0]

    assert ascended.attempts == 4
    assert ascended.final_activation == 0


def test_the_negative_of_a_filter_goes_the_other_way(tiny_network: dict[str, np.ndarray]) -> None:
    recipe = one_phase("pre_activation", steps=5, rate=4.0)
    weights, start = as_network(tiny_network), Start(filter=1, seed=0)

    up = LayerAscent("three", recipe, weights).draw([start])[0]
    down = LayerAscent("three", recipe.model_copy(update={"negative": True}), weights).draw(
        [start]
    )[0]

    assert down.final_pre_activation < up.loss[0] < up.final_pre_activation
    assert down.loss[0] == pytest.approx(-up.loss[0])


def test_another_filter_can_be_maximised_together_with_the_one_drawn(
    tiny_network: dict[str, np.ndarray],
) -> None:
    weights, start = as_network(tiny_network), Start(filter=0, seed=0)
    recipe = one_phase("pre_activation", steps=5, rate=4.0)
    other = Term.model_construct(layer="three", filter=1, weight=3.0)

    both = LayerAscent("three", recipe.model_copy(update={"also": (other,)}), weights)
    alone = LayerAscent("three", recipe, weights)

    def other_filter(picture: np.ndarray) -> float:
        return reference.loss_and_gradient(
            picture.astype(float), tiny_network, 1, "pre_activation"
        )[0]

    assert other_filter(both.draw([start])[0].picture) > other_filter(
        alone.draw([start])[0].picture
    )


def test_diversity_makes_the_pictures_of_a_filter_less_alike(
    imagenet_tensors: Tensors,
) -> None:
    weights = as_network(imagenet_tensors)
    schedule = (Phase(size=48, steps=12, rate=8.0),)
    starts = [Start(filter=7, seed=0, picture=picture) for picture in range(3)]

    def alike(diversity: float) -> float:
        recipe = Recipe(schedule=schedule, pictures=3, diversity=diversity)
        drawn = LayerAscent("block4_conv2", recipe, weights).draw(starts)
        pictures = tf.constant(np.stack([one.picture for one in drawn]))
        features = weights.below(pictures, ["block4_conv2"])["block4_conv2"]
        return float(np.mean(objective.similarity(features, 3)))

    assert alike(diversity=2.0) < alike(diversity=0.0)


def test_diversity_can_be_had_in_bfloat16_too(imagenet_tensors: Tensors) -> None:
    recipe = Recipe(schedule=(Phase(size=32, steps=1, rate=8.0),), pictures=2, diversity=1.0)
    starts = [Start(filter=7, seed=0, picture=picture) for picture in range(2)]

    drawn = LayerAscent("block2_conv1", recipe, as_network(imagenet_tensors, "bfloat16")).draw(
        starts
    )

    assert all(np.isfinite(one.picture).all() for one in drawn)


def test_total_variation_and_blur_make_a_picture_smoother(
    tiny_network: dict[str, np.ndarray],
) -> None:
    weights, start = as_network(tiny_network), Start(filter=0, seed=0)
    recipe = one_phase("leaky_activation", steps=6, rate=4.0)

    def roughness(regularisers: Regularisers) -> float:
        regularised = recipe.model_copy(update={"regularisers": regularisers})
        drawn = LayerAscent("three", regularised, weights).draw([start])[0].picture
        return float(np.abs(np.diff(drawn, axis=0)).mean())

    free = roughness(Regularisers())
    assert roughness(Regularisers(total_variation=0.5)) < free
    assert roughness(Regularisers(blur=1.0, blur_every=2)) < free


@pytest.mark.parametrize(
    "changes",
    [
        {"parametrisation": "fourier", "optimiser": "adam"},
        {"parametrisation": "fourier", "optimiser": "rms"},
        {"optimiser": "adam"},
        {"transforms": (Transform(roll=8), Transform(rotate=5.0))},
        {"place": "centre"},
        {"wrap": 4},
        {"resize": "bicubic", "requantise": 0.25},
    ],
    ids=str,
)
def test_every_part_of_a_recipe_climbs(
    changes: dict[str, Any], tiny_network: dict[str, np.ndarray]
) -> None:
    rate = 0.05 if changes.get("parametrisation") == "fourier" else 2.0
    schedule = (Phase(size=32, steps=15, rate=rate), Phase(size=40, steps=5, rate=rate))
    recipe = Recipe(objective="pre_activation", schedule=schedule).model_copy(update=changes)

    drawn = LayerAscent("three", recipe, as_network(tiny_network)).draw([Start(1, 0)])[0]

    assert drawn.picture.shape == (40, 40, 3)
    assert len(drawn.loss) == 20
    assert drawn.loss[-1] > drawn.loss[0]


def test_wrapped_pictures_have_no_rim(imagenet_tensors: Tensors) -> None:
    schedule = (Phase(size=64, steps=12, rate=8.0),)
    starts = [Start(filter, seed=0) for filter in range(8)]

    def rims(wrap: int) -> list[float]:
        """How much stronger each picture's contrast is on its border than on the whole."""
        recipe = Recipe(schedule=schedule, wrap=wrap)
        ascent = LayerAscent("block1_conv2", recipe, as_network(imagenet_tensors))
        contrasts = [np.abs(one.picture - one.picture.mean()) for one in ascent.draw(starts)]
        return [float(one[[0, -1]].mean() / one.mean()) for one in contrasts]

    assert max(abs(rim - 1) for rim in rims(wrap=0)) > 0.4
    assert max(abs(rim - 1) for rim in rims(wrap=4)) < 0.1


def test_the_first_phase_of_keras2019_is_the_articles_from_its_own_start(
    tiny_network: dict[str, np.ndarray],
) -> None:
    preset = PRESETS["keras2019"]
    recipe = preset.model_copy(update={"schedule": (Phase(size=34, steps=3, rate=1.0),)})
    start = Start(filter=1, seed=0)

    drawn = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    noise = starting_noise(recipe, "three", start)
    losses, expected = reference.steps(
        noise.astype(float), tiny_network, 1, "activation", rates=[1.0] * 3, floor=1e-7
    )
    assert 118 <= noise.min() < noise.max() <= 138
    np.testing.assert_allclose(drawn.picture, expected, rtol=1e-3, atol=2e-2)
    np.testing.assert_allclose(drawn.loss, losses, rtol=1e-4, atol=1e-4)
