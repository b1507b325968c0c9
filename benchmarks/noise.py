"""Why pictures of modern networks are noise: the gradient's spectrum, and recipes between two.

    python benchmarks/noise.py --gradients      the first table, of all networks
    python benchmarks/noise.py xception         both tables, of one network

Prints two tables for each network of real_networks.py. The first is of the gradient at coloured
noise (energy as 1/frequency², as in photographs), of 6 filters of three layers:

- fine: share of its energy above half of Nyquist's frequency. White noise has 80%.
- left: share of its energy that is left in the mean over 16 random positions of the picture, each
  shifted back. 100% if the gradient does not depend on the position, 6% if it is random.
- grey: share of its energy in luminance. 33% if the three colours are independent.

Medians over the filters that have a gradient.

The second is as in real_networks.py, of 4 filters of the same layers, by `atlas`, by recipes that
differ from it in one thing, and by `modern`.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from filter_atlas.networks import tensorflow_device
from filter_atlas.networks.base import Network
from filter_atlas.optimize import objectives
from filter_atlas.settings.recipe import PRESETS
from real_networks import CACHE, HEADER, LAYERS, Painter, row

SIZE = 128
FILTERS, ROLLS = 6, 16
DRAWN = 4
DEEP = slice(3, None, 2)
"""Three of the eight layers of each network: the middle and the deep ones."""

_SCHEDULE = PRESETS["atlas"].model_dump(mode="json")["schedule"]
CHANGES: dict[str, dict[str, Any]] = {
    "twice the steps": {
        "schedule": [{**phase, "steps": 2 * phase["steps"]} for phase in _SCHEDULE]
    },
    "twice the size": {"schedule": [{**phase, "size": 2 * phase["size"]} for phase in _SCHEDULE]},
    "pre_activation": {"objective": "pre_activation"},
    "circular_padding 32": {"circular_padding": 32},
    "total_variation 0.25": {"regularisers": {"total_variation": 0.25}},
    "blur 0.5": {"regularisers": {"blur": 0.5}},
    "roll 8": {"transforms": [{"roll": 8}]},
    "roll 8, rotate, scale": {"transforms": [{"roll": 8}, {"rotate": 5.0}, {"scale": 0.05}]},
}
"""What the recipes change in `atlas`."""

WITHOUT_ROLL = "modern without roll"


def recipes() -> dict[str, Any]:
    """All recipes that are neither `atlas` nor `modern`."""
    atlas, modern = (PRESETS[name].model_dump(mode="json") for name in ("atlas", "modern"))
    changed = {name: {**atlas, **change} for name, change in CHANGES.items()}
    return {**changed, WITHOUT_ROLL: {**modern, "transforms": []}}


def coloured_noise(random: np.random.RandomState, count: int) -> np.ndarray:
    """Pictures with the spectrum of photographs: (count, SIZE, SIZE, 3) float32, grey levels."""
    scale = 1 / np.maximum(_frequency(), 1 / SIZE)[..., np.newaxis]
    spectrum = np.fft.fft2(random.standard_normal((count, SIZE, SIZE, 3)), axes=(1, 2)) * scale
    noise = np.fft.ifft2(spectrum, axes=(1, 2)).real
    noise -= noise.mean(axis=(1, 2), keepdims=True)
    return np.asarray(127.5 + 40 * noise / noise.std(), np.float32)


def gradient_row(network: Network, layer: str, title: str) -> str:
    """A row of the table of gradients."""
    random = np.random.RandomState(0)
    response = network.unit_response(layer, tf.range(FILTERS))

    @tf.function  # type: ignore[untyped-decorator]
    def gradient(pictures: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            responses = objectives.leaky_activation(response.pre_activations(pictures))
            loss = tf.reduce_sum(objectives.spatial_mean(responses))
        found: tf.Tensor = tape.gradient(loss, pictures)
        return found

    pictures = coloured_noise(random, FILTERS)
    single, total = [], np.zeros_like(pictures)
    for _ in range(ROLLS):
        shift = random.randint(0, 32, 2)
        found = gradient(tf.constant(np.roll(pictures, shift, (1, 2)))).numpy()
        total += np.roll(found, -shift, (1, 2))
        single.append(found)
    energy = np.mean([_energy(found) for found in single], axis=0)
    fine = np.mean([_energy(found, above=0.25) for found in single], axis=0)
    grey = _energy(np.repeat(single[0].mean(axis=3, keepdims=True), 3, axis=3))
    energy = np.where(energy > 0, energy, np.nan)  # a silent filter has no gradient
    left = _energy(total / ROLLS) / energy
    whole = _energy(single[0])
    shares = (fine / energy, left, grey / np.where(whole > 0, whole, np.nan))
    return f"| {title} | {' | '.join(f'{np.nanmedian(share):.0%}' for share in shares)} |"


def _energy(pictures: np.ndarray, above: float = 0) -> np.ndarray:
    """Spectral energy of each picture above a frequency, in cycles per pixel: (count,)."""
    spectrum = (np.abs(np.fft.fft2(pictures, axes=(1, 2))) ** 2).sum(axis=3)
    return np.asarray(spectrum[:, _frequency() > above].sum(axis=1))


def _frequency() -> np.ndarray:
    frequency: np.ndarray = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE)[None])
    return frequency


def main() -> None:
    """Print the tables of each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(LAYERS), metavar="NETWORK")
    parser.add_argument("--gradients", action="store_true", help="only the first table")
    arguments = parser.parse_args()
    own = recipes()
    tensorflow_device.select("cpu")
    for name in arguments.names:
        layers = LAYERS[name][DEEP]
        with tempfile.TemporaryDirectory() as folder:
            painter = Painter(name, CACHE, Path(folder), DRAWN, layers, own)
            print(f"\n**{name}, gradient**\n\n| layer | fine | left | grey |\n|---|---:|---:|---:|")
            for layer in painter.layers:
                print(gradient_row(painter.network, layer, layer), flush=True)
            if arguments.gradients:
                continue
            print(f"\n**{name}, recipes**\n\n{HEADER}")
            base = painter.draw("atlas")
            print(row("atlas", base, base), flush=True)
            for recipe in (*own, "modern"):
                print(row(recipe, painter.draw(recipe), base), flush=True)


if __name__ == "__main__":
    main()
