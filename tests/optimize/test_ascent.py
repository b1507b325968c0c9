"""Gradient ascent, compared with a NumPy reference and with itself in other batches."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import reference
from filter_atlas.base import png
from filter_atlas.base.precision import Precision
from filter_atlas.networks import vgg16
from filter_atlas.networks.vgg16 import Vgg16
from filter_atlas.optimize import objectives, parametrisations
from filter_atlas.optimize.ascent import AscentResult, Initialisation, LayerAscent
from filter_atlas.optimize.deprocess import deprocess
from filter_atlas.optimize.microbatches import MicroBatcher
from filter_atlas.settings.recipe import PRESETS, Phase, Recipe, Regularisers, Term, Transform
from filter_atlas.weights.vgg16_tensors import Tensors

OBJECTIVES = ["activation", "pre_activation"]


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Replace VGG16's layers with the reference's small network; return its weights."""
    monkeypatch.setattr(vgg16, "layers_up_to", lambda name: reference.TINY_LAYERS)
    return reference.tiny_weights()


def as_network(weights: dict[str, np.ndarray], precision: Precision = "float32") -> Vgg16:
    tensors = {name: tf.constant(tensor, tf.float32) for name, tensor in weights.items()}
    return Vgg16(tensors, precision)


def one_phase(objective: str, steps: int, step_size: float = 1.0) -> Recipe:
    return Recipe(
        objective=objective,
        as_trained=False,
        schedule=(Phase(size=32, steps=steps, step_size=step_size),),
        start_floor=128.0,
        gradient_floor=1e-5,
    )


def starting_noise(recipe: Recipe, layer: str, start: Initialisation) -> np.ndarray:
    return parametrisations.build_parametrisation(recipe).start(start.random(layer))


