"""Draw filters with tf-keras-vis, as its notebook "Visualizing Conv filters" does.

Everything is the library's default: RMSprop(1.0, 0.999), jitter of 4 pixels, rotation of 1 degree,
total variation 1.0, L1 norm 0.3, uniform noise over 0..255 at the start. The notebook makes the
filter's layer linear, so it maximises the pre-activation, and so does this script. The final
picture is in 0..255 and shown unchanged.
"""

import job

# isort: split
import keras
import numpy as np
import tensorflow as tf
import tf_keras_vis
from tf_keras_vis.activation_maximization import ActivationMaximization
from tf_keras_vis.utils.model_modifiers import ExtractIntermediateLayer, ReplaceToLinear
from tf_keras_vis.utils.scores import CategoricalScore


def drawer(task: job.Job, layer: str) -> job.Draw:
    """An `ActivationMaximization` for one layer and all its filters."""
    maximise = ActivationMaximization(
        job.keras_model(task, layer, lambda picture: picture),
        model_modifier=[ExtractIntermediateLayer(layer), ReplaceToLinear()],
        clone=False,
    )

    def draw(index: int, steps: int) -> job.Drawing:
        final = maximise(CategoricalScore(index), steps=steps)
        picture = np.asarray(final)[0]
        return job.Drawing(picture[..., ::-1], picture.astype(np.uint8))

    return draw


if __name__ == "__main__":
    version = (
        f"tf-keras-vis {tf_keras_vis.__version__}, "
        f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    )
    job.run(version, keras.utils.set_random_seed, drawer)
