"""Draw filters with Xplique's Fourier optimisation, `optimize`, with its defaults.

Adam(0.05), spectrum decay 0.85, sigmoid stretched over 0..1, the "standard" transformations (pad,
jitter, scale, blur, flip), objective `channel`. Only the size of the picture differs: the library's
default is 512×512 for every network.
"""

import job

# isort: split
import keras
import tensorflow as tf
import xplique
from xplique.features_visualizations import Objective, optimize


def drawer(task: job.Job, layer: str) -> job.Draw:
    """The library's optimisation for one layer; it compiles its step again for each filter."""
    model = job.keras_model(task, layer, lambda picture: 255 * picture)

    def draw(index: int, steps: int) -> job.Drawing:
        pictures, _ = optimize(
            Objective.channel(model, layer, index),
            nb_steps=steps,
            custom_shape=(task.size, task.size),
        )
        picture = pictures[-1][0].numpy()
        return job.Drawing(255 * picture[..., ::-1], job.to_bytes(picture))

    return draw


if __name__ == "__main__":
    version = (
        f"xplique {xplique.__version__} optimize, "
        f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    )
    job.run(version, keras.utils.set_random_seed, drawer)