def same(first: AscentResult, second: AscentResult) -> bool:
    return bool(
        np.array_equal(first.picture, second.picture)
        and first.loss == second.loss
        and first.start_activation == second.start_activation
        and first.final_activation == second.final_activation
        and first.final_pre_activation == second.final_pre_activation
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_reference_gradient_agrees_with_finite_differences(objective: str) -> None:
    weights = reference.tiny_weights()
    random = np.random.RandomState(1)
    start = random.normal(0, 1, (8, 8, 3))
    _, gradient = reference.loss_and_gradient(start, weights, 1, objective)

    for index in [(0, 0, 0), (3, 4, 1), (7, 7, 2), (5, 0, 0)]:
        nudge = np.zeros_like(start)
        nudge[index] = 1e-6
        above, _ = reference.loss_and_gradient(start + nudge, weights, 1, objective)
        below, _ = reference.loss_and_gradient(start - nudge, weights, 1, objective)
        assert gradient[index] == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("filter", [0, 1, 2])
def test_steps_are_those_of_the_reference(
    objective: str, filter: int, tiny_network: dict[str, np.ndarray]
) -> None:
    recipe = one_phase(objective, steps=5, step_size=2.0)
    start = Initialisation(filter=filter, seed=7)
    losses, expected = reference.steps(
        starting_noise(recipe, "three", start).astype(float),
        tiny_network,
        filter,
        objective,
        step_sizes=[2.0] * 5,
    )

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    np.testing.assert_allclose(result.loss, losses, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(result.picture, expected, rtol=1e-4, atol=2e-2)


def test_activations_are_those_of_the_first_and_the_last_picture(
    tiny_network: dict[str, np.ndarray],
) -> None:
    recipe = one_phase("pre_activation", steps=4)
    start = Initialisation(filter=2, seed=0)
    noise = starting_noise(recipe, "three", start).astype(float)

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    def expected(picture: np.ndarray, objective: str) -> float:
        return reference.loss_and_gradient(picture.astype(float), tiny_network, 2, objective)[0]

    assert result.start_activation == pytest.approx(expected(noise, "activation"), rel=1e-4)
    last = result.picture
    assert result.final_activation == pytest.approx(expected(last, "activation"), rel=1e-4)
    assert result.final_pre_activation == pytest.approx(expected(last, "pre_activation"), rel=1e-4)
    assert len(result.loss) == 4


def test_fed_as_trained_the_mean_is_subtracted_and_pixels_stay_grey_levels(
    tiny_network: dict[str, np.ndarray],
) -> None:
    recipe = one_phase("pre_activation", steps=4, step_size=40.0).model_copy(
        update={"as_trained": True}
    )
    start = Initialisation(filter=2, seed=0)
    picture = starting_noise(recipe, "three", start).astype(float)
    mean = reference.IMAGENET_MEAN

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    for loss in result.loss:
        found, stepped = reference.step(picture - mean, tiny_network, 2, "pre_activation", 40.0)
        assert loss == pytest.approx(found, rel=1e-4)
        picture = np.clip(stepped + mean, 0, 255)
    assert (picture == 0).any()
    assert (picture == 255).any()
    np.testing.assert_allclose(result.picture, picture, atol=2e-2)


def test_fed_as_trained_the_final_activation_is_that_of_the_picture_that_people_see(
    tiny_network: dict[str, np.ndarray],
) -> None:
    recipe = one_phase("pre_activation", steps=4, step_size=4.0).model_copy(
        update={"as_trained": True, "contrast": 0.3}
    )

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([Initialisation(2, 0)])[0]

    shown = deprocess(result.picture, recipe.contrast)[..., ::-1] + 0.5  # 8 bits are rounded down
    expected, _ = reference.loss_and_gradient(
        shown - reference.IMAGENET_MEAN, tiny_network, 2, "activation"
    )
    assert result.final_activation == pytest.approx(expected, rel=5e-3)


def test_phases_change_the_size_of_the_picture(tiny_network: dict[str, np.ndarray]) -> None:
    recipe = Recipe(
        objective="pre_activation",
        schedule=(Phase(size=32, steps=2, step_size=4.0), Phase(size=48, steps=3, step_size=1.0)),
    )

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([Initialisation(0, 0)])[0]

    assert result.picture.shape == (48, 48, 3)
    assert len(result.loss) == 5


def test_a_silent_filter_wakes_by_its_pre_activation_and_not_by_its_activation(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - 200
    weights = as_network(tiny_network)
    start = Initialisation(filter=0, seed=0)

    silent = LayerAscent("three", one_phase("activation", steps=3), weights).draw([start])[0]
    woken = LayerAscent("three", one_phase("pre_activation", steps=3), weights).draw([start])[0]

    noise = starting_noise(one_phase("activation", steps=3), "three", start)
    assert silent.final_activation == 0
    np.testing.assert_array_equal(silent.picture, noise)
    assert woken.final_pre_activation > woken.loss[0]


def test_noise_is_that_of_the_article_and_differs_by_seed_layer_filter_picture_and_attempt() -> (
    None
):
    recipe = PRESETS["blog2016"]
    noise = starting_noise(recipe, "block1_conv1", Initialisation(filter=0, seed=0))

    assert noise.shape == (128, 128, 3)
    assert noise.dtype == np.float32
    assert 128 <= noise.min() < 128.1
    assert 147.9 < noise.max() <= 148
    again = starting_noise(recipe, "block1_conv1", Initialisation(filter=0, seed=0))
    np.testing.assert_array_equal(noise, again)
    for layer, start in [
        ("block1_conv1", Initialisation(filter=0, seed=1)),
        ("block1_conv1", Initialisation(filter=1, seed=0)),
        ("block1_conv2", Initialisation(filter=0, seed=0)),
        ("block1_conv1", Initialisation(filter=0, seed=0, picture=1)),
        ("block1_conv1", Initialisation(filter=0, seed=0, attempt=1)),
    ]:
        assert not np.array_equal(noise, starting_noise(recipe, layer, start))


def test_noise_never_changes() -> None:
    noise = starting_noise(PRESETS["atlas"], "block5_conv1", Initialisation(filter=7, seed=0))

    # Copied from the first run of this test: NumPy promises never to change this stream.
    assert noise[0, 0].tolist() == [135.16551208496094, 131.03172302246094, 131.4239044189453]


@pytest.mark.parametrize(
    ("precision", "name", "layer"),
    [
        ("float32", "atlas", "block1_conv2"),
        ("float32", "lucid", "block5_conv1"),
        ("bfloat16", "fine", "block4_conv1"),
    ],
)
def test_a_result_does_not_depend_on_its_batch(
    precision: Precision, name: str, layer: str, imagenet_tensors: Tensors
) -> None:
    preset = PRESETS[name]
    short = tuple(
        phase.model_copy(update={"steps": 2, "size": phase.size // 4 + 32})
        for phase in preset.schedule
    )
    recipe = preset.model_copy(update={"schedule": short})
    network = as_network(imagenet_tensors, precision)
    ascent = LayerAscent(layer, recipe, network, MicroBatcher(threads=2))
    start, others = (
        Initialisation(filter=7, seed=0),
        [Initialisation(filter, 3) for filter in range(2)],
    )

    single = ascent.draw([start])[0]
    first = ascent.draw([start, *others])[0]
    last = ascent.draw([others[0], start])[-1]

    assert same(single, first)
    assert same(single, last)


def test_the_whole_schedule_is_one_graph_traced_once_for_all_batches(
    tiny_network: dict[str, np.ndarray],
) -> None:
    ascent = LayerAscent("three", one_phase("pre_activation", steps=9), as_network(tiny_network))

    for count in (1, 3, 2):
        ascent.draw([Initialisation(filter, seed=0) for filter in range(count)])

    assert ascent._graph.experimental_get_tracing_count() == 1
    operations = {
        operation.type for operation in ascent._graph.get_concrete_function().graph.get_operations()
    }
    assert operations & {"While", "StatelessWhile"}


def test_the_picture_of_a_filter_that_detects_red_is_red_in_the_file(tmp_path: object) -> None:
    # Inside the network channels are BGR: this filter sees red only.
    kernel = np.zeros((3, 3, 3, 64), np.float32)
    kernel[1, 1, 2, 0] = 1
    weights = {"block1_conv1/kernel": kernel, "block1_conv1/bias": np.zeros(64, np.float32)}
    recipe = one_phase("activation", steps=20)

    result = LayerAscent("block1_conv1", recipe, as_network(weights)).draw([Initialisation(0, 0)])[
        0
    ]
    file = f"{tmp_path}/red.png"
    with open(file, "wb") as opened:
        opened.write(png.to_png(deprocess(result.picture, recipe.contrast), {}))
    red, green, blue = png.read_png(file).mean(axis=(0, 1))

    assert red > green + 20
    assert red > blue + 20


# --- parts of a recipe that are not in the article ---


def test_a_silent_filter_wakes_by_its_leaky_activation(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - 200
    weights, start = as_network(tiny_network), Initialisation(filter=0, seed=0)

    leaky, linear = (
        LayerAscent("three", one_phase(name, steps=3), weights).draw([start])[0]
        for name in ("leaky_activation", "pre_activation")
    )

    # While the filter is silent, both differ by a factor, which the normalised gradient cancels.
    assert leaky.final_pre_activation == pytest.approx(linear.final_pre_activation, rel=0.05)
    assert leaky.final_pre_activation > linear.loss[0]


def test_only_the_silent_filters_of_a_batch_are_restarted(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/bias"] = tiny_network["three/bias"] - np.array([300, 0, 0])
    weights = as_network(tiny_network)
    recipe = one_phase("leaky_activation", steps=3, step_size=4.0)
    starts = [Initialisation(filter, seed=0) for filter in range(3)]

    once = LayerAscent("three", recipe, weights).draw(starts)
    often = LayerAscent("three", recipe.model_copy(update={"restarts": 8}), weights).draw(starts)

    assert once[0].final_activation == 0
    assert once[0].attempts == 1
    assert often[0].final_activation > 0
    assert often[0].attempts > 1
    assert all(same(before, after) for before, after in zip(once[1:], often[1:], strict=True))


def test_restarts_are_bounded_and_the_best_attempt_is_kept(
    tiny_network: dict[str, np.ndarray],
) -> None:
    tiny_network["three/kernel"] = -np.abs(tiny_network["three/kernel"])
    tiny_network["three/bias"] = np.full(3, -1.0)
    recipe = one_phase("leaky_activation", steps=2).model_copy(update={"restarts": 3})

    result = LayerAscent("three", recipe, as_network(tiny_network)).draw([Initialisation(0, 0)])[0]

    assert result.attempts == 4
    assert result.final_activation == 0


def test_a_negative_recipe_lowers_the_pre_activation(tiny_network: dict[str, np.ndarray]) -> None:
    recipe = one_phase("pre_activation", steps=5, step_size=4.0)
    weights, start = as_network(tiny_network), Initialisation(filter=1, seed=0)

    up = LayerAscent("three", recipe, weights).draw([start])[0]
    down = LayerAscent("three", recipe.model_copy(update={"negative": True}), weights).draw(
        [start]
    )[0]

    assert down.final_pre_activation < up.loss[0] < up.final_pre_activation
    assert down.loss[0] == pytest.approx(-up.loss[0])


def test_another_filter_can_be_maximised_together_with_the_drawn_one(
    tiny_network: dict[str, np.ndarray],
) -> None:
    weights, start = as_network(tiny_network), Initialisation(filter=0, seed=0)
    recipe = one_phase("pre_activation", steps=5, step_size=4.0)
    other = Term.model_construct(layer="three", filter=1, weight=3.0)

    both = LayerAscent("three", recipe.model_copy(update={"extra_terms": (other,)}), weights)
    alone = LayerAscent("three", recipe, weights)

    def other_filter(picture: np.ndarray) -> float:
        return reference.loss_and_gradient(
            picture.astype(float), tiny_network, 1, "pre_activation"
        )[0]

    assert other_filter(both.draw([start])[0].picture) > other_filter(
        alone.draw([start])[0].picture
    )


def test_diversity_makes_the_pictures_of_a_filter_less_similar(
    imagenet_tensors: Tensors,
) -> None:
    weights = as_network(imagenet_tensors)
    schedule = (Phase(size=48, steps=12, step_size=8.0),)
    starts = [Initialisation(filter=7, seed=0, picture=picture) for picture in range(3)]

    def similarity(diversity: float) -> float:
        recipe = Recipe(schedule=schedule, pictures=3, diversity=diversity)
        drawn = LayerAscent("block4_conv2", recipe, weights).draw(starts)
        pictures = tf.constant(np.stack([result.picture for result in drawn]))
        features = weights.input_features(pictures, ["block4_conv2"])["block4_conv2"]
        return float(np.mean(objectives.similarity(features, 3)))

    assert similarity(diversity=2.0) < similarity(diversity=0.0)


def test_diversity_works_in_bfloat16(imagenet_tensors: Tensors) -> None:
    recipe = Recipe(schedule=(Phase(size=32, steps=1, step_size=8.0),), pictures=2, diversity=1.0)
    starts = [Initialisation(filter=7, seed=0, picture=picture) for picture in range(2)]

    drawn = LayerAscent("block2_conv1", recipe, as_network(imagenet_tensors, "bfloat16")).draw(
        starts
    )

    assert all(np.isfinite(result.picture).all() for result in drawn)


def test_total_variation_and_blur_make_a_picture_smoother(
    tiny_network: dict[str, np.ndarray],
) -> None:
    weights, start = as_network(tiny_network), Initialisation(filter=0, seed=0)
    recipe = one_phase("leaky_activation", steps=6, step_size=4.0)

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
        {"reduction": "centre"},
        {"circular_padding": 4},
        {"resize": "bicubic", "requantise": 0.25},
    ],
    ids=str,
)
def test_the_objective_rises_with_every_part_of_a_recipe(
    changes: dict[str, Any], tiny_network: dict[str, np.ndarray]
) -> None:
    step_size = 0.05 if changes.get("parametrisation") == "fourier" else 2.0
    schedule = tuple(
        Phase(size=size, steps=steps, step_size=step_size) for size, steps in ((32, 15), (40, 5))
    )
    recipe = Recipe(objective="pre_activation", schedule=schedule).model_copy(update=changes)

    drawn = LayerAscent("three", recipe, as_network(tiny_network)).draw([Initialisation(1, 0)])[0]

    assert drawn.picture.shape == (40, 40, 3)
    assert len(drawn.loss) == 20
    assert drawn.loss[-1] > drawn.loss[0]


def test_circularly_padded_pictures_have_no_rim(imagenet_tensors: Tensors) -> None:
    schedule = (Phase(size=64, steps=12, step_size=8.0),)
    starts = [Initialisation(filter, seed=0) for filter in range(8)]

    def rims(padding: int) -> list[float]:
        """Contrast at the top and bottom of each picture, relative to the whole picture."""
        recipe = Recipe(schedule=schedule, circular_padding=padding)
        ascent = LayerAscent("block1_conv2", recipe, as_network(imagenet_tensors))
        contrasts = [
            np.abs(result.picture - result.picture.mean()) for result in ascent.draw(starts)
        ]
        return [float(contrast[[0, -1]].mean() / contrast.mean()) for contrast in contrasts]

    assert max(abs(rim - 1) for rim in rims(padding=0)) > 0.4
    assert max(abs(rim - 1) for rim in rims(padding=4)) < 0.1


def test_the_first_phase_of_keras2019_is_that_of_the_article_with_another_start(
    tiny_network: dict[str, np.ndarray],
) -> None:
    preset = PRESETS["keras2019"]
    recipe = preset.model_copy(update={"schedule": (Phase(size=34, steps=3, step_size=1.0),)})
    start = Initialisation(filter=1, seed=0)

    drawn = LayerAscent("three", recipe, as_network(tiny_network)).draw([start])[0]

    noise = starting_noise(recipe, "three", start)
    losses, expected = reference.steps(
        noise.astype(float), tiny_network, 1, "activation", step_sizes=[1.0] * 3, floor=1e-7
    )
    assert 118 <= noise.min() < noise.max() <= 138
    np.testing.assert_allclose(drawn.picture, expected, rtol=1e-3, atol=2e-2)
    np.testing.assert_allclose(drawn.loss, losses, rtol=1e-4, atol=1e-4)
