"""What feeds filters on photographs: exact, and the same in any company."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from filter_atlas.base.digests import file_digest
from filter_atlas.circuits import exemplars
from filter_atlas.circuits.exemplars import KEPT, Cell, LayerExemplars, needed, on_exemplars
from filter_atlas.networks.keras_network import KerasNetwork
from filter_atlas.readers.scaled_photograph import read_scaled
from linear_networks import SOURCE, randomise, residual
from runs import write_photographs

SIZE = 64


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = write_photographs(tmp_path_factory.mktemp("photographs") / "all", 6)
    return {file_digest(path): path for path in sorted(folder.iterdir())}


def observed(
    network: KerasNetwork, layer: str, photographs: dict[str, Path]
) -> tuple[LayerExemplars, np.ndarray]:
    """Every photograph as an exemplar of every filter, and all pre-activations at its best cell."""
    squares = [read_scaled(path, SIZE, print).square(SIZE) for path in photographs.values()]
    pixels = tf.constant(np.stack(squares)[..., ::-1].astype(np.float32))
    features = network.input_features(pixels, [layer])[layer]
    maps = network.pre_activations(features, layer).numpy()
    count, rows, columns, filters = maps.shape
    flat = maps.reshape(count, rows * columns, filters)
    best = flat.argmax(axis=1)
    found = {
        index: {
            "top": [
                {
                    "photograph": place,
                    "activation": float(flat[place, best[place, index], index]),
                    "cell": divmod(int(best[place, index]), columns),
                }
                for place in range(count)
            ]
        }
        for index in range(filters)
    }
    layers = LayerExemplars.model_validate(
        {"layer": layer, "size": SIZE, "photographs": list(photographs), "filters": found}
    )
    return layers, flat.max(axis=1)


def test_contributions_and_bias_are_the_mean_pre_activation_on_the_exemplars(
    photographs: dict[str, Path],
) -> None:
    network = KerasNetwork(randomise(residual()), SOURCE)
    layers, maxima = zip(
        *(observed(network, layer, photographs) for layer in ("stem", "grouped", "last")),
        strict=True,
    )

    found = on_exemplars(layers, photographs, network, 2, print)

    assert len(found) == 6 + 4 + 5
    for one, greatest in zip(layers, maxima, strict=True):
        bias = network.kernel(one.layer).bias
        for index in one.filters:
            each = found[one.layer, index]
            assert each.photographs == 6
            total = each.values.sum() + bias[index]
            assert total == pytest.approx(greatest[:, index].mean(), rel=1e-4)


def test_a_photograph_gives_the_same_bits_in_any_company(
    photographs: dict[str, Path],
) -> None:
    network = KerasNetwork(randomise(residual()), SOURCE)
    layers, _ = observed(network, "grouped", photographs)
    first = next(iter(photographs))
    alone = layers.model_copy(
        update={
            "filters": {
                index: one.model_copy(update={"top": one.top[:1]})
                for index, one in layers.filters.items()
            }
        }
    )

    among = on_exemplars([alone], photographs, network, 2, print)
    single = on_exemplars([alone], {first: photographs[first]}, network, 1, print)

    for key, one in among.items():
        np.testing.assert_array_equal(one.values, single[key].values)


def test_photographs_that_few_filters_need_are_left_out_and_filters_keep_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exemplars, "PHOTOGRAPHS", 12)
    random = np.random.RandomState(0)
    cells: dict[str, list[Cell]] = {f"{place:02}": [] for place in range(40)}
    for index in range(30):
        for place in random.choice(40, 9, replace=False, p=np.arange(1, 41) / 820):
            cells[f"{place:02}"].append(Cell("layer", index, 0, 0, 1.0))
    cells["alone"] = [Cell("layer", 99, 0, 0, 1.0)]

    kept = needed(cells)

    assert 12 <= len(kept) < len(cells)
    counts = [sum(cell.filter == index for own in kept.values() for cell in own)
              for index in range(30)]  # fmt: skip
    assert min(counts) >= KEPT
    assert "alone" in kept
