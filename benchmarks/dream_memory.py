"""Memory of a dream of twelve megapixels.

    python benchmarks/dream_memory.py

For a middle and a deep layer, each in a fresh process: one step in one octave, with random weights,
which need as much memory as real ones. Prints the peak of resident memory, and the increase by the
dream.
"""

import argparse
import resource
import subprocess
import sys

SIZE = (4000, 3000)
LAYERS = ("block3_conv3", "block5_conv2")
GIB = 1 << 30


def peak() -> int:
    """Peak of this process's resident memory, in bytes."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else size * 1024


def measure(layer: str) -> None:
    """Dream once, and print the row of a layer."""
    import numpy as np
    import tensorflow as tf

    from filter_atlas.dream.deep_dream import DeepDream
    from filter_atlas.networks.vgg16 import Vgg16
    from filter_atlas.settings.dreams import Dream
    from filter_atlas.settings.recipe import Term
    from filter_atlas.weights import vgg16_tensors

    random = np.random.default_rng(0)
    weights = {
        name: tf.constant(random.standard_normal(shape, np.float32) / np.float32(shape[0] * 16))
        for name, shape in vgg16_tensors.SHAPES.items()
    }
    width, height = SIZE
    photo = random.integers(0, 256, (height, width, 3), np.uint8)
    dream = Dream(
        photo="synthetic", layers=(Term(layer=layer),), octaves=1, steps=1, longest_side=max(SIZE)
    )
    before = peak()
    DeepDream(dream, Vgg16(weights)).dream(photo)
    print(f"| {layer} | {peak() / GIB:.2f} GiB | {(peak() - before) / GIB:.2f} GiB |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", choices=LAYERS, help="measure this one, in this process")
    layer = parser.parse_args().layer
    if layer:
        measure(layer)
        return
    print("| layer | peak | by the dream |\n|---|---|---|", flush=True)
    for layer in LAYERS:
        subprocess.run([sys.executable, __file__, "--layer", layer], check=True)


if __name__ == "__main__":
    main()
